"""The trainer's verb new: beginnings made of what there is already."""

from __future__ import annotations

import json
from pathlib import Path

import click

from authoring.messages import LANGUAGES, describe, text
from lms_sync.cli import outcome
from lms_sync.cli.options import dir_option, json_option


@click.group(short_help="Begin a course, a lesson or a quiz.")
def new() -> None:
    """Begin something new: a course, a lesson from a Word document, a quiz from a spreadsheet or another format."""


@new.command("course", short_help="A small finished course, to be changed.")
@click.argument("name")
@click.option("--title", help="The course's title (default: its NAME).")
@click.option(
    "--language",
    "languages",
    multiple=True,
    type=click.Choice(LANGUAGES),
    help="A language of the course (repeatable; the first is its main one; default: yours).",
)
@dir_option
@json_option
def new_course(
    name: str, title: str | None, languages: tuple[str, ...], folder: Path, *, as_json: bool
) -> int:
    """Write courses/NAME and its quiz: two lessons that show the blocks, a glossary, all checked, to be changed.

    Nothing that is there already is overwritten.

    \b
    Examples:
      lms-sync new course archive-basics --dir academy
      lms-sync new course "Arkivi për fillestarë" --language sq --language en --dir academy
    """
    from authoring.starter_course import write_starter_course

    reader = outcome.reader_language(folder)
    spoken = tuple(dict.fromkeys(languages)) or (reader,)
    made = write_starter_course(folder, name, spoken, title=title)
    if as_json:
        click.echo(json.dumps({"course": made.slug, "files": list(made.files)}, ensure_ascii=False, indent=1))
        return outcome.DONE
    click.echo(text("init.course-done", {"folder": made.folder.as_posix(), "n": len(made.files)}, reader))
    for file in made.files:
        click.echo(f"  {file}")
    click.echo(text("init.course-next", {"folder": made.folder.as_posix()}, reader))
    return outcome.DONE


@new.command("lesson", short_help="A lesson from a Word document.")
@click.argument("source", metavar="FROM.docx", type=click.Path(path_type=Path))
@click.option(
    "--course",
    "course",
    required=True,
    metavar="COURSE",
    help="The course: its folder, or its name in courses/.",
)
@click.option("--id", "lesson_id", metavar="ID", help="The lesson's id (default: the document's name).")
@click.option("--title", help="The lesson's title (default: the document's, or its name).")
@click.option("--language", help="The language of the document (default: the course's main one).")
@dir_option
@json_option
def lesson_from(
    source: Path,
    course: str,
    lesson_id: str | None,
    title: str | None,
    language: str | None,
    folder: Path,
    *,
    as_json: bool,
) -> int:
    """Write a lesson of a course from a Word document: headings, lists, tables, links, notes and pictures come over.

    What does not come over is told with the words near which it stands. Pictures go into media/, the lesson into course.yaml.
    Nothing that is there already is overwritten. Nothing in the document is run or fetched.

    \b
    Examples:
      lms-sync new lesson receiving.docx --course archive-basics --dir academy
      lms-sync new lesson pranimi.docx --course archive-basics --id receiving --language sq --dir academy
    """
    from lms_sync.new_lesson import CannotMake, new_lesson

    reader = outcome.reader_language(folder)
    found = next(
        (
            one
            for one in (folder / "courses" / course, folder / course, Path(course))
            if (one / "course.yaml").is_file()
        ),
        None,
    )
    if found is None:
        raise CannotMake("docx.no-course", course=course)
    place = found.resolve()
    made = new_lesson(source, place, place.parent.parent, language=language, lesson_id=lesson_id, title=title)
    root = place.parent.parent
    if as_json:
        result = {
            "file": made.path.relative_to(root).as_posix(),
            "pictures": [one.relative_to(root).as_posix() for one in made.pictures],
            "lost": [one.as_json() for one in made.losses],
            "problems": [one.as_json() for one in made.open_problems],
            "missing_languages": list(made.missing),
        }
        click.echo(json.dumps(result, ensure_ascii=False, indent=1))
        return outcome.DONE
    click.echo(text("docx.done", {"file": made.path.relative_to(root).as_posix()}, reader))
    if made.pictures:
        media = made.pictures[0].parent.relative_to(root).as_posix()
        click.echo(text("docx.pictures", {"n": len(made.pictures), "folder": media}, reader))
    for code, problems in (("docx.lost", made.losses), ("docx.still-open", made.open_problems)):
        if problems:
            click.echo("\n" + text(code, {"n": len(problems)}, reader), err=True)
        for problem in problems:
            click.echo(describe(problem, reader), err=True)
    if made.missing:
        values = {
            "languages": ", ".join(made.missing),
            "first": made.missing[0],
            "id": made.lesson_id,
            "course": place.name,
        }
        click.echo("\n" + text("docx.missing-languages", values, reader))
    click.echo(text("docx.next", {"course": f"courses/{place.name}"}, reader))
    return outcome.DONE


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
