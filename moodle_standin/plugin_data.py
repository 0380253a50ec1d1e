"""The companion plugin's way to read a JSON argument: every value checked, every unknown name refused."""

from __future__ import annotations

import json
import re
from typing import Any

from moodle_standin.errors import MoodleError, plugin_error
from moodle_standin.parameters import clean_text


def _wrong(field: str, allowed: str) -> MoodleError:
    return plugin_error("datavalue", f'The value of "{field}" is not allowed. Allowed: {allowed}')


def decode_object(text: str) -> dict[str, Any]:
    """A JSON object, or `notjson`."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise plugin_error("notjson", f"The data are not a JSON object: {error}") from None
    if not isinstance(value, dict):
        raise plugin_error("notjson", "The data are not a JSON object: {…}")
    return value


class DataReader:
    """Reads values from one object by name; `finish` refuses the names that were not asked for."""

    def __init__(self, data: dict[str, Any], path: str = "") -> None:
        self._data = data
        self._path = path
        self._known: set[str] = set()

    def has(self, name: str) -> bool:
        """Whether the name is there; from now on it counts as known."""
        self._known.add(name)
        return name in self._data

    def text(self, name: str) -> str:
        """Any text."""
        value = self._value(name)
        if not isinstance(value, str):
            raise _wrong(self._path + name, "text")
        return value

    def title(self, name: str, limit: int = 255) -> str:
        """A text that Moodle stores as it was sent: no tags but multilang spans, no space around it, not too
        long.
        """
        value = self.text(name)
        field = self._path + name
        if not value or value != clean_text(value).strip():
            raise plugin_error("badtext", f'Moodle would not keep "{field}" as it was sent.')
        if len(value) > limit:
            raise plugin_error("toolong", f'"{field}" has more than {limit} characters.')
        return value

    def integer(self, name: str, least: int, most: int) -> int:
        """A whole number within limits."""
        value = self._value(name)
        if not isinstance(value, int) or not least <= value <= most:
            raise _wrong(self._path + name, f"{least} … {most}")
        return int(value)

    def number(self, name: str, least: float, most: float, decimals: int) -> float:
        """A number within limits, rounded to what the column holds."""
        value = self._value(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
            raise _wrong(self._path + name, f"{least} … {most}")
        return round(float(value), decimals)

    def word(self, name: str, allowed: tuple[str, ...]) -> str:
        """One of some words."""
        value = self._value(name)
        if value not in allowed:
            raise _wrong(self._path + name, " | ".join(allowed))
        return str(value)

    def strings(self, name: str) -> list[str]:
        """A list of texts."""
        value = self._value(name)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise _wrong(self._path + name, '["…"]')
        return list(value)

    def languages(self, name: str) -> dict[str, str]:
        """A text in several languages."""
        value = self._value(name)
        if not isinstance(value, dict) or not value:
            raise _wrong(self._path + name, '{"en": "…"}')
        for language, said in value.items():
            if (
                not re.fullmatch(r"[a-z]{2,3}(_[a-z0-9]+)*", language)
                or not isinstance(said, str)
                or not said
            ):
                raise _wrong(self._path + name, '{"en": "…"}')
        return value

    def object(self, name: str) -> DataReader:
        """An object inside, to be read by its own reader."""
        value = self._value(name)
        # PHP cannot tell an empty object from an empty list.
        if value != [] and not isinstance(value, dict):
            raise _wrong(self._path + name, "{…}")
        return DataReader(value or {}, f"{self._path}{name}.")

    def objects(self, name: str) -> list[DataReader]:
        """A list of objects, each with its own reader."""
        value = self._value(name)
        if not isinstance(value, list) or not all(isinstance(item, dict) or item == [] for item in value):
            raise _wrong(self._path + name, "[{…}]")
        return [DataReader(item or {}, f"{self._path}{name}[{place}].") for place, item in enumerate(value)]

    def finish(self) -> None:
        """To be called at the end: refuses the names that nobody asked for."""
        for name in self._data:
            if name not in self._known:
                raise plugin_error(
                    "dataunknown", f'The data hold "{self._path}{name}", which is not known here.'
                )

    def wrong(self, name: str, allowed: str) -> MoodleError:
        """The refusal of a value, with the path of its name."""
        return _wrong(self._path + name, allowed)

    def _value(self, name: str) -> Any:
        if not self.has(name):
            raise plugin_error("datamissing", f'The data lack "{self._path}{name}".')
        return self._data[name]


def check_key(key: str) -> None:
    """Refuses a key that is not 1 to 100 letters, digits and . _ : / -"""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}", key):
        raise plugin_error("badkey", f'The key "{key}" is not allowed.')


def check_hash(value: str) -> None:
    """Refuses a hash that is not a SHA-256 in lower-case hexadecimal digits."""
    if not re.fullmatch(r"[0-9a-f]{64}", value):
        raise plugin_error("badhash", "A hash must be 64 hexadecimal digits in lower case.")
