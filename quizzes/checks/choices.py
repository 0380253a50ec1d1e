"""Options: which are right, what each is worth, and whether a reader can tell them apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from authoring.problems import Problem
from quizzes.checks.asking import Asking, written
from quizzes.questions import MultipleChoice, Option, SingleChoice
from quizzes.scores import decimal, equal_split
from quizzes.xml_out.choices import scores_of


def check_choice(asking: Asking, question: SingleChoice | MultipleChoice) -> Iterator[Problem]:
    """The options of a question of its own."""
    yield from check_options(asking, question.options, "options", several=question.type == "multiple")


def check_options(
    asking: Asking, options: Sequence[Option], *where: str | int, several: bool
) -> Iterator[Problem]:
    """The options at a place of a question."""
    if len(options) < 2:
        yield asking.problem("quiz.options-too-few", *where)
    texts = [option.text for option in options]
    for index, first, language in asking.repeated(texts, asking.visible):
        seen = asking.visible(texts[index].in_language(language))
        yield asking.problem("quiz.option-twice", *where, index, "text", text=seen, first=first + 1)
    yield from (_multiple if several else _single)(asking, options, where)


def _single(asking: Asking, options: Sequence[Option], where: tuple[str | int, ...]) -> Iterator[Problem]:
    right = sum(option.correct for option in options)
    if right != 1:
        yield asking.problem("quiz.single-right", *where, n=right)
    for index, option in enumerate(options):
        place = (*where, index, "score")
        if option.correct and option.score not in (None, 1):
            yield asking.problem("quiz.single-score", *place, score=written(option.score))
        if not option.correct and option.score == 1:
            yield asking.problem("quiz.wrong-score", *place, score=written(option.score))


def _multiple(asking: Asking, options: Sequence[Option], where: tuple[str | int, ...]) -> Iterator[Problem]:
    right = [option for option in options if option.correct]
    odd = False
    for index, option in enumerate(options):
        score = option.score
        if score is not None and (score <= 0 if option.correct else score > 0):
            odd = True
            code = "quiz.right-score" if option.correct else "quiz.wrong-score"
            yield asking.problem(code, *where, index, "score", score=written(score))
    given = sum(option.score is not None for option in right)
    if not right:
        yield asking.problem("quiz.multiple-none-right", *where)
    elif given not in (0, len(right)):
        yield asking.problem("quiz.score-missing", *where, n=len(right) - given)
    elif not given and equal_split(len(right)) is None:
        yield asking.problem("quiz.no-equal-split", *where, n=len(right))
    elif not odd:
        scores = scores_of(tuple(options), several=True)
        total = sum((score for score in scores if score > 0), start=Fraction(0))
        if total != 1:
            yield asking.problem("quiz.multiple-sum", *where, sum=f"{decimal(total * 100, 5)}%")
    wrong = [option for option in options if not option.correct]
    if right and wrong and not any(option.score for option in wrong):
        # Moodle adds up what is ticked, so ticking everything gives the full mark.
        yield asking.problem("quiz.ticking-all-wins", *where, warning=True)
