"""What the companion plugin is to be told of each kind of activity. Pure.

The names and values are Moodle's own, as the plugin gives them back: what was sent is compared with what
is read. Dates of the files are days on the site's clock.
"""

from __future__ import annotations

from collections.abc import Mapping

from authoring.activity import (
    Activity,
    AssignmentActivity,
    FeedbackActivity,
    FileActivity,
    ForumActivity,
    GlossaryActivity,
    LabelActivity,
    Moment,
    PackageActivity,
    PageActivity,
    QuizActivity,
    UrlActivity,
)
from lms_sync.course_content import CourseContent
from lms_sync.course_questionnaires import questionnaire_items
from lms_sync.desired_wording import Fields, Wording
from quizzes import quiz_settings, quiz_slots
from quizzes.overrides import quiz_sections, quiz_times

MODULES: Mapping[str, str] = {
    "package": "scorm",
    "quiz": "quiz",
    "page": "page",
    "label": "label",
    "url": "url",
    "file": "resource",
    "forum": "forum",
    "glossary": "glossary",
    "assignment": "assign",
    "feedback": "feedback",
}
"""Moodle's module for each kind."""

# Completion rules as Moodle keeps them, by kind and word: tracking 0 none, 1 marked by the learner, 2 by a rule.
# A kind's first entry names all of its rules; those that a word does not set are 0.
_RULES: Mapping[str, tuple[str, ...]] = {
    "package": ("status", "view"),
    "quiz": ("passgrade", "view"),
    "page": ("view",),
    "label": (),
    "url": ("view",),
    "file": ("view",),
    "forum": ("view", "posts", "discussions", "replies"),
    "glossary": ("view", "entries"),
    "assignment": ("view", "submit", "grade", "passgrade"),
    "feedback": ("view", "submit"),
}
_WORDS: Mapping[str, Mapping[str, int]] = {
    "viewed": {"view": 1},
    "posted": {"posts": 1},
    "contributed": {"entries": 1},
    "submitted": {"submit": 1},
    "graded": {"grade": 1},
}
# mod_scorm's completionstatusrequired: compared exactly, except for 6, the sum of passed and completed.
_WORDS_OF_KIND: Mapping[tuple[str, str], Mapping[str, int]] = {
    ("package", "passed"): {"status": 2},
    ("package", "completed"): {"status": 6},
    ("quiz", "passed"): {"passgrade": 1},
    ("quiz", "completed"): {"grade": 1},
    ("assignment", "passed"): {"grade": 1, "passgrade": 1},
}

FOUND_BY_MOODLE = frozenset({"edition"})
"""Fields that Moodle reads from the package: compared, and not sent."""

GROUP_MODES = {"none": 0, "separate": 1, "visible": 2}
SUBSCRIPTIONS = {"optional": 0, "forced": 1, "automatic": 2, "off": 3}


def completion_rules(kind: str, word: str) -> dict[str, int]:
    """Moodle's completion rules for a word of a kind of activity."""
    if word == "none":
        found: Mapping[str, int] = {"tracking": 0}
    elif word == "marked":
        found = {"tracking": 1}
    else:
        found = {"tracking": 2, **(_WORDS_OF_KIND.get((kind, word)) or _WORDS[word])}
    return {**dict.fromkeys(_RULES[kind], 0), **found}


def activity_fields(content: CourseContent, activity: Activity, wording: Wording) -> Fields:
    """All that is to be told of an activity, beyond its section. Raises what `wording.title` raises."""
    return {**common_fields(content.course.id, activity, wording), **_own_fields(content, activity, wording)}


def common_fields(course: str, activity: Activity, wording: Wording) -> Fields:
    """What activities of every kind have. Raises what `wording.title` raises."""
    available = activity.available
    own_due_date = isinstance(activity, AssignmentActivity | ForumActivity)
    return {
        "modname": MODULES[activity.kind],
        "name": wording.title(activity.title),
        "visible": 1,
        "available": {
            "from": _begins(available.from_ if available else None, wording),
            "until": _ends(available.until if available else None, wording),
            "groups": sorted(f"{course}/{code}" for code in available.groups) if available else [],
        },
        "groupmode": GROUP_MODES[getattr(activity, "groups", "none")],
        "expected": 0 if own_due_date else _ends(activity.due, wording),
        "completion": completion_rules(activity.kind, activity.completion),
    }


def _own_fields(content: CourseContent, activity: Activity, wording: Wording) -> Fields:
    match activity:
        case PackageActivity():
            package = content.file_of(activity)
            assert package is not None
            several = len(package.items) > 1
            return {
                "intro": wording.html(activity.text),
                "maxattempt": 0,
                "grademethod": 2 if several else 1,  # mean or highest grade of the SCOs
                "whatgrade": 0,  # highest attempt
                "maxgrade": 100,
                "forcenewattempt": 0,
                "hidetoc": 0 if several else 3,  # our player has its own table of contents, of one SCO
                # Straight into the course the first time. Later the entry page, where Moodle offers a new attempt:
                # a finished attempt opens for review only, and who has failed must be able to begin again.
                "skipview": 1,
                "sha1": package.sha1,
                **({"edition": package.edition} if package.edition else {}),
            }
        case QuizActivity():
            quiz, _bank = content.quizzes[str(activity.quiz)]
            return {
                **quiz_settings(quiz, multilang=wording.multilang),
                **quiz_times(quiz, wording.zone),
                "slots": [_without_none(slot) for slot in quiz_slots(quiz)],
                "sections": quiz_sections(quiz, multilang=wording.multilang),
            }
        case PageActivity():
            return {"intro": "", "content": wording.html(activity.text)}
        case LabelActivity():
            return {"intro": wording.html(activity.text)}
        case UrlActivity():
            return {"intro": wording.html(activity.text), "externalurl": activity.url}
        case FileActivity():
            file = content.files[activity.id]
            return {"intro": wording.html(activity.text), "sha1": file.sha1, "filename": file.path.name}
        case ForumActivity():
            subscription = activity.subscription or ("forced" if activity.type == "news" else "optional")
            return {
                "intro": wording.html(activity.text),
                "type": activity.type,
                "forcesubscribe": SUBSCRIPTIONS[subscription],
                "duedate": _ends(activity.due, wording),
                "cutoffdate": _ends(activity.cutoff, wording),
            }
        case GlossaryActivity():
            return {
                "intro": wording.html(activity.text),
                "defaultapproval": int(not activity.approval),  # Moodle's word: approved by default
                "allowduplicatedentries": int(activity.duplicates),
                "allowcomments": int(activity.comments),
            }
        case AssignmentActivity():
            return {
                "intro": wording.html(activity.text),
                "duedate": _ends(activity.due, wording),
                "cutoffdate": _ends(activity.cutoff, wording),
                "grade": activity.points,
                "gradepass": float(activity.pass_ or 0),
                "submissions": {
                    "text": int("text" in activity.submit),
                    "files": activity.max_files if "files" in activity.submit else 0,
                },
            }
        case FeedbackActivity():
            asked = content.questionnaires.get(activity.id)
            return {
                "intro": wording.html(activity.text or (asked.text if asked else None)),
                "anonymous": 1 if activity.anonymous else 2,
                "multiple_submit": int(activity.repeat),
                "items": questionnaire_items(asked, wording) if asked else _questions(activity, wording),
            }


def _questions(activity: FeedbackActivity, wording: Wording) -> list[Fields]:
    return [
        {
            "key": question.id,
            "type": question.type,
            "name": wording.title(question.question),
            "required": int(question.required),
            "options": [wording.title(answer) for answer in activity.answers_of(question)],
        }
        for question in activity.questions
    ]


def named_institutions(content: CourseContent) -> dict[str, str]:
    """Codes of the institutions that activities are for, or that have exceptions in a quiz; each needs its group.

    With the (first) activity that names it.
    """
    codes: dict[str, str] = {}
    for activity in content.course.activities:
        for code in activity.available.groups if activity.available else ():
            codes.setdefault(code, activity.id)
        if isinstance(activity, QuizActivity):
            quiz, _bank = content.quizzes[str(activity.quiz)]
            for one in quiz.overrides:
                codes.setdefault(one.institution, activity.id)
    return codes


def _begins(moment: Moment | None, wording: Wording) -> int:
    return moment.begins(wording.zone) if moment else 0


def _ends(moment: Moment | None, wording: Wording) -> int:
    return moment.ends(wording.zone) if moment else 0


def _without_none(slot: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in slot.items() if value is not None}
