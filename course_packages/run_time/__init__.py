"""A strict SCORM 1.2 run-time in JavaScript, against which packages are tried."""

from __future__ import annotations

import importlib.resources


def scorm12_api() -> bytes:
    """The script; it gives a page `createScorm12Api` and `nextScorm12Session`, as its head says."""
    return (importlib.resources.files("course_packages") / "run_time" / "scorm12.js").read_bytes()
