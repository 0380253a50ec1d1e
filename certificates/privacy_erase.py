"""Erases a person: names, numbers, accounts, printed documents and salts are gone; the register still verifies.

So are the files made of them: certificates, ZIPs to print that hold one of them, what was handed out of the person, exports
of the register. Others that name the person stay, and `lms_sync.still_named` tells them.

What stays is what says nothing about anybody: opaque ids, dates, serial numbers, digests. Whoever asks for the number
of a certificate is told that it is genuine and that its holder's data were erased.
"""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, select, update
from sqlalchemy.exc import OperationalError

from authoring.problems import Refused
from certificates.award import award_from_row
from certificates.chain import ERASED, open_chain
from certificates.events import events_of, write_event
from certificates.explain import find_holder
from certificates.prior_learning import kept_files
from lms_sync.applied import forget_people
from lms_sync.clock import Clock
from lms_sync.jobs.reasons import forget_reasons_naming
from lms_sync.people import read_people
from lms_sync.same_person import all_of, one_person
from lms_sync.still_named import words_for
from lms_sync.store import schema
from lms_sync.store.database import reading


@dataclass(frozen=True)
class Erased:
    """What an erasure did: the serials of the awards that go on without a name, and the files that were deleted."""

    serials: tuple[str, ...]
    files: tuple[str, ...]


def person_ids(engine: Engine, site: str, said: str) -> list[str]:
    """Every row that is the person whom `said` means. Raises Refused for nobody or several."""
    with reading(engine) as connection:
        return all_of(find_holder(connection, site, said, "person"), one_person(connection, site))


def erase_people(
    engine: Engine, site: str, people: Iterable[str], folder: Path, *, by: str, reason: str, clock: Clock
) -> Erased:
    """Erases the rows of one person (`person_ids`), within one transaction, then the files in the academy folder.

    Raises Refused where the person is still in people/participants.csv, from where the data would come back. Erasing
    again what a stopped run left undone does the rest. The caller publishes the status lists: each award's bit is set.
    """
    if not by.strip():
        raise Refused("approve.nobody")
    if not reason.strip():
        raise Refused("lifecycle.no-reason")
    rows = sorted(people)
    now = clock.now()
    with engine.begin() as connection:
        open_chain(connection, site, now)
        _refuse_listed(connection, rows, folder)
        serials = tuple(_erase_awards(connection, site, rows, by=by.strip(), reason=reason.strip(), now=now))
        proofs = kept_files(connection, site, rows)
        data = schema.person_data
        numbers = select(data.c.idnumber).where(data.c.person_id.in_(rows), data.c.idnumber.is_not(None))
        forget_people(connection, site, list(connection.execute(numbers).scalars()))
        forget_reasons_naming(connection, site, words_for(connection, rows))
        # Who is erased is decided about no more, and so counts nowhere among those who wait.
        for table in (schema.person_data, schema.former_name, schema.account, schema.decided_holder):
            connection.execute(delete(table).where(table.c.person_id.in_(rows)))
        person = schema.person
        connection.execute(update(person).where(person.c.id.in_(rows)).values(erased_at=now))
    _clear_free_pages(engine)
    return Erased(serials, tuple(_delete_files(folder, site, rows, serials, proofs)))


def _clear_free_pages(engine: Engine) -> None:
    """Writes an SQLite file anew: what was deleted stands in its free pages otherwise, and in the write-ahead log.

    Where another process holds the file, the free pages stay until the next erasure, and are no part of any table.
    """
    if engine.dialect.name != "sqlite":
        return
    with reading(engine) as connection, contextlib.suppress(OperationalError):
        connection.exec_driver_sql("VACUUM")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _refuse_listed(connection: Connection, people: list[str], folder: Path) -> None:
    data = schema.person_data
    query = select(data.c.idnumber).where(data.c.person_id.in_(people), data.c.idnumber.is_not(None))
    numbers = set(connection.execute(query).scalars())
    for one in read_people(folder).participants:
        if one.idnumber in numbers:
            raise Refused("privacy.still-listed", idnumber=one.idnumber)


def _erase_awards(
    connection: Connection, site: str, people: list[str], *, by: str, reason: str, now: datetime
) -> Iterator[str]:
    issue, document, event = schema.issue, schema.document, schema.status_event
    query = select(issue).where(issue.c.site == site, issue.c.person_id.in_(people)).order_by(issue.c.serial)
    for row in connection.execute(query).all():
        award = award_from_row(row)
        yield award.serial
        if ERASED in events_of(connection, award.id):
            continue
        write_event(connection, award, ERASED, actor=by, reason=reason, now=now)
        connection.execute(delete(schema.register_salt).where(schema.register_salt.c.issue_id == award.id))
        ours = document.c.issue_id == award.id
        connection.execute(update(document).where(ours).values(content=b""))
        # A digest of the name would let who guesses it know; those of the printed documents prove them genuine.
        connection.execute(update(document).where(ours, document.c.kind == "holder").values(sha256=""))
        others = (event.c.issue_id == award.id) & (event.c.event != ERASED)
        connection.execute(update(event).where(others).values(reason=None))


def _delete_files(
    folder: Path, site: str, people: Iterable[str], serials: Collection[str], proofs: Iterable[str]
) -> Iterator[str]:
    build = Path("build")
    names = {f"{serial.replace('/', '-')}.pdf" for serial in serials}
    places = [
        where / name
        for where in (build / "certificates", Path("certificates") / "issued")
        for name in sorted(names)
    ]
    places += [build / "privacy" / f"{person[:8]}.zip" for person in people]
    if names:
        places += [build / f"register-{site}.{kind}" for kind in ("csv", "pdf")]
    places += [
        path.relative_to(folder)
        for path in sorted((folder / build / "print").glob("*.zip"))
        if _holds(path, names)
    ]
    for place in [*places, *map(Path, proofs)]:
        path = folder / place
        if path.is_file() and not path.is_symlink():
            path.unlink()
            yield place.as_posix()


def _holds(path: Path, names: set[str]) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return not names.isdisjoint(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False
