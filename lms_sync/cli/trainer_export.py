"""The trainer's verb export: a quiz for other programs."""

from __future__ import annotations

import json
from pathlib import Path

import click

from authoring.messages import LANGUAGES, describe, text
from lms_sync.cli import outcome
from lms_sync.cli.options import dir_option, json_option


@click.command(short_help="A quiz as GIFT, or as a workbook to fill in.")
@click.argument("quiz")
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--language", type=click.Choice(LANGUAGES), help="The language of a GIFT file (default: yours)."
)
@dir_option
@json_option
def export(quiz: str, target: Path, language: str | None, folder: Path, *, as_json: bool) -> int:
    """Write the questions of a QUIZ (a file of quizzes/ without its ending) into a FILE: .gift, .txt or .xlsx.

    What the format cannot say is named: questions that are left out, and what the others lose. A FILE that is there already is
    never overwritten. For Moodle itself, `lms-sync build` writes Moodle XML, which loses nothing.

    \b
    Examples:
      lms-sync export archive-final final.gift --language en
      lms-sync export archive-final final.xlsx
    """
    from lms_sync.items.read_results import NoQuiz
    from lms_sync.new_quiz import CannotMake
    from lms_sync.quiz_sheets.quiz_rows import rows_of, settings_of
    from lms_sync.quiz_sheets.write_workbook import quiz_workbook
    from lms_sync.write_files import write_durably
    from quizzes import read_quiz
    from quizzes.write_gift import write_gift

    reader = outcome.reader_language(folder)
    path = folder / "quizzes" / f"{quiz}.yaml"
    if "/" in quiz or not path.is_file():
        from authoring.problems import NONE_YET

        known = ", ".join(sorted(one.stem for one in (folder / "quizzes").glob("*.yaml")))
        raise NoQuiz("items.no-quiz", quiz=quiz, known=known or NONE_YET)
    ending = target.suffix.lower()
    if ending not in (".gift", ".txt", ".xlsx"):
        raise CannotMake("new.kind", file=target.name)
    if target.exists():
        raise CannotMake("new.exists", file=target.as_posix())
    found = read_quiz(path, root=folder)
    if ending == ".xlsx":
        rows, problems = rows_of(found, reader)
        content = quiz_workbook(found.languages.offered, reader, settings=settings_of(found), rows=rows)
    else:
        said, problems = write_gift(found, language or reader)
        content = said.encode("utf-8")
    write_durably(target, content)
    written = len(found.questions) - sum(".left-out" in problem.code for problem in problems)
    if as_json:
        result = {
            "file": target.as_posix(),
            "questions": written,
            "warnings": [one.as_json() for one in problems],
        }
        click.echo(json.dumps(result, ensure_ascii=False, indent=1))
        return outcome.DONE
    for problem in problems:
        click.echo(describe(problem, reader), err=True)
    click.echo(text("new.exported", {"n": written, "file": target.as_posix()}, reader))
    return outcome.DONE
