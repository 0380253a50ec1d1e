"""Changes single values of a YAML file as text: comments, order, quoting and everything else stay as they are.

The places come from the reader, so that what is patched is what was read. After a patch the text is read
again: it must hold exactly the changed data, or nothing is changed.
"""

from __future__ import annotations

import copy
import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from authoring.problems import ContentError, LmsSyncError
from authoring.read_yaml import Document, Pointer, Span, parse_yaml

Scalar = str | int | float | bool


@dataclass(frozen=True)
class Items:
    """A list anew: of each item its number in the list as it was, or a value that is new."""

    items: tuple[int | Scalar | Mapping[str, Value], ...]


Value = Scalar | Mapping[str, "Value"] | Items | None
"""What can be written; None takes the key away, and a map that is left with nothing."""

_WIDTH = 100
_BARE = re.compile(
    r"[A-Za-z0-9 %]+|[A-Za-z0-9-]+|\d{4}-\d\d-\d\d \d\d:\d\d"
)  # needs no quotes, if it reads so
_BREAKS = re.compile("[\x7f\x85\u2028\u2029\ufeff]")  # YAML 1.1 readers take some of these for line ends


class CannotPatch(LmsSyncError):
    """A value cannot be changed in place."""


def patch_yaml(text: str, file: str, changes: Mapping[Pointer, Value]) -> str:
    """The text of a YAML file with the values at the given places changed, and not one character more.

    `text` has "\\n" as line end, as the reader takes it. A value that is not there yet is put behind a neighbour
    that stands on one line. Lists are changed first: other places are those of the list as it is then. Raises
    CannotPatch, and ContentError where the text is no YAML before.
    """
    for pointer, value in changes.items():
        if isinstance(value, Items):
            text = _list_patched(text, file, pointer, value)
    plain = {one: value for one, value in changes.items() if not isinstance(value, Items | None)}
    text = _values_patched(text, file, plain)
    for pointer, value in changes.items():
        if value is None:
            text = _without(text, file, pointer)
    return text


def _values_patched(text: str, file: str, changes: Mapping[Pointer, Value]) -> str:
    document = parse_yaml(text, file)
    wanted = copy.deepcopy(document.data)
    edits: list[tuple[int, int, str]] = []
    for pointer, value in _with_parents(document.data, changes).items():
        span = document.span(pointer)
        if span is None or span.start == span.end:
            edits.append(_insertion(text, document, pointer, value, span))
        else:
            value = _as_it_ended(document.data, pointer, value, span)
            edits.append((span.start, span.end, _replacement(text, document, pointer, value, span)))
        _put(wanted, pointer, value)
    return _checked(text, file, edits, wanted)


def _checked(text: str, file: str, edits: Sequence[tuple[int, int, str]], wanted: object) -> str:
    patched = text
    for start, end, new in sorted(edits, reverse=True):
        patched = patched[:start] + new + patched[end:]
    try:
        found = parse_yaml(patched, file).data
    except ContentError as error:
        raise CannotPatch("patch.not-possible", file=file) from error
    if found != wanted:
        raise CannotPatch("patch.not-possible", file=file)
    return patched


def patch_bytes(content: bytes, file: str, changes: Mapping[Pointer, Value]) -> bytes:
    """The same for the bytes of a file: a byte order mark and the line ends of every line stay."""
    raw = content.decode("utf-8-sig")
    mark = content[: len(content) - len(raw.encode("utf-8"))]
    text = raw.replace("\r\n", "\n").replace("\r", "\n")
    patched = patch_yaml(text, file, changes)
    if text == raw:
        return mark + patched.encode("utf-8")
    newline = "\r\n" if "\r\n" in raw else "\r"
    before, after = _common_ends(text, patched)
    head = _raw_length(raw, before)
    tail = len(raw) - _raw_length(raw, len(text) - after)
    middle = patched[before : len(patched) - after].replace("\n", newline)
    return mark + (raw[:head] + middle + raw[len(raw) - tail :]).encode("utf-8")


def _common_ends(one: str, other: str) -> tuple[int, int]:
    """How many characters two texts share at the beginning, and then at the end."""
    most = min(len(one), len(other))
    head = next((i for i in range(most) if one[i] != other[i]), most)
    most -= head
    tail = next((i for i in range(most) if one[-1 - i] != other[-1 - i]), most)
    return head, tail


def _raw_length(raw: str, length: int) -> int:
    """How far `length` characters reach where a line end may be two."""
    at = 0
    for _ in range(length):
        at += 2 if raw.startswith("\r\n", at) else 1
    return at


def _with_parents(data: object, changes: Mapping[Pointer, Value]) -> dict[Pointer, Value]:
    """The changes, those below a mapping that is not there yet gathered into it."""
    result: dict[Pointer, Value] = {}
    for pointer, value in changes.items():
        at, inner = pointer, value
        while len(at) > 1 and not isinstance(_get(data, at[:-1]), Mapping | list):
            inner = {str(at[-1]): inner}
            at = at[:-1]
        known = result.get(at)
        if isinstance(known, Mapping) and isinstance(inner, Mapping):
            inner = {**known, **inner}
        result[at] = inner
    return result


def _get(data: object, pointer: Pointer) -> object:
    here: Any = data
    for step in pointer:
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            return None
    return here


def _put(data: object, pointer: Pointer, value: Value) -> None:
    here: Any = data
    for step in pointer[:-1]:
        here = here[step]
    here[pointer[-1]] = _plain(value)


def _plain(value: Value) -> object:
    """The value as reading gives it back."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value.items] if isinstance(value, Items) else value


def _as_it_ended(data: object, pointer: Pointer, value: Value, span: Span) -> Value:
    """A text in a block ends with a line end or not as its header says, not as the new text does."""
    old = _get(data, pointer)
    if span.style not in ("|", ">") or not isinstance(value, str) or not isinstance(old, str):
        return value
    return value.rstrip("\n") + old[len(old.rstrip("\n")) :]


# --- a value that is there ------------------------------------------------------------------------


def _replacement(text: str, document: Document, pointer: Pointer, value: Value, span: Span) -> str:
    flow = _in_flow(document, pointer)
    if span.style in ("|", ">") and isinstance(value, str):
        block = _block(text[span.start : span.end], span.style, value)
        if block is not None:
            return block
    new = _flow(value) if isinstance(value, Mapping | Items | None) else _scalar(value, span.style, flow=flow)
    if span.style in ("|", ">", "block"):  # these end with the line, and so must what takes their place
        old = text[span.start : span.end]
        new += old[len(old.rstrip("\n")) :]
    return new


def _in_flow(document: Document, pointer: Pointer) -> bool:
    parents = (document.span(pointer[:length]) for length in range(len(pointer)))
    return any(span is not None and span.style in ("{", "[") for span in parents)


def _scalar(value: Scalar, style: str, *, flow: bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if style == "" and _reads_as(value, value, flow=flow):
        return value
    single = "'" + value.replace("'", "''") + "'"
    if style == "'" and _reads_as(single, value, flow=flow):
        return single
    quoted = json.dumps(value, ensure_ascii=False)
    return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def _reads_as(written: str, value: str, *, flow: bool) -> bool:
    """Whether a text in one line means exactly this value where it is to stand."""
    if "\n" in written:
        return False
    try:
        data = parse_yaml(f"{{k: {written}, l: 1}}\n" if flow else f"k: {written} # c\nl: 1\n", "").data
    except ContentError:
        return False
    return data == {"k": value, "l": 1}


def _flow_mapping(value: Mapping[str, Value]) -> str:
    parts = []
    for key, one in value.items():
        name = key if _reads_as(key, key, flow=True) else json.dumps(key, ensure_ascii=False)
        parts.append(f"{name}: {_flow(one)}")
    return "{" + ", ".join(parts) + "}"


def _flow(value: Value) -> str:
    """A value on one line inside braces or brackets: texts in quotes, words and settings without."""
    if isinstance(value, Mapping):
        return _flow_mapping(value)
    if isinstance(value, Items):
        return _flow_list(value)
    assert value is not None
    bare = not isinstance(value, str) or _BARE.fullmatch(value)
    return _scalar(value, "" if bare else '"', flow=True)


def _flow_list(value: Items) -> str:
    return "[" + ", ".join(_flow(one) for one in value.items) + "]"


def _block(old: str, style: str, value: str) -> str | None:
    """A block in lines with its own header and indentation; None where the text cannot stand in one."""
    header, _, body = old.partition("\n")
    first = next((line for line in body.split("\n") if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" "))]
    lines = value.rstrip("\n").split("\n")
    if not indent or not lines[0].strip() or _BREAKS.search(value) or "\r" in value:
        return None
    if any(line != line.strip(" ") or "\t" in line for line in lines) and (
        style == ">" or lines[0].startswith((" ", "\t"))
    ):
        return None
    if style == ">":
        lines = _folded(lines, _WIDTH - len(indent))
    tail = old[len(old.rstrip("\n")) :]
    return "\n".join([header, *(indent + line if line else "" for line in lines)]) + tail


def _folded(lines: Sequence[str], width: int) -> list[str]:
    """Lines of a folded block: one line end reads as a blank, so that each real one is written twice."""
    written: list[str] = []
    for number, line in enumerate(lines):
        if number and lines[number - 1]:
            written.append("")
        if line:
            written.extend(textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False))
        elif number:
            written.append("")
    return written


# --- a value that is not there yet ----------------------------------------------------------------


def _insertion(
    text: str, document: Document, pointer: Pointer, value: Value, empty: Span | None
) -> tuple[int, int, str]:
    flow_parent = document.span(pointer[:-1])
    if isinstance(value, str):
        written = _scalar(value, "" if _BARE.fullmatch(value) else '"', flow=_in_flow(document, pointer))
    else:
        written = _flow(value)
    if empty is not None:  # the key is there, and nothing behind it
        return empty.start, empty.end, f" {written}" if text[empty.start - 1] == ":" else written
    parent = _get(document.data, pointer[:-1])
    if flow_parent is None or not isinstance(parent, Mapping):
        raise CannotPatch("patch.not-possible", file=document.file)
    entry = f"{pointer[-1]}: {written}"
    children = [document.span((*pointer[:-1], key)) for key in parent]
    if flow_parent.style == "{":
        if not children:
            return flow_parent.start, flow_parent.end, "{" + entry + "}"
        end = max(child.end for child in children if child is not None)
        return end, end, f", {entry}"
    for child in reversed(
        [one for one in children if one is not None and one.style not in ("|", ">", "block")]
    ):
        line_start = text.rfind("\n", 0, child.key) + 1
        line_end = text.find("\n", child.end)
        line_end = len(text) if line_end < 0 else line_end
        if "\n" in text[child.key : child.end]:
            continue
        indent = " " * (child.key - line_start)
        return line_end, line_end, f"\n{indent}{entry}"
    raise CannotPatch("patch.not-possible", file=document.file)


# --- a list, item by item -------------------------------------------------------------------------


def _list_patched(text: str, file: str, pointer: Pointer, value: Items) -> str:
    """The list with its items in another order, without some, or with new ones; each keeps its own text."""
    document = parse_yaml(text, file)
    old, span = _get(document.data, pointer), document.span(pointer)
    if not isinstance(old, list) or not old or span is None:
        new = Items(tuple(one for one in value.items if not isinstance(one, int)))
        if (isinstance(old, list) and old) or len(new.items) != len(value.items):
            raise CannotPatch("patch.not-possible", file=file)
        return _values_patched(text, file, {pointer: new})
    wanted = copy.deepcopy(document.data)
    _put(wanted, pointer, None)
    _hold(wanted, pointer, [old[one] if isinstance(one, int) else _plain(one) for one in value.items])
    children = [document.span((*pointer, number)) for number in range(len(old))]
    spans = [child for child in children if child is not None]
    if len(spans) != len(old) or not value.items:
        raise CannotPatch("patch.not-possible", file=file)
    flow = span.style == "["
    edit = (_flow_items if flow else _block_items)(text, file, span, spans, value)
    return _checked(text, file, [edit], wanted)


def _hold(data: object, pointer: Pointer, found: object) -> None:
    here: Any = data
    for step in pointer[:-1]:
        here = here[step]
    here[pointer[-1]] = found


def _flow_items(
    text: str, file: str, span: Span, children: Sequence[Span], value: Items
) -> tuple[int, int, str]:
    gaps = [text[one.end : other.start] for one, other in pairwise(children)]
    head, tail = text[span.start : children[0].start], text[children[-1].end : span.end]
    if any("#" in gap for gap in (*gaps, head, tail)):
        raise CannotPatch("patch.not-possible", file=file)  # nobody knows to which item a comment belongs
    written = [
        text[children[one].start : children[one].end] if isinstance(one, int) else _flow(one)
        for one in value.items
    ]
    gaps += [gaps[-1] if gaps else ", "] * len(written)
    middle = "".join(one + gap for one, gap in zip(written, gaps, strict=False))
    return span.start, span.end, head + middle[: len(middle) - len(gaps[len(written) - 1])] + tail


def _block_items(
    text: str, file: str, _span: Span, children: Sequence[Span], value: Items
) -> tuple[int, int, str]:
    starts: list[int] = []
    indent = ""
    for child in children:
        start = text.rfind("\n", 0, child.start) + 1
        indent = text[start : child.start]
        if indent.strip() != "-":
            raise CannotPatch("patch.not-possible", file=file)
        before = starts[-1] if starts else 0
        while (above := text.rfind("\n", 0, max(start - 1, 0)) + 1) > before and above < start:
            line = text[above:start]  # a comment in lines of its own belongs to the item below it
            if not line.strip().startswith("#"):
                break
            start = above
        starts.append(start)
    end = _line_end(text, starts[-1], children[-1].end)
    blocks = [text[one:other] for one, other in zip(starts, [*starts[1:], end], strict=True)]
    written = [blocks[one] if isinstance(one, int) else f"{indent}{_flow(one)}\n" for one in value.items]
    whole = "".join(one if one.endswith("\n") else one + "\n" for one in written)
    return starts[0], end, whole if text[starts[0] : end].endswith("\n") else whole[:-1]


def _line_end(text: str, start: int, end: int) -> int:
    """Where the last line of a value ends; empty lines and comments in lines of their own behind it are not of it."""
    lines = text[start:end].splitlines(keepends=True)
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].strip().startswith("#")):
        lines.pop()
    found = text.find("\n", start + len("".join(lines).rstrip("\n")))
    return len(text) if found < 0 else found + 1


# --- a key that is taken away ---------------------------------------------------------------------


def _without(text: str, file: str, pointer: Pointer) -> str:
    """The text without a key, and without the maps around it that held nothing else."""
    document = parse_yaml(text, file)
    parent = _get(document.data, pointer[:-1])
    if not isinstance(parent, Mapping) or pointer[-1] not in parent:
        return text
    while len(pointer) > 1 and len(parent) == 1 and isinstance(_get(document.data, pointer[:-2]), Mapping):
        pointer = pointer[:-1]
        parent = _get(document.data, pointer[:-1])
        assert isinstance(parent, Mapping)
    wanted = copy.deepcopy(document.data)
    here = _get(wanted, pointer[:-1])
    assert isinstance(here, dict)
    del here[pointer[-1]]
    keys = list(parent)
    spans = [document.span((*pointer[:-1], key)) for key in keys]
    place = keys.index(pointer[-1])
    span, outer = spans[place], document.span(pointer[:-1])
    if span is None or outer is None:
        raise CannotPatch("patch.not-possible", file=file)
    if outer.style == "{":
        behind = spans[place + 1] if place + 1 < len(spans) else None
        before = spans[place - 1] if place else None
        if behind is not None:
            start, end = span.key, behind.key
        else:
            start, end = before.end if before is not None else span.key, span.end
        if "#" in text[start : span.key] or "#" in text[span.end : end]:
            raise CannotPatch("patch.not-possible", file=file)
    else:
        start = text.rfind("\n", 0, span.key) + 1
        end = _line_end(text, start, span.end)
        if text[start : span.key].strip():  # it stands behind the dash of a list, which must stay
            raise CannotPatch("patch.not-possible", file=file)
    return _checked(text, file, [(start, end, "")], wanted)
