"""Reads YAML 1.2 as authors mean it, and remembers where every value stands.

Only the core schema's null, booleans and numbers are special: a `no` stays a word, `12:30` and
`2026-03-02` stay texts (YAML 1.2.2, section 10.3). Anchors, aliases, tags and duplicate keys are
refused; size and depth are capped. All problems that can be told in one pass are told at once.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from authoring.problems import ContentError, Place, Problem

if TYPE_CHECKING:  # whoever has a model has loaded it; a file that is read without one does not need it
    import pydantic

MAX_BYTES = 5_000_000
MAX_DEPTH = 64
SECRETS = ".lms-sync"
"""The folder of keys, tokens and state within an academy; no file that authors write leads there."""

Pointer = tuple[str | int, ...]
Model = TypeVar("Model", bound="pydantic.BaseModel")

# What YAML 1.2 does not take even between quotes (section 5.1).
_NOT_YAML = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


@dataclass(frozen=True)
class Span:
    """Where a value stands in the text, in characters; `style` is its quote or block sign, "" plain, "{" or "["
    for a flow collection, "block" for one in lines. `key` is where its key begins, -1 in a list.
    """

    start: int
    end: int
    style: str
    key: int = -1


@dataclass(frozen=True)
class Document:
    """A YAML file as plain data, with the place of every key and value.

    A place is line and column in `file`, for a hundred thousand of them in one number each (`_packed`); whoever reads a quiz
    from a workbook gives whole places, since a cell is no line. `_sources` are the scalars that are no text.
    """

    data: object
    file: str
    _places: Mapping[Pointer, int | Place] = field(default_factory=dict, repr=False)
    _sources: Mapping[Pointer, str] = field(default_factory=dict, repr=False)
    _text: str | None = field(default=None, repr=False)

    def place(self, pointer: Pointer) -> Place:
        """The place of the value at `pointer`, else of its nearest parent."""
        while pointer:
            if pointer in self._places:
                break
            pointer = pointer[:-1]
        found = self._places.get(pointer, _packed(1, 1))
        return found if isinstance(found, Place) else Place(self.file, *divmod(found, COLUMNS))

    def source(self, pointer: Pointer) -> str | None:
        """A scalar exactly as it was written (`1.10`, `no`), or None for anything else."""
        found = self._sources.get(pointer)
        if found is not None or self._text is None:
            return found
        value: Any = self.data
        for part in pointer:
            if not isinstance(value, dict | list):
                return None
            try:
                value = value[part]  # type: ignore[index]
            except (KeyError, IndexError, TypeError):
                return None
        return value if isinstance(value, str) else None

    def span(self, pointer: Pointer) -> Span | None:
        """Where exactly the value at `pointer` stands in the text that was parsed, or None."""
        found = self._spans.get(pointer)
        return Span(*found) if found is not None else None

    @cached_property
    def _spans(self) -> Mapping[Pointer, tuple[int, int, str, int]]:
        """Found when somebody asks: only who changes a file needs them."""
        if self._text is None:
            return {}
        from authoring.yaml_events import Events

        reader = Events(self._text, self.file, 1, with_spans=True)
        reader.read()
        return reader.spans


COLUMNS = 1 << 24
"""More than a line can have: a file has at most MAX_BYTES."""


def _packed(line: int, column: int) -> int:
    return line * COLUMNS + column


def _size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB"


def relative_name(path: Path, root: Path) -> str:
    """The name of a file as messages show it: relative to `root` where it lies inside, with '/'."""
    written, folder = os.fspath(path), os.fspath(root).rstrip(os.sep) + os.sep
    if written.startswith(folder) and os.pardir not in written:
        return written[len(folder) :].replace(os.sep, "/")
    real, inside = os.path.realpath(path), os.path.realpath(root)
    if real.startswith(inside.rstrip(os.sep) + os.sep):
        return real[len(inside.rstrip(os.sep)) + 1 :].replace(os.sep, "/")
    return "." if real == inside else path.as_posix()


def read_text(path: Path, *, root: Path, limit: int = MAX_BYTES) -> str:
    """The text of a UTF-8 file without byte order mark, line ends as "\\n".

    Raises ContentError where it leads out of `root` or to the secrets, is no regular file, cannot be opened,
    is larger than `limit` bytes or is not UTF-8.
    """
    file = relative_name(path, root)
    try:
        raw, size = _bytes_inside(path, root, limit, file)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ContentError([Problem("yaml.not-readable", {"reason": reason}, Place(file))]) from error
    if len(raw) > limit:
        values = {"size": _size(max(size, len(raw))), "limit": _size(limit)}
        raise ContentError([Problem("yaml.too-large", values, Place(file))])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        problem = Problem("yaml.not-utf8", {"offset": error.start}, Place(file, line))
        raise ContentError([problem]) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _bytes_inside(path: Path, root: Path, limit: int, file: str) -> tuple[bytes, int]:
    """At most limit + 1 bytes, and the size that the disk tells."""
    if not os.path.isfile(path):  # noqa: PTH113 - for every lesson; a Path takes long
        _refuse_outside(os.path.realpath(path), root, file)
        path.stat()  # raises what is wrong, where it is not there
        raise ContentError([Problem("yaml.not-a-file", {}, Place(file))])
    # Without waiting for somebody to write into a pipe that has taken its place since.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        _refuse_outside(_where(handle, path), root, file)
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise ContentError([Problem("yaml.not-a-file", {}, Place(file))])
        # No more than there is: Python makes room for all that it is asked for. What tells no size may have some.
        wanted = min(limit, status.st_size or limit) + 1
        read: list[bytes] = []
        while wanted and (piece := os.read(handle, wanted)):
            read.append(piece)
            wanted -= len(piece)
        return b"".join(read), status.st_size
    finally:
        os.close(handle)


def _where(handle: int, path: Path) -> str:
    """The real place of an open file: Linux knows it, elsewhere each folder on the way is asked whether it is a link."""
    try:
        return os.readlink(f"/proc/self/fd/{handle}")  # noqa: PTH115 - as above
    except OSError:
        return os.path.realpath(path)


def _refuse_outside(real: str, root: Path, file: str) -> None:
    inside = os.path.realpath(root).rstrip(os.sep)
    parts = real.removeprefix(inside).casefold().split(os.sep)  # noqa: PTH206 - as above
    if not real.startswith(inside + os.sep) or SECRETS in parts:
        raise ContentError([Problem("yaml.outside", {}, Place(file))])


def read_yaml(path: Path, *, root: Path) -> Document:
    """Reads one YAML file below `root`; raises ContentError with every problem found."""
    return parse_yaml(read_text(path, root=root), relative_name(path, root))


def parse_yaml(text: str, file: str, *, first_line: int = 1) -> Document:
    """Parses YAML text. `first_line` is the line of `file` on which the text begins (front matter)."""
    # What can be printed is YAML: that settles nearly every text, and the expression takes long to compile.
    if not text.replace("\n", "").isprintable() and (strange := re.search(_NOT_YAML, text)):
        line = text.count("\n", 0, strange.start())
        column = strange.start() - (text.rfind("\n", 0, strange.start()) + 1)
        place = Place(file, line + first_line, column + 1)
        raise ContentError([Problem("yaml.control-character", {"code": f"U+{ord(strange[0]):04X}"}, place)])
    import yaml  # late: a build after which only lessons have changed has none to read

    from authoring.yaml_events import Events, TooDeep

    reader = Events(text, file, first_line)
    try:
        data = reader.read()
    except yaml.YAMLError as error:
        from authoring.yaml_syntax import syntax_problem  # late: most files are in order

        problem = syntax_problem(error, text, file, first_line)
        told = (problem.code, problem.place)  # perhaps of the value alone; here with its whole line
        reader.problems = [one for one in reader.problems if (one.code, one.place) != told] + [problem]
    except TooDeep as stop:
        reader.report(stop.event, "yaml.too-deep", limit=MAX_DEPTH)
    if reader.problems:
        raise ContentError(reader.problems)
    return Document(data, file, reader.places, reader.sources, text)


def load_model(document: Document, model: type[Model]) -> Model:
    """Validates a document against a pydantic model; ContentError names every wrong key with its place."""
    import pydantic

    try:
        return model.model_validate(document.data)
    except pydantic.ValidationError as error:
        from authoring.model_problems import model_problems  # late: most files are in order

        raise ContentError(model_problems(error, document, model)) from error
