"""Copies into the stand-in what the companion plugin publishes: python tests/standin/follow_plugin.py.

To be run when a test says that the stand-in's signatures, service or role are not the plugin's.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "moodle_plugin"
OWN = ROOT / "moodle_standin" / "signatures"


def published() -> dict[str, Any]:
    """The plugin's signatures, role, service and version, by the stand-in's file names."""
    services = (PLUGIN / "local_lmssync" / "db" / "services.php").read_text(encoding="utf-8")
    own = {f"local_lmssync_{name}" for name in re.findall(r"'([a-z_]+)' => \[\s*'(?:read|write)'", services)}
    core = set(re.findall(r"'((?:core|mod|enrol|tool|gradereport|qbank)_[a-z_]+)'", services))
    version = (PLUGIN / "local_lmssync" / "version.php").read_text(encoding="utf-8")
    stated = dict(re.findall(r"\$plugin->(version|release) = '?([^';]+)'?;", version))
    return {
        "local_lmssync.json": json.loads((PLUGIN / "signatures.json").read_text(encoding="utf-8")),
        "role.json": json.loads((PLUGIN / "role.json").read_text(encoding="utf-8")),
        "service.json": {
            "shortname": "lmssync",
            "plugin_version": int(stated["version"]),
            "plugin_release": stated["release"],
            "functions": sorted(own | core),
        },
    }


if __name__ == "__main__":
    for file_name, content in published().items():
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        (OWN / file_name).write_text(text, encoding="utf-8", newline="\n")
