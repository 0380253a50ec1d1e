"""The administrator's verbs: backup, restore."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from authoring.problems import Refused
from lms_sync.cli import outcome
from lms_sync.cli.options import dir_option, json_option
from lms_sync.cli.progress_line import ProgressLine
from lms_sync.clock import SystemClock
from lms_sync.settings import database_url, load_settings
from lms_sync.store.backup import Backup, read_backup, restore_backup, write_backup
from lms_sync.store.database import open_database
from lms_sync.store.kept_backups import backup_path, remove_older


@click.command()
@dir_option
@click.option(
    "--out", type=click.Path(path_type=Path), help="The file (default: a new one in .lms-sync/backups)."
)
@click.option(
    "--keep",
    type=click.IntRange(1, 10_000),
    metavar="N",
    help="Afterwards remove older backups from .lms-sync/backups, except the newest N.",
)
@json_option
def backup(folder: Path, out: Path | None, keep: int | None, as_json: bool) -> int:
    """Write the whole state database into one file, while the schedule goes on.

    The file holds what the database held at one moment: results, awards, certificates and names. It is read
    back before it counts, and can be restored into SQLite or PostgreSQL. Keys and tokens are not in it: keep
    them elsewhere. Keep a copy on another machine.

    \b
    Examples:
      lms-sync backup --dir academy
      lms-sync backup --keep 14 --dir academy
    """
    language = outcome.reader_language(folder)
    settings = load_settings(folder)
    clock = SystemClock()
    now = clock.now()
    path = out if out is not None else backup_path(folder, now)
    engine = open_database(database_url(settings, folder))
    try:
        with _Progress(language, enabled=not as_json) as progress:
            made = write_backup(engine, path, clock, progress.table)
    finally:
        engine.dispose()
    removed = [] if keep is None else remove_older(folder, keep, now)
    if as_json:
        said = {"file": str(path), "removed": [str(one) for one in removed], **made.as_json()}
        click.echo(json.dumps(said, ensure_ascii=False, indent=1))
        return outcome.DONE
    size = f"{path.stat().st_size / 1e6:.1f}"
    click.echo(outcome.say("backup.done", language, path=str(path), n=made.rows, size=size))
    if removed:
        click.echo(outcome.say("backup.removed", language, n=len(removed)))
    click.echo(outcome.say("backup.without-keys", language), err=True)
    return outcome.DONE


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@dir_option
@click.option("--check", is_flag=True, help="Only read the file and compare every row; restore nothing.")
@click.option("--replace", is_flag=True, help="Also where the database holds something, which is then gone.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def restore(path: Path, folder: Path, check: bool, replace: bool, yes: bool, as_json: bool) -> int:
    """Put a backup into the state database that config.yaml names, of either kind.

    All of it arrives, compared row by row, or nothing. A database that holds something is refused without
    --replace. What Moodle has learnt since the backup, the next pull brings; what was certified since is
    lost, and its serials would be given again: see first that there is none.

    \b
    Examples:
      lms-sync restore academy/.lms-sync/backups/state-20260302-103000.zip --dir academy
      lms-sync restore state.zip --check
    """
    language = outcome.reader_language(folder)
    with _Progress(language, enabled=not as_json) as progress:
        if check:
            said = read_backup(path)
        else:
            settings = load_settings(folder)
            if replace and not yes:
                if as_json or not sys.stdin.isatty():
                    raise Refused("restore.say-yes")
                progress.clear()
                click.confirm(outcome.say("restore.ask", language), abort=True)
            said = restore_backup(database_url(settings, folder), path, replace=replace, told=progress.table)
    if as_json:
        click.echo(json.dumps({"restored": not check, **said.as_json()}, ensure_ascii=False, indent=1))
        return outcome.DONE
    _print(said, language, check=check)
    return outcome.DONE


def _print(said: Backup, language: str, *, check: bool) -> None:
    code = "restore.sound" if check else "restore.done"
    made = said.made_at.astimezone().strftime("%Y-%m-%d %H:%M")
    click.echo(outcome.say(code, language, n=said.rows, made=made))
    if not check:
        click.echo(outcome.say("restore.since", language, made=made), err=True)


class _Progress(ProgressLine):
    """Names the table while its rows pass."""

    def __init__(self, language: str, *, enabled: bool) -> None:
        super().__init__(enabled=enabled)
        self._language = language

    def table(self, name: str, rows: int) -> None:
        """Shows how many rows of a table are done."""
        self.show(outcome.say("backup.table", self._language, table=name, n=rows))
