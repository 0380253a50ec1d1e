"""A plan accounts for every object once, deletes nothing, and overwrites nobody's work unasked."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_sync.plan import (
    WITH_EDITS,
    Action,
    Change,
    DesiredObject,
    ForecastLoss,
    Kind,
    Loss,
    ObservedObject,
    Plan,
    PlanOptions,
    differences,
    hash_of,
    make_plan,
    same,
)

WORK = {Action.CREATE, Action.UPDATE, Action.MOVE, Action.HIDE}

KEYS = st.sampled_from(["a", "b", "c", "d", "e"])
SCOPES = st.sampled_from(["", "course"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2) | st.floats(-2, 2, width=16),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xy"), inner, max_size=2),
    max_leaves=4,
)
SOME = st.sampled_from([None, True, 1, 1.0, 0, "", "a", "b", 0.5, [1], [1, 2], {"x": 1}, {"x": [True]}, {}])
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "name": SOME,
        "visible": st.sampled_from([0, 1]),
        "position": st.integers(1, 3),
        "slots": SOME,
    },
)
HASHES = st.sampled_from(["", "1" * 64, "2" * 64])
LOSSES = st.builds(ForecastLoss, st.sampled_from(list(Loss)), st.integers(0, 5))
SEEN = st.sampled_from(["", "1" * 64, "2" * 64, "drift:0123456789abcdef"])


def _once(things: list[object]) -> list[object]:
    return list({(one.kind, one.scope, one.key): one for one in things}.values())


DESIRED = st.lists(
    st.builds(DesiredObject, st.sampled_from(Kind), KEYS, SCOPES, FIELDS, HASHES), max_size=8
).map(_once)
OBSERVED = st.lists(
    st.builds(
        ObservedObject,
        st.sampled_from(Kind),
        KEYS,
        SCOPES,
        st.integers(1, 9),
        FIELDS,
        SEEN,
        st.dictionaries(st.sampled_from(["name", "slots"]), LOSSES, max_size=2),
    ),
    max_size=8,
).map(_once)
OPTIONS = st.builds(
    PlanOptions, overwrite_edits=st.booleans(), accept_loss=st.frozensets(st.sampled_from(list(Loss)))
)


def as_it_would_be_seen(want: DesiredObject) -> ObservedObject:
    return ObservedObject(want.kind, want.key, want.scope, 1, want.fields, want.wanted_hash)


def by_key(plan: Plan) -> dict[tuple[Kind, str, str], Change]:
    return {(one.kind, one.scope, one.key): one for one in plan.changes}


# --- laws ------------------------------------------------------------------------------------------------------


@given(DESIRED, OPTIONS)
def test_a_site_that_is_as_the_files_want_it_needs_no_work(
    wanted: list[DesiredObject], options: PlanOptions
) -> None:
    plan = make_plan(wanted, [as_it_would_be_seen(one) for one in wanted], options=options)
    assert plan.work == ()
    assert plan.refused == ()
    assert plan.counts()["keep"] == len(wanted)


@given(DESIRED, OBSERVED, OPTIONS)
def test_every_object_is_accounted_for_exactly_once(
    wanted: list[DesiredObject], seen: list[ObservedObject], options: PlanOptions
) -> None:
    plan = make_plan(wanted, seen, options=options)
    told = [(one.kind, one.scope, one.key) for one in plan.changes]
    assert len(told) == len(set(told))
    assert set(told) == {(one.kind, one.scope, one.key) for one in [*wanted, *seen]}
    assert sum(plan.counts().values()) == len(told)
    assert {one.action for one in plan.work} <= WORK


@given(DESIRED, OBSERVED, st.randoms(use_true_random=False), OPTIONS)
def test_the_order_in_which_a_site_lists_things_is_no_matter(
    wanted: list[DesiredObject], seen: list[ObservedObject], random: object, options: PlanOptions
) -> None:
    shuffled = list(seen)
    random.shuffle(shuffled)
    assert make_plan(wanted, seen, options=options) == make_plan(wanted, shuffled, options=options)


@given(DESIRED, OBSERVED, st.randoms(use_true_random=False))
def test_the_order_of_the_files_decides_only_the_order_of_work(
    wanted: list[DesiredObject], seen: list[ObservedObject], random: object
) -> None:
    shuffled = list(wanted)
    random.shuffle(shuffled)
    assert by_key(make_plan(wanted, seen)) == by_key(make_plan(shuffled, seen))


@given(DESIRED, OBSERVED, OPTIONS)
def test_work_is_ordered_so_that_what_is_needed_comes_first(
    wanted: list[DesiredObject], seen: list[ObservedObject], options: PlanOptions
) -> None:
    order = [list(Kind).index(one.kind) for one in make_plan(wanted, seen, options=options).changes]
    assert order == sorted(order)


@given(DESIRED, OBSERVED, OPTIONS)
def test_only_what_nobody_wants_is_hidden_and_nothing_is_deleted(
    wanted: list[DesiredObject], seen: list[ObservedObject], options: PlanOptions
) -> None:
    wished = {(one.kind, one.scope, one.key) for one in wanted}
    for change in make_plan(wanted, seen, options=options).doing(Action.HIDE):
        assert (change.kind, change.scope, change.key) not in wished
        assert change.kind in (Kind.ACTIVITY, Kind.SECTION, Kind.EVENT, Kind.ENROLMENT, Kind.OVERRIDE)
    assert "delete" not in {one.value for one in Action}


@given(DESIRED, OBSERVED)
def test_what_somebody_edited_is_never_changed_unless_that_is_allowed(
    wanted: list[DesiredObject], seen: list[ObservedObject]
) -> None:
    edited = {(one.kind, one.scope, one.key) for one in seen if one.edited_in_moodle}
    wished = {(one.kind, one.scope, one.key) for one in wanted}
    for change in make_plan(wanted, seen).changes:
        if (change.kind, change.scope, change.key) in edited & wished:
            assert change.action in (Action.KEEP, Action.REFUSE)


@given(DESIRED, OBSERVED, OPTIONS)
def test_what_learners_would_lose_is_refused_until_that_loss_is_accepted(
    wanted: list[DesiredObject], seen: list[ObservedObject], options: PlanOptions
) -> None:
    stakes = {(one.kind, one.scope, one.key): one.stakes for one in seen}
    for change in make_plan(wanted, seen, options=options).changes:
        if change.action in (Action.UPDATE, Action.MOVE):
            for difference in change.differences:
                loss = stakes[change.kind, change.scope, change.key].get(difference.name)
                assert loss is None or loss.learners == 0 or loss.kind in options.accept_loss
                assert loss is None or loss.learners == 0 or loss in change.losses


@pytest.mark.parametrize(
    ("stays", "fallen"),
    [({"a", "b"}, 0), ({"a"}, 3), ({"b"}, 2), ({"c"}, 2 + 3 + 4), (set(), 0)],
    ids=["both", "first", "second", "neither", "no-items-known"],
)
def test_a_grade_falls_once_no_item_is_left_on_which_it_rests(stays: set[str], fallen: int) -> None:
    rests = {frozenset({"a"}): 2, frozenset({"b"}): 3, frozenset({"a", "b"}): 4}
    want = DesiredObject(Kind.ACTIVITY, "c/p", "c", {"sha1": "b"}, tracked=frozenset(stays))
    have = ObservedObject(Kind.ACTIVITY, "c/p", "c", 1, {"sha1": "a"}, tracked={"a": 6, "b": 7}, graded=rests)
    (change,) = make_plan([want], [have]).changes
    assert sum(loss.learners for loss in change.losses if loss.kind is Loss.GRADES) == fallen


def test_a_package_that_drops_an_identifier_is_forecast_with_its_learners() -> None:
    want = DesiredObject(Kind.ACTIVITY, "c/p", "c", {"sha1": "b"}, tracked=frozenset({"item-2"}))
    have = ObservedObject(Kind.ACTIVITY, "c/p", "c", 1, {"sha1": "a"}, tracked={"item-1": 17, "item-2": 3})
    (change,) = make_plan([want], [have]).changes
    assert change.action is Action.REFUSE
    assert change.losses == (ForecastLoss(Loss.ATTEMPTS, 17),)
    allowed = PlanOptions(accept_loss=frozenset({Loss.ATTEMPTS}))
    (change,) = make_plan([want], [have], options=allowed).changes
    assert change.action is Action.UPDATE
    assert change.losses == (ForecastLoss(Loss.ATTEMPTS, 17),)


@pytest.mark.parametrize(
    ("there", "changed", "fused"), [(9, 9, False), (10, 3, False), (10, 4, True), (100, 31, True)]
)
def test_changing_much_of_what_is_there_needs_a_second_look(there: int, changed: int, fused: bool) -> None:
    seen = [
        ObservedObject(Kind.SECTION, f"c/{n}", "c", n, {"name": "old", "visible": 1}) for n in range(there)
    ]
    wanted = [
        DesiredObject(Kind.SECTION, f"c/{n}", "c", {"name": "new" if n < changed else "old", "visible": 1})
        for n in range(there)
    ]
    assert make_plan(wanted, seen).is_fused is fused
    assert make_plan(wanted[changed:], seen).is_fused is fused, "hiding counts as well"
    assert not make_plan(wanted, []).is_fused, "a first push changes nothing that is there"


@given(DESIRED, OBSERVED)
def test_doing_the_work_leaves_none(wanted: list[DesiredObject], seen: list[ObservedObject]) -> None:
    options = PlanOptions(overwrite_edits=True)
    free = [replace(one, stakes={}) for one in seen]
    wants = {(one.kind, one.scope, one.key): one for one in wanted}
    after = {(one.kind, one.scope, one.key): one for one in free}
    for change in make_plan(wanted, free, options=options).work:
        key = (change.kind, change.scope, change.key)
        if change.action is Action.HIDE and change.kind is Kind.OVERRIDE:
            del after[key]
        elif change.action is Action.HIDE:
            done = {one.name: one.after for one in change.differences}
            after[key] = replace(after[key], fields={**after[key].fields, **done})
        else:
            after[key] = as_it_would_be_seen(wants[key])
    assert make_plan(wanted, list(after.values()), options=options).work == ()


@given(DESIRED, OBSERVED, OPTIONS)
def test_a_plan_as_json_is_complete_and_stable(
    wanted: list[DesiredObject], seen: list[ObservedObject], options: PlanOptions
) -> None:
    plan = make_plan(wanted, seen, options=options)
    told = json.dumps([one.as_json() for one in plan.changes])
    assert len(json.loads(told)) == len(plan.changes)
    assert told == json.dumps([one.as_json() for one in make_plan(wanted, seen, options=options).changes])


# --- cases -----------------------------------------------------------------------------------------------------


def section(**fields: object) -> DesiredObject:
    return DesiredObject(
        Kind.SECTION, "ao/learn", "ao", {"name": "Learn", "visible": 1, "position": 1, **fields}
    )


def only(plan: Plan) -> Change:
    (change,) = plan.changes
    return change


def test_a_change_tells_what_from_what_to_what() -> None:
    have = replace(as_it_would_be_seen(section()), fields={"name": "Old", "visible": 1, "position": 1})
    change = only(make_plan([section()], [have]))
    assert change.action is Action.UPDATE
    assert [(one.name, one.before, one.after) for one in change.differences] == [("name", "Old", "Learn")]


def test_a_change_of_place_alone_is_a_move() -> None:
    have = replace(as_it_would_be_seen(section()), fields={**section().fields, "position": 3})
    assert only(make_plan([section()], [have])).action is Action.MOVE


def test_fields_that_are_not_ours_are_left_alone() -> None:
    have = replace(as_it_would_be_seen(section()), fields={**section().fields, "availability": "{...}"})
    assert only(make_plan([section()], [have])).action is Action.KEEP


def test_an_edit_that_ends_where_the_files_are_is_no_matter() -> None:
    have = replace(as_it_would_be_seen(section()), hash="drift:0123456789abcdef")
    assert only(make_plan([section()], [have])).action is Action.KEEP


@pytest.mark.parametrize(("allowed", "action"), [(False, Action.REFUSE), (True, Action.UPDATE)])
def test_an_edit_in_moodle_is_refused_until_overwriting_is_allowed(allowed: bool, action: Action) -> None:
    have = replace(
        as_it_would_be_seen(section()), fields={**section().fields, "name": "Edited"}, hash="drift:0"
    )
    change = only(make_plan([section()], [have], options=PlanOptions(allowed)))
    assert (change.action, change.reason) == (action, "plan.edited-in-moodle")


def test_a_question_is_compared_by_its_content_alone() -> None:
    want = DesiredObject(Kind.QUESTION, "q:1", "ao", {}, hash="1" * 64)
    have = ObservedObject(Kind.QUESTION, "q:1", "ao", 5, {}, "2" * 64)
    assert only(make_plan([want], [have])).action is Action.UPDATE
    assert only(make_plan([want], [replace(have, hash="1" * 64)])).action is Action.KEEP
    assert only(make_plan([want], [replace(have, hash="drift:2")])).action is Action.REFUSE


@pytest.mark.parametrize("kind", [Kind.ACTIVITY, Kind.SECTION, Kind.EVENT])
def test_what_is_no_longer_in_the_files_is_hidden_once(kind: Kind) -> None:
    have = ObservedObject(kind, "ao/x", "ao", 5, {"visible": 1}, "1" * 64)
    change = only(make_plan([], [have]))
    assert (change.action, change.seen_hash, change.reason) == (Action.HIDE, "1" * 64, "plan.not-in-files")
    hidden = replace(have, fields={"visible": 0})
    assert only(make_plan([], [hidden])).action is Action.KEEP


def test_who_leaves_is_suspended_once_and_who_comes_back_is_active_again() -> None:
    want = DesiredObject(Kind.ENROLMENT, "ao:P1", "ao", {"status": "active"})
    have = ObservedObject(Kind.ENROLMENT, "ao:P1", "ao", 5, {"status": "active", "in_our_groups": True})
    suspended = replace(have, fields={"status": "suspended", "in_our_groups": True})
    assert only(make_plan([], [have])).action is Action.HIDE
    assert only(make_plan([], [suspended])).action is Action.KEEP
    assert only(make_plan([want], [suspended])).action is Action.UPDATE


def test_whom_others_enrolled_stays_enrolled() -> None:
    have = ObservedObject(Kind.ENROLMENT, "ao:P1", "ao", 5, {"status": "active", "in_our_groups": False})
    change = only(make_plan([], [have]))
    assert (change.action, change.reason) == (Action.KEEP, "plan.enrolled-by-others")


def test_nobody_is_suspended_who_may_be_somebody_undecided() -> None:
    have = ObservedObject(Kind.ENROLMENT, "ao:user-5", "ao", 5, {"status": "active", "in_our_groups": True})
    change = only(make_plan([], [have], undecided={(Kind.ENROLMENT, "ao", "ao:user-5")}))
    assert (change.action, change.reason) == (Action.KEEP, "plan.waits-for-decision")


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for kind in Kind
        if kind not in (Kind.ACTIVITY, Kind.SECTION, Kind.EVENT, Kind.ENROLMENT, Kind.OVERRIDE)
    ],
)
def test_everything_else_that_nobody_wants_is_left_and_said_to_be(kind: Kind) -> None:
    change = only(make_plan([], [ObservedObject(kind, "x", "", 5, {"name": "x"})]))
    assert (change.action, change.reason) == (Action.KEEP, "plan.left-alone")


def test_what_was_refused_before_planning_is_part_of_the_plan() -> None:
    refused = Change(Action.REFUSE, Kind.ACCOUNT, "P1", "", reason="people.reason-none")
    assert make_plan([], [], refused=[refused]).refused == (refused,)


# --- same() ------------------------------------------------------------------------------------------------------


@given(VALUES)
def test_same_is_reflexive(value: object) -> None:
    assert same(value, value)
    assert same(json.loads(json.dumps(value)), value)


@given(VALUES, VALUES)
def test_same_is_symmetric(one: object, other: object) -> None:
    assert same(one, other) == same(other, one)


@given(st.integers(-1000, 1000))
def test_numbers_are_the_same_by_value(number: int) -> None:
    assert same(number, float(number))
    assert same(number + 1 / 3, round(number + 1 / 3, 7))
    assert not same(number, number + 0.001)
    assert not same(number, str(number))


def test_true_is_one_and_nothing_else_is_like_another() -> None:
    assert same(True, 1)
    assert same(False, 0)
    assert not same(True, 2)
    assert not same(None, 0)
    assert not same("", None)
    assert not same([], {})
    assert not same([1], [1, 2])
    assert not same({"a": 1}, {"b": 1})
    assert same({"a": [True, 0.1 + 0.2]}, {"a": [1, 0.3]})
    assert not same([1, 2], [2, 1])


@given(FIELDS, FIELDS)
def test_differences_name_exactly_the_fields_that_differ(
    before: dict[str, object], after: dict[str, object]
) -> None:
    found = {one.name for one in differences(before, after)}
    assert found == {name for name in after if name not in before or not same(before[name], after[name])}


@given(VALUES, VALUES)
def test_a_hash_stands_for_its_content(one: object, other: object) -> None:
    assert (hash_of(one) == hash_of(other)) == (
        json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    )


def test_a_hash_does_not_depend_on_the_order_of_names() -> None:
    assert hash_of({"a": 1, "ë": 2}) == hash_of({"ë": 2, "a": 1})
    assert hash_of({"a": 1}) != hash_of({"a": "1"})


def test_an_emptied_list_blows_the_fuse_however_much_else_there_is() -> None:
    content = [ObservedObject(Kind.QUESTION, f"q:{n}", "c", n, {}, "1" * 64) for n in range(500)]
    wanted = [DesiredObject(Kind.QUESTION, f"q:{n}", "c", {}, "1" * 64) for n in range(500)]
    people = [ObservedObject(Kind.ENROLMENT, f"c:{n}", "c", n, {"status": "active"}) for n in range(24)]
    assert make_plan(wanted, [*content, *people]).is_fused
    listed = [DesiredObject(Kind.ENROLMENT, f"c:{n}", "c", {"status": "active"}) for n in range(20)]
    assert not make_plan([*wanted, *listed], [*content, *people]).is_fused, "four of 24 may leave"


@pytest.mark.parametrize(
    ("told", "action"),
    [
        ("a" * 64, Action.HIDE),
        ("drift:0123456789abcdef", Action.KEEP),
        (WITH_EDITS + "a" * 56, Action.KEEP),
        ("", Action.KEEP),
    ],
    ids=["ours", "edited-or-of-others", "with-edits", "unknown"],
)
def test_an_exception_that_nobody_wants_goes_only_where_it_is_ours_as_we_left_it(
    told: str, action: Action
) -> None:
    have = ObservedObject(Kind.OVERRIDE, "c/q@x", "c", 5, {"attempts": 3, "timelimit": None}, told)
    assert only(make_plan([], [have])).action is action


def test_tracks_that_stay_in_another_edition_are_a_loss_of_their_own_and_nobody_counts_twice() -> None:
    want = DesiredObject(
        Kind.ACTIVITY, "c/p", "c", {"sha1": "b", "edition": "SCORM 2004"}, tracked=frozenset({"a"})
    )
    have = ObservedObject(
        Kind.ACTIVITY,
        "c/p",
        "c",
        1,
        {"sha1": "a", "edition": "SCORM 1.2"},
        tracked={"a": 3, "b": 4, "c": 4},
        learners=5,
    )
    [change] = make_plan([want], [have]).changes
    assert change.losses == (ForecastLoss(Loss.PROGRESS, 3), ForecastLoss(Loss.ATTEMPTS, 5))
    same_edition = replace(have, fields={"sha1": "a", "edition": "SCORM 2004"})
    [change] = make_plan([want], [same_edition]).changes
    assert change.losses == (ForecastLoss(Loss.ATTEMPTS, 5),)
