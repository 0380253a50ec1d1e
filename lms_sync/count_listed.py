"""How many of some people are listed for each institution: the sum that reports over a country do millions of times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any

BETWEEN = ","
"""Stands between people in a text, and in nobody's number."""

_MANY = 200_000  # characters of a text: for fewer it takes longer to load numpy
_WIDTH = 36  # of a person's number, a UUID


class Listed:
    """People with their institutions: the institution's code and the person ("" where the site has not met them) of each."""

    def __init__(self, codes: Sequence[str], persons: Sequence[str]) -> None:
        self.institution_of = dict(zip(persons, codes, strict=True))
        self.institution_of.pop("", None)
        self.of_institution = Counter(codes)
        """How many there are of each institution."""

    def count(self, people: str) -> Counter[str | None]:
        """How many of these people, given as one text, count for each institution, and under None for none."""
        if len(people) >= _MANY and (found := self._count_many(people)) is not None:
            return found
        return Counter(map(self.institution_of.get, people.split(BETWEEN) if people else ()))

    def _count_many(self, people: str) -> Counter[str | None] | None:
        """The same in a third of the time where all have numbers of the usual width; else None."""
        import numpy as np

        width = _WIDTH + len(BETWEEN)
        told = (people + BETWEEN).encode()
        number = people.count(BETWEEN) + 1
        if len(told) != number * width or told[_WIDTH::width] != BETWEEN.encode() * number:
            return None
        if self._sorted is None:
            return None
        persons, places, codes = self._sorted
        asked = np.frombuffer(told, dtype=f"S{width}").astype(f"S{_WIDTH}")
        at = np.minimum(np.searchsorted(persons, asked), len(persons) - 1)
        known = persons[at] == asked
        counts = np.bincount(places[at[known]], minlength=len(codes))
        found: Counter[str | None] = Counter(
            {code: int(n) for code, n in zip(codes, counts, strict=True) if n}
        )
        if (elsewhere := number - int(counts.sum())) > 0:
            found[None] = elsewhere
        return found

    @cached_property
    def _sorted(self) -> tuple[Any, Any, list[str]] | None:
        """The persons in order, the place of each one's institution, and the institutions' codes."""
        import numpy as np

        ordered = sorted(one.encode() for one in self.institution_of)
        if not ordered or {*map(len, ordered)} != {_WIDTH}:
            return None
        codes = [*self.of_institution]
        place_of = {code: place for place, code in enumerate(codes)}
        places = [place_of[self.institution_of[one.decode()]] for one in ordered]
        return np.array(ordered, dtype=f"S{_WIDTH}"), np.array(places), codes
