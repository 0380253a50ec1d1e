"""Runs `lms-sync apply` for each folder named on standard input, every time as a process of its own.

The programs are loaded once and the processes forked from here, so that a test can start many of them.
For each folder two lines are written: the process's id, then its exit code (negative: killed by a signal).
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

import lms_sync.cli.administrator  # noqa: F401 - loaded before forking
from lms_sync.cli import main


def run(folder: str) -> None:
    """Becomes `lms-sync apply --dir folder --yes`; what it says goes to `apply.out` beside the folder."""
    handle = os.open(Path(folder).parent / "apply.out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    sys.argv = ["lms-sync", "apply", "--dir", folder, "--yes"]
    code = 99
    try:
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001 - whatever it is, the test is to see it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


for line in sys.stdin:
    child = os.fork()
    if child == 0:
        run(line.strip())
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
