"""Gives memory back after many documents were set, so that certificates and demos need no large machine."""

from __future__ import annotations

import contextlib
import ctypes
import gc
from functools import cache

import typst

_REMEMBERED = 10  # documents for which Typst keeps what it worked out


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(ignore_system_fonts=True)


def give_back() -> None:
    """Lets Typst forget the last documents, collects what Python has dropped, and returns what is free."""
    for _ in range(_REMEMBERED + 1):
        _compiler().compile(input=b"", format="svg")
    gc.collect()
    trim()


def trim() -> None:
    """Lets the C library return what is free, where it knows how; Typst itself forgets all but the last ten documents."""
    with contextlib.suppress(AttributeError, OSError, TypeError):  # not glibc
        ctypes.CDLL(None).malloc_trim(0)
