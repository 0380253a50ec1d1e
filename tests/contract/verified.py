"""Keeps the tables of docs/verified.md: which function was last seen on which Moodle.

Run by the suite after a recording; by hand: python tests/contract/verified.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "verified.md"
RECORDINGS = ROOT / "moodle_standin" / "recordings"
FOLDERS = ("contract", "contract-mysql")  # the first is what the stand-in is held to
_NAMES = {"postgres": "PostgreSQL", "mysql": "MariaDB"}


def rewrite_table() -> None:
    """Writes the parts between the markers anew, from what was recorded."""
    sites = {
        folder: json.loads((RECORDINGS / folder / "about.json").read_text(encoding="utf-8"))
        for folder in FOLDERS
        if (RECORDINGS / folder / "about.json").is_file()
    }
    text = PAGE.read_text(encoding="utf-8")
    parts = {
        "functions": _functions(sites),
        "figures": "\n\n".join(_figures(about) for about in sites.values()),
    }
    for name, content in parts.items():
        begin, end = f"<!-- {name}: written by make contract -->", f"<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n\n{content}\n\n{end}{after}"
    PAGE.write_text(text, encoding="utf-8", newline="\n")


def _steps(folder: str) -> dict[str, list[str]]:
    steps: dict[str, list[str]] = {}
    for path in sorted((RECORDINGS / folder).glob("*.json")):
        if path.name != "about.json":
            function = json.loads(path.read_text(encoding="utf-8"))["function"]
            steps.setdefault(function, []).append(path.stem)
    return steps


def _functions(sites: dict[str, dict[str, object]]) -> str:
    release = str(sites[FOLDERS[0]]["moodle_release"]).split(" ")[0]
    steps = {folder: _steps(folder) for folder in sites}
    heads = " | ".join(_NAMES[str(about["db_family"])] for about in sites.values())
    lines = [
        f"| function | last seen on | {heads} | recorded steps |",
        "| --- | --- | " + "--- | " * len(sites) + "--- |",
    ]
    for function, own in sorted(steps[FOLDERS[0]].items()):
        days = " | ".join(
            str(about["recorded_on"]) if function in steps[folder] else "not seen"
            for folder, about in sites.items()
        )
        lines.append(f"| `{function}` | Moodle {release} | {days} | {', '.join(own)} |")
    return "\n".join(lines)


def _figures(about: dict[str, object]) -> str:
    lines = [
        (
            f"**{_NAMES[str(about['db_family'])]}**: Moodle {about['moodle_release']}, plugin {about['plugin_release']} "
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
    return "\n".join(line.rstrip() for line in lines).rstrip()


if __name__ == "__main__":
    rewrite_table()
    sys.exit(0)
