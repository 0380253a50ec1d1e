"""Verbs of the officer: helpdesk build, pull, list, assign, close, publish."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from authoring.messages import printable
from authoring.problems import LmsSyncError, Problem, Refused
from lms_sync.cli.options import dir_option, json_option, site_option
from lms_sync.cli.outcome import CHANGES, DONE, PARTLY, print_problems, reader_language, say
from lms_sync.clock import Clock, SystemClock

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from helpdesk import HelpDesk, HelpDeskFile
    from lms_sync.moodle.client import MoodleClient
    from lms_sync.settings import SiteSettings


@click.group(short_help="The help desk: its site, its questions.")
def helpdesk() -> None:
    """The help desk: a site made from helpdesk/, answers for Moodle, questions from its forum."""


@helpdesk.command()
@dir_option
@json_option
def build(folder: Path, as_json: bool) -> int:
    """Build the help desk's site into build/helpdesk.

    The folder can be put on any web server as it is, or on a disk. The same files give the same bytes.

    \b
    Example:
      lms-sync helpdesk build --dir academy
    """
    from lms_sync.helpdesk_site import OUT, build_helpdesk

    language = reader_language(folder)
    built = build_helpdesk(folder)
    if as_json:
        report = {
            "folder": OUT.as_posix(),
            "pages": list(built.site.pages),
            "files": len(built.site.files),
            "bytes": sum(map(len, built.site.files.values())),
            "sha256": built.site.digest,
            "written": built.written,
            "removed": built.removed,
            "warnings": [problem.as_json() for problem in built.warnings],
        }
        click.echo(json.dumps(report, ensure_ascii=False, indent=1))
        return DONE
    print_problems(built.warnings, language)
    languages = ", ".join(built.desk.languages)
    click.echo(
        say("helpdesk.built", language, n=len(built.site.pages), languages=languages, folder=OUT.as_posix())
    )
    if built.written or built.removed:
        click.echo(say("helpdesk.built-changes", language, n=built.written, removed=built.removed))
    else:
        click.echo(say("helpdesk.built-nothing-new", language))
    return DONE


@dataclass(frozen=True)
class _Place:
    """An academy folder with its help desk, its site and its database."""

    folder: Path
    file: HelpDeskFile
    site: str
    settings: SiteSettings
    database: str
    language: str
    clock: Clock

    @property
    def forum(self) -> str:
        from lms_sync.helpdesk_questions import forum_of

        return forum_of(self.file)

    @property
    def desk(self) -> HelpDesk:
        """The help desk with its answers; questions can be looked at also while one of these has a mistake."""
        from lms_sync.helpdesk_site import open_helpdesk

        return open_helpdesk(self.folder)

    @property
    def zone(self) -> ZoneInfo:
        """The calendar by which questions are due: the programme's, else the site's."""
        from lms_sync.helpdesk_questions import zone_of

        return zone_of(self.folder, self.file, self.settings.timezone)

    @contextlib.contextmanager
    def client(self) -> Iterator[MoodleClient]:
        from lms_sync.moodle.connect import connect

        client = connect(self.site, self.settings, self.folder)
        try:
            yield client
        finally:
            client.close()

    @contextlib.contextmanager
    def engine(self) -> Iterator[Engine]:
        from lms_sync.store.database import open_database

        engine = open_database(self.database)
        try:
            yield engine
        finally:
            engine.dispose()


def _open(folder: Path, site_name: str | None) -> _Place:
    from helpdesk import read_helpdesk_file
    from lms_sync.settings import database_url, load_settings

    settings = load_settings(folder)
    file = read_helpdesk_file(folder)
    if file is None:
        raise LmsSyncError("helpdesk.none")
    name, site = settings.site(site_name)
    return _Place(
        folder,
        file,
        name,
        site,
        database_url(settings, folder),
        reader_language(folder),
        SystemClock(),
    )


@helpdesk.command()
@dir_option
@site_option
@json_option
def pull(folder: Path, site_name: str | None, as_json: bool) -> int:
    """Bring the state of the questions in the help desk's forum; nothing is changed on the site.

    \b
    Example:
      lms-sync helpdesk pull --dir academy
    """
    from lms_sync.helpdesk_questions import pull_questions

    place = _open(folder, site_name)
    with place.client() as client, place.engine() as engine:
        report = pull_questions(client, engine, place.site, place.file, place.zone, place.clock)
    if not as_json:
        print_problems(report.warnings, place.language)
    if as_json:
        told = {name: getattr(report, name) for name in ("seen", "new", "answered", "open")}
        told["warnings"] = [problem.as_json() for problem in report.warnings]
        click.echo(json.dumps(told, indent=1))
    else:
        click.echo(
            say(
                "helpdesk.pulled",
                place.language,
                n=report.seen,
                new=report.new,
                answered=report.answered,
                open=report.open,
            )
        )
    return DONE


@helpdesk.command("list")
@click.option("--overdue", is_flag=True, help="Only what waits for longer than was promised.")
@click.option("--all", "everything", is_flag=True, help="Answered and closed questions too.")
@dir_option
@site_option
@json_option
def list_questions(
    *, overdue: bool, everything: bool, folder: Path, site_name: str | None, as_json: bool
) -> int:
    """Show the questions that are open, by when they are due; what they are about is asked of the site.

    \b
    Examples:
      lms-sync helpdesk list --dir academy
      lms-sync helpdesk list --overdue
    """
    from lms_sync.helpdesk_questions import questions

    place = _open(folder, site_name)
    now = place.clock.now()
    with place.engine() as engine:
        found = questions(
            engine,
            place.site,
            place.forum,
            states=("open", "answered", "closed") if everything else ("open",),
        )
    found = [one for one in found if one.overdue(now) or not overdue]
    about = _subjects(place) if found else {}
    if as_json:
        rows = [
            {
                "discussion": one.discussion,
                "subject": about.get(one.discussion),
                "state": one.state,
                "overdue": one.overdue(now),
                "owner": one.owner,
                "asked_at": one.asked_at.isoformat(),
                "due_at": one.due_at.isoformat(),
                "answered_at": one.answered_at and one.answered_at.isoformat(),
            }
            for one in found
        ]
        click.echo(json.dumps({"questions": rows}, ensure_ascii=False, indent=1))
        return DONE
    if not found:
        click.echo(say("helpdesk.list-none-overdue" if overdue else "helpdesk.list-none", place.language))
        return DONE
    zone = place.zone
    heading = say("helpdesk.list-heading", place.language).split(" | ")
    table = [
        [
            str(one.discussion),
            one.asked_at.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
            one.due_at.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
            say(
                "helpdesk.state-overdue" if one.overdue(now) else f"helpdesk.state-{one.state}",
                place.language,
            ),
            one.owner or "–",
            about.get(one.discussion, "–"),
        ]
        for one in found
    ]
    _print_table(heading, table)
    late = sum(one.overdue(now) for one in found)
    click.echo()
    click.echo(say("helpdesk.list-count", place.language, n=len(found), late=late))
    return DONE


def _subjects(place: _Place) -> Mapping[int, str]:
    """What the questions are about; without them, and a word on it, where the site does not answer."""
    from lms_sync.helpdesk_questions import subjects

    try:
        with place.client() as client:
            return subjects(client, place.forum)
    except LmsSyncError as error:
        print_problems(error.problems, place.language)
        print_problems([Problem("helpdesk.no-subjects", severity="warning")], place.language)
        return {}


@helpdesk.command()
@click.argument("discussion", type=int)
@click.option("--to", "owner", help="The colleague who answers.")
@click.option("--nobody", is_flag=True, help="Take the question back.")
@dir_option
@site_option
def assign(*, discussion: int, owner: str | None, nobody: bool, folder: Path, site_name: str | None) -> int:
    """Say who answers a question; DISCUSSION is the number that `helpdesk list` shows.

    \b
    Example:
      lms-sync helpdesk assign 41 --to "Name Surname"
    """
    from lms_sync.helpdesk_questions import assign_question

    if bool(owner and owner.strip()) == nobody:
        raise Refused("helpdesk.assign-whom")
    place = _open(folder, site_name)
    name = None if nobody else str(owner).strip()[:200]
    with place.engine() as engine:
        assign_question(engine, place.site, place.forum, discussion, name)
    said = "helpdesk.assigned-nobody" if name is None else "helpdesk.assigned"
    click.echo(say(said, place.language, id=discussion, owner=name))
    return DONE


@helpdesk.command()
@click.argument("discussion", type=int)
@dir_option
@site_option
def close(discussion: int, folder: Path, site_name: str | None) -> int:
    """Take a question off the list, until somebody writes in it again.

    \b
    Example:
      lms-sync helpdesk close 41
    """
    from lms_sync.helpdesk_questions import close_question

    place = _open(folder, site_name)
    with place.engine() as engine:
        close_question(engine, place.site, place.forum, discussion)
    click.echo(say("helpdesk.closed", place.language, id=discussion))
    return DONE


@helpdesk.command()
@click.argument("discussion", type=int, required=False)
@click.option("--topic", help="The topic of the new answer.")
@click.option("--id", "answer_id", help="The name of the new answer; its address for ever.")
@click.option("--language", help="In which language it is written (default: the help desk's first).")
@click.option("--post", type=int, help="The post with the answer (default: the last by somebody else).")
@click.option("--glossary", is_flag=True, help="Publish all answers into the Moodle glossary.")
@click.option("--yes", is_flag=True, help="With --glossary: write what the plan shows.")
@click.option("--remove", is_flag=True, help="With --yes: also delete our entries whose answer is gone.")
@dir_option
@site_option
@json_option
def publish(
    *,
    discussion: int | None,
    topic: str | None,
    answer_id: str | None,
    language: str | None,
    post: int | None,
    glossary: bool,
    yes: bool,
    remove: bool,
    folder: Path,
    site_name: str | None,
    as_json: bool,
) -> int:
    """Make a page of a good answer, or bring all answers into the Moodle glossary.

    With DISCUSSION, the number that `helpdesk list` shows, a draft is written into helpdesk/drafts. Names, addresses
    and long numbers are taken out of it; a person reads it and moves it to helpdesk/answers.

    With --glossary the plan is shown; --yes carries it out. What others wrote or changed there is left alone. Exit
    code 2: there are changes.

    \b
    Examples:
      lms-sync helpdesk publish 41 --topic counter --id lost-paper
      lms-sync helpdesk publish --glossary
      lms-sync helpdesk publish --glossary --yes
    """
    if glossary == (discussion is not None):
        raise Refused("helpdesk.publish-what")
    place = _open(folder, site_name)
    if glossary:
        return _publish_glossary(place, yes=yes, remove=remove, as_json=as_json)
    if not topic or not answer_id:
        raise Refused("helpdesk.publish-where")
    return _publish_draft(place, int(discussion or 0), topic, answer_id, language, post)


def _publish_glossary(place: _Place, *, yes: bool, remove: bool, as_json: bool) -> int:
    from lms_sync.helpdesk_glossary import plan_glossary, publish_glossary

    with place.client() as client:
        plan = plan_glossary(client, place.desk)
        changes = plan.changes or (remove and bool(plan.of("gone")))
        if not as_json:
            for step in plan.steps:
                if step.action != "unchanged":
                    action = say(f"helpdesk.entry-{step.action}", place.language)
                    click.echo(printable(f"  {action}  {step.key}  {step.concept}"))
        written = publish_glossary(client, plan, remove=remove) if yes and changes else 0
    if as_json:
        report = {
            "glossary": plan.glossary,
            "written": written,
            "steps": [
                {"action": step.action, "key": step.key, "question": step.concept} for step in plan.steps
            ],
        }
        click.echo(json.dumps(report, ensure_ascii=False, indent=1))
    elif yes:
        click.echo(say("helpdesk.glossary-done", place.language, n=written))
    else:
        counts = {name: len(plan.of(name)) for name in ("add", "update", "unchanged")}
        click.echo(say("helpdesk.glossary-plan", place.language, **counts))
    left = plan.of("edited", "taken")
    if left:
        print_problems(
            [Problem("helpdesk.entries-left-alone", {"n": len(left)}, severity="warning")], place.language
        )
    if not yes:
        return CHANGES if changes else DONE
    return PARTLY if left else DONE


def _publish_draft(
    place: _Place, discussion: int, topic: str, answer_id: str, language: str | None, post: int | None
) -> int:
    from authoring.checked_value import MAX_ID
    from lms_sync.helpdesk_draft import write_draft
    from lms_sync.helpdesk_questions import list_posts, questions
    from lms_sync.people import read_people

    if not re.fullmatch(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*", answer_id) or len(answer_id) > MAX_ID:
        raise LmsSyncError("helpdesk.draft-id", id=answer_id)
    with place.engine() as engine:
        known = questions(engine, place.site, place.forum, states=("open", "answered", "closed"))
    if all(one.discussion != discussion for one in known):
        raise LmsSyncError("helpdesk.no-question", id=discussion)
    try:
        names = [f"{one.firstname} {one.lastname}" for one in read_people(place.folder).participants]
    except LmsSyncError:
        names = []  # what is wrong with people is said by check; the writers' own names are known from the site
    with place.client() as client:
        posts = list_posts(client, discussion)
    draft = write_draft(
        place.folder,
        place.desk,
        posts,
        topic=topic,
        answer_id=answer_id,
        language=language or place.file.languages[0],
        names=names,
        chosen=post,
    )
    click.echo(say("helpdesk.draft-made", place.language, file=draft.path.as_posix(), n=draft.removed))
    click.echo(say("helpdesk.draft-review", place.language, folder=f"helpdesk/answers/{topic}/"))
    return DONE


def _print_table(heading: list[str], rows: list[list[str]]) -> None:
    """Columns as wide as their longest cell; the last one as it comes."""
    widths = [max(len(row[column]) for row in [heading, *rows]) for column in range(len(heading))]
    for row in [heading, ["-" * width for width in widths], *rows]:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        click.echo(printable("  ".join(cells).rstrip()))
