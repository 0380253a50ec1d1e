"""How Moodle marks what is typed: words with wildcards, and numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from moodle_standin.records import Answer


def leading_number(text: str) -> float | None:
    """The number at the start of a text, as Moodle reads it for an English user: commas separate thousands."""
    found = re.match(
        r"^\s*([+-]?(?:\d[\d, ]*\.?\d*|\.\d+)(?:[eE][+-]?\d+|[x*]\s*10\s*(?:\^|\*\*)[+-]?\d+)?)", text
    )
    if found is None:
        return None
    number = re.sub(r"[x*]\s*10\s*(?:\^|\*\*)", "e", found.group(1)).replace(",", "").replace(" ", "")
    try:
        return float(number)
    except ValueError:
        return None


def shortanswer_fraction(answers: Sequence[Answer], response: str, *, minds_case: bool) -> float:
    """The share of the first answer that a response matches; `*` stands for anything."""
    for answer in answers:
        pattern = "".join(
            ".*" if part == "*" else re.escape("*" if part == r"\*" else part)
            for part in re.split(r"(\\\*|\*)", answer.text.strip())
        )
        flags = 0 if minds_case else re.IGNORECASE
        if re.fullmatch(pattern, response.strip(), flags | re.DOTALL):
            return answer.fraction
    return 0.0


def numerical_fraction(answers: Sequence[Answer], response: str) -> float:
    """The share of the first answer whose number is near enough."""
    value = leading_number(response)
    for answer in answers:
        if answer.text == "*":
            return answer.fraction
        if value is not None:
            target = float(answer.text)
            # The smallest step of a double, as Moodle allows for rounding.
            slack = max(abs(target), abs(value)) * 1e-14
            if abs(value - target) <= answer.tolerance + slack:
                return answer.fraction
    return 0.0
