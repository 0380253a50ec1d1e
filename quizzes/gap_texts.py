"""Texts with `{{name}}` for a gap or blank, in several languages that share the gaps.

Moodle has one set of gaps for a question. Two languages cannot each have their own: the one that the
multi-language filter hides would keep gaps that nobody can fill. So the pieces between the gaps are what
is written in languages, and every language has the same gaps in the same order, in the same paragraphs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from authoring.languages import LocalizedText, multilang_html
from quizzes.question_texts import Html, QuestionTexts

PLACEHOLDER = re.compile(r"\{\{([A-Za-z0-9][A-Za-z0-9-]*)\}\}")

_BLOCK = "p|div|ul|ol|li|table|thead|tbody|tr|th|td|blockquote|pre|h2|h3|h4|h5|h6|hr|figure|figcaption"
_SIGN = re.compile(rf"<(/?)([a-z0-9]+)[^>]*>|{PLACEHOLDER.pattern}")
_IS_BLOCK = re.compile(rf"</?(?:{_BLOCK})\b")
_EMPTY = frozenset(("br", "img", "hr"))


@dataclass(frozen=True)
class _Framed:
    """A text cut at its gaps, its block tags and the tags around gaps: `frame` are those, `pieces` the rest."""

    frame: tuple[str, ...]
    pieces: tuple[str, ...]


class GapsDiffer(ValueError):
    """Languages do not share their gaps; `language` is the first that differs, `reason` a part of a message code."""

    def __init__(self, language: str, reason: str) -> None:
        super().__init__(reason)
        self.language = language
        self.reason = reason


def placeholders(source: str) -> tuple[str, ...]:
    """The names of the gaps in a text, in their order, repetitions kept."""
    return tuple(found[1] for found in PLACEHOLDER.finditer(source))


def merged_html(texts: QuestionTexts, text: LocalizedText, languages: Sequence[str]) -> Html:
    """The HTML in all languages around shared gaps, placeholders kept. Raises GapsDiffer."""
    each = {one: texts.html_of(text, [one], paragraph=True) for one in languages}
    images = tuple({image.name: image for one in each.values() for image in one.images}.values())
    if len({one.html for one in each.values()}) <= 1:
        return Html(next(iter(each.values())).html, images)
    framed = {language: _framed(one.html) for language, one in each.items()}
    first, *others = framed
    for language in others:
        if _gaps(framed[language]) != _gaps(framed[first]):
            raise GapsDiffer(language, "order")
        if _shape(framed[language]) != _shape(framed[first]):
            raise GapsDiffer(language, "paragraphs")
    return Html(_joined(framed), images)


def _joined(framed: dict[str, _Framed]) -> str:
    first = next(iter(framed.values()))
    parts: list[str] = []
    for number in range(len(first.pieces)):
        pieces = {language: one.pieces[number] for language, one in framed.items()}
        parts.append(multilang_html(pieces))
        if number < len(first.frame):
            parts.append(first.frame[number])
    return "".join(parts)


def _framed(html: str) -> _Framed:
    signs = list(_SIGN.finditer(html))
    inside = _around_gaps(signs)
    frame: list[str] = []
    pieces: list[str] = []
    at = 0
    for number, sign in enumerate(signs):
        if number in inside or sign[3] is not None or _IS_BLOCK.match(sign[0]):
            pieces.append(html[at : sign.start()])
            frame.append(sign[0])
            at = sign.end()
    return _Framed(tuple(frame), (*pieces, html[at:]))


def _around_gaps(signs: Sequence[re.Match[str]]) -> set[int]:
    """The numbers of the tags, opening and closing, that have a gap between them."""
    found: set[int] = set()
    opened: list[tuple[int, bool]] = []
    for number, sign in enumerate(signs):
        if sign[3] is not None:
            opened = [(one, True) for one, _ in opened]
        elif sign[1]:
            start, holds_gap = opened.pop() if opened else (number, False)
            if holds_gap:
                found |= {start, number}
        elif sign[2] not in _EMPTY:
            opened.append((number, False))
    return found


def _gaps(framed: _Framed) -> list[str]:
    return [one for one in framed.frame if one.startswith("{{")]


def _shape(framed: _Framed) -> list[str]:
    return list(framed.frame)
