"""Dates as people write them: 12.03.2026, 12/3/26, 12 mars 2026, 46093. Pure."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache

from lms_sync.people.import_words import folded

_EXCEL_BEGINS = date(1899, 12, 30)  # day 0 of the 1900 date system, its leap-year error included
_SERIALS = range(20_000, 80_000)  # 1954 to 2119


class NoDate(ValueError):
    """A text that is no date; `args[0]` is the end of a message code."""


@cache
def _months() -> dict[str, int]:
    from babel import Locale

    found: dict[str, int] = {}
    for language in ("sq", "ro", "en"):
        for width in ("wide", "abbreviated"):
            for context in ("format", "stand-alone"):
                for number, name in Locale.parse(language).months[context][width].items():
                    found.setdefault(folded(name), number)
    return found


def read_date(text: str, language: str) -> date:
    """The day that a text means; raises NoDate.

    Day before month, as in Albanian and Romanian. In a sheet with English headers 03/04/2026 may be either, and
    is refused. A year of two digits is in this century.
    """
    text = text.strip().rstrip(".")
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?", text):
        return _day(*(int(part) for part in match.groups()))
    if match := re.fullmatch(r"(\d{1,2})\s*([./-])\s*(\d{1,2})\s*\2\s*(\d{4}|\d{2})", text):
        day, month, year = int(match[1]), int(match[3]), int(match[4])
        if language == "en" and match[2] == "/" and day <= 12 and month <= 12 and day != month:
            raise NoDate("date-ambiguous")
        return _day(year + 2000 if year < 100 else year, month, day)
    if match := re.fullmatch(r"(\d{1,2})\.?\s+([^\W\d_]+)\.?,?\s+(\d{4})", text):
        month = _months().get(folded(match[2]), 0)
        return _day(int(match[3]), month, int(match[1]))
    if re.fullmatch(r"\d{5}", text) and int(text) in _SERIALS:
        return _EXCEL_BEGINS + timedelta(days=int(text))
    raise NoDate("bad-date")


def _day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise NoDate("bad-date") from error
