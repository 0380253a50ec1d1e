"""The plain data in a YAML file, by the events of its parser, with the place of every value."""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

from authoring.problems import Place, Problem
from authoring.read_yaml import COLUMNS, MAX_DEPTH, Pointer

_NULL = re.compile(r"^(?:~|null|Null|NULL|)$")
_TRUE = re.compile(r"^(?:true|True|TRUE)$")
_FALSE = re.compile(r"^(?:false|False|FALSE)$")
_INT = re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$")
_FLOAT = re.compile(r"^[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")

_AFTER_COMMA = re.compile(r"^[0-9]+ ?%?$")

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class TooDeep(Exception):
    """A value lies deeper than any file needs."""

    def __init__(self, event: yaml.Event) -> None:
        self.event = event


class Events:
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
        return (mark.line + self.first_line) * COLUMNS + mark.column + 1

    def _place(self, event: yaml.Event) -> Place:
        return Place(self.file, *divmod(self._at(event), COLUMNS))

    def _enter(self, event: yaml.Event) -> None:
        """One level deeper; the C parser itself would end the process at some ten thousand."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise TooDeep(event)

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
                self.places[here] = line * COLUMNS + mark.column + 1
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
        place = Place(self.file, *divmod(self.places[before], COLUMNS))
        self.problems.append(Problem("yaml.number-comma", values, place))
        return True

    def _skip(self, event: yaml.Event) -> None:
        """Passes over a value that nobody can use."""
        depth = 0
        while True:
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if self._depth + depth > MAX_DEPTH:
                    raise TooDeep(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth == 0:
                return
            event = self._next()

    def _scalar(self, event: yaml.ScalarEvent, pointer: Pointer, key: yaml.Event | None) -> object:
        mark: Any = event.start_mark
        self.places[pointer] = (mark.line + self.first_line) * COLUMNS + mark.column + 1
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
