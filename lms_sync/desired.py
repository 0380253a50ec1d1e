"""What the files want to be in Moodle: every owned object with its key and its fields. Pure.

Keys are the idnumbers in Moodle (sections, which have none, are kept by the companion plugin):
course category `<category>`, course `<course>`, section and activity `<course>/<id>`, question
category `<quiz>`, question `<quiz>:<id>`, cohort `institution-<code>`, group `<course>/<code>`, override of a quiz
`<course>/<activity>@<code>` for an institution and `<course>/<activity>:<idnumber>` for a person; a calendar event
has `<programme>/<session>/<number of the day>`, that of a group with `/<code>` behind it (kept by the plugin).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

from markdown_it import MarkdownIt

from authoring.languages import LocalizedText, multilang, multilang_html
from authoring.problems import ContentError, Place, Problem
from lms_sync.course_content import BuiltPackage, CourseContent
from lms_sync.desired_activities import activity_fields, named_institutions
from lms_sync.desired_events import session_events
from lms_sync.desired_overrides import quiz_overrides
from lms_sync.desired_wording import Wording
from lms_sync.plan import DesiredObject, Kind
from programmes import Programme

__all__ = [
    "BuiltPackage",
    "CourseContent",
    "DesiredState",
    "InstitutionName",
    "Learner",
    "desired_state",
]

_MARKDOWN = MarkdownIt("commonmark", {"html": False})

# Moodle's limits (lib/db/install.xml): longer texts are a database error there, so they are refused here.
_LIMITS = {"fullname": 254, "name": 255, "shortname": 100}


@dataclass(frozen=True)
class Learner:
    """A participant as Moodle needs them: who, from where, into which courses."""

    idnumber: str
    institution: str
    courses: tuple[str, ...]
    has_account: bool = True
    extra_time: Fraction | None = None  # what part of a quiz's time limit they get in addition


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
    files: Mapping[str, Path] = field(default_factory=dict)  # what an activity shows, by its key


def desired_state(
    contents: Sequence[CourseContent],
    institutions: Mapping[str, InstitutionName],
    learners: Sequence[Learner],
    *,
    language: str,
    use_multilang: bool,
    timezone: str = "UTC",
    programmes: Sequence[Programme] = (),
    people: Mapping[str, tuple[str, str]] | None = None,
) -> DesiredState:
    """Every object that the given courses, institutions and learners want on a site.

    `language` names shelves and groups; with `use_multilang` texts carry all offered languages; days in the
    files are days in `timezone`. The sessions of `programmes` become calendar events; `people` gives name and
    institution of participants by idnumber. Raises ContentError with every text that is too long for Moodle and every
    institution that nobody has listed.
    """
    objects: dict[tuple[Kind, str, str], DesiredObject] = {}
    wrong: list[Problem] = []

    def want(thing: DesiredObject) -> None:
        objects.setdefault((thing.kind, thing.scope, thing.key), thing)

    for content in contents:
        for thing in _course_objects(content, language, use_multilang, ZoneInfo(timezone), wrong):
            want(thing)
        for code, activity in named_institutions(content).items():
            if code in institutions:
                want(_group(content.course.id, institutions[code]))
            else:
                params = {"activity": activity, "code": code}
                wrong.append(Problem("desired.unknown-institution", params, Place(content.course.file)))
    if wrong:
        raise ContentError(wrong)
    keys = {content.course.id for content in contents}
    for learner in learners:
        for course in learner.courses:
            if course in keys:
                for thing in _learner_objects(learner, course, institutions[learner.institution]):
                    want(thing)
    for content in contents:
        for thing in quiz_overrides(content, learners, ZoneInfo(timezone)):
            want(thing)
    for content in contents:
        course = content.course.id
        groups = {thing.key.partition("/")[2] for thing in objects.values() if _is_group(thing, course)}
        for programme in programmes:
            for thing in session_events(
                programme,
                course,
                groups,
                people or {},
                language=language,
                use_multilang=use_multilang,
                wrong=wrong,
            ):
                want(thing)
    if wrong:
        raise ContentError(wrong)
    return DesiredState(
        tuple(objects.values()),
        {content.course.id: content for content in contents},
        {learner.idnumber: learner for learner in learners},
        {key: path for content in contents for key, path in _files(content)},
    )


def _is_group(thing: DesiredObject, course: str) -> bool:
    return thing.kind is Kind.GROUP and thing.scope == course


def _files(content: CourseContent) -> Iterator[tuple[str, Path]]:
    for activity in content.course.activities:
        if (file := content.file_of(activity)) is not None:
            yield f"{content.course.id}/{activity.id}", file.path


def _group(course: str, institution: InstitutionName) -> DesiredObject:
    return DesiredObject(Kind.GROUP, f"{course}/{institution.code}", course, {"name": institution.name})


def _learner_objects(learner: Learner, course: str, institution: InstitutionName) -> list[DesiredObject]:
    cohort = f"institution-{institution.code}"
    group = f"{course}/{institution.code}"
    who = learner.idnumber
    found = [
        DesiredObject(Kind.COHORT, cohort, "", {"name": institution.name}),
        _group(course, institution),
        DesiredObject(Kind.COHORT_MEMBER, f"{cohort}:{who}", "", {}),
        DesiredObject(Kind.ENROLMENT, f"{course}:{who}", course, {"status": "active"}),
        DesiredObject(Kind.GROUP_MEMBER, f"{group}:{who}", course, {}),
    ]
    if not learner.has_account:
        found.append(DesiredObject(Kind.ACCOUNT, who, "", {}))
    return found


def _course_objects(
    content: CourseContent, language: str, use_multilang: bool, zone: ZoneInfo, wrong: list[Problem]
) -> list[DesiredObject]:
    course = content.course
    offered = course.languages.offered if use_multilang else (course.languages.default,)
    wording = Wording(offered, lambda text: title(text, "name"), zone, use_multilang)

    def checked(text: str, what: str) -> str:
        if len(text) > _LIMITS[what]:
            params = {"text": text[:60], "n": len(text), "limit": _LIMITS[what]}
            wrong.append(Problem("desired.too-long", params, Place(f"courses/{course.slug}/course.yaml")))
        return text

    def title(text: LocalizedText, what: str) -> str:
        return checked(multilang(text, offered), what)

    def html(text: LocalizedText | None) -> str:
        return "" if text is None else summary_html(text, offered)

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
            activity_key = f"{course.id}/{activity.id}"
            told = {"section": key, **activity_fields(content, activity, wording)}
            shown = content.file_of(activity)
            tracked = shown.items if shown is not None else frozenset[str]()
            holds = shown.content_sha256 if shown is not None else ""
            objects.append(
                DesiredObject(Kind.ACTIVITY, activity_key, course.id, told, tracked=tracked, content=holds)
            )
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


def summary_html(text: LocalizedText | str, offered: Sequence[str] = ("",)) -> str:
    """A summary, which is Markdown, as the HTML that Moodle stores."""
    if isinstance(text, str):
        return str(_MARKDOWN.render(text)).strip()
    return multilang_html({one: summary_html(text.in_language(one)) for one in offered})
