"""Questions that were edited in Moodle and come back into the files: read from the site, and settled with it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from lms_sync.academy import Academy
from lms_sync.drift import Applied, Id
from lms_sync.moodle.observe import Caller
from lms_sync.moodle.read_questions import read_questions
from lms_sync.plan import Kind
from lms_sync.push import Prepared
from quizzes import build_bank


def edited_questions(client: Caller, prepared: Prepared) -> dict[tuple[str, str], str]:
    """The Moodle XML of every question that was edited, by course and key; raises MoodleError."""
    edited: dict[str, set[str]] = {}
    for one in prepared.judged.drift:
        if one.kind is Kind.QUESTION and not one.deleted:
            edited.setdefault(one.scope, set()).add(one.key)
    return {
        (course, question.key): question.xml
        for course, keys in edited.items()
        for question in read_questions(client, prepared.observation.course_ids[course])
        if question.key in keys
    }


def tell_site_of_questions(
    client: Caller,
    academy: Academy,
    prepared: Prepared,
    taken: Mapping[Id, Mapping[str, object]],
    multilang: bool,
) -> dict[Id, Applied]:
    """Tells the site that questions are as the files say now, so that none of them gets a new version.

    `academy` is what was written. What counts as applied to them from now on. Raises MoodleError.
    """
    identities = [one for one in taken if one[0] is Kind.QUESTION]
    if not identities:
        return {}
    hashes = {
        question.key: question.hash
        for quiz in academy.quizzes.values()
        if any(key.startswith(f"{quiz.id}:") for _, _, key in identities)
        for question in build_bank(quiz, multilang=multilang).questions
    }
    seen = {(one.kind, one.scope, one.key): one for one in prepared.observation.objects}
    for course in dict.fromkeys(scope for _, scope, _ in identities):
        rows = [
            {"id": seen[one].id, "key": one[2], "hash": hashes[one[2]]}
            for one in identities
            if one[1] == course
        ]
        arguments = {
            "courseid": prepared.observation.course_ids[course],
            "data": json.dumps({"question": rows}, ensure_ascii=False),
        }
        client.call("local_lmssync_give_keys", arguments, write=True)
    return {one: Applied(dict(seen[one].fields), hashes[one[2]]) for one in identities}
