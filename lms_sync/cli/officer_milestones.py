"""The officer's verb milestones: list, record."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authoring.messages import printable
from lms_sync.cli import outcome
from lms_sync.cli.options import dir_option, json_option, site_option
from lms_sync.cli.outcome import say
from lms_sync.clock import SystemClock, local_date

if TYPE_CHECKING:
    from lms_sync.assessment.milestones import InstitutionPath
    from programmes import Programme

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group(short_help="The path of each institution; steps recorded by hand.")
def milestones() -> None:
    """The milestones of programmes/*.yaml: which institution has reached which, and by what."""


@milestones.command("list")
@click.argument("programme")
@click.argument("institutions", nargs=-1)
@click.option("--as-of", "as_of", type=DAY, metavar="DATE", help="On this day (default: today).")
@dir_option
@site_option
@json_option
def list_milestones(
    programme: str,
    institutions: tuple[str, ...],
    as_of: datetime.datetime | None,
    folder: Path,
    site_name: str | None,
    *,
    as_json: bool,
) -> int:
    """List for every institution of a PROGRAMME which milestones it has reached, when, and by what.

    With INSTITUTIONS, by their codes, only these, with the evidence.

    \b
    Examples:
      lms-sync milestones list archive-61
      lms-sync milestones list archive-61 elbasan cerrik --as-of 2026-06-30
      lms-sync milestones list archive-61 --json
    """
    from lms_sync.assessment.files import chosen_programme, material_of, programme_files
    from lms_sync.assessment.milestones import listed_paths
    from lms_sync.settings import database_url, load_settings
    from lms_sync.store.database import open_database

    settings = load_settings(folder)
    site, _ = settings.site(site_name)
    chosen = chosen_programme(programme_files(folder), programme)
    day = as_of.date() if as_of else local_date(SystemClock().now(), chosen.timezone)
    engine = open_database(database_url(settings, folder))
    found = listed_paths(engine, site, material_of(folder, chosen), day, institutions)
    if as_json:
        result = {
            "programme": chosen.id,
            "as_of": day.isoformat(),
            "institutions": [one.as_json() for one in found],
        }
        click.echo(json.dumps(result, ensure_ascii=False, indent=1))
        return outcome.DONE
    _print(chosen, found, outcome.reader_language(folder), with_evidence=bool(institutions))
    return outcome.DONE


@milestones.command()
@click.argument("programme")
@click.argument("institution")
@click.argument("milestone")
@click.option("--on", "on", type=DAY, required=True, metavar="DATE", help="The day on which it was reached.")
@click.option("--evidence", required=True, metavar="TEXT|FILE", help="What proves it: words, or a scan.")
@click.option("--by", required=True, help="Name of the person who records; kept with the fact.")
@click.option("--undo", is_flag=True, help="Say that it was not reached after all; --evidence says why.")
@dir_option
@site_option
@json_option
def record(
    programme: str,
    institution: str,
    milestone: str,
    on: datetime.datetime,
    evidence: str,
    by: str,
    folder: Path,
    site_name: str | None,
    *,
    undo: bool,
    as_json: bool,
) -> int:
    """Record that an INSTITUTION of a PROGRAMME has reached a MILESTONE that no rule tells, with evidence.

    A file is copied into evidence/ of the academy and named in the fact with its SHA-256. Recording the same again
    changes nothing; another day or other evidence corrects what was recorded.

    \b
    Examples:
      lms-sync milestones record archive-61 elbasan manual --on 2026-05-04 \\
          --evidence delivery-note.pdf --by "Name Surname"
      lms-sync milestones record archive-61 elbasan audit --on 2027-09-10 \\
          --evidence "Report 214 of the audit commission" --by "Name Surname"
    """
    from lms_sync.assessment.files import chosen_programme, material_of, programme_files
    from lms_sync.assessment.milestones import record_milestone
    from lms_sync.settings import database_url, load_settings
    from lms_sync.store.database import open_database

    settings = load_settings(folder)
    site, _ = settings.site(site_name)
    chosen = chosen_programme(programme_files(folder), programme)
    done = record_milestone(
        open_database(database_url(settings, folder)),
        site,
        folder,
        material_of(folder, chosen),
        institution,
        milestone,
        on=on.date(),
        evidence=evidence,
        by=by,
        now=SystemClock().now(),
        reached=not undo,
    )
    if as_json:
        click.echo(json.dumps(done.as_json(), ensure_ascii=False, indent=1))
        return outcome.DONE
    language = outcome.reader_language(folder)
    values = {
        "institution": done.institution.name(language),
        "milestone": done.milestone.title.in_language(language),
        "day": done.on.isoformat(),
    }
    code = "known" if not done.new else "recorded" if done.reached else "undone"
    click.echo(say(f"milestones.{code}", language, **values))
    if done.file:
        click.echo(say("milestones.kept", language, file=done.file))
    return outcome.DONE


def _print(programme: Programme, found: list[InstitutionPath], language: str, *, with_evidence: bool) -> None:
    click.echo(click.style(printable(programme.title.in_language(language)), bold=True))
    if not programme.milestones:
        click.echo(say("milestones.none", language))
        return
    titles = {one.id: one.title.in_language(language) for one in programme.milestones}
    if with_evidence:
        for one in found:
            reached = say("milestones.of", language, n=one.reached, all=len(one.steps))
            click.echo(f"\n{printable(one.institution.name(language))} · {reached}")
            for step in one.steps:
                mark = "✓" if step.on else "·"
                click.echo(printable(f"  {mark} {step.on or '          '}  {titles[step.milestone]}"))
                if step.on:
                    click.echo(printable(f"      {step.evidence or ', '.join(step.sources)}"))
        return
    for number, title in enumerate(titles.values(), 1):
        click.echo(printable(f"  {number} {title}"))
    width = max(len(one.institution.name(language)) for one in found) if found else 0
    click.echo("")
    click.echo(" " * width + "  " + "  ".join(f"{number:^10}" for number in range(1, len(titles) + 1)))
    for one in found:
        cells = "  ".join(f"{step.on.isoformat() if step.on else '·':^10}" for step in one.steps)
        click.echo(printable(f"{one.institution.name(language).ljust(width)}  {cells}").rstrip())
    whole = sum(one.reached == len(one.steps) for one in found)
    click.echo(say("milestones.whole-path", language, n=whole, all=len(found)))
