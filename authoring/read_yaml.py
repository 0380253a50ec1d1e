"""Reads YAML 1.2 as authors mean it, and remembers where every value stands.

Only the core schema's null, booleans and numbers are special: a `no` stays a word, `12:30` and
`2026-03-02` stay texts (YAML 1.2.2, section 10.3). Anchors, aliases, tags and duplicate keys are
refused; size and depth are capped. All problems that can be told in one pass are told at once.
"""

from __future__ import annotations

import difflib
import itertools
import math
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import yaml

from authoring.problems import ContentError, Place, Problem

if TYPE_CHECKING:  # whoever has a model has loaded it; a file that is read without one does not need it
    import pydantic
    from pydantic_core import ErrorDetails

MAX_BYTES = 5_000_000
MAX_DEPTH = 64
MAX_PROBLEMS = 200
"""Of one file; looking for what each of a million wrong keys may have meant takes hours."""
SECRETS = ".lms-sync"
"""The folder of keys, tokens and state within an academy; no file that authors write leads there."""

Pointer = tuple[str | int, ...]
Model = TypeVar("Model", bound="pydantic.BaseModel")

_NULL = re.compile(r"^(?:~|null|Null|NULL|)$")
_TRUE = re.compile(r"^(?:true|True|TRUE)$")
_FALSE = re.compile(r"^(?:false|False|FALSE)$")
_INT = re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$")
_FLOAT = re.compile(r"^[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")

_AFTER_COMMA = re.compile(r"^[0-9]+ ?%?$")

# What YAML 1.2 does not take even between quotes (section 5.1).
_NOT_YAML = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"

# Kinds of pydantic's errors, by the code that says in people's words what is wanted instead.
_WANTED: Mapping[str, str] = {
    **dict.fromkeys(("string", "string_sub"), "yaml.needs-text"),
    **dict.fromkeys(("int", "int_from_float", "int_parsing_size"), "yaml.needs-whole-number"),
    **dict.fromkeys(("float", "decimal", "finite_number"), "yaml.needs-number"),
    "bool": "yaml.needs-true-or-false",
    **dict.fromkeys(("list", "tuple", "set", "frozen_set", "iterable"), "yaml.needs-list"),
    **dict.fromkeys(("dict", "mapping", "model", "model_attributes", "dataclass"), "yaml.needs-map"),
    "time_delta": "yaml.needs-duration",
    **dict.fromkeys(("date", "date_from_datetime"), "yaml.needs-date"),
}

# What a validator may raise as ValueError(code): the code "yaml.<code>" has its own text.
_VALUE_CODES = frozenset(
    {"text-empty", "language-tag", "identifier", "language-code", "slug", "moment", "web-address"}
)

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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
        return found if isinstance(found, Place) else Place(self.file, *divmod(found, _COLUMNS))

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
        reader = _Reader(self._text, self.file, 1, with_spans=True)
        reader.read()
        return reader.spans


_COLUMNS = 1 << 24
"""More than a line can have: a file has at most MAX_BYTES."""


def _packed(line: int, column: int) -> int:
    return line * _COLUMNS + column


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
    real, inside = os.path.realpath(path), os.path.realpath(root).rstrip(os.sep)
    parts = real.removeprefix(inside).casefold().split(os.sep)  # noqa: PTH206 - for every lesson; a Path takes long
    if not real.startswith(inside + os.sep) or SECRETS in parts:
        raise ContentError([Problem("yaml.outside", {}, Place(file))])
    # Without waiting for somebody to write into a pipe, and without following a link made since.
    flags = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(real, os.O_RDONLY | flags)
    try:
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
    reader = _Reader(text, file, first_line)
    try:
        data = reader.read()
    except yaml.YAMLError as error:
        from authoring.yaml_syntax import syntax_problem  # late: most files are in order

        problem = syntax_problem(error, text, file, first_line)
        told = (problem.code, problem.place)  # perhaps of the value alone; here with its whole line
        reader.problems = [one for one in reader.problems if (one.code, one.place) != told] + [problem]
    except _TooDeep as stop:
        reader.report(stop.event, "yaml.too-deep", limit=MAX_DEPTH)
    if reader.problems:
        raise ContentError(reader.problems)
    return Document(data, file, reader.places, reader.sources, text)


class _TooDeep(Exception):
    def __init__(self, event: yaml.Event) -> None:
        self.event = event


class _Reader:
    """Makes plain data of the parser's events.

    Events and not PyYAML's nodes: its C composer calls itself for each level of nesting, and ends the
    process without a word where a file has some ten thousand of them.
    """

    def __init__(self, text: str, file: str, first_line: int, *, with_spans: bool = False) -> None:
        self.file = file
        self.first_line = first_line
        self.with_spans = with_spans
        self.places: dict[Pointer, int] = {}
        self.sources: dict[Pointer, str] = {}
        self.spans: dict[Pointer, tuple[int, int, str, int]] = {}
        self.problems: list[Problem] = []
        self._loader = _Loader(text)
        self._next = self._loader.get_event
        self._depth = 0

    def _at(self, event: yaml.Event) -> int:
        mark = event.start_mark
        assert mark is not None  # every event that is read from a text has one
        return (mark.line + self.first_line) * _COLUMNS + mark.column + 1

    def _place(self, event: yaml.Event) -> Place:
        return Place(self.file, *divmod(self._at(event), _COLUMNS))

    def _enter(self, event: yaml.Event) -> None:
        """One level deeper; the C parser itself would end the process at some ten thousand."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _TooDeep(event)

    def report(self, event: yaml.Event, code: str, **params: object) -> None:
        self.problems.append(Problem(code, params, self._place(event)))

    def read(self) -> object:
        """The one document of the stream."""
        try:
            return self._read()
        finally:
            self._loader.dispose()

    def _read(self) -> object:
        data: object = None
        documents = 0
        while self._loader.check_event():
            event = self._next()
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents == 2:
                    self.report(event, "yaml.second-document")
            elif isinstance(event, yaml.NodeEvent):
                value = self._value(event, () if documents == 1 else ("",))
                data = value if documents == 1 else data
        if not documents:
            self.problems.append(Problem("yaml.empty", {}, Place(self.file, self.first_line)))
        return data

    def _refuse_marks(self, event: yaml.Event) -> None:
        if getattr(event, "anchor", None) is not None:  # an alias names one as well
            self.report(event, "yaml.alias")
        if (tag := getattr(event, "tag", None)) is not None:
            self.report(event, "yaml.tag", tag=tag)

    def _stands(self, pointer: Pointer, first: yaml.Event, last: yaml.Event, key: yaml.Event | None) -> None:
        assert first.start_mark is not None
        assert last.end_mark is not None
        if isinstance(first, yaml.CollectionStartEvent):
            sign = "[" if isinstance(first, yaml.SequenceStartEvent) else "{"
            style = sign if first.flow_style else "block"
        else:
            style = str(getattr(first, "style", "") or "")
        at = key.start_mark.index if key is not None and key.start_mark is not None else -1
        self.spans[pointer] = (first.start_mark.index, last.end_mark.index, style, at)

    def _value(self, event: yaml.Event, pointer: Pointer, key: yaml.Event | None = None) -> object:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, pointer, key)
        self.places[pointer] = self._at(event)
        self._refuse_marks(event)
        if isinstance(event, yaml.AliasEvent):
            return None
        self._enter(event)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[object] = []
            while not isinstance(item := self._next(), yaml.SequenceEndEvent):
                items.append(self._value(item, (*pointer, len(items))))
            self._depth -= 1
            if self.with_spans:
                self._stands(pointer, event, item, key)
            return items
        return self._mapping(event, pointer, key)

    def _mapping(self, event: yaml.Event, pointer: Pointer, own_key: yaml.Event | None) -> dict[str, object]:
        result: dict[str, object] = {}
        lines: dict[str, int] = {}
        inside_braces = getattr(event, "flow_style", False)
        last = ""
        while not isinstance(key_event := self._next(), yaml.MappingEndEvent):
            if not isinstance(key_event, yaml.ScalarEvent):
                self.report(key_event, "yaml.key-not-text")
                self._skip(key_event)
                self._skip(self._next())
                continue
            key = str(key_event.value)
            if key_event.anchor is not None or key_event.tag is not None:
                self._refuse_marks(key_event)
            value_event = self._next()
            if inside_braces and self._comma_in_number((*pointer, last), key_event, value_event):
                continue
            last = key
            if key in lines:
                self.report(key_event, "yaml.duplicate-key", key=key, first_line=lines[key])
                self._skip(value_event)
                continue
            mark: Any = key_event.start_mark
            lines[key] = line = mark.line + self.first_line
            here = (*pointer, key)
            result[key] = self._value(value_event, here, key_event)
            # A key's own place says more than that of a block that begins on the next line.
            if not isinstance(value_event, yaml.ScalarEvent):
                self.places[here] = line * _COLUMNS + mark.column + 1
        self._depth -= 1
        if self.with_spans:
            self._stands(pointer, event, key_event, own_key)
        return result

    def _comma_in_number(self, before: Pointer, key: yaml.ScalarEvent, value: yaml.Event) -> bool:
        """Whether `{answer: 12,5}` was read as two keys; reports it as the number that was meant."""
        whole, part = self.sources.get(before, ""), str(key.value)
        alone = (
            isinstance(value, yaml.ScalarEvent) and value.value == "" and not value.style and not key.style
        )
        if not alone or not _INT.match(whole) or not _AFTER_COMMA.match(part):
            return False
        values = {"value": f"{whole},{part}", "suggestion": f"{whole}.{part}"}
        place = Place(self.file, *divmod(self.places[before], _COLUMNS))
        self.problems.append(Problem("yaml.number-comma", values, place))
        return True

    def _skip(self, event: yaml.Event) -> None:
        """Passes over a value that nobody can use."""
        depth = 0
        while True:
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if self._depth + depth > MAX_DEPTH:
                    raise _TooDeep(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth == 0:
                return
            event = self._next()

    def _scalar(self, event: yaml.ScalarEvent, pointer: Pointer, key: yaml.Event | None) -> object:
        mark: Any = event.start_mark
        self.places[pointer] = (mark.line + self.first_line) * _COLUMNS + mark.column + 1
        if event.anchor is not None or event.tag is not None:
            self._refuse_marks(event)
        value = str(event.value)
        style = event.style
        if self.with_spans:
            end: Any = event.end_mark
            at = key.start_mark.index if key is not None and key.start_mark is not None else -1
            self.spans[pointer] = (mark.index, end.index, style or "", at)
        if style or (value and value[0] not in _FIRST_OF_NO_TEXT):
            return value  # quoted or a block: text, whatever it looks like; so are most plain words
        if value.startswith(("“", "„", "”")):
            from authoring.yaml_syntax import shown_line

            self.report(event, "yaml.word-quotes", line=shown_line(value))
        if _NULL.match(value):
            self.sources[pointer] = value
            return None
        if _TRUE.match(value) or _FALSE.match(value):
            self.sources[pointer] = value
            return value[0] in "tT"
        if _INT.match(value):  # a longer row of digits is a number of a document, not a quantity
            self.sources[pointer] = value
            return int(value) if len(value.lstrip("+-")) <= 18 else value
        if _FLOAT.match(value):
            number = float(value)
            if math.isfinite(number):
                self.sources[pointer] = value
                return number
        return value


_FIRST_OF_NO_TEXT = frozenset("~nNtTfF+-.0123456789“„”")
"""How a plain scalar begins that may be something else than a text, or that was meant to be quoted."""


_STRANGE_KEY = ("extra_forbidden", "unexpected_keyword_argument")


def load_model(document: Document, model: type[Model]) -> Model:
    """Validates a document against a pydantic model; ContentError names every wrong key with its place."""
    import pydantic

    try:
        return model.model_validate(document.data)
    except pydantic.ValidationError as error:
        raise ContentError(model_problems(error, document, model)) from error


def model_problems(
    error: pydantic.ValidationError, document: Document, model: type[pydantic.BaseModel]
) -> list[Problem]:
    """The problems in a pydantic error, each at its place in the document; of very many the first and a count."""
    problems = list(itertools.islice(_each_problem(error, document, model), MAX_PROBLEMS + 1))
    if len(problems) > MAX_PROBLEMS:
        first_untold = problems.pop()
        values = {"n": error.error_count() - MAX_PROBLEMS}
        problems.append(Problem("yaml.more-problems", values, first_untold.place))
    return problems


def _each_problem(
    error: pydantic.ValidationError, document: Document, model: type[pydantic.BaseModel]
) -> Iterator[Problem]:
    items = list(_without_echoes(error.errors(include_url=False)))
    misspelt: set[Pointer] = set()  # keys that are needed and stand there with a slip: told once, as the slip
    strange = (item for item in items if item["type"] in _STRANGE_KEY)
    for item in itertools.islice(strange, MAX_PROBLEMS):
        at = _real_pointer(tuple(item["loc"]), document.data)
        near = difflib.get_close_matches(_named(at), _known_keys(model, document.data, at), n=1)
        misspelt.update((*at[:-1], one) for one in near)
    for item in items:
        pointer = _real_pointer(tuple(item["loc"]), document.data)
        place = document.place(pointer)
        key = _named(pointer) or document.file
        value = _shown(item.get("input"), whole=not pointer)
        context = item.get("ctx", {})
        match item["type"]:
            case "missing" if (
                *_real_pointer(tuple(item["loc"])[:-1], document.data),
                item["loc"][-1],
            ) in misspelt:
                pass
            case kind if kind in _STRANGE_KEY:
                known = _known_keys(model, document.data, pointer)
                similar = difflib.get_close_matches(key, known, n=1)
                if not known:
                    yield Problem("yaml.unknown-key-alone", {"key": key}, place)
                elif similar:
                    yield Problem("yaml.unknown-key-similar", {"key": key, "similar": similar[0]}, place)
                else:
                    yield Problem("yaml.unknown-key", {"key": key, "known": ", ".join(known)}, place)
            case "missing":
                missing = str(item["loc"][-1])
                yield Problem("yaml.missing-key", {"key": missing}, place)
            case "literal_error" | "enum":
                choices = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
                yield Problem("yaml.wrong-choice", {"key": key, "value": value, "choices": choices}, place)
            case "union_tag_invalid":
                choices = str(context.get("expected_tags", "")).replace("'", "")
                shown = str(context.get("tag", value))
                tag_key = str(context.get("discriminator", key)).strip("'")
                yield Problem(
                    "yaml.wrong-choice",
                    {"key": tag_key, "value": shown, "choices": choices},
                    document.place((*pointer, tag_key)),
                )
            case "union_tag_not_found":
                tag_key = str(context.get("discriminator", key)).strip("'")
                yield Problem("yaml.missing-key", {"key": tag_key}, place)
            case "value_error":
                message = str(context.get("error", item["msg"]))
                code = f"yaml.{message}"
                if message in _VALUE_CODES:
                    yield Problem(code, {"key": key, "value": value}, place)
                else:
                    yield Problem("yaml.wrong-value", {"key": key, "value": value, "reason": message}, place)
            case "greater_than" | "greater_than_equal":
                limit = context.get("ge", context.get("gt"))
                yield Problem("yaml.below-limit", {"key": key, "value": value, "limit": limit}, place)
            case "less_than" | "less_than_equal":
                limit = context.get("le", context.get("lt"))
                yield Problem("yaml.above-limit", {"key": key, "value": value, "limit": limit}, place)
            case "string_too_long":
                yield Problem("yaml.text-too-long", {"key": key, "limit": context.get("max_length")}, place)
            case "string_too_short":
                yield Problem("yaml.text-too-short", {"key": key}, place)
            case "too_short":
                yield Problem("yaml.list-too-short", {"key": key}, place)
            case code if "." in code:  # a validator's own message code, with its values
                yield Problem(code, context, place)
            case kind:
                wanted = _WANTED.get(kind.removesuffix("_type").removesuffix("_parsing"), "yaml.wrong-value")
                written = document.source(pointer) if pointer else None
                if wanted == "yaml.needs-text" and isinstance(item["input"], dict | list):
                    wanted = "yaml.needs-text-alone"
                elif wanted == "yaml.needs-text" and item["input"] is not None and written is not None:
                    value = _shown(written, whole=False)  # 1.10 and not 1.1
                if pointer and item["input"] is None:
                    wanted = "yaml.value-missing"
                yield Problem(wanted, {"key": key, "value": value}, place)


def _without_echoes(items: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Leaves out what only follows from another error: above all, what the branches of "a text, or a map of texts" say
    about a value of the other branch.
    """
    texts = {item["loc"][:-1] for item in items if item["type"] == "string_type"}
    inner = {item["loc"][:cut] for item in items for cut in range(1, len(item["loc"]))}
    for item in items:
        if item["type"] == "too_short" and item["loc"] in inner:
            continue  # what is wrong with its items is told; they were not counted for that alone
        parent, is_map = item["loc"][:-1], isinstance(item["input"], dict)
        if item["type"] == "dict_type" and not is_map and parent in texts:
            continue
        if item["type"] == "string_type" and is_map and (*parent, "dict[str,str]") in inner:
            continue
        yield item


def _named(pointer: Pointer) -> str:
    """What messages call the value at `pointer`: its key; an item of a list by that of the list and its number."""
    if pointer and isinstance(pointer[-1], int) and (of := _named(pointer[:-1])):
        return f"{of} ({pointer[-1] + 1})"
    return str(pointer[-1]) if pointer else ""


def _real_pointer(location: Pointer, data: object) -> Pointer:
    """Drops the parts of a pydantic location that name a union's branch, not a key of the data."""
    pointer: list[str | int] = []
    here: Any = data
    for step in location:
        if (isinstance(here, dict) and isinstance(step, str) and step in here) or (
            isinstance(here, list) and isinstance(step, int) and step < len(here)
        ):
            pointer.append(step)
            here = here[step]  # type: ignore[index]
    return tuple(pointer)


def _known_keys(model: type, data: object, pointer: Pointer) -> list[str]:
    """Field names of the model (or a nested one) in which an unknown key stands, as far as types tell."""
    candidates: list[type] = [model]
    here = data
    for step in pointer[:-1]:
        if isinstance(step, str):
            found: list[type] = []
            for candidate in candidates:
                own = _fields(candidate).get(step)
                if own is not None:
                    found.extend(_models_in(own[1]))
            candidates = found or candidates
        here = here[step] if isinstance(here, dict | list) else None  # type: ignore[index]
        candidates = [one for one in candidates if _may_be(one, here)] or candidates
    if isinstance(here, dict) and len(candidates) > 1:  # a union: keep the branches that fit best
        best = max(len(here.keys() & _fields(c).keys()) for c in candidates)
        candidates = [c for c in candidates if len(here.keys() & _fields(c).keys()) == best]
    return sorted({key for c in candidates for key, _ in _fields(c).values()})


@cache
def _fields(model: type) -> dict[str, tuple[str, Any]]:
    """The fields of a model or dataclass: the key in a file, and the type."""
    if is_dataclass(model):
        return {
            name: (name, of)
            for name, of in get_type_hints(model).items()
            if name in model.__dataclass_fields__
        }
    fields: Mapping[str, Any] = getattr(model, "model_fields", {})
    return {name: (info.alias or name, info.annotation) for name, info in fields.items()}


def _may_be(model: type, data: object) -> bool:
    """Whether data names this branch of a union: its discriminators have the words of the model."""
    return not isinstance(data, dict) or all(
        data[name] in get_args(of)
        for name, (_, of) in _fields(model).items()
        if name in data and get_origin(of) is Literal and isinstance(data[name], str)
    )


def _models_in(annotation: object) -> list[type]:
    if isinstance(annotation, type) and _fields(annotation):
        return [annotation]
    arguments = getattr(annotation, "__args__", ())
    return [found for argument in arguments for found in _models_in(argument)]


def _shown(value: object, *, whole: bool) -> str:
    """A value as messages show it; of a `whole` file only its form, because it may be a secret put in its place."""
    if isinstance(value, dict):
        return "{…}"
    if isinstance(value, list):
        return "[…]"
    text = "-" if value is None else str(value)
    if whole and value is not None:
        return '"…"' if isinstance(value, str) else "…"
    return text if len(text) <= 60 else text[:57] + "…"
