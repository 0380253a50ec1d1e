"""Answers that people give in Moodle to questionnaires of a programme, as facts: scored by the rules of the forms.

There is one answer of a person to a questionnaire, whether it came on a form or from Moodle: the later one corrects.
Anonymous answers do not come at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, select

from lms_sync.clock import local_date
from lms_sync.facts import ANSWER, Fact, store_told, told_source_id
from lms_sync.observed import GONE
from lms_sync.programme_files import ProgrammeFiles
from lms_sync.store import schema
from programmes import Questionnaire, score_answers
from programmes.questionnaire import Answer, ChoiceQuestion, NumberQuestion, Question, RatingQuestion
from programmes.questionnaire_form import LONGEST_ANSWER

BY = "Moodle"
"""Who recorded an answer that was given in Moodle."""

_IDS_A_QUERY = 500


@dataclass(frozen=True)
class Asked:
    """A questionnaire that an activity asks, for one programme."""

    programme: str
    timezone: str
    questionnaire: Questionnaire


class Withdrawn(NamedTuple):
    """Somebody's answer was deleted in Moodle: in which activity (our key), whose (Moodle's number), when."""

    activity: str
    user_id: int
    at: datetime


def asked_in(named: Mapping[str, str], files: ProgrammeFiles) -> dict[str, tuple[Asked, ...]]:
    """What each activity asks, by its key; `named` is the questionnaire that it names in its course.

    A questionnaire counts for every programme that lists it and the activity's course.
    """
    found = {}
    for key, slug in named.items():
        questionnaire = files.questionnaire(slug)
        course = key.partition("/")[0]
        if questionnaire is None or questionnaire.of != "person":
            continue
        asked = tuple(
            Asked(one.id, one.timezone, questionnaire)
            for one in files.programmes
            if slug in one.questionnaires and course in one.courses
        )
        if asked:
            found[key] = asked
    return found


def understood(questionnaire: Questionnaire, said: Mapping[str, str]) -> dict[str, Answer]:
    """Moodle's values as answers; what the questionnaire does not know, or not so, is left out."""
    found: dict[str, Answer] = {}
    for key, value in said.items():
        question = questionnaire.question(key)
        answer = None if question is None else _answer(question, value)
        if answer is not None:
            found[key] = answer
    return found


def _answer(question: Question, value: str) -> Answer | None:
    match question:
        case ChoiceQuestion() | RatingQuestion():
            chosen = int(value) if value.isascii() and value.isdigit() else 0
            return chosen if 1 <= chosen <= len(question.points) else None
        case NumberQuestion():
            return _number(question, value)
        case _:
            return value.strip()[:LONGEST_ANSWER] or None


def _number(question: NumberQuestion, value: str) -> int | float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    if question.min is not None and number < question.min:
        return None
    if question.max is not None and number > question.max:
        return None
    return int(number) if number.is_integer() else number


def answer_facts(asked: Iterable[Asked], person: str, when: datetime, said: Mapping[str, str]) -> list[Fact]:
    """The facts that one answer makes: one for each programme; none where nothing of it is understood."""
    facts = []
    for one in asked:
        answers = understood(one.questionnaire, said)
        if not answers:
            continue
        score = score_answers(one.questionnaire, answers)
        value: dict[str, object] = {
            "answers": dict(sorted(answers.items())),
            "score": score.whole,
            "areas": dict(score.areas),
            "on": local_date(when, one.timezone).isoformat(),
            "recorded_by": BY,
        }
        source_id = told_source_id(one.programme, one.questionnaire.id, person)
        facts.append(Fact(ANSWER, source_id, when, person, one.programme, one.questionnaire.id, value))
    return facts


def store_answers(
    connection: Connection, site: str, facts: Sequence[Fact], recorded_at: datetime, run_id: int | None
) -> int:
    """Adds what is not known yet; how many were new.

    A row that is read again stays as it was scored then: rules that changed since do not change what was recorded.
    """
    table = schema.fact
    known: set[tuple[str, datetime, str]] = set()
    ids = sorted({fact.source_id for fact in facts})
    for start in range(0, len(ids), _IDS_A_QUERY):
        query = select(table.c.source_id, table.c.source_time, table.c.value).where(
            table.c.site == site,
            table.c.stream == ANSWER,
            table.c.source_id.in_(ids[start : start + _IDS_A_QUERY]),
        )
        known |= {(row.source_id, row.source_time, _told(row.value)) for row in connection.execute(query)}
    new = [fact for fact in facts if (fact.source_id, fact.source_time, _told(fact.value)) not in known]
    return store_told(connection, site, new, recorded_at, run_id)


def store_withdrawn(
    connection: Connection,
    site: str,
    deleted: Iterable[tuple[Iterable[Asked], str, datetime]],
    recorded_at: datetime,
    run_id: int | None,
) -> int:
    """Adds that what somebody answered in Moodle was deleted there (what was asked, who, when); how many were new.

    What was typed off from a form since stands, and what was answered since: the log is read more than once.
    """
    table = schema.fact
    facts = []
    for asked, person, when in deleted:
        for one in asked:
            source_id = told_source_id(one.programme, one.questionnaire.id, person)
            query = (
                select(table.c.source_time, table.c.value)
                .where(table.c.site == site, table.c.stream == ANSWER, table.c.source_id == source_id)
                .order_by(table.c.source_time.desc(), table.c.content_hash.desc())
            )
            last = connection.execute(query).first()
            if last is None or last.value.get("recorded_by") != BY or last.value.get(GONE):
                continue
            if last.source_time > when:
                continue
            value = {**last.value, "answers": {}, "score": None, "areas": {}, GONE: True}
            at = max(when, last.source_time + timedelta(seconds=1))
            facts.append(Fact(ANSWER, source_id, at, person, one.programme, one.questionnaire.id, value))
    return store_told(connection, site, facts, recorded_at, run_id)


def _told(value: Mapping[str, object]) -> str:
    return repr(value.get("answers"))
