"""The types of activities whose settings are plain values: what a push may say of each, and Moodle's defaults.

Learners can see the pages of a course, hand in assignments and write in forums and glossaries. Only what they hand in
counts for completion here; rules about posts, entries and answers are kept and never met.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from moodle_standin.errors import plugin_error
from moodle_standin.plugin_data import DataReader

FOREVER = 2**63 - 1
FORUM_TYPES = ("general", "news", "qanda")
SUBSCRIBE = "forcesubscribe"
FILES_OF_SITE = 20
"""Most files of a submission, the site's setting."""
NO_RESTRICTION: Mapping[str, Any] = {"from": 0, "until": 0, "groups": []}

_QUESTION_TYPES = ("rating", "choice", "text", "number")
_SIGNS = ("|", "####", ">>>>>", "<<<<<", "\n", "\r")
_NOT_IN_FILE_NAMES = re.compile(r"[\x00-\x1f\x7f&<>\"`|':\\/]|\.\.")


@dataclass(frozen=True)
class SimpleModule:
    """A type: whole numbers and rules with their limits, settings of a new activity."""

    numbers: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    rules: Mapping[str, int] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    has_groups: bool = False


SIMPLE_MODULES: Mapping[str, SimpleModule] = {
    "page": SimpleModule(rules={"view": 1}, defaults={"content": ""}),
    "label": SimpleModule(),
    "url": SimpleModule(rules={"view": 1}),
    "resource": SimpleModule(rules={"view": 1}),
    "forum": SimpleModule(
        numbers={SUBSCRIBE: (0, 3), "duedate": (0, FOREVER), "cutoffdate": (0, FOREVER)},
        rules={"view": 1, "posts": 1000, "discussions": 1000, "replies": 1000},
        defaults={SUBSCRIBE: 0, "duedate": 0, "cutoffdate": 0, "type": "general"},
        has_groups=True,
    ),
    "glossary": SimpleModule(
        numbers=dict.fromkeys(("defaultapproval", "allowduplicatedentries", "allowcomments"), (0, 1)),
        rules={"view": 1, "entries": 1000},
        defaults={"defaultapproval": 1, "allowduplicatedentries": 0, "allowcomments": 0},
    ),
    "assign": SimpleModule(
        numbers={"duedate": (0, FOREVER), "cutoffdate": (0, FOREVER), "grade": (0, 1000)},
        rules={"view": 1, "submit": 1, "grade": 1, "passgrade": 1},
        defaults={
            "duedate": 0,
            "cutoffdate": 0,
            "grade": 100,
            "gradepass": 0.0,
            "submissions": {"text": 0, "files": FILES_OF_SITE},
        },
        has_groups=True,
    ),
    "feedback": SimpleModule(
        numbers={"anonymous": (1, 2), "multiple_submit": (0, 1)},
        rules={"view": 1, "submit": 1},
        defaults={"anonymous": 1, "multiple_submit": 0, "items": []},
        has_groups=True,
    ),
}


def supports_groups(modname: str) -> bool:
    """Whether Moodle has group modes for activities of this type."""
    return modname not in SIMPLE_MODULES or SIMPLE_MODULES[modname].has_groups


def read_simple_rules(modname: str, rules: DataReader, data: DataReader) -> dict[str, int]:
    """Completion rules as they were sent, all of them."""
    limits = SIMPLE_MODULES[modname].rules
    read = {"tracking": rules.integer("tracking", 0, 2)}
    for name, most in limits.items():
        read[name] = rules.integer(name, 0, most) if rules.has(name) else 0
    if read.get("passgrade"):
        read["grade"] = 1
    if (read["tracking"] == 2) != any(read[name] for name in limits):
        names = ", ".join(limits)
        allowed = f"tracking 0|1 | tracking 2, {names} (one of them > 0)" if names else "tracking 0|1"
        raise data.wrong("completion", allowed)
    return read


def read_simple(modname: str, data: DataReader) -> dict[str, Any]:
    """Own settings as they were sent, those that are there."""
    own: dict[str, Any] = {}
    for name, (least, most) in SIMPLE_MODULES[modname].numbers.items():
        if data.has(name):
            own[name] = data.integer(name, least, most)
    match modname:
        case "page":
            if data.has("content"):
                own["content"] = data.text("content")
        case "url":
            if data.has("externalurl"):
                own["externalurl"] = _web_address(data)
        case "resource":
            own |= {"sha1": data.text("sha1"), "filename": data.text("filename")}
            if not re.fullmatch(r"[0-9a-f]{40}", own["sha1"]):
                raise data.wrong("sha1", "[0-9a-f]{40}")
            if not own["filename"] or _NOT_IN_FILE_NAMES.search(own["filename"]):
                raise plugin_error("badtext", 'Moodle would not keep "filename" as it was sent.')
        case "forum":
            if data.has("type"):
                own["type"] = data.word("type", FORUM_TYPES)
        case "assign":
            if data.has("gradepass"):
                own["gradepass"] = data.number("gradepass", 0, 1000, 5)
            if data.has("submissions"):
                kinds = data.object("submissions")
                own["submissions"] = {
                    "text": kinds.integer("text", 0, 1),
                    "files": kinds.integer("files", 0, 1000),
                }
                kinds.finish()
        case "feedback":
            if data.has("items"):
                own["items"] = _read_questions(data)
    return own


def _web_address(data: DataReader) -> str:
    url = data.text("externalurl")
    parts = urlsplit(url)
    if url != html.unescape(url.strip()) or parts.scheme not in ("http", "https") or " " in url:
        raise data.wrong("externalurl", "https://…")
    return url


def _read_questions(data: DataReader) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for place, item in enumerate(data.objects("items")):
        one: dict[str, Any] = {
            "key": item.text("key"),
            "type": item.word("type", _QUESTION_TYPES),
            "name": item.title("name"),
            "required": item.integer("required", 0, 1) if item.has("required") else 0,
            "options": item.strings("options") if item.has("options") else [],
        }
        item.finish()
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", one["key"]):
            raise plugin_error("badkey", f'The key "{one["key"]}" is not allowed.')
        if any(other["key"] == one["key"] for other in items):
            raise data.wrong(f"items[{place}].key", f"≠ {one['key']}")
        if not _fits(one["type"], one["options"]):
            allowed = {"text": "[]", "number": '["-" | "1", "-" | "9"]'}.get(one["type"], '["…", "…"]')
            raise data.wrong(f"items[{place}].options", allowed)
        for option in one["options"]:
            if not option or option != option.strip() or any(sign in option for sign in _SIGNS):
                raise plugin_error(
                    "badtext", f'Moodle would not keep "items[{place}].options" as it was sent.'
                )
        items.append(one)
    return items


def _fits(kind: str, options: list[str]) -> bool:
    if kind == "text":
        return not options
    if kind == "number":  # its bounds
        return len(options) == 2 and all(re.fullmatch(r"-|[+-]?\d+(\.\d+)?", bound) for bound in options)
    return len(options) > 1


def read_restrictions(data: DataReader) -> dict[str, Any]:
    """Who can open an activity, and when."""
    wanted: dict[str, Any] = {**NO_RESTRICTION}
    for name in ("from", "until"):
        if data.has(name):
            wanted[name] = data.integer(name, 0, FOREVER)
    if wanted["until"] and wanted["until"] <= wanted["from"]:
        raise data.wrong("until", f"> {wanted['from']}")
    if data.has("groups"):
        wanted["groups"] = sorted(set(data.strings("groups")))
    data.finish()
    return wanted
