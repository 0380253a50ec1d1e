"""Problems as SARIF 2.1.0, the form in which editors and code hosts show findings beside the text.

OASIS Standard 2020-03-27: a run (3.14) names the tool and its rules (3.49); a result (3.27) has a rule, a level, a message and a place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from authoring.messages import remedy, text
from authoring.problems import Place, Problem

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "ACADEMY"
"""What places are relative to: the academy folder, wherever it lies."""


def sarif(problems: Sequence[Problem], language: str) -> dict[str, Any]:
    """The problems as one run of the command, in the reader's language."""
    codes = list(dict.fromkeys(problem.code for problem in problems))
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "lms-sync",
                        "version": version("lms-sync"),
                        "language": language,
                        "rules": [_rule(code, problems, language) for code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {
                    ROOT: {"description": {"text": "The academy folder."}},
                },
                "results": [_result(problem, codes.index(problem.code), language) for problem in problems],
            }
        ],
    }


def _rule(code: str, problems: Iterable[Problem], language: str) -> dict[str, Any]:
    level = next(problem.severity for problem in problems if problem.code == code)
    rule: dict[str, Any] = {
        "id": code,
        "shortDescription": {"text": text(code, {}, language)},
        "defaultConfiguration": {"level": level},
    }
    if cure := remedy(code, {}, language):
        rule["help"] = {"text": cure}
    return rule


def _result(problem: Problem, rule: int, language: str) -> dict[str, Any]:
    parts = [text(problem.code, problem.params, language), remedy(problem.code, problem.params, language)]
    result: dict[str, Any] = {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": problem.severity,
        "message": {"text": " ".join(part for part in parts if part)},
    }
    if problem.place.file:
        result["locations"] = [{"physicalLocation": _location(problem.place)}]
    return result


def _location(place: Place) -> dict[str, Any]:
    found: dict[str, Any] = {"artifactLocation": {"uri": quote(place.file), "uriBaseId": ROOT}}
    if place.line:
        region = {"startLine": place.line}
        if place.column:
            region["startColumn"] = place.column
        found["region"] = region
    return found
