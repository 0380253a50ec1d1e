"""Moodle's inline code of blanks, read as its importer reads it (question/type/multianswer/questiontype.php)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

_NUMBER = r"-?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][-+]?[0-9]+)?"
_FRACTION = r"(?:=|%(-?[0-9]+(?:[.,][0-9]*)?)%)"
_ANSWER = r"(?:.+?(?:(?<!\\)(?<!&)(?<!&amp;))(?=[~#}]|$))"
_FEEDBACK = r"(?:.*?(?<!\\)(?=[~}]|$))"
_ALTERNATIVE = rf"{_FRACTION}?{_ANSWER}(?:#{_FEEDBACK})?"
_ONE = re.compile(rf"~?({_FRACTION})?({_ANSWER})(?:#({_FEEDBACK}))?", re.DOTALL)
_UNGROUPED = _ALTERNATIVE.replace("(-?[0-9]+(?:[.,][0-9]*)?)", "-?[0-9]+(?:[.,][0-9]*)?")
_TYPES = (
    "NUMERICAL|NM|MULTICHOICE_V|MCV|MULTICHOICE_HS|MCHS|MULTICHOICE_H|MCH|MULTICHOICE_VS|MCVS|MULTICHOICE_S|MCS|"
    "MULTICHOICE|MC|SHORTANSWER_C|SAC|MWC|SHORTANSWER|SA|MW|MULTIRESPONSE_HS|MRHS|MULTIRESPONSE_H|MRH|"
    "MULTIRESPONSE_S|MRS|MULTIRESPONSE|MR"
)
BLANK = re.compile(rf"\{{([0-9]*):({_TYPES}):({_UNGROUPED}(?:~{_UNGROUPED})*)\}}", re.DOTALL)

_LONG = {
    "NM": "NUMERICAL",
    "MC": "MULTICHOICE",
    "SA": "SHORTANSWER",
    "MW": "SHORTANSWER",
    "MR": "MULTIRESPONSE",
}
_NUMERICAL = re.compile(rf"({_NUMBER})(?::({_NUMBER}))?")


@dataclass(frozen=True)
class Alternative:
    """One answer of a blank: its part of the mark, its text (HTML in choices) and feedback (HTML) as they are stored."""

    score: Fraction
    answer: str
    feedback: str | None
    tolerance: str = "0"


@dataclass(frozen=True)
class BlankCode:
    """One blank: NUMERICAL, SHORTANSWER, MULTICHOICE or MULTIRESPONSE, with the letters after it."""

    kind: str
    letters: str
    weight: int
    alternatives: tuple[Alternative, ...]


def blanks(text: str) -> Iterator[tuple[re.Match[str], BlankCode]]:
    """Every blank of a text, and where its code stands."""
    for found in BLANK.finditer(text):
        kind, letters = _kind(found[2])
        read = list(_alternatives(found[3], kind))
        alternatives = tuple(one for one, _ in read)
        if kind == "MULTIRESPONSE":
            alternatives = _as_parts(alternatives, exact=any(percent for _, percent in read))
        yield found, BlankCode(kind, letters, int(found[1] or 1), alternatives)


def _kind(word: str) -> tuple[str, str]:
    name, _, letters = word.partition("_")
    if name in _LONG.values():
        return name, letters
    return _LONG[name[:2]], name[2:]


def _alternatives(code: str, kind: str) -> Iterator[tuple[Alternative, bool]]:
    at = 0
    while at < len(code) and (found := _ONE.match(code, at)) and found.end() > at:
        at = found.end()
        sign, percent, answer, feedback = found.groups()
        score = Fraction(1) if sign == "=" else Fraction((percent or "0").replace(",", ".").rstrip(".")) / 100
        told = None if feedback is None else _decoded(feedback)
        if kind == "NUMERICAL" and (number := _NUMERICAL.fullmatch(answer)):
            yield Alternative(score, number[1], told, number[2] or "0"), False
        else:
            yield Alternative(score, _decoded(answer), told), bool(percent and percent != "0")


def _decoded(code: str) -> str:
    return html.unescape(code).replace(r"\}", "}").replace(r"\#", "#")


def _as_parts(alternatives: tuple[Alternative, ...], *, exact: bool) -> tuple[Alternative, ...]:
    """Right ones share the mark; wrong ones take a right one away, unless percentages are written."""
    total = sum((one.score for one in alternatives if one.score > 0), start=Fraction(0))
    if not total:
        return alternatives
    return tuple(
        Alternative(
            one.score / total if one.score > 0 else one.score if exact else -1 / total,
            one.answer,
            one.feedback,
        )
        for one in alternatives
    )
