"""The trainer's verb preview: what learners will see. What kind of thing a path is decides what is shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authoring.messages import LANGUAGES, describe, text
from authoring.problems import LmsSyncError, Refused
from lms_sync.cli import outcome
from lms_sync.cli.options import dir_option, json_option
from lms_sync.clock import SystemClock

if TYPE_CHECKING:
    from quizzes import Quiz

PREVIEWS = Path("build") / "preview"


class NoPreview(LmsSyncError):
    """The path is of no kind that can be previewed."""


@dataclass(frozen=True)
class Wanted:
    """What the command was asked for."""

    path: Path
    folder: Path
    languages: tuple[str, ...]
    pdf: bool
    as_json: bool
    port: int | None = None
    browser: bool = True


@click.command(short_help="See a course or a quiz as learners will.")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--pdf",
    is_flag=True,
    help="Write a print-out with the key instead, for the commission that approves the test.",
)
@click.option(
    "--language",
    "languages",
    multiple=True,
    type=click.Choice(LANGUAGES),
    help="Only this language (repeatable; default: all that there are).",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="The port on which a course is shown, 0 for any that is free (default: 8450).",
)
@click.option(
    "--no-browser",
    "browser",
    flag_value=False,
    default=True,
    help="Only tell the address of the course; open no browser.",
)
@dir_option
@json_option
def preview(
    path: Path,
    languages: tuple[str, ...],
    port: int | None,
    folder: Path,
    *,
    pdf: bool,
    browser: bool,
    as_json: bool,
) -> int:
    """Show what PATH holds, as learners will see it: a folder of courses/, or a file of quizzes/.

    A course is shown in a browser, on this machine only, with its problems and with what a platform would record beside
    it; it follows every file that is saved, until Ctrl+C. Nothing is written into the course.

    Of a quiz it writes build/preview/<quiz>.html (of a pair, one for each): one page that needs no network, keeps nothing and marks answers as Moodle
    would. With --pdf it writes build/preview/<quiz>-review.<language>.pdf: every question with its key, and room for remarks.

    \b
    Examples:
      lms-sync preview courses/archive-officers
      lms-sync preview quizzes/archive-final.yaml
      lms-sync preview quizzes/archive-final.yaml --pdf --language sq
    """
    wanted = Wanted(path, folder, languages, pdf, as_json, port, browser)
    for is_one, show in KINDS:
        if is_one(wanted):
            return show(wanted)
    raise NoPreview("preview.not-known", path=path.as_posix())


def _in_academy(wanted: Wanted) -> Path | None:
    """The path below the academy folder, whether it was given from there or from here; None where it is not in it."""
    for one in (wanted.path, wanted.folder / wanted.path):
        if one.exists() and one.resolve().is_relative_to(wanted.folder.resolve()):
            return one
    return None


def _is_quiz(wanted: Wanted) -> bool:
    found = _in_academy(wanted)
    return found is not None and found.suffix == ".yaml" and found.resolve().parent.name == "quizzes"


def _show_quiz(wanted: Wanted) -> int:
    from quizzes import forms, read_quiz

    reader = outcome.reader_language(wanted.folder)
    found = _in_academy(wanted)
    assert found is not None
    quiz = read_quiz(found, root=wanted.folder)
    offered = tuple(one for one in quiz.languages.offered if one in LANGUAGES)
    for one in wanted.languages:
        if one not in offered:
            raise Refused("preview.no-language", language=one, known=", ".join(offered))
    default = [one for one in (reader, quiz.languages.default) if one in offered]
    languages = wanted.languages or tuple(dict.fromkeys([*default, *offered]))
    written: list[Path] = []
    for form, given in forms(quiz).items():
        name = found.stem if form == "post" else given.id
        written += _written(wanted, given, name, languages)
    if wanted.as_json:
        click.echo(json.dumps({"files": [one.as_posix() for one in written]}, indent=1))
        return outcome.DONE
    for problem in quiz.warnings:
        click.echo(describe(problem, reader), err=True)
    code = "preview.printed" if wanted.pdf else "preview.written"
    for target in written:
        click.echo(text(code, {"file": target.as_posix()}, reader))
    return outcome.DONE


def _written(wanted: Wanted, quiz: Quiz, name: str, languages: tuple[str, ...]) -> Iterator[Path]:
    """Writes the page of a quiz, or its print-out in each language."""
    from lms_sync.write_files import refuse_links, write_durably
    from quizzes.preview.page import preview_html

    if not wanted.pdf:
        target = wanted.folder / PREVIEWS / f"{name}.html"
        refuse_links(target, below=wanted.folder)
        write_durably(target, preview_html(quiz, languages))
        yield target
        return
    from lms_sync.quiz_print.review import review_pdf

    for language in languages:
        target = wanted.folder / PREVIEWS / f"{name}-review.{language}.pdf"
        refuse_links(target, below=wanted.folder)
        write_durably(target, review_pdf(quiz, language, dated=SystemClock().now().date()))
        yield target


def _course_folder(wanted: Wanted) -> Path | None:
    """The folder of the course that the path is, or that it is a file of; None where it is of none."""
    found = _in_academy(wanted)
    if found is None:
        return None
    real = found.resolve()
    return next((one for one in (real, *real.parents) if one.parent.name == "courses"), None)


def _is_course(wanted: Wanted) -> bool:
    return _course_folder(wanted) is not None


def _show_course(wanted: Wanted) -> int:
    from lms_sync.cli.course_preview import show_course

    folder = _course_folder(wanted)
    assert folder is not None
    return show_course(
        folder,
        wanted.languages,
        port=wanted.port,
        pdf=wanted.pdf,
        browser=wanted.browser and not wanted.as_json,
        as_json=wanted.as_json,
    )


KINDS: list[tuple[Callable[[Wanted], bool], Callable[[Wanted], int]]] = [
    (_is_quiz, _show_quiz),
    (_is_course, _show_course),
]
"""Which kind of thing a path is, and what shows it; the first that says yes."""
