"""The finished themes are taken as they are; here they are held to the form of a theme."""

from __future__ import annotations

import pytest

from authoring.read_yaml import load_model
from authoring.theme.theme import SHIPPED, default_theme, finished, read_shipped, shipped
from authoring.theme.theme_file import ThemeFile


@pytest.mark.parametrize("name", SHIPPED)
def test_a_finished_theme_is_what_its_file_says(name: str) -> None:
    read = load_model(read_shipped(name), ThemeFile)
    nothing_of_its_own = ThemeFile.model_validate({"schema": "theme/1", "extends": name})
    assert finished(nothing_of_its_own) == finished(read)
    assert shipped(name)["colours"] == {"light": read.colours.light.own(), "dark": read.colours.dark.own()}


def test_a_course_without_a_theme_has_the_first() -> None:
    assert default_theme() == finished(ThemeFile.model_validate({"schema": "theme/1", "extends": SHIPPED[0]}))
