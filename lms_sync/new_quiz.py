"""A new quiz file from a workbook or a GIFT file: read, checked as a quiz file is, and written whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from authoring.problems import ContentError, LmsSyncError, Place, Problem
from authoring.read_yaml import parse_yaml, read_text
from lms_sync.quiz_sheets.read_workbook import read_quiz_workbook
from lms_sync.write_files import refuse_links, write_durably
from quizzes import Quiz
from quizzes.foreign_file import ForeignQuiz, free_id
from quizzes.read_gift import read_gift
from quizzes.read_moodle_xml import FoundBank, read_moodle_xml
from quizzes.read_quiz import quiz_of
from quizzes.write_yaml import quiz_text

MAX_BYTES = 5_000_000


class CannotMake(LmsSyncError):
    """There is such a quiz already, or the file is of no kind that can become one."""


@dataclass(frozen=True)
class NewQuiz:
    """A quiz that was written: its file, and what an author should look at."""

    path: Path
    quiz: Quiz
    warnings: tuple[Problem, ...]


def new_quiz(
    source: Path,
    folder: Path,
    *,
    languages: Sequence[str],
    quiz_id: str | None = None,
    title: str | None = None,
) -> NewQuiz:
    """Writes `quizzes/<id>.yaml` from a workbook (.xlsx), a GIFT file (.gift, .txt) or Moodle XML (.xml).

    `languages` are those of the texts, the first the main one; a workbook names its own. Images of Moodle XML are put into
    media/. Raises CannotMake, ContentError with the problems at their places in `source`, CannotWrite.
    """
    language = languages[0]
    if source.suffix.lower() == ".xml":
        return _from_moodle(source, folder, languages, quiz_id, title)
    foreign = _read(source, language)
    head = dict(foreign.head)
    slug = quiz_id or str(head.get("id", "")) or free_id(source.stem, ())
    if not slug:
        raise CannotMake("new.no-id", file=source.name)
    head["id"] = slug
    spoken = head.get("languages", {"default": language, "offered": [language]})
    head["languages"] = spoken
    head["title"] = (
        {spoken["default"]: title} if title else head.get("title") or {spoken["default"]: source.stem}
    )
    complete = ForeignQuiz(
        _in_order(head), foreign.questions, foreign.file, foreign.warnings, foreign.head_places
    )
    path = folder / "quizzes" / f"{slug}.yaml"
    if path.exists():
        raise CannotMake("new.exists", file=path.relative_to(folder).as_posix())
    quiz = complete.checked(path.parent, folder)
    data = complete.data()
    text = quiz_text({key: value for key, value in data.items() if key != "questions"}, data["questions"])
    refuse_links(path, below=folder)
    write_durably(path, text.encode("utf-8"))
    return NewQuiz(path, quiz, (*foreign.warnings, *quiz.warnings))


def _read(source: Path, language: str) -> ForeignQuiz:
    ending = source.suffix.lower()
    if ending in (".gift", ".txt"):
        text = read_text(source, root=source.resolve().parent, limit=MAX_BYTES)
        return read_gift(text, source.name, language=language)
    if ending == ".xlsx":
        if not source.is_file():
            raise ContentError([Problem("new.no-file", {"file": source.name}, Place(source.name))])
        return read_quiz_workbook(source)
    raise CannotMake("new.kind", file=source.name)


def _from_moodle(
    source: Path, folder: Path, languages: Sequence[str], quiz_id: str | None, title: str | None
) -> NewQuiz:
    """A quiz of the questions of an export; what YAML cannot say is kept as XML, with a warning."""
    slug = quiz_id or free_id(source.stem, ())
    if not slug:
        raise CannotMake("new.no-id", file=source.name)
    path = folder / "quizzes" / f"{slug}.yaml"
    if path.exists():
        raise CannotMake("new.exists", file=path.relative_to(folder).as_posix())
    try:
        content = source.read_bytes()
    except OSError as error:
        raise ContentError([Problem("new.no-file", {"file": source.name}, Place(source.name))]) from error
    bank: FoundBank = read_moodle_xml(content, languages=languages, file=source.name, quiz_id=slug)
    head = {
        "schema": "quiz/1",
        "id": slug,
        "title": {languages[0]: title or source.stem},
        "languages": {"default": languages[0], "offered": list(languages)},
    }
    data = [dict(one.data) for one in bank.questions]
    if len(languages) > 1:
        head["title"] = dict.fromkeys(languages, title or source.stem)
    text = quiz_text(head, data)
    media = {(path.parent / name): content for name, content in bank.files.items()}
    for target, content in media.items():
        refuse_links(target, below=folder)
        if not target.exists():
            write_durably(target, content)
    refuse_links(path, below=folder)
    quiz = quiz_of(parse_yaml(text, source.name), path.parent, root=folder)
    write_durably(path, text.encode("utf-8"))
    kept = [one.problem(source.name) for one in bank.questions if one.kept is not None]
    return NewQuiz(path, quiz, (*kept, *quiz.warnings))


def _in_order(head: dict[str, Any]) -> dict[str, Any]:
    """The keys as authors write them."""
    return {
        "schema": "quiz/1",
        **{key: head[key] for key in ("id", "title", "languages", "settings") if key in head},
    }
