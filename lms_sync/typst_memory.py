"""Gives memory back after many documents were set, so that certificates and demos need no large machine."""

from __future__ import annotations

import contextlib
import ctypes
import gc

import typst

_REMEMBERED = 10  # documents for which Typst keeps what it worked out


def give_back() -> None:
    """Lets Typst forget the last documents, and the C library return what is free, where it knows how."""
    compiler = typst.Compiler(ignore_system_fonts=True)
    for number in range(_REMEMBERED + 1):
        compiler.compile(input=f"{number}".encode(), format="pdf")
    gc.collect()
    trim()


def trim() -> None:
    """Lets the C library return what is free, where it knows how; Typst itself forgets all but the last ten documents."""
    with contextlib.suppress(AttributeError, OSError, TypeError):  # not glibc
        ctypes.CDLL(None).malloc_trim(0)
