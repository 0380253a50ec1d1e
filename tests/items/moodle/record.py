"""Puts pulled facts and Moodle's own statistics into recorded.json.gz: python record.py STATE_DATABASE STATISTICS_JSON."""

from __future__ import annotations

import gzip
import json
import sqlite3
import sys
from pathlib import Path


def recorded(database: str, statistics: str) -> bytes:
    """The file's bytes; people are numbered in the order of their first fact."""
    rows = sqlite3.connect(database).execute(
        "SELECT stream, person_id, value FROM fact WHERE stream IN ('quiz_attempt', 'question_outcome') ORDER BY id"
    )
    numbers: dict[str, str] = {}
    attempts, outcomes = [], []
    for stream, person, text in rows:
        name = numbers.setdefault(person, f"p{len(numbers) + 1:03d}")
        value = json.loads(text)
        if stream == "quiz_attempt":
            attempts.append([name, value["attempt"], value["state"], value["score"], value["max"]])
        else:
            outcomes.append({"person": name, **value})
    data = {
        "attempts": attempts,
        "outcomes": outcomes,
        "moodle": json.loads(Path(statistics).read_text(encoding="utf-8")),
    }
    return gzip.compress(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8"), mtime=0)


if __name__ == "__main__":
    (Path(__file__).parent / "recorded.json.gz").write_bytes(recorded(sys.argv[1], sys.argv[2]))
