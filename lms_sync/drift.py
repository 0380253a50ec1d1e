"""Last applied × now in Moodle × now in the files: who changed what. Pure: no network, no clock, no database.

Every owned field is compared three ways. What only the files changed is applied; what somebody changed in
Moodle stays until it is adopted or reverted; what both changed is a conflict, and nothing is applied to its
object until somebody decides. Where nobody knows what was last applied (another machine, a lost state
database), the hash that the site computes from its live rows still tells whether an object is as it was pushed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from authoring.problems import LmsSyncError
from lms_sync.plan import (
    WITH_EDITS,
    Action,
    Change,
    DesiredObject,
    Difference,
    Fields,
    Kind,
    ObservedObject,
    Plan,
    PlanOptions,
    same,
)

Id = tuple[Kind, str, str]
"""Kind, scope and key: what an object is known by."""

KINDS = frozenset(
    {
        Kind.CATEGORY,
        Kind.COURSE,
        Kind.SECTION,
        Kind.QUESTION_CATEGORY,
        Kind.QUESTION,
        Kind.ACTIVITY,
        Kind.CRITERIA,
        Kind.EVENT,
        Kind.COHORT,
        Kind.GROUP,
        Kind.OVERRIDE,
    }
)
"""Kinds whose content is compared three ways, and taken back by an undo."""

PEOPLE = frozenset({Kind.ENROLMENT, Kind.COHORT_MEMBER, Kind.GROUP_MEMBER})
"""Kinds that say who is where. The lists of people decide, but whom somebody suspended in Moodle stays so."""

CONTENT = "content"
"""The one field of a question: its content hash."""


class UnknownName(LmsSyncError):
    """A name given with --ours or --theirs that no object has."""

    exit_code = 64


class Standing(StrEnum):
    """How the three values of a field stand to each other."""

    SAME = "same"
    OURS = "ours"  # only the files changed
    THEIRS = "theirs"  # only somebody in Moodle changed
    BOTH = "both"  # both, to the same value
    CONFLICT = "conflict"
    UNKNOWN = "unknown"  # they differ, and what was last applied is not known


@dataclass(frozen=True)
class Applied:
    """What was last applied to an object and seen there afterwards."""

    fields: Fields
    hash: str = ""
    run_id: int = 0


@dataclass(frozen=True)
class Sent:
    """What a run was about to write and may have written; `base` counts as applied if it has landed."""

    fields: Fields
    hash: str
    base: Fields


@dataclass(frozen=True)
class Remembered:
    """All that the state database knows of an object; `sent` newest first."""

    applied: Applied | None = None
    sent: tuple[Sent, ...] = ()


Base = Mapping[Id, Remembered]


@dataclass(frozen=True)
class FieldDrift:
    """One field with its three values; `base` is None where it is not known."""

    name: str
    standing: Standing
    base: object
    theirs: object
    ours: object


@dataclass(frozen=True)
class ObjectDrift:
    """An object that is not as we last left it; `deleted`: it is not in Moodle any more."""

    kind: Kind
    key: str
    scope: str
    fields: tuple[FieldDrift, ...] = ()
    deleted: bool = False

    @property
    def conflicts(self) -> bool:
        """Whether somebody has to decide before anything is applied to it."""
        return any(one.standing in (Standing.CONFLICT, Standing.UNKNOWN) for one in self.fields)


@dataclass(frozen=True)
class Settled:
    """What is to be planned once every edit has been judged."""

    files: tuple[DesiredObject, ...]  # as the files want it
    desired: tuple[DesiredObject, ...]  # the same with the edits that stay
    observed: tuple[ObservedObject, ...]
    base: Base
    drift: tuple[ObjectDrift, ...] = ()
    refused: tuple[Change, ...] = ()
    kept: Mapping[Id, tuple[Difference, ...]] = field(default_factory=dict)
    deleted: frozenset[Id] = frozenset()
    listed: frozenset[str] = frozenset()  # the courses of which everybody who is to be enrolled is in `files`
    kinds: frozenset[Kind] = KINDS | PEOPLE  # the kinds that were judged

    def told(self, plan: Plan) -> Plan:
        """The plan with the edits that stay, and what was deleted in Moodle, said at their objects."""
        states = {
            (one.kind, one.scope, one.key): one.state
            for one in self.observed
            if (one.kind, one.scope, one.key) in self.kept
        }
        return replace(plan, changes=tuple(self._told(change, states) for change in plan.changes))

    def _told(self, change: Change, states: Mapping[Id, str]) -> Change:
        identity = (change.kind, change.scope, change.key)
        if identity in self.deleted and change.action is Action.CREATE:
            return replace(change, reason="plan.deleted-in-moodle")
        kept = self.kept.get(identity)
        if not kept:
            return change
        if change.action is Action.KEEP:
            return replace(change, kept=kept, reason="plan.edit-stays", seen_state=states[identity])
        return replace(change, kept=kept)


def as_pushed(have: ObservedObject) -> bool:
    """Whether the site itself says that nobody changed the object since the last push, and all of it was ours."""
    return bool(have.hash) and not have.hash.startswith(("drift:", WITH_EDITS))


def base_of(remembered: Remembered | None, have: ObservedObject) -> Fields | None:
    """The fields that count as last applied to an object as it is now; None where nobody knows."""
    known = remembered or Remembered()
    for sent in known.sent:
        landed = have.hash == sent.hash if have.hash else _holds(have.fields, sent.fields)
        if landed:
            return {**have.fields, **sent.base}
    if known.applied is None:
        # Of people of whom nothing is remembered, the lists alone decide, as for those who come back to a list.
        return have.fields if as_pushed(have) or have.kind in PEOPLE else None
    if as_pushed(have) and have.hash != known.applied.hash:
        return have.fields  # pushed since by a run that this database does not know
    # A field that is not in it was not owned then: what the site has there is what we start from.
    return {**have.fields, **known.applied.fields}


def _holds(fields: Fields, wanted: Fields) -> bool:
    return all(name in fields and same(fields[name], value) for name, value in wanted.items())


def standing(base: object, theirs: object, ours: object, *, known: bool = True) -> Standing:
    """How three values of a field stand to each other; `known`: whether `base` is."""
    if same(theirs, ours):
        return Standing.SAME if not known or same(base, ours) else Standing.BOTH
    if not known:
        return Standing.UNKNOWN
    if same(base, theirs):
        return Standing.OURS
    return Standing.THEIRS if same(base, ours) else Standing.CONFLICT


def compare(
    remembered: Remembered | None, have: ObservedObject, want: DesiredObject
) -> tuple[FieldDrift, ...]:
    """Every owned field of an object with its standing."""
    if want.kind is Kind.QUESTION:
        return _compare_question(remembered, have, want)
    base = base_of(remembered, have)
    found = []
    for name in sorted(want.fields):
        theirs, ours = have.fields.get(name), want.fields[name]
        before = None if base is None else base.get(name)
        found.append(
            FieldDrift(name, standing(before, theirs, ours, known=base is not None), before, theirs, ours)
        )
    return tuple(found)


def _compare_question(
    remembered: Remembered | None, have: ObservedObject, want: DesiredObject
) -> tuple[FieldDrift, ...]:
    """A question is compared by its hash; what else the site tells of it says what somebody changed."""
    applied = (remembered or Remembered()).applied
    base = have.hash if as_pushed(have) else applied.hash if applied else ""
    stands = standing(base, have.hash, want.wanted_hash, known=bool(base))
    if stands not in (Standing.THEIRS, Standing.CONFLICT) or applied is None:
        return (FieldDrift(CONTENT, stands, base or None, have.hash, want.wanted_hash),)
    before = applied.fields
    unchanged = want.wanted_hash == applied.hash
    named = [
        FieldDrift(name, stands, before[name], have.fields.get(name), before[name] if unchanged else None)
        for name in sorted(before)
        if name != "version" and not same(before[name], have.fields.get(name))
    ]
    edition, now = before.get("version"), have.fields.get("version")
    if not named or edition != now:  # a new version holds whatever was edited; tags change without one
        named.append(
            FieldDrift(CONTENT, stands, f"version {edition}", f"version {now}", want.wanted_hash[:12])
        )
    return tuple(named)


def settle(
    desired: Sequence[DesiredObject],
    observed: Iterable[ObservedObject],
    base: Base,
    options: PlanOptions | None = None,
    kinds: frozenset[Kind] = KINDS | PEOPLE,
) -> Settled:
    """Judges every field of every object of some kinds, so that `make_plan` has only to carry out what remains.

    Of the edits made in Moodle, those that stay are put into what is desired; objects in conflict are taken
    out and refused. `options` say which edits give way. Raises UnknownName.
    """
    options = options or PlanOptions()
    _check_names(options, desired)
    seen = {(one.kind, one.scope, one.key): one for one in observed}
    judge = _Judge(seen, base, options, kinds)
    if Kind.SECTION in kinds:
        judge.judge_order(desired)
    wanted = [judge.judge(want) for want in desired]
    drift = sorted(judge.drift, key=lambda one: (list(Kind).index(one.kind), one.scope, one.key))
    return Settled(
        files=tuple(desired),
        desired=tuple(one for one in wanted if one is not None),
        observed=tuple(seen.values()),
        base=base,
        drift=tuple(drift),
        refused=tuple(judge.refused),
        kept=judge.kept,
        deleted=frozenset(judge.deleted),
        listed=frozenset(one.key for one in desired if one.kind is Kind.COURSE),
        kinds=kinds,
    )


class _Judge:
    def __init__(
        self, seen: dict[Id, ObservedObject], base: Base, options: PlanOptions, kinds: frozenset[Kind]
    ) -> None:
        self.kinds = kinds
        self.seen = seen
        self.base = base
        self.options = options
        self.drift: list[ObjectDrift] = []
        self.refused: list[Change] = []
        self.kept: dict[Id, tuple[Difference, ...]] = {}
        self.deleted: list[Id] = []
        self.order: dict[str, Standing] = {}  # by section key: how its place among the sections stands
        self.order_base: dict[str, int] = {}
        self.places: dict[str, int] = {}  # the place that each section gets where somebody's order stays

    # --- the order of sections -----------------------------------------------------------------

    def judge_order(self, desired: Sequence[DesiredObject]) -> None:
        """Judges who moved sections.

        A place is a number that changes when another section is put before it, so places are not compared but
        the order of the sections that are in the files, in Moodle and in what was last applied.
        """
        for scope in dict.fromkeys(want.scope for want in desired if want.kind is Kind.SECTION):
            self._order(
                scope, [one.key for one in desired if one.kind is Kind.SECTION and one.scope == scope]
            )

    def _order(self, scope: str, ours: list[str]) -> None:
        present = [key for key in ours if (Kind.SECTION, scope, key) in self.seen]
        self.order.update(dict.fromkeys(present, Standing.OURS))
        places: dict[str, int] = {}
        before: dict[str, int] = {}
        for key in present:
            remembered = self.base.get((Kind.SECTION, scope, key))
            if remembered and remembered.applied:
                places[key] = _number(self.seen[Kind.SECTION, scope, key].fields.get("position"))
                before[key] = _number(remembered.applied.fields.get("position"))
        there = list(places)  # in the files' order
        theirs = sorted(there, key=lambda key: places[key])
        last = sorted(there, key=lambda key: (before[key], places[key]))
        self.order_base.update(before)
        if theirs in (last, there):
            return
        stands = Standing.THEIRS if there == last else Standing.CONFLICT
        moved = [key for number, key in enumerate(theirs) if key != there[number]]
        if any(self._gives_way(stands, key, "position") for key in moved):
            return
        self.order.update(dict.fromkeys(moved, stands))
        stays = stands is Standing.THEIRS or all(
            _named(self.options.theirs, key, "position") for key in moved
        )
        if stays:
            merged = list(theirs)
            for number, key in enumerate(ours):
                if key not in merged:
                    after = next((one for one in reversed(ours[:number]) if one in merged), None)
                    merged.insert(merged.index(after) + 1 if after else 0, key)
            self.places.update({key: number for number, key in enumerate(merged, 1)})

    # --- one object ----------------------------------------------------------------------------

    def judge(self, want: DesiredObject) -> DesiredObject | None:
        """The object with the edits that stay, or None where it is refused."""
        identity = (want.kind, want.scope, want.key)
        have = self.seen.get(identity)
        if want.kind not in self.kinds:
            return want
        remembered = self.base.get(identity)
        if have is None:
            if remembered and remembered.applied:
                self.deleted.append(identity)
                self.drift.append(ObjectDrift(want.kind, want.key, want.scope, deleted=True))
            return self._placed(want)
        fields = [self._with_order(one, want.key) for one in compare(remembered, have, want)]
        edits = tuple(
            one for one in fields if one.standing in (Standing.THEIRS, Standing.CONFLICT, Standing.UNKNOWN)
        )
        if not edits:
            self.seen[identity] = replace(have, judged=True)
            return self._placed(want)
        self.drift.append(ObjectDrift(want.kind, want.key, want.scope, edits))
        stay = [one for one in edits if self._stays(one, want.key)]
        open_ones = [
            one for one in edits if one not in stay and not self._gives_way(one.standing, want.key, one.name)
        ]
        if open_ones:
            self._refuse(have, want, fields, _reason(open_ones, have))
            return None
        if stay:
            self.kept[identity] = tuple(Difference(one.name, one.theirs, one.ours, one.base) for one in stay)
        if self._cannot_stay_where_it_is(stay, fields, have):
            self._refuse(have, want, fields, "plan.stands-elsewhere")
            return None
        self.seen[identity] = replace(have, judged=True)
        if want.kind is Kind.QUESTION:
            return replace(want, hash=have.hash) if stay else want
        merged = {one.name: one.theirs for one in stay if one.name != "position"}
        # A package that stays takes no attempts, whatever the files' own would have taken.
        tracked = frozenset[str]() if "sha1" in merged else want.tracked
        wanted = replace(want, fields={**want.fields, **merged}, tracked=tracked, with_edits=bool(stay))
        return self._placed(wanted)

    def _placed(self, want: DesiredObject) -> DesiredObject:
        if want.kind is not Kind.SECTION or want.key not in self.places:
            return want
        return replace(want, fields={**want.fields, "position": self.places[want.key]})

    def _with_order(self, one: FieldDrift, key: str) -> FieldDrift:
        if one.name != "position" or key not in self.order:
            return one
        if self.order[key] is Standing.OURS:
            stands = Standing.SAME if same(one.theirs, one.ours) else Standing.OURS
            return replace(one, standing=stands)
        return replace(one, standing=self.order[key], base=self.order_base.get(key))

    def _stays(self, one: FieldDrift, key: str) -> bool:
        if self._gives_way(one.standing, key, one.name):
            return False
        return one.standing is Standing.THEIRS or _named(self.options.theirs, key, one.name)

    def _gives_way(self, stands: Standing, key: str, name: str) -> bool:
        if _named(self.options.ours, key, name):
            return True
        if _named(self.options.theirs, key, name):
            return False
        if self.options.overwrite_edits:
            return True
        return self.options.revert_edits and stands is Standing.THEIRS

    @staticmethod
    def _cannot_stay_where_it_is(
        stay: list[FieldDrift], fields: list[FieldDrift], have: ObservedObject
    ) -> bool:
        """Whether an activity stands in a section of others and yet is to be changed: a write names a section."""
        elsewhere = any(one.name == "section" and one.theirs == "" for one in stay)
        return (
            elsewhere and have.kind is Kind.ACTIVITY and any(one.standing is Standing.OURS for one in fields)
        )

    def _refuse(
        self, have: ObservedObject, want: DesiredObject, fields: list[FieldDrift], reason: str
    ) -> None:
        identity = (want.kind, want.scope, want.key)
        del self.seen[identity]
        differing = tuple(
            Difference(one.name, one.theirs, one.ours, one.base)
            for one in fields
            if one.standing not in (Standing.SAME, Standing.BOTH)
        )
        self.kept.pop(identity, None)
        self.refused.append(
            Change(
                Action.REFUSE,
                want.kind,
                want.key,
                want.scope,
                differing,
                reason,
                seen_hash=have.hash,
                wanted_hash=want.wanted_hash,
                seen_state=have.state,
            )
        )


def _reason(open_ones: list[FieldDrift], have: ObservedObject) -> str:
    if any(one.standing is Standing.CONFLICT for one in open_ones):
        return "plan.conflict"
    return "plan.edited-in-moodle" if have.edited_in_moodle else "plan.base-unknown"


def _named(names: frozenset[str], key: str, field_name: str) -> bool:
    """Whether KEY or KEY#FIELD is among the names that an administrator gave."""
    return key in names or f"{key}#{field_name}" in names


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _check_names(options: PlanOptions, objects: Iterable[DesiredObject]) -> None:
    keys = {one.key for one in objects if one.kind in KINDS | PEOPLE}
    for name in sorted(options.ours | options.theirs):
        if name.split("#", 1)[0] not in keys:
            raise UnknownName("drift.unknown-name", name=name)


# --- what to remember -----------------------------------------------------------------------------


def to_remember(settled: Settled, observed: Iterable[ObservedObject]) -> dict[Id, Applied]:
    """What counts as applied after a run: of every object the fields in which files and site agree.

    A field in which they do not agree keeps the base it had; where it had none, the object stays unknown.
    """
    seen = {(one.kind, one.scope, one.key): one for one in observed}
    unplaced = _unplaced(settled, seen)
    result: dict[Id, Applied] = {}
    for want in settled.files:
        identity = (want.kind, want.scope, want.key)
        have = seen.get(identity)
        if have is None or want.kind not in settled.kinds:
            continue
        remembered = settled.base.get(identity)
        last = remembered.applied if remembered else None
        if want.kind is Kind.QUESTION:
            if have.hash == want.wanted_hash:
                result[identity] = Applied(dict(have.fields), have.hash)
            continue
        base = base_of(remembered, have)
        agree = {
            name: have.fields[name]
            for name, value in want.fields.items()
            if name in have.fields and same(have.fields[name], value)
        }
        if want.kind is Kind.SECTION and "position" in want.fields and want.scope not in unplaced:
            # Every move of ours has been made: what still differs is the order that somebody else gave.
            agree["position"] = want.fields["position"]
        if base is None and len(agree) < len(want.fields):
            continue
        fields = {**(last.fields if last else {}), **{name: (base or {}).get(name) for name in want.fields}}
        fields |= agree
        told = have.hash if have.hash and not have.hash.startswith("drift:") else last.hash if last else ""
        result[identity] = Applied(fields, told)
    return result


def _unplaced(settled: Settled, seen: Mapping[Id, ObservedObject]) -> set[str]:
    """The courses of which a section does not stand where it is to stand, or nobody has decided where."""
    refused = {one.scope for one in settled.refused if one.kind is Kind.SECTION}
    for want in settled.desired:
        have = seen.get((want.kind, want.scope, want.key))
        if want.kind is Kind.SECTION and "position" in want.fields:
            place = want.fields["position"]
            if have is None or have.fields.get("position") != place:
                refused.add(want.scope)
    return refused


def to_send(
    settled: Settled, change: Change, have: ObservedObject | None, want: DesiredObject | None
) -> Sent:
    """What a change is about to write, and what counts as applied if it lands."""
    if want is None:  # hidden: the files do not want it any more
        fields: dict[str, object] = {one.name: one.after for one in change.differences}
        return Sent(fields, change.wanted_hash, fields)
    before = base_of(settled.base.get((change.kind, change.scope, change.key)), have) if have else {}
    base = {**(before or {}), **want.fields}
    for one in change.kept:
        base[one.name] = (before or {}).get(one.name)
    return Sent(dict(want.fields), change.wanted_hash, base)
