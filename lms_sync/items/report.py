"""The report on a quiz's questions: made from facts, as one value that pages, tables and `--json` show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from authoring.messages import text
from lms_sync.clock import local_date
from lms_sync.items.read_results import NoQuiz, QuizOnSite, Results, find_quiz, groups_of, read_results
from lms_sync.people import People
from lms_sync.same_person import one_person
from lms_sync.store.database import reading
from programmes.suppression import SMALL
from quizzes.answer_labels import QuestionLabels, labels_of
from quizzes.gain import Gain, gain
from quizzes.item_analysis import analyse
from quizzes.item_results import GroupFigure, ItemAnalysis, PositionResult, QuestionResult
from quizzes.item_statistics import ItemFigures
from quizzes.results import Which, attempts_that_count


@dataclass(frozen=True)
class ItemsReport:
    """The report on one quiz as of one moment. `labels` by question; names of institutions by code."""

    quiz: QuizOnSite
    site: str
    as_of: datetime
    timezone: str
    analysis: ItemAnalysis
    labels: Mapping[str, QuestionLabels]
    institutions: Mapping[str, str]
    before: QuizOnSite | None = None
    learned: Gain | None = None

    @property
    def name(self) -> str:
        """The files' name without ending: the quiz and the local date."""
        return f"items-{self.quiz.name.replace('/', '-')}-{local_date(self.as_of, self.timezone).isoformat()}"

    def as_json(self, language: str) -> dict[str, object]:
        """For `--json`, by schemas/items.schema.json. Flags are told by code and in words."""
        analysis = self.analysis
        return {
            "quiz": self.quiz.name,
            "activities": sorted(key for keys in self.quiz.activities.values() for key in keys),
            "site": self.site,
            "as_of": self.as_of.isoformat(),
            "which": analysis.which,
            "attempts": analysis.quiz.n,
            "persons": analysis.persons,
            "max": analysis.most,
            "figures": vars(analysis.quiz) if analysis.enough else None,
            "flags": [
                {"code": one.code, "what": text(one.code, one.params, language), "grave": one.grave}
                for one in analysis.flags
            ],
            "positions": [_position_json(one) for one in analysis.positions] if analysis.enough else [],
            "questions": [self._question_json(one, language) for one in analysis.questions]
            if analysis.enough
            else [],
            "gain": self._gain_json(),
        }

    def _gain_json(self) -> dict[str, object] | None:
        if self.learned is None or self.before is None:
            return None
        return {"before_quiz": self.before.name, **vars(self.learned)}

    def _question_json(self, one: QuestionResult, language: str) -> dict[str, object]:
        return {
            "key": one.key,
            "slots": list(one.slots),
            "drawn": one.drawn,
            "type": one.type,
            "text": one.text,
            **_figures_json(one.figures),
            "guess": one.guess,
            "left_out": one.left_out,
            "versions": list(one.versions),
            "answers": [vars(answer) for answer in one.answers],
            "groups": {kind: [_group_json(group) for group in rows] for kind, rows in one.groups.items()},
            "flags": [
                {"code": flag.code, "what": text(flag.code, flag.params, language), "grave": flag.grave}
                for flag in one.flags
            ],
        }


def _figures_json(figures: ItemFigures) -> dict[str, object]:
    return dict(vars(figures))


def _group_json(group: GroupFigure) -> dict[str, object]:
    return {"group": group.code, "n": group.n, "facility": group.facility}


def _position_json(one: PositionResult) -> dict[str, object]:
    draws = None if one.draws is None else {"category": one.draws.category, "tags": list(one.draws.tags)}
    return {"slot": one.slot, **_figures_json(one.figures), "draws": draws, "questions": list(one.questions)}


def items_report(
    engine: Engine,
    site: str,
    folder: Path,
    people: People,
    name: str,
    *,
    before: str | None = None,
    which: Which | None = None,
    as_of: datetime,
    timezone: str,
    language: str,
) -> ItemsReport:
    """Reads the facts of the quiz `name`, and of `before` for the gain, and analyses them.

    Raises NoQuiz where there is no such quiz or no result of it, ContentError where its file cannot be read.
    """
    quiz = find_quiz(folder, site, name, language)
    pair = quiz.whole.pair if quiz.whole and not before else None
    if pair is not None and name != pair.pre and (folder / "courses").is_dir():
        before = _if_in_a_course(folder, site, pair.pre, language)
    first = find_quiz(folder, site, before, language) if before else None
    labels = labels_of(quiz.quiz, language, quiz.whole) if quiz.quiz else {}
    with reading(engine) as connection:
        results = read_results(connection, site, quiz.activities, as_of)
        earlier = read_results(connection, site, first.activities, as_of) if first else None
        persons = {one.id.person for one in results.attempts}
        groups = groups_of(connection, site, persons, people, as_of)
        one = one_person(connection, site)
    counted = which or quiz.which
    analysis = analyse(results.attempts, results.outcomes, labels, which=counted, groups=groups)
    if not results.attempts:
        raise NoQuiz("items.no-attempts", quiz=name)
    if not results.outcomes:
        raise NoQuiz("items.no-outcomes", quiz=name)
    learned = None
    if earlier is not None and first is not None:
        learned = gain(_percentages(earlier, which or first.which, one), _percentages(results, counted, one))
        if learned is not None and learned.n < SMALL:
            learned = None
    codes = {code for person, code in groups["institution"].items()}
    names = {institution.code: institution.name(language) for institution in people.institutions}
    return ItemsReport(
        quiz,
        site,
        as_of,
        timezone,
        analysis,
        labels,
        {code: names.get(code, code) for code in sorted(codes)},
        first,
        learned,
    )


def _if_in_a_course(folder: Path, site: str, name: str, language: str) -> str | None:
    """The quiz before the course of a pair, where some course has it."""
    try:
        return find_quiz(folder, site, name, language).name
    except NoQuiz:
        return None


def _percentages(results: Results, which: Which, one: Mapping[str, str]) -> dict[str, float]:
    """The percentage of each human being's attempt that counts: of several, the mean."""
    found: dict[str, list[float]] = {}
    for attempt in attempts_that_count(results.attempts, which):
        if attempt.most > 0:
            person = one.get(attempt.id.person, attempt.id.person)
            found.setdefault(person, []).append(100 * (attempt.score or 0.0) / attempt.most)
    return {person: sum(values) / len(values) for person, values in found.items()}
