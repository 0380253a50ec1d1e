"""A new course for an academy that is there: two finished lessons that show the blocks, a glossary, a quiz.

The texts are those of an office that answers citizens, to be replaced. All files appear, or none.
"""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import jinja2

from authoring.checked_value import MAX_ID
from authoring.problems import LmsSyncError
from authoring.write_files import refuse_links, write_durably

LESSONS = {"first-lesson": "lesson.{language}.md", "second-lesson": "course/second.{language}.md"}
"""The lessons by their ids, and where each one's text is."""

_MORE_LETTERS = str.maketrans({"đ": "d", "Đ": "D", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ß": "ss"})


class CannotBegin(LmsSyncError):
    """There is no room for the course: something of it is there already, or its name makes no id."""


@dataclass(frozen=True)
class NewCourse:
    """A course as written: its folder, and the names of all its files below the academy."""

    slug: str
    folder: Path
    files: tuple[str, ...]


def write_starter_course(
    academy: Path, name: str, languages: Sequence[str], *, title: str | None = None
) -> NewCourse:
    """Writes `courses/<name>/` and `quizzes/<name>-final.yaml`; `languages` are the course's, the first its default.

    The folder's name is made from `name`, which is also the title where none is given. Raises CannotBegin, CannotWrite.
    """
    slug = _slug(name)
    if not slug:
        raise CannotBegin("init.course-name", name=name)
    content = starter_course_files(slug, title or name.strip(), languages)
    if (academy / "courses" / slug).exists():
        raise CannotBegin("init.course-exists", path=f"courses/{slug}")
    for file in content:
        if (academy / file).exists():
            raise CannotBegin("init.course-exists", path=file)
        refuse_links(academy / file, below=academy)
    for file, text in content.items():
        write_durably(academy / file, text)
    return NewCourse(slug, academy / "courses" / slug, tuple(sorted(content)))


def starter_course_files(slug: str, title: str, languages: Sequence[str]) -> dict[str, bytes]:
    """Every file of the course by its name below the academy."""
    course = f"courses/{slug}"
    found = {
        f"{course}/course.yaml": _filled("course/course.yaml.j2", slug, title, languages),
        f"{course}/glossary.yaml": _filled("course/glossary.yaml.j2", slug, title, languages),
        f"{course}/media/answer.svg": _source("answer.svg").read_bytes(),
        f"quizzes/{slug}-final.yaml": _filled("course/quiz.yaml.j2", slug, title, languages),
    }
    for lesson, text in LESSONS.items():
        for language in languages:
            name = f"{course}/lessons/{lesson}/lesson.{language}.md"
            found[name] = _source(text.format(language=language)).read_bytes()
    return found


def _slug(name: str) -> str:
    """Small letters without accents, digits and single dashes."""
    plain = unicodedata.normalize("NFKD", name.translate(_MORE_LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[: MAX_ID - len("-final")].strip("-")


def _source(name: str) -> Traversable:
    return files("authoring").joinpath("starter", *name.split("/"))


def _filled(template: str, slug: str, title: str, languages: Sequence[str]) -> bytes:
    texts = tomllib.loads(_source("course/texts.toml").read_text(encoding="utf-8"))
    shared = tomllib.loads(_source("texts.toml").read_text(encoding="utf-8"))

    def text(key: str) -> str:
        """A YAML flow map of language to text; JSON strings are YAML strings."""
        pairs = (
            f"{language}: {json.dumps(texts[language].get(key) or shared[language][key], ensure_ascii=False)}"
            for language in languages
        )
        return "{" + ", ".join(pairs) + "}"

    def titled(key: str = "") -> str:
        """The course's title in every language, with a few words behind it."""
        pairs = []
        for language in languages:
            behind = f": {texts[language][key]}" if key else ""
            pairs.append(f"{language}: {json.dumps(f'{title}{behind}', ensure_ascii=False)}")
        return "{" + ", ".join(pairs) + "}"

    # Not HTML: every value above is quoted as a YAML string.
    environment = jinja2.Environment(
        autoescape=False,  # noqa: S701
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    made = environment.from_string(_source(template).read_text(encoding="utf-8")).render(
        slug=slug, text=text, titled=titled, languages=list(languages)
    )
    return made.encode("utf-8")
