"""Dates and numbers in words, as a language writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime


def long_date(day: date, language: str) -> str:
    """A date such as "4 mars 2026"; ISO 8601 where the language is not known."""
    locale = _locale(language)
    return day.isoformat() if locale is None else format_date(day, "long", locale=locale)


def moment_in_words(moment: datetime, language: str) -> str:
    """A moment in UTC, such as "4 mars 2026, 10:12 UTC"."""
    plain = moment.astimezone(UTC)
    locale = _locale(language)
    time = plain.strftime("%H:%M") if locale is None else format_datetime(plain, "HH:mm", locale=locale)
    return f"{long_date(plain.date(), language)}, {time} UTC"


def plain_number(value: float) -> int | float:
    """16.0 as 16, so that a text reads "16 hours"."""
    return int(value) if float(value).is_integer() else value


def _locale(language: str) -> Locale | None:
    try:
        # Plain "en" would be American: March 4, 2026.
        return Locale.parse("en_GB" if language == "en" else language, sep="-" if "-" in language else "_")
    except (UnknownLocaleError, ValueError):
        return None
