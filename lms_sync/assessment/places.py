"""Where people were on a day, by the end of the day, of a million days at once. Before the first and after the last place, that one."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Text, cast

from lms_sync.column_texts import BETWEEN, Ids, codes_of, column_texts, local_days, minute, minutes_of
from lms_sync.store import schema
from programmes.columns import Ints, Numbers, day_number

_NEVER = np.iinfo(np.int64).max


class Places:
    """The memberships of a site. People are numbered by `rows`, institutions by `codes`."""

    def __init__(
        self,
        connection: Connection,
        site: str,
        timezone: str,
        one: Mapping[str, str],
        rows: Numbers,
        numbers: Ids,
        codes: Numbers,
    ) -> None:
        table = schema.membership
        self._codes, self._names = codes, rows.texts
        nobody = np.zeros(0, dtype=np.int64)
        self._row = self._begin = self._end = self._code = nobody
        columns = (
            table.c.person_id,
            table.c.institution,
            minute(connection, table.c.valid_from),
            minute(connection, table.c.valid_to),
            cast(table.c.id, Text),
        )
        if (told := column_texts(connection, columns, table.c.site == site)) is not None:
            people, institutions, begun, ended, ids = told
            since, until = minutes_of(begun), ended.split(BETWEEN)
            has_end = np.fromiter(map(bool, until), np.bool_)
            end = np.full(len(since), _NEVER)
            if has_end.any():
                end[has_end] = local_days(minutes_of(BETWEEN.join(filter(None, until))), timezone)
            for name in dict.fromkeys(institutions.split(BETWEEN)):
                codes.of(name)
            code = codes_of(institutions, codes.known)
            row = numbers.of(people)
            order = np.lexsort((np.fromstring(ids, dtype=np.int64, sep=BETWEEN), since, row))
            order = order[row[order] >= 0]
            self._row, self._end, self._code = row[order], end[order], code[order]
            self._begin = local_days(since, timezone)[order]
        self._start: Ints = np.searchsorted(self._row, np.arange(len(rows) + 1))
        self._rows_of: dict[int, list[int]] = defaultdict(list)  # of those who have two, by every one of them
        self._merged(one, rows)
        self._plain = self._in_order()
        self._seen: dict[tuple[int, int], int] = {}

    def _merged(self, one: Mapping[str, str], rows: Numbers) -> None:
        theirs: dict[str, set[str]] = defaultdict(set)
        for row_id, standing in one.items():
            theirs[standing] |= {row_id, standing}
        for some in theirs.values():
            found = [rows.known[row_id] for row_id in sorted(some) if row_id in rows.known]
            for number in found:
                self._rows_of[number] = found

    def _in_order(self) -> npt.NDArray[np.bool_]:
        """Whose places follow upon each other: the last that had begun is the one, also after its end."""
        plain = self._start[1:] > self._start[:-1]
        crossing = (self._row[1:] == self._row[:-1]) & (self._end[:-1] > self._begin[1:])
        plain[self._row[1:][crossing]] = False
        plain[list(self._rows_of)] = False
        return plain

    def on(self, rows: Ints, days: Ints) -> Ints:
        """The numbers of the institutions of people on days; that of "" where nobody ever said one."""
        found = np.full(len(rows), self._codes.of(""), dtype=np.int64)
        plain = self._plain[rows]
        if plain.any():
            found[plain] = self._code[self._begun(rows[plain], days[plain])]
        for at in np.flatnonzero(~plain):
            found[at] = self.one(int(rows[at]), int(days[at]))
        return found

    def _begun(self, rows: Ints, days: Ints) -> Ints:
        """Of plain people the last place that had begun, or the first."""
        lowest = int(min(self._begin.min(), days.min()))
        span = int(max(self._begin.max(), days.max())) - lowest + 1
        keys = self._row * span + (self._begin - lowest)
        last = np.searchsorted(keys, rows * span + (days - lowest), side="right") - 1
        return np.maximum(last, self._start[rows])

    def one(self, row: int, day: int) -> int:
        """The same of one person on one day."""
        key = (row, day)
        if key not in self._seen:
            self._seen[key] = self._ask(row, day)
        return self._seen[key]

    def _ask(self, row: int, day: int) -> int:
        start, end = int(self._start[row]), int(self._start[row + 1])
        if end - start == 1 and self._end[start] == _NEVER and self._begin[start] <= day:
            return int(self._code[start])  # as almost everybody
        rows = [row, *(other for other in self._rows_of.get(row, ()) if other != row)]
        there = [(int(self._start[other]), int(self._start[other + 1])) for other in rows]
        for start, end in there:
            for at in range(end - 1, start - 1, -1):
                if self._begin[at] <= day < self._end[at]:
                    return int(self._code[at])
        for start, end in there:
            for at in range(end - 1, start - 1, -1):
                if self._begin[at] <= day:
                    return int(self._code[at])
        for start, end in there:
            if start < end:
                return int(self._code[start])
        return self._codes.of("")

    def now(self, day: datetime.date, holders: Ints) -> Ints:
        """To which institutions people belong on a day; -1 for who has left, or not come yet.

        `holders` are for all people in order the numbers of who stands for them: only those have a place of their own.
        """
        on = day_number(day)
        found = np.full(len(holders), -1, dtype=np.int64)
        plain = np.flatnonzero(self._plain)
        if len(plain):
            at = self._begun(plain, np.full(len(plain), on, dtype=np.int64))
            belongs = (self._begin[at] <= on) & (on < self._end[at])
            found[plain[belongs]] = self._code[at[belongs]]
        others = ~self._plain & (self._start[1:] > self._start[:-1])
        others[list(self._rows_of)] = True
        for row in np.flatnonzero(others).tolist():
            found[row] = self._now(row, on) if holders[row] == row else -1
        return found

    def _now(self, standing: int, day: int) -> int:
        for row in [standing, *(one for one in self._rows_of.get(standing, ()) if one != standing)]:
            for at in range(int(self._start[row + 1]) - 1, int(self._start[row]) - 1, -1):
                if self._begin[at] <= day < self._end[at]:
                    return int(self._code[at])
        return -1
