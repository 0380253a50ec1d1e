"""The officer's verb questionnaire: form, record, list."""

from __future__ import annotations

import datetime
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
    from lms_sync.assessment.answers import ComparedInstitution
    from lms_sync.assessment.form import Form
    from lms_sync.people import People
    from programmes import Programme, Questionnaire

FORMS = Path("build") / "questionnaires"


@click.group(short_help="Needs assessment: forms, answers, before and after.")
def questionnaire() -> None:
    """The questionnaires of questionnaires/*.yaml: print forms, read answers back, compare."""


@questionnaire.command()
@click.argument("slug")
@click.option(
    "--institution", "codes", multiple=True, metavar="CODE", help="For this institution (repeatable)."
)
@click.option("--all", "everybody", is_flag=True, help="For every institution of the programme.")
@click.option(
    "--person", "numbers", multiple=True, metavar="IDNUMBER", help="For this participant (repeatable)."
)
@click.option("--programme", metavar="ID", help="The programme, where several have the questionnaire.")
@click.option(
    "--language", type=click.Choice(LANGUAGES), help="The form's language (default: the programme's)."
)
@dir_option
def form(
    slug: str,
    codes: tuple[str, ...],
    numbers: tuple[str, ...],
    programme: str | None,
    language: str | None,
    folder: Path,
    *,
    everybody: bool,
) -> int:
    """Write the form of a questionnaire: a PDF to fill in with a pen, and a spreadsheet for `questionnaire record`.

    Without an institution or person it is one for anybody, with a line for whose it is.

    \b
    Examples:
      lms-sync questionnaire form baseline --institution elbasan
      lms-sync questionnaire form baseline --all --language sq
      lms-sync questionnaire form opinion
    """
    from lms_sync.assessment.answers import questionnaire_of
    from lms_sync.assessment.files import programme_files
    from lms_sync.assessment.form import form_pdf, form_xlsx
    from lms_sync.people import read_people
    from lms_sync.write_files import refuse_links, write_durably

    chosen, of = questionnaire_of(programme_files(folder), slug, programme)
    language = language or chosen.default_language
    forms = _forms(chosen, of, read_people(folder), codes, numbers, everybody=everybody)
    reader = outcome.reader_language(folder)
    for one in forms:
        name = "-".join(part for part in (chosen.id, of.id, one.code) if part)
        for ending, content in (("pdf", form_pdf(one, folder, language)), ("xlsx", form_xlsx(one, language))):
            path = folder / FORMS / f"{name}.{language}.{ending}"
            refuse_links(path, below=folder)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(path, content, mode=0o600 if one.person else None)
            if len(forms) == 1:
                click.echo(path.as_posix())
    if len(forms) != 1:
        click.echo(
            say("questionnaire.forms-written", reader, n=len(forms), folder=(folder / FORMS).as_posix())
        )
    return outcome.DONE


def _forms(
    programme: Programme,
    of: Questionnaire,
    people: People,
    codes: tuple[str, ...],
    numbers: tuple[str, ...],
    *,
    everybody: bool,
) -> list[Form]:
    from lms_sync.assessment.form import Form

    if of.of == "institution" and numbers:
        raise Refused("questionnaire.of-institution", questionnaire=of.id)
    if of.of == "person" and (codes or everybody):
        raise Refused("questionnaire.of-person", questionnaire=of.id)
    here = {one.code: one for one in people.institutions if programme.takes_part(one.code, one.kind)}
    for code in codes:
        if code not in here:
            raise Refused("milestones.no-institution", institution=code, known=", ".join(here) or NONE_YET)
    persons = {one.idnumber: one for one in people.participants}
    for number in numbers:
        if number not in persons:
            raise Refused("questionnaire.no-person", idnumber=number)
    if everybody:
        codes = tuple(here)
    forms = [Form(programme, of, institution=here[code]) for code in dict.fromkeys(codes)]
    forms += [Form(programme, of, person=persons[number]) for number in dict.fromkeys(numbers)]
    return forms or [Form(programme, of)]


@questionnaire.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@click.option("--by", required=True, help="Name of the person who records; kept with the fact.")
@dir_option
@site_option
@json_option
def record(files: tuple[Path, ...], by: str, folder: Path, site_name: str | None, *, as_json: bool) -> int:
    """Read filled-in FILES (XLSX or CSV) back: answers, and the score that they make.

    A file is understood as a whole, or nothing of it is stored and every mistake is told with its row and column.
    Recording the same file again changes nothing; another one of the same institution corrects it.

    \b
    Examples:
      lms-sync questionnaire record archive-61-baseline-elbasan.sq.xlsx --by "Name Surname"
      lms-sync questionnaire record incoming/*.xlsx --by "Name Surname" --json
    """
    from authoring.problems import LmsSyncError
    from lms_sync.assessment.answers import record_answers
    from lms_sync.assessment.files import programme_files
    from lms_sync.people import read_people
    from lms_sync.settings import database_url, load_settings
    from lms_sync.store.database import open_database
    from programmes.attendance import read_cells

    settings = load_settings(folder)
    site, _ = settings.site(site_name)
    known, people = programme_files(folder), read_people(folder)
    engine = open_database(database_url(settings, folder))
    language = outcome.reader_language(folder)
    done, failed = [], 0
    for file in files:
        try:
            told = record_answers(
                engine, site, known, people, read_cells(file), by=by, now=SystemClock().now()
            )
        except LmsSyncError as error:
            if len(files) == 1:
                raise
            click.echo(say("questionnaire.not-recorded", language, file=file.name), err=True)
            outcome.print_problems(error.problems, language)
            failed += 1
            continue
        done.append(told)
        if not as_json:
            values = {
                "questionnaire": told.questionnaire.title.in_language(language),
                "whose": told.whose,
                "n": len(told.told.answers),
                "score": "–" if told.score.whole is None else f"{told.score.whole:g}",
            }
            click.echo(say(f"questionnaire.{'recorded' if told.new else 'known'}", language, **values))
    if as_json:
        result = {"recorded": [one.as_json() for one in done], "failed": failed}
        click.echo(json.dumps(result, ensure_ascii=False, indent=1))
    return outcome.PARTLY if failed and done else outcome.ERROR if failed else outcome.DONE


@questionnaire.command("list")
@click.argument("programme")
@click.option(
    "--as-of",
    "as_of",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    metavar="DATE",
    help="Answers up to this day (default: today).",
)
@dir_option
@site_option
@json_option
def list_answers(
    programme: str, as_of: datetime.datetime | None, folder: Path, site_name: str | None, *, as_json: bool
) -> int:
    """List the scores of every institution of a PROGRAMME: before, afterwards, and how they have changed.

    \b
    Examples:
      lms-sync questionnaire list archive-61
      lms-sync questionnaire list archive-61 --as-of 2026-06-30 --json
    """
    from lms_sync.assessment.answers import compared
    from lms_sync.assessment.files import chosen_programme, programme_files
    from lms_sync.people import read_people
    from lms_sync.settings import database_url, load_settings
    from lms_sync.store.database import open_database

    settings = load_settings(folder)
    site, _ = settings.site(site_name)
    files = programme_files(folder)
    chosen = chosen_programme(files, programme)
    day = as_of.date() if as_of else local_date(SystemClock().now(), chosen.timezone)
    engine = open_database(database_url(settings, folder))
    asked, rows = compared(engine, site, files, chosen, read_people(folder), day)
    if as_json:
        result = {
            "programme": chosen.id,
            "as_of": day.isoformat(),
            "questionnaires": [one.id for one in asked],
            "institutions": [one.as_json() for one in rows],
        }
        click.echo(json.dumps(result, ensure_ascii=False, indent=1))
        return outcome.DONE
    _print(asked, rows, outcome.reader_language(folder))
    return outcome.DONE


def _print(asked: tuple[Questionnaire, ...], rows: list[ComparedInstitution], language: str) -> None:
    answered = [one for one in rows if one.scores]
    head = ["", *(one.title.in_language(language) for one in asked), say("questionnaire.change", language)]
    table = [
        [
            one.institution.name(language),
            *(_score(one.scores[each.id].score) if each.id in one.scores else "–" for each in asked),
            "–" if one.change is None else f"{one.change:+.1f}",
        ]
        for one in answered
    ]
    widths = [max(len(row[column]) for row in [head, *table]) for column in range(len(head))]
    for row in [head, *table]:
        cells = [
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo(printable("  ".join(cells).rstrip()))
    click.echo(say("questionnaire.unanswered", language, n=len(rows) - len(answered), all=len(rows)))


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
