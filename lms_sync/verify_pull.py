"""Compares what is known of some learners with what Moodle itself tells of them, by core's functions and not the plugin's.

The comparison takes nothing from the way in which facts came: it asks Moodle about single people, as its own reports do,
and looks at what holds now: completions, grades, attempts, the last SCORM results.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from sqlalchemy import Connection, Engine

from authoring.problems import Problem
from lms_sync.clock import Clock
from lms_sync.enrolled import EnrolledPerson
from lms_sync.facts import (
    ACTIVITY_COMPLETION,
    COURSE_COMPLETION,
    GRADE,
    QUIZ_ATTEMPT,
    SCORM_RESULT,
    Fact,
)
from lms_sync.moodle.many_calls import Caller, ManyCalls
from lms_sync.observed import GONE, current_facts
from lms_sync.pull_by_person import PersonalCourse, ask_about
from lms_sync.store.database import reading

_COMPARED = (ACTIVITY_COMPLETION, COURSE_COMPLETION, GRADE, QUIZ_ATTEMPT, SCORM_RESULT)

Held = Mapping[tuple[str, ...], object]
"""What holds of one person: (stream, course, activity, more) → a value."""


@dataclass(frozen=True)
class Difference:
    """Something that Moodle tells otherwise than we know it. None: nothing."""

    user_id: int
    stream: str
    course: str
    subject: str
    known: object
    told: object

    def as_json(self) -> dict[str, object]:
        """For `--json`; without names."""
        return dict(vars(self))


@dataclass(frozen=True)
class Verified:
    """What a comparison found. `streams`: what could be compared."""

    people: int
    values: int
    streams: tuple[str, ...]
    differences: tuple[Difference, ...]
    warnings: tuple[Problem, ...] = ()

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "people": self.people,
            "values": self.values,
            "streams": list(self.streams),
            "differences": [one.as_json() for one in self.differences],
        }


def choose(courses: Iterable[PersonalCourse], number: int, random: Random) -> list[PersonalCourse]:
    """The courses with `number` of their learners together, drawn at random; with all where there are not more."""
    everybody = sorted({person.user_id for course in courses for person in course.learners})
    chosen = set(everybody if len(everybody) <= number else random.sample(everybody, number))
    return with_learners(courses, chosen)


def with_learners(courses: Iterable[PersonalCourse], users: Collection[int]) -> list[PersonalCourse]:
    """The courses with those of their learners alone who are among `users`."""
    found = []
    for course in courses:
        learners: Sequence[EnrolledPerson] = [one for one in course.learners if one.user_id in users]
        if learners:
            found.append(PersonalCourse(course.key, course.id, course.subjects, learners))
    return found


def compare(
    client: Caller,
    engine: Engine,
    site: str,
    courses: Sequence[PersonalCourse],
    persons: Mapping[int, str],
    clock: Clock,
    *,
    offered: Collection[str],
    many: ManyCalls,
) -> Verified:
    """Asks Moodle about every learner of the courses and compares; raises MoodleError. Nothing is stored."""
    told: dict[int, dict[tuple[str, ...], object]] = {}
    asked: set[tuple[str, str, int]] = set()
    facts, answered, warnings = ask_about(client, courses, persons, clock, offered=offered, many=many)
    for stream, course, user_id in answered:
        asked.add((stream, course, user_id))
        told.setdefault(user_id, {})
    for user_id, fact in facts:
        told.setdefault(user_id, {}).update(_held(fact))
    differences: list[Difference] = []
    values = 0
    with reading(engine) as connection:
        for user_id in sorted(told):
            known = _known(connection, site, persons[user_id])
            for key in sorted({*told[user_id], *known}):
                stream, course, subject, _ = key
                if (stream, course, user_id) not in asked:
                    continue
                if stream == SCORM_RESULT and key not in told[user_id]:
                    continue  # core tells the last attempt only
                values += 1
                ours, theirs = known.get(key), told[user_id].get(key)
                if ours != theirs:
                    differences.append(Difference(user_id, stream, course, subject, ours, theirs))
    streams = tuple(stream for stream in _COMPARED if any(one[0] == stream for one in asked))
    return Verified(len(told), values, streams, tuple(differences), tuple(warnings))


def _known(connection: Connection, site: str, person_id: str) -> dict[tuple[str, ...], object]:
    held: dict[tuple[str, ...], object] = {}
    for stream in _COMPARED:
        for row in connection.execute(current_facts(site, stream, person_id)):
            if row.person_id == person_id and not row.value.get(GONE):
                fact = Fact(
                    row.stream,
                    row.source_id,
                    row.source_time,
                    row.person_id,
                    row.course,
                    row.subject,
                    row.value,
                )
                held.update(_held(fact))
    return held


def _held(fact: Fact) -> Held:
    """What a fact says holds; nothing where it says that nothing does, which core tells by silence."""
    value: Mapping[str, Any] = fact.value
    key = (fact.stream, fact.course, fact.subject)
    match fact.stream:
        case "activity_completion":
            return {(*key, ""): (value["state"], value["complete"])} if value["state"] else {}
        case "course_completion":
            return {(*key, ""): True} if value["complete"] else {}
        case "grade":
            if value["grade"] is None:
                return {}
            return {
                (*key, str(value["item"])): (round(float(value["grade"]), 4), round(float(value["max"]), 4))
            }
        case "quiz_attempt":
            score = None if value["score"] is None else round(float(value["score"]), 4)
            return {(*key, str(value["attempt"])): (value["state"], score)}
        case _:
            return {(*key, f"{value['attempt']}:{value['element']}"): str(value["value"])}
