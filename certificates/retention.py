"""How long the data of people are kept: by the rule of each award's policy, and by the academy's for everything else.

A person is due when every reason to keep the data is over: for each award so many months after its end (its issue, where
it has none), and for what was learned so many months after the last of it. Without a rule, data are kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Engine, func, select

from certificates.holders import printed_names
from certificates.policy import Policy
from certificates.validity import add_months
from lms_sync.clock import Clock, local_date
from lms_sync.same_person import one_person
from lms_sync.store import schema
from lms_sync.store.database import reading


@dataclass(frozen=True)
class Due:
    """A person whose data are due for erasure since a day; `reasons` are the rules that kept them until then."""

    person: str
    idnumber: str
    name: str
    since: date
    reasons: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "person": self.person,
            "idnumber": self.idnumber or None,
            "name": self.name,
            "since": self.since.isoformat(),
            "reasons": list(self.reasons),
        }


def due_for_erasure(
    engine: Engine,
    site: str,
    policies: Iterable[Policy],
    clock: Clock,
    *,
    timezone: str,
    language: str,
    listed: Collection[str] = (),
    keep_months: int | None = None,
    keep_reason: str = "",
) -> list[Due]:
    """Who is due, by the day since when. `listed` are the idnumbers of those who are still on a list: they never are.

    `keep_months` is the academy's own rule, for people without awards and for what was learned besides.
    """
    by_id = {policy.id: policy for policy in policies}
    today = local_date(clock.now(), timezone)
    with reading(engine) as connection:
        one = one_person(connection, site)
        ends = _award_ends(connection, site, by_id, one, language)
        last = _last_known(connection, site, one, timezone)
        data = schema.person_data
        kind = schema.person
        rows = connection.execute(
            select(data.c.person_id, data.c.idnumber)
            .join(kind, kind.c.id == data.c.person_id)
            .where(data.c.site == site, kind.c.kind == "person")
        ).all()
        found = []
        for row in rows:
            if row.person_id in one or (row.idnumber or "") in listed:
                continue
            kept = list(ends.get(row.person_id, ()))
            if keep_months is not None and row.person_id in last:
                kept.append((add_months(last[row.person_id], keep_months), keep_reason))
            days = [day for day, _ in kept]
            if not kept or None in days:
                continue
            since = max(day for day in days if day is not None)
            if since < today:
                reasons = tuple(dict.fromkeys(reason for _, reason in kept if reason))
                found.append((row.person_id, row.idnumber or "", since, reasons))
        names = printed_names(connection, [each[0] for each in found])
    due = [
        Due(person, number, names.get(person, ""), since, reasons) for person, number, since, reasons in found
    ]
    return sorted(due, key=lambda each: (each.since, each.name, each.person))


def _award_ends(
    connection: Connection, site: str, policies: Mapping[str, Policy], one: Mapping[str, str], language: str
) -> dict[str, list[tuple[date | None, str]]]:
    """By person, for each award, the last day on which its rule keeps the data (None: no rule, for ever) and the reason."""
    issue = schema.issue
    query = select(issue.c.person_id, issue.c.policy, issue.c.issued_on, issue.c.expires_on).where(
        issue.c.site == site
    )
    found: dict[str, list[tuple[date | None, str]]] = {}
    for row in connection.execute(query):
        policy = policies.get(row.policy)
        rule = None if policy is None else policy.retention
        end = None if rule is None else add_months(row.expires_on or row.issued_on, rule.months)
        reason = "" if rule is None else rule.reason.in_language(language)
        found.setdefault(one.get(row.person_id, row.person_id), []).append((end, reason))
    return found


def _last_known(connection: Connection, site: str, one: Mapping[str, str], timezone: str) -> dict[str, date]:
    fact = schema.fact
    query = (
        select(fact.c.person_id, func.max(fact.c.source_time).label("last"))
        .where(fact.c.site == site)
        .group_by(fact.c.person_id)
    )
    found: dict[str, date] = {}
    for row in connection.execute(query):
        person, day = one.get(row.person_id, row.person_id), local_date(row.last, timezone)
        found[person] = max(day, found.get(person, day))
    return found
