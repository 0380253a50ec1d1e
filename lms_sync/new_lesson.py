"""A lesson of a course from a Word document: its text, its pictures, and its entry in course.yaml."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from authoring.blocks.reading import IDENTIFIER, MAX_ID
from authoring.course_file import CourseFile
from authoring.patch_yaml import Items, patch_yaml
from authoring.problems import ContentError, LmsSyncError, Place, Problem
from authoring.read_lesson import MAX_BYTES, read_lesson
from authoring.read_yaml import load_model, read_text, read_yaml, relative_name
from authoring.write_files import refuse_links, write_durably
from lms_sync.word.open_word import WordFile, open_word
from lms_sync.word.to_lesson import WordLesson, lesson_of
from quizzes.foreign_file import free_id

NOTES = {"en": "Notes", "sq": "Shënime", "ro": "Note"}
"""The heading above what stood at the foot of the pages."""


class CannotMake(LmsSyncError):
    """The lesson cannot be made as it was asked for."""


@dataclass(frozen=True)
class NewLesson:
    """A lesson as written. `losses` did not come over; `open_problems` are what `check` says of the text now."""

    path: Path
    lesson_id: str
    language: str
    pictures: tuple[Path, ...]
    losses: tuple[Problem, ...]
    open_problems: tuple[Problem, ...]
    missing: tuple[str, ...]  # languages of the course that the lesson is not in yet


def new_lesson(
    source: Path,
    course: Path,
    root: Path,
    *,
    language: str | None = None,
    lesson_id: str | None = None,
    title: str | None = None,
) -> NewLesson:
    """Writes `lessons/<id>/lesson.<language>.md` from a .docx, its pictures into media/, and its entry into course.yaml.

    `course` is the folder, `root` that of the academy. A lesson that is there in another language gets this one beside it.
    Raises CannotMake, ContentError where document or course cannot be read, CannotWrite. Nothing is written then.
    """
    document = read_yaml(course / "course.yaml", root=root)
    file = load_model(document, CourseFile)
    spoken = language or file.languages.default
    if spoken not in file.languages.offered:
        known = ", ".join(file.languages.offered)
        raise CannotMake("docx.language", language=spoken, known=known)
    if source.suffix.lower() != ".docx":
        raise CannotMake("docx.kind", file=source.name)
    identifier = lesson_id or free_id(source.stem, ())[:MAX_ID].strip("-")
    if not IDENTIFIER.fullmatch(identifier) or len(identifier) > MAX_ID:
        raise CannotMake("docx.id", file=source.name, id=identifier or "-")
    path = course / "lessons" / identifier / f"lesson.{spoken}.md"
    if path.exists():
        raise CannotMake("docx.exists", file=relative_name(path, root))
    prefix = identifier if spoken == file.languages.default else f"{identifier}-{spoken}"
    word = open_word(source)
    made, text, problems = _tried(word, spoken, prefix, title or "", source.stem)
    pictures = {course / "media" / name: content for name, content in made.pictures.items()}
    for target, content in pictures.items():
        if target.exists() and target.read_bytes() != content:
            raise CannotMake("docx.exists", file=relative_name(target, root))
    entries = [entry.id for entry in file.lessons]
    course_text = read_text(course / "course.yaml", root=root)
    if identifier not in entries:
        items = Items((*range(len(entries)), {"id": identifier}))
        course_text = patch_yaml(course_text, document.file, {("lessons",): items})
    for target in (*pictures, path, course / "course.yaml"):
        refuse_links(target, below=root)
    for target, content in pictures.items():
        write_durably(target, content)
    write_durably(path, text.encode("utf-8"))
    if identifier not in entries:
        write_durably(course / "course.yaml", course_text.encode("utf-8"))
    missing = (one for one in file.languages.offered if not (path.parent / f"lesson.{one}.md").is_file())
    shown = relative_name(path, root)
    return NewLesson(
        path,
        identifier,
        spoken,
        tuple(pictures),
        tuple(made.losses),
        tuple(_at(problem, shown) for problem in problems),
        tuple(missing),
    )


def _at(problem: Problem, file: str) -> Problem:
    place = problem.place
    return Problem(
        problem.code, problem.params, type(place)(file, place.line, place.column), problem.severity
    )


def _tried(
    word: WordFile, language: str, prefix: str, title: str, stem: str
) -> tuple[WordLesson, str, list[Problem]]:
    """The lesson, its file's text, and what is wrong with it when it is read back: nothing but words that pictures lack.

    Raises ContentError with whatever else is wrong, in the places of the text that would have been written.
    """
    found: list[Problem] = []
    for escape_all in (False, True):
        made = lesson_of(
            word, lesson_id=prefix, notes_title=NOTES.get(language, NOTES["en"]), escape_all=escape_all
        )
        if not made.body.strip():
            raise ContentError([*made.losses, Problem("docx.empty", {}, Place(word.name))])
        text = _file_text(title or made.title or stem, made.body)
        if len(text.encode("utf-8")) > MAX_BYTES:
            raise CannotMake("docx.too-long", file=word.name, limit=f"{MAX_BYTES // 1000} kB")
        found = _problems(text, made, language)
        if all(one.code == "markdown.image-without-alt" for one in found if one.severity == "error"):
            return made, text, found
    raise ContentError(_at(problem, word.name) for problem in found)


def _file_text(title: str, body: str) -> str:
    import json

    return f"---\ntitle: {json.dumps(title[:200], ensure_ascii=False)}\n---\n\n{body}"


def _problems(text: str, made: WordLesson, language: str) -> list[Problem]:
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder)
        path = course / "lessons" / "x" / f"lesson.{language}.md"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
        for name, content in made.pictures.items():
            (course / "media").mkdir(exist_ok=True)
            (course / "media" / name).write_bytes(content)
        return read_lesson(path, language, root=course, course_folder=course)[1]
