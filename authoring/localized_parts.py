"""Every text of a file that was read, with the place where it stands; and the same file with texts for what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from pydantic import BaseModel

from authoring.languages import LocalizedText
from authoring.read_yaml import Pointer


def localized_texts(part: BaseModel, pointer: Pointer = ()) -> Iterator[tuple[Pointer, LocalizedText]]:
    """Each LocalizedText in a model and in the models and tuples below it, with the keys that lead to it as written."""
    for name, info in type(part).model_fields.items():
        yield from _texts_in(getattr(part, name), (*pointer, info.alias or name))


def _texts_in(value: object, pointer: Pointer) -> Iterator[tuple[Pointer, LocalizedText]]:
    if isinstance(value, LocalizedText):
        yield pointer, value
    elif isinstance(value, BaseModel):
        yield from localized_texts(value, pointer)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _texts_in(item, (*pointer, index))


_Model = TypeVar("_Model", bound=BaseModel)


def with_default_texts(part: _Model, offered: Sequence[str], default: str) -> _Model:
    """The same model; every text that lacks an offered language has that of the default language there."""
    changed = {}
    for name in type(part).model_fields:
        value = getattr(part, name)
        if (filled := _filled(value, offered, default)) is not value:
            changed[name] = filled
    return part.model_copy(update=changed) if changed else part


def _filled(value: object, offered: Sequence[str], default: str) -> object:
    if isinstance(value, LocalizedText):
        if not isinstance(value.root, dict) or not value.missing(offered):
            return value
        words = value.in_language(default, default)
        return LocalizedText({**dict.fromkeys(value.missing(offered), words), **value.root})
    if isinstance(value, BaseModel):
        return with_default_texts(value, offered, default)
    if isinstance(value, tuple):
        items = tuple(_filled(item, offered, default) for item in value)
        return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
    return value
