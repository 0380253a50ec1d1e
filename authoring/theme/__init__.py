"""How a course looks: `theme/theme.yaml` of a course or an academy, with the two finished themes that it builds on."""

from authoring.theme.read_theme import read_theme
from authoring.theme.theme import Face, Logo, LogoRow, Theme, default_theme

__all__ = ["Face", "Logo", "LogoRow", "Theme", "default_theme", "read_theme"]
