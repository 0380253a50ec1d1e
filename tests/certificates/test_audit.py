"""The register is a chain: whatever is changed, removed or put in behind its back is found, and the first place is named."""

from __future__ import annotations

import io
import json
import random
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pypdf import PdfReader
from sqlalchemy import Engine

from authoring.problems import Refused
from certificates import lifecycle, register
from certificates.audit import verify, write_head
from certificates.chain import MAX_BACK
from certificates.credential import decode_bits, encode_bits
from certificates.documents import Document, keep_documents
from certificates.issue import enter_approved
from certificates.listing import REGISTER, register_rows
from certificates.privacy_erase import erase_people
from certificates.register_pdf import register_pdf
from lms_sync.people.read_csv import write_csv
from lms_sync.store import schema
from lms_sync.store.database import open_database
from tests.certificates.accessible_pdf import accessibility_faults
from tests.certificates.conftest import POLICY, _academy_in

HOW_MANY = 100
NAMES = [("Gëzim", "Çela"), ("Ștefan", "Țîrlea"), ("Shpresa", "Hoxhaj"), ("Arta", "Kodra"), ("Ion", "Rusu")]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, session_keys: dict[bool, Path]) -> Any:
    """A register in which everything has happened: approved, issued, suspended, resumed, revoked, corrected, erased."""

    folder = tmp_path_factory.mktemp("lived")
    academy = _academy_in(folder, session_keys[False], POLICY)
    for given, family in NAMES:
        academy.add_person(given, family)
    academy.certify()
    basis = register.Basis("Nr. 12", "Ligji 9154, neni 7", "në mbledhje")
    register.agree(academy.engine, academy.site, None, by="Teuta Kola", clock=academy.clock, basis=basis)
    made = academy.enter()
    # Documents as issuing writes them, with contents of our own: what they say does not matter here.
    written = [
        Document(award, kind, "text/plain", f"{kind} {award.serial}".encode())
        for award in made
        for kind in ("credential", "pdf")
    ]
    keep_documents(academy.engine, academy.site, written, academy.clock)
    heads = folder / "heads.jsonl"
    assert write_head(academy.engine, academy.site, heads, academy.clock.now())
    academy.clock.advance(timedelta(days=1))

    def act(serial: str, event: str) -> None:
        allowed: Any = ("valid", "suspended")
        lifecycle._write(
            academy.engine,
            academy.site,
            serial,
            event,
            allowed,
            by="Teuta Kola",
            reason=f"why {event}",
            clock=academy.clock,
        )

    act(made[0].serial, "suspended")
    act(made[0].serial, "resumed")
    act(made[1].serial, "revoked")
    with academy.engine.begin() as connection:
        lifecycle._approve_correction(
            connection, made[2], by="Teuta Kola", reason="mistyped", clock=academy.clock, policy=None
        )
    enter_approved(academy.engine, academy.site, academy.issuer(), academy.clock)
    erase_people(
        academy.engine,
        academy.site,
        [made[3].person_id],
        folder,
        by="Teuta Kola",
        reason="asked",
        clock=academy.clock,
    )
    assert write_head(academy.engine, academy.site, heads, academy.clock.now())
    assert verify(academy.engine, academy.site, heads).broken == ()
    academy.engine.dispose()
    return academy


Tamper = Callable[[sa.Connection, random.Random], None]


def _rows(connection: sa.Connection, table: sa.Table) -> list[Any]:
    return list(connection.execute(sa.select(table)).mappings())


def _where(table: sa.Table, row: Any) -> Any:
    return sa.and_(*(column == row[column.name] for column in table.primary_key))


# What a table says that the register must not lose; generated tamperings change one of these of one row.
CHANGED: dict[str, tuple[str, ...]] = {
    "register_entry": ("at", "kind", "subject", "digest", "commitment", "previous", "hash"),
    "register_head": ("number", "hash"),
    "register_salt": ("salt",),
    "issue": (
        "grant_key", "person_id", "policy", "policy_version", "series", "serial", "verification_id", "status_index",
        "issued_at", "issued_on", "expires_on", "public", "supersedes",
    ),
    "approval": (
        "approved_by", "approved_at", "automatic", "note", "protocol_number", "legal_basis", "first_by", "supersedes",
    ),
    "document": ("sha256", "content"),
    "status_event": ("event", "at", "actor", "reason", "successor"),
    "policy_text": ("text", "policy", "version"),
    "serial_counter": ("last",),
}  # fmt: skip
REMOVED = (
    "register_entry",
    "register_head",
    "register_salt",
    "issue",
    "approval",
    "document",
    "status_event",
    "policy_text",
)


def _other(value: Any, column: str) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case bytes():
            return b"" if column == "content" and len(value) % 2 else bytes([*value, 1])
        case str():
            return value[:-1] + ("0" if value[-1:] != "0" else "1") if value else "x"
        case dict():
            return {**value, "hours": 99.0}
        case None:
            return {"first_by": "Somebody", "expires_on": None}.get(column, "x")
        case _:
            return value + timedelta(days=1)


def _change(connection: sa.Connection, chance: random.Random) -> str | None:
    table = schema.metadata.tables[chance.choice(sorted(CHANGED))]
    column = chance.choice(CHANGED[table.name])
    row = chance.choice(_rows(connection, table))
    if row[column] is None and column in ("commitment", "expires_on"):
        return None
    values = {column: _other(row[column], column)}
    connection.execute(sa.update(table).where(_where(table, row)).values(**values))
    return f"{table.name}.{column} of {[row[one.name] for one in table.primary_key]}"


def _remove(connection: sa.Connection, chance: random.Random) -> str | None:
    table = schema.metadata.tables[chance.choice(REMOVED)]
    row = chance.choice(_rows(connection, table))
    connection.execute(sa.delete(table).where(_where(table, row)))
    return f"{table.name} without {[row[one.name] for one in table.primary_key]}"


def _put_in(connection: sa.Connection, chance: random.Random) -> str | None:
    name = chance.choice(["issue", "status_event", "approval", "document"])
    table = schema.metadata.tables[name]
    row = dict(chance.choice(_rows(connection, table)))
    match name:
        case "issue":
            row |= {
                "id": "x" * 36,
                "grant_key": "y" * 64,
                "serial": "DPA-2026-00777",
                "verification_id": "Z" * 28,
                "status_index": 1,
            }
        case "status_event":
            row |= {"id": None, "event": "resumed"}
            del row["id"]
        case "approval":
            row |= {"grant_key": "y" * 64}
            del row["id"]
        case _:
            row |= {"kind": "pdf-2"}
    connection.execute(sa.insert(table).values(**row))
    return f"{name} put in"


def _swap(connection: sa.Connection, chance: random.Random) -> str | None:
    """Two entries change places, each keeping its number: what a careless restore does."""
    table = schema.register_entry
    one, other = chance.sample(_rows(connection, table), 2)
    for mine, theirs in ((one, other), (other, one)):
        values = {name: theirs[name] for name in ("kind", "subject", "digest", "commitment")}
        connection.execute(sa.update(table).where(_where(table, mine)).values(**values))
    same = all(one[name] == other[name] for name in ("kind", "subject", "digest", "commitment"))
    return None if same else f"entries {one['number']} and {other['number']} swapped"


def test_a_hundred_tamperings_are_all_found(lived: Any, tmp_path: Path) -> None:
    heads = lived.folder / "heads.jsonl"
    shutil.copy(lived.folder / "state.db", tmp_path / "state.db")
    engine = open_database(f"sqlite:///{tmp_path}/state.db")
    chance = random.Random(20261122)
    done: dict[str, str] = {}
    # Kinds of tampering by their share; each within a transaction that is taken back.
    kinds = [_change, _change, _change, _remove, _put_in, _swap]
    while len(done) < HOW_MANY:
        with engine.connect() as connection:
            trial = connection.begin()
            connection.exec_driver_sql(
                "PRAGMA defer_foreign_keys=ON"
            )  # it is taken back before they are checked
            what = chance.choice(kinds)(connection, chance)
            if what is not None and what not in done:
                found = verify(_Seen(connection), lived.site, heads)  # type: ignore[arg-type]
                assert found.broken, what
                done[what] = str(found.broken[0].problem.code)
            trial.rollback()
    assert verify(engine, lived.site, heads).broken == ()
    assert len(set(done.values())) >= 10  # told apart, not one word for all
    engine.dispose()


class _Seen:
    """An engine whose only connection is one with an open transaction: what a tampering left is seen, then taken back."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self.dialect = connection.dialect

    def connect(self) -> _Seen:
        return self

    def execution_options(self, **_: object) -> _Seen:
        return self

    def __enter__(self) -> sa.Connection:
        return self._connection

    def __exit__(self, *_: object) -> None:
        pass


def _copy(lived: Any, folder: Path) -> Engine:
    shutil.copy(lived.folder / "state.db", folder / "state.db")
    return open_database(f"sqlite:///{folder}/state.db")


def test_the_first_broken_entry_is_named(lived: Any, tmp_path: Path) -> None:
    engine = _copy(lived, tmp_path)
    table = schema.register_entry
    with engine.begin() as connection:
        for number in (9, 4):
            connection.execute(sa.update(table).where(table.c.number == number).values(digest="0" * 64))
    found = verify(engine, lived.site)
    assert found.broken[0].number == 4
    assert [one.number for one in found.broken] == sorted(one.number for one in found.broken)


def test_who_cuts_off_the_end_and_makes_the_rest_fit_is_found_by_the_second_place(
    lived: Any, tmp_path: Path
) -> None:
    engine = _copy(lived, tmp_path)
    event, entry, head = schema.status_event, schema.register_entry, schema.register_head
    with engine.begin() as connection:
        last = connection.execute(sa.select(sa.func.max(event.c.id))).scalar_one()
        row = connection.execute(sa.select(event).where(event.c.id == last)).one()
        assert row.event == "erased"
        connection.execute(sa.delete(event).where(event.c.id == last))
        number = connection.execute(sa.select(sa.func.max(entry.c.number))).scalar_one()
        connection.execute(sa.delete(entry).where(entry.c.number == number))
        before = connection.execute(sa.select(entry).where(entry.c.number == number - 1)).one()
        connection.execute(sa.update(head).values(number=before.number, hash=before.hash))
    heads = lived.folder / "heads.jsonl"
    codes = {one.problem.code for one in verify(engine, lived.site, heads).broken}
    assert "audit.second-place" in codes
    codes_without = {one.problem.code for one in verify(engine, lived.site).broken}
    assert "audit.second-place" not in codes_without
    assert codes_without  # the erased name and salt are missing without an erasure
    (tmp_path / "heads.jsonl").write_text("not a head\n", encoding="utf-8")
    with pytest.raises(Refused) as refused:
        verify(engine, lived.site, tmp_path / "heads.jsonl")
    assert refused.value.code == "audit.heads-unreadable"


def test_a_register_of_an_earlier_version_is_entered_before_anything_is_added(
    lived: Any, tmp_path: Path
) -> None:
    engine = _copy(lived, tmp_path)
    with engine.begin() as connection:
        for table in (schema.register_entry, schema.register_head, schema.register_salt):
            connection.execute(sa.delete(table))
    assert {one.problem.code for one in verify(engine, lived.site).broken} >= {"audit.not-entered"}
    clock = lived.clock
    with engine.connect() as connection:
        issue = schema.issue
        serial = connection.execute(sa.select(issue.c.serial).order_by(issue.c.serial)).scalars().first()
    register.suspend(engine, lived.site, str(serial), by="O", reason="r", clock=clock)
    assert [one.problem.code for one in verify(engine, lived.site).broken] == []


def test_a_clock_that_was_set_back_writes_nothing(lived: Any, tmp_path: Path) -> None:
    engine = _copy(lived, tmp_path)
    serial = register.issued(engine, lived.site)[0].serial
    lived.clock.advance(-timedelta(days=400))
    try:
        before = verify(engine, lived.site).entries
        with pytest.raises(Refused) as refused:
            register.suspend(engine, lived.site, serial, by="O", reason="r", clock=lived.clock)
        assert refused.value.code == "register.clock-back"
        assert verify(engine, lived.site).entries == before
    finally:
        lived.clock.advance(timedelta(days=400))
    lived.clock.advance(-MAX_BACK / 2)  # clocks of two machines differ a little
    register.suspend(engine, lived.site, serial, by="O", reason="r", clock=lived.clock)
    lived.clock.advance(MAX_BACK / 2)


def test_the_register_for_the_archive_has_every_award_and_no_erased_name(lived: Any, tmp_path: Path) -> None:
    heading, *rows = register_rows(_copy(lived, tmp_path), lived.site, lived.clock)
    assert tuple(heading) == REGISTER
    by_serial = {str(row[1]): dict(zip(REGISTER, row, strict=True)) for row in rows}
    assert len(by_serial) == 6
    assert [row["status"] for _, row in sorted(by_serial.items())] == [
        "valid", "revoked", "superseded", "erased", "valid", "valid",
    ]  # fmt: skip
    corrected = by_serial["DPA-2026-00003"]
    assert corrected["replaced_by"] == "DPA-2026-00006"
    assert by_serial["DPA-2026-00006"]["replaces"] == "DPA-2026-00003"
    assert by_serial["DPA-2026-00004"]["holder"] == ""
    assert corrected["protocol_number"] == "Nr. 12"
    assert json.dumps(rows).count("Ligji 9154") == 5


def test_a_published_status_list_that_says_otherwise_than_the_register_is_found(issued_academy: Any) -> None:
    engine, site = issued_academy.engine, issued_academy.site
    table = schema.status_list
    with engine.connect() as connection:
        honest = connection.execute(sa.select(table.c.content)).scalar_one()
    said = json.loads(honest)

    def found(content: bytes) -> list[str]:
        with engine.begin() as connection:
            connection.execute(sa.update(table).values(content=content))
        return [one.problem.code for one in verify(engine, site).broken]

    assert found(honest) == []
    said["credentialSubject"]["encodedList"] = encode_bits([7, 131_071])
    assert decode_bits(said["credentialSubject"]["encodedList"]) == {7, 131_071}
    assert found(json.dumps(said).encode()) == ["audit.list-differs"]
    said["credentialSubject"]["encodedList"] = "u!!"
    assert found(json.dumps(said).encode()) == ["audit.list-unreadable"]
    found(honest)
    who = {"by": "O", "reason": "r", "clock": issued_academy.clock}
    lifecycle._write(engine, site, "DPA-2026-00001", "revoked", ("valid",), **who)  # and not published
    assert [one.problem.code for one in verify(engine, site).broken] == ["audit.list-differs"]
    register.issue_approved(engine, site, issued_academy.issuer(), issued_academy.clock)
    assert verify(engine, site).broken == ()


@pytest.mark.parametrize("language", ["sq", "ro", "en"])
def test_the_register_for_the_archive_is_a_tagged_pdf_with_the_same_register_for_programs_inside(
    language: str, issued_academy: Any
) -> None:
    rows = register_rows(issued_academy.engine, issued_academy.site, issued_academy.clock)
    rows[1][REGISTER.index("holder")] = "Ἀρχεῖον 档"
    today = issued_academy.clock.now().date()
    made = [
        register_pdf(
            issued_academy.engine, issued_academy.site, rows, issuer_name=None, language=language, today=today
        )
        for _ in range(2)
    ]
    assert made[0] == made[1]
    reader = PdfReader(io.BytesIO(made[0]))
    assert accessibility_faults(made[0]) == []
    metadata = reader.trailer["/Root"]["/Metadata"].get_object().get_data()  # type: ignore[index]
    assert b"<pdfaid:part>3</pdfaid:part>" in metadata
    assert b"<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert reader.trailer["/Root"]["/Lang"] == language  # type: ignore[index]
    assert reader.attachments["register.csv"] == [write_csv(rows)]
    head = verify(issued_academy.engine, issued_academy.site).head
    for page in reader.pages:
        said = page.extract_text()
        assert head in said.replace("\n", "")
        assert "DPA-2026-00001" in said
        assert "[U+6863]" in said  # the font has Greek, and no Chinese
    assert str(rows[1][REGISTER.index("pdf_sha256")]) in said.replace("\n", "")
