"""Places that each take one thing of a group: words from a list, words that are dragged, things dragged onto an image."""

from __future__ import annotations

import re
from html import escape
from random import Random
from typing import Any
from xml.etree.ElementTree import Element

from moodle_standin.formatting import plain_text
from moodle_standin.question_types.question_type import QuestionType, Shown, is_on, text_of, whole
from moodle_standin.records import Answer, Question, SlotAttempt

_GAP = re.compile(r"\[\[(\d+)\]\]")


class _Places(QuestionType):
    """Options: `choices` are [text, group, unlimited] by their key, `places` [group, key of the right choice] by number."""

    def opened(self, question: Question, random: Random, *, shuffles: bool) -> dict[str, Any]:
        shown: dict[str, list[str]] = {}
        for key, (_, group, _) in question.options["choices"].items():
            shown.setdefault(str(group), []).append(key)
        if shuffles and question.options["shuffleanswers"]:
            for keys in shown.values():
                random.shuffle(keys)
        return shown

    def field_names(self, question: Question, slot: SlotAttempt) -> list[str]:
        return [f"p{place}" for place in question.options["places"]]

    def state(self, question: Question, slot: SlotAttempt) -> str:
        if not slot.response:
            return "todo"
        return "complete" if len(slot.response) == len(question.options["places"]) else "invalid"

    def fraction(self, question: Question, slot: SlotAttempt) -> float | None:
        if not slot.response:
            return None
        places = question.options["places"]
        right = sum(_chosen(slot, number, group) == choice for number, (group, choice) in places.items())
        return right / len(places) if places else 0.0

    def response_texts(self, question: Question, slot: SlotAttempt, language: str | None) -> list[str]:
        if not slot.response:
            return []
        said = [
            self._said(question, number, _chosen(slot, number, group), language)
            for number, (group, _) in question.options["places"].items()
        ]
        return [" ".join(said)]

    def right_texts(self, question: Question, slot: SlotAttempt, language: str | None) -> list[str]:
        return [
            " ".join(
                self._said(question, number, choice, language)
                for number, (_, choice) in question.options["places"].items()
            )
        ]

    def _said(self, question: Question, place: str, key: str | None, language: str | None) -> str:
        """A choice within a summary: as it is stored, in all languages."""
        return "{}" if key is None else f"{{{question.options['choices'][key][0]}}}"

    def settings(self, question: Question) -> dict[str, object] | None:
        return {"shufflechoices": str(int(question.options["shuffleanswers"]))}


def _chosen(slot: SlotAttempt, place: str, group: int) -> str | None:
    """The key of the choice in a place."""
    number, keys = slot.response.get(f"p{place}", "0"), slot.shown.get(str(group), [])
    return keys[int(number) - 1] if number.isdigit() and 1 <= int(number) <= len(keys) else None


class GapSelect(_Places):
    """Words chosen from lists within the text."""

    name = "gapselect"
    tag = "selectoption"

    def read(self, element: Element, questiontext: str) -> tuple[list[Answer], dict[str, Any]]:
        """A choice that is blank is dropped, and the numbers of gaps behind it fall to its neighbours."""
        choices: dict[str, list[Any]] = {}
        for node in element.findall(self.tag):
            if text := text_of(node):
                unlimited = node.find("infinite") is not None
                choices[str(len(choices) + 1)] = [text, whole(node.findtext("group"), 1), unlimited]
        numbers = _GAP.findall(questiontext)
        places = {
            str(place): [choices[number][1] if number in choices else 1, number]
            for place, number in enumerate(numbers, 1)
        }
        shuffles = is_on(element.findtext("shuffleanswers"), True)
        return [], {"choices": choices, "places": places, "shuffleanswers": shuffles}

    def body(self, view: Shown) -> str:
        return f'<div class="qtext">{_with_gaps(view, self.gap)}</div>{self.after(view)}'

    def gap(self, view: Shown, place: str) -> str:
        """The control that stands in the place of a gap."""
        group = view.question.options["places"][place][0]
        field, name = f"{view.prefix.replace(':', '_')}p{place}", f"{view.prefix}p{place}"
        chosen = view.slot.response.get(f"p{place}")
        options = "".join(
            f'<option value="{number}"{view.flag("selected", chosen == str(number))}>'
            f"{view.text(view.question.options['choices'][key][0])}</option>"
            for number, key in enumerate(view.slot.shown.get(str(group), []), 1)
        )
        return (
            f'<span class="control group{group}"><label class="sr-only" for="{field}">Blank {place} Question '
            f'{view.number}</label><select id="{field}" class="select custom-select place{place}" name="{name}"'
            f'{view.flag("disabled", view.review)}><option value="">&nbsp;</option>{options}</select> </span>'
        )

    def after(self, view: Shown) -> str:
        """What stands behind the text."""
        return ""


class DragIntoText(GapSelect):
    """Words dragged into the text."""

    name = "ddwtos"
    tag = "dragbox"

    def _said(self, question: Question, place: str, key: str | None, language: str | None) -> str:
        return "{}" if key is None else f"{{{plain_text(question.options['choices'][key][0], language)}}}"

    def gap(self, view: Shown, place: str) -> str:
        group = view.question.options["places"][place][0]
        return (
            f'<span class="place{place} drop active group{group}" tabindex="0">&#160;'
            f'<span class="accesshide">Blank {place} Question {view.number}</span></span> '
        )

    def after(self, view: Shown) -> str:
        homes = []
        for group, keys in view.slot.shown.items():
            boxes = " ".join(
                f'<span class="draghome user-select-none choice{number} group{group}'
                f'{" infinite" if view.question.options["choices"][key][2] else ""}">'
                f"{view.text(view.question.options['choices'][key][0])}</span>"
                for number, key in enumerate(keys, 1)
            )
            homes.append(f'<div class="user-select-none draggrouphomes{group}">{boxes} </div>')
        fields = "".join(
            _hidden(view, f"p{place}", f"placeinput place{place} group{group}", "0")
            for place, (group, _) in view.question.options["places"].items()
        )
        return f'<div class="answercontainer">{"".join(homes)}</div>{fields}'


class DragOntoImage(_Places):
    """Words or pictures dragged onto an image."""

    name = "ddimageortext"

    def read(self, element: Element, questiontext: str) -> tuple[list[Answer], dict[str, Any]]:
        choices = {
            str(whole(node.findtext("no"), 0)): [
                text_of_drag(node),
                whole(node.findtext("draggroup"), 1),
                node.find("infinite") is not None,
            ]
            for node in element.findall("drag")
        }
        places, labels = {}, {}
        for node in element.findall("drop"):
            number, choice = str(whole(node.findtext("no"), 0)), str(whole(node.findtext("choice"), 0))
            if choice in choices:
                places[number] = [choices[choice][1], choice]
                labels[number] = text_of_drag(node)
        shuffles = element.find("shuffleanswers") is not None
        return [], {"choices": choices, "places": places, "labels": labels, "shuffleanswers": shuffles}

    def body(self, view: Shown) -> str:
        groups = "".join(
            f'<div class="dragitemgroup{group}">'
            + "".join(
                f'<div class="group{group} draghome user-select-none choice{number}'
                f'{" infinite" if view.question.options["choices"][key][2] else ""}">'
                f"{view.text(view.question.options['choices'][key][0])}</div>"
                for number, key in enumerate(keys, 1)
            )
            + "</div>"
            for group, keys in view.slot.shown.items()
        )
        fields = "".join(
            _hidden(view, f"p{place}", f"placeinput place{place} group{group}", None)
            for place, (group, _) in view.question.options["places"].items()
        )
        return on_an_image(
            view, f'<div class="dropzones"></div></div><div class="draghomes">{groups}</div>{fields}'
        )

    def _said(self, question: Question, place: str, key: str | None, language: str | None) -> str:
        label = question.options["labels"][place]
        where = f"{place}. {label}" if label else f"Drop zone {place}"
        said = "" if key is None else f"{key}. {question.options['choices'][key][0]}"
        return f"{where} -> {{{said}}}"


def text_of_drag(node: Element) -> str:
    """The text of something that is dragged, or of a place."""
    return (node.findtext("text") or "").strip()


def on_an_image(view: Shown, inside: str) -> str:
    """The text of a question and its image; `inside` closes the area of the image."""
    return (
        f'<div class="qtext">{view.question_text}</div><div class="ddarea"><div class="droparea">'
        '<img class="dropbackground img-fluid w-100" src="background" '
        f'alt="Background image for dragging markers onto" />{inside}</div>'
    )


def _hidden(view: Shown, name: str, classes: str, empty: str | None) -> str:
    value = view.slot.response.get(name, empty)
    told = "" if value is None else f' value="{escape(value)}"'
    return (
        f'<input type="hidden" id="{view.prefix.replace(":", "_")}{name}" class="{classes}" '
        f'name="{view.prefix}{name}"{told} />'
    )


def _with_gaps(view: Shown, gap: Any) -> str:
    """The text through the filters, with a control in the place of each gap."""
    parts = _GAP.split(view.question.questiontext)
    marks = [f"\x00{place}\x00" for place in range(1, len(parts) // 2 + 1)]
    text = view.text("".join(f"{one}{mark}" for one, mark in zip(parts[::2], [*marks, ""], strict=True)))
    for place, mark in enumerate(marks, 1):
        text = text.replace(mark, gap(view, str(place)))
    return text
