"""What learners do in their courses: the test before, the lessons, the exercise, the final quiz; and its marking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from authoring.activity import AssignmentActivity, FeedbackActivity, ForumActivity, QuizActivity
from authoring.course import Course
from lms_sync.learners import PracticeLearner
from lms_sync.moodle.observe import Observation
from lms_sync.plan import Kind
from lms_sync.playing.scenarios import RIGHT_BEFORE, Way
from lms_sync.practice_assignments import PracticeTrainer, find_assignment, hand_in
from quizzes import Quiz

_WORK = (
    "Need: the counter sends people away without a next step. Two objectives that can be seen, one case in pairs, "
    "the agenda in minutes, two questions before and two others after, a room that everybody can reach."
)


@dataclass(frozen=True)
class QuizToTake:
    """A quiz of a course and its course module."""

    quiz: Quiz
    activity: int


@dataclass(frozen=True)
class WorkToDo:
    """An assignment, its course module, and the points that are enough."""

    activity: int
    points: int
    enough: int


@dataclass(frozen=True)
class QuestionnaireToAnswer:
    """A questionnaire of the programme that a course asks: the activity's key and its course module."""

    key: str
    activity: int


@dataclass(frozen=True)
class CourseToTake:
    """A course as it is on the site: its quizzes before the lessons and after them, and its assignments."""

    course_id: int
    before: tuple[QuizToTake, ...]
    after: tuple[QuizToTake, ...]
    work: tuple[WorkToDo, ...]
    forums: Mapping[str, int]
    """Course modules of the forums, by `<course>/<activity>`."""
    questionnaires: Mapping[str, QuestionnaireToAnswer]
    """Questionnaires of the programme that the course asks, by the name of their file."""


def courses_to_take(
    courses: Mapping[str, Course], quizzes: Mapping[str, Quiz], seen: Observation
) -> dict[str, CourseToTake]:
    """The courses of an academy with the site's ids of what learners do in them.

    A quiz that completing the course asks for is a final one; the others are taken before the lessons.
    """
    found = {}
    for slug, course in courses.items():
        required = set(course.complete_when.all) if course.complete_when else set()
        before: list[QuizToTake] = []
        after: list[QuizToTake] = []
        work: list[WorkToDo] = []
        forums: dict[str, int] = {}
        questionnaires: dict[str, QuestionnaireToAnswer] = {}
        for activity in course.activities:
            thing = seen.find(Kind.ACTIVITY, slug, f"{slug}/{activity.id}")
            if thing is None:
                continue
            if isinstance(activity, QuizActivity):
                of_course = after if activity.id in required or activity.completion == "passed" else before
                of_course.append(QuizToTake(quizzes[activity.quiz or slug], thing.id))
            elif isinstance(activity, AssignmentActivity):
                work.append(WorkToDo(thing.id, activity.points, activity.pass_ or 0))
            elif isinstance(activity, ForumActivity):
                forums[thing.key] = thing.id
            elif isinstance(activity, FeedbackActivity) and activity.questionnaire:
                questionnaires[activity.questionnaire] = QuestionnaireToAnswer(thing.key, thing.id)
        found[slug] = CourseToTake(
            seen.course_ids[slug], tuple(before), tuple(after), tuple(work), forums, questionnaires
        )
    return found


def take_tests_before(learner: PracticeLearner, courses: Sequence[CourseToTake]) -> int:
    """Takes the tests before the training; how many."""
    taken = [(course, one) for course in courses for one in course.before]
    for course, one in taken:
        learner.take_quiz(course.course_id, one.quiz, right=RIGHT_BEFORE, activity=one.activity)
    return len(taken)


def learn(learner: PracticeLearner, courses: Sequence[CourseToTake], way: Way) -> int:
    """Lessons, exercises and final quizzes, as far as this way goes; how many exercises were handed in."""
    handed_in = 0
    for course in courses:
        learner.take_package(course.course_id, status=way.package, score=way.score)
        if way.right is None:
            continue
        for work in course.work:
            hand_in(learner.client, course.course_id, work.activity, _WORK)
            handed_in += 1
        for one in course.after:
            learner.take_quiz(course.course_id, one.quiz, right=way.right, activity=one.activity)
    return handed_in


def mark(trainer: PracticeLearner, courses: Sequence[CourseToTake], user_ids: Sequence[int]) -> int:
    """The trainer accepts the work of these people; how many pieces were marked."""
    marking = PracticeTrainer(trainer.client)
    marked = 0
    for course in courses:
        for work in course.work:
            assignment = find_assignment(trainer.client, course.course_id, work.activity, enrolled=False)
            for place, user_id in enumerate(user_ids):
                spare = work.points - work.enough
                marking.mark(assignment, user_id, work.enough + place % (spare + 1))
                marked += 1
    return marked
