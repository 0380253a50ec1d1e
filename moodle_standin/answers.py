"""Answers as Moodle writes them: shaped by the declared structure, then JSON or XML in the manner of PHP."""

from __future__ import annotations

import json
import re
from typing import Any

from moodle_standin.declared_functions import Signature


class BadAnswerError(Exception):
    """A function of the stand-in gave an answer that a real Moodle could not give: a defect of the stand-in."""


def clean_answer(value: Any, rule: Signature | None, path: str = "answer") -> Any:
    """Shapes an answer as `external_api::clean_returnvalue` does: undeclared keys go, types are cast."""
    if rule is None:
        return None
    if "list" in rule:
        if not isinstance(value, (list, tuple)):
            if value is None and rule.get("opt"):
                return []
            raise BadAnswerError(f"{path}: list expected")
        return [clean_answer(item, rule["list"], f"{path}[{i}]") for i, item in enumerate(value)]
    if "object" in rule:
        if not isinstance(value, dict):
            raise BadAnswerError(f"{path}: object expected, not {value!r}")
        result: dict[str, Any] = {}
        for name, inner in (rule["object"] or {}).items():
            if name not in value:
                opt = inner.get("opt")
                if opt is None:
                    raise BadAnswerError(f"{path}.{name} is missing")
                # Moodle fills in defaults of single values only; a list or structure left out stays out.
                if opt == "default" and "type" in inner:
                    result[name] = inner.get("default")
                continue
            result[name] = clean_answer(value[name], inner, f"{path}.{name}")
        # PHP writes an empty array where nothing is in the structure.
        return result or []
    return _clean_scalar(value, rule, path)


def _clean_scalar(value: Any, rule: Signature, path: str) -> Any:
    if isinstance(value, (dict, list)):
        raise BadAnswerError(f"{path}: scalar expected")
    if value is None:
        if rule.get("null"):
            return None
        raise BadAnswerError(f"{path}: null is not allowed")
    kind = rule["type"]
    if kind == "bool":
        return bool(value)
    if kind == "int":
        if isinstance(value, str) and not re.match(r"^-?\d+$", value):
            raise BadAnswerError(f"{path}: {value!r} is not an integer")
        return int(value)
    if kind == "float":
        return float(value)
    if isinstance(value, bool):
        value = int(value)
    if kind == "raw":
        return value
    return str(value)


def to_json(value: Any) -> str:
    """Writes JSON as PHP does: slashes escaped, ASCII only, 7.0 as 7."""
    return json.dumps(_php_numbers(value), ensure_ascii=True, separators=(",", ":")).replace("/", "\\/")


def _php_numbers(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if isinstance(value, dict):
        return {key: _php_numbers(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_php_numbers(item) for item in value]
    return value


def to_xml(value: Any, rule: Signature | None) -> str:
    """Writes an answer as Moodle's REST server does when no format was asked for."""
    return f'<?xml version="1.0" encoding="UTF-8" ?>\n<RESPONSE>\n{_xml(value, rule)}</RESPONSE>\n'


def _xml(value: Any, rule: Signature | None) -> str:
    if rule is None:
        return ""
    if "list" in rule:
        return "<MULTIPLE>\n" + "".join(_xml(item, rule["list"]) for item in value or []) + "</MULTIPLE>\n"
    if "object" in rule:
        keys = "".join(
            f'<KEY name="{name}">{_xml((value or {}).get(name), inner)}</KEY>\n'
            for name, inner in (rule["object"] or {}).items()
        )
        return f"<SINGLE>\n{keys}</SINGLE>\n"
    if value is None:
        return '<VALUE null="null"/>\n'
    return f"<VALUE>{escape_xml(str(int(value) if isinstance(value, bool) else value))}</VALUE>\n"


def escape_xml(text: str) -> str:
    """PHP's htmlspecialchars with ENT_COMPAT."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
