"""Columns that the database hands over as one text each, in a fraction of the time of rows, and what they say as numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import BigInteger, Connection, Integer, Text, cast, func, select, type_coerce

from lms_sync.clock import local_date

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BETWEEN = "\x1f"
"""Between the values of a column: the sign that is there for it, which no name holds."""

_MILLION = 1_000_000
_DAY = 24 * 60


def column_texts(connection: Connection, columns: Iterable[Any], *where: Any) -> list[str] | None:
    """Each column of the rows as one text with `BETWEEN` between the values, all in the same order; None without rows.

    NULL is in no such text: a column that may be NULL, and has to stay beside others, is given as ''. The first never is.
    """
    texts = [func.aggregate_strings(column, BETWEEN) for column in columns]
    found = connection.execute(select(*texts).where(*where)).one()
    return None if found[0] is None else [text or "" for text in found]


def minute(connection: Connection, moment: Any) -> Any:
    """A column of moments as texts for `minutes_of`, all equally long; NULL as ''."""
    if connection.dialect.name == "sqlite":
        said: Any = type_coerce(moment, Text)  # to cut the seconds off takes longer than to carry them
    else:
        said = func.to_char(func.timezone("UTC", moment), "YYYY-MM-DD HH24:MI")
    return func.coalesce(said, "") if moment.nullable else said


def millionth(connection: Connection, number: Any) -> Any:
    """A column of numbers as texts for `numbers_of`: whole millionths, as `in_millionths` has them."""
    more = number * _MILLION + 0.5
    if connection.dialect.name == "sqlite":
        return type_coerce(cast(more, Integer), Text)
    return cast(cast(func.trunc(more), BigInteger), Text)


def in_millionths(number: float) -> float:
    """A percentage to six decimals, so that one and the same comes of it on every way."""
    return int(number * _MILLION + 0.5) / _MILLION


def numbers_of(text: str) -> Floats:
    """The numbers that `millionth` says."""
    return np.fromstring(text, dtype=np.int64, sep=BETWEEN) / _MILLION


def codes_of(text: str, numbers: Mapping[str, int], between: str = BETWEEN) -> Ints:
    """The numbers of the texts; -1 for those that have none."""
    return np.fromiter(map(numbers.get, text.split(between), repeat(-1)), np.int64)


class Ids:
    """Opaque ids by their numbers, which are also their order, to be found a hundred thousand at a time."""

    def __init__(self, ids: Mapping[str, int], between: str = BETWEEN) -> None:
        self._known, self._between = ids, between
        width = len(next(iter(ids), "").encode()) + 1  # each with the sign behind it
        self._sorted = self._cells(between.join(ids), width) if len(ids) else None
        self._last: tuple[bytes, Ints] = b"", np.zeros(0, dtype=np.int64)

    def _cells(self, text: str, width: int) -> npt.NDArray[np.bytes_] | None:
        """The texts of a column, where all are equally long."""
        told = f"{text}{self._between}".encode()
        signs = np.frombuffer(told, dtype=np.uint8) == ord(self._between)
        many = len(told) // width
        if (
            many * width != len(told)
            or np.count_nonzero(signs) != many
            or not signs[width - 1 :: width].all()
        ):
            return None
        return np.frombuffer(told, dtype=f"S{width}")

    def of(self, text: str) -> Ints:
        """The numbers of the texts; -1 for those that have none.

        Where all are equally long, as they are, in a third of the time. What is of one person often comes together:
        each is looked for once. Often the same people are asked for once more.
        """
        if self._sorted is None or (texts := self._cells(text, self._sorted.itemsize)) is None:
            return codes_of(text, self._known, self._between)
        begins = np.ones(len(texts), dtype=np.bool_)
        np.not_equal(texts[1:], texts[:-1], out=begins[1:])
        each = texts[begins]
        asked, found = self._last
        if asked != (asking := each.tobytes()):
            place = np.minimum(np.searchsorted(self._sorted, each), len(self._sorted) - 1)
            found = np.where(self._sorted[place] == each, place, -1)
            self._last = asking, found
        numbers: Ints = found[np.cumsum(begins) - 1]
        return numbers


def _pairs() -> npt.NDArray[np.int16]:
    """By two digits, read as one number of two bytes, what they say."""
    found = np.zeros(1 << 16, dtype=np.int16)
    for number in range(100):
        found[int.from_bytes(b"%02d" % number, "little")] = number
    return found


_TWO_DIGITS = _pairs()
_MOMENT: dict[str, Any] = {"names": [*"cymdhM"], "formats": ["<u2"] * 6, "offsets": [0, 2, 5, 8, 11, 14]}


def minutes_of(text: str) -> Ints:
    """Minutes since 1970 of the moments that `minute` says, none of them NULL."""
    width = len(text.partition(BETWEEN)[0]) + 1
    moment: Any = np.dtype({**_MOMENT, "itemsize": width})  # type: ignore[call-overload]
    signs: Any = np.frombuffer(f"{text}{BETWEEN}".encode("ascii"), dtype=moment)
    century, year, month, day, hour, least = (_TWO_DIGITS[signs[name]].astype(np.int32) for name in "cymdhM")
    months = (century * 100 + year - 1970) * 12 + month - 1
    first = int(months.min())
    all_months = np.arange(first, int(months.max()) + 1).astype("datetime64[M]")
    begun = all_months.astype("datetime64[D]").astype(np.int64)
    minutes: Ints = (begun[months - first] + day - 1) * _DAY + hour * 60 + least
    return minutes


def minute_of(moment: datetime) -> int:
    """The same of one aware moment."""
    return int(moment.timestamp() // 60)


def local_days(minutes: Ints, timezone: str) -> Ints:
    """The days since 1970 on which minutes since 1970 are in a time zone.

    Each day of UTC's is asked for when the local date changes in it, not each of a million moments.
    """
    if not len(minutes):
        return minutes
    day_of = minutes // _DAY
    begin = int(day_of.min())
    day_of -= begin
    there = np.zeros(int(day_of.max()) + 1, dtype=np.int64)
    there[day_of] = 1
    days = np.flatnonzero(there) + begin
    there = np.cumsum(there) - 1  # among the days that there are
    day_of = there[day_of]
    first = np.array([_local_day(int(day) * _DAY, timezone) for day in days], dtype=np.int64)
    later = [_changes(int(day) * _DAY, timezone) for day in days]
    most = max(map(len, later), default=0)
    found = first[day_of]
    for number in range(most):
        at = np.array([one[number] if number < len(one) else np.iinfo(np.int64).max for one in later])
        found += minutes >= at[day_of]
    return found


@lru_cache(maxsize=20_000)
def _changes(begin: int, timezone: str) -> tuple[int, ...]:
    """The minutes of a day of UTC's, from `begin`, at which a new local day begins: almost always one."""
    found: list[int] = []
    here, last = begin, begin + _DAY - 1
    while (today := _local_day(here, timezone)) < _local_day(last, timezone):
        low, high = here, last  # the last minute of today is in [low, high)
        while high - low > 1:
            middle = (low + high) // 2
            if _local_day(middle, timezone) > today:
                high = middle
            else:
                low = middle
        found += [high] * (_local_day(high, timezone) - today)
        here = high
    return tuple(found)


@lru_cache(maxsize=20_000)
def _local_day(minute: int, timezone: str) -> int:
    moment = datetime.fromtimestamp(minute * 60, UTC)
    return local_date(moment, timezone).toordinal() - _EPOCH


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
