"""Faults on demand: what a proxy, a busy host or an administrator does to a call, queued through POST
/standin/faults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

KINDS: Final = frozenset(
    {
        "html",
        "503",
        "empty403",
        "maintenance",
        "upgraderunning",
        "truncate",
        "slow",
        "slow_store",
        "cut_before_work",
        "cut_after_work",
        "cut_then_work",
        "error",
        "print_before_json",
        "invalidtoken",
        "accessexception",
        "xml",
        "null",
    }
)

HTML_PAGE: Final = (
    '<!DOCTYPE html>\n<html lang="en"><head><title>Gateway</title></head>'
    "<body><h1>Please sign in to the network</h1></body></html>\n"
)

PRINTED_WARNING: Final = (
    '<div class="alert alert-danger alert-block fade in  alert-dismissible" role="alert">\r\n'
    "    WARNING: something was printed by a plugin\r\n</div>"
)


@dataclass
class Fault:
    """One queued fault: strikes calls of `match` (a function, `upload.php`, `token.php` or `*`) after
    skipping some.
    """

    match: str
    kind: str
    times: int = 1
    seconds: float = 0.0
    after: int = 0
    errorcode: str = "dmlwriteexception"

    def applies(self, name: str) -> bool:
        """Whether the fault is meant for calls of this name."""
        return self.match in ("*", name)


@dataclass
class FaultQueue:
    """Faults in the order in which they were queued; the first that fits a call strikes and is counted down."""

    waiting: list[Fault] = field(default_factory=list)
    struck: int = 0

    def add(self, wanted: Mapping[str, Any]) -> Fault:
        """Takes {"match", "kind", "times", "seconds", "after", "errorcode"}; raises ValueError for an
        unknown kind.
        """
        kind = str(wanted.get("kind", ""))
        if kind not in KINDS:
            raise ValueError(f"unknown kind {kind!r}; known: {', '.join(sorted(KINDS))}")
        fault = Fault(
            match=str(wanted.get("match", "*")),
            kind=kind,
            times=int(wanted.get("times", 1)),
            seconds=float(wanted.get("seconds", 0)),
            after=int(wanted.get("after", 0)),
            errorcode=str(wanted.get("errorcode", "dmlwriteexception")),
        )
        self.waiting.append(fault)
        return fault

    def take(self, name: str) -> Fault | None:
        """The fault that strikes this call, if any."""
        for fault in self.waiting:
            if not fault.applies(name):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self.waiting.remove(fault)
            self.struck += 1
            return fault
        return None
