"""Reads the lessons of a course, each only when it, or a file that it shows, has changed since it was last read."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from authoring.blocks import Check, Kept, LawReference, Option
from authoring.build_cache import BuildCache, Stamp, Written, settled, stamp, written
from authoring.in_parallel import Begun
from authoring.lesson import Citation, LessonText, TermUse
from authoring.plain_values import from_plain, plain_problem, problem_of, to_plain
from authoring.problems import ContentError, Place, Problem
from authoring.read_image import Image
from authoring.read_lesson import read_lesson
from authoring.read_media import MediaFile
from authoring.read_yaml import relative_name
from authoring.web_pictures import WebPictures

if TYPE_CHECKING:
    from authoring.blocks import Block

_KIND = "lesson"
_WORTH_A_PROCESS = 60
"""Lessons; reading so many takes several times as long as it takes to begin another process."""
_CLASSES = {
    one.__name__: one
    for one in (Check, Citation, Image, Kept, LawReference, MediaFile, Option, Place, TermUse)
}
_FACTS = tuple(one.name for one in fields(LessonText) if one.name not in ("blocks", "made"))
_ASKED_FOR = ("citations", "kept")
"""Properties of a text that every build asks for, without the text itself being shown."""

Make = Callable[[str, LessonText], object]
"""Makes something of a lesson, by its id and one of its texts, in the process that has read it; must pickle."""

_OF_THE_TEXT = ("lesson.", "markdown.")
"""Beginnings of the codes of what is wrong with a text alone; anything else may change with another file."""


class KnownLessonText(LessonText):
    """A text of which all is known but its blocks; these are read when they are asked for.

    Known by an earlier build, or by the process that has read it.
    """

    def __init__(self, values: Mapping[str, Any], checks: str, path: Path) -> None:
        self.__dict__.update(
            values, _checks=checks, _path=path
        )  # not super().__init__: it would want the blocks

    def by(self, reader: LessonReader) -> KnownLessonText:
        """The same, now that it is known who reads the blocks."""
        self.__dict__["_reader"] = reader
        return self

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """Its knowledge checks in reading order; only who compares languages asks for them."""
        plain = json.loads(self.__dict__["_checks"])
        checks: tuple[Check, ...] = from_plain(plain, self.__dict__["_reader"].base, _CLASSES)
        return checks

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks in the order of the text."""
        if "_blocks" not in self.__dict__:
            fresh, _ = self.__dict__["_reader"].read_anew(self.__dict__["_path"], self.language)
            self.__dict__["_blocks"] = fresh.blocks
        blocks: tuple[Block, ...] = self.__dict__["_blocks"]
        return blocks


@dataclass(frozen=True)
class _Read:
    """A lesson that was read; `facts` for the cache: None for nothing, False where it has them."""

    text: LessonText
    problems: list[Problem]
    facts: Written | Literal[False] | None = False


@dataclass(frozen=True)
class _Failed:
    problems: tuple[Problem, ...]


class LessonReader:
    """Reads lessons of one course; without a cache all of them, every time."""

    def __init__(
        self,
        root: Path,
        course_folder: Path,
        cache: BuildCache | None = None,
        pictures: WebPictures | None = None,
        make: Make | None = None,
    ) -> None:
        self.root = root
        self.pictures = pictures
        self.make = make
        self.course_folder = course_folder
        self.base = Path(os.path.realpath(course_folder))
        self.cache = cache
        self._ahead: dict[str, _Read | _Failed] = {}  # by the names of the files
        self._begun: Begun[tuple[Path, str], _Read | _Failed] | None = None
        self._stamps: dict[str, Stamp | None] = {}

    @property
    def rules(self) -> str:
        """By which pictures are made smaller."""
        return repr(self.pictures.rules) if self.pictures else ""

    def read(self, path: Path, language: str) -> tuple[LessonText, list[Problem]]:
        """The text of a lesson file and what is wrong with it, as `read_lesson` gives it. Raises ContentError."""
        read = self._ahead.pop(os.fspath(path), None) or self._kept(path) or self._read(path, language)
        if isinstance(read, _Failed):
            raise ContentError(read.problems)
        if read.facts is not False and self.cache is not None:
            self.cache.put(_KIND, relative_name(path, self.root), read.facts)
        return read.text, read.problems

    def has(self, path: Path) -> bool:
        """Whether this file was read ahead, so that it is there."""
        return os.fspath(path) in self._ahead

    def begin(self, wanted: Iterable[tuple[Path, str]], by: Callable[[], LessonReader]) -> None:
        """Other processes begin with what no earlier build knows of these, each with the reader that `by` gives it.

        `read_ahead` goes on with it; who leaves the reader before ends them.
        """
        unknown: list[tuple[Path, str]] = []
        for path, language in wanted:
            if (known := self._kept(path)) is not None:
                self._ahead[os.fspath(path)] = known
            elif path.is_file():
                unknown.append((path, language))
        self._begun = Begun(lambda one: by()._read(*one), unknown, least=_WORTH_A_PROCESS)  # noqa: SLF001 - its own class

    def read_ahead(self, wanted: Iterable[tuple[Path, str]]) -> None:
        """Reads several lessons that will be asked for, by all processors; those with which they have begun, or `wanted`."""
        if self._begun is None:
            self.begin(wanted, lambda: self)
        assert self._begun is not None
        with self._begun as begun:
            results = begun.finish(lambda one: self._read(*one))
        self._ahead.update(zip((os.fspath(path) for path, _ in begun.things), results, strict=True))
        for one in results:
            if isinstance(one, _Read) and isinstance(one.text, KnownLessonText):
                one.text.by(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        if self._begun is not None:
            self._begun.__exit__(*ended)

    def _read(self, path: Path, language: str) -> _Read | _Failed:
        before = stamp(path)
        try:
            text, problems = self.read_anew(path, language)
        except ContentError as error:
            return _Failed(error.problems)
        if self.cache is None:
            return _Read(text, problems)
        facts = self._facts(text, problems, before, path)
        if facts is None:
            return _Read(text, problems, None)
        object.__setattr__(text, "digest", facts["facts"]["digest"])  # nobody else has the text yet
        return _Read(self._made(text, facts, path) if self.make else text, problems, written(facts))

    def _made(self, text: LessonText, facts: dict[str, Any], path: Path) -> KnownLessonText:
        """The text without its blocks, of which has been made what was wanted: another process hands it over as it is."""
        assert self.make is not None
        values = {name: getattr(text, name) for name in (*_FACTS, *_ASKED_FOR)}
        values["made"] = self.make(path.parent.name, text)
        return KnownLessonText(values, facts["derived"]["checks"], path)

    def _kept(self, path: Path) -> _Read | None:
        """What an earlier build found out, where it still holds."""
        if self.cache is None:
            return None
        name = relative_name(path, self.root)
        kept, now = self.cache.get(_KIND, name), stamp(path)
        if kept is None or now is None:
            return None
        try:
            return self._known(kept, now, path, name)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            return None

    def read_anew(self, path: Path, language: str) -> tuple[LessonText, list[Problem]]:
        """The same from the file itself."""
        return read_lesson(
            path, language, root=self.root, course_folder=self.course_folder, pictures=self.pictures
        )

    def _known(self, kept: Any, now: Stamp, path: Path, name: str) -> _Read | None:
        assert self.cache is not None
        if (
            kept["rules"] != self.rules
            or tuple(kept["stamp"]) != now
            or any(self._stamp(file) != tuple(one) for file, one in kept["files"].items())
        ):
            return None
        values, problems = self.cache.understood(_KIND, name, self._understood)
        return _Read(KnownLessonText(dict(values), kept["derived"]["checks"], path).by(self), list(problems))

    def _understood(self, kept: Any) -> tuple[dict[str, Any], tuple[Problem, ...]]:
        """The values of a text and its problems as they were before they were kept; all of them cannot change."""
        plain = {**kept["facts"], **{name: kept["derived"][name] for name in _ASKED_FOR}}
        values = {name: from_plain(value, self.base, _CLASSES) for name, value in plain.items()}
        return values, tuple(problem_of(one) for one in kept["problems"])

    def _stamp(self, name: str) -> Stamp | None:
        """The stamp of a picture or recording, looked at once for all lessons that show it."""
        if name not in self._stamps:
            self._stamps[name] = stamp(self.base / name)
        return self._stamps[name]

    def _facts(
        self, text: LessonText, problems: Sequence[Problem], before: Stamp | None, path: Path
    ) -> dict[str, Any] | None:
        """What can be kept of a text: nothing where it has errors, or where a file is so new that it may still change."""
        paths: set[str] = set()
        try:
            facts = {name: to_plain(getattr(text, name), self.base, paths) for name in _FACTS}
            derived: dict[str, Any] = {
                name: to_plain(getattr(text, name), self.base, paths) for name in _ASKED_FOR
            }
            # A text within the text: no build of one language unpacks it.
            derived["checks"] = json.dumps(to_plain(text.checks, self.base, paths), ensure_ascii=False)
        except TypeError:
            return None
        files = {name: self._stamp(name) for name in sorted(paths)}
        if any(one is None or not settled(one) for one in (before, *files.values())) or stamp(path) != before:
            return None
        if any(one.severity == "error" or not one.code.startswith(_OF_THE_TEXT) for one in problems):
            return None
        read_from = f"{text.file} {before} {sorted(files.items())} {self.rules}"
        facts["digest"] = hashlib.sha256(read_from.encode()).hexdigest()
        return {
            "stamp": before,
            "rules": self.rules,
            "files": files,
            "facts": facts,
            "derived": derived,
            "problems": [plain_problem(one) for one in problems],
        }
