"""What came of one question of an attempt, as the companion plugin tells it: places of options, and summaries."""

from __future__ import annotations

from typing import Any

from moodle_standin.formatting import plain_text
from moodle_standin.question_bank import version_of
from moodle_standin.question_types import OTHER_TYPES
from moodle_standin.records import Question, QuizAttempt, Slot, SlotAttempt
from moodle_standin.site import Site

LONGEST = 255
TOLD = (
    *("match", "multichoice", "numerical", "shortanswer", "truefalse"),
    *(name for name, kind in OTHER_TYPES.items() if kind.told),
)
"""Question types of which the response is told; of essays it never is."""


def outcome(site: Site, attempt: QuizAttempt, taken: SlotAttempt, slot: Slot | None) -> dict[str, Any]:
    """One row's data; `slot` is the quiz's slot at that position, as it is now."""
    question = site.questions[taken.questionid]
    entry, version = version_of(site, question.id)
    told = question.qtype in TOLD
    language = site.users[attempt.userid].lang if site.settings.multilang_filter else None
    said = response_texts(question, taken, language) if told else []
    return {
        "attempt": attempt.attempt,
        "state": attempt.state,
        "slot": taken.slot,
        "question": entry.idnumber or f"entry:{entry.id}",
        "version": version,
        "type": question.qtype,
        "variant": 1,
        "max": float(taken.maxmark),
        "fraction": None if taken.fraction is None else round(taken.fraction, 7),
        "outcome": taken.state,
        "chosen": chosen_places(question, taken),
        "response": _summary(said) if said else None,
        "right": _summary(right_texts(question, taken, language)) if told else None,
        "random": None if slot is None or not slot.category else _drawn(site, slot),
    }


def _drawn(site: Site, slot: Slot) -> dict[str, Any]:
    category = site.question_categories[slot.category]
    return {"category": category.idnumber or f"id:{category.id}", "tags": list(slot.tags)}


def _summary(parts: list[str]) -> str:
    return "; ".join(parts)[:LONGEST]


def chosen_places(question: Question, taken: SlotAttempt) -> list[int | None] | None:
    """Places of what was chosen, from 0 in the order of the question's answers; None where nothing was."""
    if not taken.response:
        return None
    if question.qtype == "truefalse":
        return [0 if taken.response["answer"] not in ("0", "") else 1]
    if question.qtype == "multichoice":
        found: list[int | None] = [*sorted(taken.order[place] for place in _ticked(question, taken))]
        return found or None
    if question.qtype != "match":
        return None
    matched: list[int | None] = [None] * len(question.answers)
    for place, stem in enumerate(taken.order):
        choice = _choice(taken, place)
        if choice is not None:
            matched[stem] = next(n for n, answer in enumerate(question.answers) if answer.right == choice)
    return [matched[stem] for stem in sorted(taken.order)]


def _ticked(question: Question, taken: SlotAttempt) -> list[int]:
    if question.options["single"]:
        answer = taken.response["answer"]
        return [int(answer)] if answer.isdigit() and int(answer) < len(taken.order) else []
    return [
        place
        for place in range(len(taken.order))
        if taken.response.get(f"choice{place}", "0") not in ("0", "")
    ]


def _choice(taken: SlotAttempt, place: int) -> str | None:
    number = taken.response.get(f"sub{place}", "0")
    known = number.isdigit() and 1 <= int(number) <= len(taken.choices)
    return taken.choices[int(number) - 1] if known else None


def response_texts(question: Question, taken: SlotAttempt, language: str | None) -> list[str]:
    """The parts of the summary of a response."""
    if (kind := OTHER_TYPES.get(question.qtype)) is not None:
        return kind.response_texts(question, taken, language)
    if not taken.response:
        return []
    if question.qtype == "truefalse":
        return ["True" if taken.response["answer"] not in ("0", "") else "False"]
    if question.qtype == "multichoice":
        places = [taken.order[place] for place in _ticked(question, taken)]
        return [plain_text(question.answers[place].text, language) for place in places]
    if question.qtype == "match":
        return [
            f"{plain_text(question.answers[stem].text, language)} -> {choice}"
            for place, stem in enumerate(taken.order)
            if (choice := _choice(taken, place)) is not None
        ]
    return [taken.response["answer"]]


def right_texts(question: Question, taken: SlotAttempt, language: str | None) -> list[str]:
    """The parts of the summary of the right answer."""
    if (kind := OTHER_TYPES.get(question.qtype)) is not None:
        return kind.right_texts(question, taken, language)
    if question.qtype == "truefalse":
        return ["True" if question.answers[0].fraction > question.answers[1].fraction else "False"]
    if question.qtype == "match":
        return [
            f"{plain_text(answer.text, language)} -> {answer.right}"
            for answer in question.answers
            if answer.text
        ]
    if question.qtype == "multichoice" and not question.options["single"]:
        return [plain_text(answer.text, language) for answer in question.answers if answer.fraction > 0]
    best = max(question.answers, key=lambda answer: answer.fraction)
    return [plain_text(best.text, language) if question.qtype == "multichoice" else best.text]
