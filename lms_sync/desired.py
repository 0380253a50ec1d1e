"""What the files want to be in Moodle: every owned object with its key and its fields. Pure.

Keys are the idnumbers in Moodle (sections, which have none, are kept by the companion plugin):
course category `<category>`, course `<course>`, section and activity `<course>/<id>`, question
category `<quiz>`, question `<quiz>:<id>`, cohort `institution-<code>`, group `<course>/<code>`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt

from authoring.course import Activity, Course
from authoring.languages import LocalizedText, multilang, multilang_html
from authoring.problems import ContentError, Place, Problem
from lms_sync.plan import DesiredObject, Kind
from quizzes import QuestionBank, Quiz, quiz_settings, quiz_slots

_MARKDOWN = MarkdownIt("commonmark", {"html": False})

# Moodle's limits (lib/db/install.xml): longer texts are a database error there, so they are refused here.
_LIMITS = {"fullname": 254, "name": 255, "shortname": 100}

# mod_scorm's completionstatusrequired: compared exactly, except for 6, the sum of passed and completed.
_SCORM_COMPLETION = {
    "passed": {"tracking": 2, "status": 2, "view": 0},
    "completed": {"tracking": 2, "status": 6, "view": 0},
    "viewed": {"tracking": 2, "status": 0, "view": 1},
    "none": {"tracking": 0, "status": 0, "view": 0},
}
_QUIZ_COMPLETION = {
    "passed": {"tracking": 2, "passgrade": 1, "view": 0},
    "completed": {"tracking": 2, "passgrade": 0, "view": 0},
    "viewed": {"tracking": 2, "passgrade": 0, "view": 1},
    "none": {"tracking": 0, "passgrade": 0, "view": 0},
}


@dataclass(frozen=True)
class BuiltPackage:
    """A package file ready to be sent; `sha1` is of the whole zip, as Moodle keeps it."""

    path: Path
    sha1: str
    size: int
    items: frozenset[str] = frozenset()  # identifiers under which Moodle keeps learners' tracks


@dataclass(frozen=True)
class CourseContent:
    """A course with everything built from it. `quizzes` by the name that activities use."""

    course: Course
    package: BuiltPackage | None
    quizzes: Mapping[str, tuple[Quiz, QuestionBank]]


@dataclass(frozen=True)
class Learner:
    """A participant as Moodle needs them: who, from where, into which courses."""

    idnumber: str
    institution: str
    courses: tuple[str, ...]
    has_account: bool = True


@dataclass(frozen=True)
class InstitutionName:
    """An institution's code and its name in the site's language."""

    code: str
    name: str


@dataclass(frozen=True)
class DesiredState:
    """All objects that the files want, and the built content that goes with them."""

    objects: tuple[DesiredObject, ...]
    content: Mapping[str, CourseContent] = field(default_factory=dict)
    learners: Mapping[str, Learner] = field(default_factory=dict)


def desired_state(
    contents: Sequence[CourseContent],
    institutions: Mapping[str, InstitutionName],
    learners: Sequence[Learner],
    *,
    language: str,
    use_multilang: bool,
) -> DesiredState:
    """Every object that the given courses, institutions and learners want on a site.

    `language` names shelves and groups; with `use_multilang` texts carry all offered languages. Raises
    ContentError with every text that is too long for Moodle.
    """
    objects: dict[tuple[Kind, str, str], DesiredObject] = {}
    too_long: list[Problem] = []

    def want(thing: DesiredObject) -> None:
        objects.setdefault((thing.kind, thing.scope, thing.key), thing)

    for content in contents:
        for thing in _course_objects(content, language, use_multilang, too_long):
            want(thing)
    if too_long:
        raise ContentError(too_long)
    keys = {content.course.id for content in contents}
    for learner in learners:
        for course in learner.courses:
            if course in keys:
                for thing in _learner_objects(learner, course, institutions[learner.institution]):
                    want(thing)
    return DesiredState(
        tuple(objects.values()),
        {content.course.id: content for content in contents},
        {learner.idnumber: learner for learner in learners},
    )


def _learner_objects(learner: Learner, course: str, institution: InstitutionName) -> list[DesiredObject]:
    cohort = f"institution-{institution.code}"
    group = f"{course}/{institution.code}"
    who = learner.idnumber
    found = [
        DesiredObject(Kind.COHORT, cohort, "", {"name": institution.name}),
        DesiredObject(Kind.GROUP, group, course, {"name": institution.name}),
        DesiredObject(Kind.COHORT_MEMBER, f"{cohort}:{who}", "", {}),
        DesiredObject(Kind.ENROLMENT, f"{course}:{who}", course, {"status": "active"}),
        DesiredObject(Kind.GROUP_MEMBER, f"{group}:{who}", course, {}),
    ]
    if not learner.has_account:
        found.append(DesiredObject(Kind.ACCOUNT, who, "", {}))
    return found


def _course_objects(
    content: CourseContent, language: str, use_multilang: bool, too_long: list[Problem]
) -> list[DesiredObject]:
    course = content.course
    offered = course.languages.offered if use_multilang else (course.languages.default,)

    def checked(text: str, what: str) -> str:
        if len(text) > _LIMITS[what]:
            params = {"text": text[:60], "n": len(text), "limit": _LIMITS[what]}
            too_long.append(Problem("desired.too-long", params, Place(f"courses/{course.slug}/course.yaml")))
        return text

    def title(text: LocalizedText, what: str) -> str:
        return checked(multilang(text, offered), what)

    def html(text: LocalizedText | None) -> str:
        if text is None:
            return ""
        rendered = {one: str(_MARKDOWN.render(text.in_language(one))).strip() for one in offered}
        return multilang_html(rendered)

    objects = [
        DesiredObject(
            Kind.CATEGORY,
            course.category.id,
            "",
            {"name": checked(course.category.title.in_language(language), "name")},
        ),
        DesiredObject(
            Kind.COURSE,
            course.id,
            "",
            {
                "fullname": title(course.title, "fullname"),
                "shortname": checked(course.id, "shortname"),
                "category": course.category.id,
                "summary": html(course.summary),
                "enablecompletion": 1,
            },
        ),
    ]
    for position, section in enumerate(course.sections, 1):
        key = f"{course.id}/{section.id}"
        fields = {
            "name": title(section.title, "name"),
            "summary": html(section.summary),
            "visible": 1,
            "position": position,
        }
        objects.append(DesiredObject(Kind.SECTION, key, course.id, fields))
        for activity in section.activities:
            name = title(activity.title, "name")
            objects.append(_activity(content, activity, key, name, use_multilang))
            if activity.kind == "quiz":
                _quiz, bank = content.quizzes[str(activity.quiz)]
                objects.append(
                    DesiredObject(
                        Kind.QUESTION_CATEGORY, bank.quiz_id, course.id, {"name": bank.category_name}
                    )
                )
                objects.extend(
                    DesiredObject(Kind.QUESTION, question.key, course.id, {}, hash=question.hash)
                    for question in bank.questions
                )
    if course.complete_when:
        required = sorted(f"{course.id}/{name}" for name in course.complete_when.all)
        objects.append(DesiredObject(Kind.CRITERIA, course.id, course.id, {"activities": required}))
    return objects


def _activity(
    content: CourseContent, activity: Activity, section: str, name: str, use_multilang: bool
) -> DesiredObject:
    course = content.course
    fields: dict[str, object] = {"modname": "", "section": section, "name": name, "visible": 1}
    match activity.kind:
        case "package":
            assert content.package is not None
            fields |= {
                "modname": "scorm",
                "intro": "",
                "completion": _SCORM_COMPLETION[activity.completion],
                "maxattempt": 0,
                "grademethod": 1,  # highest grade of the SCOs
                "whatgrade": 0,  # highest attempt
                "maxgrade": 100,
                "forcenewattempt": 0,
                "hidetoc": 3,  # the player has its own table of contents
                # Straight into the course the first time. Later the entry page, where Moodle offers a new attempt:
                # a finished attempt opens for review only, and who has failed must be able to begin again.
                "skipview": 1,
                "sha1": content.package.sha1,
            }
        case "quiz":
            quiz, _bank = content.quizzes[str(activity.quiz)]
            fields |= {
                "modname": "quiz",
                "completion": _QUIZ_COMPLETION[activity.completion],
                **quiz_settings(quiz, multilang=use_multilang),
                "slots": [_without_none(slot) for slot in quiz_slots(quiz)],
            }
    tracked = content.package.items if activity.kind == "package" and content.package else frozenset()
    return DesiredObject(Kind.ACTIVITY, f"{course.id}/{activity.id}", course.id, fields, tracked=tracked)


def _without_none(slot: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in slot.items() if value is not None}
