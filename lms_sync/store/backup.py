"""Backups of the state database: one ZIP, consistent while others write, the same from SQLite and PostgreSQL.

A backup holds a file `<table>.jsonl` for each table, with a JSON array for each row, and `manifest.json`: the
migration at which the database was, and of each table its columns, the number of its rows and a digest that does not
depend on their order (the sum of the SHA-256 of all lines, modulo 2²⁵⁶). So it is restored into either kind of database,
by this version or a later one, and what was restored is compared row by row before it counts.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, MetaData, Table

from authoring.problems import LmsSyncError, Refused
from lms_sync.clock import Clock
from lms_sync.store import schema
from lms_sync.store.database import open_database, reading_one_moment, refuse_newer, upgrade
from lms_sync.store.schema import Moment

FORMAT = "lms-sync backup/1"
MANIFEST = "manifest.json"

_BATCH = 2000
_LONGEST_LINE = 256 << 20  # a certificate's PDF is some 100 kB; a line beyond this is none of ours

Told = Callable[[str, int], None]
"""Told of progress: the table, and how many of its rows are done."""


class BackupUnusable(LmsSyncError):
    """The file is no backup, is damaged, or is of a newer version."""


@dataclass(frozen=True)
class TableInBackup:
    """One table: its columns with their kinds, in the order of the rows' values; how many rows; their digest."""

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: int
    digest: str

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "columns": [list(one) for one in self.columns],
            "rows": self.rows,
            "digest": self.digest,
        }


@dataclass(frozen=True)
class Backup:
    """What a backup says of itself."""

    made_at: datetime
    revision: str
    tables: tuple[TableInBackup, ...]

    @property
    def rows(self) -> int:
        """Over all tables."""
        return sum(table.rows for table in self.tables)

    def as_json(self) -> dict[str, object]:
        return {
            "format": FORMAT,
            "made_at": self.made_at.isoformat(),
            "revision": self.revision,
            "tables": [table.as_json() for table in self.tables],
        }


def _silent(table: str, rows: int) -> None:
    """No progress is shown."""


# --- kinds of values --------------------------------------------------------------------------

_TYPES: dict[str, Any] = {
    "moment": Moment,
    "date": sa.Date,
    "json": sa.Text,  # as the database has it: a JSON null is another thing than no value
    "bytes": sa.LargeBinary,
    "bool": sa.Boolean,
    "int": sa.BigInteger,
    "real": sa.Double,
    "text": sa.Text,
}


def kind_of(column: sa.Column[Any]) -> str:
    """How the values of a column are written; raises TypeError for a type that nobody thought of."""
    kinds: Sequence[tuple[Any, str]] = (
        ((Moment, sa.DateTime), "moment"),
        (sa.Date, "date"),
        (sa.JSON, "json"),
        (sa.LargeBinary, "bytes"),
        (sa.Boolean, "bool"),
        (sa.Integer, "int"),
        (sa.Float, "real"),
        (sa.String, "text"),
    )
    for types, kind in kinds:
        if isinstance(column.type, types):
            return kind
    raise TypeError(f"{column} has a type that backups do not know: {column.type!r}")


def _written(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind in ("moment", "date"):
        return value.isoformat()
    if kind == "bytes":
        return base64.b64encode(value).decode("ascii")
    return value


def _read(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "moment":
        return datetime.fromisoformat(value)
    if kind == "date":
        return date.fromisoformat(value)
    if kind == "bytes":
        return base64.b64decode(value, validate=True)
    return value


class _Digest:
    """The sum of the SHA-256 of all lines, modulo 2²⁵⁶, and how many there were."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, line: bytes) -> None:
        self.rows += 1
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(line).digest(), "big")) % (1 << 256)

    @property
    def value(self) -> str:
        return f"{self._sum:064x}"


def _lines(connection: Connection, name: str, columns: Sequence[tuple[str, str]]) -> Iterator[bytes]:
    """Every row of a table as the backup writes it, without the line's end."""
    # JSON is asked for as text, which PostgreSQL's driver would else decode.
    selected = [
        sa.cast(sa.column(column), sa.Text).label(column)
        if kind == "json"
        else sa.column(column, _TYPES[kind])
        for column, kind in columns
    ]
    query = sa.select(*selected).select_from(sa.table(name))
    kinds = [kind for _, kind in columns]
    for row in connection.execute(query, execution_options={"yield_per": _BATCH}):
        values = [_written(value, kind) for value, kind in zip(row, kinds, strict=True)]
        yield json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


# --- writing ----------------------------------------------------------------------------------


def write_backup(
    engine: Engine,
    path: Path,
    clock: Clock,
    told: Told = _silent,
    tables: MetaData = schema.metadata,
) -> Backup:
    """Writes everything that the database holds at one moment, while others go on writing; then reads it back.

    The file is for its owner alone: it holds names and results. Keys and tokens are not in the database, and so not
    in it. Nothing is at `path` before it is whole. `tables` are those of the database's version, which is today's. Raises OSError, BackupUnusable where what was written cannot be read.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    try:
        with os.fdopen(handle, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                backup = _write_tables(engine, archive, clock, told, tables)
                archive.writestr(MANIFEST, json.dumps(backup.as_json(), indent=1))
            file.flush()
            os.fsync(file.fileno())
        read_backup(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return backup


def _write_tables(
    engine: Engine, archive: zipfile.ZipFile, clock: Clock, told: Told, tables: MetaData
) -> Backup:
    written: list[TableInBackup] = []
    with reading_one_moment(engine) as connection:
        revision = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one()
        made_at = clock.now()
        for table in tables.sorted_tables:
            columns = tuple((column.name, kind_of(column)) for column in table.columns)
            digest = _Digest()
            with archive.open(f"{table.name}.jsonl", "w", force_zip64=True) as member:
                for line in _lines(connection, table.name, columns):
                    digest.add(line)
                    member.write(line + b"\n")
                    if digest.rows % _BATCH == 0:
                        told(table.name, digest.rows)
            told(table.name, digest.rows)
            written.append(TableInBackup(table.name, columns, digest.rows, digest.value))
    return Backup(made_at, str(revision), tuple(written))


# --- reading ----------------------------------------------------------------------------------


def read_backup(path: Path) -> Backup:
    """What a backup says of itself, after every row was compared with it. Raises BackupUnusable, OSError."""
    with _opened(path) as archive:
        backup = _manifest(archive, path)
        for table in backup.tables:
            digest = _Digest()
            for line in _lines_of(archive, table, path):
                digest.add(line)
            if (digest.rows, digest.value) != (table.rows, table.digest):
                raise BackupUnusable("backup.damaged", path=path.name, table=table.name)
    return backup


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise BackupUnusable("backup.not-one", path=path.name) from error


def _manifest(archive: zipfile.ZipFile, path: Path) -> Backup:
    try:
        said = json.loads(archive.read(MANIFEST))
        if said["format"] != FORMAT:
            raise BackupUnusable("backup.newer", path=path.name, version=str(said["format"])[:40])
        tables = tuple(
            TableInBackup(
                str(table["name"]),
                tuple((str(column), str(kind)) for column, kind in table["columns"]),
                int(table["rows"]),
                str(table["digest"]),
            )
            for table in said["tables"]
        )
        backup = Backup(datetime.fromisoformat(said["made_at"]), str(said["revision"]), tables)
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise BackupUnusable("backup.not-one", path=path.name) from error
    strange = {kind for table in tables for _, kind in table.columns} - set(_TYPES)
    if strange:
        raise BackupUnusable("backup.newer", path=path.name, version=min(strange)[:40])
    return backup


def _lines_of(archive: zipfile.ZipFile, table: TableInBackup, path: Path) -> Iterator[bytes]:
    try:
        with archive.open(f"{table.name}.jsonl") as member:
            while line := member.readline(_LONGEST_LINE):
                if not line.endswith(b"\n"):
                    raise BackupUnusable("backup.damaged", path=path.name, table=table.name)
                yield line[:-1]
    except (KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise BackupUnusable("backup.damaged", path=path.name, table=table.name) from error


# --- restoring --------------------------------------------------------------------------------


def restore_backup(url: str, path: Path, *, replace: bool = False, told: Told = _silent) -> Backup:
    """Puts a backup into the database at `url`, of either kind, in one transaction; then brings it up to date.

    Before it counts, every row is read again and compared with the backup. A database that holds anything is
    refused unless `replace` says that this may go. Raises BackupUnusable, Refused, DatabaseUnusable, DatabaseFailed.
    """
    backup = read_backup(path)
    try:
        refuse_newer(backup.revision)
    except LmsSyncError as error:
        raise BackupUnusable("backup.newer", path=path.name, version=backup.revision) from error
    engine = open_database(url, migrate=False)
    try:
        with _opened(path) as archive, engine.begin() as connection:
            _make_room(connection, replace=replace)
            upgrade(connection, backup.revision)
            _fill(connection, backup, archive, path, told)
            upgrade(connection)
    finally:
        engine.dispose()
    return backup


def _make_room(connection: Connection, *, replace: bool) -> None:
    there = MetaData()
    ours = {*schema.metadata.tables, "alembic_version"}
    there.reflect(connection, only=lambda name, _: name in ours)
    kept = {"alembic_version", "job_run", "job_state", "notice"}  # nothing of people, courses or awards
    full = [
        table.name
        for table in there.sorted_tables
        if table.name not in kept and connection.execute(sa.select(1).select_from(table).limit(1)).first()
    ]
    if full and not replace:
        raise Refused("restore.not-empty", tables=", ".join(full[:3]), n=len(full))
    there.drop_all(connection)


def _fill(connection: Connection, backup: Backup, archive: zipfile.ZipFile, path: Path, told: Told) -> None:
    made = MetaData()
    made.reflect(connection)
    given = {table.name: table for table in backup.tables}
    wanted = [table for table in made.sorted_tables if table.name in given]
    for table in wanted:
        one = given[table.name]
        if {column for column, _ in one.columns} != {column.name for column in table.columns}:
            raise BackupUnusable("backup.damaged", path=path.name, table=one.name)
    if missing := set(given) - {table.name for table in wanted}:
        raise BackupUnusable("backup.damaged", path=path.name, table=min(missing))
    for table in wanted:
        one = given[table.name]
        _insert(connection, one, _lines_of(archive, one, path), told)
        _count_on(connection, table)
        digest = _Digest()
        for line in _lines(connection, one.name, one.columns):
            digest.add(line)
        if (digest.rows, digest.value) != (one.rows, one.digest):
            raise BackupUnusable("restore.differs", table=one.name)


def _insert(connection: Connection, one: TableInBackup, lines: Iterator[bytes], told: Told) -> None:
    names = [column for column, _ in one.columns]
    kinds = [kind for _, kind in one.columns]
    rows = (
        [_read(value, kind) for value, kind in zip(json.loads(line), kinds, strict=True)] for line in lines
    )
    done = 0
    if connection.dialect.name == "postgresql":
        from psycopg import sql

        columns = sql.SQL(", ").join(map(sql.Identifier, names))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(one.name), columns)
        raw: Any = connection.connection.driver_connection
        with raw.cursor() as cursor, cursor.copy(statement) as copy:
            for done, row in enumerate(rows, 1):
                copy.write_row(row)
                if done % _BATCH == 0:
                    told(one.name, done)
    else:
        table = Table(one.name, MetaData(), *(sa.Column(name, _TYPES[kind]) for name, kind in one.columns))
        while batch := list(islice(rows, _BATCH)):
            connection.execute(sa.insert(table), [dict(zip(names, row, strict=True)) for row in batch])
            done += len(batch)
            told(one.name, done)
    told(one.name, done)


def _count_on(connection: Connection, table: Table) -> None:
    """Lets PostgreSQL count on where the restored rows end; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for column in table.primary_key.columns:
        sequence = connection.execute(
            sa.text("SELECT pg_get_serial_sequence(:table, :column)"),
            {"table": table.name, "column": column.name},
        ).scalar()
        if sequence is not None:
            highest = connection.execute(sa.select(sa.func.max(column))).scalar()
            connection.execute(
                sa.text("SELECT setval(:sequence, :value, :called)"),
                {"sequence": sequence, "value": highest or 1, "called": highest is not None},
            )
