"""The words and numbers of a report on a quiz's questions, in one language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from authoring.messages import text
from lms_sync.items.report import ItemsReport
from quizzes.item_results import Flag, PositionResult, QuestionResult
from quizzes.item_statistics import ItemFigures

HIDDEN = "*"
"""What stands where a group is not shown."""

FIGURES = ("n", "facility", "discrimination", "efficiency", "sd", "intended", "effective", "guess")
"""The columns of figures; their headings are the messages items.column-…, their definitions items.definition-…"""

QUIZ_FIGURES = ("mean", "median", "sd", "skewness", "kurtosis", "cic", "error-ratio", "standard-error")
"""The figures of the whole quiz: messages items.quiz-…"""

_LANGUAGES = {
    "en": {"en": "English", "sq": "Albanian", "ro": "Romanian"},
    "sq": {"en": "anglisht", "sq": "shqip", "ro": "rumanisht"},
    "ro": {"en": "engleză", "sq": "albaneză", "ro": "română"},
}


@dataclass(frozen=True)
class Words:
    """Puts a report into words."""

    report: ItemsReport
    language: str

    def say(self, code: str, **params: object) -> str:
        """A text of the catalogue, items.<code>."""
        return text(f"items.{code}", params, self.language)

    def flag(self, flag: Flag) -> str:
        """What is to be looked at, as a sentence."""
        return text(flag.code, flag.params, self.language)

    def number(self, value: float | None, digits: int = 2) -> str:
        """A number as the language writes it; a dash for none."""
        from babel.numbers import format_decimal

        if value is None:
            return "–"
        # A rounded nought has no sign.
        rounded = round(value, digits) + 0.0
        form = "#,##0." + "0" * digits if digits else "#,##0"
        return format_decimal(rounded, form, locale=self.language).replace("-", "\N{MINUS SIGN}")

    def percent(self, share: float | None, digits: int = 0) -> str:
        """A share of one as a percentage."""
        return "–" if share is None else f"{self.number(100 * share, digits)} %"

    def of_hundred(self, value: float | None, digits: int = 0) -> str:
        """A figure that is percent already."""
        return "–" if value is None else f"{self.number(value, digits)} %"

    def figures(self, figures: ItemFigures, guess: float | None) -> dict[str, str]:
        """The figures of an item by the names of `FIGURES`."""
        return {
            "n": self.number(figures.n, 0),
            "facility": self.percent(figures.facility),
            "discrimination": self.of_hundred(figures.discrimination_index),
            "efficiency": self.of_hundred(figures.discriminative_efficiency),
            "sd": self.percent(
                figures.sd / figures.maxmark if figures.sd is not None and figures.maxmark else None
            ),
            "intended": self.of_hundred(figures.intended_weight, 1),
            "effective": self.of_hundred(figures.effective_weight, 1),
            "guess": self.percent(guess),
        }

    def quiz_figures(self) -> list[tuple[str, str, str]]:
        """Name, value and meaning of each figure of the whole quiz."""
        quiz, most = self.report.analysis.quiz, self.report.analysis.most
        shares = {
            "mean": self.percent(quiz.mean / most if quiz.mean is not None and most else None, 1),
            "median": self.percent(quiz.median / most if quiz.median is not None and most else None, 1),
            "sd": self.percent(quiz.sd / most if quiz.sd is not None and most else None, 1),
            "skewness": self.number(quiz.skewness),
            "kurtosis": self.number(quiz.kurtosis),
            "cic": self.of_hundred(quiz.cic, 1),
            "error-ratio": self.of_hundred(quiz.error_ratio, 1),
            "standard-error": self.percent(
                quiz.standard_error / most if quiz.standard_error is not None and most else None, 1
            ),
        }
        return [
            (self.say(f"quiz-{name}"), shares[name], self.say(f"quiz-definition-{name}"))
            for name in QUIZ_FIGURES
        ]

    def group(self, kind: str, code: str) -> str:
        """The name of a language or an institution."""
        if not code:
            return self.say("group-unknown")
        if kind == "language":
            return _LANGUAGES[self.language].get(code, code)
        return self.report.institutions.get(code, code)

    def question(self, key: str) -> str:
        """How a question is called: its id in the file, else its key."""
        labels = self.report.labels.get(key)
        return labels.id if labels else key

    def position(self, position: PositionResult) -> str:
        """What stands at a position: its question, or what it draws from."""
        if position.draws is None:
            return ", ".join(self.question(key) for key in position.questions)
        if position.draws.tags:
            return self.say("drawn-by-tags", tags=", ".join(position.draws.tags))
        return self.say("drawn-from", category=position.draws.category)

    def slots(self, question: QuestionResult) -> str:
        """The positions of a question, as numbers."""
        return ", ".join(str(slot) for slot in question.slots)

    def answer(self, question: QuestionResult, said: str) -> str:
        """An answer as it is shown; true and false in the reader's words."""
        if question.type == "truefalse" and said in ("true", "false"):
            return self.say(said)
        return said

    def gain_interval(self, interval: tuple[float, float] | None, digits: int) -> str:
        """An interval in words; a dash for none."""
        if interval is None:
            return "–"
        return f"{self.number(interval[0], digits)} … {self.number(interval[1], digits)}"


def facility_by_group(
    report: ItemsReport, kind: str
) -> tuple[list[str], Mapping[str, Mapping[str, float | None]]]:
    """The codes of the groups, and the facility of each question in each: None where it is not shown."""
    codes = sorted({group.code for one in report.analysis.questions for group in one.groups.get(kind, ())})
    cells = {
        one.key: {group.code: group.facility for group in one.groups.get(kind, ())}
        for one in report.analysis.questions
    }
    return codes, cells


def wanted_groups(report: ItemsReport) -> Sequence[str]:
    """The kinds of groups of which there is more than one group."""
    return [kind for kind in ("language", "institution") if len(facility_by_group(report, kind)[0]) > 1]
