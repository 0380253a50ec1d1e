"""What a practice learner answers to a question of each type: what the trainer's quiz file calls right, or something else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal

from authoring.languages import LocalizedText
from lms_sync.moodle.errors import UnknownOutcome
from lms_sync.practice_form import QuestionForm, wordings
from quizzes.gap_texts import PLACEHOLDER
from quizzes.questions import (
    Blank,
    Cloze,
    Description,
    DragImage,
    DragMarkers,
    Essay,
    Gaps,
    Matching,
    MultipleChoice,
    Numerical,
    Option,
    Ordering,
    Question,
    ShortAnswer,
    ShortText,
    SingleChoice,
    TrueFalse,
    Zone,
)
from quizzes.quiz import Quiz

_WRONG = "nuk e di"
_BESIDE = "-9,-9"
"""Coordinates outside every image."""


class NotUnderstood(UnknownOutcome):
    """A question's HTML does not have the fields that its type has in Moodle 4.5."""


def find_question(quiz: Quiz, form: QuestionForm) -> Question:
    """The trainer's question that a form shows; raises NotUnderstood."""
    for question in quiz.questions:
        if form.text in wordings(question.text):
            return question
    raise NotUnderstood("learner.question-unknown", text=form.text[:80])


def answer(question: Question, form: QuestionForm, *, correctly: bool) -> dict[str, str]:
    """The fields to send for a right or a wrong answer, with the sequence check; raises NotUnderstood."""
    fields = {name: value for name, value in form.hidden.items() if name.endswith("_:sequencecheck")}
    match question:
        case SingleChoice() | TrueFalse():
            fields |= _one_choice(question, form, correctly)
        case MultipleChoice():
            fields |= _choices(question, form, correctly)
        case ShortText():
            fields[_text_field(form)] = _accepted(question.answers) if correctly else _WRONG
        case Numerical():
            best = question.accepted[0]
            number = Decimal(0) if best.answer == "any" else best.answer
            fields[_text_field(form)] = str(number if correctly else number + best.tolerance * 10 + 1)
        case Matching():
            fields |= _pairs(question, form, correctly)
        case Ordering():
            fields |= _order(question, form, correctly)
        case Gaps():
            fields |= _gaps(question, form, correctly)
        case Cloze():
            fields |= _blanks(question, form, correctly)
        case DragImage():
            fields |= _things(question, form, correctly)
        case DragMarkers():
            fields |= _markers(question, form, correctly)
        case Essay():
            fields |= _essay(question, form)
        case Description():
            fields |= {name: "1" for name in form.hidden if name.endswith("-seen")}
        case _:
            raise NotUnderstood("learner.type-unknown", type=question.type)
    return fields


def _text_field(form: QuestionForm) -> str:
    if not form.texts:
        raise NotUnderstood("learner.no-field", text=form.text[:80])
    return form.texts[0]


def _one_choice(question: SingleChoice | TrueFalse, form: QuestionForm, correctly: bool) -> dict[str, str]:
    radios = [one for one in form.choices if one[0] == "radio" and one[2] != "-1"]
    if isinstance(question, TrueFalse):
        value = "1" if question.answer == correctly else "0"
        return {radios[0][1]: value}
    for option in question.options:
        if option.correct == correctly:
            for _, name, value, label in radios:
                if label in wordings(option.text):
                    return {name: value}
    raise NotUnderstood("learner.option-unknown", text=form.text[:80])


def _choices(question: MultipleChoice, form: QuestionForm, correctly: bool) -> dict[str, str]:
    right = [option.correct or (option.score or 0) > 0 for option in question.options]
    fields: dict[str, str] = {}
    for kind, name, _value, label in form.choices:
        if kind != "checkbox" or "choice" not in name.rpartition("_")[2]:
            continue
        wanted = [
            is_right
            for option, is_right in zip(question.options, right, strict=True)
            if label in wordings(option.text)
        ]
        if not wanted:
            raise NotUnderstood("learner.option-unknown", text=label[:80])
        fields[name] = "1" if wanted[0] == correctly else "0"
    return fields


def _pairs(question: Matching, form: QuestionForm, correctly: bool) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, stem, options in form.selects:
        pair = next((one for one in question.pairs if stem in wordings(one.left)), None)
        if pair is None:
            raise NotUnderstood("learner.option-unknown", text=stem[:80])
        right = {value for label, value in options.items() if label in wordings(pair.right)}
        values: Sequence[str] = [value for value in options.values() if value not in ("", "0")]
        chosen = [value for value in values if (value in right) == correctly]
        if not chosen:
            raise NotUnderstood("learner.option-unknown", text=stem[:80])
        fields[name] = chosen[0]
    return fields


# --- order, gaps and what is dragged --------------------------------------------------------------


def _order(question: Ordering, form: QuestionForm, correctly: bool) -> dict[str, str]:
    name = next((one for one in form.hidden if "_response_" in one), None)
    if name is None:
        raise NotUnderstood("learner.no-field", text=form.text[:80])
    places = [(_place_of(question.items, text, form), ident) for ident, text in form.items]
    right = [ident for _, ident in sorted(places)]
    wrong = right[1:] + right[:1] if question.grading == "position" else right[::-1]
    return {name: ",".join(right if correctly else wrong)}


def _place_of(texts: Sequence[LocalizedText], shown: str, form: QuestionForm) -> int:
    for place, text in enumerate(texts):
        if shown in wordings(text):
            return place
    raise NotUnderstood("learner.option-unknown", text=shown[:80] or form.text[:80])


def _gaps(question: Gaps, form: QuestionForm, correctly: bool) -> dict[str, str]:
    names = PLACEHOLDER.findall(_any_language(question.text))
    words = [wordings(question.gaps[name].text) for name in names]
    fields: dict[str, str] = {}
    if question.input == "drag":
        for (name, group), right in zip(form.places, words, strict=True):
            fields[name] = _chosen(form.dragged.get(group, {}), right, correctly, form)
    else:
        for (name, _, options), right in zip(form.selects, words, strict=True):
            fields[name] = _chosen(options, right, correctly, form)
    return fields


def _things(question: DragImage, form: QuestionForm, correctly: bool) -> dict[str, str]:
    fields: dict[str, str] = {}
    for (name, group), place in zip(form.places, question.places, strict=True):
        right = wordings(question.items[place.item].text)
        fields[name] = _chosen(form.dragged.get(group, {}), right, correctly, form)
    return fields


def _chosen(options: Mapping[str, str], right: AbstractSet[str], correctly: bool, form: QuestionForm) -> str:
    """The value of the right option, or of another; where there is no other, of none."""
    if not right & options.keys():
        raise NotUnderstood("learner.option-unknown", text=form.text[:80])
    for label, value in options.items():
        if (label in right) == correctly and value not in ("", "0"):
            return value
    return "0"


def _markers(question: DragMarkers, form: QuestionForm, correctly: bool) -> dict[str, str]:
    prefix = next(name for name in form.hidden if name.endswith(":sequencecheck")).removesuffix(
        ":sequencecheck"
    )
    fields: dict[str, str] = {}
    for key, marker in question.markers.items():
        number = next((form.markers[one] for one in wordings(marker.text) if one in form.markers), None)
        if number is None:
            raise NotUnderstood("learner.option-unknown", text=form.text[:80])
        zones = [_middle(zone) if correctly else _BESIDE for zone in question.zones if zone.marker == key]
        fields[f"{prefix}c{number}"] = ";".join(zones)
    return fields


def _middle(zone: Zone) -> str:
    """A point within a zone; of a polygon the mean of its corners, which lies within unless it is bent."""
    if zone.circle is not None:
        x, y = zone.circle[0], zone.circle[1]
    elif zone.rectangle is not None:
        x, y = zone.rectangle[0] + zone.rectangle[2] // 2, zone.rectangle[1] + zone.rectangle[3] // 2
    else:
        corners = zone.polygon or ()
        x, y = (sum(one[axis] for one in corners) // max(len(corners), 1) for axis in (0, 1))
    return f"{x},{y}"


# --- blanks and essays ----------------------------------------------------------------------------


def _blanks(question: Cloze, form: QuestionForm, correctly: bool) -> dict[str, str]:
    fields: dict[str, str] = {}
    for number, name in enumerate(PLACEHOLDER.findall(_any_language(question.text)), 1):
        fields |= _blank(question.blanks[name], form, f"_sub{number}_", correctly)
    return fields


def _blank(blank: Blank, form: QuestionForm, part: str, correctly: bool) -> dict[str, str]:
    name = next((one for one in form.texts if part in one), None)
    if name is not None:
        return {name: _typed(blank, correctly)}
    for name, _, options in form.selects:
        if part in name:
            right = set().union(*(wordings(one.text) for one in blank.options if one.correct))
            return {name: _chosen(options, right, correctly, form)}
    boxes = [one for one in form.choices if part in one[1]]
    if not boxes:
        raise NotUnderstood("learner.no-field", text=form.text[:80])
    wanted = {one[1:3]: _is_right(blank.options, one[3]) == correctly for one in boxes}
    if blank.several:
        return {name: "1" if ticked else "0" for (name, _), ticked in wanted.items()}
    return dict([next(one for one, chosen in wanted.items() if chosen)])


def _is_right(options: Iterable[Option], label: str) -> bool:
    for option in options:
        if label in wordings(option.text):
            return option.correct
    raise NotUnderstood("learner.option-unknown", text=label[:80])


def _typed(blank: Blank, correctly: bool) -> str:
    if blank.answers:
        return _accepted(blank.answers) if correctly else _WRONG
    number = blank.number
    if number is None:
        full = [one for one in blank.numbers if one.score == 1]
        number = Decimal(0) if not full or full[0].answer == "any" else full[0].answer
    return f"{number if correctly else number + (blank.tolerance or 0) * 10 + 1000:f}"


def _accepted(answers: Sequence[ShortAnswer]) -> str:
    """What a learner types to match the first answer."""
    return answers[0].text.in_language("sq").replace(r"\*", "\0").replace("*", "").replace("\0", "*")


def _essay(question: Essay, form: QuestionForm) -> dict[str, str]:
    if not form.areas:
        return {}  # files only
    least = max(question.words[0], 3)
    fields = {form.areas[0]: f"<p>{' '.join(['fjalë'] * least)}</p>"}
    return fields | {name: value for name, value in form.hidden.items() if name == f"{form.areas[0]}format"}


def _any_language(text: LocalizedText) -> str:
    return text.root if isinstance(text.root, str) else next(iter(text.root.values()))
