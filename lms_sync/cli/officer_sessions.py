"""The officer's verb sessions: list, sheet, record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authoring.messages import LANGUAGES, printable
from authoring.problems import NONE_YET, Refused
from lms_sync.cli import outcome
from lms_sync.cli.options import dir_option, json_option, site_option
from lms_sync.cli.outcome import say
from lms_sync.clock import SystemClock, local_date

if TYPE_CHECKING:
    from lms_sync.sessions.listing import ListedSession

SHEETS = Path("build") / "sessions"


@click.group(short_help="Sign-in sheets; attendance read back.")
def sessions() -> None:
    """The sessions of programmes/*.yaml: print their sheets, read attendance back."""


@sessions.command("list")
@click.option("--programme", "only", metavar="ID", help="Only this programme.")
@dir_option
@site_option
@json_option
def list_sessions(only: str | None, folder: Path, site_name: str | None, *, as_json: bool) -> int:
    """List every session with its days, who leads it, and how many were there.

    \b
    Examples:
      lms-sync sessions list --dir academy
      lms-sync sessions list --programme archive-61 --json
    """
    from lms_sync.facts import facts_of
    from lms_sync.people import read_people
    from lms_sync.programme_files import programmes_by_id
    from lms_sync.sessions.listing import listed_sessions
    from lms_sync.settings import database_url, load_settings
    from lms_sync.store.database import open_database, reading

    programmes = programmes_by_id(folder)
    if only is not None:
        if only not in programmes:
            raise Refused("sessions.no-programme", programme=only, known=", ".join(programmes) or NONE_YET)
        programmes = {only: programmes[only]}
    settings = load_settings(folder)
    site, _ = settings.site(site_name)
    people = read_people(folder)
    with reading(open_database(database_url(settings, folder))) as connection:
        facts = [fact for name in programmes for fact in facts_of(connection, site, course=name)]
    found = listed_sessions(programmes, people, facts)
    if as_json:
        click.echo(json.dumps({"sessions": [one.as_json() for one in found]}, ensure_ascii=False, indent=1))
    else:
        _print_list(found, outcome.reader_language(folder))
    return outcome.DONE


@sessions.command()
@click.argument("session")
@click.option(
    "--language", type=click.Choice(LANGUAGES), help="The sheet's language (default: the programme's)."
)
@click.option("--xlsx", "as_xlsx", is_flag=True, help="A spreadsheet to fill in, not a PDF to print.")
@click.option("--output", type=click.Path(path_type=Path), help="The file (default: in build/sessions).")
@dir_option
def sheet(session: str, language: str | None, as_xlsx: bool, output: Path | None, folder: Path) -> int:
    """Write the sign-in sheet of a SESSION: a PDF to print and sign, or a spreadsheet for `sessions record`.

    \b
    Examples:
      lms-sync sessions sheet elbasan-1 --dir academy
      lms-sync sessions sheet archive-61/elbasan-1 --xlsx --language sq
    """
    from certificates.policy import read_policies
    from lms_sync.people import read_people
    from lms_sync.programme_files import programmes_by_id
    from lms_sync.sessions.sheet import find_session, sheet_of
    from lms_sync.sessions.sheet_pdf import sheet_pdf
    from lms_sync.sessions.sheet_xlsx import sheet_xlsx
    from lms_sync.write_files import write_durably

    programme, found = find_session(programmes_by_id(folder), session)
    language = language or programme.default_language
    of_it = sheet_of(programme, found, read_people(folder), read_policies(folder), language)
    content = sheet_xlsx(of_it, language) if as_xlsx else sheet_pdf(of_it, folder, language)
    ending = "xlsx" if as_xlsx else "pdf"
    path = output or folder / SHEETS / f"{programme.id}-{found.id}.{language}.{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, content, mode=0o600)  # it holds names
    reader = outcome.reader_language(folder)
    click.echo(say("sessions.sheet-written", reader, n=len(of_it.people), path=path.as_posix()))
    return outcome.DONE


@sessions.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--by", required=True, help="Name of the person who records; kept with every fact.")
@click.option("--session", "named", metavar="SESSION", help="The session, where the file does not name it.")
@dir_option
@site_option
@json_option
def record(
    file: Path, by: str, named: str | None, folder: Path, site_name: str | None, *, as_json: bool
) -> int:
    """Read attendance back from a filled-in FILE (XLSX or CSV): days, hours, exercises accepted, who led.

    Everything in the file is understood, or nothing is stored and every mistake is told with its row and column.
    Recording the same file again changes nothing; recording a corrected one adds the correction.

    \b
    Examples:
      lms-sync sessions record elbasan-1.sq.xlsx --by "Name Surname"
      lms-sync sessions record monday.csv --session archive-61/elbasan-1 --by "Name Surname"
    """
    from certificates.policy import read_policies
    from lms_sync.people import read_people
    from lms_sync.programme_files import programmes_by_id
    from lms_sync.sessions.record import record_attendance
    from lms_sync.sessions.sheet import exercises_of, find_session, sheet_of
    from lms_sync.settings import database_url, load_settings
    from lms_sync.store.database import open_database
    from programmes.attendance import read_attendance, read_cells, session_named

    if not by.strip():
        raise Refused("sessions.nobody")
    settings = load_settings(folder)
    site, _ = settings.site(site_name)
    cells = read_cells(file)
    in_file = session_named(cells)
    if not (in_file or named):
        raise Refused("sessions.not-named", file=file.name)
    programme, session = find_session(programmes_by_id(folder), named or in_file)
    people = read_people(folder)
    policies = read_policies(folder)
    of_it = sheet_of(programme, session, people, policies)
    if named and in_file and in_file not in (of_it.key, session.id):
        raise Refused("sessions.other-session", file=file.name, there=in_file, named=named)
    now = SystemClock().now()
    told = read_attendance(
        cells,
        session,
        people={one.idnumber: one.name for one in people.participants},
        exercises=exercises_of(programme, policies),
        today=local_date(now, programme.timezone),
    )
    engine = open_database(database_url(settings, folder))
    done = record_attendance(engine, site, of_it, told, people, by=by.strip(), now=now)
    reader = outcome.reader_language(folder)
    outcome.print_problems(told.warnings, reader)
    if as_json:
        result = {
            "session": of_it.key,
            **done.as_json(),
            "warnings": [one.as_json() for one in told.warnings],
        }
        click.echo(json.dumps(result, ensure_ascii=False, indent=1))
        return outcome.DONE
    values = {
        "session": of_it.key,
        "days": done.days,
        "hours": f"{done.hours:g}",
        "exercises": done.exercises,
    }
    click.echo(say("sessions.recorded", reader, n=done.people, **values))
    click.echo(say("sessions.new" if done.new else "sessions.known", reader, n=done.new))
    return outcome.DONE


@sessions.command()
@click.argument("programme_id", metavar="PROGRAMME")
@click.option("--for", "person", required=True, help="The trainer: idnumber, e-mail address or whole name.")
@dir_option
@site_option
def kit(programme_id: str, person: str, folder: Path, site_name: str | None) -> int:
    """Make the kit for pilot sessions of a PROGRAMME for a trainer who holds the award that these ask for.

    Slides, session plan, tests and forms from pilot-kit/*.md as PDF, and the sign-in sheets of the trainer's own pilot
    sessions, in build/kits. For anybody else it is refused.

    \b
    Example:
      lms-sync sessions kit migration-governance --for MG-0001 --dir academy
    """
    from certificates.explain import find_holder
    from certificates.held import read_held
    from certificates.policy import read_policies
    from lms_sync.people import read_people
    from lms_sync.programme_files import programmes_by_id
    from lms_sync.same_person import one_person
    from lms_sync.sessions.kit import idnumber_of, kit_award, make_kit, may_have_kit
    from lms_sync.settings import database_url, load_settings
    from lms_sync.store.database import open_database, reading
    from lms_sync.write_files import write_durably

    programmes = programmes_by_id(folder)
    if programme_id not in programmes:
        raise Refused(
            "sessions.no-programme", programme=programme_id, known=", ".join(programmes) or NONE_YET
        )
    programme = programmes[programme_id]
    settings = load_settings(folder)
    site, _ = settings.site(site_name)
    today = local_date(SystemClock().now(), programme.timezone)
    with reading(open_database(database_url(settings, folder))) as connection:
        holder = find_holder(connection, site, person, "person")
        held = read_held(connection, site, one_person(connection, site))
        number = idnumber_of(connection, holder)
    if not may_have_kit(programme, held, holder, today):
        awards = ", ".join(kit_award(programme)) or "-"
        raise Refused("sessions.kit-not-for", person=person, awards=awards, day=today.isoformat())
    people = read_people(folder)
    who = next((one for one in people.participants if one.idnumber == number), None)
    if who is None:
        raise Refused("explain.nobody", person=person)
    made = make_kit(folder, programme, who, people, read_policies(folder))
    into = folder / "build" / "kits" / f"{programme.id}-{number}"
    into.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        write_durably(into / name, content, mode=0o600)
    reader = outcome.reader_language(folder)
    click.echo(say("sessions.kit-written", reader, n=len(made), path=into.as_posix()))
    return outcome.DONE


def _print_list(found: list[ListedSession], language: str) -> None:
    if not found:
        click.echo(say("sessions.none", language))
        return
    heading = say("sessions.list-heading", language).split(" | ")
    rows = [
        [
            one.session.id,
            say(f"sessions.kind-{one.session.kind}", language),
            one.session.days[0].date.isoformat()
            + (f" +{len(one.session.days) - 1}" if one.session.days[1:] else ""),
            str(one.invited),
            str(one.persons) if one.persons else "–",
            str(one.participations) if one.persons else "–",
            f"{one.hours:g}" if one.persons else "–",
            ("–" if not one.persons else "✓" if one.led else "!") if one.session.leader_award else "",
        ]
        for one in found
    ]
    widths = [max(len(row[column]) for row in [heading, *rows]) for column in range(len(heading))]
    programme = None
    for one, row in zip([None, *found], [heading, *rows], strict=True):
        if one is not None and one.programme is not programme:
            programme = one.programme
            click.echo(click.style(printable(programme.title.in_language(language)), bold=True))
        cells = [
            cell.ljust(width) if column < 3 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo(printable("  ".join(cells).rstrip()))
