"""What is wrong with the activities of a course beyond their single values, and the texts of its pages."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from authoring.activity import (
    Activity,
    AssignmentActivity,
    FeedbackActivity,
    FileActivity,
    ForumActivity,
    Moment,
    PackageActivity,
    PageActivity,
    QuizActivity,
)
from authoring.languages import Language, LocalizedText
from authoring.problems import ContentError, Place, Problem, Severity
from authoring.read_image import other_case
from authoring.read_markdown import heading_problems, render
from authoring.read_yaml import Document, Pointer, read_text, relative_name

MAX_FILE_BYTES = 200_000_000

# Signs that Moodle's questionnaire puts between answers.
_SIGNS = re.compile(r"\||####|>>>>>|<<<<<|\n")
# What Moodle takes out of file names (its PARAM_FILE).
_NOT_IN_FILE_NAMES = re.compile(r"[\x00-\x1f\x7f&<>\"`|':\\/~]|\.\.")


def activity_problems(
    activity: Activity, at: Pointer, document: Document, folder: Path, languages: tuple[Language, ...]
) -> Iterator[Problem]:
    """What is wrong with one activity; `at` is its place in the document, `folder` that of the course."""

    def problem(code: str, *pointer: str | int, **params: object) -> Problem:
        return Problem(code, {"id": activity.id, **params}, document.place((*at, *pointer)))

    available = activity.available
    if available and available.from_ and available.until and not _before(available.from_, available.until):
        yield problem("course.available-never", "available", "until")
    # Assignments and forums have a due date of their own, the others only the day of expected completion.
    if isinstance(activity, AssignmentActivity | ForumActivity):
        if activity.due and activity.cutoff and not _before(activity.due, activity.cutoff, same=True):
            yield problem("course.cutoff-before-due", "cutoff")
    elif activity.due and activity.completion == "none":
        yield problem("course.due-without-completion", "due")
    match activity:
        case QuizActivity() if not activity.quiz:
            yield problem("course.quiz-not-named")
        case FileActivity(file=str(name)) | PackageActivity(file=str(name)):
            yield from (problem(code, "file", **values) for code, values in _file_problems(name, folder))
            if activity.kind == "package" and not name.lower().endswith(".zip"):
                yield problem("course.package-not-zip", "file", file=name)
        case AssignmentActivity():
            yield from (problem(code, *pointer) for code, pointer in _assignment_problems(activity))
        case FeedbackActivity():
            yield from _question_problems(activity, at, document)
        case _:
            pass
    yield from _text_problems(activity, at, document, languages)


def _before(first: Moment, second: Moment, *, same: bool = False) -> bool:
    begin, end = first.begins(datetime.UTC), second.ends(datetime.UTC)
    return begin < end or (same and begin == end)


def _assignment_problems(activity: AssignmentActivity) -> Iterator[tuple[str, Pointer]]:
    if activity.pass_ and activity.pass_ > activity.points:
        yield "course.pass-above-points", ("pass",)
    if activity.completion == "passed" and not activity.pass_:
        yield "course.completion-without-pass", ("completion",)


def file_of(file: str, folder: Path) -> Path:
    """The file of an activity in the course folder."""
    return (folder / file).resolve()


def _file_problems(file: str, folder: Path) -> Iterator[tuple[str, dict[str, object]]]:
    name: dict[str, object] = {"file": file}
    root = folder.resolve()
    if "\\" in file or Path(file).is_absolute():
        yield "course.file-path", name
        return
    path = file_of(file, folder)
    if not path.is_relative_to(root):
        yield "course.file-outside", {**name, "folder": folder.name}
    elif other := other_case(path, root):
        yield "course.file-other-case", {**name, "real": other}
    elif not path.is_file():
        yield "course.file-missing", name
    elif _NOT_IN_FILE_NAMES.search(path.name):
        yield "course.file-name", name
    elif not 0 < (size := path.stat().st_size) <= MAX_FILE_BYTES:
        yield "course.file-size", {**name, "size": f"{size / 1e6:.1f} MB", "limit": "200 MB"}


def _question_problems(activity: FeedbackActivity, at: Pointer, document: Document) -> Iterator[Problem]:
    if (activity.questionnaire is None) == (not activity.questions):
        code = "course.two-questionnaires" if activity.questions else "course.no-questions"
        yield Problem(code, {"id": activity.id}, document.place(at))
    seen: set[str] = set()
    for index, question in enumerate(activity.questions):
        here: Pointer = (*at, "questions", index)
        values = {"id": question.id}
        if question.id.casefold() in seen:
            yield Problem("course.duplicate-question", values, document.place((*here, "id")))
        seen.add(question.id.casefold())
        answers = activity.answers_of(question)
        if question.type != "text" and len(answers) < 2:
            yield Problem("course.question-answers", values, document.place(here))
        for answer in answers:
            texts = [answer.in_language(one) for one in answer.languages] or [answer.in_language("")]
            if any(_SIGNS.search(text.strip()) for text in texts):
                yield Problem("course.answer-sign", values, document.place((*here, "answers")))


# --- texts


def _text_problems(
    activity: Activity, at: Pointer, document: Document, languages: tuple[Language, ...]
) -> Iterator[Problem]:
    text = None if isinstance(activity, QuizActivity) else activity.text
    if text is None:
        return
    place = document.place((*at, "text"))
    for language in languages:
        rendered = render(text.in_language(language), file=place.file)
        found = list(rendered.problems)
        if isinstance(activity, PageActivity):
            found += heading_problems(rendered.heading_levels)
        yield from (replace(one, place=place) for one in found)


def with_page_texts(
    activity: Activity,
    place: Place,
    folder: Path,
    root: Path,
    languages: tuple[Language, ...],
    problems: list[Problem],
    *,
    severity: Severity = "error",
) -> Activity:
    """The activity with its text: that of a page without one is read from `pages/<id>.<language>.md`.

    `severity` is that of a page which one of the languages lacks.
    """
    if not isinstance(activity, PageActivity) or activity.text is not None:
        return activity
    texts: dict[str, str] = {}
    files = {language: folder / "pages" / f"{activity.id}.{language}.md" for language in languages}
    nowhere = not any(path.is_file() for path in files.values())
    for language, path in files.items():
        name = relative_name(path, root)
        if not path.is_file():
            code = "course.page-missing" if nowhere else "course.page-not-translated"
            values = {"id": activity.id, "language": language, "file": name}
            problems.append(Problem(code, values, place, "error" if nowhere else severity))
            continue
        try:
            source = read_text(path, root=root)
        except ContentError as error:
            problems.extend(error.problems)
            continue
        if not source.strip():
            problems.append(Problem("course.page-empty", {"id": activity.id}, Place(name, 1)))
            continue
        rendered = render(source, file=name)
        problems.extend([*rendered.problems, *heading_problems(rendered.heading_levels)])
        texts[language] = source
    return activity.model_copy(update={"text": LocalizedText(texts)}) if texts else activity
