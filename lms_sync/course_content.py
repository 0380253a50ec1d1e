"""A course with everything that was built from it, ready to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from authoring.course import Course

if TYPE_CHECKING:
    from authoring.activity import Activity, FeedbackActivity
    from programmes import Questionnaire
    from quizzes import QuestionBank, Quiz


@dataclass(frozen=True)
class BuiltPackage:
    """A file ready to be sent; `sha1` is of the whole file, as Moodle keeps it."""

    path: Path
    sha1: str
    size: int
    items: frozenset[str] = frozenset()  # of a package: identifiers under which Moodle keeps learners' tracks
    content_sha256: str = ""  # of a package: over its files, whatever packed them
    edition: str = ""  # of a package: the edition of SCORM in which Moodle plays it


@dataclass(frozen=True)
class CourseContent:
    """A course with everything built from it: `quizzes` by the name that activities use, the others by activity."""

    course: Course
    package: BuiltPackage | None
    quizzes: Mapping[str, tuple[Quiz, QuestionBank]]
    files: Mapping[str, BuiltPackage] = field(default_factory=dict)
    questionnaires: Mapping[str, Questionnaire] = field(default_factory=dict)

    def file_of(self, activity: Activity) -> BuiltPackage | None:
        """What an activity shows: its own file, or the course's package; None where it shows no file."""
        own = self.package if activity.kind == "package" and not activity.file else None
        return own or self.files.get(activity.id)


def asking_activities(course: Course) -> list[tuple[str, FeedbackActivity]]:
    """The activities of a course that take their questions from a file, each with the file's name."""
    if not course.names.questionnaires:
        return []
    return [
        (activity.questionnaire, activity)
        for activity in course.activities
        if activity.kind == "feedback" and activity.questionnaire
    ]
