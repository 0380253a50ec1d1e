"""Finds accounts of a site that are somebody else's than they were: a site that was restored gives their numbers anew.

Results are known by the number of the account. Where the person's number and user name are both others than those that
were kept, it is hardly the same human being under a new name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, select

from lms_sync.plugin_rows import Account
from lms_sync.store import schema


def changed_hands(
    connection: Connection, site: str, ask: Callable[[Sequence[int]], Sequence[Account]], at_once: int
) -> list[int]:
    """The numbers of the accounts that are somebody else's now; `ask` tells what the site says of at most `at_once`."""
    account, data = schema.account, schema.person_data
    query = (
        select(account.c.user_id, data.c.idnumber, data.c.username)
        .join(data, data.c.person_id == account.c.person_id)
        .where(account.c.site == site)
        .order_by(account.c.user_id)
    )
    kept = {row.user_id: (row.idnumber or "", row.username or "") for row in connection.execute(query)}
    numbers = [number for number, (idnumber, _) in kept.items() if idnumber]
    found = []
    for start in range(0, len(numbers), at_once):
        for told in ask(numbers[start : start + at_once]):
            now = told.get("idnumber", ""), told["username"]
            if not told["deleted"] and told["id"] in kept and _another(kept[told["id"]], now):
                found.append(told["id"])
    return found


def _another(kept: tuple[str, str], now: tuple[str, str]) -> bool:
    """Whether the person's number is another one, and the user name too where it was kept."""
    if not kept[0] or not now[0]:
        return False
    return kept[0] != now[0] and kept[1].casefold() != now[1].casefold()
