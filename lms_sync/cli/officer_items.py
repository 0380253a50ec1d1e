"""The verb report items: which questions of a quiz work."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authoring.messages import LANGUAGES, printable
from lms_sync.cli import outcome
from lms_sync.cli.options import dir_option, json_option, site_option
from lms_sync.clock import SystemClock

if TYPE_CHECKING:
    from lms_sync.items.report import ItemsReport
    from quizzes.results import Which

REPORTS = "reports"


@click.command(short_help="Which questions of a quiz work: figures, answers, a proposed change.")
@click.argument("quiz")
@click.option("--before", metavar="QUIZ", help="The test before the course: also report what was learned.")
@click.option(
    "--attempts",
    "which",
    type=click.Choice(["highest", "first", "last", "all"]),
    help="Which attempts of a person count (default: as the quiz is graded).",
)
@click.option("--patch", is_flag=True, help="Print the change that the results propose for the quiz's file.")
@click.option("--language", type=click.Choice(LANGUAGES), help="The language of the report (default: yours).")
@dir_option
@site_option
@json_option
def items(
    quiz: str,
    before: str | None,
    which: Which | None,
    language: str | None,
    folder: Path,
    site_name: str | None,
    *,
    patch: bool,
    as_json: bool,
) -> int:
    """Report on the questions of a QUIZ: a file of quizzes/ without its ending, or an activity (course/activity).

    The figures are those of Moodle's own statistics report. Writes reports/items-<quiz>-<date>.<language>.html, .xlsx
    and .csv. Groups of fewer than five persons are not shown. The output of --json is described by
    lms_sync/schemas/items.schema.json.

    With --patch nothing is written: a unified diff of the quiz's file is printed, comments and order kept, with the
    difficulty by facility, and a comment at each key that looks wrong and each answer that nobody chose.

    \b
    Examples:
      lms-sync report items archive-final
      lms-sync report items archive-final --before archive-pre
      lms-sync report items archive-final --patch | git apply
    """
    from lms_sync.items.report import items_report
    from lms_sync.people import read_people
    from lms_sync.settings import database_url, load_settings
    from lms_sync.store.database import open_database

    settings = load_settings(folder)
    site_key, site = settings.site(site_name)
    reader = language or outcome.reader_language(folder)
    report = items_report(
        open_database(database_url(settings, folder)),
        site_key,
        folder,
        read_people(folder),
        quiz,
        before=before,
        which=which,
        as_of=SystemClock().now(),
        timezone=site.timezone,
        language=reader,
    )
    if patch:
        return _print_patch(report, folder, reader)
    files = _write(report, folder, reader)
    if as_json:
        result = {**report.as_json(reader), "files": [path.as_posix() for path in files]}
        click.echo(json.dumps(result, ensure_ascii=False, indent=1))
        return outcome.DONE
    from lms_sync.items.terminal import terminal_lines

    click.echo(click.style(printable(report.quiz.title), bold=True))
    for line in terminal_lines(report, reader, width=shutil.get_terminal_size().columns):
        click.echo(printable(line))
    for path in files:
        click.echo(path.as_posix())
    return outcome.DONE


def _write(report: ItemsReport, folder: Path, language: str) -> list[Path]:
    from lms_sync.items.page import items_html
    from lms_sync.items.sheets import items_csv, items_xlsx
    from lms_sync.write_files import refuse_links, write_durably

    files = []
    for ending, content in (
        ("html", items_html(report, language)),
        ("xlsx", items_xlsx(report, language)),
        ("csv", items_csv(report, language)),
    ):
        path = folder / REPORTS / f"{report.name}.{language}.{ending}"
        refuse_links(path, below=folder)
        write_durably(path, content)
        files.append(path)
    return files


def _print_patch(report: ItemsReport, folder: Path, language: str) -> int:
    from lms_sync.items.propose import proposed, unified_diff
    from lms_sync.items.read_results import NoQuiz

    if report.quiz.path is None:
        raise NoQuiz("items.patch-no-file", quiz=report.quiz.name)
    name, before, after = proposed(report, folder, language)
    if before == after:
        click.echo(outcome.say("items.patch-nothing", language), err=True)
        return outcome.DONE
    click.echo(unified_diff(name, before, after), nl=False)
    return outcome.DONE
