"""Attempts and outcomes of a quiz from the fact log, with the groups of the people who made them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from authoring.problems import NONE_YET, LmsSyncError
from lms_sync.course_outlines import course_outlines
from lms_sync.facts import QUESTION_OUTCOME, QUIZ_ATTEMPT
from lms_sync.people import People
from lms_sync.same_person import one_person
from lms_sync.store import schema
from quizzes import Quiz, forms, read_quiz
from quizzes.results import Attempt, AttemptId, Draw, Outcome, Which


class NoQuiz(LmsSyncError):
    """There is no such quiz, or nothing is known of it."""


@dataclass(frozen=True)
class QuizOnSite:
    """A quiz and the activities that are it: `activities` by course; `quiz` and `path` where a file says its questions.

    `whole` is all that the file holds: of a pair, both quizzes.
    """

    name: str
    title: str
    activities: Mapping[str, tuple[str, ...]]
    quiz: Quiz | None = None
    path: Path | None = None
    whole: Quiz | None = None

    @property
    def which(self) -> Which:
        """The attempts that count by the quiz's own grading method; Moodle's own default, highest, where it is not known."""
        if self.quiz is None:
            return "highest"
        method = self.quiz.settings.grading
        return "all" if method == "average" else method


def find_quiz(folder: Path, site: str, name: str, language: str) -> QuizOnSite:
    """The quiz that `name` means: a file in quizzes/, or the key of an activity ("course/activity").

    Raises NoQuiz, and ContentError where the file cannot be read.
    """
    from authoring.course_file import CourseFile
    from authoring.read_yaml import load_model, read_yaml

    activities: dict[str, list[str]] = {}
    slug_of: dict[str, str | None] = {}
    for path in sorted((folder / "courses").glob("*/course.yaml")):
        course = load_model(read_yaml(path, root=folder), CourseFile)
        for section in course.sections:
            for activity in section.activities:
                if activity.kind == "quiz":
                    key = f"{course.id}/{activity.id}"
                    slug_of[key] = activity.quiz
                    if name in (activity.quiz, key):
                        activities.setdefault(course.id, []).append(key)
    titles: dict[str, str] = {}
    for outline in course_outlines(folder, site):
        for one in outline.adopted.activities if outline.adopted else ():
            if one.modname == "quiz":
                key = f"{outline.key}/{one.key}"
                titles[key] = one.name.in_language(language)
                slug_of.setdefault(key, None)
                if name == key:
                    activities.setdefault(outline.key, []).append(key)
    files = {path.stem: path for path in sorted((folder / "quizzes").glob("*.yaml"))}
    known = sorted({*files, *slug_of})
    slug = name if "/" not in name and name in {*files, *slug_of.values()} else slug_of.get(name)
    if not activities:
        code = "items.quiz-in-no-course" if slug else "items.no-quiz"
        raise NoQuiz(code, quiz=name, known=", ".join(known) or NONE_YET)
    found = {course: tuple(keys) for course, keys in activities.items()}
    if not slug:
        return QuizOnSite(name, titles.get(name, name), found)
    path, whole, quiz = _form(folder, files, slug)
    title = quiz.title.in_language(language, quiz.languages.default)
    return QuizOnSite(name, title, found, quiz, path, whole)


def _form(folder: Path, files: Mapping[str, Path], slug: str) -> tuple[Path, Quiz, Quiz]:
    """The file that says a quiz, the whole of it, and the quiz itself: of a pair, the form of this name."""
    if slug in files:
        whole = read_quiz(files[slug], root=folder)
        return files[slug], whole, forms(whole)["post"]
    for path in files.values():
        whole = read_quiz(path, root=folder)
        if whole.pair is not None and whole.pair.pre == slug:
            return path, whole, forms(whole)["pre"]
    raise NoQuiz("items.no-quiz", quiz=slug, known=", ".join(files) or NONE_YET)


@dataclass(frozen=True)
class Results:
    """What the fact log knows of a quiz up to a moment."""

    attempts: tuple[Attempt, ...]
    outcomes: tuple[Outcome, ...]


def read_results(
    connection: Connection, site: str, activities: Mapping[str, Sequence[str]], as_of: datetime
) -> Results:
    """The newest that was told of each attempt and each question in it, of activities by course."""
    table = schema.fact
    attempts: dict[AttemptId, Attempt] = {}
    outcomes: dict[tuple[AttemptId, int], Outcome] = {}
    for course, keys in sorted(activities.items()):
        query = (
            select(table.c.stream, table.c.person_id, table.c.subject, table.c.value)
            .where(
                table.c.site == site,
                table.c.course == course,
                table.c.stream.in_((QUIZ_ATTEMPT, QUESTION_OUTCOME)),
                table.c.subject.in_(keys),
                table.c.source_time <= as_of,
            )
            .order_by(table.c.source_time, table.c.id)
        )
        for row in connection.execute(query, execution_options={"yield_per": 2000}):
            value = row.value
            key = AttemptId(row.subject, row.person_id, value["attempt"])
            if row.stream == QUIZ_ATTEMPT:
                attempts[key] = Attempt(key, value["state"], value["score"], value["max"])
            else:
                outcomes[key, value["slot"]] = _outcome(key, value)
    return Results(tuple(attempts.values()), tuple(outcomes.values()))


def _outcome(key: AttemptId, value: Mapping[str, Any]) -> Outcome:
    random = value["random"]
    chosen = value["chosen"]
    return Outcome(
        key,
        value["slot"],
        value["question"],
        value["version"],
        value["type"],
        value["variant"],
        value["max"],
        value["fraction"],
        value["outcome"],
        None if chosen is None else tuple(chosen),
        value["response"],
        value["right"],
        None if random is None else Draw(random["category"], tuple(random["tags"])),
    )


def groups_of(
    connection: Connection, site: str, persons: Collection[str], people: People, as_of: datetime
) -> dict[str, dict[str, str]]:
    """For "language" and "institution" the group of each person, as far as it is known."""
    data, membership = schema.person_data, schema.membership
    one = one_person(connection, site)
    standing = {person: one.get(person, person) for person in persons}
    wanted = set(standing.values())
    query = select(data.c.person_id, data.c.language).where(data.c.site == site, data.c.language.is_not(None))
    own = {row.person_id: row.language for row in connection.execute(query) if row.person_id in wanted}
    stays = (
        select(membership.c.person_id, membership.c.institution)
        .where(membership.c.site == site, membership.c.valid_from <= as_of)
        .order_by(membership.c.valid_from, membership.c.id)
    )
    institution = {
        row.person_id: row.institution for row in connection.execute(stays) if row.person_id in wanted
    }
    written_in = {one.code: one.language for one in people.institutions}
    language = {
        person: own.get(person) or written_in.get(institution.get(person, ""), "") for person in wanted
    }
    return {
        "language": {person: language[stands] for person, stands in standing.items() if language[stands]},
        "institution": {
            person: institution[stands] for person, stands in standing.items() if stands in institution
        },
    }
