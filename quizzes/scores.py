"""Moodle's list of legal fractions, and what authors write mapped to it.

Moodle grades a choice, a short answer or a number with a fraction out of a closed list and refuses any
other one that differs by 0.00001 or more. Authors write "1/3", "-1/3" or "50%"; nothing is rounded for
them, because 33 % and 1/3 are not the same mark.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache, lru_cache

POSITIVE_FRACTIONS = (
    Fraction(1),
    Fraction(9, 10),
    Fraction(5, 6),
    Fraction(4, 5),
    Fraction(3, 4),
    Fraction(7, 10),
    Fraction(2, 3),
    Fraction(3, 5),
    Fraction(1, 2),
    Fraction(2, 5),
    Fraction(1, 3),
    Fraction(3, 10),
    Fraction(1, 4),
    Fraction(1, 5),
    Fraction(1, 6),
    Fraction(1, 7),
    Fraction(1, 8),
    Fraction(1, 9),
    Fraction(1, 10),
    Fraction(1, 20),
)
"""Every positive fraction of Moodle 4.5 (question/engine/bank.php), the exact value behind its seven digits."""

LEGAL_FRACTIONS = tuple(sorted({Fraction(0), *POSITIVE_FRACTIONS, *(-one for one in POSITIVE_FRACTIONS)}))

TOLERANCE = Fraction(1, 100_000)

_PERCENT = re.compile(r"([+-]?)(\d{1,6}(?:\.\d{1,20})?)\s*%")
_RATIO = re.compile(r"([+-]?)(\d{1,6})\s*/\s*(\d{1,6})")


def fraction_of(written: str) -> Fraction | None:
    """What a percentage ("50%", "-12.5 %"), a ratio ("1/3") or a zero means; None for anything else."""
    written = written.strip().replace("\N{MINUS SIGN}", "-")
    if written in ("0", "+0", "-0"):
        return Fraction(0)
    if match := _PERCENT.fullmatch(written):
        value = Fraction(match[2]) / 100
    elif (match := _RATIO.fullmatch(written)) and int(match[3]):
        value = Fraction(int(match[2]), int(match[3]))
    else:
        return None
    return -value if match[1] == "-" else value


@cache
def legal_score(value: Fraction) -> Fraction | None:
    """The member of Moodle's list that a value stands for, by Moodle's own tolerance; None if there is none."""
    nearest = min(LEGAL_FRACTIONS, key=lambda legal: abs(legal - value))
    return nearest if abs(nearest - value) < TOLERANCE else None


def nearest_scores(value: Fraction) -> tuple[Fraction, ...]:
    """The legal neighbours of a value: the next one below and the next one above, as far as they exist."""
    below = [legal for legal in LEGAL_FRACTIONS if legal <= value]
    above = [legal for legal in LEGAL_FRACTIONS if legal >= value]
    return tuple(dict.fromkeys((*below[-1:], *above[:1])))


def equal_split(count: int) -> Fraction | None:
    """The share of each of `count` right options; None where Moodle's list has no such share (11–19, 21 …)."""
    share = Fraction(1, count)
    return share if share in POSITIVE_FRACTIONS else None


def as_authors_write(score: Fraction) -> str:
    """A score in the form an author can copy: "50%" where the percentage is short, else "1/3"."""
    percent = score * 100
    if (percent * 10).denominator == 1:
        return f"{decimal(percent)}%"
    return f"{score.numerator}/{score.denominator}"


@lru_cache(maxsize=1000)
def decimal(value: Fraction, digits: int = 7) -> str:
    """A number with at most `digits` decimals, without trailing zeros and never in exponent form."""
    scaled = round(value * 10**digits)
    whole, part = divmod(abs(scaled), 10**digits)
    sign = "-" if scaled < 0 else ""
    return f"{sign}{whole}.{part:0{digits}d}".rstrip("0").rstrip(".")


@cache
def percentage(score: Fraction) -> str:
    """A score as Moodle XML's `fraction` attribute: percent with five decimals, which its tolerance needs."""
    return decimal(score * 100, 5)
