"""Slows down who tries out ids: only misses count, so that a town hall behind one address checks as many certificates as it likes."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

_MISSES = 30  # at once, for people who mistype and for a scanner that reads badly
_PER_SECOND = 0.5  # that many are forgotten
_NETWORKS = 10_000  # remembered; the one not heard of for longest is forgotten first


class Misses:
    """How many unknown ids each network has asked about lately: a bucket for each /24 and /64, in memory only."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._now = monotonic
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def one_more(self, address: str | None) -> bool:
        """Notes a miss; whether it was one too many."""
        network, now = network_of(address), self._now()
        with self._lock:
            count, at = self._seen.pop(network, (0.0, now))
            count = max(0.0, count - (now - at) * _PER_SECOND) + 1
            too_many = count > _MISSES
            self._seen[network] = (min(count, _MISSES + 1), now)
            if len(self._seen) > _NETWORKS:
                self._seen.popitem(last=False)
        return too_many


def network_of(address: str | None) -> str:
    """The /24 or /64 that an address belongs to; what is none is one network together."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "-"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 64), strict=False))
