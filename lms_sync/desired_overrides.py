"""What is other in a quiz for an institution or a person, as objects that a site is to have. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Protocol

from authoring.activity import QuizActivity
from lms_sync.course_content import CourseContent
from lms_sync.plan import DesiredObject, Kind
from quizzes.overrides import wanted_overrides

VALUES = ("timeopen", "timeclose", "timelimit", "attempts")
"""Moodle's words for what can be other; None where it is as the quiz says."""


class Learner(Protocol):
    """A participant of courses, of an institution, perhaps with more time in quizzes."""

    @property
    def idnumber(self) -> str:
        """Their key."""

    @property
    def institution(self) -> str:
        """The code of where they come from."""

    @property
    def courses(self) -> tuple[str, ...]:
        """The courses they take."""

    @property
    def extra_time(self) -> Fraction | None:
        """What part of a time limit they get in addition."""


def quiz_overrides(
    content: CourseContent, learners: Sequence[Learner], zone: datetime.tzinfo
) -> Iterator[DesiredObject]:
    """The overrides of all quizzes of a course: of institutions first, then of people who get more time."""
    course = content.course.id
    taking = [one for one in learners if course in one.courses and one.extra_time]
    for activity in content.course.activities:
        if not isinstance(activity, QuizActivity):
            continue
        quiz, _bank = content.quizzes[str(activity.quiz)]
        wanted = wanted_overrides(
            quiz,
            zone,
            extra_time={one.idnumber: one.extra_time for one in taking if one.extra_time},
            groups={one.idnumber: one.institution for one in taking},
        )
        for one in wanted:
            whose = f"@{one.group}" if one.group else f":{one.person}"
            fields = {name: getattr(one, name) for name in VALUES}
            yield DesiredObject(Kind.OVERRIDE, f"{course}/{activity.id}{whose}", course, fields)
