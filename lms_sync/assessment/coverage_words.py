"""The words and numbers of a coverage report, in one language."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

from authoring.messages import text
from certificates.dates import long_date
from lms_sync.assessment.coverage import Coverage
from programmes.indicators import Figure, Result
from programmes.programme import Breakdown
from programmes.who_counts import Unit

HIDDEN = "*"
"""What stands where a figure is not shown; one sign for all of them, see `programmes.suppression`."""

COLUMNS: Mapping[Unit, tuple[str, ...]] = {
    "persons": ("persons", "participations"),
    "institutions": ("institutions",),
    "questions": ("askers", "questions"),
    "score": ("mean", "interval", "n"),
    "points": ("mean", "interval", "n"),
}
"""The columns of a breakdown by what is counted; their headings are the messages coverage.column-…"""


@cache
def _said(code: str, language: str) -> str:
    """Tables say the same few words thousands of times."""
    return text(code, {}, language)


@lru_cache(maxsize=10_000)
def _number(value: float, digits: int, language: str) -> str:
    """Page and PDF say the same thousands of numbers."""
    from babel.numbers import format_decimal

    form = "#,##0" if digits == 0 else "#,##0." + "0" * digits
    return format_decimal(value, form, locale=language)


@dataclass(frozen=True)
class Words:
    """Puts a coverage report into words."""

    coverage: Coverage
    language: str

    def say(self, code: str, **params: object) -> str:
        """A text of the catalogue, coverage.<code>."""
        code = f"coverage.{code}"
        return text(code, params, self.language) if params else _said(code, self.language)

    def day(self, day: datetime.date) -> str:
        """A date, written out."""
        return long_date(day, self.language)

    def number(self, value: float | None, digits: int = 0) -> str:
        """A number as the language writes it; a dash for none."""
        return "–" if value is None else _number(value or 0, digits, self.language)

    def percent(self, share: float | None) -> str:
        """A share of one as a percentage."""
        from babel.numbers import format_percent

        return "–" if share is None else format_percent(share, "0 %", locale=self.language)

    def reached(self, result: Result) -> str:
        """The one number of an indicator."""
        return self.number(result.reached, 1 if result.unit in ("score", "points") else 0)

    def plain(self, value: float) -> str:
        """A target or baseline: with a decimal only where it has one."""
        return self.number(value, 0 if float(value).is_integer() else 1)

    def unit(self, result: Result) -> str:
        """What the number counts."""
        return self.say(f"unit-{result.unit}")

    def interval(self, figure: Figure) -> str:
        """The 95 % confidence interval of a mean."""
        if figure.low is None or figure.high is None:
            return "–"
        return f"{self.number(figure.low, 1)} … {self.number(figure.high, 1)}"

    def cells(self, unit: Unit, figure: Figure | None) -> list[str]:
        """A line of a breakdown; the sign for hidden figures in each column where it is not shown."""
        if figure is None:
            return [HIDDEN] * len(COLUMNS[unit])
        if unit in ("score", "points"):
            return [self.number(figure.value, 1), self.interval(figure), self.number(figure.persons)]
        numbers = [self.number(figure.persons), self.number(figure.participations)]
        return numbers[: len(COLUMNS[unit])]

    def headings(self, unit: Unit) -> list[str]:
        """The columns' headings of a breakdown."""
        return [self.say(f"column-{name}") for name in COLUMNS[unit]]

    def key(self, by: Breakdown, key: str) -> str:
        """What a line of a breakdown is called."""
        if by == "institution":
            return self._institutions.get(key, key)
        if by == "gender":
            return self.say(f"gender-{key or 'unknown'}")
        if by == "quarter":
            year, _, number = key.partition("-Q")
            return self.say("quarter", year=year, n=number)
        if key == "":
            return self.say("not-said")
        if by == "language":
            from babel import Locale, UnknownLocaleError

            try:
                name = Locale.parse(key.replace("-", "_")).get_language_name(self.language)
            except (UnknownLocaleError, ValueError):
                name = None
            return name or key
        return key

    @cached_property
    def _institutions(self) -> Mapping[str, str]:
        return {one.code: one.name(self.language) for one in self.coverage.material.institutions}

    def source(self, result: Result) -> str:
        """Which quizzes, questionnaire or forum a figure rests upon, where that is not plain."""
        count = result.indicator.count
        if count.gain is not None:
            return self.say("source-gain", pre=count.gain.pre, post=count.gain.post)
        if count.score is not None:
            return self.say("source-score", questionnaire=count.score)
        if count.passed is not None:
            mark = self.coverage.material.pass_marks.get(count.passed)
            return self.say(
                "source-passed" if mark is not None else "source-passed-moodle",
                quiz=count.passed,
                mark=self.number(mark or 0),
            )
        return ""

    def learned(self, result: Result) -> str:
        """What stands below the picture of a gain, or below a pass rate."""
        figure = result.figure
        if result.unit == "points":
            said = self.say(
                "gain", value=self.number(figure.value, 1), interval=self.interval(figure), n=figure.persons
            )
        else:
            said = self.say("passed-of", passed=self.number(figure.persons), asked=self.number(result.asked))
        return f"{said} {self.source(result)}"

    def goal(self, result: Result) -> str:
        """How far it is to the goal, in words; "" without one."""
        goal = result.goal
        if goal is None:
            return ""
        return self.say(
            "goal", reached=self.reached(result), value=self.plain(goal.value), day=self.day(goal.by)
        )

    def beside(self, result: Result) -> str:
        """The second figure, which always stands beside the first."""
        figure = result.figure
        if result.unit == "persons":
            return self.say(
                "and-participations", n=figure.participations, number=self.number(figure.participations)
            )
        if result.unit == "questions":
            return self.say("and-askers", n=figure.persons, number=self.number(figure.persons))
        if result.unit == "institutions":
            return self.say("of-institutions", n=result.asked, number=self.number(result.asked))
        shown = self.say("n", n=self.number(figure.persons))
        if figure.low is not None:
            shown += " · " + self.say("interval", interval=self.interval(figure))
        return shown
