"""local_lmssync: writing sections, activities, questions and criteria by key, hash and expectation."""

from __future__ import annotations

import re
from typing import Any

from moodle_standin.completion import (
    delete_course_completions,
    has_completion_records,
    overall_state,
    review_course,
    rule_states,
    set_state,
)
from moodle_standin.errors import MoodleError, plugin_error
from moodle_standin.functions.courses import add_module, add_section
from moodle_standin.functions.plugin_reading import package_of, users_with_attempts
from moodle_standin.functions.registry import serves
from moodle_standin.owned_objects import (
    CRITERIA_KEY,
    QUIZ_NUMBERS,
    SCORM_NUMBERS,
    activity_fields,
    activity_fingerprint,
    category_fields,
    criteria_fields,
    criteria_fingerprint,
    criteria_losses,
    find_activity,
    find_row,
    fingerprint,
    is_unchanged,
    live_slots,
    merge_slots,
    our_sections,
    question_fingerprint,
    remember,
    section_fingerprint,
    visible_hash,
)
from moodle_standin.plugin_data import DataReader, check_hash, check_key, decode_object
from moodle_standin.question_bank import (
    Draft,
    Refusal,
    drawable,
    find_category,
    find_entry,
    read_questions,
    store_question,
)
from moodle_standin.quiz_attempts import has_attempts, write_grade
from moodle_standin.records import (
    REVIEW_FIELDS,
    Course,
    CourseModule,
    GradeItem,
    OwnedObject,
    QuestionCategory,
    Quiz,
    Scorm,
    Section,
    Slot,
    StoredFile,
)
from moodle_standin.scorm import Reading, manifest_of, read_manifest, store_package
from moodle_standin.site import Call, Site, sha1

REVIEW_BITS = 0x11110
DURING = 0x10000
BEHAVIOURS = ("adaptive", "adaptivenopenalty", "deferredcbm", "deferredfeedback", "immediatecbm",
              "immediatefeedback", "interactive")  # fmt: skip


def _enter(call: Call, course_id: int, *capabilities: str) -> Course:
    course = call.site.require_course_access(call.user, course_id)
    for capability in ("local/lmssync:push", *capabilities):
        call.require(capability, course.id)
    return course


def _only_draft_file(call: Call, itemid: int) -> StoredFile:
    """The one file of the caller's draft area; another account's area looks empty."""
    if itemid <= 0:
        raise plugin_error("nofile", "A file is needed: upload it and name its draft area.")
    files = call.site.drafts.get((call.user.id, itemid), [])
    if len(files) != 1:
        raise plugin_error(
            "baddraft",
            f"The upload area {itemid} holds {len(files)} files instead of one. "
            "It must have been filled with the same account's token.",
        )
    return files[0]


# --- sections


@serves("local_lmssync_upsert_section")
def upsert_section(call: Call, params: dict[str, Any]) -> Any:
    """Creates or changes a section; its place counts among the sections that were pushed."""
    site = call.site
    course = _enter(call, params["courseid"], "moodle/course:update")
    key, wanted_hash = params["key"], params["hash"]
    check_key(key)
    check_hash(wanted_hash)
    data = DataReader(decode_object(params["data"]))
    name = data.title("name")
    summary = data.text("summary") if data.has("summary") else None
    visible = data.integer("visible", 0, 1) if data.has("visible") else None
    position = data.integer("position", 1, 1000) if data.has("position") else None
    data.finish()
    if visible is not None:
        call.require("moodle/course:sectionvisibility", course.id)
    if position is not None:
        call.require("moodle/course:movesections", course.id)

    ours = our_sections(site, course)
    found = next(((row, section) for row, section in ours if row.key == key), None)
    live = visible_hash(found[0], found[1].id, section_fingerprint(found[1])) if found else ""
    unchanged = is_unchanged(key, live, wanted_hash, params["expect"])
    if found is not None and unchanged and _rank_is(ours, key, position):
        return {"id": found[1].id, "action": "unchanged", "hash": wanted_hash, "warnings": []}
    section = found[1] if found else _create_section(site, course, ours, position)
    if not unchanged:
        section.name = name
        if summary is not None:
            section.summary = summary
        if visible is not None:
            section.visible = visible
    if found is not None and position is not None:
        _move_section(course, ours, section, position)
    remember(
        site, OwnedObject(course.id, "section", key, section.id, wanted_hash, section_fingerprint(section))
    )
    action = "updated" if found else "created"
    call.record("section", action, id=section.id, key=key, course=course.id)
    return {"id": section.id, "action": action, "hash": wanted_hash, "warnings": []}


_Sections = list[tuple[OwnedObject, Section]]


def _rank_is(ours: _Sections, key: str, position: int | None) -> bool:
    keys = [row.key for row, _ in ours]
    return position is None or keys.index(key) + 1 == max(1, min(position, len(keys)))


def _create_section(site: Site, course: Course, ours: _Sections, position: int | None) -> Section:
    if not ours:
        return add_section(site, course)
    numbers = [course.sections.index(section.id) for _, section in ours]
    if position == 1:
        return add_section(site, course, max(1, numbers[0]))
    before = min((position or len(ours) + 1) - 1, len(ours))
    return add_section(site, course, numbers[before - 1] + 1)


def _move_section(course: Course, ours: _Sections, section: Section, position: int) -> None:
    ids = [s.id for _, s in ours]
    position = max(1, min(position, len(ids)))
    rank = ids.index(section.id) + 1
    if rank == position:
        return
    there = course.sections.index(ids[position - 1])
    course.sections.remove(section.id)
    course.sections.insert(there, section.id)


# --- activities


@serves("local_lmssync_upsert_activity")
def upsert_activity(call: Call, params: dict[str, Any]) -> Any:
    """Creates or changes a SCORM activity or a quiz, found by idnumber. Everything is checked before anything moves."""
    site = call.site
    course = _enter(call, params["courseid"], "moodle/course:manageactivities")
    key, wanted_hash, modname = params["key"], params["hash"], params["modname"]
    check_key(key)
    check_hash(wanted_hash)
    if modname not in ("scorm", "quiz"):
        raise plugin_error("unknownmodule", f'Activities of the type "{modname}" cannot be pushed.')
    wanted = _read_activity(modname, params["data"])
    module = find_activity(site, course, key)
    if module is not None and module.modname != modname:
        raise plugin_error(
            "wrongmodule", f'The activity "{key}" is of the type {module.modname}, not {modname}.'
        )
    live = ""
    if module is not None:
        row = find_row(site, course.id, "activity", key)
        live = visible_hash(row, module.id, activity_fingerprint(site, module))
    if is_unchanged(key, live, wanted_hash, params["expect"]) and module is not None:
        site.drafts.pop((call.user.id, params["draftitemid"]), None)
        return _activity_answer(site, module, "unchanged", wanted_hash)
    section_id = _target_section(site, course, params["sectionkey"])
    package: tuple[StoredFile, Reading] | None = None
    slots: list[Slot] | None = None
    if modname == "scorm":
        package = _check_package(call, module, wanted, params["draftitemid"])
    else:
        slots = _check_quiz(site, course, module, wanted)
    rules = _rules_to_set(site, course, module, wanted)
    if module is None:
        call.require(f"mod/{modname}:addinstance", course.id)
    elif wanted["visible"] is not None and wanted["visible"] != module.visible:
        call.require("moodle/course:activityvisibility", course.id)
    if slots is not None:
        call.require("mod/quiz:manage", course.id)

    # From here on nothing may fail.
    action = "created" if module is None else "updated"
    if module is None:
        module = _create_module(site, course, section_id, modname)
    module.idnumber = key
    if module.section != section_id:
        site.sections[module.section].sequence.remove(module.id)
        site.sections[section_id].sequence.append(module.id)
        module.section = section_id
    if wanted["visible"] is not None:
        module.visible = wanted["visible"]
    if modname == "scorm":
        _fill_scorm(call, module, wanted, package)
    else:
        _fill_quiz(call, module, wanted, slots)
    if rules is not None:
        _set_rules(call, module, rules)
    remember(
        site,
        OwnedObject(course.id, "activity", key, module.id, wanted_hash, activity_fingerprint(site, module)),
    )
    site.drafts.pop((call.user.id, params["draftitemid"]), None)
    call.record(
        "activity",
        action,
        id=module.id,
        key=key,
        course=course.id,
        modname=modname,
        package=package is not None,
    )
    return _activity_answer(site, module, action, wanted_hash)


def _activity_answer(site: Site, module: CourseModule, action: str, wanted_hash: str) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": module.id,
        "action": action,
        "hash": wanted_hash,
        "instance": module.instance,
        "warnings": [],
    }
    if module.modname == "scorm":
        answer["package"] = package_of(site, module)
    return answer


def _read_activity(modname: str, text: str) -> dict[str, Any]:
    data = DataReader(decode_object(text))
    wanted: dict[str, Any] = {
        "name": data.title("name"),
        "intro": data.text("intro") if data.has("intro") else None,
        "visible": data.integer("visible", 0, 1) if data.has("visible") else None,
        "completion": None,
        "accept": data.strings("accept") if data.has("accept") else [],
        "own": {},
    }
    if data.has("completion"):
        rules = data.object("completion")
        read = _read_scorm_rules if modname == "scorm" else _read_quiz_rules
        wanted["completion"] = read(rules, data)
        rules.finish()
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


def _target_section(site: Site, course: Course, key: str) -> int:
    if not key:
        return course.sections[0]
    for row, section in our_sections(site, course):
        if row.key == key:
            return section.id
    raise plugin_error("nosection", f'There is no section with the key "{key}" in this course.')


def _check_package(
    call: Call, module: CourseModule | None, wanted: dict[str, Any], draftitemid: int
) -> tuple[StoredFile, Reading] | None:
    """The package to store, read and found alive; None when the stored one is the wanted one."""
    site = call.site
    if module is not None and site.scorms[module.instance].sha1hash == wanted["own"]["sha1"]:
        return None
    file = _only_draft_file(call, draftitemid)
    found = sha1(file.content)
    if found != wanted["own"]["sha1"]:
        raise plugin_error(
            "wrongpackage",
            "The uploaded file is not the package that was announced: "
            f"SHA-1 {found} instead of {wanted['own']['sha1']}.",
        )
    try:
        reading = read_manifest(manifest_of(file.content))
    except MoodleError as error:
        if error.errorcode != "badpackage":
            raise
        raise plugin_error("deadpackage", _dead(error.message)) from None
    if not re.fullmatch(r"SCORM_1\.[23]", reading.version) or reading.launch is None:
        words = " ".join(re.sub(r"<[^>]*>", " ", " ".join(reading.printed)).split())
        raise plugin_error("deadpackage", _dead(words))
    return file, reading


def _dead(words: str) -> str:
    return f"Moodle cannot launch this package, so nothing was changed. {words}".strip()


def _check_quiz(
    site: Site, course: Course, module: CourseModule | None, wanted: dict[str, Any]
) -> list[Slot] | None:
    """The slots to store; None when they are the live ones or nothing was said of them."""
    own = wanted["own"]
    quiz = site.quizzes[module.instance] if module else None
    item = site.grade_item_of("quiz", quiz.id) if quiz else None
    grade = own.get("grade", quiz.grade if quiz else 10.0)
    gradepass = own.get("gradepass", item.gradepass if item else 0.0)
    if gradepass > grade:
        raise plugin_error("datavalue", f'The value of "gradepass" is not allowed. Allowed: 0 … {grade}')
    if "slots" not in own:
        return None
    slots = _resolve_slots(site, course, own["slots"])
    if quiz is not None and live_slots(site, quiz) == own["slots"]:
        return None
    if quiz is not None and has_attempts(site, quiz.id) and module and "slots" not in wanted["accept"]:
        users = users_with_attempts(site, module)
        raise plugin_error(
            "quizhasattempts",
            f'The slots of the quiz "{module.idnumber}" differ, and {users} learners have attempts.',
        )
    return slots


def _resolve_slots(site: Site, course: Course, wanted: list[dict[str, Any]]) -> list[Slot]:
    slots: list[Slot] = []
    fixed: set[int] = set()
    for item in wanted:
        if "question" in item:
            entry = find_entry(site, course.id, item["question"])
            if entry is None or not any(v.status == "ready" for v in entry.versions):
                raise plugin_error(
                    "unknownquestion",
                    f'There is no question with the key "{item["question"]}" in this course that is ready for use.',
                )
            fixed.add(entry.id)
    drawn: dict[tuple[int, tuple[str, ...]], int] = {}
    for item in wanted:
        if "question" in item:
            found = find_entry(site, course.id, item["question"])
            slots.append(Slot(site.next_id("quiz_slots"), item["maxmark"], entry=found.id if found else 0))
            continue
        category = find_category(site, course.id, item["category"])
        if category is None:
            raise plugin_error(
                "unknowncategory",
                f'There is no question category with the key "{item["category"]}" in this course.',
            )
        tags = tuple(item["tags"])
        for tag in tags:
            if tag.casefold() not in site.tags:
                raise plugin_error("unknowntag", f'No question on this site carries the tag "{tag}".')
        supply = len([e for e in drawable(site, category.id, tags) if e.id not in fixed])
        drawn[category.id, tags] = drawn.get((category.id, tags), 0) + item["random"]
        if drawn[category.id, tags] > supply:
            raise plugin_error(
                "notenoughquestions",
                f'Of {item["random"]} random questions from "{item["category"]}" (tags: {", ".join(tags)}) '
                f"only {supply} are there; nobody could start this quiz.",
            )
        slots += [
            Slot(site.next_id("quiz_slots"), item["maxmark"], category=category.id, tags=tags)
            for _ in range(item["random"])
        ]
    return slots


def _rules_to_set(
    site: Site, course: Course, module: CourseModule | None, wanted: dict[str, Any]
) -> dict[str, int] | None:
    rules: dict[str, int] | None = wanted["completion"]
    if module is None:
        rules = rules or {"tracking": 0}
    elif rules is None or rules == activity_fields(site, module)["completion"]:
        return None
    if rules["tracking"] and not course.enablecompletion:
        raise plugin_error(
            "nocompletion",
            "Completion rules cannot be set: completion tracking is off for the course or for the site.",
        )
    if module is not None:
        records = sum(
            row.state != 0 for (cmid, _), row in site.activity_completions.items() if cmid == module.id
        )
        if module.id in site.criteria.get(course.id, []):
            records = max(records, criteria_losses(site, course.id))
        if records and "completion" not in wanted["accept"]:
            raise plugin_error(
                "completionlocked",
                f'The completion rules of "{module.idnumber}" differ, and {records} learners have records '
                "that a change would delete or date anew.",
            )
    return rules


def _create_module(site: Site, course: Course, section_id: int, modname: str) -> CourseModule:
    instance = site.next_id(modname)
    if modname == "scorm":
        site.scorms[instance] = Scorm(instance, course.id, "")
    else:
        site.quizzes[instance] = Quiz(
            instance,
            course.id,
            "",
            review={
                name: REVIEW_BITS & ~DURING if name == "overallfeedback" else REVIEW_BITS
                for name in REVIEW_FIELDS
            },
            timecreated=site.now(),
        )
    item = GradeItem(
        site.next_id("grade_items"),
        course.id,
        "mod",
        modname,
        instance,
        100.0 if modname == "scorm" else 10.0,
    )
    site.grade_items[item.id] = item
    return add_module(site, course, section_id, modname, instance)


def _fill_scorm(
    call: Call, module: CourseModule, wanted: dict[str, Any], package: tuple[StoredFile, Reading] | None
) -> None:
    site = call.site
    scorm = site.scorms[module.instance]
    scorm.name = wanted["name"]
    if wanted["intro"] is not None:
        scorm.intro = wanted["intro"]
    for name, value in wanted["own"].items():
        if name != "sha1":
            setattr(scorm, name, value)
    item = site.grade_item_of("scorm", scorm.id)
    if item is not None:
        item.grademax = scorm.maxgrade
    if package is not None:
        store_package(call, scorm, *package)


def _fill_quiz(call: Call, module: CourseModule, wanted: dict[str, Any], slots: list[Slot] | None) -> None:
    site = call.site
    quiz = site.quizzes[module.instance]
    own = wanted["own"]
    quiz.name = wanted["name"]
    if wanted["intro"] is not None:
        quiz.intro = wanted["intro"]
    for name in (*QUIZ_NUMBERS, "preferredbehaviour", "grade"):
        if name in own:
            setattr(quiz, name, own[name])
    quiz.review |= own.get("review", {})
    item = site.grade_item_of("quiz", quiz.id)
    if item is not None:
        item.grademax = quiz.grade
        item.gradepass = own.get("gradepass", item.gradepass)
    if slots is not None:
        quiz.slots = slots
        quiz.sumgrades = sum(slot.maxmark for slot in slots)
        for preview in [a.id for a in site.quiz_attempts.values() if a.quiz == quiz.id and a.preview]:
            del site.quiz_attempts[preview]
        for user_id in {a.userid for a in site.quiz_attempts.values() if a.quiz == quiz.id}:
            write_grade(call, quiz, user_id)
    quiz.timemodified = site.now()


def _set_rules(call: Call, module: CourseModule, rules: dict[str, int]) -> None:
    """Writes completion rules. With records, Moodle deletes them and works them out again with today's date."""
    site = call.site
    had_records = has_completion_records(site, module.id)
    module.completion = rules["tracking"]
    module.completionview = rules.get("view", 0)
    graded = bool(rules.get("passgrade") or rules.get("grade"))
    module.completiongradeitemnumber = 0 if graded else None
    module.completionpassgrade = rules.get("passgrade", 0)
    if module.modname == "scorm":
        scorm = site.scorms[module.instance]
        scorm.completionstatusrequired = rules.get("status") or None
    if not had_records:
        return
    users = [user for cmid, user in site.activity_completions if cmid == module.id]
    for user_id in users:
        del site.activity_completions[module.id, user_id]
    if module.id in site.criteria.get(module.course, []):
        delete_course_completions(site, module.course)
        call.record("course_completion", "delete_all", course=module.course)
    for user_id in users:
        state = overall_state(rule_states(site, module, user_id))
        if module.completion == 2:
            set_state(call, module, user_id, state, None)


# --- questions


@serves("local_lmssync_upsert_questions")
def upsert_questions(call: Call, params: dict[str, Any]) -> Any:
    """Stores new questions and new versions of changed ones; one that is refused leaves everything as it was."""
    site = call.site
    course = _enter(call, params["courseid"], "moodle/question:managecategory", "moodle/question:add")
    category_key = params["categorykey"]
    check_key(category_key)
    name, info, hashes = _read_question_data(params["data"])
    category = find_category(site, course.id, category_key)
    actions: dict[str, str] = {}
    for key, wanted_hash in hashes.items():
        entry = find_entry(site, course.id, key)
        if entry is None:
            actions[key] = "created"
            continue
        row = find_row(site, course.id, "question", key)
        live = visible_hash(row, entry.id, question_fingerprint(site, entry))
        in_place = category is not None and entry.category == category.id
        actions[key] = "unchanged" if live == wanted_hash and in_place else "updated"
    changed = [key for key, action in actions.items() if action != "unchanged"]
    drafts = _read_question_file(call, params["draftitemid"], changed) if changed else {}

    # From here on nothing may fail.
    if category is None:
        category = QuestionCategory(site.next_id("question_categories"), course.id, name, category_key, info)
        site.question_categories[category.id] = category
    category.name, category.info = name, info
    live = fingerprint(category_fields(category))
    remember(site, OwnedObject(course.id, "category", category_key, category.id, live, live))
    for key in changed:
        entry = store_question(site, category, drafts[key], find_entry(site, course.id, key))
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


def _read_question_data(text: str) -> tuple[str, str, dict[str, str]]:
    data = DataReader(decode_object(text))
    category = data.object("category")
    name = category.title("name")
    info = category.text("info") if category.has("info") else ""
    category.finish()
    hashes: dict[str, str] = {}
    for place, question in enumerate(data.objects("questions")):
        key, value = question.text("key"), question.text("hash")
        question.finish()
        check_key(key)
        check_hash(value)
        if key in hashes:
            raise data.wrong(f"questions[{place}].key", f"≠ {key}")
        hashes[key] = value
    data.finish()
    return name, info, hashes


def _read_question_file(call: Call, draftitemid: int, changed: list[str]) -> dict[str, Draft]:
    file = _only_draft_file(call, draftitemid)
    try:
        questions = read_questions(file.content)
    except Refusal as refusal:
        if refusal.stage == "parse" or refusal.question not in changed:
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


# --- criteria


@serves("local_lmssync_set_criteria")
def set_criteria(call: Call, params: dict[str, Any]) -> Any:
    """Sets the completion criteria of a course; equal ones are not touched, records are lost only when accepted."""
    site = call.site
    course = _enter(call, params["courseid"], "moodle/course:update")
    wanted_hash = params["hash"]
    check_hash(wanted_hash)
    data = DataReader(decode_object(params["data"]))
    keys = list(dict.fromkeys(data.strings("activities")))
    aggregation = data.word("aggregation", ("all", "any")) if data.has("aggregation") else "all"
    accept = data.strings("accept") if data.has("accept") else []
    data.finish()
    row = find_row(site, course.id, "criteria", CRITERIA_KEY)
    before = criteria_fields(site, course, {})
    live = ""
    if row is not None or before["activities"]:
        live = visible_hash(row, course.id, criteria_fingerprint(site, course))
    if is_unchanged(CRITERIA_KEY, live, wanted_hash, params["expect"]):
        return {"id": course.id, "action": "unchanged", "hash": wanted_hash, "warnings": []}
    cmids = [_tracked(site, course, key) for key in keys]
    wanted = {"activities": sorted(f"cmid:{c}" for c in cmids), "aggregation": aggregation}
    if wanted["activities"] != before["activities"] or (cmids and aggregation != before["aggregation"]):
        losses = criteria_losses(site, course.id)
        if losses and "criteria" not in accept:
            raise plugin_error(
                "criterialocked",
                "The completion criteria of the course differ, and setting them would delete the course "
                f"completions of {losses} learners.",
            )
        if losses:
            delete_course_completions(site, course.id)
            call.record("course_completion", "delete_all", course=course.id)
        site.criteria[course.id] = cmids
        site.criteria_aggregation[course.id] = aggregation
        for user_id in site.enrolments[course.id]:
            review_course(call, course.id, user_id)
    remember(
        site,
        OwnedObject(
            course.id, "criteria", CRITERIA_KEY, course.id, wanted_hash, criteria_fingerprint(site, course)
        ),
    )
    action = "updated" if live else "created"
    call.record("criteria", action, course=course.id, activities=keys)
    return {"id": course.id, "action": action, "hash": wanted_hash, "warnings": []}


def _tracked(site: Site, course: Course, key: str) -> int:
    module = find_activity(site, course, key)
    if module is None:
        raise plugin_error("unknownactivity", f'There is no activity with the key "{key}" in this course.')
    if not module.completion or not course.enablecompletion:
        raise plugin_error(
            "activitynottracked",
            f'The activity "{key}" cannot be a criterion of the course: completion tracking is off for it or for the '
            "course.",
        )
    return module.id
