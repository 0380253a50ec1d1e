"""Decides whether a holder has earned an award: a pure function of a policy, their facts, what is held, and a date.

Rules: local calendar dates in the policy's time zone; ends inclusive; always base + k × period, never a
repeated addition; best result counts, so a later fact never takes away what was earned (only a correction of
the same fact does); the order in which facts are given changes nothing; every state is explained by reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from certificates.held import NOBODY, Held
from certificates.policy import Policy
from certificates.policy_tests import State, Way
from certificates.reasons import Note, Reason
from certificates.status import Status
from certificates.validity import (
    Period,
    add_months,
    first_period,
    grace_ends,
    last_valid_day,
    renewed_period,
    window_opens,
)
from certificates.weigh import Weighing
from lms_sync.clock import local_date
from lms_sync.facts import (
    ACTIVITY_COMPLETION,
    ATTENDANCE,
    COURSE_COMPLETION,
    EXERCISE,
    GRADE,
    MILESTONE,
    PRIOR_LEARNING,
    QUIZ_ATTEMPT,
    SESSION_LED,
    Fact,
    latest_of_each,
)
from programmes.programme import Programme

__all__ = [
    "STREAMS",
    "Before",
    "Decision",
    "Note",
    "Reason",
    "add_months",
    "decide",
    "decide_by_version",
    "last_valid_day",
]

STREAMS = (
    COURSE_COMPLETION,
    GRADE,
    QUIZ_ATTEMPT,
    ACTIVITY_COMPLETION,
    ATTENDANCE,
    SESSION_LED,
    EXERCISE,
    MILESTONE,
    PRIOR_LEARNING,
)
"""The streams of facts that decisions look at."""


@dataclass(frozen=True)
class Before:
    """The award of the same policy that the holder has, or had: what a renewal begins from.

    `status` is that on the day of the decision, `changed_on` the day since which it is so, where something was written.
    """

    period: Period
    status: Status
    changed_on: date | None = None


@dataclass(frozen=True)
class Decision:
    """What a policy says about one holder on one date.

    `look_again_on` is the next day on which the passing of time alone can change it; None: only new facts can.
    """

    state: State
    earned_on: date | None
    expires_on: date | None
    why: tuple[Reason, ...]
    way: Way = "full"
    period: Period | None = None
    look_again_on: date | None = None

    @property
    def missing(self) -> tuple[Reason, ...]:
        """What is still to be done."""
        return tuple(reason for reason in self.why if reason.met == "no")


def decide(
    policy: Policy,
    facts: Iterable[Fact],
    as_of: date,
    *,
    holder: str | None = None,
    held: Held = NOBODY,
    programmes: Mapping[str, Programme] | None = None,
    before: Before | None = None,
) -> Decision:
    """Decides about one holder from that holder's facts up to and including `as_of`.

    `as_of` is a date of the policy's own calendar. `held` says who held which award when (needed for `award`, and for
    sessions whose leader must hold one), `programmes` which sessions there are, by the programmes' ids. `holder` is
    the opaque id; None: whom the facts are about. `before` is the award of this policy that the holder has already;
    None: none yet. `expires_on` is the last day on which the award is valid.
    """
    given = [fact for fact in facts if fact.stream in STREAMS]
    if holder is None:
        holder = next((fact.person_id for fact in given), "")
    case = _Case(policy, given, as_of, holder, held, programmes or {})
    return case.first() if before is None else case.after(before)


def decide_by_version(
    policy: Policy,
    facts: Iterable[Fact],
    as_of: date,
    *,
    holder: str | None = None,
    held: Held = NOBODY,
    programmes: Mapping[str, Programme] | None = None,
    before: Before | None = None,
) -> tuple[Policy, Decision]:
    """As `decide`, by the version of the policy that was in effect: the first by which the award was earned.

    Where none was, the one in effect on `as_of`, else the last that was, else the first that will be.
    """
    given, versions = list(facts), policy.versions

    def by(one: Policy) -> Decision:
        return decide(one, given, as_of, holder=holder, held=held, programmes=programmes, before=before)

    if len(versions) == 1:
        return policy, by(policy)
    begun = [one for one in versions if one.effective.from_ is None or one.effective.from_ <= as_of]
    found = [(one, by(one)) for one in begun or versions[:1]]
    version, decision = next((pair for pair in found if pair[1].state == "eligible"), found[-1])
    later = [one.effective.from_ for one in versions if one.effective.from_ and one.effective.from_ > as_of]
    return version, replace(decision, look_again_on=_earliest(decision.look_again_on, *later))


@dataclass(frozen=True)
class _Case:
    """One holder, one policy, one date."""

    policy: Policy
    facts: Sequence[Fact]
    as_of: date
    holder: str
    held: Held
    programmes: Mapping[str, Programme]

    def first(self) -> Decision:
        """Nothing of this policy is held yet."""
        return self._full(None)

    def after(self, before: Before) -> Decision:
        """An award of this policy is held, or was."""
        policy, end = self.policy, before.period.expires_on
        if before.status in ("revoked", "erased") and before.changed_on is not None:
            # What had been done before is no longer enough: the whole way again.
            return self._full(before.changed_on + timedelta(days=1))
        if before.status == "suspended" or before.status == "revoked" or end is None:
            return self._held(before, None)
        if policy.renewal is None:
            begins = end + timedelta(days=1)
            return self._held(before, begins) if self.as_of < begins else self._full(begins)
        begins = window_opens(end, policy.renewal.window_months)
        if self.as_of < begins:
            return self._held(before, begins)
        return self._renewed(before, begins, grace_ends(end, policy.renewal.grace_days))

    def _held(self, before: Before, look_again_on: date | None) -> Decision:
        period = before.period
        return Decision(
            "held", period.earned_on, period.expires_on, (), period=period, look_again_on=look_again_on
        )

    def _full(self, since: date | None) -> Decision:
        earned_on, why, again = self._weigh(since, None, shorter=False)
        if earned_on is None:
            return Decision("pending", None, None, why, look_again_on=again)
        period = first_period(self.policy.validity, earned_on)
        return Decision("eligible", earned_on, period.expires_on, why, "full", period, again)

    def _renewed(self, before: Before, since: date, until: date) -> Decision:
        """By the shorter way up to the end of the grace, else by the whole one; by the one that was met first."""
        renewal, validity = self.policy.renewal, self.policy.validity
        assert renewal is not None
        assert validity is not None
        by_renewal, why, again = self._weigh(since, until, shorter=True)
        whole = self._full(since) if renewal.require is not None else None
        period: Period | None
        if by_renewal is not None and (
            whole is None or whole.earned_on is None or by_renewal <= whole.earned_on
        ):
            period = renewed_period(validity, before.period, by_renewal, renewal.counts_from)
            return Decision("eligible", by_renewal, period.expires_on, why, "renewal", period, again)
        if whole is None:  # one way only; after the grace it is open still, and is no renewal any more
            whole = self._full(since)
        if whole.earned_on is not None:
            if whole.earned_on <= until:
                period = renewed_period(validity, before.period, whole.earned_on, renewal.counts_from)
                whole = replace(whole, period=period, expires_on=period.expires_on)
            return whole
        if self.as_of <= until:
            changes = until + timedelta(days=1)
            return Decision("pending", None, None, why, "renewal", look_again_on=_earliest(again, changes))
        return whole

    def _weigh(
        self, since: date | None, until: date | None, *, shorter: bool
    ) -> tuple[date | None, tuple[Reason, ...], date | None]:
        """The day earned by what happened from `since` to `until`, the reasons, and when to look again."""
        policy, zone = self.policy, self.policy.timezone
        renewal = policy.renewal
        require = renewal.require if shorter and renewal is not None and renewal.require else policy.require
        begin, end = policy.effective.from_, policy.effective.until
        if policy.validity is not None and policy.validity.until is not None:
            end = min(end or policy.validity.until, policy.validity.until)
        told = [(fact, local_date(fact.source_time, zone)) for fact in self.facts]
        known = latest_of_each(fact for fact, on in told if on <= self.as_of)
        dated = [(fact, _day(fact, zone)) for fact in known]
        last = min(one for one in (self.as_of, until, end) if one is not None)
        seen = [(fact, day) for fact, day in dated if day <= last and (since is None or day >= since)]
        weighing = Weighing(policy, seen, self.as_of, self.holder, self.held, self.programmes)
        earned_on, why = weighing.weigh(require)
        again = _earliest(
            *(day for _, day in dated if day > self.as_of),
            *(on for _, on in told if on > self.as_of),
            *weighing.changes(require),
            begin if begin is not None and begin > self.as_of else None,
            end + timedelta(days=1) if end is not None and end >= self.as_of and earned_on is None else None,
        )
        if begin is not None and earned_on is not None:
            earned_on = max(earned_on, begin)
        in_effect = earned_on if earned_on is not None else self.as_of
        if (begin is not None and self.as_of < begin) or (end is not None and in_effect > end):
            shown = f"{begin or '…'} – {end or '…'}"
            why = (*why, Reason("effective", shown, "no"))
            return None, why, again
        return earned_on, why, again


def _earliest(*days: date | None) -> date | None:
    return min((day for day in days if day is not None), default=None)


def _day(fact: Fact, timezone: str) -> date:
    """The local day of what was observed: what people told says it, everything else has the source's time."""
    told = fact.value.get("day") or fact.value.get("on")
    if isinstance(told, str):
        return date.fromisoformat(told)
    return local_date(fact.source_time, timezone)
