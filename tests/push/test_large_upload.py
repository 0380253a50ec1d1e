"""A large file goes to Moodle without being held in memory: 60 MB in each `make test`, 200 MB in `make proofs`.

A process that held 60 MB would be above the limit as well: it has about 75 MB of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from authoring.starter_academy import SLUG, write_starter_academy

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "3" * 32
MEGABYTE = 1_000_000
SIZE = int(os.environ.get("LARGE_UPLOAD_MB", "60")) * MEGABYTE

FILE = """\
  - id: files
    title: Files
    activities:
      - {id: recording, kind: file, file: files/recording.bin, title: Recording}
"""

# The peak is read in the process itself: what getrusage tells of a child begins with its parent's memory.
APPLY = """\
import re, sys
from pathlib import Path
from lms_sync.cli import main
sys.argv = ["lms-sync", "apply", "--dir", sys.argv[1], "--yes"]
try:
    code = main()
except SystemExit as ended:
    code = ended.code
print("peak", re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
sys.exit(code)
"""

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").is_file(), reason="this system does not tell a process's peak of memory"
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """A stand-in in a process of its own, whose memory is not ours."""
    seed = {"service_account": {"token": TOKEN}, "users": [], "courses": [],
            "site": {"post_max_size": 400 * MEGABYTE, "upload_max_filesize": 400 * MEGABYTE}}  # fmt: skip
    (tmp_path / "seed.json").write_text(json.dumps(seed), encoding="utf-8")
    port = tmp_path / "port"
    command = [sys.executable, "-m", "moodle_standin", "--port", "0", "--stop-with-stdin"]
    process = subprocess.Popen(
        [*command, "--seed", str(tmp_path / "seed.json"), "--port-file", str(port)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not port.is_file():
            assert process.poll() is None
            time.sleep(0.02)
        yield f"http://127.0.0.1:{int(port.read_text())}"
    finally:
        process.terminate()
        process.wait(10)


def test_a_large_file_takes_less_than_one_hundred_megabytes_of_ours(site: str, tmp_path: Path) -> None:
    academy = tmp_path / "academy"
    config = f"language: en\nsites:\n  main:\n    url: {site}\n    token_file: token\n"
    write_starter_academy(academy, ["en"], config)
    (academy / "token").write_text(TOKEN)
    (academy / "token").chmod(0o600)
    course = academy / "courses" / SLUG
    text = (course / "course.yaml").read_text(encoding="utf-8")
    (course / "course.yaml").write_text(
        text.replace("complete_when:", f"{FILE}complete_when:"), encoding="utf-8"
    )
    (course / "files").mkdir()
    with (course / "files" / "recording.bin").open("wb") as file:
        file.truncate(SIZE)
    done = subprocess.run(
        [sys.executable, "-c", APPLY, str(academy)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with urlopen(f"{site}/standin/log", timeout=20) as answer:
        log = [json.loads(line) for line in answer.read().decode().splitlines()]
    sent = [one for one in log if one["what"] == "draft_file" and one["action"] == "create"]
    assert "recording.bin" in {one["filename"] for one in sent}
    peak = int(done.stdout.rsplit("peak ", 1)[1]) * 1024
    assert peak < 100 * MEGABYTE, f"{peak / MEGABYTE:.0f} MB"
    print(f"{SIZE / MEGABYTE:.0f} MB sent with at most {peak / MEGABYTE:.0f} MB of memory")
