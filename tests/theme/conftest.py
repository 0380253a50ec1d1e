"""A small academy with a theme, its logos and its fonts."""

from __future__ import annotations

import os
from pathlib import Path

import PIL.ImageFont
import pytest

from authoring.course import Course, read_course
from authoring.problems import ContentError, Problem
from authoring.theme import Theme
from authoring.theme.theme import finished
from authoring.theme.theme_file import ThemeFile
from tests.build.conftest import SmallAcademy, png

ROOT = Path(__file__).resolve().parents[2]
LOGO = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 100"><path d="M0 0h200v100z"/></svg>'
HEAD = "schema: theme/1\nextends: chancery\n"


class ThemedAcademy(SmallAcademy):
    """The academy with `theme/theme.yaml` of its one course."""

    def write_theme(self, text: str, *, of: str = "course") -> None:
        folder = self.course if of == "course" else self.folder
        self.write(folder / "theme" / "theme.yaml", text.encode())

    def write_files(self) -> None:
        """A logo of either kind, and a font that is one."""
        theme = self.course / "theme"
        self.write(theme / "logos" / "a.svg", LOGO)
        self.write(theme / "logos" / "b.png", png(30, 20))
        self.write(theme / "fonts" / "aileron.ttf", ttf())

    def course_read(self) -> Course:
        return read_course(self.course, root=self.folder)

    def problems(self) -> list[Problem]:
        """What is said of the course, errors or warnings."""
        try:
            return list(self.course_read().warnings)
        except ContentError as error:
            return list(error.problems)


def ttf() -> bytes:
    """Aileron (CC0), the font that Pillow brings along."""
    font = PIL.ImageFont.load_default(10)
    assert isinstance(font, PIL.ImageFont.FreeTypeFont)
    assert isinstance(font.font_bytes, bytes)
    return font.font_bytes


@pytest.fixture
def academy(tmp_path: Path) -> ThemedAcademy:
    return ThemedAcademy(Path(os.path.realpath(tmp_path)) / "academy")


def finished_theme(name: str) -> Theme:
    """A finished theme as it is shipped."""
    return finished(ThemeFile.model_validate({"schema": "theme/1", "extends": name}))
