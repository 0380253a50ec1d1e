"""A backup is of one moment, is read back, goes into either kind of database, and comes out equal."""

from __future__ import annotations

import json
import os
import shutil
import stat
import threading
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine, func, insert, select

from authoring.problems import Refused
from lms_sync.clock import FixedClock
from lms_sync.store.backup import BackupUnusable, kind_of, read_backup, restore_backup, write_backup
from lms_sync.store.database import LATEST, open_database, reading, revision, upgrade
from lms_sync.store.kept_backups import backup_path, remove_older
from lms_sync.store.schema import metadata, person, run
from tests.postgresql_server import Server
from tests.store.test_migrations_with_data import fill

NOW = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
CLOCK = FixedClock(NOW)
KINDS = ("sqlite", "postgresql")

NewUrl = Callable[..., str]


@pytest.fixture
def new_url(tmp_path: Path, request: pytest.FixtureRequest) -> NewUrl:
    """A database of a kind with nothing in its tables, or without any."""
    made: list[str] = []

    def make(kind: str, *, empty: bool = False) -> str:
        made.append(kind)
        if kind == "postgresql":
            server: Server = request.getfixturevalue("postgresql")
            return server.empty_database() if empty else server.database()
        path = tmp_path / f"{len(made)}.db"
        return f"sqlite:///{path if empty else shutil.copy(request.getfixturevalue('empty_state'), path)}"

    return make


@pytest.fixture
def opened() -> Iterator[Callable[[str], Engine]]:
    engines: list[Engine] = []

    def open_it(url: str) -> Engine:
        engines.append(open_database(url))
        return engines[-1]

    yield open_it
    for engine in engines:
        engine.dispose()


def _digests(path: Path) -> dict[str, tuple[int, str]]:
    return {table.name: (table.rows, table.digest) for table in read_backup(path).tables}


@pytest.mark.parametrize(("of", "into"), [KINDS, KINDS[::-1]])
def test_what_is_restored_is_what_was_there_also_in_the_other_kind(
    of: str, into: str, tmp_path: Path, new_url: NewUrl, opened: Callable[[str], Engine]
) -> None:
    source = opened(new_url(of))
    with source.begin() as connection:
        fill(connection)
    made = write_backup(source, tmp_path / "one.zip", CLOCK)
    assert made.rows == 2 * len(metadata.tables)
    target_url = new_url(into, empty=True)
    assert restore_backup(target_url, tmp_path / "one.zip") == made
    target = opened(target_url)
    write_backup(target, tmp_path / "two.zip", CLOCK)
    assert _digests(tmp_path / "one.zip") == _digests(tmp_path / "two.zip")
    with target.begin() as connection:  # numbers go on where they ended
        row = insert(run).values(site="main", verb="pull", started_at=NOW)
        assert connection.execute(row).inserted_primary_key == (3,)


def test_every_column_has_a_kind_that_backups_know() -> None:
    assert {kind_of(column) for table in metadata.tables.values() for column in table.c} <= {
        *("moment", "date", "json", "bytes", "bool", "int", "real", "text")
    }
    with pytest.raises(TypeError):
        kind_of(sa.Column("x", sa.Interval))


@pytest.mark.parametrize("kind", KINDS)
def test_a_backup_is_of_one_moment_while_others_write(
    kind: str, tmp_path: Path, new_url: NewUrl, opened: Callable[[str], Engine]
) -> None:
    engine = opened(new_url(kind))
    stop = threading.Event()

    def write() -> None:  # each transaction adds one row to two tables
        number = 0
        while not stop.is_set():
            number += 1
            with engine.begin() as connection:
                connection.execute(insert(run).values(site="main", verb="pull", started_at=NOW))
                connection.execute(insert(person).values(id=f"p{number}", site="main", created_at=NOW))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        counts: set[int] = set()
        for number in range(4):
            path = tmp_path / f"{number}.zip"
            write_backup(engine, path, CLOCK)
            rows = {name: count for name, (count, _) in _digests(path).items()}
            assert rows["run"] == rows["person"]
            counts.add(rows["run"])
    finally:
        stop.set()
        writer.join()
    assert len(counts) > 1  # others did write


def test_a_backup_of_an_earlier_version_is_restored_and_brought_up_to_date(
    tmp_path: Path, opened: Callable[[str], Engine]
) -> None:
    # As version 0009 would have written it: with the tables of then.
    url = f"sqlite:///{tmp_path}/old.db"
    old = open_database(url, migrate=False)
    with old.begin() as connection:
        upgrade(connection, "0009")
        fill(connection)
    then = sa.MetaData()
    then.reflect(old)
    then.remove(then.tables["alembic_version"])
    assert len(then.tables) < len(metadata.tables)
    write_backup(old, tmp_path / "old.zip", CLOCK, tables=then)
    old.dispose()
    assert read_backup(tmp_path / "old.zip").revision == "0009"
    restore_backup(f"sqlite:///{tmp_path}/new.db", tmp_path / "old.zip")
    new = opened(f"sqlite:///{tmp_path}/new.db")
    assert revision(new) == LATEST
    with reading(new) as connection:
        assert connection.execute(select(func.count()).select_from(person)).scalar() == 2


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
def test_a_backup_is_for_its_owner_alone_and_appears_whole(
    tmp_path: Path, opened: Callable[[str], Engine], empty_state: Path
) -> None:
    engine = opened(f"sqlite:///{shutil.copy(empty_state, tmp_path)}")
    path = backup_path(tmp_path, NOW)
    assert path == tmp_path / ".lms-sync/backups/state-20260302-103000.zip"
    write_backup(engine, path, CLOCK)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == [path.name]

    def stopped(table: str, rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_backup(engine, tmp_path / "never.zip", CLOCK, stopped)
    assert not list(tmp_path.glob("never*"))


def test_older_backups_go_and_other_files_stay(tmp_path: Path) -> None:
    folder = tmp_path / ".lms-sync/backups"
    folder.mkdir(parents=True)
    names = [f"state-2026030{day}-020000.zip" for day in range(1, 6)]
    for name in [*names, "mine.zip", "state-20260301-020000.zip.part"]:
        (folder / name).touch()
    assert [path.name for path in remove_older(tmp_path, 2, NOW.replace(day=6))] == names[:3]
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [*names[3:], "mine.zip", "state-20260301-020000.zip.part"]
    )


def test_backups_of_a_clock_that_was_ahead_push_out_no_new_one(tmp_path: Path) -> None:
    made = backup_path(tmp_path, NOW)
    made.parent.mkdir(parents=True)
    names = [f"state-2027030{day}-020000.zip" for day in range(1, 4)]
    for name in [*names, made.name]:
        (made.parent / name).touch()
    assert [path.name for path in remove_older(tmp_path, 3, NOW)] == names[:1]
    assert [path.name for path in remove_older(tmp_path, 1, NOW)] == names[1:]
    assert made.exists()


def test_what_a_killed_backup_left_unfinished_goes_and_what_is_being_written_stays(tmp_path: Path) -> None:
    made = backup_path(tmp_path, NOW)
    made.parent.mkdir(parents=True)
    killed, written = (made.with_name(f"state-20260301-02000{n}.zip.part") for n in range(2))
    for path, age in ((made, 0), (killed, 3700), (written, 3500)):
        path.touch()
        os.utime(path, (NOW.timestamp() - age, NOW.timestamp() - age))
    assert remove_older(tmp_path, 2, NOW) == [killed]
    assert written.exists()


# --- bad input -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def filled(empty_state: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with two rows in every table, to be copied."""
    path = tmp_path_factory.mktemp("filled") / "filled.db"
    shutil.copy(empty_state, path)
    engine = open_database(f"sqlite:///{path}")
    with engine.begin() as connection:
        fill(connection)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture
def sound(filled: Path, tmp_path: Path, opened: Callable[[str], Engine]) -> Path:
    engine = opened(f"sqlite:///{shutil.copy(filled, tmp_path / 'source.db')}")
    write_backup(engine, tmp_path / "sound.zip", CLOCK)
    return tmp_path / "sound.zip"


def _changed(sound: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    with zipfile.ZipFile(sound) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    path = sound.with_name("changed.zip")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def _manifest(**values: Any) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        members["manifest.json"] = json.dumps(json.loads(members["manifest.json"]) | values).encode()

    return change


def _lose_a_row(members: dict[str, bytes]) -> None:
    members["person.jsonl"] = members["person.jsonl"].split(b"\n", 1)[1]


def _double_a_row(members: dict[str, bytes]) -> None:
    members["person.jsonl"] += members["person.jsonl"].split(b"\n", 1)[0] + b"\n"


def _another_name(members: dict[str, bytes]) -> None:
    members["person_data.jsonl"] = members["person_data.jsonl"].replace("ș1".encode(), "ș7".encode(), 1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_lose_a_row, "backup.damaged"),
        (_double_a_row, "backup.damaged"),
        (_another_name, "backup.damaged"),
        (lambda members: members.pop("fact.jsonl"), "backup.damaged"),
        (lambda members: members.pop("manifest.json"), "backup.not-one"),
        (_manifest(format="lms-sync backup/2"), "backup.newer"),
        (_manifest(revision="9999"), "backup.newer"),
        (_manifest(tables=7), "backup.not-one"),
    ],
)
def test_a_backup_that_is_not_sound_is_refused_and_nothing_is_touched(
    sound: Path,
    change: Callable[[dict[str, bytes]], None],
    code: str,
    opened: Callable[[str], Engine],
    empty_state: Path,
) -> None:
    url = f"sqlite:///{shutil.copy(empty_state, sound.parent / 'target.db')}"
    engine = opened(url)
    with engine.begin() as connection:
        connection.execute(insert(person).values(id="mine", site="main", created_at=NOW))
    with pytest.raises(BackupUnusable) as caught:
        restore_backup(url, _changed(sound, change), replace=True)
    assert caught.value.code == code
    with reading(engine) as connection:
        assert connection.execute(select(person.c.id)).all() == [("mine",)]


def test_half_a_file_and_another_file_are_refused(sound: Path, tmp_path: Path) -> None:
    whole = sound.read_bytes()
    for content in (whole[: len(whole) // 2], b"a letter", b""):
        (tmp_path / "bad.zip").write_bytes(content)
        with pytest.raises(BackupUnusable) as caught:
            read_backup(tmp_path / "bad.zip")
        assert caught.value.code == "backup.not-one"
    (tmp_path / "bad.zip").write_bytes(whole[:300] + bytes([whole[300] ^ 255]) + whole[301:])
    with pytest.raises(BackupUnusable):
        read_backup(tmp_path / "bad.zip")


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_that_holds_something_is_refused_unless_it_may_be_replaced(
    kind: str, sound: Path, new_url: NewUrl, opened: Callable[[str], Engine]
) -> None:
    url = new_url(kind)
    engine = opened(url)
    with engine.begin() as connection:
        connection.execute(insert(person).values(id="mine", site="main", created_at=NOW))
    with pytest.raises(Refused) as caught:
        restore_backup(url, sound)
    assert caught.value.code == "restore.not-empty"
    with reading(engine) as connection:
        assert connection.execute(select(person.c.id)).all() == [("mine",)]
    engine.dispose()
    restore_backup(url, sound, replace=True)
    with reading(engine) as connection:
        assert ("mine",) not in connection.execute(select(person.c.id)).all()


# --- the verbs -----------------------------------------------------------------------------------------------------


def test_backup_and_restore_by_hand(tmp_path: Path, filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from lms_sync.cli.administrator_store import backup, restore

    monkeypatch.setenv("LMS_SYNC_LANGUAGE", "en")
    academy = tmp_path / "academy"
    academy.mkdir()
    (academy / "config.yaml").write_text(
        'language: en\nsites: {main: {url: "https://moodle.example.org", token_env: T}}\n', encoding="utf-8"
    )
    (academy / ".lms-sync").mkdir()
    shutil.copy(filled, academy / ".lms-sync/state.db")
    act = CliRunner()
    done = act.invoke(backup, ["--dir", str(academy), "--keep", "1"], standalone_mode=False)
    assert done.return_value == 0, done.output
    assert "read back and sound" in done.stdout
    (path,) = (academy / ".lms-sync/backups").iterdir()
    checked = act.invoke(restore, [str(path), "--check"], standalone_mode=False)
    assert "Sound" in checked.stdout
    refused = act.invoke(restore, [str(path), "--dir", str(academy)], standalone_mode=False)
    assert isinstance(refused.exception, Refused)
    back = act.invoke(
        restore, [str(path), "--dir", str(academy), "--replace", "--yes", "--json"], standalone_mode=False
    )
    assert json.loads(back.stdout)["restored"] is True
