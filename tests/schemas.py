"""Holds what `--json` prints to the JSON Schemas that travel with the programs."""

from __future__ import annotations

import json
from importlib.resources import files

from jsonschema import Draft202012Validator


def must_be(name: str, printed: object) -> None:
    """Raises ValidationError where something printed is not as `lms_sync/schemas/<name>.schema.json` says."""
    schema = json.loads((files("lms_sync") / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(printed)
