"""Moodle's values of an activity's fields as an author would have written them into `course.yaml`. Pure.

Whether a value is right is for the caller to see: the file is read again with it, and must want what Moodle has.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from authoring.activity import Activity, QuizActivity
from authoring.course import Course
from authoring.patch_yaml import Items, Value
from authoring.read_yaml import Pointer
from lms_sync.course_content import BuiltPackage, CourseContent
from lms_sync.desired_activities import (
    GROUP_MODES,
    SUBSCRIPTIONS,
    activity_fields,
    common_fields,
    completion_rules,
)
from lms_sync.desired_wording import Wording
from lms_sync.plan import same

Changes = dict[Pointer, Value]


class NotAdoptable(Exception):
    """`code` says why; it is a message code."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


TEXTS = {"intro": "text", "content": "text"}
"""Fields that hold an author's Markdown, and their keys."""

_NO_PLACE = {
    "visible": "edit.hidden",
    "section": "edit.moved",
    "sha1": "edit.file",
    "filename": "edit.file",
    "edition": "edit.file",
    "items": "edit.questionnaire",
}


def activity_changes(
    activity: Activity,
    data: object,
    name: str,
    theirs: object,
    ours: object,
    course: str,
    zone: datetime.tzinfo,
) -> Changes:
    """What to write below an activity so that the files want `theirs`; `data` is how it is written now.

    Raises NotAdoptable where the files have no place or no word for it.
    """
    written = data if isinstance(data, Mapping) else {}
    if name == "available":
        return _available(written, theirs, ours, course, zone)
    if name == "submissions":
        return _submissions(written, theirs)
    if name not in _KEYS:
        raise NotAdoptable(_NO_PLACE.get(name, "edit.not-in-files"))
    key, back = _KEYS[name]
    if name == "completion":
        return {("completion",): _completion(activity, theirs)}
    if name == "gradepass" and not theirs:
        return {(key,): None}
    return {(key,): back(theirs, zone)}


def field_of(course: Course, activity: Activity, name: str, wording: Wording) -> object:
    """A field as the files want it, for fields that do not come from a package, a quiz or a file."""
    if isinstance(activity, QuizActivity):
        return common_fields(course.id, activity, wording).get(name)
    nothing = BuiltPackage(Path("-"), "", 0)
    content = CourseContent(course, nothing, {}, {activity.id: nothing})
    return activity_fields(content, activity, wording).get(name)


def day(seconds: object, zone: datetime.tzinfo, *, end: bool) -> str | None:
    """A moment as the files write it: a day where it is the beginning (or end) of one; None for never."""
    if not seconds:
        return None
    try:
        moment = datetime.datetime.fromtimestamp(int(str(seconds)), zone)
    except (ValueError, OverflowError, OSError):
        raise NotAdoptable("edit.value") from None
    if moment.second:
        raise NotAdoptable("edit.value")
    whole = datetime.time(23, 59) if end else datetime.time()
    return moment.strftime("%Y-%m-%d" if moment.time() == whole else "%Y-%m-%d %H:%M")


def items(written: object, wanted: Sequence[str]) -> Items:
    """A list of words that keeps what is there in its order, and puts what is new behind it."""
    old = [str(one) for one in written] if isinstance(written, list) else []
    kept: list[int | str] = [number for number, one in enumerate(old) if one in wanted]
    return Items((*kept, *(one for one in wanted if one not in old)))


def _available(
    written: Mapping[str, Any], theirs: object, ours: object, course: str, zone: datetime.tzinfo
) -> Changes:
    if not isinstance(theirs, Mapping) or not isinstance(ours, Mapping) or theirs.keys() - ours.keys():
        raise NotAdoptable("edit.conditions")
    changes: Changes = {}
    for name, end in (("from", False), ("until", True)):
        if not same(theirs[name], ours[name]):
            changes["available", name] = day(theirs[name], zone, end=end)
    if not same(theirs["groups"], ours["groups"]):
        own = f"{course}/"
        if any(not str(key).startswith(own) for key in theirs["groups"]):
            raise NotAdoptable("edit.conditions")
        codes = [str(key).removeprefix(own) for key in theirs["groups"]]
        there = written.get("available")
        changes["available", "groups"] = (
            items(there.get("groups") if isinstance(there, Mapping) else None, codes) if codes else None
        )
    return changes


def _submissions(written: Mapping[str, Any], theirs: object) -> Changes:
    told: Mapping[str, Any] = theirs if isinstance(theirs, Mapping) else {}
    kinds = [kind for kind in ("text", "files") if told.get(kind)]
    if not kinds:
        raise NotAdoptable("edit.value")
    changes: Changes = {}
    if written.get("submit", ["text", "files"]) != kinds:
        changes["submit",] = items(written.get("submit"), kinds)
    if told.get("files") and told["files"] != written.get("max_files", 5):
        changes["max_files",] = int(told["files"])
    return changes


def _completion(activity: Activity, theirs: object) -> str | None:
    for word in get_args(type(activity).model_fields["completion"].annotation):
        if same(completion_rules(activity.kind, word), theirs):
            return None if word == "none" else str(word)
    raise NotAdoptable("edit.rules")


def _end(value: object, zone: datetime.tzinfo) -> Value:
    return day(value, zone, end=True)


def _word(words: Mapping[str, int]) -> Callable[[object, datetime.tzinfo], Value]:
    def back(value: object, _zone: datetime.tzinfo) -> Value:
        for word, number in words.items():
            if same(number, value):
                return word
        raise NotAdoptable("edit.value")

    return back


def _whole(value: object, _zone: datetime.tzinfo) -> Value:
    number = float(str(value))
    if number != int(number):
        raise NotAdoptable("edit.value")
    return int(number)


_KEYS: Mapping[str, tuple[str, Callable[[object, datetime.tzinfo], Value]]] = {
    "groupmode": ("groups", _word(GROUP_MODES)),
    "expected": ("due", _end),
    "duedate": ("due", _end),
    "cutoffdate": ("cutoff", _end),
    "completion": ("completion", lambda value, _zone: str(value)),
    "externalurl": ("url", lambda value, _zone: str(value)),
    "type": ("type", lambda value, _zone: str(value)),
    "forcesubscribe": ("subscription", _word(SUBSCRIPTIONS)),
    "defaultapproval": ("approval", lambda value, _zone: not value),
    "allowduplicatedentries": ("duplicates", lambda value, _zone: bool(value)),
    "allowcomments": ("comments", lambda value, _zone: bool(value)),
    "grade": ("points", _whole),
    "gradepass": ("pass", _whole),
    "anonymous": ("anonymous", lambda value, _zone: value == 1),
    "multiple_submit": ("repeat", lambda value, _zone: bool(value)),
}
