"""Says to a Moodle what people see of their certificates: only what changed, found by what the site itself tells.

The site keeps the hash of each document, so that nothing has to be remembered here: a second run sends nothing, a site
that was restored gets what it lost, and who has nothing any more, or was erased, is taken away.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from authoring.course_file import CourseFile
from authoring.languages import LocalizedText
from authoring.problems import ContentError
from authoring.read_yaml import load_model, read_yaml
from lms_sync.course_outlines import course_outlines

_PEOPLE_A_CALL = 100
_BYTES_A_CALL = 1_000_000
_LISTED_A_CALL = 5000
NOTHING = hashlib.sha256(b"").hexdigest()
"""The hash of no document at all."""


class Caller(Protocol):
    """What this needs of a Moodle client."""

    def call(
        self, function: str, arguments: Mapping[str, object] | None = None, *, write: bool = False
    ) -> Any:
        """Calls a web service function; its value. Raises MoodleError."""


@dataclass(frozen=True)
class Pushed:
    """Numbers of people: told anew or otherwise, as it was, taken away, and without an account any more."""

    set: int
    unchanged: int
    removed: int
    unknown: int


def push_profiles(client: Caller, documents: Mapping[int, Mapping[str, Any]], *, issuer_did: str) -> Pushed:
    """Brings the profiles of a site to these documents, by user id. Raises MoodleError.

    Only what this issuer has told is looked at and changed: another academy on the same Moodle keeps its own.
    """
    source = hashlib.sha256(issuer_did.encode("utf-8")).hexdigest()[:32]
    there = _told(client, source)
    texts = {
        user: json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        for user, document in documents.items()
    }
    hashes = {user: hashlib.sha256(said.encode("utf-8")).hexdigest() for user, said in texts.items()}
    rows: list[dict[str, object]] = [
        {"userid": user, "hash": made, "data": texts[user]}
        for user, made in sorted(hashes.items())
        if there.get(user) != made
    ]
    rows += [{"userid": user, "hash": NOTHING, "data": ""} for user in sorted(set(there) - set(documents))]
    done: Counter[str] = Counter()
    for some in _batches(rows):
        answer = client.call("local_lmssync_set_certificates", {"source": source, "people": some}, write=True)
        done.update(one["action"] for one in answer["people"])
    same = sum(there.get(user) == made for user, made in hashes.items())
    return Pushed(done["set"], same + done["unchanged"], done["removed"], done["unknown"])


def _told(client: Caller, source: str) -> dict[int, str]:
    """Of whom the site has a document of ours, with its hash."""
    found: dict[int, str] = {}
    while True:
        question = {"source": source, "after": max(found, default=0), "limit": _LISTED_A_CALL}
        answer = client.call("local_lmssync_get_certificates", question)
        found.update((int(one["userid"]), str(one["hash"])) for one in answer["people"])
        if not answer["more"] or not answer["people"]:
            return found


def _batches(rows: list[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    some: list[dict[str, object]] = []
    size = 0
    for row in rows:
        length = len(str(row["data"]).encode("utf-8"))
        if some and (len(some) == _PEOPLE_A_CALL or size + length > _BYTES_A_CALL):
            yield some
            some, size = [], 0
        some.append(row)
        size += length
    if some:
        yield some


def titles_of_courses(folder: Path, site: str) -> tuple[dict[str, LocalizedText], dict[str, LocalizedText]]:
    """What courses, and activities of the academy's own, are called, by their keys. What cannot be read has no name."""
    try:
        courses = {course.key: course.title for course in course_outlines(folder, site)}
    except ContentError:
        courses = {}
    activities: dict[str, LocalizedText] = {}
    for path in sorted((folder / "courses").glob("*/course.yaml")):
        try:
            course = load_model(read_yaml(path, root=folder), CourseFile)
        except ContentError:
            continue
        for section in course.sections:
            activities.update((f"{course.id}/{one.id}", one.title) for one in section.activities)
    return courses, activities
