"""The officer's verb: report."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authoring.messages import LANGUAGES, printable
from authoring.problems import LmsSyncError
from lms_sync.cli import outcome
from lms_sync.cli.officer_coverage import coverage, evidence
from lms_sync.cli.officer_items import items
from lms_sync.clock import Clock, SystemClock

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from lms_sync.completion_report import CompletionReport
    from lms_sync.settings import Settings, SiteSettings


class CannotReport(LmsSyncError):
    """There is nothing to report on."""


@dataclass(frozen=True)
class WrittenReport:
    """A report and its files."""

    report: CompletionReport
    files: tuple[Path, ...]

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {**self.report.as_json(), "files": [path.as_posix() for path in self.files]}


def make_reports(
    folder: Path,
    settings: Settings,
    site_name: str,
    site: SiteSettings,
    clock: Clock,
    *,
    courses: Sequence[str] = (),
    language: str | None = None,
    engine: Engine | None = None,
    within: str = "reports",
    rebuild: bool = False,
) -> list[WrittenReport]:
    """Counts and writes the completion report of each course; raises LmsSyncError where that cannot be done.

    `engine` is the state database where the caller has it open; `within` the folder for the files; `rebuild` makes the
    state tables anew from the fact log before anything is counted.
    """
    from certificates.policy import read_policies
    from lms_sync.completion_output import write_report
    from lms_sync.completion_report import ReportedCourse, completion_report
    from lms_sync.course_outlines import chosen_courses
    from lms_sync.people import read_people
    from lms_sync.report_people import known_people
    from lms_sync.settings import database_url
    from lms_sync.state_table import keep_states, make_anew
    from lms_sync.store.database import of_site, open_database, reading, reading_one_moment

    language = language or outcome.reader_language(folder)
    people = read_people(folder)
    chosen = chosen_courses(folder, site_name, courses, none="report.no-courses")
    if not people.institutions and any(course.adopted is None for course in chosen):
        raise CannotReport("report.no-institutions")
    policies = read_policies(folder)
    engine = engine or open_database(database_url(settings, folder))
    (make_anew if rebuild else keep_states)(of_site(engine, site_name), site_name)
    as_of = clock.now()
    written: list[WrittenReport] = []
    with reading(engine) as connection:
        known = known_people(connection, site_name, people)
    for course in chosen:
        reported = ReportedCourse(
            course.key,
            course.title.in_language(language),
            course.final_quiz,
            tuple(policy.id for policy in policies if course.key in policy.courses),
            learners_from_moodle=course.adopted is not None,
        )
        with reading_one_moment(engine) as connection:
            report = completion_report(
                connection,
                site_name,
                people,
                reported,
                as_of=as_of,
                timezone=site.timezone,
                language=language,
                known=known,
            )
        written.append(WrittenReport(report, write_report(report, folder, language, within)))
    return written


@click.group()
def report() -> None:
    """Numbers for the institution, the donor and the auditor."""


report.add_command(coverage)
report.add_command(evidence)
report.add_command(items)


@report.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(),
    help="The academy folder (default: here).",
)
@click.option("--site", "site_name", help="The site in config.yaml (default: the only one).")
@click.option("--course", "courses", multiple=True, metavar="ID", help="Only this course (repeatable).")
@click.option("--language", type=click.Choice(LANGUAGES), help="The language of the report (default: yours).")
@click.option(
    "--rebuild",
    is_flag=True,
    help="First make the state tables anew from the fact log. They follow it by themselves, and come out equal.",
)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def completion(
    folder: Path,
    site_name: str | None,
    courses: tuple[str, ...],
    language: str | None,
    *,
    rebuild: bool,
    as_json: bool,
) -> int:
    """Count who has started, completed and been certified, for every institution.

    Writes reports/completion-<course>-<date>.csv and .xlsx. Institutions without participants are in
    them too. The numbers are those of the last pull.

    \b
    Examples:
      lms-sync report completion --dir academy
      lms-sync report completion --course archive-officers --language en
    """
    from lms_sync.completion_output import terminal_table
    from lms_sync.settings import load_settings

    settings = load_settings(folder)
    name, site = settings.site(site_name)
    language = language or outcome.reader_language(folder)
    written = make_reports(
        folder, settings, name, site, SystemClock(), courses=courses, language=language, rebuild=rebuild
    )
    if as_json:
        result = {"reports": [one.as_json() for one in written]}
        click.echo(json.dumps(result, ensure_ascii=False, indent=1))
        return outcome.DONE
    for one in written:
        click.echo(click.style(printable(one.report.title), bold=True))
        for line in terminal_table(one.report, language, width=shutil.get_terminal_size().columns):
            click.echo(printable(line))
        for path in one.files:
            click.echo(path.as_posix())
    return outcome.DONE
