"""What a million people did, as columns of numbers: an object for each of them would be a hundred times as large. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from programmes.observations import Observation

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_SHORT = np.iinfo(np.uint16).max
_EPOCH = datetime.date(1970, 1, 1).toordinal()


def day_number(day: datetime.date) -> int:
    """A day as columns have it: days since 1 January 1970."""
    return day.toordinal() - _EPOCH


def date_of(number: int) -> datetime.date:
    """The day with a number."""
    return datetime.date.fromordinal(number + _EPOCH)


class Numbers:
    """Numbers texts from 0 in the order in which they are first seen."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.texts = list(dict.fromkeys(texts))
        self.known = {text: number for number, text in enumerate(self.texts)}

    def of(self, text: str) -> int:
        """The number of a text, a new one for a new text."""
        number = self.known.setdefault(text, len(self.texts))
        if number == len(self.texts):
            self.texts.append(text)
        return number

    def of_all(self, texts: Sequence[str]) -> Ints:
        """The numbers of texts, new ones for new texts in their order."""
        for text in dict.fromkeys(texts):
            if text not in self.known:
                self.of(text)
        return np.fromiter(map(self.known.__getitem__, texts), np.int64, len(texts))

    def __len__(self) -> int:
        return len(self.texts)

    def copy(self) -> Numbers:
        """The same so far."""
        found = Numbers()
        found.texts, found.known = self.texts.copy(), self.known.copy()
        return found


@dataclass(frozen=True)
class PeopleColumns:
    """What people are broken down by, each column by the number of the holder.

    `place` is where they belong on the day up to which was observed; -1 for nowhere, and for who is no holder.
    """

    gender: Ints
    language: Ints
    place: Ints
    genders: Numbers
    languages: Numbers


@dataclass(frozen=True)
class Columns:
    """Observations: numbers of holders and places, days (`day_number`), values (nan: none).

    They come in the order of days; those of one holder on one day in the order of their sources, where that is
    asked for or they were in several places. `row` numbers what `made` makes the observation itself of.
    """

    holder: Ints
    on: Ints
    place: Ints
    value: Floats
    row: Ints
    made: Callable[[int], Observation]

    def __len__(self) -> int:
        return len(self.holder)

    def take(self, which: Flags | Ints) -> Columns:
        """Some of them, by flags or by their places."""
        if which.dtype == np.bool_ and which.all():
            return self
        return Columns(
            self.holder[which],
            self.on[which],
            self.place[which],
            self.value[which],
            self.row[which],
            self.made,
        )

    def of_each(self) -> tuple[Ints, Ints, Ints]:
        """The numbers of the holders, each once, and where each is found first and last."""
        there = np.full(int(self.holder.max(initial=-1)) + 1, -1, dtype=np.int64)
        rows = np.arange(len(self), dtype=np.int64)
        there[self.holder[::-1]] = rows[::-1]  # of several the last that is assigned stays
        who = np.flatnonzero(there >= 0)
        first = there[who]
        there[self.holder] = rows
        return who, first, there[who]

    def by_day(self) -> Columns:
        """The same in the order of days; those of one day stay as they are."""
        first = int(self.on.min(initial=0))
        if int(self.on.max(initial=0)) - first <= _SHORT:  # 179 years: short numbers are sorted by counting
            return self.take(np.argsort((self.on - first).astype(np.uint16), kind="stable"))
        return self.take(np.argsort(self.on, kind="stable"))

    def and_(self, other: Columns) -> Columns:
        """These, and behind them others."""
        if not len(other):
            return self
        mine, theirs, many = self.made, other.made, int(self.row.max(initial=-1)) + 1

        def made(row: int) -> Observation:
            return mine(row) if row < many else theirs(row - many)

        return Columns(
            np.concatenate([self.holder, other.holder]),
            np.concatenate([self.on, other.on]),
            np.concatenate([self.place, other.place]),
            np.concatenate([self.value, other.value]),
            np.concatenate([self.row, other.row + many]),
            made,
        )


def columns_of(observations: Sequence[Observation], holders: Numbers, places: Numbers) -> Columns:
    """The columns of observations, in their order."""
    return Columns(
        holders.of_all([one.holder for one in observations]),
        np.array([one.on.toordinal() for one in observations], dtype=np.int64) - _EPOCH,
        places.of_all([one.institution for one in observations]),
        np.array([np.nan if one.value is None else one.value for one in observations], dtype=np.float64),
        np.arange(len(observations), dtype=np.int64),
        observations.__getitem__,
    )


def flags(numbers: Ints, size: int) -> Flags:
    """Which of so many numbers are among these."""
    found = np.zeros(size, dtype=np.bool_)
    found[numbers] = True
    return found
