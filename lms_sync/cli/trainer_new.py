"""The trainer's verb new: beginnings made of what there is already."""

from __future__ import annotations

import json
from pathlib import Path

import click

from authoring.messages import LANGUAGES, describe, text
from lms_sync.cli import outcome
from lms_sync.cli.options import dir_option, json_option


@click.group(short_help="Begin from a spreadsheet or another format.")
def new() -> None:
    """Begin from what there is already: a spreadsheet, a file of another format."""


@new.command("quiz", short_help="A quiz file from a workbook, GIFT or Moodle XML.")
@click.argument("source", metavar="FROM", required=False, type=click.Path(path_type=Path))
@click.option(
    "--workbook",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the empty workbook with drop-downs instead, to be filled in.",
)
@click.option("--id", "quiz_id", metavar="ID", help="The quiz's id (default: the file's name).")
@click.option("--title", help="The quiz's title (default: the workbook's, or the file's name).")
@click.option(
    "--language",
    "languages",
    multiple=True,
    type=click.Choice(LANGUAGES),
    help="A language of the texts (repeatable; default: yours).",
)
@dir_option
@json_option
def quiz_from(
    source: Path | None,
    workbook: Path | None,
    quiz_id: str | None,
    title: str | None,
    languages: tuple[str, ...],
    folder: Path,
    *,
    as_json: bool,
) -> int:
    """Write quizzes/<id>.yaml FROM a workbook (.xlsx), GIFT (.gift, .txt) or Moodle XML (.xml).

    The file is checked as a quiz file is; every mistake is told with its line or its cell, and nothing is written as long as
    there is one. A quiz that is there already is never overwritten.

    \b
    Examples:
      lms-sync new quiz --workbook questions.xlsx --language sq --language en
      lms-sync new quiz questions.xlsx --dir academy
      lms-sync new quiz old-questions.gift --language ro --dir academy
      lms-sync new quiz export-from-moodle.xml --language sq --language en --dir academy
    """
    reader = outcome.reader_language(folder)
    spoken = languages or (reader,)
    if (source is None) == (workbook is None):
        raise click.UsageError("FROM, or --workbook FILE.")
    if workbook is not None:
        return _write_workbook(workbook, spoken, reader, as_json=as_json)
    assert source is not None
    from lms_sync.new_quiz import new_quiz

    made = new_quiz(source, folder, languages=tuple(dict.fromkeys(spoken)), quiz_id=quiz_id, title=title)
    if as_json:
        result = {
            "file": made.path.as_posix(),
            "questions": len(made.quiz.questions),
            "warnings": [problem.as_json() for problem in made.warnings],
        }
        click.echo(json.dumps(result, ensure_ascii=False, indent=1))
        return outcome.DONE
    for problem in made.warnings:
        click.echo(describe(problem, reader), err=True)
    click.echo(text("new.quiz", {"n": len(made.quiz.questions), "file": made.path.as_posix()}, reader))
    return outcome.DONE


def _write_workbook(path: Path, languages: tuple[str, ...], reader: str, *, as_json: bool) -> int:
    from lms_sync.new_quiz import CannotMake
    from lms_sync.quiz_sheets.write_workbook import quiz_workbook
    from lms_sync.write_files import write_durably

    if path.exists():
        raise CannotMake("new.exists", file=path.as_posix())
    write_durably(path, quiz_workbook(tuple(dict.fromkeys(languages)), reader))
    if as_json:
        click.echo(json.dumps({"file": path.as_posix()}, ensure_ascii=False))
    else:
        click.echo(text("new.workbook", {"file": path.as_posix()}, reader))
    return outcome.DONE
