"""The administrator's verbs: run, worker, status."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Engine

from lms_sync.cli import outcome
from lms_sync.cli.administrator_pull import job_code
from lms_sync.cli.options import dir_option, json_option, site_option
from lms_sync.clock import Clock, SystemClock
from lms_sync.course_outlines import course_outlines
from lms_sync.jobs.due import ORDER, Planned
from lms_sync.jobs.from_settings import BACKUP, longest_job, planned_jobs
from lms_sync.jobs.ledger import Ledger
from lms_sync.jobs.logs import log_jobs
from lms_sync.jobs.notify import send_waiting, ways_of
from lms_sync.jobs.status import JobStatus, job_status
from lms_sync.jobs.status import said as said_of
from lms_sync.jobs.work import Worker
from lms_sync.settings import Settings, SettingsError, database_url, load_settings
from lms_sync.store.database import open_database

log_option = click.option(
    "--log", type=click.Choice(["text", "json"]), default="text", help="How to log: lines, or JSON lines."
)
_ALWAYS = ("pull", "certify", "report")
_SIGNS = {
    "fresh": ("✓", "green"),
    "running": ("→", "cyan"),
    "late": ("!", "yellow"),
    "never": ("!", "yellow"),
    "failing": ("✗", "red"),
}


@dataclass(frozen=True)
class _Academy:
    """An academy folder whose jobs are run: its configuration, its database, its plan."""

    folder: Path
    settings: Settings
    language: str
    clock: Clock
    engine: Engine
    planned: Sequence[Planned]

    def worker(self) -> Worker:
        """What runs its jobs in this process. Raises SettingsError where a secret for notices is missing."""
        ways = ways_of(self.settings.notify)
        ledger = Ledger(
            self.engine,
            self.clock,
            tell_after=self.settings.notify.after_failures,
            ways=tuple(sorted(ways)),
        )
        return Worker(
            ledger,
            job_code(self.folder, self.settings, self.language, self.clock),
            self.language,
            longest=lambda site: longest_job(self.settings, site),
            tell=lambda: _tell(self, ways),
        )

    def status(self) -> list[JobStatus]:
        """How its jobs stand."""
        return job_status(self.engine, self.planned, self.clock)


def _tell(academy: _Academy, ways: Mapping[str, object]) -> None:
    if ways:
        send_waiting(academy.engine, ways, academy.clock, academy.language)  # type: ignore[arg-type]


def _academy(folder: Path, site_name: str | None) -> _Academy:
    settings = load_settings(folder)
    if site_name is not None:
        site_name, _ = settings.site(site_name)

    def courses_of(site: str) -> list[str]:
        return [course.key for course in course_outlines(folder, site)]

    planned = planned_jobs(settings, courses_of, site_name)
    engine = open_database(database_url(settings, folder))
    return _Academy(folder, settings, outcome.reader_language(folder), SystemClock(), engine, planned)


@contextmanager
def _health(academy: _Academy, doing: Callable[[], Mapping[str, object]]) -> Iterator[None]:
    where = academy.settings.health
    if where.port is None:
        yield
        return
    from lms_sync.jobs.health import answering, health_app

    with answering(health_app(academy.status, doing), where.host, where.port):
        yield


@click.command("run")
@dir_option
@site_option
@click.option("--once", is_flag=True, help="Pull, certify and report now, once, and end.")
@log_option
@json_option
def run(folder: Path, site_name: str | None, *, once: bool, log: str, as_json: bool) -> int:
    """Run the configuration's schedule on this machine: pull, certify, report and backup of all sites.

    Certificates are sent by e-mail, and shown in profiles, where the schedule has the jobs `send` and `profiles`. A pull brings the questions of the help desk as well, where there is one with a forum. Runs until Ctrl-C. A job that fails is told and tried again, first after half a minute, then less and less
    often; the other jobs and the other sites go on. What was due while nothing was running is caught up at
    the start. A second process with the same database shares the work and repeats none of it. With --once,
    exit code 4: some jobs failed.

    \b
    Examples:
      lms-sync run --dir academy
      lms-sync run --dir academy --once
    """
    academy = _academy(folder, site_name)
    if not once and not academy.planned:
        raise SettingsError("schedule.empty")
    log_jobs(log)
    worker = academy.worker()
    if once:
        return _run_once(academy, worker, site_name, as_json=as_json)
    from lms_sync.jobs.on_apscheduler import OnApscheduler

    backend = OnApscheduler(worker, academy.planned)
    click.echo(outcome.say("schedule.started", academy.language), err=True)
    with _health(academy, backend.status):
        backend.run()
    click.echo(outcome.say("schedule.stopped", academy.language), err=True)
    return outcome.DONE


def _run_once(academy: _Academy, worker: Worker, site_name: str | None, *, as_json: bool) -> int:
    from lms_sync.jobs.inline import Inline

    sites = [site_name] if site_name is not None else list(academy.settings.sites)
    backend = Inline(worker, sites)
    done = {site: backend.run_now(site, jobs_at_once(academy.settings, site)) for site in sites}
    went = [well for of in done.values() for well in of.values()]
    if as_json:
        said = {"sites": done} if len(sites) > 1 else {"jobs": done[sites[0]]}
        click.echo(json.dumps(said, indent=1))
    else:
        click.echo(outcome.say("schedule.once", academy.language, done=sum(went), all=len(went)))
    if all(went):
        return outcome.DONE
    return outcome.PARTLY if any(went) else outcome.ERROR


def jobs_at_once(settings: Settings, site: str) -> list[str]:
    """The jobs of `--once`: those that change nothing outside, and of the others those that the schedule wants there."""
    wanted = {one.job for one in settings.schedule if not one.sites or site in one.sites} - {BACKUP}
    return [job for job in ORDER if job in wanted or job in _ALWAYS]


@click.command()
@dir_option
@click.option(
    "--at-once",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    metavar="N",
    help="Sites to work on at the same time.",
)
@log_option
def worker(folder: Path, *, at_once: int, log: str) -> int:
    """Run the schedule together with other workers, on as many machines as wanted. Needs PostgreSQL.

    Every worker has the same academy folder and names the same database. Each site is worked on by one of
    them at a time. What a killed worker held is taken over within a minute. Runs until Ctrl-C.

    \b
    Example:
      lms-sync worker --dir academy --at-once 8
    """
    from lms_sync.jobs.on_procrastinate import OnProcrastinate

    academy = _academy(folder, None)
    if not academy.planned:
        raise SettingsError("schedule.empty")
    log_jobs(log)
    backend = OnProcrastinate(academy.worker(), academy.planned, at_once=at_once)
    click.echo(outcome.say("schedule.started", academy.language), err=True)
    with _health(academy, backend.status):
        backend.run()
    click.echo(outcome.say("schedule.stopped", academy.language), err=True)
    return outcome.DONE


@click.command()
@dir_option
@site_option
@json_option
def status(folder: Path, site_name: str | None, as_json: bool) -> int:
    """Say what is fresh, what is stale, and why.

    Exit code 0: all is fresh; 1: something is stale or fails.

    \b
    Example:
      lms-sync status --dir academy
    """
    academy = _academy(folder, site_name)
    if not academy.planned:
        raise SettingsError("schedule.empty")
    found = academy.status()
    stale = [one for one in found if one.is_stale]
    if as_json:
        click.echo(json.dumps({"stale": len(stale), "jobs": [one.as_json() for one in found]}, indent=1))
        return outcome.ERROR if stale else outcome.DONE
    now = academy.clock.now()
    last = None
    for one in found:
        if one.planned.site != last:
            click.echo(click.style(one.planned.site, bold=True))
            last = one.planned.site
        sign, colour = _SIGNS[one.state]
        name = f"{one.planned.job} {one.planned.course}".strip()
        zone = ZoneInfo(academy.settings.sites[one.planned.site].timezone)  # in it the schedule is written
        first, *rest = said_of(one, now, academy.language, zone)
        click.echo(f"  {click.style(sign, fg=colour, bold=True)} {name:<10} {first}")
        for line in rest:
            click.echo(f"    {line}")
    code = "jobs.some-stale" if stale else "jobs.all-fresh"
    click.echo(outcome.say(code, academy.language, n=len(stale)))
    return outcome.ERROR if stale else outcome.DONE
