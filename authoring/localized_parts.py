"""Every text of a file that was read, with the place where it stands; and the same file with texts for what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from dataclasses import replace as with_values
from functools import cache
from typing import Any, TypeVar

from authoring.languages import LocalizedText
from authoring.read_yaml import Pointer


def localized_texts(part: Any, pointer: Pointer = ()) -> Iterator[tuple[Pointer, LocalizedText]]:
    """Each LocalizedText in a model or dataclass and in those and the tuples below it, with the keys that lead to it as written."""
    for name, key in _names(_kind(part)).items():
        yield from _texts_in(getattr(part, name), (*pointer, key))


def _texts_in(value: object, pointer: Pointer) -> Iterator[tuple[Pointer, LocalizedText]]:
    if isinstance(value, LocalizedText):
        yield pointer, value
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _texts_in(item, (*pointer, index))
    elif _names(_kind(value)):
        yield from localized_texts(value, pointer)


def _kind(value: object) -> Any:
    return type(value)


@cache
def _names(kind: type) -> dict[str, str]:
    """The fields of a model or dataclass, each with its key in a file; none of anything else."""
    if is_dataclass(kind):
        return {one.name: one.name for one in fields(kind)}
    return {name: info.alias or name for name, info in getattr(kind, "model_fields", {}).items()}


_Part = TypeVar("_Part")


def with_default_texts(part: _Part, offered: Sequence[str], default: str) -> _Part:
    """The same model or dataclass; every text that lacks an offered language has that of the default language there."""
    changed = {}
    for name in _names(_kind(part)):
        value = getattr(part, name)
        if (filled := _filled(value, offered, default)) is not value:
            changed[name] = filled
    if not changed:
        return part
    whole: Any = part
    made: _Part = with_values(whole, **changed) if is_dataclass(part) else whole.model_copy(update=changed)
    return made


def _filled(value: object, offered: Sequence[str], default: str) -> object:
    if isinstance(value, LocalizedText):
        if not isinstance(value.root, dict) or not value.missing(offered):
            return value
        words = value.in_language(default, default)
        return LocalizedText({**dict.fromkeys(value.missing(offered), words), **value.root})
    if isinstance(value, tuple):
        items = tuple(_filled(item, offered, default) for item in value)
        return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
    return with_default_texts(value, offered, default)
