"""Finds what travels with the programs: the plugin's source, the examples, the commented configuration.

In an installed wheel they lie in `lms_sync/data/`; in a checkout they are the top-level folders.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def _find(name: str) -> Path:
    for place in (_HERE / "data" / name, _HERE.parent / name):
        if place.exists():
            return place
    raise FileNotFoundError(f"{name} is missing from this installation")


def example_academy(name: str) -> Path:
    """The folder of an example academy, such as "archive-officers"; read-only."""
    return _find("examples") / name


def plugin_source() -> Path:
    """The folder `local_lmssync` with the companion plugin's source."""
    return _find("moodle_plugin") / "local_lmssync"


def config_example() -> str:
    """The text of `config.example.yaml`."""
    return _find("config.example.yaml").read_text(encoding="utf-8")
