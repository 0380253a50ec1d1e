"""Course → manual: what each part says is collected here, how it looks stands in `design.typ`."""

from __future__ import annotations

import json
import shutil
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from authoring.blocks.block import Printed
from authoring.course import Course
from authoring.lesson import LawReference, Lesson
from authoring.problems import LmsSyncError
from authoring.read_markdown import render
from authoring.theme import Face, LogoRow, Theme
from course_packages.lesson_html import citation
from course_packages.manual.alphabet import initial, letters
from course_packages.manual.html_tree import Node, html_tree
from course_packages.words import words_in

HERE = Path(__file__).parent


class NotPrinted(LmsSyncError):
    """A manual could not be set."""


@dataclass(frozen=True)
class PartnerLogo:
    """A partner on the title page; without a logo its short name stands there."""

    name: str
    short: str
    role: str
    logo: Path | None = None


@dataclass(frozen=True)
class Front:
    """What a programme adds to the manual of its course."""

    programme: str = ""
    partners: tuple[PartnerLogo, ...] = ()
    disclaimer: str = ""


@dataclass(frozen=True)
class Manual:
    """A manual as set; `accessible` says that it is declared as PDF/UA-1, which the engine has checked."""

    pdf: bytes
    accessible: bool


def manual_pdf(course: Course, language: str, front: Front | None = None) -> Manual:
    """The manual in one language. The same course gives the same bytes. Raises NotPrinted."""
    import typst  # its library is loaded only where something is printed

    collected = _Collected(course, language)
    data = collected.data(front or Front())
    with tempfile.TemporaryDirectory(prefix="lms-sync-") as name:
        root = Path(name)
        shutil.copyfile(HERE / "design.typ", root / "design.typ")
        (root / "pictures").mkdir()
        for picture, source in collected.pictures.items():
            shutil.copyfile(source, root / "pictures" / picture)
        (root / "data.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        main = root / "main.typ"
        main.write_text('#import "/design.typ": manual\n#manual(json("/data.json"))\n', encoding="utf-8")
        fonts = root / "fonts"
        fonts.mkdir()
        for face in printable(course.theme):
            shutil.copyfile(face.path, fonts / Path(face.name).name)
        compiler = typst.Compiler(root=name, ignore_system_fonts=True, font_paths=[str(fonts)])
        try:
            made = compiler.compile(input=str(main), format="pdf", pdf_standards=["ua-1"], timestamp=0)
            accessible = True
        except typst.TypstError:
            # Tagged all the same; only the claim is left out where the engine finds that it does not hold.
            accessible = False
            try:
                made = compiler.compile(input=str(main), format="pdf", timestamp=0)
            except typst.TypstError as error:
                reason = str(error.message)[:300]
                raise NotPrinted(
                    "manual.not-set", course=course.slug, language=language, reason=reason
                ) from error
    assert isinstance(made, bytes)
    return Manual(made, accessible)


def printable(theme: Theme) -> list[Face]:
    """The font files that the engine reads."""
    return [face for face in theme.faces if face.printed]


def _printed_with(theme: Theme, row: str) -> list[str]:
    """The family that a row of fonts begins with, where it can be printed."""
    return list({face.printed: None for face in printable(theme) if row.startswith(f"{face.alias},")})


@cache
def _all_words() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads((HERE / "words.toml").read_text(encoding="utf-8"))


def _words(language: str) -> dict[str, str]:
    every = _all_words()
    own = every.get(language) or every.get(language.partition("-")[0]) or every["en"]
    return {**words_in(language), **own}


@dataclass
class _Collected:
    """Everything that a manual says, and the pictures that it shows."""

    course: Course
    language: str
    pictures: dict[str, Path] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    laws: dict[str, None] = field(default_factory=dict)
    terms: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.words = _words(self.language)
        self.images = {image.name: image.path for image in self.course.images}
        self.glossary = self.course.glossary.in_language(self.language, self.course.languages.default)

    def data(self, front: Front) -> dict[str, Any]:
        """All of it, as the design takes it."""
        course, language = self.course, self.language
        shown = [lesson for lesson in course.lessons if language in lesson.texts]
        lessons = [self.lesson(number, lesson) for number, lesson in enumerate(shown, 1)]
        summary = course.summary.in_language(language, course.languages.default) if course.summary else ""
        glossary = [{"term": one.term, "of": self.nodes(one.html)} for one in self.glossary]
        return {
            "language": language,
            "words": self.words,
            "title": course.title.in_language(language, course.languages.default),
            "summary": [node for node in self.nodes(render(summary, file="").html) if isinstance(node, dict)],
            "owner": course.owner.name.in_language(language, course.languages.default)
            if course.owner
            else "",
            "contact": course.owner.contact if course.owner else "",
            "license": course.license,
            "version": course.version,
            "programme": front.programme,
            "partners": [self.partner(one) for one in front.partners],
            "rows": [self.row(row) for row in course.theme.partners],
            "look": {
                "colours": course.theme.light,
                "text": _printed_with(course.theme, course.theme.text),
                "headings": _printed_with(course.theme, course.theme.headings),
            },
            "disclaimer": front.disclaimer,
            "lessons": lessons,
            "glossary": glossary,
            "laws": sorted(self.laws, key=lambda word: letters(word, language)),
            "index": self.index(),
        }

    def partner(self, one: PartnerLogo) -> dict[str, str]:
        """A partner; the logo by its name in the folder of the document."""
        return {"name": one.name, "short": one.short, "file": self.file(one.logo) if one.logo else ""}

    def row(self, row: LogoRow) -> dict[str, Any]:
        """A row of the theme's partners."""
        language, default = self.language, self.course.languages.default
        names = [(logo, logo.alt.in_language(language, default)) for logo in row.logos]
        return {
            "label": row.label.in_language(language, default) if row.label else "",
            "logos": [{"name": name, "short": name, "file": self.file(logo.path)} for logo, name in names],
        }

    def lesson(self, number: int, lesson: Lesson) -> dict[str, Any]:
        """A lesson: its parts as they stand on paper, and the answers for the end of the book."""
        text = lesson.texts[self.language]
        numbered = _Numbered(self, f"{number}")
        parts = numbered.parts([printed for block in text.blocks for printed in block.on_paper()])
        return {
            "number": number,
            "title": text.title,
            "minutes": lesson.minutes or 0,
            "objectives": list(text.objectives),
            "parts": parts,
            "answers": numbered.answers,
        }

    def index(self) -> list[dict[str, Any]]:
        """The words of the index under their letters."""
        groups: dict[str, list[str]] = {}
        for word in sorted(self.terms, key=lambda word: letters(word, self.language)):
            groups.setdefault(initial(word, self.language), []).append(word)
        return [{"letter": letter, "words": words} for letter, words in groups.items()]

    def nodes(self, html: str) -> list[Node]:
        """Some HTML as a tree."""
        return html_tree(html, self.picture, self.term) if html else []

    def picture(self, address: str) -> str:
        path = self.images.get(address)
        return self.file(path) if path else ""

    def file(self, path: Path) -> str:
        """The name of a file in the folder of the document: nothing of its own but the ending."""
        key = str(path)
        if key not in self.sources:
            self.sources[key] = f"{len(self.sources)}{path.suffix.lower()}"
            self.pictures[self.sources[key]] = path
        return self.sources[key]

    def term(self, address: str) -> str | None:
        """The word of the glossary that a link leads to; it comes into the index."""
        name = address.rpartition("term-")[2].rpartition(":")[2].lstrip("#")
        word = next((one.term for one in self.glossary if one.id == name), None)
        if word:
            self.terms[word] = None
        return word

    def law(self, law: LawReference) -> dict[str, Any]:
        """A citation; its act comes into the list of laws."""
        act = citation(LawReference(law.act, date=law.date), words_in(self.language), self.language)
        self.laws[act] = None
        cited = citation(law, words_in(self.language), self.language)
        return {"act": act, "cited": cited, "checked": law.checked}


class _Numbered:
    """Gives questions their numbers, and takes their answers out of the lesson."""

    def __init__(self, collected: _Collected, lesson: str) -> None:
        self.collected = collected
        self.lesson = lesson
        self.answers: list[dict[str, Any]] = []

    def parts(self, printed: Iterable[Printed]) -> list[dict[str, Any]]:
        """Parts for the design, without the solutions; what a solution follows bears its number."""
        found: list[dict[str, Any]] = []
        for one in printed:
            if one.style == "solution":
                number = f"{self.lesson}.{len(self.answers) + 1}"
                if found and not found[-1]["number"]:
                    found[-1]["number"] = number
                self.answers.append({**self.part(one), "number": number})
            else:
                found.append(self.part(one))
        return found

    def part(self, one: Printed) -> dict[str, Any]:
        collected = self.collected
        return {
            "style": one.style,
            "label": collected.words.get(one.label, one.label),
            "kind": one.label,
            "number": "",
            "title": collected.nodes(one.title),
            "of": collected.nodes(one.html),
            "items": [collected.nodes(item) for item in one.items],
            "parts": self.parts(one.parts),
            "lines": one.lines,
            "law": collected.law(one.law) if one.law else None,
        }
