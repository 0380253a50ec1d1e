"""Keeps the tables of docs/verified.md: which function was last seen on which Moodle.

Run by the suite after a recording; by hand: python tests/contract/verified.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "verified.md"
FOLDER = ROOT / "moodle_standin" / "recordings" / "contract"


def rewrite_table() -> None:
    """Writes the parts between the markers anew, from what was recorded."""
    about = json.loads((FOLDER / "about.json").read_text(encoding="utf-8"))
    text = PAGE.read_text(encoding="utf-8")
    for name, content in (("functions", _functions(about)), ("figures", _figures(about))):
        begin, end = f"<!-- {name}: written by make contract -->", f"<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n\n{content}\n\n{end}{after}"
    PAGE.write_text(text, encoding="utf-8", newline="\n")


def _steps() -> dict[str, list[str]]:
    steps: dict[str, list[str]] = {}
    for path in sorted(FOLDER.glob("*.json")):
        if path.name != "about.json":
            function = json.loads(path.read_text(encoding="utf-8"))["function"]
            steps.setdefault(function, []).append(path.stem)
    return steps


def _functions(about: dict[str, object]) -> str:
    seen = f"{str(about['moodle_release']).split(' ')[0]}, {about['db_family']}"
    lines = ["| function | last seen on | on | recorded steps |", "| --- | --- | --- | --- |"]
    lines += [
        f"| `{function}` | Moodle {seen} | {about['recorded_on']} | {', '.join(steps)} |"
        for function, steps in sorted(_steps().items())
    ]
    return "\n".join(lines)


def _figures(about: dict[str, object]) -> str:
    lines = [
        (
            f"Moodle {about['moodle_release']}, database {about['db_family']}, plugin {about['plugin_release']} "
            f"({about['plugin_version']}), {about['recorded_on']}."
        ),
        "",
    ]
    figures, skipped = about["figures"], about["skipped"]
    assert isinstance(figures, dict)
    assert isinstance(skipped, dict)
    lines += [f"- {name}: {value}" for name, value in figures.items()]
    lines += ["", "Steps that this run could not do: " + ("none." if not skipped else "")]
    lines += [f"- {step}: {reason}" for step, reason in skipped.items()]
    return "\n".join(lines).rstrip()


if __name__ == "__main__":
    rewrite_table()
    sys.exit(0)
