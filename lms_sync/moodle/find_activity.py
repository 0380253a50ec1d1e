"""Finds a forum or a glossary of ours on a site by its idnumber, with core's functions alone."""

from __future__ import annotations

from typing import Any

import pydantic

from authoring.problems import LmsSyncError
from lms_sync.moodle.errors import UnknownOutcome
from lms_sync.moodle.observe import Caller, find_course

COURSE_MODULE = "core_course_get_course_module"
FORUMS = "mod_forum_get_forums_by_courses"
GLOSSARIES = "mod_glossary_get_glossaries_by_courses"


class ActivityNotThere(LmsSyncError):
    """The site has no such activity, or does not let the account see it."""


class _Forum(pydantic.BaseModel):
    id: int
    cmid: int


class _Glossary(pydantic.BaseModel):
    id: int
    coursemodule: int


class _Glossaries(pydantic.BaseModel):
    glossaries: list[_Glossary]


_forums = pydantic.TypeAdapter(list[_Forum])


def find_forum(client: Caller, key: str) -> int:
    """Moodle's id of the forum `<course>/<activity>`; raises ActivityNotThere, MoodleError."""
    course = _course(client, key)
    answer = client.call(FORUMS, {"courseids": [course]})
    return _instance(client, key, [(one.cmid, one.id) for one in read(FORUMS, _forums, answer)])


def find_glossary(client: Caller, key: str) -> int:
    """Moodle's id of the glossary `<course>/<activity>`; raises ActivityNotThere, MoodleError."""
    course = _course(client, key)
    answer = client.call(GLOSSARIES, {"courseids": [course]})
    found = read(GLOSSARIES, pydantic.TypeAdapter(_Glossaries), answer).glossaries
    return _instance(client, key, [(one.coursemodule, one.id) for one in found])


def read(function: str, form: pydantic.TypeAdapter[Any], answer: object) -> Any:
    """An answer in the form that is expected; raises UnknownOutcome where it has another."""
    try:
        return form.validate_python(answer)
    except pydantic.ValidationError as error:
        raise UnknownOutcome("moodle.unexpected-shape", function=function) from error


def _course(client: Caller, key: str) -> int:
    course = find_course(client, key.partition("/")[0])
    if course is None:
        raise ActivityNotThere("helpdesk.not-on-site", key=key)
    return int(course["id"])


def _instance(client: Caller, key: str, candidates: list[tuple[int, int]]) -> int:
    for module, instance in candidates:
        told = client.call(COURSE_MODULE, {"cmid": module})
        cm = told.get("cm") if isinstance(told, dict) else None
        if isinstance(cm, dict) and cm.get("idnumber") == key:
            return instance
    raise ActivityNotThere("helpdesk.not-on-site", key=key)
