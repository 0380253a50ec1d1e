"""Keeps people in the state database: an opaque id, personal data apart from it, accounts, memberships."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal, cast

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from authoring.problems import Problem
from lms_sync.people.match import By, MatchedAccount
from lms_sync.people.read import Participant
from lms_sync.same_person import one_person
from lms_sync.state_table import hand_over_states
from lms_sync.store import schema

HolderKind = Literal["person", "institution"]
"""What holds facts and awards. Whoever counts people counts those of kind "person"."""

_SALT_BYTES = 32
_IDS_A_QUERY = 500


@dataclass(frozen=True)
class Remembered:
    """What changed: people seen for the first time, changed data, other institution, gone from the file."""

    new: int = 0
    changed: int = 0
    moved: int = 0
    left: int = 0
    problems: tuple[Problem, ...] = ()


def new_person(connection: Connection, site: str, now: datetime, *, kind: HolderKind = "person") -> str:
    """Adds a person, or another holder of facts and awards, of whom nothing else is known; the opaque id."""
    person_id = str(uuid.uuid4())
    connection.execute(insert(schema.person).values(id=person_id, site=site, created_at=now, kind=kind))
    return person_id


def meet_account(connection: Connection, site: str, user_id: int, now: datetime) -> str:
    """Adds a person for an account that a pull has met and nobody knows yet; the opaque id."""
    return meet_accounts(connection, site, [user_id], now)[user_id]


def meet_accounts(
    connection: Connection, site: str, user_ids: Iterable[int], now: datetime
) -> dict[int, str]:
    """Adds a person for each account that a pull has met and nobody knows yet; the opaque ids by account."""
    met = {user_id: str(uuid.uuid4()) for user_id in user_ids}
    if met:
        people = [{"id": one, "site": site, "created_at": now, "kind": "person"} for one in met.values()]
        connection.execute(insert(schema.person), people)
        accounts = [
            {
                "site": site,
                "user_id": user_id,
                "person_id": person_id,
                "created_by_us": False,
                "matched_by": "pull",
                "matched_at": now,
            }
            for user_id, person_id in met.items()
        ]
        connection.execute(insert(schema.account), accounts)
    return met


def known_persons(connection: Connection, site: str, user_ids: Sequence[int]) -> dict[int, str]:
    """The persons to whom accounts belong, by the accounts' ids; accounts that nobody knows are left out."""
    table = schema.account
    found: dict[int, str] = {}
    for start in range(0, len(user_ids), _IDS_A_QUERY):
        some = user_ids[start : start + _IDS_A_QUERY]
        query = select(table.c.user_id, table.c.person_id).where(
            table.c.site == site, table.c.user_id.in_(some)
        )
        found.update((row.user_id, row.person_id) for row in connection.execute(query))
    return found


def name_account(connection: Connection, site: str, person_id: str, *, idnumber: str, username: str) -> None:
    """Keeps by which number and user name a person is known on the site, where nothing is known of them yet.

    An idnumber that stands for somebody else already is left out: Moodle itself keeps it unique nowhere.
    """
    data = schema.person_data
    if connection.execute(select(data.c.person_id).where(data.c.person_id == person_id)).first() is not None:
        return
    taken = select(data.c.person_id).where(data.c.site == site, data.c.idnumber == idnumber)
    free = idnumber and connection.execute(taken).first() is None
    connection.execute(
        insert(data).values(
            person_id=person_id,
            site=site,
            salt=secrets.token_bytes(_SALT_BYTES),
            idnumber=idnumber if free else None,
            username=username or None,
        )
    )


def known_accounts(connection: Connection, site: str) -> dict[str, MatchedAccount]:
    """The account of each person as it was matched or created before, by idnumber; the latest where several."""
    account, data = schema.account, schema.person_data
    query = (
        select(data.c.idnumber, account.c.user_id, account.c.matched_by)
        .join(data, data.c.person_id == account.c.person_id)
        .where(account.c.site == site, data.c.idnumber.is_not(None), account.c.matched_by != "pull")
        .order_by(account.c.matched_at, account.c.user_id)
    )
    return {
        row.idnumber: MatchedAccount(row.user_id, cast("By", row.matched_by))
        for row in connection.execute(query)
    }


def remember_people(
    connection: Connection,
    site: str,
    participants: Sequence[Participant],
    matched: Mapping[str, MatchedAccount],
    now: datetime,
) -> Remembered:
    """Brings the database to what the files say, within the caller's transaction.

    A person keeps the opaque id through a change of name, institution or account, and through a change
    of idnumber where the account stays. An institution change closes one membership and opens another; who is
    in the file no longer has the membership closed and stays known.
    """
    return _Memory(connection, site, now).remember(participants, matched)


class _Memory:
    def __init__(self, connection: Connection, site: str, now: datetime) -> None:
        self.connection = connection
        self.site = site
        self.now = now
        data, account, membership = schema.person_data, schema.account, schema.membership
        rows = connection.execute(select(data).where(data.c.site == site)).mappings()
        self.data = {row["person_id"]: dict(row) for row in rows}
        self.person_by_idnumber = {row["idnumber"]: person_id for person_id, row in self.data.items()}
        self.owner = {
            row.user_id: row.person_id
            for row in connection.execute(
                select(account.c.user_id, account.c.person_id).where(account.c.site == site)
            )
        }
        self.membership = {
            row.person_id: row
            for row in connection.execute(
                select(membership).where(membership.c.site == site, membership.c.valid_to.is_(None))
            )
        }
        self.one = one_person(connection, site)
        self.problems: list[Problem] = []

    def remember(
        self, participants: Sequence[Participant], matched: Mapping[str, MatchedAccount]
    ) -> Remembered:
        listed = {participant.idnumber for participant in participants}
        new = changed = moved = 0
        present: set[str] = set()
        for participant in participants:
            match = matched.get(participant.idnumber)
            person_id, is_new = self._person(participant, match, listed)
            present.add(person_id)
            new += is_new
            changed += self._keep_data(person_id, participant) and not is_new
            if match is not None:
                self._keep_account(person_id, match)
            moved += self._keep_membership(person_id, participant.institution, participant.since)
        left = [
            person_id
            for person_id, row in self.data.items()
            if row["idnumber"] is not None and person_id not in present and person_id in self.membership
        ]
        for person_id in left:
            self._close_membership(person_id)
        return Remembered(new, changed, moved, len(left), tuple(self.problems))

    def _person(
        self, participant: Participant, match: MatchedAccount | None, listed: set[str]
    ) -> tuple[str, bool]:
        known = self.person_by_idnumber.get(participant.idnumber)
        if known is not None:
            return known, False
        owner = self.owner.get(match.user_id) if match is not None else None
        if owner is not None:
            data = self.data.get(owner)
            if data is None:  # met by a pull before the files named them
                return owner, True
            if data["idnumber"] not in listed:  # the same account under a new idnumber
                return owner, False
        return new_person(self.connection, self.site, self.now), True

    def _keep_data(self, person_id: str, participant: Participant) -> bool:
        values: dict[str, object] = {
            "idnumber": participant.idnumber,
            "username": participant.username or None,
            "email": participant.email or None,
            "given_name": participant.firstname,
            "family_name": participant.lastname,
            "gender": participant.gender or None,
            "language": participant.language or None,
        }
        table = schema.person_data
        before = self.data.get(person_id)
        if before is None:
            row = {
                "person_id": person_id,
                "site": self.site,
                "salt": secrets.token_bytes(_SALT_BYTES),
                **values,
            }
            self.connection.execute(insert(table).values(row))
            self.data[person_id] = row
        elif all(before[name] == value for name, value in values.items()):
            return False
        else:
            self._keep_former_name(before, values)
            self.connection.execute(update(table).where(table.c.person_id == person_id).values(values))
            self.data[person_id] = {**before, **values}
        self.person_by_idnumber[participant.idnumber] = person_id
        return True

    def _keep_account(self, person_id: str, match: MatchedAccount) -> None:
        table = schema.account
        here = (table.c.site == self.site) & (table.c.user_id == match.user_id)
        owner = self.owner.get(match.user_id)
        values: dict[str, object] = {
            "person_id": person_id,
            "created_by_us": match.created_by_us,
            "matched_by": match.by,
            "matched_at": self.now,
        }
        if owner is None:
            self.connection.execute(insert(table).values(site=self.site, user_id=match.user_id, **values))
        elif owner != person_id:
            self._hand_over(owner, person_id, match.user_id)
            self.connection.execute(update(table).where(here).values(values))
        else:
            found_by_pull = here & (table.c.matched_by == "pull")
            self.connection.execute(update(table).where(found_by_pull).values(values))
        self.owner[match.user_id] = person_id

    def _hand_over(self, owner: str, person_id: str, user_id: int) -> None:
        if owner in self.data and self.one.get(owner, owner) == self.one.get(person_id, person_id):
            return  # one human being: whoever reads the facts finds them
        if owner in self.data:
            # Facts that were stored under the other person are not moved: decisions may rest on them.
            self.problems.append(
                Problem("people.account-changed-hands", {"user_id": user_id}, severity="warning")
            )
            return
        # A pull had met the account before anybody said whose it is. What was observed stays as it is;
        # only the pseudonym that stood in for the person gives way to the person's own.
        fact = schema.fact
        self.connection.execute(
            update(fact)
            .where(fact.c.site == self.site, fact.c.person_id == owner)
            .values(person_id=person_id)
        )
        hand_over_states(self.connection, self.site, [owner, person_id])

    def _keep_former_name(self, before: Mapping[str, object], values: Mapping[str, object]) -> None:
        """What a person was called until now; whoever has met only a pull before was called nothing."""
        former = (before["given_name"], before["family_name"])
        if any(former) and former != (values["given_name"], values["family_name"]):
            self.connection.execute(
                insert(schema.former_name).values(
                    site=self.site,
                    person_id=before["person_id"],
                    given_name=former[0],
                    family_name=former[1],
                    until=self.now,
                )
            )

    def _keep_membership(self, person_id: str, institution: str, since: date | None) -> bool:
        """Brings a person's memberships to what the file says; whether the person has moved.

        A day in `since` dates the membership; without one it begins when it is first seen. Memberships of a
        person never overlap: a day before the one that came before began says nothing about it.
        """
        begins = (
            self.now
            if since is None
            else min(self.now, datetime(since.year, since.month, since.day, tzinfo=UTC))
        )
        current = self.membership.get(person_id)
        if current is not None and current.institution == institution:
            if since is not None and begins != current.valid_from:
                self._date_again(person_id, current, begins)
            return False
        if current is not None:
            if (
                begins <= current.valid_from
            ):  # the day is that of the membership before, and was left standing
                begins = self.now
            self._close_membership(person_id, begins)
        else:
            begins = max(begins, self._last_end(person_id, begins))
        self.connection.execute(
            insert(schema.membership).values(
                site=self.site, person_id=person_id, institution=institution, valid_from=begins
            )
        )
        return current is not None

    def _last_end(self, person_id: str, otherwise: datetime) -> datetime:
        """When the last membership of a person ended."""
        table = schema.membership
        query = select(func.max(table.c.valid_to)).where(
            table.c.site == self.site, table.c.person_id == person_id
        )
        return self.connection.execute(query).scalar() or otherwise

    def _date_again(self, person_id: str, current: Row[Any], begins: datetime) -> None:
        """Moves the day on which a membership began, and the end of the one that it followed without a gap."""
        table = schema.membership
        query = (
            select(table)
            .where(table.c.site == self.site, table.c.person_id == person_id, table.c.valid_to.is_not(None))
            .order_by(table.c.valid_to.desc())
        )
        before = self.connection.execute(query).first()
        if before is not None:
            followed = before.valid_to == current.valid_from
            begins = max(begins, before.valid_from if followed else before.valid_to)
            if followed and begins == before.valid_from:
                return  # it would never have held: the two days contradict each other
            if followed:
                self.connection.execute(update(table).where(table.c.id == before.id).values(valid_to=begins))
        self.connection.execute(update(table).where(table.c.id == current.id).values(valid_from=begins))

    def _close_membership(self, person_id: str, ends: datetime | None = None) -> None:
        table = schema.membership
        current = self.membership[person_id]
        ends = ends or self.now
        if current.valid_from >= ends:  # opened at this very moment: it never held
            self.connection.execute(delete(table).where(table.c.id == current.id))
        else:
            self.connection.execute(update(table).where(table.c.id == current.id).values(valid_to=ends))
