"""Questionnaires of persons that are asked in a course: taken from `questionnaires/`, as a feedback activity has them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from authoring.course import Course
from authoring.languages import LocalizedText
from authoring.problems import Place, Problem
from lms_sync.course_content import asking_activities
from lms_sync.desired_wording import Fields, Wording
from programmes import Questionnaire
from programmes.questionnaire import ChoiceQuestion, NumberQuestion, RatingQuestion

# Signs that Moodle's questionnaire puts between answers.
_SIGNS = re.compile(r"\||####|>>>>>|<<<<<|\n")
NO_BOUND = "-"


def questionnaire_problems(course: Course, known: Mapping[str, Questionnaire]) -> Iterator[Problem]:
    """What hinders a course from asking the questionnaires that it names, and what its author should know."""
    place = Place(f"courses/{course.slug}/course.yaml")
    for slug, activity in asking_activities(course):
        said: dict[str, object] = {"questionnaire": slug, "activity": activity.id}
        found = known.get(slug)
        if found is None:
            known_ones = ", ".join(sorted(name for name, one in known.items() if one.of == "person"))
            yield Problem("academy.unknown-questionnaire", {**said, "known": known_ones or "-"}, place)
            continue
        if found.of != "person":
            yield Problem("academy.questionnaire-of-institution", said, place)
            continue
        if activity.anonymous:
            yield Problem("academy.questionnaire-anonymous", said, place, "warning")
        lacking = {one for text in _texts(found) for one in text.missing(course.languages.offered)}
        if lacking:
            said["languages"] = ", ".join(sorted(lacking))
            yield Problem("academy.questionnaire-not-translated", said, place)
        for question in found.questions:
            choices = question.choices if isinstance(question, ChoiceQuestion | RatingQuestion) else ()
            if any(
                _SIGNS.search(one.in_language(name)) for one in choices for name in one.languages or ("",)
            ):
                yield Problem("course.answer-sign", {"id": question.id}, place)


def _texts(questionnaire: Questionnaire) -> Iterator[LocalizedText]:
    for question in questionnaire.questions:
        yield question.question
        if isinstance(question, ChoiceQuestion | RatingQuestion):
            yield from question.choices
        elif isinstance(question, NumberQuestion) and question.unit is not None:
            yield question.unit


def questionnaire_items(questionnaire: Questionnaire, wording: Wording) -> list[Fields]:
    """The questions as the companion plugin is told them. Raises what `wording.title` raises."""
    items: list[Fields] = []
    for question in questionnaire.questions:
        asked, options = question.question, list[str]()
        match question:
            case ChoiceQuestion() | RatingQuestion():
                options = [wording.title(choice) for choice in question.choices]
            case NumberQuestion():
                options = [_bound(question.min), _bound(question.max)]
                asked = _with_unit(asked, question.unit, wording)
            case _:
                pass
        items.append(
            {
                "key": question.id,
                "type": question.type,
                "name": wording.title(asked),
                "required": int(question.required),
                "options": options,
            }
        )
    return items


def _bound(value: float | None) -> str:
    return NO_BOUND if value is None else f"{value:g}"


def _with_unit(text: LocalizedText, unit: LocalizedText | None, wording: Wording) -> LocalizedText:
    if unit is None:
        return text
    return LocalizedText(
        {one: f"{text.in_language(one)} ({unit.in_language(one)})" for one in wording.offered}
    )
