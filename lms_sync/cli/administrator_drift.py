"""The administrator's verbs for what others changed, and for what earlier runs did: drift, runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from authoring.messages import text
from lms_sync.adopt_drift import adopt as adopt_edits
from lms_sync.adopt_drift import write_adoption
from lms_sync.adopted_questions import edited_questions, tell_site_of_questions
from lms_sync.applied import read_runs, remember_adopted
from lms_sync.cli import outcome
from lms_sync.cli.administrator import _built as built_academy
from lms_sync.cli.administrator import _connect as connect
from lms_sync.cli.administrator import _known_accounts as known_people
from lms_sync.cli.administrator import (
    course_option,
    remembered_base,
    shown,
)
from lms_sync.cli.drift_output import adoption_json, drift_json, print_adoption, print_drift, print_runs
from lms_sync.cli.job_output import print_job_runs
from lms_sync.cli.options import dir_option, json_option, site_option
from lms_sync.cli.plan_output import print_lacking, print_plan
from lms_sync.clock import SystemClock
from lms_sync.drift import Settled, Standing
from lms_sync.jobs.status import read_job_runs
from lms_sync.plan import PlanOptions
from lms_sync.plan_file import plan_json
from lms_sync.push import Prepared, prepare
from lms_sync.settings import database_url, load_settings
from lms_sync.store.database import open_database, reading


@click.command()
@dir_option
@site_option
@course_option
@click.option(
    "--adopt", is_flag=True, help="Write what only Moodle changed into the files, and show the patch."
)
@click.option("--dry-run", is_flag=True, help="With --adopt: show the patch only.")
@click.option(
    "--theirs",
    multiple=True,
    metavar="KEY[#FIELD]",
    help="With --adopt: also take over what the files have changed as well (repeatable).",
)
@click.option("--revert", is_flag=True, help="Show the plan that takes away what only Moodle changed.")
@json_option
def drift(
    folder: Path,
    site_name: str | None,
    courses: tuple[str, ...],
    adopt: bool,
    dry_run: bool,
    theirs: tuple[str, ...],
    revert: bool,
    as_json: bool,
) -> int:
    """Show what somebody has changed in Moodle since our last apply.

    Names, texts, dates, availability, completion rules, settings, slots, exceptions and questions can be taken over
    into the files: only the changed values are written, comments, order and quotes stay. Other edits are named with the
    reason why not. Of questions that were taken over the site is told that they are as the files say.

    Exit code 0: nothing (left); 2: there are such changes; 3: files and Moodle were both changed, and somebody
    must decide. Signs: ~ edited in Moodle, - deleted there, ! edited there and in the files. What --json prints
    is described by lms_sync/schemas/drift.schema.json.

    \b
    Examples:
      lms-sync drift --dir academy
      lms-sync drift --adopt --dry-run --dir academy
      lms-sync drift --revert --dir academy      then: lms-sync apply --revert --dir academy
    """
    if adopt and revert:
        raise click.UsageError("--adopt and --revert")
    if (dry_run or theirs) and not adopt:
        raise click.UsageError("--dry-run and --theirs belong to --adopt")
    language = outcome.reader_language(folder)
    settings, name, site, client = connect(folder, site_name)
    built = built_academy(folder, site, language)
    prepared = prepare(
        client,
        built,
        settings,
        site,
        options=PlanOptions(revert_edits=revert, theirs=frozenset(theirs)),
        only_courses=courses,
        known=known_people(settings, folder, name),
        base=remembered_base(settings, folder, name),
    )
    print_lacking(prepared.lacks, language)
    settled = prepared.judged
    zone = ZoneInfo(site.timezone)
    if revert:
        names = shown(settings, folder, name, prepared)
        return _show_plan(prepared, name, courses, language, zone, names, as_json=as_json)
    if adopt:
        adoption = adopt_edits(
            built.academy,
            settled.drift,
            use_multilang=site.multilang,
            language=site.language,
            zone=zone,
            theirs=frozenset(theirs),
            questions={} if prepared.by_core else edited_questions(client, prepared),
        )
        if adoption.taken and not dry_run:
            academy = write_adoption(adoption, folder)
            taken = tell_site_of_questions(client, academy, prepared, adoption.taken, site.multilang)
            engine = open_database(database_url(settings, folder))
            remember_adopted(engine, name, settled, adoption.taken, SystemClock(), questions=taken)
        if as_json:
            click.echo(
                json.dumps(
                    adoption_json(adoption, name, written=bool(adoption.taken) and not dry_run),
                    ensure_ascii=False,
                    indent=1,
                )
            )
        else:
            print_adoption(adoption, language, written=not dry_run, zone=zone)
        if any(one.field.standing is not Standing.THEIRS for one in adoption.left):
            return outcome.REFUSED
        return outcome.CHANGES if adoption.left or (dry_run and adoption.taken) else outcome.DONE
    if as_json:
        click.echo(json.dumps(drift_json(settled, name), ensure_ascii=False, indent=1))
    else:
        print_drift(settled, language, zone)
    return _exit_code(settled)


def _show_plan(
    prepared: Prepared,
    site_name: str,
    courses: tuple[str, ...],
    language: str,
    zone: ZoneInfo,
    names: Mapping[str, str],
    *,
    as_json: bool,
) -> int:
    if as_json:
        options = PlanOptions(revert_edits=True)
        now = SystemClock().now()
        said = plan_json(prepared.plan, site=site_name, courses=courses, options=options, made_at=now)
        click.echo(json.dumps(said, ensure_ascii=False, indent=1))
    else:
        print_plan(prepared.plan, language, zone=zone, names=names)
    if prepared.plan.refused or prepared.plan.is_fused:
        return outcome.REFUSED
    return outcome.CHANGES if prepared.plan.work else outcome.DONE


def _exit_code(settled: Settled) -> int:
    if any(one.conflicts for one in settled.drift):
        return outcome.REFUSED
    return outcome.CHANGES if settled.drift else outcome.DONE


@click.command()
@dir_option
@site_option
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many.")
@click.option("--jobs", is_flag=True, help="Only the jobs of the schedule.")
@json_option
def runs(folder: Path, site_name: str | None, limit: int, jobs: bool, as_json: bool) -> int:
    """List what was run on a site, newest first: number, time, verb, outcome, counts.

    Below, the jobs of the schedule: when each was due, how it went, how often it was begun and begun again
    after whoever held it was lost.

    \b
    Examples:
      lms-sync runs --dir academy
      lms-sync runs --jobs --json --dir academy
    """
    language = outcome.reader_language(folder)
    settings = load_settings(folder)
    name, site = settings.site(site_name)
    zone = ZoneInfo(site.timezone)
    engine = open_database(database_url(settings, folder))
    with reading(engine) as connection:
        found = () if jobs else read_runs(connection, name, limit=limit)
    due = read_job_runs(engine, name, limit)
    if as_json:
        said = [one.as_json() for one in due] if jobs else [one.as_json() for one in found]
        click.echo(json.dumps(said, ensure_ascii=False, indent=1))
        return outcome.DONE
    if found:
        print_runs(found, language, zone)
    elif not due:
        click.echo(text("runs.none", {}, language))
    print_job_runs(due, language, zone)
    return outcome.DONE
