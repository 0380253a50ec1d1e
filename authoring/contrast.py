"""Whether people can read a colour on another (WCAG 2.2, success criteria 1.4.3 and 1.4.11)."""

from __future__ import annotations

import re
from functools import lru_cache

TEXT = 4.5
"""The least contrast of text with its ground (1.4.3)."""
SIGN = 3.0
"""The least contrast of what can be pressed, and of large text, with what is beside it (1.4.11)."""

_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def luminance(colour: str) -> float:
    """The relative luminance of `#rgb` or `#rrggbb`, 0 to 1 (WCAG 2.2, section 4). Raises ValueError."""
    if not _COLOUR.fullmatch(colour):
        raise ValueError(colour)
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@lru_cache(maxsize=4096)
def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21. Raises ValueError."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
