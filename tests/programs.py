"""Sees to it that programs which pip cannot bring are here: installs them as root on Debian or Ubuntu, else says how.

Usage: python tests/programs.py chromium php postgresql
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PROGRAMS = {  # what we call it: (commands that will do, Debian package)
    "chromium": (
        ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"),
        "chromium-headless-shell",
    ),
    "php": (("php",), "php-cli"),
    "postgresql": (("initdb",), "postgresql"),
    "poppler": (("pdfsig",), "poppler-utils"),
}


def _is_here(name: str) -> bool:
    if name == "postgresql" and any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return True  # where Debian and Ubuntu keep it, outside the path
    return any(map(shutil.which, PROGRAMS[name][0]))


def main(names: list[str]) -> int:
    missing = [name for name in names if not _is_here(name)]
    if not missing:
        return 0
    packages = [PROGRAMS[name][1] for name in missing]
    line = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {', '.join(packages)} …", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in ("apt-get update -qq", line + " -qq"):
            done = subprocess.run(command.split(), env=environment, stdout=subprocess.DEVNULL, check=False)
            if done.returncode:
                break
        missing = [name for name in missing if not _is_here(name)]
        if not missing:
            return 0
    print(f"Missing: {', '.join(missing)}. Type: sudo {line}", file=sys.stderr)
    if os.environ.get("CI") == "true":
        return 1
    print("The tests that need it are skipped and named at the end.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
