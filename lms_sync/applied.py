"""What was last applied to each object, and what each run replaced: read and written in the state database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, and_, bindparam, delete, insert, or_, select, update

from authoring.problems import LmsSyncError
from lms_sync.clock import Clock
from lms_sync.drift import PEOPLE, Applied, Base, Id, Remembered, Sent, Settled, to_remember, to_send
from lms_sync.journal import Journal
from lms_sync.plan import DesiredObject, Fields, Kind, ObservedObject, Plan
from lms_sync.store.database import reading
from lms_sync.store.schema import applied, journal, replaced, run


def read_base(connection: Connection, site: str) -> Base:
    """All that is remembered of a site's objects."""
    last: dict[Id, Applied] = {}
    for row in connection.execute(select(applied).where(applied.c.site == site)):
        last[Kind(row.kind), row.scope, row.key] = Applied(row.fields, row.hash, row.run_id)
    sent: dict[Id, list[Sent]] = defaultdict(list)
    # Only what was sent after the last time that files and site were seen to agree may still count.
    same_object = and_(
        applied.c.site == replaced.c.site,
        applied.c.kind == replaced.c.kind,
        applied.c.scope == replaced.c.scope,
        applied.c.key == replaced.c.key,
    )
    newer = (
        select(replaced)
        .outerjoin(applied, same_object)
        .where(replaced.c.site == site)
        .where(or_(applied.c.run_id.is_(None), replaced.c.run_id > applied.c.run_id))
        .order_by(replaced.c.run_id.desc())
    )
    for row in connection.execute(newer):
        sent[Kind(row.kind), row.scope, row.key].append(Sent(row.after, row.after_hash, row.base))
    return {one: Remembered(last.get(one), tuple(sent.get(one, ()))) for one in {*last, *sent}}


def remember_replacing(
    engine: Engine,
    site: str,
    run_id: int,
    plan: Plan,
    settled: Settled,
    observed: Iterable[ObservedObject],
) -> None:
    """Writes down what a plan is about to replace, before anything of it is sent.

    Where a run plans an object again, the first row's `before` stays: it is what the run replaces.
    """
    seen = {(one.kind, one.scope, one.key): one for one in observed}
    wanted = {(one.kind, one.scope, one.key): one for one in settled.desired}
    rows = []
    for change in plan.work:
        identity = (change.kind, change.scope, change.key)
        if change.kind in settled.kinds:
            have, want = seen.get(identity), wanted.get(identity)
            sent = to_send(settled, change, have, want)
            rows.append(
                {
                    "run_id": run_id,
                    "kind": change.kind.value,
                    "scope": change.scope,
                    "key": change.key,
                    "site": site,
                    "action": change.action.value,
                    "before": None if have is None else _owned(have, want, sent),
                    "before_hash": change.seen_hash,
                    "after": dict(sent.fields),
                    "after_hash": sent.hash,
                    "base": dict(sent.base),
                }
            )
    gone = _off_the_lists(settled)
    if not rows and not gone:
        return
    with engine.begin() as connection:
        _forget(connection, site, gone)
        if not rows:
            return
        first = {
            (row.kind, row.scope, row.key): row
            for row in connection.execute(select(replaced).where(replaced.c.run_id == run_id))
        }
        for row in rows:
            known = first.get((row["kind"], row["scope"], row["key"]))
            if known is not None:
                row |= {"action": known.action, "before": known.before, "before_hash": known.before_hash}
                connection.execute(
                    delete(replaced).where(
                        replaced.c.run_id == run_id,
                        replaced.c.kind == row["kind"],
                        replaced.c.scope == row["scope"],
                        replaced.c.key == row["key"],
                    )
                )
        connection.execute(insert(replaced), rows)


def _off_the_lists(settled: Settled) -> list[Id]:
    """Whom the lists name no more: if they come back one day, nobody suspended them but we. So with overrides."""
    files = {(one.kind, one.scope, one.key) for one in settled.files}
    kinds = PEOPLE | {Kind.OVERRIDE}
    return [one for one in settled.base if one[0] in kinds and one[1] in settled.listed and one not in files]


def _forget(connection: Connection, site: str, identities: Iterable[Id]) -> None:
    rows = [{"of_kind": kind.value, "of_scope": scope, "of_key": key} for kind, scope, key in identities]
    if rows:  # one statement for all: there may be a row for every learner
        one = delete(applied).where(
            applied.c.site == site,
            applied.c.kind == bindparam("of_kind"),
            applied.c.scope == bindparam("of_scope"),
            applied.c.key == bindparam("of_key"),
        )
        connection.execute(one, rows)


def forget_people(connection: Connection, site: str, idnumbers: Iterable[str]) -> None:
    """Takes the numbers of people out of what is remembered of runs: who was where, and who had more time.

    In the journal the rows stay, so that every run still accounts for all it did, without saying about whom.
    """
    kinds = [kind.value for kind in (*PEOPLE, Kind.OVERRIDE, Kind.ACCOUNT)]
    for number in idnumbers:
        for table in (applied, replaced, journal):
            of = and_(table.c.site == site, table.c.kind.in_(kinds))
            may = or_(table.c.key == number, table.c.key.endswith(f":{number}", autoescape=True))
            found = connection.execute(select(table.c.kind, table.c.key).distinct().where(of, may)).all()
            for kind, key in found:
                place, _, who = ("", "", key) if kind == Kind.ACCOUNT.value else key.partition(":")
                if who != number:  # LIKE is blind to case, and a number may hold a colon
                    continue
                ours = and_(table.c.site == site, table.c.kind == kind, table.c.key == key)
                if table is journal:
                    without = f"{place}:erased" if place else "erased"
                    connection.execute(update(journal).where(ours).values(key=without))
                else:
                    connection.execute(delete(table).where(ours))


def _owned(have: ObservedObject, want: DesiredObject | None, sent: Sent) -> dict[str, object]:
    if have.kind is Kind.QUESTION:
        return dict(have.fields)
    names = want.fields if want is not None else sent.fields
    return {name: have.fields.get(name) for name in names}


def remember_applied(
    engine: Engine,
    site: str,
    run_id: int,
    settled: Settled,
    observed: Iterable[ObservedObject],
    clock: Clock,
) -> None:
    """Writes down in what files and site agree, as it was read back."""
    found = to_remember(settled, observed)
    changed = {one: now for one, now in found.items() if not _is(settled.base.get(one), now)}
    write_applied(engine, site, run_id, changed, clock)


def remember_adopted(
    engine: Engine,
    site: str,
    settled: Settled,
    taken: Mapping[Id, Mapping[str, object]],
    clock: Clock,
    *,
    questions: Mapping[Id, Applied] | None = None,
) -> int:
    """Writes down that the files have taken over these values: from now on they are what was applied.

    `questions` are what counts as applied to those that were taken over: of them nothing but a hash is compared. The number of the run under which this is listed.
    """
    journal = Journal(engine, site, "adopt", clock)
    known = {one: remembered.applied for one, remembered in settled.base.items() if remembered.applied}
    found = {
        one: Applied({**last.fields, **taken[one]}, last.hash)
        for one, last in known.items()
        if one in taken and one[0] is not Kind.QUESTION
    }
    found |= questions or {}
    write_applied(engine, site, journal.run_id, found, clock)
    journal.finish("done", {"adopted": sum(len(fields) for fields in taken.values())})
    return journal.run_id


def _is(remembered: Remembered | None, now: Applied) -> bool:
    if remembered is None or remembered.applied is None or remembered.sent:
        return False
    return (remembered.applied.fields, remembered.applied.hash) == (now.fields, now.hash)


def write_applied(engine: Engine, site: str, run_id: int, found: Mapping[Id, Applied], clock: Clock) -> None:
    """Writes what counts as applied to the given objects."""
    if not found:
        return
    with engine.begin() as connection:
        _forget(connection, site, found)
        connection.execute(
            insert(applied),
            [
                {
                    "site": site,
                    "kind": kind.value,
                    "scope": scope,
                    "key": key,
                    "fields": dict(now.fields),
                    "hash": now.hash,
                    "run_id": run_id,
                    "applied_at": clock.now(),
                }
                for (kind, scope, key), now in found.items()
            ],
        )


# --- runs -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """One run of a verb that writes."""

    id: int
    verb: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str  # "" while it runs, or where it was killed
    summary: Mapping[str, object]
    undoable: bool = False  # it replaced something that can be brought back

    def as_json(self) -> dict[str, object]:
        """A flat mapping for `--json`."""
        return {
            "run": self.id,
            "verb": self.verb,
            "started": self.started_at.isoformat(),
            "finished": self.finished_at.isoformat() if self.finished_at else None,
            "outcome": self.outcome,
            "undoable": self.undoable,
            "summary": dict(self.summary),
        }


@dataclass(frozen=True)
class Replaced:
    """What one run did to one object; `before` is None where it created it."""

    kind: Kind
    scope: str
    key: str
    action: str
    before: Fields | None
    before_hash: str
    after: Fields
    after_hash: str


def read_runs(connection: Connection, site: str, *, limit: int = 20) -> tuple[Run, ...]:
    """The newest runs on a site, newest first."""
    rows = connection.execute(select(run).where(run.c.site == site).order_by(run.c.id.desc()).limit(limit))
    found = rows.all()
    # What a run made stays, so that only what was there before counts. A JSON null is no SQL null: both are seen.
    touched = connection.execute(
        select(replaced.c.run_id, replaced.c.action)
        .where(replaced.c.site == site, replaced.c.run_id.in_([row.id for row in found]))
        .distinct()
    )
    undoable = {row.run_id for row in touched if row.action != "create"}
    return tuple(
        Run(
            row.id,
            row.verb,
            row.started_at,
            row.finished_at,
            row.outcome or "",
            row.summary or {},
            row.id in undoable,
        )
        for row in found
    )


class NoSuchRun(LmsSyncError):
    """The site has no run of this number that replaced anything."""


def replaced_by(engine: Engine, site: str, run_id: int) -> tuple[Replaced, ...]:
    """What a run replaced; raises NoSuchRun where there is no such run on the site, or nothing to take back."""
    query = select(replaced).where(replaced.c.site == site, replaced.c.run_id == run_id)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(replaced.c.kind, replaced.c.scope, replaced.c.key)).all()
    if not rows:
        raise NoSuchRun("undo.no-such-run", run=run_id)
    return tuple(
        Replaced(
            Kind(row.kind),
            row.scope,
            row.key,
            row.action,
            row.before,
            row.before_hash,
            row.after,
            row.after_hash,
        )
        for row in rows
    )
