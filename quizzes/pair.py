"""The two quizzes of a pair: before and after a course, from one blueprint, without a question in common.

What was learnt between them cannot be told from what was remembered of the first. So the questions are dealt
to two forms; each is a quiz of its own with its own question category, and what it draws comes from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from quizzes.quiz import Quiz
from quizzes.quiz_activity import pool

Form = Literal["pre", "post"]
FORMS: tuple[Form, Form] = ("pre", "post")


def forms(quiz: Quiz) -> dict[Form, Quiz]:
    """The quizzes that a file makes: two of a pair, else the quiz itself as `post`."""
    if quiz.pair is None:
        return {"post": quiz}
    dealt = deal(quiz)
    pre = quiz.pair
    # The dates and tries of the exam are not those of the quiz before the course; its time limit is.
    settings = quiz.settings.model_copy(
        update={"attempts": pre.attempts, "pass_mark": pre.pass_mark, "opens": None, "closes": None}
    )
    longer = tuple(
        one.model_copy(update={"opens": None, "closes": None, "attempts": None})
        for one in quiz.overrides
        if one.time_limit is not None
    )
    return {
        "pre": _form(quiz, dealt, "pre").model_copy(
            update={
                "id": pre.pre,
                "title": pre.title,
                "settings": settings,
                "overrides": longer,
                "category": None,
            }
        ),
        "post": _form(quiz, dealt, "post"),
    }


def _form(quiz: Quiz, dealt: Mapping[str, Form], form: Form) -> Quiz:
    questions = tuple(one for one in quiz.questions if dealt[one.id] == form)
    slots = tuple(one for one in quiz.slots if one.use is None or dealt.get(one.use) == form)
    return quiz.model_copy(update={"questions": questions, "slots": slots, "pair": None})


def deal(quiz: Quiz) -> dict[str, Form]:
    """The form of each question by its id.

    Questions are dealt in the order of the file, each to the form that lacks more of what its draws need, so that
    questions that are added at the end leave the others where they were.
    """
    pools = [(slot.draw or 0, pool(quiz, slot)) for slot in quiz.slots if slot.draw is not None]
    lacking: dict[Form, list[int]] = {form: [need for need, _ in pools] for form in FORMS}
    counts: dict[Form, int] = dict.fromkeys(FORMS, 0)
    found: dict[str, Form] = {}

    def give(question_id: str, form: Form) -> None:
        found[question_id] = form
        counts[form] += 1
        for number, (_, drawable) in enumerate(pools):
            lacking[form][number] -= question_id in drawable

    for question in quiz.questions:
        if question.form is not None:
            give(question.id, question.form)
    for question in quiz.questions:
        if question.id in found:
            continue
        own = [number for number, (_, drawable) in enumerate(pools) if question.id in drawable]
        lacks = {form: sum(max(0, lacking[form][number]) for number in own) for form in FORMS}
        has = {form: -sum(lacking[form][number] for number in own) for form in FORMS}
        give(
            question.id,
            min(FORMS, key=lambda form: (-lacks[form], has[form], counts[form], form != "post")),
        )
    return found
