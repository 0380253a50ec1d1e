"""Sizes and days are written as each language writes them."""

from __future__ import annotations

import datetime

import pytest
from babel.dates import format_date
from babel.numbers import format_decimal

from authoring.blocks import LawReference
from course_packages.lesson_html import citation, size_in_words
from course_packages.words import words_in


@pytest.mark.parametrize("language", ["en", "sq", "ro", "hr"])
@pytest.mark.parametrize("size", [1_000_000, 1_049_999, 2_500_000, 9_949_999, 9_950_000, 12_500_000, 999_500_000, 1_234_000_000])  # fmt: skip
def test_megabytes_are_written_as_the_language_writes_decimals(size: int, language: str) -> None:
    number = format_decimal(round(size / 1e6, 1 if size < 10_000_000 else 0), locale=language)
    assert size_in_words(size, language) == f"{number}\N{NO-BREAK SPACE}MB"


def test_less_is_told_in_kilobytes() -> None:
    assert size_in_words(3, "sq") == "1\N{NO-BREAK SPACE}kB"
    assert size_in_words(999_499, "ro") == "999\N{NO-BREAK SPACE}kB"


@pytest.mark.parametrize("language", ["en", "sq", "ro", "hr"])
def test_days_are_written_as_the_language_writes_them(language: str) -> None:
    for month in range(1, 13):
        day = datetime.date(2003, month, month)
        law = LawReference("Law", "", date=None, in_force=day, until=None, checked=True)
        assert format_date(day, "d MMMM y", locale=language) in citation(law, words_in(language), language)
