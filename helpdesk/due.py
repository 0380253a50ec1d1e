"""Until when a question is to be answered: a pure function of when it was asked and of the desk's calendar."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from zoneinfo import ZoneInfo

from helpdesk.desk import Within

_END = datetime.time(23, 59, 59)


def due_at(
    asked: datetime.datetime, within: Within, zone: ZoneInfo, holidays: Collection[datetime.date] = ()
) -> datetime.datetime:
    """The last moment, in UTC. `asked` is aware.

    Hours are counted on the clock. Days end at midnight of the desk's own calendar, and the day of asking is not
    one of them; working days are Monday to Friday without `holidays`.
    """
    if asked.tzinfo is None:
        raise ValueError("a due time needs an aware time")
    if within.unit == "hours":
        return asked.astimezone(datetime.UTC) + datetime.timedelta(hours=within.number)
    day = asked.astimezone(zone).date()
    left = within.number
    while left:
        day += datetime.timedelta(days=1)
        if within.unit == "days" or (day.weekday() < 5 and day not in holidays):
            left -= 1
    return datetime.datetime.combine(day, _END, zone).astimezone(datetime.UTC)
