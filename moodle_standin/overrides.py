"""Overrides of quizzes: what holds for one user, and what the companion plugin tells of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from moodle_standin.owned_objects import fingerprint, rows_by_object, visible_hash
from moodle_standin.records import Course, CourseModule, OwnedObject, Quiz, QuizOverride
from moodle_standin.site import Site

VALUES = ("timeopen", "timeclose", "timelimit", "attempts")


def effective(site: Site, quiz: Quiz, user_id: int) -> dict[str, int]:
    """What holds for a user: their own override, else the most generous of their groups', else the quiz."""
    rows = [one for one in site.quiz_overrides.values() if one.quiz == quiz.id]
    own = next((one for one in rows if one.userid == user_id), None)
    groups = {one.id for one in site.groups.values() if user_id in one.members}
    found: dict[str, int] = {}
    for name in VALUES:
        value = getattr(own, name) if own else None
        theirs = [
            getattr(one, name) for one in rows if one.groupid in groups and getattr(one, name) is not None
        ]
        if value is None and theirs:
            value = min(theirs) if name == "timeopen" else 0 if 0 in theirs else max(theirs)
        found[name] = getattr(quiz, name) if value is None else value
    return found


def override_fields(row: QuizOverride) -> dict[str, int | None]:
    """Live values under the names that a push uses."""
    return {name: getattr(row, name) for name in VALUES}


def override_fingerprint(row: QuizOverride) -> str:
    """Digest of the live override with its owner."""
    return fingerprint({**override_fields(row), "group": row.groupid, "user": row.userid})


def overrides_of(
    site: Site, course: Course, activities: Iterable[tuple[str, OwnedObject | None, CourseModule]]
) -> Iterator[dict[str, Any]]:
    """All overrides of our quizzes in a course, whoever made them."""
    keys = {module.instance: key for key, _, module in activities if module.modname == "quiz"}
    rows = rows_by_object(site, course.id, "override")
    for row in site.quiz_overrides.values():
        if row.quiz not in keys:
            continue
        group = site.groups.get(row.groupid)
        yield {
            "activity": keys[row.quiz],
            "group": (group.idnumber if group else "") or (f"id:{row.groupid}" if row.groupid else ""),
            "userid": row.userid,
            "id": row.id,
            "hash": visible_hash(rows.get(row.id), row.id, override_fingerprint(row)),
            "fields": override_fields(row),
        }
