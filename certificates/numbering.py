"""Serial numbers without gaps, and places in the status lists: given in the transaction that enters the awards."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select, update

from certificates.credential import LIST_BITS
from lms_sync.store import schema

_FULL = LIST_BITS // 2  # a list is left while half of it is free, so that a random index is found at once

# Made once: putting a statement together costs as much as asking it.
_issue, _counter, _list = schema.issue, schema.serial_counter, schema.status_list
_TAKEN = select(_issue.c.status_index).where(
    _issue.c.status_list == bindparam("list"), _issue.c.status_index.in_(bindparam("indices", expanding=True))
)
_NEXT_NUMBERS = (
    update(_counter)
    .where(_counter.c.site == bindparam("of_site"), _counter.c.series == bindparam("of_series"))
    .values(last=_counter.c.last + bindparam("n"))
    .returning(_counter.c.last)
)
_NEWEST_LIST = (
    select(
        _list.c.number,
        select(func.count()).where(_issue.c.status_list == _list.c.number).scalar_subquery().label("used"),
    )
    .where(_list.c.site == bindparam("of_site"))
    .order_by(_list.c.number.desc())
    .limit(1)
)


def next_numbers(connection: Connection, site: str, series: str, n: int) -> range:
    """The next `n` numbers of a series. The row lock lasts until the transaction ends, so that there is no gap."""
    asked = {"of_site": site, "of_series": series, "n": n}
    last = connection.execute(_NEXT_NUMBERS, asked).scalar_one_or_none()
    if last is None:
        connection.execute(insert(_counter), {"site": site, "series": series, "last": n})
        last = n
    return range(int(last) - n + 1, int(last) + 1)


def free_status_indices(connection: Connection, site: str, n: int, now: datetime) -> tuple[int, list[int]]:
    """A status list of the site and `n` random free indices in it; begins a new list where the newest is half full."""
    newest = connection.execute(_NEWEST_LIST, {"of_site": site}).first()
    number = None if newest is None or newest.used >= _FULL else int(newest.number)
    if number is None:
        number = (connection.execute(select(func.max(_list.c.number))).scalar_one() or 0) + 1
        connection.execute(insert(_list).values(number=number, site=site, content=None, updated_at=now))
    free: list[int] = []
    while len(free) < n:
        drawn: dict[int, None] = {}  # in the order in which they were drawn
        while len(free) + len(drawn) < n:
            if (index := secrets.randbelow(LIST_BITS)) not in free:
                drawn[index] = None
        taken = set(connection.execute(_TAKEN, {"list": number, "indices": list(drawn)}).scalars())
        free.extend(index for index in drawn if index not in taken)
    return number, free
