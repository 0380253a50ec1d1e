"""Questions as the text of a quiz file, the way people write it; and changed questions in a file that is there.

What is written is read again before it is given back: it must say exactly the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from authoring.patch_yaml import CannotPatch, Items, Value, patch_yaml
from authoring.problems import ContentError
from authoring.read_yaml import Pointer, parse_yaml

WIDTH = 110
INDENT = "  "

_PLAIN = re.compile(r"[^\W\d_][^\n:#,\[\]{}\"'`&*!|>%@\\\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff]*")
_NO_TEXT = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n", "~"))
_BREAKS = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_BLOCK = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\t]*")


def quiz_text(head: Mapping[str, Any], questions: Iterable[Mapping[str, Any]]) -> str:
    """A whole quiz file: `head` is everything but the questions. Raises CannotPatch where it would read otherwise."""
    found = [dict(one) for one in questions]
    lines = [line for key, value in head.items() for line in _entry(key, value, "")]
    lines.append("questions:" if found else "questions: []")
    for number, question in enumerate(found):
        if number:
            lines.append("")
        lines += _item(question, INDENT)
    text = "\n".join(lines) + "\n"
    try:
        read = parse_yaml(text, "").data
    except ContentError as error:
        raise CannotPatch("patch.not-possible", file="") from error
    if read != {**head, "questions": found}:
        raise CannotPatch("patch.not-possible", file="")
    return text


def plain_yaml(data: Mapping[str, Any]) -> str:
    """Plain data as a YAML file, the way people write it. Raises CannotPatch where it would read otherwise."""
    lines: list[str] = []
    for key, value in data.items():
        if lines and isinstance(value, list):
            lines.append("")
        lines += _entry(key, value, "")
    text = "\n".join(lines) + "\n"
    try:
        read = parse_yaml(text, "").data
    except ContentError as error:
        raise CannotPatch("patch.not-possible", file="") from error
    if read != data:
        raise CannotPatch("patch.not-possible", file="")
    return text


def with_questions(text: str, file: str, changed: Mapping[str, Mapping[str, Any]]) -> str:
    """The text of a quiz file with questions changed and added, by their ids; all else stays, comments too.

    Of a question that is there only the values that differ are written. Raises CannotPatch.
    """
    data = parse_yaml(text, file).data
    old = data.get("questions") if isinstance(data, dict) else None
    if not isinstance(old, list):
        raise CannotPatch("patch.not-possible", file=file)
    places = {str(one.get("id")): number for number, one in enumerate(old) if isinstance(one, dict)}
    changes: dict[Pointer, Value] = {}
    for name, question in changed.items():
        if name in places:
            number = places[name]
            changes |= dict(_differences(old[number], question, ("questions", number), file))
    if changes:
        text = patch_yaml(text, file, changes)
    added = [question for name, question in changed.items() if name not in places]
    return _appended(text, file, added) if added else text


def _differences(old: Any, new: Mapping[str, Any], at: Pointer, file: str) -> Iterable[tuple[Pointer, Value]]:
    """What to write so that `old` becomes `new`; the type of a question cannot be changed in place."""
    if not isinstance(old, dict) or old.get("type") != new.get("type"):
        raise CannotPatch("patch.not-possible", file=file)
    yield from _map_differences(old, new, at)


def _map_differences(
    old: Mapping[str, Any], new: Mapping[str, Any], at: Pointer
) -> Iterable[tuple[Pointer, Value]]:
    for key, value in new.items():
        before = old.get(key)
        if before == value or (key in old and str(before) == str(value)):
            continue
        if isinstance(before, dict) and isinstance(value, dict) and key not in ("blanks", "gaps", "items"):
            yield from _map_differences(before, value, (*at, key))
        elif isinstance(before, list) and isinstance(value, list):
            yield from _list_differences(before, value, (*at, key))
        else:
            yield (*at, key), as_value(value)
    for key in old:
        if key not in new and key not in ("id", "ignore", "form"):
            yield (*at, key), None


def _list_differences(old: list[Any], new: list[Any], at: Pointer) -> Iterable[tuple[Pointer, Value]]:
    """Items that are as before keep their own text; where the number is the same, changed ones are changed inside."""
    if len(old) == len(new) and all(
        isinstance(one, dict) and isinstance(other, dict) for one, other in zip(old, new, strict=True)
    ):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            if set(one) >= {"text"} or not isinstance(other, dict) or one != other:
                yield from _map_differences(one, other, (*at, number))
        return
    left = list(range(len(old)))
    items: list[Any] = []
    for value in new:
        same = next((number for number in left if old[number] == value), None)
        if same is None:
            items.append(as_value(value))
        else:
            left.remove(same)
            items.append(same if old else value)
    if any(isinstance(one, bool) or one is None for one in items):
        return
    yield at, Items(tuple(items))


def as_value(value: Any) -> Value:
    """Plain data as what `patch_yaml` writes."""
    if isinstance(value, Mapping):
        return {str(key): as_value(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return Items(tuple(cast("Any", as_value(one)) for one in value))
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def _appended(text: str, file: str, questions: Sequence[Mapping[str, Any]]) -> str:
    """The text with questions at the end of the list, which must be the last block of the file."""
    document = parse_yaml(text, file)
    data = document.data
    assert isinstance(data, dict)
    old = data["questions"]
    span = document.span(("questions",))
    if (
        span is None
        or span.style not in ("block", "[")
        or list(data)[-1] != "questions"
        or (span.style == "[" and old)
    ):
        raise CannotPatch("patch.not-possible", file=file)
    if not old:
        lines = text[: span.start].rstrip().split("\n")
        body = "\n".join(line for one in questions for line in _item(one, INDENT))
        patched = "\n".join(lines) + "\n" + body + "\n"
    else:
        first = document.span(("questions", 0))
        assert first is not None
        indent = text[text.rfind("\n", 0, first.start) + 1 : first.start].split("-", maxsplit=1)[0]
        parts = [text.rstrip("\n")]
        for one in questions:
            parts += ["", *_item(one, indent)]
        patched = "\n".join(parts) + "\n"
    wanted = {**data, "questions": [*old, *(dict(one) for one in questions)]}
    try:
        found = parse_yaml(patched, file).data
    except ContentError as error:
        raise CannotPatch("patch.not-possible", file=file) from error
    if found != wanted:
        raise CannotPatch("patch.not-possible", file=file)
    return patched


# --- writing anew ---------------------------------------------------------------------------------


def _item(question: Mapping[str, Any], indent: str) -> list[str]:
    lines = [line for key, value in question.items() for line in _entry(key, value, indent + INDENT)]
    lines[0] = f"{indent}- {lines[0].lstrip()}"
    return lines


def _entry(key: str, value: Any, indent: str) -> list[str]:
    name = key if _KEY.fullmatch(key) and key.lower() not in _NO_TEXT else json.dumps(key, ensure_ascii=False)
    return _under(f"{indent}{name}:", value, indent)


def _under(start: str, value: Any, indent: str) -> list[str]:
    """A value behind its key: on the same line where it fits, else in lines of its own."""
    if isinstance(value, str) and "\n" in value and (block := _as_block(value, indent + INDENT)):
        return [f"{start} {block[0]}", *block[1:]]
    flow = _flow(value)
    if not isinstance(value, dict | list) or not value or (len(start) + len(flow) < WIDTH and _simple(value)):
        return [f"{start} {flow}"]
    if isinstance(value, dict):
        return [
            start,
            *(line for key, one in value.items() for line in _entry(str(key), one, indent + INDENT)),
        ]
    lines = [start]
    for one in value:
        flow = _flow(one)
        if len(indent) + 4 + len(flow) < WIDTH and _simple(one):
            lines.append(f"{indent}{INDENT}- {flow}")
        elif isinstance(one, dict):
            lines += _item(one, indent + INDENT)
        else:
            lines += _under(f"{indent}{INDENT}-", one, indent + INDENT)
    return lines


def _simple(value: Any) -> bool:
    """Whether a value reads well on one line: no line breaks, no lists of maps."""
    if isinstance(value, dict):
        return all(_simple(one) for one in value.values())
    if isinstance(value, list):
        return all(
            not isinstance(one, dict | list) or (isinstance(one, list) and len(value) < 9) for one in value
        )
    return not (isinstance(value, str) and "\n" in value)


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        parts = (
            f"{_flow(str(key)) if not _KEY.fullmatch(str(key)) else key}: {_flow(one)}"
            for key, one in value.items()
        )
        return "{" + ", ".join(parts) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, int | float):
        return str(value)
    if (
        _PLAIN.fullmatch(value)
        and value.lower() not in _NO_TEXT
        and value == value.strip()
        and " #" not in value
    ):
        if value.endswith(("?", "-")) or " ?" in value:
            return json.dumps(value, ensure_ascii=False)
        return str(value)
    quoted = json.dumps(value, ensure_ascii=False)
    return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def _as_block(value: str, indent: str) -> list[str] | None:
    """A text of several lines as a literal block, or None where it could not be read back."""
    lines = value.rstrip("\n").split("\n")
    ends = len(value) - len(value.rstrip("\n"))
    if ends > 1 or not lines[0].strip() or lines[0].startswith(" ") or not _BLOCK.fullmatch(value):
        return None
    if any(line != line.rstrip() or (line and not line.strip()) for line in lines):
        return None
    return ["|" if ends else "|-", *(indent + line if line else "" for line in lines)]
