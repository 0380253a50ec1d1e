"""Looks for what was changed in the register: the chain, everything that its entries are about, and the second place.

Every digest is worked out anew from the tables. What an erasure took away (name, documents, salt) may be missing, and
only there. The first broken entry is named first; a row that no entry speaks of is told with the place of its kind.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select

from authoring.problems import Problem, Refused
from certificates import chain
from certificates.award import KINDS
from certificates.credential import decode_bits
from certificates.policy import parse_policy
from certificates.status import REVOKING
from lms_sync.store import schema
from lms_sync.store.database import reading
from lms_sync.write_files import write_durably

DOCUMENTS = tuple(kind for kind in KINDS if kind != "holder")
NOWHERE = 0
"""Number of a finding that no entry speaks of."""


@dataclass(frozen=True)
class Broken:
    """Something that is not as it was written. `number` is the entry's, 0 for what no entry speaks of."""

    number: int
    problem: Problem

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {"entry": self.number or None, **self.problem.as_json()}


@dataclass(frozen=True)
class Audit:
    """What was found: how many entries there are, the last one's hash, and what is broken, the first entry first."""

    entries: int
    head: str
    broken: tuple[Broken, ...]
    second_place: int  # how many heads of the second place were found in the chain


def verify(engine: Engine, site: str, heads: Path | None = None) -> Audit:
    """Checks the whole register of a site, and the heads that were written to a second place."""
    with reading(engine) as connection:
        check = _Check(connection, site)
        broken = list(check.run())
        known = check.hashes
    found, missing = _second_place(heads, site, known)
    last = max(known, default=0)
    head = known[last] if known else chain.beginning(site)
    named = sorted([*broken, *missing], key=lambda one: (one.number == NOWHERE, one.number))
    return Audit(last, head, tuple(named), found)


class _Check:
    """One look at the register of a site."""

    def __init__(self, connection: Connection, site: str) -> None:
        self.site = site

        def rows(table: Any, *order: Any) -> list[Any]:
            return list(connection.execute(select(table).where(table.c.site == site).order_by(*order)))

        self.entries = rows(schema.register_entry, schema.register_entry.c.number)
        self.head = connection.execute(
            select(schema.register_head).where(schema.register_head.c.site == site)
        ).first()
        self.hashes = {row.number: row.hash for row in self.entries}
        self.approvals = {row.grant_key: row for row in rows(schema.approval, schema.approval.c.id)}
        self.decisions = {row.id: row for row in rows(schema.decision, schema.decision.c.id)}
        self.issues = {row.id: row for row in rows(schema.issue, schema.issue.c.serial)}
        self.documents = {
            (row.issue_id, row.kind): row for row in rows(schema.document, schema.document.c.kind)
        }
        self.salts = {row.issue_id: bytes(row.salt) for row in rows(schema.register_salt)}
        self.texts = {row.sha256: row for row in rows(schema.policy_text, schema.policy_text.c.policy)}
        self.counters = {row.series: row.last for row in rows(schema.serial_counter)}
        self.lists = rows(schema.status_list, schema.status_list.c.number)
        self.events: dict[str, list[Any]] = defaultdict(list)
        for row in rows(schema.status_event, schema.status_event.c.id):
            self.events[row.issue_id].append(row)
        self.erased = {row.subject for row in self.entries if row.kind == chain.ERASED}
        self.stands: dict[str, bool] = {}  # whether the text of a policy is the one that its digest names
        self.seen: dict[str, int] = defaultdict(int)  # how many events of an award the chain has spoken of

    def run(self) -> Iterator[Broken]:
        """Everything that is broken, in the order of the entries."""
        previous = chain.beginning(self.site)
        for place, entry in enumerate(self.entries, start=1):
            if entry.number != place:
                yield _broken(place, "audit.entry-missing")
                previous = entry.previous
            for code in self._entry(entry, previous):
                yield _broken(entry.number, code, kind=entry.kind, what=self._called(entry))
            previous = entry.hash
        last = self.entries[-1] if self.entries else None
        if last is not None and (
            self.head is None or (self.head.number, self.head.hash) != (last.number, last.hash)
        ):
            at = last.number + 1 if self.head is not None and self.head.number > last.number else last.number
            yield _broken(at, "audit.head-differs", n=0 if self.head is None else self.head.number)
        began = self.head is not None and self.head.number > 0
        if last is None and (began or self.approvals or self.issues):
            yield _broken(1 if began else NOWHERE, "audit.no-entries")
        yield from self._not_spoken_of()
        yield from self._serials()
        yield from self._lists()

    def _called(self, entry: Any) -> str:
        issue = self.issues.get(entry.subject)
        return str(issue.serial) if issue is not None else str(entry.subject)[:12]

    def _entry(self, entry: Any, previous: str) -> Iterator[str]:
        said = chain.Said(entry.kind, entry.subject, entry.digest, entry.commitment)
        if entry.previous != previous:
            yield "audit.not-bound"
        if entry.hash != chain.entry_hash(self.site, entry.number, entry.at, said, entry.previous):
            yield "audit.entry-changed"
        if entry.kind == chain.APPROVED:
            yield from self._approval(entry)
        elif entry.kind == chain.ISSUED:
            yield from self._issue(entry)
        elif entry.kind in DOCUMENTS:
            yield from self._document(entry)
        else:
            yield from self._event(entry)

    def _approval(self, entry: Any) -> Iterator[str]:
        approval = self.approvals.get(entry.subject)
        decision = None if approval is None else self.decisions.get(approval.decision_id)
        if approval is None or decision is None:
            yield "audit.row-missing"
            return
        if chain.approval_digest(approval, decision) != entry.digest:
            yield "audit.row-changed"
        if decision.policy_sha256 not in self.texts:
            yield "audit.policy-missing"
        elif not self._text_stands(decision.policy_sha256):
            yield "audit.policy-changed"

    def _text_stands(self, sha256: str) -> bool:
        if sha256 not in self.stands:
            text = self.texts[sha256]
            same = hashlib.sha256(text.text.encode("utf-8")).hexdigest() == sha256
            self.stands[sha256] = same and _is_of(text)
        return self.stands[sha256]

    def _issue(self, entry: Any) -> Iterator[str]:
        issue = self.issues.get(entry.subject)
        if issue is None:
            yield "audit.row-missing"
            return
        written = self.events[issue.id]
        issued = next((row for row in written if row.event == chain.ISSUED), None)
        if chain.issue_digest(issue, issued) != entry.digest:
            yield "audit.row-changed"
        if issued is not None and issued.reason is not None:
            yield "audit.reason-changed"
        holder = self.documents.get((issue.id, "holder"))
        if entry.commitment is None or holder is None:
            yield "audit.document-missing"
        elif issue.id in self.erased:
            if holder.content or holder.sha256 or issue.id in self.salts:
                yield "audit.erased-is-there"
        else:
            content = bytes(holder.content)
            salt = self.salts.get(issue.id)
            if salt is None or chain.commitment(salt, content) != entry.commitment:
                yield "audit.holder-changed"
            if hashlib.sha256(content).hexdigest() != holder.sha256:
                yield "audit.document-changed"

    def _document(self, entry: Any) -> Iterator[str]:
        document = self.documents.get((entry.subject, entry.kind))
        if document is None:
            yield "audit.document-missing"
            return
        if document.sha256 != entry.digest:
            yield "audit.document-changed"
        elif entry.subject in self.erased:
            if document.content:
                yield "audit.erased-is-there"
        elif hashlib.sha256(bytes(document.content)).hexdigest() != entry.digest:
            yield "audit.document-changed"

    def _event(self, entry: Any) -> Iterator[str]:
        later = [row for row in self.events[entry.subject] if row.event != chain.ISSUED]
        number = self.seen[entry.subject]
        self.seen[entry.subject] += 1
        if number >= len(later):
            yield "audit.row-missing"
            return
        row = later[number]
        if row.event != entry.kind or chain.event_digest(row) != entry.digest:
            yield "audit.row-changed"
        elif entry.commitment is not None and entry.subject not in self.erased:
            salt = self.salts.get(entry.subject)
            said = (row.reason or "").encode("utf-8")
            if salt is None or chain.commitment(salt, said) != entry.commitment:
                yield "audit.reason-changed"
        elif entry.commitment is None and row.reason is not None and row.event != chain.ERASED:
            yield "audit.reason-changed"
        elif entry.subject in self.erased and row.event != chain.ERASED and row.reason is not None:
            yield "audit.erased-is-there"

    def _not_spoken_of(self) -> Iterator[Broken]:
        spoken = {(entry.kind, entry.subject) for entry in self.entries}
        for key in self.approvals:
            if (chain.APPROVED, key) not in spoken:
                yield _broken(NOWHERE, "audit.not-entered", kind=chain.APPROVED, what=key[:12])
        for issue in self.issues.values():
            if (chain.ISSUED, issue.id) not in spoken:
                yield _broken(NOWHERE, "audit.not-entered", kind=chain.ISSUED, what=issue.serial)
            written = self.events[issue.id]
            if len(written) - self.seen[issue.id] > 1:
                yield _broken(NOWHERE, "audit.not-entered", kind=written[-1].event, what=issue.serial)
        for issue_id, kind in self.documents:
            if kind != "holder" and (kind, issue_id) not in spoken:
                what = self.issues[issue_id].serial if issue_id in self.issues else issue_id
                yield _broken(NOWHERE, "audit.not-entered", kind=kind, what=what)

    def _lists(self) -> Iterator[Broken]:
        """Published status lists that say otherwise than the events; whether they are rightly signed, verifiers look at."""
        for row in self.lists:
            if row.content is None:
                continue
            wanted = {
                issue.status_index
                for issue in self.issues.values()
                if issue.status_list == row.number
                and any(event.event in REVOKING for event in self.events[issue.id])
            }
            try:
                said = decode_bits(json.loads(row.content)["credentialSubject"]["encodedList"])
            except (ValueError, KeyError, TypeError):
                yield _broken(NOWHERE, "audit.list-unreadable", n=row.number)
                continue
            if said != wanted:
                yield _broken(NOWHERE, "audit.list-differs", n=row.number, differing=len(said ^ wanted))

    def _serials(self) -> Iterator[Broken]:
        by_series: dict[str, int] = defaultdict(int)
        for issue in self.issues.values():
            by_series[issue.series] += 1
        for series in sorted({*by_series, *self.counters}):
            given, last = by_series[series], self.counters.get(series, 0)
            if given != last:
                yield _broken(NOWHERE, "audit.serial-gap", series=series, n=given, last=last)


def _is_of(text: Any) -> bool:
    policy = parse_policy(text.text, text.policy)
    return (policy.id, policy.version) == (text.policy, text.version)


def _broken(number: int, code: str, **params: object) -> Broken:
    return Broken(number, Problem(code, {"number": number or "–", **params}))


# --- the second place ---------------------------------------------------------------------------


def write_head(engine: Engine, site: str, path: Path, now: datetime) -> bool:
    """Adds the last entry's number and hash to a file of lines, where it is not the last line already.

    The file belongs where who can write the database cannot: whoever cuts off the end of the chain, and makes the rest
    fit, is found by it.
    """
    with reading(engine) as connection:
        head = connection.execute(
            select(schema.register_head).where(schema.register_head.c.site == site)
        ).first()
    if head is None or head.number == 0:
        return False
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    lines = [one for one in _lines(before) if one["site"] == site]
    if lines and (lines[-1]["number"], lines[-1]["hash"]) == (head.number, head.hash):
        return False
    said = {"at": now.isoformat(timespec="seconds"), "site": site, "number": head.number, "hash": head.hash}
    write_durably(path, (before + json.dumps(said) + "\n").encode("utf-8"))
    return True


def _second_place(path: Path | None, site: str, known: dict[int, str]) -> tuple[int, list[Broken]]:
    if path is None or not path.is_file():
        return 0, []
    try:
        lines = list(_lines(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused("audit.heads-unreadable", path=path.name) from error
    found, missing = 0, []
    for line in lines:
        if line["site"] != site:
            continue
        if known.get(line["number"]) == line["hash"]:
            found += 1
        else:
            missing.append(_broken(line["number"], "audit.second-place", path=path.name, at=line["at"]))
    return found, missing


def _lines(content: str) -> Iterator[dict[str, Any]]:
    for line in content.splitlines():
        said = json.loads(line)
        yield {
            "at": str(said["at"]),
            "site": said["site"],
            "number": int(said["number"]),
            "hash": said["hash"],
        }
