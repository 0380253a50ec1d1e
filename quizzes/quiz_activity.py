"""The quiz activity: settings and slots as plain data, in the form the companion plugin takes."""

from __future__ import annotations

from decimal import Decimal

from quizzes.moodle_xml import sorted_tags
from quizzes.quiz import Quiz, Review, Slot

GRADE_METHODS = {"highest": 1, "average": 2, "first": 3, "last": 4}
MAXIMUM_GRADE = 100

DURING, IMMEDIATELY, WHILE_OPEN, AFTER_CLOSE = 0x10000, 0x01000, 0x00100, 0x00010
AFTER_ATTEMPT = IMMEDIATELY | WHILE_OPEN | AFTER_CLOSE

_FEEDBACK_WHILE_ANSWERING = (
    "immediatefeedback",
    "immediatecbm",
    "interactive",
    "adaptive",
    "adaptivenopenalty",
)

TIMES = {"during": DURING, "immediately": IMMEDIATELY, "open": WHILE_OPEN, "closed": AFTER_CLOSE}
REVIEW_WORDS = {
    "attempt": "attempt",
    "correctness": "correctness",
    "max_marks": "maxmarks",
    "marks": "marks",
    "feedback": "specificfeedback",
    "general_feedback": "generalfeedback",
    "right_answer": "rightanswer",
    "overall_feedback": "overallfeedback",
}
"""What can be seen of an attempt: our word and Moodle's."""


def review_masks(behaviour: str, review: Review | None = None) -> dict[str, int]:
    """When a learner sees what of an attempt, as Moodle's bit masks; `review` holds the author's own wishes.

    After finishing: own answers, correctness, marks and feedback. The right answers only after the quiz
    has closed, since Moodle cannot say "when no attempt is left". During the attempt nothing but the
    attempt itself, which Moodle forces; a behaviour that answers at once shows its feedback then.
    """
    seen = AFTER_ATTEMPT | (DURING if behaviour in _FEEDBACK_WHILE_ANSWERING else 0)
    masks = {
        "attempt": DURING | AFTER_ATTEMPT,
        "correctness": seen,
        "maxmarks": seen,
        "marks": seen,
        "specificfeedback": seen,
        "generalfeedback": seen,
        "rightanswer": AFTER_CLOSE,
        "overallfeedback": AFTER_ATTEMPT,
    }
    for ours, moodles in REVIEW_WORDS.items():
        times = getattr(review, ours) if review else None
        if times is not None:
            masks[moodles] = sum(TIMES[one] for one in set(times)) | (DURING if ours == "attempt" else 0)
    return masks


def quiz_settings(quiz: Quiz, *, multilang: bool = True) -> dict[str, object]:
    """The settings of the activity; name, visibility, completion and slots come from elsewhere."""
    settings = quiz.settings
    languages = quiz.languages.offered if multilang else (quiz.languages.default,)
    return {
        "intro": quiz.texts.html_of(settings.intro, languages, paragraph=True).html,
        "timelimit": settings.time_limit,
        "attempts": settings.attempts,
        "grademethod": GRADE_METHODS[settings.grading],
        "grade": MAXIMUM_GRADE,
        "gradepass": float(round(settings.pass_mark * MAXIMUM_GRADE, 5)),
        "questionsperpage": settings.questions_per_page,
        "shuffleanswers": int(settings.shuffle_answers),
        "preferredbehaviour": settings.behaviour,
        "review": review_masks(settings.behaviour, settings.review),
    }


def quiz_slots(quiz: Quiz) -> list[dict[str, object]]:
    """The slots in their order; a quiz that names none uses every question once, as written."""
    if not quiz.slots:
        return [_fixed(quiz, question.id, question.points) for question in quiz.questions]
    return [_slot(quiz, slot) for slot in quiz.slots]


def pool(quiz: Quiz, slot: Slot) -> frozenset[str]:
    """The ids of the questions that a drawing slot can take: those that carry all its tags."""
    wanted = {tag.lower() for tag in slot.all_tags}
    return frozenset(
        question.id
        for question in quiz.questions
        if wanted <= {tag.lower() for tag in quiz.tags_of(question)}
    )


def points_of_draw(quiz: Quiz, slot: Slot) -> Decimal | None:
    """The points of each drawn question: as written, else what all in the pool have; None if they differ."""
    if slot.points is not None:
        return slot.points
    drawable = pool(quiz, slot)
    found = {question.points for question in quiz.questions if question.id in drawable}
    return found.pop() if len(found) == 1 else None


def _slot(quiz: Quiz, slot: Slot) -> dict[str, object]:
    if slot.use is not None:
        question = next(one for one in quiz.questions if one.id == slot.use)
        return _fixed(quiz, question.id, question.points if slot.points is None else slot.points)
    points = points_of_draw(quiz, slot)
    if points is None:
        raise ValueError("the questions of a draw differ in points")  # read_quiz has refused it
    return {
        "random": slot.draw,
        "category": quiz.id,
        "tags": list(sorted_tags(slot.all_tags)),
        "maxmark": float(points),
    }


def _fixed(quiz: Quiz, question_id: str, points: Decimal) -> dict[str, object]:
    return {"question": quiz.key_of(question_id), "maxmark": float(points)}
