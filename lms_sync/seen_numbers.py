"""A set of row numbers in little memory: one bit for each number of a stretch that occurs."""

from __future__ import annotations

from collections.abc import Iterable

_BITS = 16
_MASK = (1 << _BITS) - 1


class SeenNumbers:
    """Whole numbers from 0, as tables count their rows: dense, so that a bit each is enough (8 KiB for 65,536)."""

    def __init__(self) -> None:
        self._stretches: dict[int, bytearray] = {}

    def add(self, numbers: Iterable[int]) -> None:
        """Adds numbers."""
        for number in numbers:
            stretch = self._stretches.get(number >> _BITS)
            if stretch is None:
                stretch = self._stretches[number >> _BITS] = bytearray((_MASK + 1) // 8)
            low = number & _MASK
            stretch[low >> 3] |= 1 << (low & 7)

    def __contains__(self, number: int) -> bool:
        stretch = self._stretches.get(number >> _BITS)
        if stretch is None:
            return False
        low = number & _MASK
        return bool(stretch[low >> 3] >> (low & 7) & 1)
