"""Desired × observed → plan. A pure function: no network, no clock, no database.

A plan accounts for every object: what is wanted is created, updated, kept or refused; what was ours
and is wanted no longer is hidden. Nothing is ever deleted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

Fields = Mapping[str, object]


class Kind(StrEnum):
    """What an object is in Moodle; the order is the order of work."""

    CATEGORY = "course category"
    COURSE = "course"
    SECTION = "section"
    GROUP = "group"  # before the activities: some are for the members of a group only
    QUESTION_CATEGORY = "question category"
    QUESTION = "question"
    ACTIVITY = "activity"
    CRITERIA = "completion criteria"
    EVENT = "calendar event"  # after the groups: some are for the members of a group only
    COHORT = "cohort"
    ACCOUNT = "account"
    COHORT_MEMBER = "cohort member"
    ENROLMENT = "enrolment"
    GROUP_MEMBER = "group member"
    OVERRIDE = "quiz override"  # after enrolments and groups: one of them has it


WITH_EDITS = "00000000"
"""How the hash begins that we give to an object of which somebody's edits were kept.

The site then says "as it was last pushed", and whoever has lost the state database must not read that as
"all of it is ours". A SHA-256 begins so once in four thousand million.
"""

_HALF = 32  # hexadecimal digits of a package's hash that tell of its fields; the others tell of its content

_PLACES = {"section", "position"}  # fields that say where an object stands, not what it is
_ORDER = {kind: position for position, kind in enumerate(Kind)}


class Action(StrEnum):
    """What happens to an object."""

    CREATE = "create"
    UPDATE = "update"
    MOVE = "move"
    HIDE = "hide"
    KEEP = "keep"
    REFUSE = "refuse"
    BY_HAND = "by-hand"  # a person does it in Moodle, with the hand-over kit


SIGNS = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.MOVE: "~",
    Action.HIDE: "-",
    Action.REFUSE: "!",
    Action.BY_HAND: "!",
    Action.KEEP: "=",
}


class Loss(StrEnum):
    """What a change can take from learners; allowed one by one with `--accept-loss`."""

    ATTEMPTS = "attempts"  # tracks of an item identifier that a new package lacks
    PROGRESS = "progress"  # tracks that stay under their item in a package of another edition of SCORM
    GRADES = "grades"  # slots of a quiz that has attempts, points of an assignment, grades that rest on lost tracks
    RESPONSES = "responses"  # questions of a questionnaire that was answered
    DATES = "completion-dates"  # completion rules that somebody has met
    CRITERIA = "criteria"  # course criteria that somebody has met


@dataclass(frozen=True)
class ForecastLoss:
    """A loss, and how many learners it would touch, by the site's own data."""

    kind: Loss
    learners: int


FUSE_SHARE = 0.3
FUSE_FROM = 10
"""The fuse: changing or hiding more than this share of at least so many objects needs `--force`."""


@dataclass(frozen=True)
class DesiredObject:
    """One object as the files want it. `fields` are all that we own of it; `scope` is its course, "" site-wide."""

    kind: Kind
    key: str
    scope: str
    fields: Fields
    hash: str = ""  # given where the content is not all in `fields` (questions)
    tracked: frozenset[str] = frozenset()  # item identifiers under which learners' tracks are kept (packages)
    with_edits: bool = False  # some of the fields are edits made in Moodle that stay
    content: str = ""  # of a package: SHA-256 over its files, whatever packed them

    @property
    def wanted_hash(self) -> str:
        """The content hash: the given one, else that of the fields, marked where they hold edits of others.

        That of a package has two halves: 128 bits of its fields, for which its bytes do not count, and 128
        of its content. So the same content in other bytes (another zlib) is the same object, and a site
        tells everybody which content it holds.
        """
        found = self.hash or hash_of(self.fields)
        if self.content:
            told = {name: value for name, value in self.fields.items() if name != "sha1"}
            found = hash_of(told)[:_HALF] + self.content[:_HALF]
        return WITH_EDITS + found[len(WITH_EDITS) :] if self.with_edits else found

    def is_content_of(self, told: str) -> bool:
        """Whether a hash that was told of the object says that it holds this content."""
        return bool(self.content) and told[_HALF:] == self.content[:_HALF]


@dataclass(frozen=True)
class ObservedObject:
    """One object as Moodle has it now; `hash` where the plugin told one ("drift:…" after an edit in Moodle)."""

    kind: Kind
    key: str
    scope: str
    id: int
    fields: Fields
    hash: str = ""
    stakes: Mapping[str, ForecastLoss] = field(default_factory=dict)  # field → what a change of it would take
    tracked: Mapping[str, int] = field(default_factory=dict)  # item identifier → learners with tracks in it
    graded: Mapping[frozenset[str], int] = field(
        default_factory=dict
    )  # items that a grade rests on → learners
    learners: int | None = None  # who has begun it, where the site tells it; nobody counts twice in it

    @property
    def state(self) -> str:
        """A fingerprint of all that was seen of it, for telling whether it is still so."""
        return hash_of([dict(self.fields), self.hash])

    judged: bool = False  # every edit of somebody else has been looked at (lms_sync.drift)

    @property
    def edited_in_moodle(self) -> bool:
        """Whether somebody else changed it since we wrote it, and nobody has looked at how."""
        return self.hash.startswith("drift:") and not self.judged


@dataclass(frozen=True)
class Difference:
    """A field that differs; `base` is what was last applied, where that is known and of interest."""

    name: str
    before: object
    after: object
    base: object = None


@dataclass(frozen=True)
class Change:
    """What happens to one object, and why."""

    action: Action
    kind: Kind
    key: str
    scope: str
    differences: tuple[Difference, ...] = ()
    reason: str = ""  # a message code
    seen_hash: str = ""
    wanted_hash: str = ""
    seen_state: str = ""  # ObservedObject.state, "" where there was nothing
    losses: tuple[ForecastLoss, ...] = ()
    kept: tuple[Difference, ...] = ()  # edits made in Moodle that stay as they are

    def as_json(self) -> dict[str, object]:
        """A flat mapping for `--json`."""
        return {
            "action": self.action.value,
            "kind": self.kind.value,
            "key": self.key,
            "course": self.scope,
            "reason": self.reason,
            "fields": [{"name": d.name, "from": d.before, "to": d.after} for d in self.differences],
            "losses": [{"kind": loss.kind.value, "learners": loss.learners} for loss in self.losses],
            "seen": self.seen_state,
            "wanted": self.wanted_hash,
        }


@dataclass(frozen=True)
class Plan:
    """Every object's change, in the order of work."""

    changes: tuple[Change, ...]
    observed: int = 0  # objects of ours that were there

    @property
    def is_fused(self) -> bool:
        """Whether so much of what is there would be changed or hidden that somebody should look twice.

        Enrolments are weighed by themselves as well: a list that was emptied by mistake suspends a class, and
        the course's many questions would hide that.
        """
        enrolments = [change for change in self.changes if change.kind is Kind.ENROLMENT]
        return _is_too_much(self.changes, self.observed) or _is_too_much(
            enrolments, sum(change.action is not Action.CREATE for change in enrolments)
        )

    def doing(self, *actions: Action) -> tuple[Change, ...]:
        """The changes of the given actions."""
        return tuple(change for change in self.changes if change.action in actions)

    @property
    def work(self) -> tuple[Change, ...]:
        """What apply would do."""
        return self.doing(Action.CREATE, Action.UPDATE, Action.MOVE, Action.HIDE)

    @property
    def refused(self) -> tuple[Change, ...]:
        """What it will not do."""
        return self.doing(Action.REFUSE)

    @property
    def kept_edits(self) -> tuple[Change, ...]:
        """The changes at whose objects edits made in Moodle stay."""
        return tuple(change for change in self.changes if change.kept)

    @property
    def by_hand(self) -> tuple[Change, ...]:
        """What a person has to do in Moodle, because the site lacks the companion plugin."""
        return self.doing(Action.BY_HAND)

    def counts(self) -> dict[str, int]:
        """How many objects each action touches."""
        return {action.value: len(self.doing(action)) for action in Action}


def _is_too_much(changes: Iterable[Change], there: int) -> bool:
    touched = sum(change.action in (Action.UPDATE, Action.MOVE, Action.HIDE) for change in changes)
    return there >= FUSE_FROM and touched > FUSE_SHARE * there


@dataclass(frozen=True)
class PlanOptions:
    """What the administrator has allowed."""

    overwrite_edits: bool = False  # the files win over every edit made in Moodle, also in a conflict
    accept_loss: frozenset[Loss] = frozenset()
    revert_edits: bool = False  # the files win where only Moodle changed; a conflict stays one
    ours: frozenset[str] = frozenset()  # KEY or KEY#FIELD: there the files win
    theirs: frozenset[str] = frozenset()  # KEY or KEY#FIELD: there Moodle wins


def hash_of(value: object) -> str:
    """SHA-256 of a value's canonical JSON: sorted keys, no blanks, UTF-8."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def same(before: object, after: object) -> bool:
    """Whether two field values mean the same: numbers by value, true as 1, lists and maps by their items."""
    if isinstance(before, bool) or isinstance(after, bool):
        before = int(before) if isinstance(before, bool) else before
        after = int(after) if isinstance(after, bool) else after
    if isinstance(before, int | float) and isinstance(after, int | float):
        return abs(before - after) < 1e-5
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return before.keys() == after.keys() and all(same(before[name], after[name]) for name in after)
    if isinstance(before, list | tuple) and isinstance(after, list | tuple):
        return len(before) == len(after) and all(same(b, a) for b, a in zip(before, after, strict=True))
    return before == after


def differences(observed: Fields, desired: Fields) -> tuple[Difference, ...]:
    """The owned fields that differ, by name."""
    return tuple(
        Difference(name, observed.get(name), desired[name])
        for name in sorted(desired)
        if name not in observed or not same(observed[name], desired[name])
    )


def make_plan(
    desired: Sequence[DesiredObject],
    observed: Iterable[ObservedObject],
    *,
    refused: Iterable[Change] = (),
    undecided: Collection[tuple[Kind, str, str]] = (),
    options: PlanOptions | None = None,
) -> Plan:
    """Compares every object. `refused` are changes that were found impossible before (people without account).

    `observed` may hold objects that nobody wants any more: activities, sections, calendar events and enrolments
    among them are hidden or suspended, everything else is left as it is, and said to be. `undecided` are enrolments (by
    kind, scope and key) of people who may stand in the files after all: they wait.
    """
    options = options or PlanOptions()
    by_key: dict[tuple[Kind, str, str], ObservedObject] = {}
    for thing in observed:
        by_key[thing.kind, thing.scope, thing.key] = thing
    there = len(by_key)
    changes: list[Change] = list(refused)
    for want in desired:
        have = by_key.pop((want.kind, want.scope, want.key), None)
        changes.append(_change(want, have, options))
    changes.extend(_unwanted(thing, undecided) for thing in by_key.values())
    # Within a kind the files' own order: sections and activities appear in Moodle as they are made.
    written = {(want.kind, want.scope, want.key): position for position, want in enumerate(desired)}

    def order(change: Change) -> tuple[int, str, int, str]:
        position = written.get((change.kind, change.scope, change.key), len(written))
        return _ORDER[change.kind], change.scope, position, change.key

    return Plan(tuple(sorted(changes, key=order)), there)


def _change(want: DesiredObject, have: ObservedObject | None, options: PlanOptions) -> Change:
    if have is None:
        created = tuple(Difference(name, None, value) for name, value in sorted(want.fields.items()))
        return Change(Action.CREATE, want.kind, want.key, want.scope, created, wanted_hash=want.wanted_hash)
    found = differences(have.fields, want.fields)
    if want.hash and have.hash != want.hash:
        found = (*found, Difference("content", have.hash[:12], want.hash[:12]))
    if not found:
        return Change(Action.KEEP, want.kind, want.key, want.scope, seen_hash=have.hash)
    moved = all(difference.name in _PLACES for difference in found)
    action, reason = Action.MOVE if moved else Action.UPDATE, ""
    if have.edited_in_moodle:
        reason = "plan.edited-in-moodle"
        if not options.overwrite_edits:
            action = Action.REFUSE
    losses = _losses(want, have, found)
    if any(loss.kind not in options.accept_loss for loss in losses):
        action, reason = Action.REFUSE, "plan.learners-would-lose"
    return Change(
        action,
        want.kind,
        want.key,
        want.scope,
        found,
        reason,
        seen_hash=have.hash,
        wanted_hash=want.wanted_hash,
        seen_state=have.state,
        losses=losses,
    )


def _losses(
    want: DesiredObject, have: ObservedObject, found: Iterable[Difference]
) -> tuple[ForecastLoss, ...]:
    """What the differences would take from learners; nothing where nobody has anything to lose."""
    losses = [have.stakes[one.name] for one in found if one.name in have.stakes]
    dropped = _at_most(have, (n for name, n in have.tracked.items() if name not in want.tracked))
    if any(one.name == "edition" for one in found):
        stay = _at_most(have, (n for name, n in have.tracked.items() if name in want.tracked))
        losses.append(ForecastLoss(Loss.PROGRESS, stay))
    if want.tracked and dropped:
        losses.append(ForecastLoss(Loss.ATTEMPTS, dropped))
        # A grade falls once nothing is left on which it rests; where one item stays that has it, it stays.
        fallen = sum(learners for items, learners in have.graded.items() if not items & want.tracked)
        losses.append(ForecastLoss(Loss.GRADES, fallen))
    return tuple(loss for loss in losses if loss.learners)


def _at_most(have: ObservedObject, by_item: Iterable[int]) -> int:
    """How many learners there may be in some items: who has tracks in several of them is told for each."""
    together = sum(by_item)
    return together if have.learners is None else min(together, have.learners)


def _unwanted(have: ObservedObject, undecided: Collection[tuple[Kind, str, str]]) -> Change:
    if have.kind in (Kind.ACTIVITY, Kind.SECTION, Kind.EVENT):
        if have.fields.get("visible") in (0, False):
            return Change(
                Action.KEEP, have.kind, have.key, have.scope, reason="plan.hidden-before", seen_hash=have.hash
            )
        hide = (Difference("visible", 1, 0),)
        return Change(
            Action.HIDE,
            have.kind,
            have.key,
            have.scope,
            hide,
            "plan.not-in-files",
            seen_hash=have.hash,
            seen_state=have.state,
        )
    if have.kind is Kind.OVERRIDE:
        return _unwanted_override(have)
    if have.kind is Kind.ENROLMENT:
        stays = ""
        if have.fields.get("status") == "suspended":
            stays = "plan.suspended-before"
        elif not have.fields.get("in_our_groups", True):
            stays = "plan.enrolled-by-others"
        elif (have.kind, have.scope, have.key) in undecided:
            stays = "plan.waits-for-decision"
        if stays:
            return Change(Action.KEEP, have.kind, have.key, have.scope, reason=stays)
        hide = (Difference("status", "active", "suspended"),)
        return Change(
            Action.HIDE, have.kind, have.key, have.scope, hide, "plan.left-the-list", seen_state=have.state
        )
    return Change(Action.KEEP, have.kind, have.key, have.scope, reason="plan.left-alone", seen_hash=have.hash)


def _unwanted_override(have: ObservedObject) -> Change:
    """An override that cannot be hidden is taken away, where it is ours and as we left it; else it is somebody's."""
    if not have.hash or have.hash.startswith(("drift:", WITH_EDITS)):
        return Change(
            Action.KEEP,
            have.kind,
            have.key,
            have.scope,
            reason="plan.override-of-others",
            seen_hash=have.hash,
        )
    gone = tuple(
        Difference(name, value, None) for name, value in sorted(have.fields.items()) if value is not None
    )
    return Change(
        Action.HIDE,
        have.kind,
        have.key,
        have.scope,
        gone,
        "plan.override-taken-away",
        seen_hash=have.hash,
        seen_state=have.state,
    )
