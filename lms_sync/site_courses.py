"""Moodle's ids of our courses: found once by their idnumbers, then asked for together, in one call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pydantic
from sqlalchemy import Engine, select

from authoring.problems import Problem
from lms_sync.clock import Clock
from lms_sync.cursors import keep_positions
from lms_sync.plugin_rows import courses_shape, first_error
from lms_sync.plugin_source import Caller
from lms_sync.pull_report import WrongPage
from lms_sync.store import schema
from lms_sync.store.database import reading

COURSE_ID = "course id"
"""The name under which Moodle's id of a course is kept in the table `cursor`."""

_FUNCTION = "core_course_get_courses_by_field"
_AT_ONCE = 200
_NONE: Mapping[str, int] = {}


def courses_on_site(
    client: Caller, keys: Iterable[str], known: Mapping[str, int] = _NONE
) -> tuple[dict[str, int], tuple[Problem, ...]]:
    """Moodle's ids of our courses, found by idnumber, and a warning for each course that is not there.

    `known` are ids from before: where a course still has its idnumber, it need not be looked for.
    Raises WrongPage where two courses have the same idnumber, MoodleError where the site fails.
    """
    wanted = list(keys)
    found = _still_there(client, {key: known[key] for key in wanted if key in known})
    warnings: list[Problem] = []
    for key in wanted:
        if key in found:
            continue
        courses = _asked(client, "idnumber", key)
        ids = [course["id"] for course in courses if course.get("idnumber", key) == key]
        if len(ids) > 1:
            raise WrongPage("pull.course-not-clear", course=key)
        if ids:
            found[key] = ids[0]
        else:
            warnings.append(Problem("pull.course-not-on-site", {"course": key}, severity="warning"))
    return {key: found[key] for key in wanted if key in found}, tuple(warnings)


def _still_there(client: Caller, known: Mapping[str, int]) -> dict[str, int]:
    ids = sorted(known.values())
    there: dict[int, str] = {}
    for start in range(0, len(ids), _AT_ONCE):
        some = ",".join(map(str, ids[start : start + _AT_ONCE]))
        there |= {one["id"]: one.get("idnumber", "") for one in _asked(client, "ids", some)}
    return {key: number for key, number in known.items() if there.get(number) == key}


def _asked(client: Caller, field: str, value: str) -> list[Any]:
    answer = client.call(_FUNCTION, {"field": field, "value": value})
    try:
        return list(courses_shape.validate_python(answer)["courses"])
    except pydantic.ValidationError as error:
        raise WrongPage("pull.page-shape", stream=_FUNCTION, detail=first_error(error)) from error


def find_courses(
    client: Caller, engine: Engine, site: str, keys: Iterable[str], clock: Clock
) -> tuple[dict[str, int], tuple[Problem, ...]]:
    """As `courses_on_site`, remembering the ids for the next time."""
    table = schema.cursor
    query = select(table.c.course, table.c.since).where(table.c.site == site, table.c.stream == COURSE_ID)
    with reading(engine) as connection:
        known = {row.course: row.since for row in connection.execute(query)}
    found, warnings = courses_on_site(client, keys, known)
    new = [(COURSE_ID, key, (number, 0)) for key, number in found.items() if known.get(key) != number]
    if new:
        with engine.begin() as connection:
            keep_positions(connection, site, new, clock.now(), back=True)
    return found, warnings
