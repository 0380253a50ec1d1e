"""Every text of a file that was read, with the place where it stands: for checks of whether it is there in each language."""

from __future__ import annotations

from collections.abc import Iterator

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
