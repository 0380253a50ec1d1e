"""Plain data as the text of a YAML file, laid out as an author would: blocks, short things on one line, few quotes.

What is written reads back as exactly the same data: texts stay texts, whatever they look like.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

WIDTH = 110

_BARE = re.compile(r"[^\W\d_][\w]*(?:[ ./'()-]+[\w]+)*[.]?|-?\d+(?:\.\d+)?%|-?\d+/\d+")
_NOT_TEXT = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n", "inf", "nan"))
_NOT_PRINTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


def yaml_text(data: Mapping[str, Any]) -> str:
    """The text of a file that holds `data`: mappings, lists, texts, numbers, true and false."""
    return "".join(f"{line}\n" for line in _mapping(data, 0))


def _mapping(data: Mapping[str, Any], indent: int) -> Iterator[str]:
    for key, value in data.items():
        yield from _entry(f"{' ' * indent}{_scalar(key)}:", value, indent)


def _entry(head: str, value: Any, indent: int) -> Iterator[str]:
    """`head: value`, on one line where there is room."""
    if isinstance(value, str) and _as_block(value):
        lead = " " * (indent + 2)
        yield f"{head} |-"
        yield from (f"{lead}{line}" if line else "" for line in value.split("\n"))
        return
    flow = _flow(value)
    if flow is not None and (not isinstance(value, Mapping | list) or len(head) + len(flow) + 1 <= WIDTH):
        yield f"{head} {flow}"
    elif isinstance(value, Mapping):
        yield head
        yield from _mapping(value, indent + 2)
    else:
        yield head
        yield from _list(value, indent + 2)


def _list(items: Sequence[Any], indent: int) -> Iterator[str]:
    lead = " " * indent
    for item in items:
        if isinstance(item, str) and _as_block(item):
            yield from _entry(f"{lead}-", item, indent)
            continue
        flow = _flow(item)
        if flow is not None and (not isinstance(item, Mapping | list) or len(lead) + len(flow) + 2 <= WIDTH):
            yield f"{lead}- {flow}"
        elif isinstance(item, Mapping):
            first, *rest = _mapping(item, indent + 2)
            yield f"{lead}- {first[indent + 2 :]}"
            yield from rest
        else:
            yield f"{lead}-"
            yield from _list(item, indent + 2)


def _flow(value: Any) -> str | None:
    """The value on one line; None where a text in it has several lines, or it is a question of its own."""
    if isinstance(value, str):
        return None if _as_block(value) else _scalar(value)
    if isinstance(value, Mapping):
        parts = [(key, _flow(item)) for key, item in value.items()]
        if any(part is None for _, part in parts) or "questions" in value or "type" in value:
            return None
        return "{" + ", ".join(f"{_scalar(key)}: {part}" for key, part in parts) + "}"
    if isinstance(value, list):
        if any(isinstance(item, Mapping) and len(item) > 1 for item in value):
            return None
        found = [_flow(item) for item in value]
        return None if any(part is None for part in found) else f"[{', '.join(str(part) for part in found)}]"
    return f"{value:f}" if isinstance(value, Decimal) else json.dumps(value)


def _as_block(text: str) -> bool:
    """Whether a text stands best as lines of its own, and can."""
    lines = text.split("\n")
    return (
        len(lines) > 1
        and not text.startswith((" ", "\n", "\t"))
        and bool(lines[-1].strip())
        and not any(line != line.rstrip() for line in lines)
        and not _NOT_PRINTED.search(text)
        and "\t" not in text
    )


def _scalar(text: str) -> str:
    bare = _BARE.fullmatch(text) and text.lower() not in _NOT_TEXT and len(text) < WIDTH
    if bare:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _NOT_PRINTED.sub(lambda sign: f"\\u{ord(sign[0]):04x}", quoted)
