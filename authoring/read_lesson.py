"""`lesson.<language>.md`: front matter, Markdown, and `:::` directives, read into blocks.

    ---
    title: Receiving documents
    objectives: [Register every paper before it moves on]
    ---
    Text in Markdown.

    :::tip
    More Markdown.
    :::

Everything wrong is collected with its line; the text is read to the end whatever it holds. Which directives there
are, and what becomes of them, stands in `authoring/blocks`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from authoring.blocks import READABLES, SIGNATURES, Prose
from authoring.directives import Directive, Lines, each_lines, split_directives
from authoring.front_matter import FrontMatter, front_matter, plain_front_matter
from authoring.lesson import LessonText, TermUse
from authoring.problems import ContentError, Place, Problem
from authoring.read_image import Image, find_image
from authoring.read_markdown import Picture, References, heading_problems, link_references, render
from authoring.read_media import MediaFile, find_media
from authoring.read_yaml import parse_yaml, read_text, relative_name
from authoring.web_pictures import WebPictures

if TYPE_CHECKING:
    from authoring.blocks import Block

MAX_BYTES = 400_000


def read_lesson(
    path: Path, language: str, *, root: Path, course_folder: Path, pictures: WebPictures | None = None
) -> tuple[LessonText, list[Problem]]:
    """Reads one lesson file. The text is whole as far as it could be read; the problems say what could not.

    `pictures` gives the converted picture for each that the lesson shows.
    """
    file = relative_name(path, root)
    text = read_text(path, root=root, limit=MAX_BYTES)
    reader = _LessonReader(file, language, path.parent, course_folder, pictures)
    head, body, first_line = reader.split_front_matter(text)
    blocks = reader.read_body(body, first_line)
    if not blocks and not any(problem.severity == "error" for problem in reader.problems):
        reader.report("lesson.empty", first_line)
    lesson = LessonText(
        language,
        head.title,
        head.objectives,
        blocks,
        tuple({image.name: image for image in reader.images}.values()),
        file,
        tuple({found.name: found for found in reader.files}.values()),
        tuple(reader.terms),
    )
    return lesson, reader.problems


class _LessonReader:
    """Reads one lesson; what its blocks may ask for is `authoring.blocks.reading.Reading`."""

    def __init__(
        self,
        file: str,
        language: str,
        folder: Path,
        course_folder: Path,
        pictures: WebPictures | None = None,
    ) -> None:
        self.pictures = pictures
        self.file = file
        self.language = language
        self.folder = folder
        self.course_folder = course_folder
        self.problems: list[Problem] = []
        self.images: list[Image] = []
        self.files: list[MediaFile] = []
        self.terms: list[TermUse] = []
        self.references: References = {}
        self.heading_levels: list[tuple[int, Place]] = []

    def report(self, code: str, line: int, /, **params: object) -> None:
        self.problems.append(Problem(code, params, Place(self.file, line)))

    def problems_since(self) -> Callable[[], bool]:
        before = len(self.problems)
        return lambda: any(problem.severity == "error" for problem in self.problems[before:])

    # --- front matter

    def split_front_matter(self, text: str) -> tuple[FrontMatter, str, int]:
        """The front matter, the body, and the line on which the body begins."""
        lines = text.split("\n")
        nothing = FrontMatter("?")
        if lines[0].rstrip() != "---":
            self.report("lesson.front-matter-missing", 1)
            return nothing, text, 1
        end = next((i for i, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "...")), None)
        if end is None:
            self.report("lesson.front-matter-open", 1)
            return nothing, "", len(lines)
        body = "\n".join(lines[end + 1 :])
        try:
            text = "\n".join(lines[1:end])
            found = plain_front_matter(text) or front_matter(parse_yaml(text, self.file, first_line=2))
            return found, body, end + 2
        except ContentError as error:
            self.problems.extend(error.problems)
            return nothing, body, end + 2

    # --- the body

    def read_body(self, body: str, first_line: int) -> tuple[Block, ...]:
        parts = split_directives(body, first_line, SIGNATURES, self.report)
        self.references = link_references([lines.text for lines in each_lines(parts)])
        blocks = self.blocks(parts)
        # A block may read its parts in another order than they stand in.
        self.problems.extend(heading_problems(sorted(self.heading_levels, key=lambda found: found[1])))
        return blocks

    def blocks(self, parts: Sequence[Lines | Directive]) -> tuple[Block, ...]:
        return tuple(block for part in parts for block in self._block(part))

    def _block(self, part: Lines | Directive) -> Iterator[Block]:
        if isinstance(part, Lines):
            html = "" if part.blank else self.html(part)
            if html.strip():
                yield Prose(part.text, html, Place(self.file, part.first_line))
        elif readable := READABLES.get(part.name):
            if (block := readable.read(part, self)) is not None:
                yield block
        else:
            yield from self.blocks(
                part.parts
            )  # an unknown directive: reported; what it holds is still looked at

    # --- what blocks ask for

    def html(self, lines: Lines, *, inline: bool = False) -> str:
        rendered = render(
            lines.text,
            file=self.file,
            first_line=lines.first_line,
            inline=inline,
            find_picture=self._find_picture,
            find_term=self._find_term,
            references=self.references,
        )
        self.problems.extend(rendered.problems)
        self.heading_levels.extend(rendered.heading_levels)
        return rendered.html

    def heading(self, level: int, title: str, line: int) -> str:
        self.heading_levels.append((level, Place(self.file, line)))
        return self.html(Lines(line, [title]), inline=True).strip()

    def image(self, source: str, line: int) -> Image | None:
        found = self._image(source.replace("{lang}", self.language), Place(self.file, line))
        if isinstance(found, Image):
            return found
        self.problems.extend(found)
        return None

    def _image(self, source: str, place: Place) -> Image | Sequence[Problem]:
        """The picture as it goes into a package, converted where the course says so."""
        found = find_image(source, beside=self.folder, inside=self.course_folder, place=place)
        if not isinstance(found, Image):
            return found
        try:
            shown = self.pictures.picture(found) if self.pictures else found
        except ContentError as error:
            return [replace(problem, place=place) for problem in error.problems]
        self.images.append(shown)
        return shown

    def media(self, source: str, line: int, kinds: Collection[str]) -> MediaFile | None:
        place = Place(self.file, line)
        found = find_media(source, beside=self.folder, inside=self.course_folder, place=place, kinds=kinds)
        if isinstance(found, MediaFile):
            self.files.append(found)
            return found
        self.problems.extend(found)
        return None

    def _find_picture(self, source: str, place: Place) -> Picture | Sequence[Problem]:
        found = self._image(unquote(source), place)  # in Markdown a blank may be written as %20
        return Picture(found.name, found.width, found.height) if isinstance(found, Image) else found

    def _find_term(self, term: str, place: Place) -> str:
        """Where a term leads to; whether it is defined is for the course to say, which knows its glossary."""
        self.terms.append(TermUse(term, place))
        return f"#term-{term}"
