"""The administrator's verb: pull; and what `run` and `worker` do on a site."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import click
from sqlalchemy import Engine

from authoring.messages import describe
from authoring.problems import LmsSyncError, Problem
from lms_sync.adopted import AdoptedCourse
from lms_sync.cli import outcome
from lms_sync.cli.officer_delivery import hand_over_waiting, no_mail_server, not_sent
from lms_sync.cli.officer_profiles import show_in_profiles
from lms_sync.cli.officer_report import make_reports
from lms_sync.cli.options import dir_option, json_option, site_option
from lms_sync.cli.progress_line import ProgressLine
from lms_sync.clock import Clock, SystemClock
from lms_sync.course_outlines import chosen_courses
from lms_sync.jobs.ledger import LostLease
from lms_sync.jobs.work import GaveWay, JobCode, Work
from lms_sync.moodle.connect import connect
from lms_sync.moodle_answers import Asked, asked_in
from lms_sync.people import People, read_people
from lms_sync.programme_files import read_programme_files
from lms_sync.pull_report import PullInterrupted, PullReport
from lms_sync.read_site import SiteReader
from lms_sync.settings import Settings, SiteSettings, database_url, load_settings
from lms_sync.site_courses import find_courses
from lms_sync.store.backup import write_backup
from lms_sync.store.database import of_site, open_database, repeatable
from lms_sync.store.kept_backups import backup_path, remove_older
from lms_sync.verify_pull import Verified

log = logging.getLogger("lms_sync.jobs")

_NAMES_SHOWN = 20
_PATIENCE = (15.0, 30.0, 60.0)
"""Seconds that a pull waits for a busy site while somebody watches; a job is simply run again."""


@dataclass(frozen=True)
class _Work:
    """An academy folder with one of its sites."""

    folder: Path
    settings: Settings
    site_name: str
    site: SiteSettings
    language: str
    clock: Clock
    in_job: bool = False  # what is to be told goes into the log of the jobs

    def tell(self, problems: Iterable[Problem]) -> None:
        """Tells problems: on standard error, or in the log."""
        if not self.in_job:
            outcome.print_problems(problems, self.language)
            return
        for problem in problems:
            log.warning("%s", describe(problem, self.language))

    def mention(self, said: str) -> None:
        """Tells a sentence: on standard error, or in the log."""
        if self.in_job:
            log.warning("%s", said)
        else:
            click.echo(said, err=True)

    @property
    def database(self) -> str:
        return database_url(self.settings, self.folder)


def _work(folder: Path, site_name: str | None) -> _Work:
    settings = load_settings(folder)
    name, site = settings.site(site_name)
    return _Work(folder, settings, name, site, outcome.reader_language(folder), SystemClock())


@click.command("pull")
@dir_option
@site_option
@click.option("--course", "courses", multiple=True, metavar="ID", help="Only this course (repeatable).")
@click.option(
    "--full",
    is_flag=True,
    help="Read everything, and find what is no longer on the site (done weekly anyway).",
)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Read again from this day on (YYYY-MM-DD, UTC).",
)
@click.option("--resume", is_flag=True, help="Go on with a full reading that was stopped, however long ago.")
@click.option(
    "--verify",
    type=click.IntRange(1),
    metavar="N",
    help="Afterwards compare N learners, drawn at random, with what Moodle's own functions tell of them.",
)
@json_option
def pull(
    folder: Path,
    site_name: str | None,
    courses: tuple[str, ...],
    since: datetime | None,
    verify: int | None,
    *,
    full: bool,
    resume: bool,
    as_json: bool,
) -> int:
    """Bring completions, grades, quiz attempts and SCORM results since the last pull.

    What has arrived stays, however the pull ends; the next one goes on from there. On the site, nothing
    is changed. Without the plugin on the site every learner is read with core functions, which takes longer.
    With --verify the command ends with 2 where Moodle tells something otherwise.

    \b
    Examples:
      lms-sync pull --dir academy
      lms-sync pull --full --dir academy
      lms-sync pull --verify 50 --dir academy
    """
    if full and since is not None:
        raise click.UsageError(outcome.say("pull.full-and-since", outcome.reader_language(folder)))
    work = _work(folder, site_name)
    engine = open_database(work.database)
    how = _How(full, resume, None if since is None else since.replace(tzinfo=UTC), _PATIENCE)
    verified: Verified | None = None
    try:
        with _Counter(work.language, enabled=not as_json) as counter:
            report = _pull(work, courses, counter, of_site(engine, work.site_name), lambda: False, how)
            if verify is not None:
                verified = _verify(work, courses, of_site(engine, work.site_name), verify)
    finally:
        engine.dispose()
    if as_json:
        told = report.as_json() if verified is None else {**report.as_json(), "verified": verified.as_json()}
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return _code(verified)
    for stream, new in report.new.items():
        if new:
            click.echo(f"{new:>8}  {outcome.say(f'pull.stream-{stream}', work.language)}")
    if report.gone:
        click.echo(f"{report.gone:>8}  {outcome.say('pull.gone', work.language)}")
    click.echo(outcome.say("pull.done", work.language, n=report.facts, rows=report.rows))
    if report.cannot_see is not None:
        click.echo(outcome.say(report.cannot_see.code, work.language))
    if verified is not None:
        _tell_verified(work, verified)
    return _code(verified)


def _code(verified: Verified | None) -> int:
    return outcome.CHANGES if verified is not None and verified.differences else outcome.DONE


def _tell_verified(work: _Work, verified: Verified) -> None:
    work.tell(verified.warnings)
    for one in verified.differences[:_NAMES_SHOWN]:
        stream = outcome.say(f"pull.stream-{one.stream}", work.language)
        click.echo(
            outcome.say(
                "pull.difference",
                work.language,
                user=one.user_id,
                stream=stream,
                subject=one.subject or one.course,
                known=_shown(one.known),
                told=_shown(one.told),
            )
        )
    streams = ", ".join(outcome.say(f"pull.stream-{one}", work.language) for one in verified.streams)
    click.echo(
        outcome.say(
            "pull.verified",
            work.language,
            n=verified.people,
            values=verified.values,
            streams=streams or "-",
            differences=len(verified.differences),
        )
    )


def _shown(value: object) -> str:
    if value is None:
        return "-"
    parts = value if isinstance(value, tuple) else (value,)
    return " ".join("-" if part is None else str(part) for part in parts)


@dataclass(frozen=True)
class _How:
    """How a pull is to read."""

    full: bool = False
    resume: bool = False
    since: datetime | None = None
    patience: tuple[float, ...] = ()


def _verify(work: _Work, courses: tuple[str, ...], engine: Engine, number: int) -> Verified:
    with _site_opened(work, courses, engine) as opened:
        return opened.reader.verify(opened.authored, opened.adopted, number, Random())  # noqa: S311 - a sample, no secret


def _pull(
    work: _Work,
    courses: tuple[str, ...],
    counter: _Counter,
    engine: Engine,
    stopping: Callable[[], bool],
    how: _How | None = None,
) -> PullReport:
    how = how or _How()
    with _site_opened(work, courses, engine) as opened:
        work.tell(opened.absent)
        reader = replace(
            opened.reader,
            progress=counter.rows,
            people_progress=counter.people,
            stopping=stopping,
            asked=opened.asked,
            full=how.full,
            resume=how.resume,
            since=how.since,
            patience=how.patience,
        )
        report = reader.read(opened.authored, opened.adopted)
    work.tell(report.warnings)
    if report.unlisted:
        names = ", ".join(account.username for account in report.unlisted[:_NAMES_SHOWN])
        more = ", …" if len(report.unlisted) > _NAMES_SHOWN else ""
        said = outcome.say("pull.unlisted", work.language, n=len(report.unlisted), names=names + more)
        work.mention(said)
    return report


@dataclass(frozen=True)
class _Opened:
    """A site that is about to be read, and which of its courses."""

    reader: SiteReader
    authored: Mapping[str, int]
    adopted: tuple[AdoptedCourse, ...]
    absent: tuple[Problem, ...]
    asked: Mapping[str, tuple[Asked, ...]]


@contextmanager
def _site_opened(work: _Work, courses: tuple[str, ...], engine: Engine) -> Iterator[_Opened]:
    """Finds the courses of the academy on the site."""
    chosen = chosen_courses(work.folder, work.site_name, courses, none="pull.no-courses")
    adopted = tuple(course.adopted for course in chosen if course.adopted is not None)
    people = read_people(work.folder) if adopted else People()
    named = {key: slug for course in chosen for key, slug in course.questionnaires.items()}
    asked = asked_in(named, read_programme_files(work.folder)) if named else {}
    client = connect(work.site_name, work.site, work.folder)
    try:
        kept = repeatable(engine)
        keys = [course.key for course in chosen if course.adopted is None]
        authored, absent = find_courses(client, kept, work.site_name, keys, work.clock)
        role, source = work.site.student_role_id, work.settings.people.institution_from
        reader = SiteReader(client, kept, work.site_name, work.clock, people, role, source)
        yield _Opened(reader, authored, adopted, absent, asked)
    finally:
        client.close()


class _Counter(ProgressLine):
    """Counts rows while they arrive."""

    def __init__(self, language: str, *, enabled: bool) -> None:
        super().__init__(enabled=enabled)
        self._language = language

    def rows(self, stream: str, rows: int, new: int) -> None:
        """Shows how many rows of a stream have arrived, and how many facts of them were new."""
        self.show(f"{outcome.say(f'pull.stream-{stream}', self._language)}: {rows} (+{new})")

    def people(self, course: str, done: int, total: int) -> None:
        """Shows of how many people of a course the results have arrived."""
        self.show(outcome.say("pull.people", self._language, course=course, n=done, total=total))


# --- the jobs of `run` and `worker` -----------------------------------------------------------


def job_code(
    folder: Path, settings: Settings, language: str, clock: Clock
) -> Callable[[str], Mapping[str, JobCode]]:
    """The code of the jobs of each site, by the job's name: the same wherever and however they run."""

    def of(site_name: str) -> dict[str, JobCode]:
        name, site = settings.site(site_name)
        work = _Work(folder, settings, name, site, language, clock, in_job=True)

        def pull_job(job: Work) -> Mapping[str, object]:
            courses = (job.course,) if job.course else ()
            counter = _Counter(language, enabled=False)
            try:
                questions = {} if job.course else _pull_questions(work, job.engine)
                return {**_pull(work, courses, counter, job.engine, job.stopping).as_json(), **questions}
            except PullInterrupted as error:
                raise GaveWay from error

        def certify_job(job: Work) -> Mapping[str, object]:
            return _certify(work, job.engine)

        def report_job(job: Work) -> Mapping[str, object]:
            # What several sites report on the same day would else bear the same names.
            within = f"reports/{name}" if len(settings.sites) > 1 else "reports"
            written = make_reports(folder, settings, name, site, clock, engine=job.engine, within=within)
            return {"reports": len(written), "files": [path.name for one in written for path in one.files]}

        def backup_job(job: Work) -> Mapping[str, object]:
            now = clock.now()
            path = backup_path(folder, now)
            made = write_backup(job.engine, path, clock)
            removed = remove_older(folder, settings.database.keep_backups, now)
            return {"rows": made.rows, "file": path.name, "removed": len(removed)}

        def send_job(job: Work) -> Mapping[str, object]:
            return _send(work, job)

        def profiles_job(job: Work) -> Mapping[str, object]:
            return dataclasses.asdict(show_in_profiles(folder, settings, name, job.engine, clock))

        return {
            "pull": pull_job,
            "certify": certify_job,
            "send": send_job,
            "profiles": profiles_job,
            "report": report_job,
            "backup": backup_job,
        }

    return of


def _pull_questions(work: _Work, engine: Engine) -> dict[str, object]:
    """The questions of the help desk, where there is one with a forum. What it lacks on the site hinders no pull."""
    from helpdesk import read_helpdesk_file
    from lms_sync.helpdesk_questions import pull_questions, zone_of

    try:
        desk = read_helpdesk_file(work.folder)
        if desk is None or desk.forum is None:
            return {}
        zone = zone_of(work.folder, desk, work.site.timezone)
        client = connect(work.site_name, work.site, work.folder)
        try:
            told = pull_questions(client, engine, work.site_name, desk, zone, work.clock)
        finally:
            client.close()
    except LostLease:
        raise
    except LmsSyncError as error:
        work.tell(error.problems)
        return {"questions_failed": error.code}
    work.tell(told.warnings)
    return {"questions": told.seen, "questions_open": told.open}


def _send(work: _Work, job: Work) -> dict[str, object]:
    """Sends certificates by e-mail; what was not handed over, and what nobody knows of, is told in the log."""
    queued, done = hand_over_waiting(work.settings, job.engine, work.site_name, work.clock, stop=job.stopping)
    if done.no_server:
        raise no_mail_server(done)  # it is tried again, and told where it goes on
    for said in not_sent(done, work.language):
        work.mention(said)
    return {"queued": queued.n, "sent": done.sent, "put_off": done.put_off, "unsure": len(done.unsure)}


def _certify(work: _Work, engine: Engine) -> dict[str, object]:
    """Decides, and issues what is approved (by a person before, or by a policy that approves automatically)."""
    from certificates.audit import write_head
    from certificates.issue import anything_waits
    from certificates.policy import read_policies
    from certificates.register import certify, issue_approved
    from lms_sync.assessment.files import materials
    from lms_sync.assessment.milestones import record_by_rule
    from lms_sync.cli.register_place import listed_of
    from lms_sync.configured_issuer import configured_issuer
    from lms_sync.programme_files import programmes_by_id
    from lms_sync.published_key import published_key_problems

    policies = read_policies(work.folder)
    programmes = programmes_by_id(work.folder)
    record_by_rule(engine, work.site_name, materials(work.folder, policies), work.clock.now())
    listed = listed_of(engine, work.site_name, work.folder, policies)
    summary = certify(engine, work.site_name, policies, work.clock, listed=listed, programmes=programmes)
    result: dict[str, object] = {"eligible": summary.eligible, "issued": 0}
    issuer = work.settings.issuer
    configured = issuer.did is not None and work.settings.portal.base_url is not None
    if configured or any(policy.approved for policy in summary.policies):
        opened = configured_issuer(work.settings, work.folder, work.clock)
        if anything_waits(engine, work.site_name):
            work.tell(published_key_problems(opened))
        issued = issue_approved(engine, work.site_name, opened, work.clock)
        heads = work.folder / work.settings.audit.heads
        write_head(engine, work.site_name, heads, work.clock.now())
        work.tell(issued.problems)
        result["issued"] = len(issued.issued)
        result["problems"] = len(issued.problems)
    return result
