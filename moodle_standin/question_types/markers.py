"""Markers put onto an image: a zone is hit by a marker of its own; every marker too many costs."""

from __future__ import annotations

import math
from html import escape
from random import Random
from typing import Any
from xml.etree.ElementTree import Element

from moodle_standin.question_types.gaps import on_an_image, text_of_drag
from moodle_standin.question_types.question_type import QuestionType, Shown, whole
from moodle_standin.records import Answer, Question, SlotAttempt

Point = tuple[float, float]


class DragMarker(QuestionType):
    """Options: `choices` are [text, times, unlimited] by key, `places` [key, shape, coordinates] by number."""

    name = "ddmarker"

    def read(self, element: Element, questiontext: str) -> tuple[list[Answer], dict[str, Any]]:
        choices = {
            str(whole(node.findtext("no"), 0)): [
                text_of_drag(node),
                whole(node.findtext("noofdrags"), 1),
                node.find("infinite") is not None,
            ]
            for node in element.findall("drag")
        }
        places = {
            str(whole(node.findtext("no"), 0)): [
                str(whole(node.findtext("choice"), 0)),
                (node.findtext("shape") or "circle").strip(),
                (node.findtext("coords") or "").strip(),
            ]
            for node in element.findall("drop")
        }
        shuffles = element.find("shuffleanswers") is not None
        return [], {"choices": choices, "places": places, "shuffleanswers": shuffles}

    def opened(self, question: Question, random: Random, *, shuffles: bool) -> dict[str, Any]:
        keys = list(question.options["choices"])
        if shuffles and question.options["shuffleanswers"]:
            random.shuffle(keys)
        return {"1": keys}

    def field_names(self, question: Question, slot: SlotAttempt) -> list[str]:
        return [f"c{number}" for number in range(1, len(slot.shown["1"]) + 1)]

    def is_blank(self, question: Question, name: str, value: str) -> bool:
        return not value.strip()

    def fraction(self, question: Question, slot: SlotAttempt) -> float | None:
        if not slot.response:
            return None
        dragged = sum(len(said.split(";")) for said in slot.response.values())
        most = max(len(question.options["places"]), dragged)
        return len(_hits(question, slot)) / most if most else 0.0

    def body(self, view: Shown) -> str:
        choices = view.question.options["choices"]
        markers = "".join(
            f'<span class="marker user-select-none choice{number} '
            f'{"infinite" if choices[key][2] else f"dragno{choices[key][1]}"}" tabindex="0">'
            f'<span class="markertext">{view.text(choices[key][0])}</span></span>'
            for number, key in enumerate(view.slot.shown["1"], 1)
        )
        fields = "".join(
            f'<input type="hidden" id="{view.prefix.replace(":", "_")}c{number}" name="{view.prefix}c{number}" '
            f'class="choices choice{number} noofdrags{choices[key][1]}"'
            + (f' value="{escape(said)}"' if (said := view.slot.response.get(f"c{number}")) else "")
            + " />"
            for number, key in enumerate(view.slot.shown["1"], 1)
        )
        area = (
            '<div class="dropzones"></div><div class="markertexts"></div></div>'
            f'<div class="draghomes">{markers}</div><div class="dd-original d-none">{markers}</div>'
        )
        return on_an_image(view, area) + f'<div class="ddform">{fields}</div>'

    def response_texts(self, question: Question, slot: SlotAttempt, language: str | None) -> list[str]:
        hits = _hits(question, slot)
        said = [_said(question, number) for number in question.options["places"] if number in hits]
        return [", ".join(said)] if said else []

    def right_texts(self, question: Question, slot: SlotAttempt, language: str | None) -> list[str]:
        return [", ".join(_said(question, number) for number in question.options["places"])]

    def settings(self, question: Question) -> dict[str, object] | None:
        return {"shufflechoices": str(int(question.options["shuffleanswers"]))}


def _said(question: Question, place: str) -> str:
    """A zone with its marker within a summary: as it is stored, in all languages."""
    choice = question.options["choices"][question.options["places"][place][0]]
    return f"{{Drop zone {place} -> {choice[0]}}}"


def _hits(question: Question, slot: SlotAttempt) -> dict[str, str]:
    """By place the marker that counts for it; a marker counts once, and places with fewest hits choose first."""
    field_of = {key: f"c{number}" for number, key in enumerate(slot.shown["1"], 1)}
    found: dict[str, list[str]] = {}
    for place, (key, shape, coordinates) in question.options["places"].items():
        field = field_of.get(key, "")
        for number, said in enumerate(slot.response.get(field, "").split(";")):
            point = _point(said)
            if point is not None and is_in(shape, coordinates, point):
                found.setdefault(place, []).append(f"{field} {number}")
    chosen: dict[str, str] = {}
    for place, hits in sorted(found.items(), key=lambda one: len(one[1])):
        free = next((one for one in hits if one not in chosen.values()), None)
        if free is not None:
            chosen[place] = free
    return chosen


def _point(said: str) -> Point | None:
    x, comma, y = said.partition(",")
    try:
        return (_rounded(float(x)), _rounded(float(y))) if comma else None
    except ValueError:
        return None


def _rounded(value: float) -> float:
    """PHP rounds halves away from zero."""
    return math.copysign(math.floor(abs(value) + 0.5), value)


def is_in(shape: str, coordinates: str, point: Point) -> bool:
    """Whether a point lies in a zone, its edge included."""
    parts = [[whole(one, 0) for one in part.split(",")] for part in coordinates.replace(" ", "").split(";")]
    try:
        if shape == "circle":
            (x, y), (radius,) = parts
            return math.hypot(point[0] - x, point[1] - y) <= radius
        if shape == "rectangle":
            (x, y), (width, height) = parts
            return x <= point[0] <= x + width and y <= point[1] <= y + height
        corners = [(float(x), float(y)) for x, y in parts]
    except ValueError:
        return False
    return len(corners) >= 3 and _in_polygon(corners, point)


def _in_polygon(corners: list[Point], point: Point) -> bool:
    """By the winding number: how often the edge goes round the point."""
    around = 0
    for start, end in zip(corners, [*corners[1:], corners[0]], strict=True):
        side = (end[0] - start[0]) * (point[1] - start[1]) - (point[0] - start[0]) * (end[1] - start[1])
        upward = start[1] <= point[1] <= end[1]
        downward = start[1] > point[1] >= end[1]
        if (upward or downward) and side == 0:
            return True
        around += upward and side > 0
        around -= downward and side < 0
    return around != 0
