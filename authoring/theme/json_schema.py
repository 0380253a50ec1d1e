"""The form of theme.yaml as a JSON Schema for editors: completion, hover and marks while one types.

Written to `authoring/starter/theme.schema.json` by `python -m authoring.theme.json_schema`. What it cannot say (contrast,
files, fonts that are named) `lms-sync check` says.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from authoring.languages import LocalizedText
from authoring.theme.theme_file import ThemeFile

NAME = "theme.schema.json"
SHIPPED = Path(__file__).resolve().parents[1] / "starter" / NAME

_TEXT = {
    "description": "A text, or a map of language to text.",
    "anyOf": [
        {"type": "string", "pattern": "\\S"},
        {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"},
            "additionalProperties": {"type": "string", "pattern": "\\S"},
        },
    ],
}


def theme_schema() -> dict[str, Any]:
    """The schema of `theme/theme.yaml`."""
    schema = ThemeFile.model_json_schema(by_alias=True, mode="validation")
    schema["$defs"][LocalizedText.__name__] = _TEXT
    plain = _without_titles(schema)
    assert isinstance(plain, dict)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:lms-sync:{NAME}", **plain}


def schema_text() -> str:
    """The file as it is shipped."""
    return json.dumps(theme_schema(), ensure_ascii=False, indent=1) + "\n"


def _without_titles(value: object, *, keys: bool = False) -> object:
    """Without the titles that pydantic makes of names; `keys` where names are those of the file, not of the schema."""
    if isinstance(value, dict):
        return {
            name: _without_titles(one, keys=name in ("properties", "$defs"))
            for name, one in value.items()
            if keys or not (name == "title" or (name == "default" and one is None))
        }
    return [_without_titles(one) for one in value] if isinstance(value, list) else value


if __name__ == "__main__":
    import sys

    sys.stdout.write(schema_text())
