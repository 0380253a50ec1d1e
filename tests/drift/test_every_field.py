"""Every field that we own is edited behind our back, and drift names it, and nothing but it."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from lms_sync.cli.field_values import parts
from lms_sync.desired_activities import MODULES
from lms_sync.drift import KINDS, PEOPLE
from lms_sync.plan import Kind
from moodle_standin.records import CourseCategory, QuestionCategory, Slot
from tests.drift.conftest import told
from tests.everything import together

if TYPE_CHECKING:
    from tests.drift.conftest import Edited

COURSE = "archive-officers"
QUESTION = f"{COURSE}:receiving-no-unit"
EVENT = "archive-61/pilot-lushnje/1/lushnje"
GROUPS_OVERRIDE = f"{COURSE}/final@lushnje"
Edit = Callable[["Edited"], Any]


def _set(find: Edit, **values: Any) -> Edit:
    def edit(site: Edited) -> None:
        thing = find(site)
        for name, value in values.items():
            assert getattr(thing, name) != value
            setattr(thing, name, value)

    return edit


def _course(site: Edited) -> Any:
    return site.course()


def _package(site: Edited) -> Any:
    return site.scorm()


def _package_module(site: Edited) -> Any:
    return site.module("package")


def _quiz(site: Edited) -> Any:
    return site.quiz()


def _quiz_module(site: Edited) -> Any:
    return site.module("final")


def _learn(site: Edited) -> Any:
    return site.section("learn")


def _move_course(site: Edited) -> None:
    number = site.site.next_id("course_categories")
    site.site.course_categories[number] = CourseCategory(number, "Elsewhere", idnumber="elsewhere")
    site.course().category = number


def _swap_sections(site: Edited) -> None:
    places = site.course().sections
    a, b = places.index(site.section("learn").id), places.index(site.section("exam").id)
    places[a], places[b] = places[b], places[a]


def _move_activity(name: str, into: str) -> Edit:
    def edit(site: Edited) -> None:
        module, target = site.module(name), site.section(into)
        site.site.sections[module.section].sequence.remove(module.id)
        target.sequence.append(module.id)
        module.section = target.id

    return edit


def _pass_grade(site: Edited) -> None:
    site.site.grade_item_of("quiz", site.quiz().id).gradepass = 55.0


def _review(site: Edited) -> None:
    quiz = site.quiz()
    quiz.review = {**quiz.review, "rightanswer": 0x11110}


def _slot_mark(site: Edited) -> None:
    site.quiz().slots[0].maxmark = 3.0


def _slot_gone(site: Edited) -> None:
    site.quiz().slots.pop()


def _slot_more(site: Edited) -> None:
    site.quiz().slots.append(Slot(site.site.next_id("quiz_slots"), 1.0, entry=site.entry().id))


def _question_status(site: Edited) -> None:
    entry = site.entry()
    entry.versions[-1] = dataclasses.replace(entry.latest, status="draft")


def _question_moved(site: Edited) -> None:
    number = site.site.next_id("question_categories")
    site.site.question_categories[number] = QuestionCategory(number, site.course().id, "Mine", "mine")
    site.entry().category = number


def _available(name: str) -> Edit:
    def edit(site: Edited) -> None:
        module = site.module(name)
        module.available = {**module.available, "from": 1_800_000_000}

    return edit


def _module(name: str, **values: Any) -> Edit:
    return _set(lambda site: site.module(name), **values)


def _other(value: Any) -> Any:
    """Another value of the same form."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case list():
            return value[:-1]
        case dict():
            return {name: _other(one) for name, one in value.items()}
        case _:
            return f"{value}x"


SIMPLE = (
    "how-it-works",
    "news",
    "help-desk",
    "register-page",
    "glossary",
    "answers",
    "evaluation",
    "hello",
    "law",
    "own-work",
)


def _edit_simple(site: Edited, name: str, field: str) -> None:
    """Changes one field of a page, forum, file, glossary or questionnaire."""
    module = site.module(name)
    activity = site.site.simple[module.modname, module.instance]
    if field == "available":
        _available(name)(site)
    elif field == "section":
        there = site.section("exam").id == module.section
        _move_activity(name, "learn" if there else "exam")(site)
    elif field == "completion":
        activity.rules = {rule: value + 1 for rule, value in activity.rules.items()}
        module.completion = (module.completion + 1) % 3
    elif field in ("visible", "groupmode"):
        setattr(module, field, _other(getattr(module, field)))
    elif field == "expected":
        module.completionexpected = 1_800_000_000
    elif field in ("name", "intro"):
        setattr(activity, field, "<p>Other</p>")
    else:
        assert activity.settings[field] != _other(activity.settings[field])
        activity.settings[field] = _other(activity.settings[field])


def _event(site: Edited) -> Any:
    return site.event(EVENT)


def _event_of_everybody(site: Edited) -> None:
    _event(site).groupid = 0


def _groups_override(site: Edited) -> Any:
    return next(one for one in site.site.quiz_overrides.values() if one.groupid)


def _criteria(site: Edited) -> None:
    site.site.criteria[site.course().id] = [site.module("final").id]


EDITS: dict[tuple[Kind, str, str], Edit] = {
    (Kind.CATEGORY, "archive-academy", "name"): _set(lambda site: site.shelf(), name="Renamed"),
    (Kind.COURSE, COURSE, "fullname"): _set(_course, fullname="Renamed"),
    (Kind.COURSE, COURSE, "shortname"): _set(_course, shortname="renamed"),
    (Kind.COURSE, COURSE, "category"): _move_course,
    (Kind.COURSE, COURSE, "summary"): _set(_course, summary="<p>Other</p>"),
    (Kind.COURSE, COURSE, "enablecompletion"): _set(_course, enablecompletion=0),
    (Kind.SECTION, f"{COURSE}/learn", "name"): _set(_learn, name="Renamed"),
    (Kind.SECTION, f"{COURSE}/learn", "summary"): _set(_learn, summary="<p>Other</p>"),
    (Kind.SECTION, f"{COURSE}/learn", "visible"): _set(_learn, visible=0),
    (Kind.SECTION, f"{COURSE}/learn", "position"): _swap_sections,
    (Kind.QUESTION_CATEGORY, COURSE, "name"): _set(lambda site: site.question_category(), name="Renamed"),
    (Kind.QUESTION, QUESTION, "name"): lambda site: site.change_question(name="Renamed"),
    (Kind.QUESTION, QUESTION, "defaultmark"): lambda site: site.change_question(defaultmark=7.0),
    (Kind.QUESTION, QUESTION, "status"): _question_status,
    (Kind.QUESTION, QUESTION, "category"): _question_moved,
    (Kind.QUESTION, QUESTION, "content"): lambda site: site.new_version(questiontext="<p>Other</p>"),
    (Kind.ACTIVITY, f"{COURSE}/package", "name"): _set(_package, name="Renamed"),
    (Kind.ACTIVITY, f"{COURSE}/package", "intro"): _set(_package, intro="<p>Other</p>"),
    (Kind.ACTIVITY, f"{COURSE}/package", "visible"): _set(_package_module, visible=0),
    (Kind.ACTIVITY, f"{COURSE}/package", "available"): _available("package"),
    (Kind.ACTIVITY, f"{COURSE}/package", "groupmode"): _module("package", groupmode=1),
    (Kind.ACTIVITY, f"{COURSE}/package", "expected"): _module("package", completionexpected=1_800_000_000),
    (Kind.ACTIVITY, f"{COURSE}/final", "available"): _available("final"),
    (Kind.ACTIVITY, f"{COURSE}/final", "groupmode"): _module("final", groupmode=1),
    (Kind.ACTIVITY, f"{COURSE}/final", "expected"): _module("final", completionexpected=1_800_000_000),
    (Kind.ACTIVITY, f"{COURSE}/package", "section"): _move_activity("package", "exam"),
    (Kind.ACTIVITY, f"{COURSE}/package", "completion"): _set(_package_module, completionview=1),
    (Kind.ACTIVITY, f"{COURSE}/package", "maxattempt"): _set(_package, maxattempt=2),
    (Kind.ACTIVITY, f"{COURSE}/package", "grademethod"): _set(_package, grademethod=3),
    (Kind.ACTIVITY, f"{COURSE}/package", "whatgrade"): _set(_package, whatgrade=3),
    (Kind.ACTIVITY, f"{COURSE}/package", "maxgrade"): _set(_package, maxgrade=10),
    (Kind.ACTIVITY, f"{COURSE}/package", "forcenewattempt"): _set(_package, forcenewattempt=2),
    (Kind.ACTIVITY, f"{COURSE}/package", "hidetoc"): _set(_package, hidetoc=0),
    (Kind.ACTIVITY, f"{COURSE}/package", "skipview"): _set(_package, skipview=0),
    (Kind.ACTIVITY, f"{COURSE}/package", "sha1"): _set(_package, sha1hash="0" * 40),
    (Kind.ACTIVITY, f"{COURSE}/package", "edition"): _set(_package, version="SCORM_1.3"),
    (Kind.ACTIVITY, f"{COURSE}/final", "name"): _set(_quiz, name="Renamed"),
    (Kind.ACTIVITY, f"{COURSE}/final", "intro"): _set(_quiz, intro="<p>Other</p>"),
    (Kind.ACTIVITY, f"{COURSE}/final", "visible"): _set(_quiz_module, visible=0),
    (Kind.ACTIVITY, f"{COURSE}/final", "section"): _move_activity("final", "learn"),
    (Kind.ACTIVITY, f"{COURSE}/final", "completion"): _set(_quiz_module, completionview=1),
    (Kind.ACTIVITY, f"{COURSE}/final", "timelimit"): _set(_quiz, timelimit=60),
    (Kind.ACTIVITY, f"{COURSE}/final", "attempts"): _set(_quiz, attempts=1),
    (Kind.ACTIVITY, f"{COURSE}/final", "grademethod"): _set(_quiz, grademethod=4),
    (Kind.ACTIVITY, f"{COURSE}/final", "grade"): _set(_quiz, grade=200.0),
    (Kind.ACTIVITY, f"{COURSE}/final", "gradepass"): _pass_grade,
    (Kind.ACTIVITY, f"{COURSE}/final", "questionsperpage"): _set(_quiz, questionsperpage=9),
    (Kind.ACTIVITY, f"{COURSE}/final", "shuffleanswers"): _set(_quiz, shuffleanswers=0),
    (Kind.ACTIVITY, f"{COURSE}/final", "preferredbehaviour"): _set(_quiz, preferredbehaviour="adaptive"),
    (Kind.ACTIVITY, f"{COURSE}/final", "review"): _review,
    (Kind.ACTIVITY, f"{COURSE}/final", "slots"): _slot_mark,
    (Kind.ACTIVITY, f"{COURSE}/final", "sections"): _set(
        _quiz, sections=[{"first": 1, "heading": "I", "shuffle": 1}]
    ),
    (Kind.ACTIVITY, f"{COURSE}/final", "timeopen"): _set(_quiz, timeopen=1_900_000_000),
    (Kind.ACTIVITY, f"{COURSE}/final", "timeclose"): _set(_quiz, timeclose=1_900_000_000),
    (Kind.CRITERIA, COURSE, "activities"): _criteria,
    (Kind.EVENT, EVENT, "name"): _set(_event, name="Renamed"),
    (Kind.EVENT, EVENT, "description"): _set(_event, description="<p>Other</p>"),
    (Kind.EVENT, EVENT, "location"): _set(_event, location="Elsewhere"),
    (Kind.EVENT, EVENT, "start"): _set(_event, timestart=1_900_000_000),
    (Kind.EVENT, EVENT, "duration"): _set(_event, timeduration=60),
    (Kind.EVENT, EVENT, "group"): _event_of_everybody,
    (Kind.EVENT, EVENT, "visible"): _set(_event, visible=0),
    (Kind.OVERRIDE, GROUPS_OVERRIDE, "timeopen"): _set(_groups_override, timeopen=1_700_000_000),
    (Kind.OVERRIDE, GROUPS_OVERRIDE, "timeclose"): _set(_groups_override, timeclose=1_900_000_000),
    (Kind.OVERRIDE, GROUPS_OVERRIDE, "timelimit"): _set(_groups_override, timelimit=60),
    (Kind.OVERRIDE, GROUPS_OVERRIDE, "attempts"): _set(_groups_override, attempts=None),
    (Kind.ENROLMENT, f"{COURSE}:AO-0001", "status"): lambda site: setattr(site.enrolment(), "status", 1),
    (Kind.COHORT, "", "name"): _set(lambda site: site.cohort(), name="Renamed"),
    (Kind.GROUP, "", "name"): _set(lambda site: site.group(), name="Renamed"),
}
# Edits of one thing: the later would hide the earlier.
ONE_THING = ({one for one in EDITS if one[0] is Kind.QUESTION},)
NOT_EDITABLE = {"modname"}  # an activity stays of its type for ever


def _batch(named: tuple[tuple[Kind, str, str], ...]) -> str:
    kind, key, field = named[0]
    return f"{kind.name.lower()}-{key}-{field}+{len(named) - 1}"


@pytest.mark.parametrize("named", together(EDITS, ONE_THING), ids=_batch)
def test_an_edit_of_this_field_is_named_and_nothing_else(
    edited: Edited, named: tuple[tuple[Kind, str, str], ...]
) -> None:
    group, cohort = edited.group().idnumber, edited.cohort().idnumber
    wanted = []
    for kind, key, field in named:
        if field == "position":  # the two sections that changed places
            wanted += [(kind.value, f"{COURSE}/{name}", field, "theirs") for name in ("exam", "learn")]
        else:
            found = {Kind.COHORT: cohort, Kind.GROUP: group}.get(kind, key)
            wanted.append((kind.value, found, field, "theirs"))
        EDITS[kind, key, field](edited)
    prepared = edited.prepare()
    assert sorted(told(prepared.judged.drift)) == sorted(wanted)
    assert prepared.plan.work == prepared.plan.refused == ()
    assert {one.key for one in prepared.plan.kept_edits} == {one[1] for one in wanted}


@pytest.mark.parametrize("names", together(SIMPLE), ids=" ".join)
def test_an_edit_of_any_field_of_the_simple_kinds_is_named_and_nothing_else(
    edited: Edited, names: tuple[str, ...]
) -> None:
    wants = {one.key: one for one in edited.prepare().judged.files}
    fields = {name: sorted(set(wants[f"{COURSE}/{name}"].fields) - NOT_EDITABLE) for name in names}
    untouched = copy.deepcopy(edited.site.modules), copy.deepcopy(edited.site.simple)
    sequences = {number: list(one.sequence) for number, one in edited.site.sections.items()}
    for turn in range(max(map(len, fields.values()))):
        edits = [(name, own[turn]) for name, own in fields.items() if turn < len(own)]
        for name, field in edits:
            _edit_simple(edited, name, field)
        assert sorted(edited.told()) == sorted(
            ("activity", f"{COURSE}/{name}", field, "theirs") for name, field in edits
        )
        edited.site.modules, edited.site.simple = copy.deepcopy(untouched[0]), copy.deepcopy(untouched[1])
        for number, sequence in sequences.items():
            edited.site.sections[number].sequence = list(sequence)
    assert edited.drift() == ()


@pytest.mark.parametrize("edit", [_slot_gone, _slot_more], ids=["slot-gone", "slot-more"])
def test_every_edit_of_slots_is_named(edited: Edited, edit: Edit) -> None:
    edit(edited)
    assert edited.told() == [("activity", f"{COURSE}/final", "slots", "theirs")]


def test_a_changed_tag_is_an_edit_of_the_question(edited: Edited) -> None:
    edited.change_question(tags=("other",))
    assert edited.told() == [("question", QUESTION, "content", "theirs")]


def test_no_owned_field_is_left_out_of_the_test_above(edited: Edited) -> None:
    owned = set()
    for want in edited.prepare().judged.files:
        for field in want.fields:
            key = "" if want.kind in (Kind.COHORT, Kind.GROUP) else want.key
            key = f"{COURSE}:AO-0001" if want.kind is Kind.ENROLMENT else key
            key = EVENT if want.kind is Kind.EVENT else key
            key = GROUPS_OVERRIDE if want.kind is Kind.OVERRIDE else key
            owned.add((want.kind, key if want.kind is not Kind.SECTION else f"{COURSE}/learn", field))
    compared = {one for one in owned if one[2] not in NOT_EDITABLE}
    simple = {f"{COURSE}/{name}" for name in SIMPLE}
    assert {one for one in compared if one[1] not in simple} <= set(EDITS)


def test_no_kind_is_left_out_of_the_tests_above(edited: Edited) -> None:
    files = edited.prepare().judged.files
    assert {one.kind for one in files} == set(Kind) - {Kind.ACCOUNT}  # an account is made, and never changed
    assert set(Kind) - {Kind.ACCOUNT} == KINDS | PEOPLE
    modules = {str(one.fields["modname"]) for one in files if one.kind is Kind.ACTIVITY}
    assert modules == set(MODULES.values())
    activities = {one.key for one in files if one.kind is Kind.ACTIVITY}
    assert activities == {f"{COURSE}/{name}" for name in (*SIMPLE, "package", "final")}


def test_the_site_tells_every_field_that_is_wanted(edited: Edited) -> None:
    prepared = edited.prepare()
    seen = {(one.kind, one.scope, one.key): one for one in prepared.observation.objects}
    for want in prepared.judged.files:
        assert set(want.fields) <= set(seen[want.kind, want.scope, want.key].fields), want.key


def _inner(fields: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in sorted(fields.items()):
        if isinstance(value, Mapping):
            yield from ((name, inner) for inner in sorted(value))


def _edit_inner(edited: Edited, name: str, field: str, inner: str) -> None:
    """Changes one rule, date or option inside a field."""
    module = edited.module(name)
    simple = edited.site.simple.get((module.modname, module.instance))
    match field, inner:
        case "available", "groups":
            groups = module.available["groups"]
            module.available = {**module.available, "groups": [] if groups else [edited.group().idnumber]}
        case "available", _:
            module.available = {**module.available, inner: 1_900_000_000}
        case "completion", "tracking":
            module.completion = (module.completion + 1) % 3
        case "completion", "status":
            edited.scorm().completionstatusrequired = 4
        case "completion", "passgrade" if simple is None:
            module.completionpassgrade = 1 - module.completionpassgrade
        case "completion", "view" if simple is None:
            module.completionview = 1 - module.completionview
        case "completion", _:
            simple.rules = {**simple.rules, inner: simple.rules[inner] + 1}
        case "review", _:
            quiz = edited.quiz()
            quiz.review = {**quiz.review, inner: quiz.review[inner] ^ 0x100}
        case _:
            settings = simple.settings
            settings[field] = {**settings[field], inner: settings[field][inner] + 1}


@pytest.mark.parametrize("names", together([*SIMPLE, "package", "final"]), ids=" ".join)
def test_every_rule_and_date_and_option_alone_is_an_edit_of_its_field(
    edited: Edited, names: tuple[str, ...]
) -> None:
    wants = {one.key: one for one in edited.prepare().judged.files}
    options = {name: list(_inner(wants[f"{COURSE}/{name}"].fields)) for name in names}
    before = copy.deepcopy((edited.site.modules, edited.site.simple, edited.site.scorms, edited.site.quizzes))
    for turn in range(max(map(len, options.values()))):
        edits = {f"{COURSE}/{name}": own[turn] for name, own in options.items() if turn < len(own)}
        for key, (field, inner) in edits.items():
            _edit_inner(edited, key.removeprefix(f"{COURSE}/"), field, inner)
        drifts = {one.key: one for one in edited.drift()}
        assert drifts.keys() == edits.keys()
        for key, (field, inner) in edits.items():
            assert told([drifts[key]]) == [("activity", key, field, "theirs")], inner
            if (field, inner) != ("completion", "passgrade"):  # Moodle tells a grade rule by another key
                (shown,) = parts(field, (drifts[key].fields[0].base, drifts[key].fields[0].theirs))
                assert shown[0] == f"{field}.{inner}"
        site = edited.site
        site.modules, site.simple, site.scorms, site.quizzes = copy.deepcopy(before)
    assert edited.drift() == ()


def test_who_was_taken_out_of_a_cohort_a_group_or_the_course_is_named(edited: Edited) -> None:
    person = edited.enrolment().userid
    cohort = next(one for one in edited.site.cohorts.values() if person in one.members)
    group = next(one for one in edited.site.groups.values() if person in one.members)
    cohort.members.remove(person)
    group.members.remove(person)
    edited.site.enrolments[edited.course().id].pop(person)
    gone = [(one.kind, one.deleted, one.key.rsplit(":", 1)[1]) for one in edited.drift()]
    assert gone == [
        (Kind.COHORT_MEMBER, True, "AO-0001"),
        (Kind.ENROLMENT, True, "AO-0001"),
        (Kind.GROUP_MEMBER, True, "AO-0001"),
    ]
    reasons = {one.reason for one in edited.prepare().plan.work}
    assert reasons == {"plan.deleted-in-moodle"}
    edited.apply()
    assert edited.drift() == ()
    assert edited.enrolment().status == 0


def test_whom_somebody_suspended_in_moodle_stays_so_until_it_is_taken_away(edited: Edited) -> None:
    edited.enrolment().status = 1
    assert edited.work() == []
    edited.apply()
    edited.apply()
    assert edited.enrolment().status == 1
    edited.apply(revert_edits=True)
    assert edited.enrolment().status == 0


def test_who_left_the_list_and_comes_back_is_active_again(edited: Edited) -> None:
    people = "people/participants.csv"
    text = edited.read(people)
    line = next(one for one in text.splitlines(keepends=True) if one.startswith("AO-0001"))
    edited.write(people, text.replace(line, ""))
    edited.apply()
    assert edited.enrolment().status == 1
    edited.write(people, text)
    assert edited.drift() == ()
    edited.apply()
    assert edited.enrolment().status == 0


@pytest.mark.parametrize(
    ("remove", "named"),
    [
        (lambda site: site.site.modules.pop(site.module("package").id), ("activity", f"{COURSE}/package")),
        (lambda site: site.site.groups.pop(site.group().id), None),
        (lambda site: site.site.bank_entries.pop(site.entry().id), ("question", QUESTION)),
    ],
    ids=["activity", "group", "question"],
)
def test_what_was_deleted_in_moodle_is_named_and_made_again_only_with_a_word(
    edited: Edited, remove: Edit, named: tuple[str, str] | None
) -> None:
    named = named or ("group", edited.group().idnumber)
    for section in edited.site.sections.values():
        if named[0] == "activity" and edited.module("package").id in section.sequence:
            section.sequence.remove(edited.module("package").id)
    remove(edited)
    gone = [(one.kind.value, one.key) for one in edited.drift() if one.deleted]
    # With a group its members are gone.
    assert [one for one in gone if one[0] != "group member"] == [named]
    assert all(one[1].startswith(f"{named[1]}:") for one in gone if one[0] == "group member")
    reasons = {(one.kind.value, one.key): one.reason for one in edited.prepare().plan.work}
    assert reasons[named] == "plan.deleted-in-moodle"
