"""A theme as every later step works with it: all colours, fonts and logos in their final form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from authoring.languages import LocalizedText
from authoring.read_yaml import Document, parse_yaml
from authoring.theme.scheme import Colouring, Given, Scheme, colouring

if TYPE_CHECKING:
    from authoring.theme.theme_file import ThemeFile

SHIPPED = ("chancery", "courtyard")
"""The finished themes; the first is that of a course without a theme."""

STACKS: Mapping[str, str] = {
    "sans": 'system-ui, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif',
    "serif": 'Charter, "Sitka Text", Cambria, "Noto Serif", "Liberation Serif", Georgia, serif',
    "humanist": 'Seravek, "Gill Sans Nova", Ubuntu, Calibri, "Noto Sans", Carlito, sans-serif',
    "old-style": '"Iowan Old Style", "Palatino Linotype", "URW Palladio L", P052, "Noto Serif", serif',
}
"""Fonts that devices have, each row with every Albanian and Romanian letter; the first that is there is taken."""


@dataclass(frozen=True)
class Face:
    """One font file: where it is, the name that a package gives it, and what it is for."""

    family: str
    printed: str  # what the file itself calls the family; empty for one that is not printed with
    alias: str  # what the style calls the family
    path: Path
    name: str
    weight: str  # "400", or "300 700" for a range
    style: str
    shipped: bool = True  # a ttf beside woff2 files of its family is for the manual only


@dataclass(frozen=True)
class Family:
    """What must be said of a font that is passed on."""

    name: str
    licence: str
    notice: str


@dataclass(frozen=True)
class Logo:
    """A partner's logo: its file, its name in a package, its size in pixels, and what it shows."""

    path: Path
    name: str
    alt: LocalizedText
    width: int
    height: int


@dataclass(frozen=True)
class LogoRow:
    """Logos beside each other, with words above them where there are some."""

    label: LocalizedText | None
    logos: tuple[Logo, ...]


@dataclass(frozen=True)
class Template:
    """An author's own template: its file as messages name it, and its text."""

    file: str
    text: str


@dataclass(frozen=True)
class Theme:
    """How a course looks. Colours are #rrggbb by name, fonts are rows as CSS writes them."""

    name: str
    light: Colouring
    dark: Colouring
    text: str
    headings: str
    families: tuple[Family, ...] = ()
    faces: tuple[Face, ...] = ()
    partners: tuple[LogoRow, ...] = ()
    templates: Mapping[str, Template] = field(default_factory=dict)
    sources: tuple[Path, ...] = ()

    @property
    def files(self) -> dict[str, Path]:
        """The fonts and logos by their names in a package."""
        found = {face.name: face.path for face in self.faces if face.shipped}
        return found | {logo.name: logo.path for row in self.partners for logo in row.logos}


@cache
def shipped(name: str) -> Mapping[str, Any]:
    """What stands in the file of a finished theme, taken as it is: that it has the form is looked at in tests/theme."""
    read: Any = read_shipped(name).data
    return {"fonts": {}, **read}


def read_shipped(name: str) -> Document:
    """The file of a finished theme."""
    source = Path(__file__).resolve().parent / "shipped" / f"{name}.yaml"
    return parse_yaml(source.read_text(encoding="utf-8"), f"{name}.yaml")


def given_colours(file: ThemeFile) -> Given:
    """The colours of an author's theme beside those of the finished one that it extends."""
    own: dict[Scheme, Colouring] = {"light": file.colours.light.own(), "dark": file.colours.dark.own()}
    return Given(shipped(file.extends)["colours"], own)


def finished(file: ThemeFile) -> Theme:
    """The theme without what lies in files of its own."""
    rows = dict(STACKS)
    for number, family in enumerate(file.fonts.families):
        rows[family.family] = f"{alias(number)}, {STACKS[family.fallback]}"
    families = tuple(Family(one.family, one.licence, one.notice) for one in file.fonts.families)
    fonts = {"text": file.fonts.text, "headings": file.fonts.headings}
    return replace(_theme(file.extends, given_colours(file), fonts, rows), families=families)


def _theme(
    name: str, given: Given, fonts: Mapping[str, str | None], rows: Mapping[str, str] = STACKS
) -> Theme:
    """The finished theme of this name with the colours and fonts of an author's; `rows` are fonts as CSS writes them."""
    base = shipped(name)["fonts"]
    return Theme(
        name=name,
        light=colouring(given, "light"),
        dark=colouring(given, "dark"),
        text=rows.get(fonts.get("text") or base.get("text", "sans"), STACKS["sans"]),
        headings=rows.get(fonts.get("headings") or base.get("headings", "sans"), STACKS["sans"]),
    )


def alias(number: int) -> str:
    """What the style calls a family: its own name may be long, and stands in it for every file."""
    return f"f{number}"


@cache
def default_theme() -> Theme:
    """The theme of a course that names none."""
    return _theme(SHIPPED[0], Given(shipped(SHIPPED[0])["colours"], {"light": {}, "dark": {}}), {})
