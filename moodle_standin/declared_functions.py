"""Which functions a Moodle 4.5.6 has, and the signatures of those that are served."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

Signature = Mapping[str, Any]


@lru_cache(maxsize=1)
def signatures() -> dict[str, Signature]:
    """The signatures of the functions that are served: core 4.5.6 and the companion plugin."""
    folder = files("moodle_standin") / "signatures"
    result: dict[str, Signature] = {}
    for name in ("core_4.5.6.json", "local_lmssync.json"):
        result.update(json.loads((folder / name).read_text(encoding="utf-8")))
    return result


@lru_cache(maxsize=1)
def known_functions() -> frozenset[str]:
    """The names of all functions that a Moodle 4.5.6 has."""
    text = (files("moodle_standin") / "signatures" / "function_names_4.5.6.txt").read_text(encoding="utf-8")
    return frozenset(text.split())
