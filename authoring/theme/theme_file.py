"""`theme.yaml`, exactly as an author writes it. What of it is used how stands in docs/themes.md."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from authoring.activity import Part
from authoring.languages import LocalizedText

STACKS = ("sans", "serif", "humanist", "old-style")
"""Names for rows of fonts that computers and phones have."""

_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_FAMILY = re.compile(r"[A-Za-z][A-Za-z0-9 -]{0,59}")
_WEIGHT = re.compile(r"([1-9][0-9]{0,3})(?:\.\.([1-9][0-9]{0,3}))?")


def _colour(value: object) -> str:
    if value is None:  # what begins with # is a comment where it is not quoted
        raise PydanticCustomError("theme.colour-unquoted", "unquoted", {})
    if not isinstance(value, str) or not _COLOUR.fullmatch(value):
        raise PydanticCustomError("theme.colour", "no colour", {"value": str(value)[:40]})
    return value


def _weight(value: object) -> str:
    found = _WEIGHT.fullmatch(str(value)) if isinstance(value, int | str) else None
    if not found or not all(1 <= int(part) <= 1000 for part in found.groups() if part):
        raise PydanticCustomError("theme.font-weight", "no weight", {"value": str(value)[:40]})
    return str(value)


def _family(value: str) -> str:
    if not _FAMILY.fullmatch(value) or value in STACKS:
        raise PydanticCustomError("theme.font-family", "no name of a family", {"value": value[:60]})
    return value


Colour = Annotated[
    str | None,
    BeforeValidator(_colour, json_schema_input_type=Annotated[str, Field(pattern=f"^{_COLOUR.pattern}$")]),
]
"""A colour as `"#1f4f7f"` or `"#148"`; None only where the key is left out."""

Weight = Annotated[
    str,
    BeforeValidator(
        _weight,
        json_schema_input_type=Annotated[int, Field(ge=1, le=1000)]
        | Annotated[str, Field(pattern=f"^{_WEIGHT.pattern}$")],
    ),
]


class Colours(Part):
    """The colours of one scheme, light or dark. What is left out is that of the theme that is extended."""

    paper: Colour = Field(default=None, description="The ground of the page.")
    sheet: Colour = Field(default=None, description="Cards, questions, tables, fields.")
    ink: Colour = Field(default=None, description="Text.")
    quiet: Colour = Field(default=None, description="Text of less weight: captions, hints, sources.")
    line: Colour = Field(default=None, description="Fine lines that part one thing from another.")
    edge: Colour = Field(default=None, description="The frames of buttons, fields and answers.")
    main: Colour = Field(default=None, description="Links, buttons, the ring of the focus, what is chosen.")
    on_main: Colour = Field(default=None, description="Text on main. Left out: what is read best there.")
    main_wash: Colour = Field(default=None, description="A pale ground of main. Left out: mixed from main.")
    band: Colour = Field(default=None, description="The ground of the band on top. Left out: sheet.")
    on_band: Colour = Field(default=None, description="Text on the band. Left out: what is read best there.")
    accent: Colour = Field(
        default=None, description="Progress and what is chosen on the band. Left out: main."
    )
    law: Colour = Field(default=None, description="Laws and reflections.")
    law_wash: Colour = Field(default=None, description="The ground of laws.")
    tip: Colour = Field(default=None, description="Tips and exercises.")
    tip_wash: Colour = Field(default=None, description="The ground of tips.")
    warn: Colour = Field(default=None, description="Warnings.")
    warn_wash: Colour = Field(default=None, description="The ground of warnings.")
    good: Colour = Field(default=None, description="What was answered right.")
    good_wash: Colour = Field(default=None, description="The ground of right answers.")
    bad: Colour = Field(default=None, description="What was answered wrong.")
    bad_wash: Colour = Field(default=None, description="The ground of wrong answers.")

    def own(self) -> dict[str, str]:
        """The colours that are given, by name."""
        return {name: value for name in type(self).model_fields if (value := getattr(self, name))}


# Here and below: made without looking whether they are right, for which all forms would have to be compiled first.
_NO_COLOURS = Colours.model_construct()


class Schemes(Part):
    """Colours for screens set to light and to dark."""

    light: Colours = Field(default=_NO_COLOURS, description="On light screens, and in the manual.")
    dark: Colours = Field(default=_NO_COLOURS, description="On dark screens.")


class FontFile(Part):
    """One file of a font family."""

    file: str = Field(min_length=1, max_length=200, description="woff2 or ttf, relative to theme.yaml.")
    weight: Weight = Field(default="400", description="1 to 1000; a range for variable fonts: 300..700.")
    style: Literal["normal", "italic"] = Field(default="normal", description="Upright or slanted.")


class FontFamily(Part):
    """A font that goes into the package."""

    family: Annotated[str, AfterValidator(_family)] = Field(
        description="Its name, which text or headings say.",
        json_schema_extra={"pattern": f"^{_FAMILY.pattern}$"},
    )
    files: tuple[FontFile, ...] = Field(
        min_length=1, max_length=3, description="One for each weight and style."
    )
    fallback: Literal["sans", "serif", "humanist", "old-style"] = Field(
        default="sans", description="What is shown until it is there."
    )
    licence: str = Field(
        min_length=1, max_length=200, description="Under which it may be passed on: OFL-1.1."
    )
    notice: str = Field(default="", max_length=2000, description="Whose it is, where it is from.")


class Fonts(Part):
    """The fonts: names of font rows that devices have, or of own families."""

    text: str | None = Field(default=None, description="sans, serif, humanist, old-style, or a family.")
    headings: str | None = Field(default=None, description="The same for headings.")
    families: tuple[FontFamily, ...] = Field(
        default=(), max_length=2, description="Fonts that go into the package."
    )
    budget_kb: int = Field(default=160, ge=1, le=1000, description="How much all font files may weigh.")


class LogoEntry(Part):
    """A logo: SVG or PNG, relative to theme.yaml, and what it shows."""

    file: str = Field(min_length=1, max_length=200, description="SVG or PNG, relative to theme.yaml.")
    alt: LocalizedText = Field(description="Whose logo it is, for who does not see it.")


class LogoRowEntry(Part):
    """Logos beside each other, with words above them such as "Funded by"."""

    label: LocalizedText | None = Field(default=None, description="Words above the row: Funded by.")
    logos: tuple[LogoEntry, ...] = Field(min_length=1, max_length=12, description="Beside each other.")


class ThemeFile(Part):
    """`theme.yaml`."""

    schema_: Literal["theme/1"] = Field(alias="schema", description="The form of this file.")
    extends: Literal["chancery", "courtyard"] = Field(description="The finished theme that it builds on.")
    colours: Schemes = Field(
        default=Schemes.model_construct(), description="Colours that are other than there."
    )
    fonts: Fonts = Field(default=Fonts.model_construct(), description="Fonts that are other than there.")
    partners: tuple[LogoRowEntry, ...] = Field(
        default=(), max_length=6, description="Rows of logos: on the first page, at the foot, on the manual."
    )
