"""How many of some people are listed for each institution: the sum that reports over a country do millions of times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any

BETWEEN = ","
"""Stands between people in a text, and in nobody's number."""

_MANY = 200_000  # characters of a text: for fewer it takes longer to load numpy


class Listed:
    """People with their institutions: the institution's code and the person ("" where the site has not met them) of each."""

    def __init__(self, codes: Sequence[str], persons: Sequence[str]) -> None:
        self.institution_of = dict(zip(persons, codes, strict=True))
        self.institution_of.pop("", None)
        self.of_institution = Counter(codes)
        """How many there are of each institution."""

    def count(self, people: str) -> Counter[str | None]:
        """How many of these people, given as one text, count for each institution, and under None for none."""
        if people and len(people) >= _MANY:
            return self._count_many(people)
        return Counter(map(self.institution_of.get, people.split(BETWEEN) if people else ()))

    def _count_many(self, people: str) -> Counter[str | None]:
        """The same in a third of the time where all have numbers of the same width."""
        import numpy as np

        ids, places, codes = self._sorted
        number = ids.of(people)
        known = number[number >= 0]
        counts = np.bincount(places[known], minlength=len(codes))
        found: Counter[str | None] = Counter(
            {code: int(n) for code, n in zip(codes, counts, strict=True) if n}
        )
        if len(known) < len(number):
            found[None] = len(number) - len(known)
        return found

    @cached_property
    def _sorted(self) -> tuple[Any, Any, list[str]]:
        """The persons in order, to be found by their numbers; the place of each one's institution, and the institutions' codes."""
        import numpy as np

        from lms_sync.column_texts import Ids

        ordered = sorted(self.institution_of)
        codes = [*self.of_institution]
        place_of = {code: place for place, code in enumerate(codes)}
        places = [place_of[self.institution_of[one]] for one in ordered]
        return (
            Ids({one: number for number, one in enumerate(ordered)}, BETWEEN),
            np.array(places, dtype=np.int64),
            codes,
        )
