"""Columns that the database hands over as one text each, in a fraction of the time of rows, and what they say as numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import BigInteger, Connection, Integer, Text, cast, func, literal_column, select, type_coerce

from lms_sync.clock import local_date

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BETWEEN = "\x1f"
"""Between the values of a column: the sign that is there for it, which no name holds."""

_MILLION = 1_000_000
_DAY = 24 * 60
_WIDTH = len("2026-01-31 12:00")


def column_texts(connection: Connection, columns: Iterable[Any], *where: Any) -> list[str] | None:
    """Each column of the rows as one text with `BETWEEN` between the values, all in the same order; None without rows.

    NULL is in no such text: a column that may be NULL, and has to stay beside others, is given as ''.
    """
    texts = [func.aggregate_strings(column, literal_column(f"'{BETWEEN}'")) for column in columns]
    found = connection.execute(select(func.count(), *texts).where(*where)).one()
    return [text or "" for text in found[1:]] if found[0] else None


def minute(connection: Connection, moment: Any) -> Any:
    """A column of moments as texts for `minutes_of`; NULL as ''."""
    if connection.dialect.name == "sqlite":
        said: Any = func.substr(type_coerce(moment, Text), 1, _WIDTH)
    else:
        said = func.to_char(func.timezone("UTC", moment), "YYYY-MM-DD HH24:MI")
    return func.coalesce(said, "") if moment.nullable else said


def millionth(connection: Connection, number: Any) -> Any:
    """A column of numbers as texts for `numbers_of`: whole millionths, as `in_millionths` has them."""
    more = number * _MILLION + 0.5
    if connection.dialect.name == "sqlite":
        return cast(cast(more, Integer), Text)
    return cast(cast(func.trunc(more), BigInteger), Text)


def in_millionths(number: float) -> float:
    """A percentage to six decimals, so that one and the same comes of it on every way."""
    return int(number * _MILLION + 0.5) / _MILLION


def numbers_of(text: str) -> Floats:
    """The numbers that `millionth` says."""
    return np.array(text.split(BETWEEN), dtype=np.int64) / _MILLION


def codes_of(text: str, numbers: Mapping[str, int]) -> Ints:
    """The numbers of the texts; -1 for those that have none."""
    return np.fromiter(map(numbers.get, text.split(BETWEEN), repeat(-1)), np.int64)


def minutes_of(text: str) -> Ints:
    """Minutes since 1970 of the moments that `minute` says, none of them NULL."""
    signs = np.frombuffer(f"{text}{BETWEEN}".encode("ascii"), dtype=np.uint8).reshape(-1, _WIDTH + 1)
    digits = signs.astype(np.int64) - ord("0")
    year = digits[:, 0] * 1000 + digits[:, 1] * 100 + digits[:, 2] * 10 + digits[:, 3]
    month, day, hour, least = (digits[:, at] * 10 + digits[:, at + 1] for at in (5, 8, 11, 14))
    begun = ((year - 1970) * 12 + month - 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return (begun + day - 1) * _DAY + hour * 60 + least


def minute_of(moment: datetime) -> int:
    """The same of one aware moment."""
    return int(moment.timestamp() // 60)


def local_days(minutes: Ints, timezone: str) -> Ints:
    """The days since 1970 on which minutes since 1970 are in a time zone.

    Each day of UTC's is asked for when the local date changes in it, not each of a million moments.
    """
    days, day_of = np.unique(minutes // _DAY, return_inverse=True)
    first = np.array([_local_day(int(day) * _DAY, timezone) for day in days], dtype=np.int64)
    later: list[list[int]] = [_changes(int(day) * _DAY, timezone) for day in days]
    most = max(map(len, later), default=0)
    found = first[day_of]
    for number in range(most):
        at = np.array([one[number] if number < len(one) else np.iinfo(np.int64).max for one in later])
        found += minutes >= at[day_of]
    return found


def _changes(begin: int, timezone: str) -> list[int]:
    """The minutes of a day of UTC's, from `begin`, at which a new local day begins: almost always one."""
    found = []
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
    return found


def _local_day(minute: int, timezone: str) -> int:
    moment = datetime.fromtimestamp(minute * 60, UTC)
    return local_date(moment, timezone).toordinal() - _EPOCH


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
