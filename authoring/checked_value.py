"""What a value has to be, said without loading pydantic: it takes longer to load than a small build does.

A class whose values only a checked file can give (a frozen dataclass of a course, say) says so in its annotations. Pydantic reads
them when a model has such a class as a field.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

if TYPE_CHECKING:
    from pydantic import ConfigDict, GetCoreSchemaHandler
    from pydantic_core import CoreSchema

NO_OTHER_KEYS: ConfigDict = {"extra": "forbid"}
"""For `__pydantic_config__` of a dataclass."""

MAX_ID = 40


class Checked:
    """`func` is given the value that has the type, and gives back the one to keep; ValueError refuses it.

    It is what pydantic calls AfterValidator.
    """

    def __init__(self, func: Callable[[Any], Any]) -> None:
        self.func = func

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self.func, handler(source))


class Within:
    """Limits of a number (`ge`, `le`), or of the length of a text or tuple, as pydantic's Field names them."""

    def __init__(self, **limits: int) -> None:
        self.limits = limits

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema: Any = {**handler(source), **self.limits}
        checked: CoreSchema = schema
        return checked


def checked_identifier(value: str) -> str:
    """The value, which is an identifier. Raises ValueError."""
    if len(value) > MAX_ID or not re.fullmatch(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*", value):
        raise ValueError("identifier")
    return value


Identifier = Annotated[str, Checked(checked_identifier)]
"""A stable id: letters, digits and dashes, at most 40; keys in Moodle and names in a package come from it."""
