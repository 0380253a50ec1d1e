"""Reads `theme/theme.yaml` of a course, else that of the academy, with its logos, fonts and templates."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from authoring.localized_parts import localized_texts
from authoring.problems import ContentError, Place, Problem, Severity
from authoring.read_image import find_image
from authoring.read_media import find_media
from authoring.read_yaml import Document, load_model, read_text, read_yaml, relative_name
from authoring.theme.read_ttf import NoFont, family_name, letters_missing
from authoring.theme.scheme import Scheme, scheme_problems
from authoring.theme.theme import (
    STACKS,
    Face,
    Logo,
    LogoRow,
    Template,
    Theme,
    alias,
    default_theme,
    finished,
    given_colours,
)

if TYPE_CHECKING:
    from authoring.theme.theme_file import ThemeFile

FOLDER = "theme"
FILE = "theme.yaml"
TEMPLATES = ("index.html", "lesson.html", "glossary.html")
"""The templates of the player that an author can replace."""

MAX_LOGOS = 120_000
"""Bytes of all logos from which on it is said that phones wait for them."""

LETTERS = {"sq": "ëçËÇ", "ro": "ăâîșțĂÂÎȘȚ"}
"""Letters without which a language cannot be written, and which many fonts lack."""

_IN_A_THEME = {
    "outside": "theme.file-outside",
    "path": "theme.file-outside",
    "missing": "theme.file-missing",
}
_FOLDERS = (("theme",), ("courses",), ("programmes",))
_LOGO_KINDS = (".png", ".svg")
_MAX_TEMPLATE = 100_000


def read_theme(
    course: Path,
    *,
    root: Path,
    languages: Sequence[str],
    severity: Severity = "error",
    manual: bool = False,
) -> tuple[Theme, list[Problem]]:
    """The theme of the course in the folder `course`, and what is wrong with it; the finished one where it names none.

    `languages` are those in which logos need words, `severity` is that of missing ones; with `manual`, the colours
    are judged on white paper, too. Raises ContentError where the file has not the form of a theme.
    """
    problems = list(_misplaced(course, root))
    folder = next(
        (one for one in (course / FOLDER, root / FOLDER) if (one / FILE).is_file()),
        None,
    )
    if folder is None:
        return default_theme(), problems
    from authoring.theme.theme_file import ThemeFile  # late: most courses have no theme of their own

    document = read_yaml(folder / FILE, root=root)
    file = load_model(document, ThemeFile)
    problems.extend(_untranslated(file, document, languages, severity))
    reader = _Reader(file, document, folder, root, problems, languages)
    theme = replace(
        finished(file), partners=reader.partners(), faces=reader.faces(), templates=reader.templates()
    )
    problems.extend(_contrasts(file, document, manual=manual))
    problems.extend(_fonts(file, document, theme))
    if manual:
        problems.extend(_not_printed(file, document, theme))
    sources = (folder / FILE, *theme.files.values(), *(face.path for face in theme.faces))
    return replace(theme, sources=sources), problems


def _misplaced(course: Path, root: Path) -> Iterator[Problem]:
    """A theme.yaml where nothing reads it."""
    for folder in (course, root):
        if (path := folder / FILE).is_file():
            yield Problem("theme.misplaced", {"folder": FOLDER}, Place(relative_name(path, root)))


def _untranslated(
    file: ThemeFile, document: Document, languages: Sequence[str], severity: Severity
) -> Iterator[Problem]:
    for pointer, words in localized_texts(file):
        for language in words.missing(languages):
            values = {"key": str(pointer[-1]), "language": language}
            yield Problem("course.text-not-translated", values, document.place(pointer), severity)


def _contrasts(file: ThemeFile, document: Document, *, manual: bool) -> Iterator[Problem]:
    def place(scheme: Scheme, name: str) -> Place:
        return document.place(("colours", scheme, name))

    if file.colours.light.own() or file.colours.dark.own():
        yield from scheme_problems(given_colours(file), place, manual=manual)


def _fonts(file: ThemeFile, document: Document, theme: Theme) -> Iterator[Problem]:
    known = [*STACKS, *(one.family for one in file.fonts.families)]
    for key in ("text", "headings"):
        name = getattr(file.fonts, key)
        if name is not None and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            values = {"name": name[:60], "known": ", ".join(near or known)}
            yield Problem("theme.unknown-font", values, document.place(("fonts", key)))
    for index, family in enumerate(file.fonts.families):
        at = document.place(("fonts", "families", index))
        if family.family in known[: len(STACKS) + index]:
            yield Problem("theme.font-twice", {"name": family.family}, at)
        if family.family not in (file.fonts.text, file.fonts.headings):
            yield Problem("theme.font-unused", {"name": family.family}, at, "warning")
    size = sum(face.path.stat().st_size for face in theme.faces if face.shipped)
    if size > file.fonts.budget_kb * 1000:
        values = {"size": f"{size / 1000:.0f} kB", "limit": f"{file.fonts.budget_kb} kB"}
        yield Problem("theme.fonts-heavy", values, document.place(("fonts", "families")))


def _not_printed(file: ThemeFile, document: Document, theme: Theme) -> Iterator[Problem]:
    printed = {face.family for face in theme.faces if face.printed}
    for index, family in enumerate(file.fonts.families):
        if family.family not in printed and theme.faces:
            place = document.place(("fonts", "families", index))
            yield Problem("theme.font-not-in-manual", {"name": family.family}, place, "warning")


class _Reader:
    """The files that a theme names; what is wrong with them goes to `problems`."""

    def __init__(
        self,
        file: ThemeFile,
        document: Document,
        folder: Path,
        root: Path,
        problems: list[Problem],
        languages: Sequence[str],
    ) -> None:
        self.file = file
        self.document = document
        self.folder = folder
        self.root = root
        self.problems = problems
        self.languages = languages
        self.names: dict[str, Path] = {}

    def partners(self) -> tuple[LogoRow, ...]:
        """The rows of logos."""
        rows = []
        for number, row in enumerate(self.file.partners):
            logos = []
            for index, entry in enumerate(row.logos):
                place = self.document.place(("partners", number, "logos", index, "file"))
                if self._elsewhere(entry.file, place):
                    continue
                found = find_image(entry.file, beside=self.folder, inside=self.root, place=place)
                if isinstance(found, list):
                    self._report(found, entry.file)
                elif found.path.suffix.lower() not in _LOGO_KINDS:
                    values = {"image": entry.file, "kinds": ", ".join(_LOGO_KINDS)}
                    self.problems.append(Problem("image.kind", values, place))
                elif not found.width or not found.height:
                    self.problems.append(Problem("theme.logo-size", {"image": entry.file}, place))
                else:
                    name = self._name(found.path)
                    logos.append(Logo(found.path, name, entry.alt, found.width, found.height))
            rows.append(LogoRow(row.label, tuple(logos)))
        size = sum({logo.path: logo.path.stat().st_size for row in rows for logo in row.logos}.values())
        if size > MAX_LOGOS:
            values = {"size": f"{size / 1000:.0f} kB", "limit": f"{MAX_LOGOS / 1000:.0f} kB"}
            place = self.document.place(("partners",))
            self.problems.append(Problem("theme.logos-heavy", values, place, "warning"))
        return tuple(row for row in rows if row.logos)

    def faces(self) -> tuple[Face, ...]:
        """The font files of all families."""
        faces: list[Face] = []
        for number, family in enumerate(self.file.fonts.families):
            for index, entry in enumerate(family.files):
                place = self.document.place(("fonts", "families", number, "files", index, "file"))
                if self._elsewhere(entry.file, place):
                    continue
                found = find_media(
                    entry.file, beside=self.folder, inside=self.root, place=place, kinds=("font",)
                )
                if isinstance(found, list):
                    self._report(found, entry.file)
                    continue
                ending = found.path.suffix.lower()
                try:
                    printed = family_name(found.path) if ending == ".ttf" else ""
                    if printed:
                        self._letters(found.path, entry.file, place)
                except NoFont:
                    values = {"file": entry.file, "kind": ending[1:].upper()}
                    self.problems.append(Problem("media.not-its-kind", values, place))
                    continue
                name, weight = f"{FOLDER}/f{len(faces)}{ending}", entry.weight.replace("..", " ")
                faces.append(
                    Face(family.family, printed, alias(number), found.path, name, weight, entry.style)
                )
        small = {face.family for face in faces if not face.printed}
        return tuple(replace(face, shipped=not face.printed or face.family not in small) for face in faces)

    def templates(self) -> dict[str, Template]:
        """The author's own templates by the name of what they replace."""
        found: dict[str, Template] = {}
        folder = self.folder / "templates"
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            file = relative_name(path, self.root)
            if path.name in TEMPLATES:
                try:
                    found[path.name] = Template(file, read_text(path, root=self.root, limit=_MAX_TEMPLATE))
                except ContentError as error:
                    self.problems.extend(error.problems)
            elif not path.name.startswith(".") and not path.name.endswith("~"):  # what editors leave
                values = {"file": path.name, "known": ", ".join(TEMPLATES)}
                self.problems.append(Problem("theme.template-unknown", values, Place(file)))
        return found

    def _letters(self, path: Path, file: str, place: Place) -> None:
        for language in self.languages:
            if missing := letters_missing(path, LETTERS.get(language.partition("-")[0], "")):
                values = {"file": file, "language": language, "letters": " ".join(missing)}
                self.problems.append(Problem("theme.font-letters", values, place, "warning"))

    def _elsewhere(self, name: str, place: Place) -> bool:
        """Whether a file lies where a build does not look for changes; says so."""
        path, root = (self.folder / name).resolve(), self.root.resolve()
        if path.is_relative_to(root) and path.relative_to(root).parts[:1] in _FOLDERS:
            return False
        self.problems.append(Problem("theme.file-outside", {"file": name}, place))
        return True

    def _report(self, found: list[Problem], name: str) -> None:
        """What is wrong with a file, in words that fit a theme."""
        for one in found:
            code = _IN_A_THEME.get(one.code.partition(".")[2])
            self.problems.append(replace(one, code=code, params={"file": name}) if code else one)

    def _name(self, path: Path) -> str:
        """What a package calls a file: its own name where every platform agrees on it, and once."""
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", path.stem).strip("-").lower()
        ending = path.suffix.lower()
        digest = hashlib.sha256(relative_name(path, self.root).encode()).hexdigest()[:8]
        name = f"{stem or digest}{ending}"
        if self.names.setdefault(name, path) != path:
            name = f"{stem}-{digest}{ending}"
        return f"{FOLDER}/{name}"
