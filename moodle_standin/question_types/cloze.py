"""Blanks of several kinds within one text, from Moodle's inline code; each counts with its weight."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape, unescape
from random import Random
from typing import Any, Final
from xml.etree.ElementTree import Element

from moodle_standin.formatting import plain_text
from moodle_standin.question_types.question_type import NotStored, QuestionType, Shown
from moodle_standin.records import Answer, Question, SlotAttempt
from moodle_standin.typed_answers import leading_number, numerical_fraction, shortanswer_fraction

Kind = tuple[str, str, bool]
"""multichoice, multiresponse, shortanswer or numerical; the layout; whether it is shuffled (or minds the case)."""

_KINDS: Final[dict[str, Kind]] = {
    **dict.fromkeys(("NUMERICAL", "NM"), ("numerical", "", False)),
    **dict.fromkeys(("SHORTANSWER", "SA", "MW"), ("shortanswer", "", False)),
    **dict.fromkeys(("SHORTANSWER_C", "SAC", "MWC"), ("shortanswer", "", True)),
    **dict.fromkeys(("MULTICHOICE", "MC"), ("multichoice", "list", False)),
    **dict.fromkeys(("MULTICHOICE_S", "MCS"), ("multichoice", "list", True)),
    **dict.fromkeys(("MULTICHOICE_V", "MCV"), ("multichoice", "vertical", False)),
    **dict.fromkeys(("MULTICHOICE_VS", "MCVS"), ("multichoice", "vertical", True)),
    **dict.fromkeys(("MULTICHOICE_H", "MCH"), ("multichoice", "horizontal", False)),
    **dict.fromkeys(("MULTICHOICE_HS", "MCHS"), ("multichoice", "horizontal", True)),
    **dict.fromkeys(("MULTIRESPONSE", "MR"), ("multiresponse", "vertical", False)),
    **dict.fromkeys(("MULTIRESPONSE_S", "MRS"), ("multiresponse", "vertical", True)),
    **dict.fromkeys(("MULTIRESPONSE_H", "MRH"), ("multiresponse", "horizontal", False)),
    **dict.fromkeys(("MULTIRESPONSE_HS", "MRHS"), ("multiresponse", "horizontal", True)),
}
_ALTERNATIVE = (
    r"(?:=|%(?:-?[0-9]+(?:[.,][0-9]*)?)%)?"
    r".+?(?<!\\)(?<!&)(?<!&amp;)(?=[~#}]|\Z)"
    r"(?:\#.*?(?<!\\)(?=[~}]|\Z))?"
)
_BLANK = re.compile(
    rf"\{{([0-9]*):({'|'.join(sorted(_KINDS, key=len, reverse=True))}):({_ALTERNATIVE}(?:~{_ALTERNATIVE})*)\}}",
    re.DOTALL,
)
_ONE = re.compile(
    r"~?(?:(=)|%(-?[0-9]+(?:[.,][0-9]*)?)%)?(.+?(?<!\\)(?<!&)(?<!&amp;)(?=[~#}]|\Z))(?:\#.*?(?<!\\)(?=[~}]|\Z))?",
    re.DOTALL,
)
_NUMBER = r"-?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][-+]?[0-9]+)?"
_NUMBER_AND_TOLERANCE = re.compile(rf"({_NUMBER})(?::({_NUMBER}))?")
_PLACE = re.compile(r"\{#(\d+)\}")


class MultiAnswer(QuestionType):
    """Options: `text` with {#n} for each blank, and `parts` in their order."""

    name = "multianswer"

    def read(self, element: Element, questiontext: str) -> tuple[list[Answer], dict[str, Any]]:
        parts: list[dict[str, Any]] = []
        text = questiontext
        while found := _BLANK.search(text):
            kind, layout, flag = _KINDS[found[2]]
            answers = list(_alternatives(found[3], kind))
            if kind == "multiresponse":
                answers = _to_one(answers, found[3])
            parts.append(
                {
                    "kind": kind,
                    "layout": layout,
                    "flag": flag,
                    "mark": float(found[1] or 1),
                    "answers": answers,
                }
            )
            text = f"{text[: found.start()]}{{#{len(parts)}}}{text[found.end() :]}"
        if not parts:
            raise NotStored("The question text must include at least one embedded answer.", "parse")
        for one in parts:
            shares = [answer.fraction for answer in one["answers"]]
            if max(shares) < 1 and one["kind"] != "multiresponse":
                raise NotStored("At least one of the answers should have a score of 100%.", "parse")
        return [], {"text": text, "parts": parts}

    def default_mark(self, options: dict[str, Any], read: float) -> float:
        return float(sum(one["mark"] for one in options["parts"]))

    def opened(self, question: Question, random: Random, *, shuffles: bool) -> dict[str, Any]:
        shown: dict[str, list[int]] = {}
        for number, part in enumerate(question.options["parts"], 1):
            order = list(range(len(part["answers"])))
            if part["kind"] in ("multichoice", "multiresponse") and part["flag"]:
                random.shuffle(order)
            shown[str(number)] = order
        return shown

    def field_names(self, question: Question, slot: SlotAttempt) -> list[str]:
        found = []
        for number, part in enumerate(question.options["parts"], 1):
            if part["kind"] == "multiresponse":
                found += [f"sub{number}_choice{place}" for place in range(len(part["answers"]))]
            else:
                found.append(f"sub{number}_answer")
        return found

    def is_blank(self, question: Question, name: str, value: str) -> bool:
        return value in ("", "0") if "_choice" in name else value == ""

    def state(self, question: Question, slot: SlotAttempt) -> str:
        if not slot.response:
            return "todo"
        parts = question.options["parts"]
        whole = all(_is_complete(slot, number, one) for number, one in enumerate(parts, 1))
        return "complete" if whole else "invalid"

    def fraction(self, question: Question, slot: SlotAttempt) -> float | None:
        parts = question.options["parts"]
        if not slot.response:
            return None
        most = sum(one["mark"] for one in parts)
        earned = sum(_share(slot, number, one) * one["mark"] for number, one in enumerate(parts, 1))
        return earned / most if most else None

    def body(self, view: Shown) -> str:
        text = view.question.options["text"]
        marks = {number: f"\x00{number}\x00" for number in _PLACE.findall(text)}
        text = view.text(_PLACE.sub(lambda found: marks[found[1]], text))
        for number, sign in marks.items():
            text = text.replace(sign, _control(view, int(number)))
        return text

    def response_texts(self, question: Question, slot: SlotAttempt, language: str | None) -> list[str]:
        parts = question.options["parts"]
        return [f"part {n}: {_said(slot, n, one, language)}" for n, one in enumerate(parts, 1)]

    def right_texts(self, question: Question, slot: SlotAttempt, language: str | None) -> list[str]:
        found = []
        for number, part in enumerate(question.options["parts"], 1):
            answers: list[Answer] = part["answers"]
            if part["kind"] == "multiresponse":
                shown = (answers[place] for place in slot.shown[str(number)])
                right = [one for one in shown if one.fraction > 0]
            else:
                right = [max(answers, key=lambda one: one.fraction)]
            found.append(f"part {number}: {'; '.join(plain_text(one.text, language) for one in right)}")
        return found


def _alternatives(code: str, kind: str) -> Iterator[Answer]:
    rest = code
    while found := _ONE.match(rest):
        fraction = 1.0 if found[1] else float(found[2].replace(",", ".")) / 100 if found[2] else 0.0
        number = _NUMBER_AND_TOLERANCE.fullmatch(found[3]) if kind == "numerical" else None
        if number is not None:
            yield Answer(0, number[1], fraction, tolerance=leading_number(number[2] or "0") or 0.0)
        else:
            text = unescape(found[3]).replace(r"\}", "}").replace(r"\#", "#")
            yield Answer(0, text, fraction)
        rest = rest[found.end() :]


def _to_one(answers: list[Answer], code: str) -> list[Answer]:
    """Right shares make one together; wrong ones cancel a right one each where the code gives no shares."""
    total = sum(one.fraction for one in answers if one.fraction > 0)
    given = "%" in re.sub(r"#.*?(?=~|$)", "", code)
    if not total:
        return answers
    return [
        Answer(0, one.text, one.fraction / total)
        if one.fraction > 0
        else Answer(0, one.text, one.fraction if given else -1 / total)
        for one in answers
    ]


def _ticked(slot: SlotAttempt, number: int, part: dict[str, Any]) -> list[Answer]:
    order = slot.shown[str(number)]
    if part["kind"] == "multiresponse":
        places = [at for at in range(len(order)) if f"sub{number}_choice{at}" in slot.response]
    else:
        said = slot.response.get(f"sub{number}_answer", "")
        places = [int(said)] if said.isdigit() and int(said) < len(order) else []
    return [part["answers"][order[at]] for at in places]


def _is_complete(slot: SlotAttempt, number: int, part: dict[str, Any]) -> bool:
    if part["kind"] in ("multichoice", "multiresponse"):
        return bool(_ticked(slot, number, part))
    said = slot.response.get(f"sub{number}_answer", "")
    return bool(said) and (part["kind"] != "numerical" or leading_number(said) is not None)


def _share(slot: SlotAttempt, number: int, part: dict[str, Any]) -> float:
    answers: list[Answer] = part["answers"]
    if part["kind"] in ("multichoice", "multiresponse"):
        total = sum(one.fraction for one in _ticked(slot, number, part))
        return min(max(total, 0.0), 1.0) if part["kind"] == "multiresponse" else total
    said = slot.response.get(f"sub{number}_answer", "")
    if not said:
        return 0.0
    if part["kind"] == "numerical":
        return numerical_fraction(answers, said)
    return shortanswer_fraction(answers, said, minds_case=part["flag"])


def _said(slot: SlotAttempt, number: int, part: dict[str, Any], language: str | None) -> str:
    if part["kind"] in ("multichoice", "multiresponse"):
        return "; ".join(plain_text(one.text, language) for one in _ticked(slot, number, part))
    return slot.response.get(f"sub{number}_answer", "")


def _control(view: Shown, number: int) -> str:
    part = view.question.options["parts"][number - 1]
    name = f"{view.prefix}sub{number}_answer"
    chosen = view.slot.response.get(f"sub{number}_answer")
    label = f'<label class="subq accesshide" for="{name}">Answer {number} Question {view.number}</label>'
    if part["kind"] in ("shortanswer", "numerical"):
        value = f' value="{escape(chosen)}"' if chosen else ""
        field = f'<input type="text" name="{name}"{value} id="{name}" size="8" class="form-control d-inline mb-1" />'
        return f'<span class="subquestion">{label}{field}</span>'
    texts = [view.text(part["answers"][place].text) for place in view.slot.shown[str(number)]]
    if part["kind"] == "multichoice" and part["layout"] == "list":
        options = "".join(
            f'<option value="{at}"{view.flag("selected", chosen == str(at))}>{text}</option>'
            for at, text in enumerate(texts)
        )
        select = f'<select id="{name}" class="select custom-select menu{name}" name="{name}">'
        return f'<span class="subquestion">{label}{select}<option value="">&nbsp;</option>{options}</select></span>'
    inline = " form-check-inline" if part["layout"] == "horizontal" else ""
    rows = "".join(
        f'<div class="form-check text-wrap text-break{inline}">{_box(view, number, part["kind"], at, chosen)}'
        f'<label for="{_box_id(view, number, part["kind"], at)}" class="form-check-label text-body">{text}</label></div>'
        for at, text in enumerate(texts)
    )
    if part["kind"] == "multiresponse":
        return f'<div class="answer">{rows}</div>'
    legend = f'<legend class="sr-only">Multiple choice Question {view.number}</legend>'
    return f'<fieldset class="answer">{legend}{rows}</fieldset>'


def _box_id(view: Shown, number: int, kind: str, at: int) -> str:
    return f"{view.prefix}sub{number}_{'choice' if kind == 'multiresponse' else 'answer'}{at}"


def _box(view: Shown, number: int, kind: str, at: int, chosen: str | None) -> str:
    ident = _box_id(view, number, kind, at)
    if kind == "multiresponse":
        ticked = view.flag("checked", f"sub{number}_choice{at}" in view.slot.response)
        return f'<input type="checkbox" value="1" class="form-check-input" name="{ident}" id="{ident}"{ticked} />'
    ticked = view.flag("checked", chosen == str(at))
    name = f"{view.prefix}sub{number}_answer"
    return f'<input type="radio" name="{name}" class="form-check-input" value="{at}" id="{ident}"{ticked} />'
