"""The three-way comparison by itself: every combination has one meaning, and nobody's work is overwritten."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_sync.drift import (
    KINDS,
    WITH_EDITS,
    Applied,
    Id,
    Remembered,
    Sent,
    Standing,
    UnknownName,
    base_of,
    settle,
    standing,
    to_remember,
)
from lms_sync.plan import Action, DesiredObject, Kind, ObservedObject, Plan, PlanOptions, make_plan

VALUES = st.sampled_from(["a", "b", "c"])
NAMES = ("name", "summary", "visible")
FIELDS = st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES))
KEYS = ("co/a", "co/b", "co/c")
# Activities: their place among each other is nobody's, so that every field is compared by itself.
DESIRED = st.fixed_dictionaries(dict.fromkeys(KEYS, FIELDS))
OBSERVED = st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, FIELDS))
BASES = st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, FIELDS))


def _id(key: str) -> Id:
    return Kind.ACTIVITY, "co", key


def _plan(
    desired: dict[str, dict[str, str]],
    observed: dict[str, dict[str, str]],
    bases: dict[str, dict[str, str]],
    options: PlanOptions | None = None,
) -> Plan:
    wanted = [DesiredObject(Kind.ACTIVITY, key, "co", fields) for key, fields in desired.items()]
    seen = [
        ObservedObject(Kind.ACTIVITY, key, "co", 1, fields, "drift:1") for key, fields in observed.items()
    ]
    base = {_id(key): Remembered(Applied(fields, "1" * 64)) for key, fields in bases.items()}
    settled = settle(wanted, seen, base, options)
    plan = make_plan(settled.desired, settled.observed, refused=settled.refused, options=options)
    return settled.told(plan)


@pytest.mark.parametrize(
    ("base", "theirs", "ours", "means"),
    [
        ("a", "a", "a", Standing.SAME),
        ("a", "a", "b", Standing.OURS),
        ("a", "b", "a", Standing.THEIRS),
        ("a", "b", "b", Standing.BOTH),
        ("a", "b", "c", Standing.CONFLICT),
        (1, 1.0, True, Standing.SAME),
    ],
)
def test_every_combination_has_one_meaning(
    base: object, theirs: object, ours: object, means: Standing
) -> None:
    assert standing(base, theirs, ours) is means


@given(VALUES, VALUES)
def test_with_an_unknown_base_only_a_difference_is_known(theirs: str, ours: str) -> None:
    found = standing(None, theirs, ours, known=False)
    assert found is (Standing.SAME if theirs == ours else Standing.UNKNOWN)


@given(DESIRED, OBSERVED, BASES)
def test_a_write_never_holds_a_value_that_overwrites_an_edit(
    desired: dict[str, dict[str, str]],
    observed: dict[str, dict[str, str]],
    bases: dict[str, dict[str, str]],
) -> None:
    for change in _plan(desired, observed, bases).doing(Action.UPDATE, Action.MOVE):
        for one in change.differences:
            assert bases[change.key][one.name] == observed[change.key][one.name] == one.before
            assert one.after == desired[change.key][one.name]


@given(DESIRED, OBSERVED, BASES)
def test_every_object_is_told_once_and_a_conflict_is_refused_whole(
    desired: dict[str, dict[str, str]],
    observed: dict[str, dict[str, str]],
    bases: dict[str, dict[str, str]],
) -> None:
    plan = _plan(desired, observed, bases)
    assert sorted(one.key for one in plan.changes) == sorted(desired)
    for change in plan.changes:
        if change.key not in observed:
            assert change.action is Action.CREATE
            continue
        theirs, ours, base = observed[change.key], desired[change.key], bases.get(change.key)
        conflict = any(
            theirs[name] != ours[name] and (base is None or base[name] not in (theirs[name], ours[name]))
            for name in NAMES
        )
        assert (change.action is Action.REFUSE) == conflict


@given(DESIRED, OBSERVED, BASES)
def test_revert_takes_away_only_what_moodle_alone_changed(
    desired: dict[str, dict[str, str]],
    observed: dict[str, dict[str, str]],
    bases: dict[str, dict[str, str]],
) -> None:
    plan = _plan(desired, observed, bases, PlanOptions(revert_edits=True))
    plain = _plan(desired, observed, bases)
    assert {one.key for one in plan.refused} == {one.key for one in plain.refused}
    assert plan.kept_edits == ()


@given(DESIRED, OBSERVED, BASES)
def test_overwriting_leaves_nothing_of_any_edit(
    desired: dict[str, dict[str, str]],
    observed: dict[str, dict[str, str]],
    bases: dict[str, dict[str, str]],
) -> None:
    plan = _plan(desired, observed, bases, PlanOptions(overwrite_edits=True))
    assert plan.refused == plan.kept_edits == ()
    told = {one.key: {two.name for two in one.differences} for one in plan.doing(Action.UPDATE)}
    for key, fields in observed.items():
        assert told.get(key, set()) == {name for name in NAMES if fields[name] != desired[key][name]}


@given(DESIRED, OBSERVED, BASES, st.sampled_from(KEYS), st.booleans())
def test_a_side_that_is_named_wins_at_its_object_and_nowhere_else(
    desired: dict[str, dict[str, str]],
    observed: dict[str, dict[str, str]],
    bases: dict[str, dict[str, str]],
    key: str,
    ours: bool,
) -> None:
    name = "ours" if ours else "theirs"
    plain = {one.key: one for one in _plan(desired, observed, bases).changes}
    plan = {
        one.key: one
        for one in _plan(desired, observed, bases, PlanOptions(**{name: frozenset({key})})).changes
    }
    assert {k: v for k, v in plan.items() if k != key} == {k: v for k, v in plain.items() if k != key}
    assert plan[key].action is not Action.REFUSE
    if ours:
        assert plan[key].kept == ()


def test_one_field_of_an_object_can_be_decided_by_itself() -> None:
    desired = {"co/a": {"name": "o", "summary": "o"}}
    observed = {"co/a": {"name": "t", "summary": "t"}}
    bases = {"co/a": {"name": "b", "summary": "b"}}
    one = PlanOptions(ours=frozenset({"co/a#name"}))
    assert [change.action for change in _plan(desired, observed, bases, one).changes] == [Action.REFUSE]
    two = replace(one, theirs=frozenset({"co/a#summary"}))
    (change,) = _plan(desired, observed, bases, two).changes
    assert [(field.name, field.after) for field in change.differences] == [("name", "o")]
    assert [(field.name, field.before) for field in change.kept] == [("summary", "t")]


def test_a_name_that_no_object_has_is_wrong_usage() -> None:
    with pytest.raises(UnknownName) as caught:
        settle([], [], {}, PlanOptions(ours=frozenset({"nowhere"})))
    assert caught.value.exit_code == 64


# --- what counts as applied -----------------------------------------------------------------------


def _have(digest: str, **fields: object) -> ObservedObject:
    return ObservedObject(Kind.SECTION, "co/a", "co", 1, {"name": "x", **fields}, digest)


def test_the_site_itself_says_that_nobody_edited_also_where_we_remember_nothing() -> None:
    assert base_of(None, _have("1" * 64)) == {"name": "x"}
    assert base_of(None, _have("drift:1")) is None
    assert base_of(None, _have(WITH_EDITS + "1" * 56)) is None


def test_what_another_machine_pushed_since_counts_as_applied() -> None:
    known = Remembered(Applied({"name": "old"}, "1" * 64))
    assert base_of(known, _have("2" * 64)) == {"name": "x"}
    assert base_of(known, _have("1" * 64)) == {"name": "old"}
    assert base_of(known, _have("drift:1")) == {"name": "old"}


def test_what_a_killed_run_had_sent_counts_as_applied_only_if_it_landed() -> None:
    sent = Sent({"name": "x"}, "3" * 64, {"name": "sent"})
    known = Remembered(Applied({"name": "old"}, "1" * 64), (sent,))
    assert base_of(known, _have("3" * 64)) == {"name": "sent"}
    assert base_of(known, _have("1" * 64)) == {"name": "old"}
    plain = replace(_have(""), kind=Kind.COHORT)  # the site tells no hash: its value does
    assert base_of(known, plain) == {"name": "sent"}
    assert base_of(known, replace(plain, fields={"name": "y"})) == {"name": "old"}


@given(DESIRED, OBSERVED, BASES)
def test_an_edit_never_becomes_what_we_applied(
    desired: dict[str, dict[str, str]],
    observed: dict[str, dict[str, str]],
    bases: dict[str, dict[str, str]],
) -> None:
    wanted = [DesiredObject(Kind.ACTIVITY, key, "co", fields) for key, fields in desired.items()]
    seen = [
        ObservedObject(Kind.ACTIVITY, key, "co", 1, fields, "drift:1") for key, fields in observed.items()
    ]
    base = {_id(key): Remembered(Applied(fields)) for key, fields in bases.items()}
    for (_, _, key), now in to_remember(settle(wanted, seen, base), seen).items():
        for name in NAMES:
            agreed = desired[key][name] == observed[key][name]
            assert now.fields[name] == (desired[key][name] if agreed else bases[key][name])


def test_who_is_enrolled_where_is_not_compared_three_ways() -> None:
    assert not {one for one in KINDS if "member" in one.value}
    assert Kind.ENROLMENT not in KINDS


# --- the order of sections ------------------------------------------------------------------------


def _sections(order: str) -> list[DesiredObject]:
    return [
        DesiredObject(Kind.SECTION, f"co/{name}", "co", {"name": name, "position": place})
        for place, name in enumerate(order, 1)
    ]


def _order_plan(ours: str, theirs: str, last: str, /, **options: object) -> tuple[dict[str, str], list[str]]:
    """What happens to each section, and the order that is asked for."""
    seen = [ObservedObject(Kind.SECTION, one.key, "co", 1, one.fields, "1" * 64) for one in _sections(theirs)]
    base = {
        (Kind.SECTION, "co", one.key): Remembered(Applied(one.fields, "1" * 64)) for one in _sections(last)
    }
    settled = settle(_sections(ours), seen, base, PlanOptions(**options))  # type: ignore[arg-type]
    plan = settled.told(make_plan(settled.desired, settled.observed, refused=settled.refused))
    wanted = sorted(settled.desired, key=lambda one: int(str(one.fields["position"])))
    return (
        {one.key[3:]: one.action.value for one in plan.changes},
        [one.key[3:] for one in wanted],
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "last", "asked"),
    [
        ("abc", "abc", "abc", "abc"),
        ("cab", "abc", "abc", "cab"),  # only the files
        ("abc", "cab", "abc", "cab"),  # only Moodle
        ("cab", "cab", "abc", "cab"),  # both, the same
        ("xabc", "abc", "abc", "xabc"),  # a new section is no change of order
        ("xabc", "cab", "abc", "xcab"),
        ("abxc", "cab", "abc", "cabx"),
        ("ab", "abc", "abc", "ab"),
    ],
)
def test_only_an_order_that_somebody_changed_stays(ours: str, theirs: str, last: str, asked: str) -> None:
    actions, order = _order_plan(ours, theirs, last)
    assert "".join(order) == asked
    assert "refuse" not in actions.values()


def test_two_changed_orders_are_a_conflict_until_somebody_decides() -> None:
    actions, _ = _order_plan("bac", "cba", "abc")
    assert set(actions.values()) >= {"refuse"}
    _, order = _order_plan("bac", "cba", "abc", ours=frozenset({"co/a", "co/b", "co/c"}))
    assert "".join(order) == "bac"
    _, order = _order_plan("bac", "cba", "abc", theirs=frozenset({"co/a", "co/b", "co/c"}))
    assert "".join(order) == "cba"


def test_revert_brings_the_files_order_back() -> None:
    actions, order = _order_plan("abc", "cab", "abc", revert_edits=True)
    assert "".join(order) == "abc"
    assert set(actions.values()) == {"move"}
