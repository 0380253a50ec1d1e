"""Numbers, durations and percentages as authors write them, read without guessing.

Moodle reads `3,5` as 35 or as 3.5 depending on the language of whoever imports, `1/3` as 1 and `12abc`
as 12, all without a word. So a number here is plain digits with a decimal point, or an error.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
_COMMA = re.compile(r"[+-]?\d+,\d+")
_RATIO = re.compile(r"[+-]?\d+\s*/\s*\d+")
_DURATION = re.compile(r"(\d{1,6})\s*(s|sec|second|seconds|min|minute|minutes|h|hour|hours)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}

MAX_DIGITS = 15
"""Moodle keeps a numerical answer as a double; more significant digits than these do not survive it."""


class NotANumber(ValueError):
    """A text that is no number; `reason` is the message code, `suggestion` what to write instead (or "")."""

    def __init__(self, reason: str, suggestion: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.suggestion = suggestion


def number(written: str) -> Decimal:
    """The number a text says; raises NotANumber with the reason for anything Moodle would misread."""
    text = written.strip()
    if NUMBER.fullmatch(text):
        value = Decimal(text)
        plain = value.normalize().as_tuple()
        exponent = plain.exponent if isinstance(plain.exponent, int) else 0
        if len(plain.digits) > MAX_DIGITS or (value and abs(exponent) > MAX_DIGITS):
            raise NotANumber("quiz.number-too-precise")
        return value
    if _COMMA.fullmatch(text):
        raise NotANumber("quiz.number-comma", text.replace(",", "."))
    if _RATIO.fullmatch(text):
        raise NotANumber("quiz.number-fraction")
    if text.endswith("%") and NUMBER.fullmatch(text[:-1].strip()):
        raise NotANumber("quiz.number-percent")
    straight = text.replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "-")
    if straight != text and NUMBER.fullmatch(straight):
        raise NotANumber("quiz.number-minus", straight)
    raise NotANumber("quiz.number-invalid")


def plain(value: Decimal) -> str:
    """A number without exponent, thousands separators or trailing zeros, with a decimal point."""
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def seconds(written: str) -> int | None:
    """The seconds of "45 min", "1 h 30 min" or "90 s"; 0 for "none"; None for anything else."""
    text = written.strip().lower()
    if text in ("", "none"):
        return 0
    total, at = 0, 0
    for match in _DURATION.finditer(text):
        if text[at : match.start()].strip():
            return None
        total += int(match[1]) * _SECONDS[match[2][0]]
        at = match.end()
    return total if at and not text[at:].strip() else None


def percent(written: str) -> Fraction | None:
    """The part of one that "70%" or "70 %" means, from 0 to 1; None for anything else."""
    match = re.fullmatch(r"(\d{1,3}(?:\.\d{1,5})?)\s*%", written.strip())
    value = Fraction(match[1]) / 100 if match else None
    return value if value is not None and value <= 1 else None


def number_range(written: str) -> tuple[int, int] | None:
    """The limits of "50..150", "50.." or "..150", 0 where there is none; None for anything else."""
    match = re.fullmatch(r"\s*(\d{0,6})\s*\.\.\s*(\d{0,6})\s*", written)
    return (int(match[1] or 0), int(match[2] or 0)) if match and (match[1] or match[2]) else None


_BYTES = {"": 1, "B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}


def byte_count(written: str) -> int | None:
    """The bytes of "5 MB", "500 KB" or "none" (0), in Moodle's units of 1024; None for anything else."""
    if written.strip().lower() == "none":
        return 0
    match = re.fullmatch(r"\s*(\d{1,9})\s*(B|KB|MB|GB)\s*", written, re.IGNORECASE)
    return int(match[1]) * _BYTES[match[2].upper()] if match else None
