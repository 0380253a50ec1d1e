"""A new quiz file from a workbook or a GIFT file: read, checked as a quiz file is, and written whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from authoring.problems import ContentError, LmsSyncError, Place, Problem
from authoring.read_yaml import read_text
from lms_sync.quiz_sheets.read_workbook import read_quiz_workbook
from lms_sync.write_files import refuse_links, write_durably
from quizzes import Quiz
from quizzes.foreign_file import ForeignQuiz, free_id
from quizzes.read_gift import ToMarkdown, read_gift
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
    language: str,
    quiz_id: str | None = None,
    title: str | None = None,
    to_markdown: ToMarkdown | None = None,
) -> NewQuiz:
    """Writes `quizzes/<id>.yaml` from a workbook (.xlsx) or a GIFT file (.gift, .txt).

    `language` is that of a GIFT file's texts; a workbook names its own. Raises CannotMake, ContentError with the problems at
    their places in `source`, CannotWrite.
    """
    foreign = _read(source, language, to_markdown)
    head = dict(foreign.head)
    slug = quiz_id or str(head.get("id", "")) or free_id(source.stem, ())
    if not slug:
        raise CannotMake("new.no-id", file=source.name)
    head["id"] = slug
    languages = head.get("languages", {"default": language, "offered": [language]})
    head["languages"] = languages
    head["title"] = (
        {languages["default"]: title} if title else head.get("title") or {languages["default"]: source.stem}
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


def _read(source: Path, language: str, to_markdown: ToMarkdown | None) -> ForeignQuiz:
    ending = source.suffix.lower()
    if ending in (".gift", ".txt"):
        text = read_text(source, root=source.resolve().parent, limit=MAX_BYTES)
        return read_gift(text, source.name, language=language, to_markdown=to_markdown)
    if ending == ".xlsx":
        if not source.is_file():
            raise ContentError([Problem("new.no-file", {"file": source.name}, Place(source.name))])
        return read_quiz_workbook(source)
    raise CannotMake("new.kind", file=source.name)


def _in_order(head: dict[str, Any]) -> dict[str, Any]:
    """The keys as authors write them."""
    return {
        "schema": "quiz/1",
        **{key: head[key] for key in ("id", "title", "languages", "settings") if key in head},
    }
