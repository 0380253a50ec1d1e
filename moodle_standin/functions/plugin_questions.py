"""local_lmssync_upsert_questions."""

from __future__ import annotations

from typing import Any

from moodle_standin.errors import plugin_error
from moodle_standin.functions.registry import serves
from moodle_standin.moodle_xml import Draft, Refusal, read_questions
from moodle_standin.owned_objects import (
    category_fields,
    find_row,
    fingerprint,
    is_unchanged,
    question_fingerprint,
    remember,
    visible_hash,
)
from moodle_standin.plugin_access import enter_to_write, only_draft_file
from moodle_standin.plugin_data import DataReader, check_hash, check_key, decode_object
from moodle_standin.question_bank import find_category, find_entry, may, store_question
from moodle_standin.records import BankEntry, OwnedObject, QuestionCategory
from moodle_standin.site import Call


@serves("local_lmssync_upsert_questions")
def upsert_questions(call: Call, params: dict[str, Any]) -> Any:
    """Stores new questions and new versions of changed ones; one that is refused leaves everything as it
    was.
    """
    site = call.site
    course = enter_to_write(call, params["courseid"], "moodle/question:managecategory", "moodle/question:add")
    category_key = params["categorykey"]
    check_key(category_key)
    name, info, hashes, expected = _read_question_data(params["data"])
    category = find_category(site, course.id, category_key)
    actions: dict[str, str] = {}
    for key, wanted_hash in hashes.items():
        entry = find_entry(site, course.id, key)
        if entry is None:
            is_unchanged(key, "", wanted_hash, expected[key])
            actions[key] = "created"
            continue
        row = find_row(site, course.id, "question", key)
        live = visible_hash(row, entry.id, question_fingerprint(site, entry))
        in_place = category is not None and entry.category == category.id
        if is_unchanged(key, live, wanted_hash, expected[key]) and in_place:
            actions[key] = "unchanged"
            continue
        if row is None or row.objectid != entry.id:
            _require_on(call, entry, "edit")
        if not in_place:
            _require_on(call, entry, "move")
        actions[key] = "updated"
    changed = [key for key, action in actions.items() if action != "unchanged"]
    drafts = _read_question_file(call, params["draftitemid"], changed) if changed else {}

    # From here on nothing may fail.
    if category is None:
        category = QuestionCategory(site.next_id("question_categories"), course.id, name, category_key, info)
        site.question_categories[category.id] = category
        call.record("question_category", "created", id=category.id, key=category_key, course=course.id)
    category.name, category.info = name, info
    live = fingerprint(category_fields(category))
    remember(site, OwnedObject(course.id, "category", category_key, category.id, live, live))
    for key in changed:
        entry = store_question(site, category, drafts[key], find_entry(site, course.id, key), call.user.id)
        entry.category = category.id
        remember(
            site,
            OwnedObject(course.id, "question", key, entry.id, hashes[key], question_fingerprint(site, entry)),
        )
        call.record(
            "question", actions[key], id=entry.id, key=key, course=course.id, version=entry.latest.version
        )
    site.drafts.pop((call.user.id, params["draftitemid"]), None)
    rows = []
    for key, action in actions.items():
        entry = find_entry(site, course.id, key)
        assert entry is not None
        latest = entry.latest
        rows.append(
            {
                "key": key,
                "id": entry.id,
                "questionid": latest.questionid,
                "version": latest.version,
                "action": action,
            }
        )
    counts = {word: list(actions.values()).count(word) for word in ("created", "updated", "unchanged")}
    return {"categoryid": category.id, **counts, "hidden": 0, "questions": rows, "warnings": []}


def _require_on(call: Call, entry: BankEntry, what: str) -> None:
    """A question that is not known as ours, or lies elsewhere, needs the right to it."""
    question = entry.latest.questionid
    if not may(call, what, question):
        whose = "mine" if call.site.questions[question].createdby == call.user.id else "all"
        raise plugin_error(
            "foreignquestion",
            f'The question "{entry.idnumber}" belongs to somebody else, or lies in another question category. '
            f"The account lacks moodle/question:{what}{whose}.",
        )


def _read_question_data(text: str) -> tuple[str, str, dict[str, str], dict[str, str]]:
    data = DataReader(decode_object(text))
    category = data.object("category")
    name = category.title("name")
    info = category.text("info") if category.has("info") else ""
    category.finish()
    hashes: dict[str, str] = {}
    expected: dict[str, str] = {}
    for place, question in enumerate(data.objects("questions")):
        key, value = question.text("key"), question.text("hash")
        expect = question.text("expect") if question.has("expect") else "*"
        question.finish()
        check_key(key)
        check_hash(value)
        if key in hashes:
            raise data.wrong(f"questions[{place}].key", f"≠ {key}")
        hashes[key], expected[key] = value, expect
    data.finish()
    return name, info, hashes, expected


def _read_question_file(call: Call, draftitemid: int, changed: list[str]) -> dict[str, Draft]:
    file = only_draft_file(call, draftitemid)
    try:
        questions = read_questions(file.content, changed)
    except Refusal as refusal:
        if refusal.stage == "parse":
            words = f"{refusal.question}: {refusal.words}".strip(": ")
            raise plugin_error("badquestionfile", f"The question file cannot be used: {words}") from None
        raise plugin_error(
            "questionrefused",
            f'Moodle refused the question "{refusal.question}", so none was stored: {refusal.words}',
        ) from None
    drafts: dict[str, Draft] = {}
    for draft in questions:
        if not draft.idnumber or draft.idnumber in drafts:
            words = f'idnumber "{draft.idnumber}": {draft.name}'
            raise plugin_error("badquestionfile", f"The question file cannot be used: {words}")
        drafts[draft.idnumber] = draft
    missing = [key for key in changed if key not in drafts]
    if missing:
        raise plugin_error("questionmissing", f"The question file lacks: {', '.join(missing)}")
    return drafts
