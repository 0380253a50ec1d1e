"""The quiz files of an academy: read by all processors where there is much to read, and not at all where a build has read them.

What a build found out about a file without mistakes is kept (`authoring.build_cache`): how many questions it holds, what is to
be said of it, which bank was written. The quizzes themselves are read when somebody asks for them, which `check` and
`build` do not where nothing has changed. With and without all that, the problems and banks are the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from authoring.build_cache import BuildCache, Stamp, settled, stamp
from authoring.in_parallel import in_parallel
from authoring.plain_values import plain_problem, problem_of
from authoring.problems import ContentError, Place, Problem
from authoring.read_yaml import SECRETS, relative_name
from lms_sync.write_files import CannotWrite, refuse_links, write_whole

if TYPE_CHECKING:
    from quizzes import QuestionBank, Quiz

_KIND, _BANK = "quiz", "bank"
_WORTH_A_PROCESS = 150_000
"""Bytes of quiz files, 0.1 s of work: from twice as many on a second process saves more than it costs."""


@dataclass(frozen=True)
class QuizFile:
    """A quiz file that has no mistake: how many questions the quizzes that it makes hold, by slug, and its warnings.

    `pre` is the slug of the quiz before the course that it makes as well, or nothing. `digest` is a hash of all that it
    was read from; empty where that is not known.
    """

    path: Path
    questions: Mapping[str, int]
    pre: str
    warnings: tuple[Problem, ...]
    digest: str = ""


Wanted = Literal["nothing", "banks", "quizzes"]
"""What is to be done with files that are right: a check wants nothing, a build their banks in all languages, a plan the quizzes.

What is not wanted is not held in memory, nor handed over by the process that has it. It can still be asked for.
"""


@dataclass(frozen=True)
class _Read:
    """A file as it was read, its quizzes or the files of their banks, by slug, and what a cache can keep of it."""

    file: QuizFile
    kept: dict[str, Any] | None
    quizzes: Mapping[str, Quiz] = field(default_factory=dict)
    banks: Mapping[str, Path] = field(default_factory=dict)


class QuizFiles(Mapping[str, "Quiz"]):
    """The quizzes of an academy by slug; one whose file was not read yet is read when it is asked for.

    `problems` is all that is wrong, file by file, and `warnings` what is to be said of files without mistakes; `banks` are
    files of those that were made while reading, to be moved to where they belong: a hundred thousand questions do not
    stay in memory. Asking for a quiz raises ContentError where its file has been spoiled meanwhile.
    """

    def __init__(self, root: Path, cache: BuildCache | None = None, wanted: Wanted = "quizzes") -> None:
        self.root = root
        self.cache = cache
        self.wanted = wanted
        self.banks: dict[str, Path] = {}
        self._aside: tempfile.TemporaryDirectory[str] | None = None
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._files: dict[str, QuizFile] = {}
        self._quizzes: dict[str, Quiz] = {}

    def __getitem__(self, slug: str) -> Quiz:
        if slug not in self._quizzes:
            found = _read(self._files[slug].path, self.root, "quizzes")
            if isinstance(found, list):
                raise ContentError(found)
            self._quizzes.update(found.quizzes)
        return self._quizzes[slug]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def file(self, slug: str) -> QuizFile:
        """The file that makes a quiz."""
        return self._files[slug]

    def read(self) -> QuizFiles:
        """Reads all files that are there, or takes over what a build knows of them."""
        paths = sorted((self.root / "quizzes").glob("*.yaml"))
        known = {path: kept for path in paths if (kept := self._kept(path)) is not None}
        unknown = [path for path in paths if path not in known]
        size = sum(one[0] for path in unknown if (one := stamp(path)) is not None)
        aside = self._folder_aside() if unknown and self.wanted == "banks" else None
        results = in_parallel(
            lambda path: _read(path, self.root, self.wanted, aside),
            unknown,
            least=_fewest(len(unknown), size),
        )
        anew = dict(zip(unknown, results, strict=True))
        stems = {path.stem for path in paths}
        for path in paths:
            if path in known:
                file = known[path]
            else:
                found = anew[path]
                if isinstance(found, list):
                    self.problems.extend(found)
                    continue
                file = found.file
                self._quizzes.update(found.quizzes)
                self.banks.update(found.banks)
                if self.cache is not None:
                    self.cache.put(_KIND, path.stem, found.kept)
            if file.pre and (file.pre in stems or file.pre in self._files):
                place = Place(relative_name(path, self.root), 1)
                self.problems.append(Problem("academy.pair-has-file", {"quiz": file.pre}, place))
            self._files |= dict.fromkeys(file.questions, file)
            self.warnings.extend(file.warnings)
        if self.problems:
            self.tidy()
        return self

    def _folder_aside(self) -> Path | None:
        """A folder for banks until all files are known to be right; `tidy` takes it away. None where there can be none."""
        state = self.root / SECRETS
        with contextlib.suppress(OSError, CannotWrite):
            refuse_links(state / "aside", below=self.root)
            state.mkdir(mode=0o700, exist_ok=True)
            self._aside = tempfile.TemporaryDirectory(prefix="banks-", dir=state)
        return Path(self._aside.name) if self._aside is not None else None

    def tidy(self) -> None:
        """Takes away the files of banks that nobody has put anywhere."""
        self.banks.clear()
        if self._aside is not None:
            self._aside.cleanup()
            self._aside = None

    def _kept(self, path: Path) -> QuizFile | None:
        """What a build found out of a file, where it still holds."""
        kept = self.cache.get(_KIND, path.stem) if self.cache is not None else None
        if kept is None:
            return None
        try:
            if any(stamp(self.root / name) != tuple(one) for name, one in kept["read"].items()):
                return None
            warnings = tuple(problem_of(one) for one in kept["warnings"])
            return QuizFile(path, kept["questions"], kept["pre"], warnings, kept["digest"])
        except (KeyError, TypeError, ValueError, AttributeError):
            return None


def _read(path: Path, root: Path, wanted: Wanted, aside: Path | None = None) -> _Read | list[Problem]:
    """Reads one file; all that is wrong where it has a mistake. Banks are written into the folder `aside`."""
    from quizzes import forms, read_quiz

    before = stamp(path)
    try:
        quiz = read_quiz(path, root=root)
    except ContentError as error:
        return list(error.problems)
    made = forms(quiz)
    quizzes = {path.stem: made["post"]}
    pre = quiz.pair.pre if quiz.pair is not None else ""
    if pre:
        quizzes[pre] = made["pre"]
    questions = {slug: len(one.questions) for slug, one in quizzes.items()}
    kept = _facts(quiz, path, root, before)
    if kept is not None:
        kept |= {"questions": questions, "pre": pre}
    file = QuizFile(path, questions, pre, quiz.warnings, kept["digest"] if kept else "")
    banks: dict[str, Path] = {}
    if aside is not None:
        with contextlib.suppress(ContentError):  # told when the bank is asked for
            banks = {slug: _bank_aside(slug, one, aside) for slug, one in quizzes.items()}
    return _Read(file, kept, quizzes if wanted == "quizzes" else {}, banks)


def _bank_aside(slug: str, quiz: Quiz, folder: Path) -> Path:
    """The file of a quiz's bank."""
    from quizzes import build_bank

    path = folder / slug
    write_whole(path, build_bank(quiz).xml)
    return path


def _facts(quiz: Quiz, path: Path, root: Path, before: Stamp | None) -> dict[str, Any] | None:
    """What a cache can keep of a file; nothing where it, or a file that it names, is so new that it may still change."""
    stamps = {one: stamp(one) for one in quiz.texts.used} | {path: before}
    if stamp(path) != before or any(one is None or not settled(one) for one in stamps.values()):
        return None
    read = {os.path.relpath(one, root): found for one, found in sorted(stamps.items())}
    return {
        "read": read,
        "warnings": [plain_problem(one) for one in quiz.warnings],
        "digest": hashlib.sha256(repr(read).encode()).hexdigest(),
    }


def _fewest(count: int, size: int) -> int:
    """How many of `count` files, of `size` bytes together, are worth a process."""
    return max(1, -(-count * _WORTH_A_PROCESS // max(size, 1)))


class Banks(Mapping[str, "QuestionBank"]):
    """The question banks of quizzes by slug; each is made when it is asked for, or ahead by all processors."""

    def __init__(self, quizzes: QuizFiles, *, multilang: bool = True) -> None:
        self.quizzes = quizzes
        self.multilang = multilang
        self._made: dict[str, QuestionBank] = {}

    def __getitem__(self, slug: str) -> QuestionBank:
        if slug not in self._made:
            self._made[slug] = self._make(slug)
        return self._made[slug]

    def __iter__(self) -> Iterator[str]:
        return iter(self.quizzes)

    def __len__(self) -> int:
        return len(self.quizzes)

    def _make(self, slug: str) -> QuestionBank:
        from quizzes import build_bank

        return build_bank(self.quizzes[slug], multilang=self.multilang)

    def file(self, slug: str) -> Path | None:
        """The file of a bank that was made while the quizzes were read."""
        return self.quizzes.banks.get(slug) if self.multilang else None

    def make_ahead(self, wanted: Collection[str]) -> None:
        """Makes those of several that are not made yet. Raises ContentError."""
        slugs = sorted(slug for slug in set(wanted) - self._made.keys() if self.file(slug) is None)
        questions = sum(self.quizzes.file(slug).questions[slug] for slug in slugs)
        size = questions * _BYTES_OF_A_QUESTION
        banks = in_parallel(self._make, slugs, least=_fewest(len(slugs), size))
        self._made.update(zip(slugs, banks, strict=True))


_BYTES_OF_A_QUESTION = 300
"""A bank takes about a third of the time that reading its file did."""


class BanksOnDisk:
    """Which banks still lie on the disk as a build has written them."""

    def __init__(self, cache: BuildCache | None) -> None:
        self.cache = cache

    def has(self, slug: str, digest: str, path: Path) -> bool:
        """Whether the bank of a quiz that was read from what `digest` names lies at `path`."""
        kept = self.cache.get(_BANK, slug) if self.cache is not None and digest else None
        return kept is not None and kept == _kept_bank(digest, stamp(path))

    def put(self, slug: str, digest: str, path: Path) -> None:
        """Remembers a bank that was written."""
        if self.cache is not None:
            found = stamp(path)
            self.cache.put(_BANK, slug, _kept_bank(digest, found) if digest and found else None)


def _kept_bank(digest: str, written: Stamp | None) -> list[Any]:
    return [digest, *(written or ())]


class UsedQuizzes(Mapping[str, "tuple[Quiz, QuestionBank]"]):
    """The quizzes that a course uses, each with its bank; both are made when they are asked for."""

    def __init__(self, slugs: Collection[str], banks: Banks) -> None:
        self.slugs = tuple(dict.fromkeys(slugs))
        self.banks = banks

    def __getitem__(self, slug: str) -> tuple[Quiz, QuestionBank]:
        if slug not in self.slugs:
            raise KeyError(slug)
        return self.banks.quizzes[slug], self.banks[slug]

    def __iter__(self) -> Iterator[str]:
        return iter(self.slugs)

    def __len__(self) -> int:
        return len(self.slugs)
