"""Items to be put in order: always shuffled, and marked as they lie there where nobody has moved any."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from random import Random
from typing import Any
from xml.etree.ElementTree import Element

from moodle_standin.formatting import plain_text
from moodle_standin.question_types.question_type import NotStored, QuestionType, Shown, is_on, text_of, whole
from moodle_standin.records import Answer, Question, SlotAttempt

_GRADINGS = (
    "ALL_OR_NOTHING",
    "ABSOLUTE_POSITION",
    "RELATIVE_NEXT_EXCLUDE_LAST",
    "RELATIVE_NEXT_INCLUDE_LAST",
    "RELATIVE_ONE_PREVIOUS_AND_NEXT",
    "RELATIVE_ALL_PREVIOUS_AND_NEXT",
    "LONGEST_ORDERED_SUBSET",
    "LONGEST_CONTIGUOUS_SUBSET",
    "RELATIVE_TO_CORRECT",
)
_OTHERWISE = "RELATIVE_NEXT_EXCLUDE_LAST"
_FEWEST = 2
_SHOWN_OF_A_WORD = 10
"""Characters of an item in a summary."""


class Ordering(QuestionType):
    """Answers are the items in their right order."""

    name = "ordering"

    def read(self, element: Element, questiontext: str) -> tuple[list[Answer], dict[str, Any]]:
        if element.find("shownumcorrect") is None and len(element.findall("hint")) < _FEWEST:
            raise NotStored("Error writing to database", "database")
        answers = [Answer(0, text) for node in element.findall("answer") if (text := text_of(node))]
        if len(answers) < _FEWEST:
            raise NotStored("Ordering questions must have more than 2 answers.")

        def word(name: str, known: tuple[str, ...], otherwise: str) -> str:
            said = (element.findtext(name) or "").strip().upper()
            return said if said in known else otherwise

        return answers, {
            "layout": word("layouttype", ("VERTICAL", "HORIZONTAL"), "VERTICAL"),
            "select": word("selecttype", ("ALL", "RANDOM", "CONTIGUOUS"), "RANDOM"),
            "count": max(whole(element.findtext("selectcount"), 6), _FEWEST),
            "grading": word("gradingtype", _GRADINGS, _OTHERWISE),
            "numbering": (element.findtext("numberingstyle") or "none").strip(),
            "shownumcorrect": is_on(element.findtext("shownumcorrect"), False),
        }

    def opened(self, question: Question, random: Random, *, shuffles: bool) -> dict[str, Any]:
        places, count = list(range(len(question.answers))), question.options["count"]
        if count < len(places):
            if question.options["select"] == "RANDOM":
                places = sorted(random.sample(places, count))
            elif question.options["select"] == "CONTIGUOUS":
                first = random.randint(0, len(places) - count)
                places = places[first : first + count]
        shown = list(places)
        random.shuffle(shown)
        return {"right": places, "shown": shown}

    def field_names(self, question: Question, slot: SlotAttempt) -> list[str]:
        return [f"response_{question.id}"]

    def is_blank(self, question: Question, name: str, value: str) -> bool:
        return False

    def _order(self, question: Question, slot: SlotAttempt) -> list[int | str]:
        """Places of the items as they were left; what is no item stays what it is."""
        said = slot.response.get(f"response_{question.id}")
        if said is None:
            return list(slot.shown["shown"])
        known = {_mark(answer): place for place, answer in enumerate(question.answers)}
        return [known.get(one, one) for one in said.split(",")]

    def fraction(self, question: Question, slot: SlotAttempt) -> float | None:
        return share(question.options["grading"], slot.shown["right"], self._order(question, slot))

    def body(self, view: Shown) -> str:
        ident = view.question.id
        order = [one for one in self._order(view.question, view.slot) if isinstance(one, int)]
        items = "".join(
            f'<li class="p-2 sortableitem " id="{_mark(view.question.answers[place])}"><div class="d-flex">'
            f'<div class="d-flex align-items-center flex-grow-1 px-2" id="{_mark(view.question.answers[place])}-text" '
            f"data-itemcontent>{view.text(view.question.answers[place].text)}</div></div></li>"
            for place in order
        )
        value = ",".join(_mark(view.question.answers[place]) for place in order)
        layout = view.question.options["layout"].lower()
        numbering = view.question.options["numbering"]
        return (
            f'<div class="qtext">{view.question_text}<div class="ablock" id="id_ablock_{ident}"><div class="answer ordering">'
            f'<ul class="sortablelist {layout} numbering{numbering} active" id="id_sortable_{ident}">{items}</ul></div></div>'
            f'<input name="{view.prefix}response_{ident}" id="id_response_{ident}" type="hidden" value="{value}"/></div>'
        )

    def response_texts(self, question: Question, slot: SlotAttempt, language: str | None) -> list[str]:
        said = [
            _shortened(plain_text(question.answers[one].text, language))
            for one in self._order(question, slot)
            if isinstance(one, int)
        ]
        return said if slot.response else [""]

    def right_texts(self, question: Question, slot: SlotAttempt, language: str | None) -> list[str]:
        return [_shortened(plain_text(question.answers[one].text, language)) for one in slot.shown["right"]]


def _mark(answer: Answer) -> str:
    """An item's name in the form, which does not give its place away."""
    digest = hashlib.md5(answer.text.encode(), usedforsecurity=False).hexdigest()
    return f"ordering_item_{digest}"


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_OF_A_WORD else f"{text[: _SHOWN_OF_A_WORD - 3]}..."


def share(grading: str, right: list[int], order: list[int | str]) -> float:
    """The share of the mark that an order earns by one of Moodle's ways of grading."""
    if grading in ("ALL_OR_NOTHING", "ABSOLUTE_POSITION"):
        hits = sum(place < len(order) and order[place] == one for place, one in enumerate(right))
        if grading == "ALL_OR_NOTHING" and hits < len(right):
            hits = 0
        return hits / len(right)
    if grading.startswith("RELATIVE_NEXT"):
        with_last = grading.endswith("INCLUDE_LAST")
        wanted, found = _followers(list(right), with_last), _followers(order, with_last)
        return sum(found.get(one) == after for one, after in wanted.items()) / len(wanted)
    if grading in ("RELATIVE_ONE_PREVIOUS_AND_NEXT", "RELATIVE_ALL_PREVIOUS_AND_NEXT"):
        whole_way = "_ALL_" in grading
        wanted_sides, found_sides = _sides(list(right), whole_way), _sides(order, whole_way)
        hits = sum(
            len(one & other)
            for item, sides in wanted_sides.items()
            for one, other in zip(sides, found_sides.get(item, (set(), set())), strict=True)
        )
        return hits / sum(len(side) for sides in wanted_sides.values() for side in sides)
    if grading.startswith("LONGEST"):
        return _longest(right, order, contiguous="CONTIGUOUS" in grading) / len(order)
    most = len(right) - 1
    scores = [max(most - abs(place - order.index(one)), 0) for place, one in enumerate(right) if one in order]
    return sum(scores) / (most * len(right)) if most else 0.0


def _followers(order: list[int | str] | list[int], with_last: bool) -> dict[int | str, int | str | None]:
    found: dict[int | str, int | str | None] = dict(pairwise(order))
    if with_last:
        found[order[-1]] = None
    return found


def _sides(
    order: list[int | str] | list[int], whole_way: bool
) -> dict[int | str, tuple[set[int | str], set[int | str]]]:
    """What stands before and behind each item; with one neighbour only, an end counts as one too."""
    found: dict[int | str, tuple[set[int | str], set[int | str]]] = {}
    for place, one in enumerate(order):
        before, behind = order[:place], order[place + 1 :]
        if whole_way:
            found[one] = (set(before), set(behind))
        else:
            found[one] = (set(before[-1:]) or {"end"}, set(behind[:1]) or {"end"})
    return found


def _longest(right: list[int], order: list[int | str], *, contiguous: bool) -> int:
    """The length of the longest run in the right order; one item alone is none."""
    places = [right.index(one) if isinstance(one, int) and one in right else -1 for one in order]
    runs: list[list[int]] = []
    for place in places:
        new: list[list[int]] = []
        is_new = True
        for run in runs:
            if place == run[-1] + 1:
                is_new = False
                run.append(place)
            elif not contiguous and place > run[-1]:
                is_new = False
                new.append(list(run))
                run.append(place)
        if is_new:
            new.append([place])
        runs += new
    best = max((len(run) for run in runs), default=0)
    return best if best > 1 else 0
