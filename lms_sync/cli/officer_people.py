"""The officer's verb: people."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from authoring.messages import LANGUAGES, printable, text
from authoring.problems import LmsSyncError, Refused
from lms_sync.cli import outcome
from lms_sync.cli.options import dir_option, json_option, site_option
from lms_sync.clock import SystemClock, local_date

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from lms_sync.people import People
    from lms_sync.people.import_people import ImportResult
    from lms_sync.settings import Settings, SiteSettings

SLIPS = Path("build") / "slips"

yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


@dataclass(frozen=True)
class _Place:
    folder: Path
    settings: Settings
    name: str
    site: SiteSettings
    engine: Engine
    language: str


def _open(folder: Path, site_name: str | None) -> _Place:
    from lms_sync.settings import database_url, load_settings
    from lms_sync.store.database import open_database

    settings = load_settings(folder)
    name, site = settings.site(site_name)
    engine = open_database(database_url(settings, folder))
    return _Place(folder, settings, name, site, engine, outcome.reader_language(folder))


def _read_people(folder: Path) -> People:
    from lms_sync.people import read_people

    return read_people(folder)


@click.group(short_help="Participants: import lists, see who is where, merge, print slips.")
def people() -> None:
    """Participants: import lists, see who is where, merge two numbers of one person, print slips."""


# --- import ---------------------------------------------------------------------------------------


@people.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--sheet", "sheets", multiple=True, metavar="NAME", help="Read this sheet (repeatable; * for all)."
)
@click.option("--institution", metavar="CODE", help="The institution of rows that name none.")
@click.option(
    "--names",
    "order",
    type=click.Choice(["given-first", "family-first"]),
    help="The order of whole names in one cell, where neither header nor capitals show it.",
)
@click.option("--course", "courses", multiple=True, metavar="ID", help="Also list everybody for this course.")
@yes_option
@dir_option
@json_option
def import_list(
    file: Path,
    sheets: tuple[str, ...],
    institution: str | None,
    order: str | None,
    courses: tuple[str, ...],
    yes: bool,
    folder: Path,
    as_json: bool,
) -> int:
    """Take a list of people (XLSX or CSV), as people make them, over into people/participants.csv.

    Shows what it understood of FILE, cell by cell, and what it could not. Writes only when nothing is undecided;
    what is goes into people/import-decisions.csv, where you write same, different or skip.
    Exit code 0: done or nothing new; 2: nothing written yet, say --yes; 3: something is to be decided.

    \b
    Examples:
      lms-sync people import list.xlsx --dir academy
      lms-sync people import elbasan.csv --institution elbasan --course archive-officers --yes
    """
    from lms_sync.people.import_people import store, understand

    language = outcome.reader_language(folder)
    orders: dict[str | None, Literal["given-family", "family-given", "unknown"]] = {
        "given-first": "given-family",
        "family-first": "family-given",
    }
    now = SystemClock().now()
    known = _known_courses(folder)
    result = understand(
        file,
        folder,
        sheets=sheets,
        institution=institution or "",
        order=orders.get(order, "unknown"),
        courses=_chosen(courses, known),
        known_courses=known,
        today=local_date(now, _timezone(folder)),
        taken=_numbers_ever_given(folder),
    )
    if not as_json:
        _show_import(result, language)
    written = False
    if not result.decided:
        store(result, folder, language=language)
        code = outcome.ERROR if result.errors else outcome.REFUSED
    elif result.content is None or yes or (not as_json and _confirmed("import.ask", language)):
        written = store(result, folder, language=language) and result.content is not None
        code = outcome.DONE
    else:
        code = outcome.CHANGES
    if as_json:
        from lms_sync.people.import_output import result_json

        click.echo(json.dumps(result_json(result, written=written), ensure_ascii=False, indent=1))
    else:
        _say_end(result, code, written=written, language=language)
    return code


def _confirmed(code: str, language: str, /, **values: object) -> bool:
    """What a person answers; no where nobody can be asked."""
    if not sys.stdin.isatty():
        return False
    return click.confirm(text(code, values, language))


def _known_courses(folder: Path) -> list[str]:
    """The ids of the academy's courses, adopted ones included."""
    from lms_sync.academy import read_academy
    from lms_sync.adopted import read_adopted

    there = [course.key for course in read_adopted(folder)]
    if any((folder / "courses").glob("*/course.yaml")):
        there += read_academy(folder).courses
    return sorted(there)


def _chosen(courses: tuple[str, ...], known: list[str]) -> tuple[str, ...]:
    for course in courses:
        if course not in known:
            raise LmsSyncError("people.unknown-course", value=course)
    return courses


def _timezone(folder: Path) -> str:
    from lms_sync.settings import CONFIG_FILE, load_settings

    if (folder / CONFIG_FILE).is_file():
        return next(iter(load_settings(folder).sites.values())).timezone
    return "UTC"


def _numbers_ever_given(folder: Path) -> set[str]:
    """Numbers in the state database, where there is one; none is made for this."""
    from lms_sync.people.history import numbers_ever_given
    from lms_sync.settings import CONFIG_FILE, database_url, load_settings
    from lms_sync.store.database import open_database, reading

    if not (folder / CONFIG_FILE).is_file():
        return set()
    url = database_url(load_settings(folder), folder)
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file():
        return set()
    with reading(open_database(url)) as connection:
        return numbers_ever_given(connection)


def _show_import(result: ImportResult, language: str) -> None:
    from lms_sync.people.import_output import problem_lines, question_lines, told_lines, understood_lines

    for line in understood_lines(result, language):
        click.echo(printable(line))
    if result.told:
        click.echo("\n" + click.style(text("import.told", {}, language), bold=True))
        for line in told_lines(result.told, language):
            click.echo(printable(line))
    if result.errors or result.comparison.questions:
        click.echo("\n" + click.style(text("import.undecided", {}, language), bold=True), err=True)
    for problem in result.errors:
        for line in problem_lines(problem, language):
            click.echo(printable(line), err=True)
    for question in result.comparison.questions:
        for line in question_lines(question, language):
            click.echo(printable(line), err=True)


def _say_end(result: ImportResult, code: int, *, written: bool, language: str) -> None:
    kinds = Counter(one.kind for one in result.comparison.outcomes)
    new = len(result.comparison.new)
    changed = len(result.comparison.changed)
    click.echo("")
    if code == outcome.ERROR:
        click.echo(text("import.end-errors", {}, language))
    elif code == outcome.REFUSED:
        n = len(result.comparison.questions)
        click.echo(text("import.end-undecided", {"n": n}, language))
    elif code == outcome.CHANGES:
        click.echo(text("import.end-not-written", {"new": new, "changed": changed}, language))
    elif written:
        click.echo(text("import.end-written", {"new": new, "changed": changed}, language))
    else:
        click.echo(text("import.end-nothing", {"n": kinds["same"]}, language))


# --- list -----------------------------------------------------------------------------------------


@people.command("list")
@click.option("--institution", metavar="CODE", help="Only who is there, or was.")
@click.option("--all", "everybody", is_flag=True, help="Also who is no longer on the list.")
@dir_option
@site_option
@json_option
def list_people(
    institution: str | None, everybody: bool, folder: Path, site_name: str | None, as_json: bool
) -> int:
    """Show who is where, since when, where they were before, and under which name.

    \b
    Examples:
      lms-sync people list --dir academy
      lms-sync people list --institution elbasan --all
    """
    from lms_sync.people.history import people_history
    from lms_sync.store.database import reading

    place = _open(folder, site_name)
    in_files = _read_people(folder)
    if institution and institution not in {one.code for one in in_files.institutions}:
        raise LmsSyncError("people.unknown-institution", value=institution)
    with reading(place.engine) as connection:
        found = people_history(connection, place.name, in_files)
    shown = [
        one
        for one in found
        if (everybody or one.listed)
        and (
            not institution
            or one.institution == institution
            or institution in {stay.institution for stay in one.before}
        )
    ]
    if as_json:
        click.echo(json.dumps({"people": [one.as_json() for one in shown]}, ensure_ascii=False, indent=1))
        return outcome.DONE
    language, zone = place.language, place.site.timezone
    for one in shown:
        since = local_date(one.since, zone).isoformat() if one.since else "–"
        line = (
            f"{one.idnumber}  {one.name}  {one.institution}  {text('people.since', {'day': since}, language)}"
        )
        click.echo(printable(line if one.listed else f"{line}  {text('people.left-list', {}, language)}"))
        for stay in one.before:
            until = local_date(stay.until, zone).isoformat() if stay.until else "–"
            values = {
                "institution": stay.institution,
                "since": local_date(stay.since, zone).isoformat(),
                "until": until,
            }
            click.echo("    " + printable(text("people.was-at", values, language)))
        for name in one.former_names:
            values = {"name": name.name, "until": local_date(name.until, zone).isoformat()}
            click.echo("    " + printable(text("people.was-called", values, language)))
        if one.other_numbers:
            numbers = {"numbers": ", ".join(one.other_numbers)}
            click.echo("    " + printable(text("people.also-numbered", numbers, language)))
    click.echo(text("people.listed", {"n": len(shown)}, language))
    return outcome.DONE


# --- merge ----------------------------------------------------------------------------------------


@people.command()
@click.argument("old")
@click.argument("new")
@click.option("--undo", is_flag=True, help="Make two of them again.")
@yes_option
@dir_option
@site_option
def merge(*, old: str, new: str, undo: bool, yes: bool, folder: Path, site_name: str | None) -> int:
    """Say that the numbers OLD and NEW are one person; NEW stands for both from now on.

    Results of both count for one person, and an award that either has is not given twice. Nothing that was
    observed is rewritten; --undo makes two of them again. The row of OLD is taken out of people/participants.csv.

    \b
    Example:
      lms-sync people merge AO-0007 AO-0031 --dir academy
    """
    from lms_sync.people.merge import merge as put_together
    from lms_sync.people.merge import merged_file, two_people, undo_merge, write_merged

    place = _open(folder, site_name)
    in_files = _read_people(folder)
    now = SystemClock().now()
    with place.engine.begin() as connection:
        first, second = two_people(connection, place.name, in_files, old, new, now)
    for one in (first, second):
        values = {
            "idnumber": one.idnumber,
            "name": one.name,
            "institution": one.institution or "–",
            "facts": one.facts,
            "awards": one.awards,
        }
        click.echo(printable(text("people.merge-person", values, place.language)))
    ask = "people.merge-ask-undo" if undo else "people.merge-ask"
    if not yes and not _confirmed(ask, place.language, old=old, new=new):
        click.echo(text("people.nothing-done", {}, place.language))
        return outcome.CHANGES
    with place.engine.begin() as connection:
        if undo:
            undo_merge(connection, place.name, first, second, now)
        else:
            put_together(connection, place.name, first, second, now)
    if undo:
        click.echo(text("people.merge-undone", {"old": old, "new": new}, place.language))
        return outcome.DONE
    content = merged_file(folder, in_files, old, new)
    if content is not None:
        write_merged(folder, content)
    click.echo(text("people.merged", {"old": old, "new": new}, place.language))
    return outcome.DONE


# --- slips ----------------------------------------------------------------------------------------


@people.command()
@click.option("--institution", required=True, metavar="CODE", help="Whose officials.")
@click.option("--person", "numbers", multiple=True, metavar="IDNUMBER", help="Only this person (repeatable).")
@click.option(
    "--again", is_flag=True, help="New passwords for accounts that we made and nobody has used yet."
)
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    help="The language of the slips (default: the institution's, else the site's).",
)
@yes_option
@dir_option
@site_option
def slips(
    *,
    institution: str,
    numbers: tuple[str, ...],
    again: bool,
    language: str | None,
    yes: bool,
    folder: Path,
    site_name: str | None,
) -> int:
    """Make accounts for officials without e-mail, and print a slip for each to hand out.

    A slip has the user name, a password for the first login only, and a QR code of the login page. The PDF goes to
    build/slips, readable only by you: print it, hand the slips out, delete it. The passwords stand nowhere else.

    \b
    Examples:
      lms-sync people slips --institution elbasan --dir academy
      lms-sync people slips --institution elbasan --person AO-0031 --again
    """
    from lms_sync.moodle.connect import connect
    from lms_sync.people import MatchedAccount, known_accounts, read_decisions, remember_people
    from lms_sync.people.slip_logos import slip_logos
    from lms_sync.people.slips import make_slips, plan_slips, without_email
    from lms_sync.people.slips_pdf import slips_pdf
    from lms_sync.store.database import reading
    from lms_sync.store.one_at_a_time import only_one
    from lms_sync.write_files import write_durably

    place = _open(folder, site_name)
    if place.site.read_only:
        raise Refused("apply.read-only", site=place.name)
    in_files = _read_people(folder)
    found = next((one for one in in_files.institutions if one.code == institution), None)
    if found is None:
        raise LmsSyncError("people.unknown-institution", value=institution)
    wanted = [
        one
        for one in without_email(in_files.participants, institution)
        if not numbers or one.idnumber in numbers
    ]
    spoken = language or _language_of(found.language or place.site.language)
    logos = slip_logos(folder, found, spoken)  # read before there are passwords that only the slips know
    clock = SystemClock()
    client = connect(place.name, place.site, folder)
    with only_one(place.engine, place.name):
        with reading(place.engine) as connection:
            known = known_accounts(connection, place.name)
        plan = plan_slips(client, wanted, decisions=read_decisions(folder), known=known, again=again)
        for undecided in plan.refused:
            _say_refused(undecided.name, undecided.reason, undecided.detail, place.language)
        count = len(plan.new) + len(plan.again)
        if not count:
            click.echo(text("slip.nothing", {}, place.language))
            return outcome.DONE
        values = {"new": len(plan.new), "again": len(plan.again), "site": place.site.url}
        click.echo(text("slip.plan", values, place.language))
        if not yes and not _confirmed("slip.ask", place.language):
            click.echo(text("people.nothing-done", {}, place.language))
            return outcome.CHANGES

        def created(landed: dict[str, MatchedAccount]) -> None:
            with place.engine.begin() as connection:
                remember_people(connection, place.name, in_files.participants, landed, clock.now())

        made, refused = make_slips(client, plan, on_created=lambda landed: created(dict(landed)))
    for undecided in refused:
        _say_refused(undecided.name, undecided.reason, undecided.detail, place.language)
    if made:
        content = slips_pdf(
            made,
            institution=found.name(spoken),
            site_url=place.site.url,
            language=spoken,
            logos=logos,
        )
        path = SLIPS / f"{institution}-{clock.now():%Y%m%d-%H%M%S}.pdf"
        write_durably(folder / path, content, mode=0o600)
        click.echo(text("slip.done", {"n": len(made), "path": path.as_posix()}, place.language))
    return outcome.PARTLY if refused else outcome.DONE


def _language_of(code: str) -> str:
    return code if code in LANGUAGES else "en"


def _say_refused(name: str, reason: str, detail: str, language: str) -> None:
    said = text(f"people.reason-{reason}", {"detail": detail}, language)
    click.echo(printable(f"{name}: {said}"), err=True)
