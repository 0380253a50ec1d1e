"""Measures, and writes bench/results.json: python bench [NAME …], or `make bench`.

Every other file of this folder has a function `measure` that returns figures: `id`, `value`, `unit`, `peer`,
`peer_value`, `ratio`, `goal`, `met`. A figure that is not measured now (no Moodle is given, say) stays as it was, with
the commit and the machine of its own run.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"


def main(names: list[str]) -> int:
    """Runs the measurements named, or all; 1 where a goal is missed."""
    sys.path[:0] = [str(HERE.parent), str(HERE)]
    chosen = names or sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("__"))
    where = {
        "commit": _commit(),
        "machine": _machine(),
        "measured_on": time.strftime("%Y-%m-%d", time.gmtime()),
    }
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else []
    results = {one["id"]: one for one in known}
    now = []
    for name in chosen:
        measure = getattr(_measurement(name), "measure", None)
        for figure in measure() if measure else ():  # a script without it is started by hand
            now.append(figure)
            results[figure["id"]] = {**figure, **where}
            print(json.dumps(figure, ensure_ascii=False))
    if now:
        ordered = [results[key] for key in sorted(results)]
        text = json.dumps(ordered, ensure_ascii=False, indent=1) + "\n"
        RESULTS.write_text(text, encoding="utf-8", newline="\n")
    return int(any(not figure["met"] for figure in now))


def _measurement(name: str) -> ModuleType:
    """The file of this folder, under a name of its own: one is called as a package of the product is."""
    spec = importlib.util.spec_from_file_location(f"bench_{name}", HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _commit() -> str:
    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=HERE, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    changed = "+" if git("status", "--porcelain", "--untracked-files=no") else ""
    return git("rev-parse", "--short", "HEAD") + changed


def _machine() -> str:
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    if hasattr(os, "getloadavg"):
        system += f", load {os.getloadavg()[0]:.1f}"
    return system


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
