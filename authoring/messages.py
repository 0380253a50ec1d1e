"""Turns message codes into words, in the reader's language.

A catalogue is a TOML file `<package>/messages/<language>.toml` with a table per code::

    ["image.missing"]
    what = "The image {image} is not there."
    remedy = "Put it into media/, or mend the path."

A text may be a table of plural forms (`one`, `few`, `other`), chosen by the value `n` and the CLDR
plural rules of the language. Why not gettext: a code carries two texts (what, remedy), and the
catalogues need no compiling.
"""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from authoring.problems import Coded, Problem

PACKAGES = (
    "authoring",
    "course_packages",
    "course_packages/foreign",
    "quizzes",
    "programmes",
    "helpdesk",
    "lms_sync",
    "lms_sync/people",
    "lms_sync/sessions",
    "lms_sync/assessment",
    "lms_sync/items",
    "lms_sync/quiz_sheets",
    "lms_sync/store",
    "lms_sync/jobs",
    "lms_sync/course_preview",
    "lms_sync/word",
    "certificates",
)
LANGUAGES = ("en", "sq", "ro")

# The packages lie side by side, in a checkout and when installed; importing them only for their texts would
# load half of the suite.
_PACKAGES_FOLDER = Path(__file__).resolve().parent.parent

Entry = Mapping[str, object]

# C0 and C1 but for tab and line feed: with these, a value from a file or a site could command a terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(value: str) -> str:
    """A text with a replacement character for each control character, for terminals (ECMA-48)."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", value.replace("\r\n", "\n"))


@cache
def catalogue(language: str) -> Mapping[str, Entry]:
    """Every code's entry in one language, from the catalogues of all packages; {} for an unknown language."""
    entries: dict[str, Entry] = {}
    for package in PACKAGES:
        source = _PACKAGES_FOLDER / package / "messages" / f"{language}.toml"
        if source.is_file():
            entries.update(tomllib.loads(source.read_text(encoding="utf-8")))
    return entries


@cache
def _texts(language: str) -> tuple[str, ...]:
    """The catalogues of all packages as they stand in their files; what stands later counts."""
    sources = (_PACKAGES_FOLDER / package / "messages" / f"{language}.toml" for package in reversed(PACKAGES))
    return tuple(source.read_text(encoding="utf-8") for source in sources if source.is_file())


@cache
def _entry(language: str, code: str) -> Entry | None:
    """One entry of `catalogue`. Parsed alone: a command says a few things, and all catalogues take 60 ms to parse."""
    head = f'["{code}"]\n'
    for source in _texts(language):
        at = 0 if source.startswith(head) else source.find(f"\n{head}") + 1
        if at or source.startswith(head):
            end = source.find('\n["', at + 1)
            try:
                parsed = tomllib.loads(source[at : end if end > 0 else None])
            except tomllib.TOMLDecodeError:
                break
            entry: Entry = parsed[code]
            return entry
    return catalogue(language).get(code)


def _plural_form(language: str, number: object) -> str:
    value = number if isinstance(number, int | float) else 0
    if isinstance(value, int) and language in LANGUAGES:  # by CLDR 45; its data take a while to load
        few = language == "ro" and (value == 0 or 1 <= value % 100 <= 19)
        return "one" if value == 1 else "few" if few else "other"
    from babel import Locale

    return Locale.parse(language).plural_form(value)


class _Lenient(string.Formatter):
    """Formats named values and leaves a name without a value visible, so that a message never fails."""

    def get_value(self, key: int | str, args: object, kwargs: Mapping[str, object]) -> object:
        return kwargs.get(str(key), "{" + str(key) + "}")


def _format(template: object, params: Mapping[str, object], language: str) -> str:
    if isinstance(template, Mapping):
        form = _plural_form(language, params.get("n"))
        template = template.get(form, template.get("other", ""))
    if any(isinstance(value, Coded) for value in params.values()):
        params = {
            name: text(value.code, {}, language) if isinstance(value, Coded) else value
            for name, value in params.items()
        }
    return printable(_Lenient().vformat(str(template), (), params))


def _part(part: str, code: str, params: Mapping[str, object], language: str) -> str | None:
    for tried in (language, "en"):
        entry = _entry(tried, code)
        if entry is not None:
            template = entry.get(part)
            return None if template is None else _format(template, params, tried)
    return None


def text(code: str, params: Mapping[str, object], language: str) -> str:
    """What a code says, in `language`, else in English, else the code with its values."""
    found = _part("what", code, params, language)
    if found is not None:
        return found
    values = ", ".join(f"{name}={value}" for name, value in params.items())
    return printable(f"{code} ({values})" if values else code)


def remedy(code: str, params: Mapping[str, object], language: str) -> str | None:
    """What to do about a code, or None where there is nothing to add."""
    return _part("remedy", code, params, language)


def describe(problem: Problem, language: str) -> str:
    """A problem as lines of text: place and what happened, then the remedy, indented."""
    place = f"{problem.place}: " if problem.place.file else ""
    kind = "" if problem.severity == "error" else text("word.warning", {}, language) + ": "
    lines = [f"{place}{kind}{text(problem.code, problem.params, language)}"]
    if cure := remedy(problem.code, problem.params, language):
        lines.append(f"    {cure}")
    return printable("\n".join(lines))
