"""Values of fields as a person reads them: part by part, days instead of seconds, languages instead of spans."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator, Mapping, Sequence

from authoring.messages import printable
from lms_sync.plan import same
from quizzes.quiz_activity import AFTER_CLOSE, DURING, IMMEDIATELY, WHILE_OPEN

UTC = datetime.UTC
_MOMENTS = {
    "from",
    "until",
    "expected",
    "duedate",
    "cutoffdate",
    "start",
    "timeopen",
    "timeclose",
}  # seconds since 1970; 0 is never
_TIMES = {DURING: "during", IMMEDIATELY: "immediately", WHILE_OPEN: "open", AFTER_CLOSE: "closed"}
_SPAN = re.compile(r'<span lang="([^"<>]+)" class="multilang">(.*?)</span>', re.DOTALL)


def parts(name: str, values: Sequence[object]) -> Iterator[tuple[str, tuple[object, ...]]]:
    """A field with its values (before and after, or each side's), divided where only some part differs.

    A map is divided by its keys, a list of the same slots or questions by its items.
    """
    known = [one for one in values if one is not None]
    whole = name.endswith(".other")  # conditions of others, which mean something only together
    if known and not whole and all(isinstance(one, Mapping) for one in known):
        maps = [one if isinstance(one, Mapping) else {} for one in values]
        for key in sorted({key for one in maps for key in one}):
            inner = tuple(one.get(key) for one in maps)
            if not _all_same(inner):
                yield from parts(f"{name}.{key}", inner)
        return
    if len(known) == len(values) and _are_items_alike(known):
        lists = [one for one in known if isinstance(one, list | tuple)]
        for number, items in enumerate(zip(*lists, strict=True), 1):
            if not _all_same(items):
                yield from parts(f"{name}[{number}]", items)
        return
    yield name, tuple(values)


def _all_same(values: Sequence[object]) -> bool:
    return all(same(values[0], other) for other in values[1:])


def _are_items_alike(values: Sequence[object]) -> bool:
    """Whether lists hold the same things in the same order, each changed at most in other keys."""
    kinds = [[_identity(item) for item in one] for one in values if isinstance(one, list | tuple)]
    return (
        len(kinds) == len(values)
        and bool(kinds[0])
        and None not in kinds[0]
        and all(one == kinds[0] for one in kinds)
    )


def _identity(item: object) -> object:
    if not isinstance(item, Mapping):
        return None
    return item.get("question") or item.get("key") or (item.get("category"), str(item.get("tags")))


def shown_values(
    name: str, values: Sequence[object], *, zone: datetime.tzinfo = UTC, room: int = 78
) -> list[str]:
    """Values on one line each, cut so that where they differ can be seen."""
    told = [_told(name, one, zone) for one in values]
    texts = [" ".join(printable(one).split()) for one, _ in told]
    if any(len(one) > room for one in texts):
        texts = _cut(texts, room)
    return [f"“{one}”" if quoted else one for one, (_, quoted) in zip(texts, told, strict=True)]


def _cut(texts: list[str], room: int) -> list[str]:
    start = 0
    while all(len(one) > start for one in texts) and len({one[start] for one in texts}) == 1:
        start += 1
    start = max(0, start - 20)
    return [
        ("…" if start else "") + one[start : start + room] + ("…" if len(one) > start + room else "")
        for one in texts
    ]


def _told(name: str, value: object, zone: datetime.tzinfo) -> tuple[str, bool]:
    """A value in words, and whether it is a text and stands in quotes."""
    last = name.rsplit(".", 1)[-1]
    if isinstance(value, str):
        return (value[:12], False) if last == "sha1" else (_languages(value), True)
    if isinstance(value, int) and not isinstance(value, bool):
        if last in _MOMENTS:
            return _moment(value, zone), False
        if name.startswith("review."):
            return ", ".join(word for bit, word in _TIMES.items() if value & bit) or "–", False
    if isinstance(value, float) and value == int(value):
        return str(int(value)), False
    if value is None:
        return "–", False
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_item(one) for one in value) + "]", False
    return json.dumps(value, ensure_ascii=False, sort_keys=True), False


def _moment(seconds: int, zone: datetime.tzinfo) -> str:
    if not seconds:
        return "–"
    try:
        return datetime.datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def _languages(text: str) -> str:
    """`sq: …  en: …` for a text that is nothing but its languages."""
    found = _SPAN.findall(text)
    if not found or _SPAN.sub("", text).strip():
        return text
    return " · ".join(f"{language}: {words}" for language, words in found)


def _item(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        if "maxmark" in value:
            tags = value.get("tags")
            named = ", ".join(str(one) for one in tags) if isinstance(tags, list | tuple) else ""
            what = str(value.get("question") or f"{value.get('random')} × {named or '*'}")
            return f"{what} ({_told('maxmark', value['maxmark'], UTC)[0]})"
        if "key" in value:
            return str(value["key"])
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
