"""local_lmssync_upsert_activity: activities of every type that can be pushed."""

from __future__ import annotations

import re
from typing import Any

from moodle_standin.change_log import note
from moodle_standin.completion import (
    delete_course_completions,
    has_completion_records,
    overall_state,
    rule_states,
    set_maximum,
    set_state,
)
from moodle_standin.course_records import add_module
from moodle_standin.errors import MoodleError, plugin_error
from moodle_standin.functions.plugin_simple_activities import check_simple, create_simple, fill_simple
from moodle_standin.functions.plugin_state import package_of, users_by_item, users_with_attempts
from moodle_standin.functions.registry import serves
from moodle_standin.owned_objects import (
    QUIZ_NUMBERS,
    activity_fields,
    activity_fingerprint,
    criteria_losses,
    find_activity,
    find_row,
    is_unchanged,
    live_slots,
    our_sections,
    remember,
    visible_hash,
)
from moodle_standin.plugin_access import enter_to_write, only_draft_file
from moodle_standin.plugin_activity_data import DURING, REVIEW_BITS, read_activity
from moodle_standin.plugin_data import check_hash, check_key
from moodle_standin.question_bank import current_version, drawable, find_category, find_entry, may
from moodle_standin.quiz_attempts import has_attempts, sum_of_marks, write_grade
from moodle_standin.records import (
    REVIEW_FIELDS,
    Course,
    CourseModule,
    GradeItem,
    OwnedObject,
    Quiz,
    Scorm,
    Slot,
    StoredFile,
)
from moodle_standin.scorm import store_package
from moodle_standin.scorm_manifest import Reading, manifest_of, read_manifest
from moodle_standin.simple_modules import NO_RESTRICTION, SIMPLE_MODULES
from moodle_standin.site import Call, Site, sha1


@serves("local_lmssync_upsert_activity")
def upsert_activity(call: Call, params: dict[str, Any]) -> Any:
    """Creates or changes an activity, found by idnumber. Everything is checked before
    anything moves.
    """
    site = call.site
    course = enter_to_write(call, params["courseid"], "moodle/course:manageactivities")
    key, wanted_hash, modname = params["key"], params["hash"], params["modname"]
    check_key(key)
    check_hash(wanted_hash)
    if modname not in ("scorm", "quiz") and modname not in SIMPLE_MODULES:
        raise plugin_error("unknownmodule", f'Activities of the type "{modname}" cannot be pushed.')
    wanted = read_activity(modname, params["data"])
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
    elif modname == "quiz":
        slots = _check_quiz(site, course, module, wanted)
    else:
        check_simple(call, modname, module, wanted, params["draftitemid"])
    for group in (wanted["available"] or NO_RESTRICTION)["groups"]:
        if not any(one.courseid == course.id and one.idnumber == group for one in site.groups.values()):
            raise plugin_error("unknowngroup", f'There is no group with the key "{group}" in this course.')
    rules = _rules_to_set(site, course, module, wanted)
    if module is None:
        call.require(f"mod/{modname}:addinstance", course.id)
        if wanted["visible"] == 0:
            call.require("moodle/course:activityvisibility", course.id)
    elif wanted["visible"] is not None and wanted["visible"] != module.visible:
        call.require("moodle/course:activityvisibility", course.id)
    if slots is not None:
        call.require("mod/quiz:manage", course.id)
        _require_use(call, slots, course.id)

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
    for name, column in (
        ("available", "available"),
        ("groupmode", "groupmode"),
        ("expected", "completionexpected"),
    ):
        if wanted[name] is not None:
            setattr(module, column, wanted[name])
    if modname == "scorm":
        _fill_scorm(call, module, wanted, package)
    elif modname == "quiz":
        _fill_quiz(call, module, wanted, slots)
    else:
        fill_simple(site, module, wanted)
    if rules is not None:
        _set_rules(call, module, rules)
    remember(
        site,
        OwnedObject(course.id, "activity", key, module.id, wanted_hash, activity_fingerprint(site, module)),
    )
    site.drafts.pop((call.user.id, params["draftitemid"]), None)
    if action == "updated":
        note(site, "activity_completion", course.id, cmid=module.id)
        note(site, "course_completion", course.id, cmid=module.id)
    call.record(
        "activity",
        action,
        id=module.id,
        key=key,
        course=course.id,
        modname=modname,
        package=package is not None,
    )
    answer = _activity_answer(site, module, action, wanted_hash)
    return answer | {"warnings": _warnings(package[1]) if package else []}


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
    file = only_draft_file(call, draftitemid)
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
        raise plugin_error("deadpackage", _dead(" ".join(_warnings(reading))))
    if module is not None and "attempts" not in wanted["accept"]:
        _refuse_lost_attempts(site, module, reading)
    return file, reading


def _refuse_lost_attempts(site: Site, module: CourseModule, reading: Reading) -> None:
    """SCOs are known by their identifier: what is missing in the new package would lose its tracks."""
    stay = {item.identifier for item in reading.items}
    lost = {
        identifier: users
        for identifier, users in users_by_item(site, module.instance).items()
        if users and identifier not in stay
    }
    if lost:
        n = len(set().union(*lost.values()))
        raise plugin_error(
            "attemptslost",
            f'The new package of "{module.idnumber}" lacks these items, so the attempts of {n} learners '
            f"would be deleted: {', '.join(lost)}",
        )


def _warnings(reading: Reading) -> list[str]:
    """What mod_scorm printed, as the plugin returns it: text without tags and without the button of the
    notice.
    """
    texts = [
        re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<button.*?</button>", "", html)) for html in reading.printed
    ]
    return [" ".join(text.split()) for text in texts]


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
    opens = own.get("timeopen", quiz.timeopen if quiz else 0)
    closes = own.get("timeclose", quiz.timeclose if quiz else 0)
    if opens and closes and closes <= opens:
        raise plugin_error("datavalue", f'The value of "timeclose" is not allowed. Allowed: 0 | > {opens}')
    _check_sections(own, len(quiz.slots) if quiz else 0)
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


def _check_sections(own: dict[str, Any], live: int) -> None:
    """A section begins at a slot that the quiz has."""
    slots = sum(one.get("random", 1) for one in own["slots"]) if "slots" in own else live
    if own.get("sections") and own["sections"][-1]["first"] > slots:
        raise plugin_error("datavalue", f'The value of "sections" is not allowed. Allowed: 1 … {slots}')


def _require_use(call: Call, slots: list[Slot], course_id: int) -> None:
    entries = [call.site.bank_entries[slot.entry] for slot in slots if slot.entry]
    if any(not slot.entry for slot in slots) or any(
        not may(call, "use", current_version(entry)) for entry in entries
    ):
        call.require("moodle/question:useall", course_id)


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
    if modname in SIMPLE_MODULES:
        create_simple(site, course, modname, instance)
        return add_module(site, course, section_id, modname, instance)
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
    if package is not None:
        store_package(call, scorm, *package)
    if item is not None:
        launchable = [s for s in site.scoes.values() if s.scorm == scorm.id and s.launch]
        set_maximum(site, item, scorm.maxgrade if scorm.grademethod else float(len(launchable)))


def _fill_quiz(call: Call, module: CourseModule, wanted: dict[str, Any], slots: list[Slot] | None) -> None:
    site = call.site
    quiz = site.quizzes[module.instance]
    own = wanted["own"]
    grades_differ = any(
        own.get(name, getattr(quiz, name)) != getattr(quiz, name) for name in ("grade", "grademethod")
    )
    quiz.name = wanted["name"]
    if wanted["intro"] is not None:
        quiz.intro = wanted["intro"]
    for name in (*QUIZ_NUMBERS, "preferredbehaviour", "grade"):
        if name in own:
            setattr(quiz, name, own[name])
    quiz.review |= own.get("review", {})
    if slots is not None and [_drawn(slot) for slot in quiz.slots] != [_drawn(slot) for slot in slots]:
        quiz.sections = []  # they go with the slots at which they begin
    if "sections" in own:
        quiz.sections = own["sections"]
    item = site.grade_item_of("quiz", quiz.id)
    if item is not None:
        set_maximum(site, item, quiz.grade)
        item.gradepass = own.get("gradepass", item.gradepass)
    if slots is not None:
        for preview in [a.id for a in site.quiz_attempts.values() if a.quiz == quiz.id and a.preview]:
            del site.quiz_attempts[preview]
        if [_drawn(slot) for slot in quiz.slots] == [_drawn(slot) for slot in slots]:
            _mark_again(site, quiz, slots)
        quiz.slots = slots
        quiz.sumgrades = sum(slot.maxmark for slot in slots)
    if slots is not None or grades_differ:
        for user_id in {a.userid for a in site.quiz_attempts.values() if a.quiz == quiz.id}:
            write_grade(call, quiz, user_id)
    quiz.timemodified = site.now()


def _drawn(slot: Slot) -> tuple[object, ...]:
    """What a slot shows, without its mark."""
    return slot.entry, slot.category, slot.tags, slot.filtercondition


def _mark_again(site: Site, quiz: Quiz, slots: list[Slot]) -> None:
    """Only the marks of slots changed: Moodle carries them into the attempts."""
    for attempt in site.quiz_attempts.values():
        if attempt.quiz != quiz.id:
            continue
        for taken, slot in zip(attempt.slots, slots, strict=True):
            taken.maxmark = slot.maxmark
        if attempt.sumgrades is not None:
            attempt.sumgrades = sum_of_marks(attempt)


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
    elif module.modname in SIMPLE_MODULES:
        limits = SIMPLE_MODULES[module.modname].rules
        site.simple[module.modname, module.instance].rules = {name: rules.get(name, 0) for name in limits}
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
