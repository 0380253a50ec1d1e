"""Ctrl-C while the programs are still being loaded ends them without a traceback.

Loaded before everything else; from then on `outcome.run_command` answers Ctrl-C in words.
"""

from __future__ import annotations

import sys
from types import TracebackType


def _without_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _without_traceback
