"""What a push says of an activity: every setting and rule in the form that the companion plugin demands."""

from __future__ import annotations

import re
from typing import Any

from moodle_standin.owned_objects import QUIZ_NUMBERS, SCORM_NUMBERS, merge_slots
from moodle_standin.plugin_data import DataReader, decode_object
from moodle_standin.records import REVIEW_FIELDS
from moodle_standin.simple_modules import (
    FOREVER,
    SIMPLE_MODULES,
    read_restrictions,
    read_simple,
    read_simple_rules,
    supports_groups,
)

REVIEW_BITS = 0x11110
DURING = 0x10000
BEHAVIOURS = ("adaptive", "adaptivenopenalty", "deferredcbm", "deferredfeedback", "immediatecbm",
              "immediatefeedback", "interactive")  # fmt: skip


def read_activity(modname: str, text: str) -> dict[str, Any]:
    """Reads and checks the JSON of a push: common fields, completion rules, what losses are accepted, own
    settings.
    """
    data = DataReader(decode_object(text))
    wanted: dict[str, Any] = {
        "name": data.title("name"),
        "intro": data.text("intro") if data.has("intro") else None,
        "visible": data.integer("visible", 0, 1) if data.has("visible") else None,
        "available": None,
        "groupmode": None,
        "expected": None,
        "completion": None,
        "accept": data.strings("accept") if data.has("accept") else [],
        "own": {},
    }
    if data.has("available"):
        wanted["available"] = read_restrictions(data.object("available"))
    if data.has("groupmode"):
        wanted["groupmode"] = data.integer("groupmode", 0, 2 if supports_groups(modname) else 0)
    if data.has("expected"):
        wanted["expected"] = data.integer("expected", 0, FOREVER)
    if data.has("completion"):
        rules = data.object("completion")
        if modname in SIMPLE_MODULES:
            wanted["completion"] = read_simple_rules(modname, rules, data)
        else:
            read = _read_scorm_rules if modname == "scorm" else _read_quiz_rules
            wanted["completion"] = read(rules, data)
        rules.finish()
    if modname in SIMPLE_MODULES:
        wanted["own"] = read_simple(modname, data)
        data.finish()
        return wanted
    own = wanted["own"]
    for name, most in (SCORM_NUMBERS if modname == "scorm" else QUIZ_NUMBERS).items():
        if data.has(name):
            least = 1 if (modname, name) == ("quiz", "grademethod") else 0
            own[name] = data.integer(name, least, most)
    if modname == "scorm":
        if data.has("maxgrade"):
            own["maxgrade"] = data.number("maxgrade", 0, 100, 5)
        own["sha1"] = data.text("sha1")
        if not re.fullmatch(r"[0-9a-f]{40}", own["sha1"]):
            raise data.wrong("sha1", "[0-9a-f]{40}")
    else:
        _read_quiz(data, own)
    data.finish()
    return wanted


def _read_scorm_rules(rules: DataReader, data: DataReader) -> dict[str, int]:
    read = {
        "tracking": rules.integer("tracking", 0, 2),
        "status": rules.integer("status", 0, 6) if rules.has("status") else 0,
        "view": rules.integer("view", 0, 1) if rules.has("view") else 0,
    }
    has_rule = bool(read["status"] or read["view"])
    if read["tracking"] == 1 or read["status"] % 2 or (read["tracking"] == 2) != has_rule:
        raise data.wrong(
            "completion", "tracking 0 | tracking 2, status 0|2|4|6, view 0|1 (status + view > 0)"
        )
    return read


def _read_quiz_rules(rules: DataReader, data: DataReader) -> dict[str, int]:
    read = {
        "tracking": rules.integer("tracking", 0, 2),
        "passgrade": rules.integer("passgrade", 0, 1) if rules.has("passgrade") else 0,
        "view": rules.integer("view", 0, 1) if rules.has("view") else 0,
    }
    if rules.has("grade") and rules.integer("grade", 0, 1) and not read["passgrade"]:
        read["grade"] = 1
    has_rule = bool(read["passgrade"] or read["view"] or "grade" in read)
    if read["tracking"] == 1 or (read["tracking"] == 2) != has_rule:
        raise data.wrong(
            "completion", "tracking 0 | tracking 2, passgrade 0|1, view 0|1, grade 0|1 (one of them 1)"
        )
    return read


def _read_quiz(data: DataReader, own: dict[str, Any]) -> None:
    for name, least in (("grade", 0.00001), ("gradepass", 0.0)):
        if data.has(name):
            own[name] = data.number(name, least, 99999, 5)
    if data.has("preferredbehaviour"):
        own["preferredbehaviour"] = data.word("preferredbehaviour", BEHAVIOURS)
    if data.has("review"):
        review = data.object("review")
        own["review"] = {}
        for name in REVIEW_FIELDS:
            if not review.has(name):
                continue
            mask = review.integer(name, 0, REVIEW_BITS)
            forbidden = ~REVIEW_BITS | (DURING if name == "overallfeedback" else 0)
            if mask & forbidden or (name == "attempt" and not mask & DURING):
                raise review.wrong(name, "0x10000|0x01000|0x00100|0x00010")
            own["review"][name] = mask
        review.finish()
    if data.has("slots"):
        own["slots"] = merge_slots(_read_slots(data))
    if data.has("sections"):
        own["sections"] = _read_sections(data)


def _read_sections(data: DataReader) -> list[dict[str, Any]]:
    sections: list[dict[str, Any]] = []
    for place, section in enumerate(data.objects("sections")):
        least, most = (sections[-1]["first"] + 1, 10000) if place else (1, 1)
        first, heading = section.integer("first", least, most), section.text("heading")
        if heading:
            section.title("heading", 1333)
        sections.append({"first": first, "heading": heading, "shuffle": section.integer("shuffle", 0, 1)})
        section.finish()
    one_part = sections == [{"first": 1, "heading": "", "shuffle": 0}]
    return [] if one_part else sections


def _read_slots(data: DataReader) -> list[dict[str, Any]]:
    slots: list[dict[str, Any]] = []
    for place, slot in enumerate(data.objects("slots")):
        if slot.has("question"):
            item: dict[str, Any] = {"question": slot.text("question")}
            if any(s.get("question") == item["question"] for s in slots):
                raise data.wrong(f"slots[{place}].question", f"≠ {item['question']}")
        else:
            tags = slot.strings("tags") if slot.has("tags") else []
            item = {
                "random": slot.integer("random", 1, 1000),
                "category": slot.text("category"),
                "tags": [" ".join(tag.split()).lower() for tag in tags],
            }
        item["maxmark"] = slot.number("maxmark", 0, 10000, 7) if slot.has("maxmark") else 1.0
        slot.finish()
        slots.append(item)
    return slots
