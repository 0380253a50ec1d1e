"""A course's content as core's functions show it, in the form in which the companion plugin tells it.

What core does not show (texts, slots, questions, most settings) counts as being what the files want, once
the activity that it belongs to is there: a person has followed the hand-over kit.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from math import isclose
from typing import Any, Protocol

from lms_sync.adopt import localized, plain_text
from lms_sync.edition import edition_told
from lms_sync.moodle.errors import AccessRefused, CallRefused
from lms_sync.moodle.functions import CORE_FUNCTIONS
from lms_sync.plan import DesiredObject, Kind
from quizzes.quiz_activity import IMMEDIATELY, WHILE_OPEN

CONTENTS = "core_course_get_contents"
MODULE = "core_course_get_course_module"
GROUPS = "core_group_get_course_groups"
MEMBERS = "core_group_get_group_members"
ENROLLED = "core_enrol_get_enrolled_users"
SCORMS = "mod_scorm_get_scorms_by_courses"
QUIZZES = "mod_quiz_get_quizzes_by_courses"
COMPLETION = "core_completion_get_course_completion_status"
RENAME = "core_update_inplace_editable"

NEEDED = (CONTENTS, MODULE, GROUPS, MEMBERS, ENROLLED, RENAME)
"""What the service must offer beyond the functions that are used with the plugin too."""

FUNCTIONS_WITHOUT_PLUGIN = (
    *(name for name in CORE_FUNCTIONS if not name.startswith("core_files_")),
    *NEEDED,
)
"""All that plan and apply call on a site without the companion plugin (docs/without-plugin.md): no file is sent."""

_PAGE = 500
_QUIZ_FIELDS = (
    "timelimit", "attempts", "grademethod", "grade", "questionsperpage", "preferredbehaviour", "shuffleanswers",
)  # fmt: skip
_REVIEW_BITS = IMMEDIATELY | WHILE_OPEN  # the form greys out the others: no closing date, deferred feedback


class Caller(Protocol):
    """Whatever can call a web service function."""

    def call(
        self, function: str, arguments: Mapping[str, object] | None = None, *, write: bool = False
    ) -> Any:
        """The function's value; raises MoodleError."""


class CoreState:
    """Reads the content of courses; `desired` are all objects that the files want."""

    def __init__(
        self, client: Caller, offered: Collection[str], desired: Iterable[DesiredObject], role: int
    ) -> None:
        self._client = client
        self._offered = offered
        self._desired = list(desired)
        self._role = role

    def read(self, course: str, course_id: int) -> Mapping[str, Any]:
        """The state of a course of ours, as `local_lmssync_get_state` would tell it; raises MoodleError."""
        wanted = {(one.kind, one.key): one for one in self._desired if one.scope == course}
        contents = self._client.call(CONTENTS, {"courseid": course_id})
        ours = [one for (kind, _), one in wanted.items() if kind is Kind.SECTION]
        sections = list(_sections(ours, contents))
        key_of_section = {section["id"]: section["key"] for section in sections}
        activities, keys = self._activities(course, course_id, contents, wanted, key_of_section)
        enrolments = list(self._enrolments(course_id))
        quizzes = {row["key"] for row in activities if row["modname"] == "quiz"}
        return {
            "sections": sections,
            "activities": activities,
            "categories": [
                {"key": key, "id": 0, "fields": dict(one.fields)}
                for (kind, key), one in wanted.items()
                if kind is Kind.QUESTION_CATEGORY and quizzes
            ],
            "questions": [
                {
                    "key": key,
                    "id": 0,
                    "hash": one.hash,
                    "category": "",
                    "status": "",
                    "version": 0,
                    "fields": {},  # core tells nothing of a question
                }
                for (kind, key), one in wanted.items()
                if kind is Kind.QUESTION and quizzes
            ],
            "criteria": self._criteria(course_id, keys, enrolments),
            "groups": list(self._groups(course, course_id)),
            "enrolments": enrolments,
        }

    def _activities(
        self,
        course: str,
        course_id: int,
        contents: Sequence[Mapping[str, Any]],
        wanted: Mapping[tuple[Kind, str], DesiredObject],
        key_of_section: Mapping[int, str],
    ) -> tuple[list[dict[str, Any]], dict[int, str]]:
        """The activities that have an idnumber of ours, and our keys by course module."""
        details = self._details(course_id)
        found: list[dict[str, Any]] = []
        keys: dict[int, str] = {}
        for section in contents:
            for module in section["modules"]:
                told = self._client.call(MODULE, {"cmid": module["id"]})["cm"]
                key = str(told.get("idnumber") or "")
                want = wanted.get((Kind.ACTIVITY, key))
                if not key.startswith(f"{course}/") or want is None or key in keys.values():
                    continue
                keys[int(module["id"])] = key
                fields = {
                    **want.fields,
                    "visible": int(told["visible"]),
                    **_name(want, module["name"]),
                    **_completion(want, told, details.get(int(module["id"]), {})),
                    **_own(want, details.get(int(module["id"]), {})),
                }
                fields.pop("section", None)
                fields.pop("modname", None)
                found.append(
                    {
                        "key": key,
                        "id": int(module["id"]),
                        "modname": module["modname"],
                        "section": key_of_section.get(int(section["id"]), ""),
                        "hash": "",
                        "fields": fields,
                    }
                )
        return found, keys

    def _details(self, course_id: int) -> dict[int, Mapping[str, Any]]:
        """What mod_scorm and mod_quiz tell, by course module."""
        found: dict[int, Mapping[str, Any]] = {}
        for function, name in ((SCORMS, "scorms"), (QUIZZES, "quizzes")):
            if function in self._offered:
                for row in self._client.call(function, {"courseids": [course_id]})[name]:
                    found[int(row["coursemodule"])] = row
        return found

    def _groups(self, course: str, course_id: int) -> Iterator[dict[str, Any]]:
        groups = [
            group
            for group in self._client.call(GROUPS, {"courseid": course_id})
            if str(group["idnumber"]).startswith(f"{course}/")
        ]
        members: dict[int, list[int]] = {}
        if groups:
            for row in self._client.call(MEMBERS, {"groupids": [int(group["id"]) for group in groups]}):
                members[int(row["groupid"])] = [int(user) for user in row["userids"]]
        for group in groups:
            number = int(group["id"])
            yield {
                "id": number,
                "idnumber": group["idnumber"],
                "name": group["name"],
                "members": members.get(number, []),
            }

    def _enrolments(self, course_id: int) -> Iterator[tuple[int, int, str]]:
        """Learners and whether their enrolment is suspended. Core does not tell by which method it was made."""
        try:
            suspended = {int(user["id"]) for user in self._people(course_id, {"onlysuspended": 1})}
        except (AccessRefused, CallRefused):  # the role lacks moodle/course:enrolreview
            suspended = set()
        for user in self._people(course_id, {}):
            if any(int(one["roleid"]) == self._role for one in user.get("roles") or ()):
                yield int(user["id"]), int(int(user["id"]) in suspended), "manual"

    def _people(self, course_id: int, only: Mapping[str, object]) -> Iterator[Mapping[str, Any]]:
        start = 0
        while True:
            options = {**only, "userfields": "id,roles", "limitfrom": start, "limitnumber": _PAGE}
            rows = [{"name": name, "value": str(value)} for name, value in options.items()]
            users = self._client.call(ENROLLED, {"courseid": course_id, "options": rows})
            yield from users
            if not users:
                return
            start += _PAGE

    def _criteria(
        self, course_id: int, keys: Mapping[int, str], enrolments: Sequence[tuple[int, int, str]]
    ) -> dict[str, Any] | None:
        """The activities that the course's completion asks for, as Moodle tells them of one learner."""
        active = next((user for user, suspended, _ in enrolments if not suspended), None)
        if active is None or COMPLETION not in self._offered:
            return None
        try:
            told = self._client.call(COMPLETION, {"courseid": course_id, "userid": active})
        except (AccessRefused, CallRefused):  # no criteria, or not for us to see
            return None
        links = " ".join(str(one["details"]["criteria"]) for one in told["completionstatus"]["completions"])
        cmids = [int(number) for number in re.findall(r"/view\.php\?id=(\d+)", links)]
        return {"hash": "", "activities": [keys.get(cmid, f"cmid:{cmid}") for cmid in cmids]}


def _sections(
    ours: Sequence[DesiredObject], contents: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Our sections by their place on the page: core gives them no key."""
    by_number = {int(section["section"]): section for section in contents}
    for number, want in enumerate(ours, 1):
        section = by_number.get(number)
        if section is None:
            return
        summary = str(section["summary"])
        same = plain_text(summary) == plain_text(str(want.fields["summary"]))
        yield {
            "key": want.key,
            "id": int(section["id"]),
            "number": number,
            "hash": "",
            "fields": {
                **_name(want, section["name"]),
                "summary": want.fields["summary"] if same else summary,
                "visible": int(section["visible"]),
            },
        }


def _name(want: DesiredObject, shown: str) -> dict[str, object]:
    """The name as it is wanted where the site shows it, be it in one of its languages only."""
    wanted = localized(str(want.fields["name"]), "").root
    accepted = {wanted} if isinstance(wanted, str) else set(wanted.values())
    same = shown == want.fields["name"] or plain_text(shown) in accepted
    return {"name": want.fields["name"] if same else shown}


def _completion(
    want: DesiredObject, module: Mapping[str, Any], details: Mapping[str, Any]
) -> dict[str, object]:
    """The completion rules as far as core shows them; a rule that it does not show is as wanted."""
    rules = want.fields.get("completion")
    if not isinstance(rules, Mapping):
        return {}
    seen = dict(rules)
    seen["tracking"] = int(module["completion"])
    if "view" in rules:
        seen["view"] = int(module.get("completionview") or 0)
    if "passgrade" in rules:
        seen["passgrade"] = int(module.get("completionpassgrade") or 0)
    if "status" in rules and "completionstatusrequired" in details:
        seen["status"] = int(details["completionstatusrequired"] or 0)
    return {"completion": seen}


def _own(want: DesiredObject, details: Mapping[str, Any]) -> dict[str, object]:
    if want.fields["modname"] == "scorm" and "sha1hash" in details:
        told = {"edition": edition_told(str(details["version"]))} if details.get("version") else {}
        return {"sha1": details["sha1hash"], **told}
    if want.fields["modname"] == "quiz":
        plain = {name: details[name] for name in _QUIZ_FIELDS if name in details and name in want.fields}
        return plain | _review(want, details) | _slots(want, details)
    return {}


def _review(want: DesiredObject, details: Mapping[str, Any]) -> dict[str, object]:
    """When learners see what of an attempt, as far as a person can set it."""
    wanted = want.fields.get("review")
    if not isinstance(wanted, Mapping):
        return {}
    told = {name: int(details.get(f"review{name}", mask)) for name, mask in wanted.items()}
    same = all((told[name] ^ int(mask)) & _REVIEW_BITS == 0 for name, mask in wanted.items())
    return {} if same else {"review": told}


def _slots(want: DesiredObject, details: Mapping[str, Any]) -> dict[str, object]:
    """Core does not tell the slots, but the sum of their marks: another sum is another quiz."""
    wanted = want.fields.get("slots")
    if not isinstance(wanted, Sequence) or "sumgrades" not in details:
        return {}
    marks = sum(float(slot.get("maxmark", 1)) * int(slot.get("random", 1)) for slot in wanted)
    total = float(details["sumgrades"] or 0)
    return {} if isclose(marks, total, abs_tol=1e-4) else {"slots": f"{total:g} / {marks:g}"}


def section_ids(client: Caller, course_id: int) -> dict[int, int]:
    """Moodle's ids of a course's sections by their number on the page; raises MoodleError."""
    contents = client.call(CONTENTS, {"courseid": course_id})
    return {int(section["section"]): int(section["id"]) for section in contents}


def name_section(client: Caller, section_id: int, name: str) -> None:
    """Gives a section of a course in topics format its name; the same name again changes nothing."""
    arguments = {
        "component": "format_topics",
        "itemtype": "sectionname",
        "itemid": section_id,
        "value": name,
    }
    client.call(RENAME, arguments, write=True)
