"""The lines to fill in on Moodle's forms: labels as Moodle 4.5 has them in English, values as the files want them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from lms_sync.course_questionnaires import NO_BOUND
from lms_sync.plan import DesiredObject
from quizzes.quiz_activity import DURING, IMMEDIATELY, WHILE_OPEN

Fields = Mapping[str, object]


@dataclass(frozen=True)
class Line:
    """One line of a form: the group it stands under, its label, what to choose or copy. `name` is our field's."""

    group: str
    label: str
    value: str
    name: str = ""
    copied: bool = False  # a text to be copied as it is
    html: bool = False  # into the source view of an editor


MODULES: Mapping[str, str] = {
    "scorm": "SCORM package",
    "quiz": "Quiz",
    "page": "Page",
    "label": "Text and media area",
    "url": "URL",
    "resource": "File",
    "forum": "Forum",
    "glossary": "Glossary",
    "assign": "Assignment",
    "feedback": "Feedback",
}
"""What the activity chooser calls each module."""

_GENERAL = "General"
_COMMON = "Common module settings"
_COMPLETION = "Completion conditions"
_TICKED = "✓"
_UNTICKED = "☐"
_NAMES = {"forum": "Forum name", "assign": "Assignment name"}  # the others say "Name"

_GROUP_MODES = ("No groups", "Separate groups", "Visible groups")
_FORUM_TYPES = {
    "general": "Standard forum for general use",
    "qanda": "Q and A forum",
    "blog": "Standard forum displayed in a blog-like format",
    "eachuser": "Each person posts one discussion",
    "single": "A single simple discussion",
}
_SUBSCRIPTIONS = (
    "Optional subscription",
    "Forced subscription",
    "Auto subscription",
    "Subscription disabled",
)
_QUIZ_GRADING = {1: "Highest grade", 2: "Average grade", 3: "First attempt", 4: "Last attempt"}
_SKIP = ("Never", "First access", "Always")
_SCORM_GRADING = ("Learning objects", "Highest grade", "Average grade", "Sum grade")
_TOC = ("To the side", "Hidden", "In a drop-down menu", "Disabled")
_BEHAVIOURS = {
    "deferredfeedback": "Deferred feedback",
    "immediatefeedback": "Immediate feedback",
    "interactive": "Interactive with multiple tries",
    "adaptive": "Adaptive mode",
    "adaptivenopenalty": "Adaptive mode (no penalties)",
    "deferredcbm": "Deferred feedback with CBM",
    "immediatecbm": "Immediate feedback with CBM",
}


def activity_lines(
    want: DesiredObject, file: str, zone: ZoneInfo, groups: Mapping[str, str] | None = None
) -> list[Line]:
    """Every line of an activity's form that is not as Moodle has it by default, in the order of the form.

    `file` is its file in the kit; `groups` are the names of the course's groups by their keys.
    """
    fields = want.fields
    module = str(fields["modname"])
    label = "Title in course index" if module == "label" else _NAMES.get(module, "Name")
    lines = [Line(_GENERAL, label, str(fields["name"]), "name", copied=True)]
    if module == "url":
        lines += _url(fields)
    if intro := str(fields.get("intro") or ""):
        label = "Text" if module == "label" else "Description"
        lines.append(Line(_GENERAL, label, intro, "intro", copied=True, html=True))
    lines += _OWN.get(module, _nothing)(fields, file, zone)
    lines.append(Line(_COMMON, "ID number", want.key, copied=True))
    if fields.get("groupmode"):
        lines.append(Line(_COMMON, "Group mode", _GROUP_MODES[_int(fields["groupmode"])], "groupmode"))
    lines += _availability(fields, zone, groups or {})
    if module != "quiz":
        lines += _completion(module, fields, zone)
    return lines


def quiz_pass_lines(want: DesiredObject, zone: ZoneInfo) -> list[Line]:
    """The lines of a quiz's form that Moodle takes only once its maximum grade is set, on another page."""
    grade = _number(want.fields["gradepass"])
    return [Line("Grade", "Grade to pass", grade, "gradepass"), *_completion("quiz", want.fields, zone)]


def _nothing(_fields: Fields, _file: str, _zone: ZoneInfo) -> list[Line]:
    return []


def _scorm(fields: Fields, file: str, _zone: ZoneInfo) -> list[Line]:
    return [
        Line("Package", "Package file", file, "sha1"),
        Line(
            "Appearance", "Student skip content structure page", _SKIP[_int(fields["skipview"])], "skipview"
        ),
        Line("Appearance", "Display content structure in player", _TOC[_int(fields["hidetoc"])], "hidetoc"),
        Line("Grade", "Grading method", _SCORM_GRADING[_int(fields["grademethod"])], "grademethod"),
        Line("Grade", "Maximum grade", _number(fields["maxgrade"]), "maxgrade"),
        Line("Attempts management", "Number of attempts", "Unlimited attempts", "maxattempt"),
        Line("Attempts management", "Attempts grading", "Highest attempt", "whatgrade"),
    ]


def _quiz(fields: Fields, _file: str, _zone: ZoneInfo) -> list[Line]:
    seconds = _int(fields["timelimit"])
    every = _int(fields["questionsperpage"])
    page = {0: "Never, all questions on one page", 1: "Every question"}.get(every, f"Every {every} questions")
    attempts = _int(fields["attempts"])
    behaviour = str(fields["preferredbehaviour"])
    limit = f"Enable, {seconds // 60} minutes" if seconds else "Disable"
    return [
        Line("Timing", "Time limit", limit, "timelimit"),
        Line("Grade", "Attempts allowed", str(attempts) if attempts else "Unlimited", "attempts"),
        Line("Grade", "Grading method", _QUIZ_GRADING[_int(fields["grademethod"])], "grademethod"),
        Line("Layout", "New page", page, "questionsperpage"),
        Line(
            "Question behaviour", "Shuffle within questions", _yes(fields["shuffleanswers"]), "shuffleanswers"
        ),
        Line(
            "Question behaviour",
            "How questions behave",
            _BEHAVIOURS.get(behaviour, behaviour),
            "preferredbehaviour",
        ),
        *_review(fields["review"]),
    ]


_MOMENTS = {
    DURING: "During the attempt",
    IMMEDIATELY: "Immediately after the attempt",
    WHILE_OPEN: "Later, while the quiz is still open",
}
"""Without a closing date, which a quiz of ours never has, the fourth column is greyed out."""
_REVIEWED = {
    "attempt": "The attempt",
    "correctness": "Whether correct",
    "maxmarks": "Maximum marks",
    "marks": "Marks",
    "specificfeedback": "Specific feedback",
    "generalfeedback": "General feedback",
    "rightanswer": "Right answer",
    "overallfeedback": "Overall feedback",
}


def _review(masks: object) -> list[Line]:
    """What is ticked in each column of the review options, and what is not."""
    assert isinstance(masks, Mapping)
    return [
        Line(
            "Review options",
            label,
            ", ".join(
                f"{_TICKED if _int(masks[name]) & moment else _UNTICKED}\u00a0{word}".replace(" ", "\u00a0")
                for name, word in _REVIEWED.items()
                if not (moment == DURING and name == "overallfeedback")  # greyed out there
            ),
            "review",
        )
        for moment, label in _MOMENTS.items()
    ]


def _page(fields: Fields, _file: str, _zone: ZoneInfo) -> list[Line]:
    return [Line("Content", "Page content", str(fields["content"]), "content", copied=True, html=True)]


def _url(fields: Fields) -> list[Line]:  # it stands above the description
    return [Line(_GENERAL, "External URL", str(fields["externalurl"]), "externalurl", copied=True)]


def _resource(_fields: Fields, file: str, _zone: ZoneInfo) -> list[Line]:
    return [Line(_GENERAL, "Select files", file, "sha1")]


def _forum(fields: Fields, _file: str, zone: ZoneInfo) -> list[Line]:
    subscription = _SUBSCRIPTIONS[_int(fields["forcesubscribe"])]
    kind = str(fields["type"])
    return [
        # Announcements are made by Moodle with the course; nobody can choose them as a type.
        *([] if kind == "news" else [Line(_GENERAL, "Forum type", _FORUM_TYPES[kind], "type")]),
        *_dates("Availability", fields, zone),
        Line("Subscription and tracking", "Subscription mode", subscription, "forcesubscribe"),
    ]


def _glossary(fields: Fields, _file: str, _zone: ZoneInfo) -> list[Line]:
    return [
        Line("Entries", "Approved by default", _yes(fields["defaultapproval"]), "defaultapproval"),
        Line(
            "Entries",
            "Duplicate entries allowed",
            _yes(fields["allowduplicatedentries"]),
            "allowduplicatedentries",
        ),
        Line("Entries", "Allow comments on entries", _yes(fields["allowcomments"]), "allowcomments"),
    ]


def _assign(fields: Fields, _file: str, zone: ZoneInfo) -> list[Line]:
    submissions = fields["submissions"]
    assert isinstance(submissions, Mapping)
    files = _int(submissions["files"])
    lines = [
        *_dates("Availability", fields, zone),
        Line("Submission types", "Online text", _tick(submissions["text"]), "submissions"),
        Line("Submission types", "File submissions", _tick(files), "submissions"),
    ]
    if files:
        lines.append(Line("Submission types", "Maximum number of uploaded files", str(files), "submissions"))
    if not fields["grade"]:
        return [*lines, Line("Grade", "Type", "None", "grade")]
    lines += [
        Line("Grade", "Type", "Point", "grade"),
        Line("Grade", "Maximum grade", _number(fields["grade"]), "grade"),
    ]
    if fields["gradepass"]:
        lines.append(Line("Grade", "Grade to pass", _number(fields["gradepass"]), "gradepass"))
    return lines


def _feedback(fields: Fields, _file: str, _zone: ZoneInfo) -> list[Line]:
    anonymous = fields["anonymous"] == 1
    names = "Anonymous" if anonymous else "User's name will be logged and shown with answers"
    return [
        Line("Question and submission settings", "Record user names", names, "anonymous"),
        Line(
            "Question and submission settings",
            "Allow multiple submissions",
            _yes(fields["multiple_submit"]),
            "multiple_submit",
        ),
    ]


_OWN: Mapping[str, Callable[[Fields, str, ZoneInfo], list[Line]]] = {
    "scorm": _scorm,
    "quiz": _quiz,
    "page": _page,
    "resource": _resource,
    "forum": _forum,
    "glossary": _glossary,
    "assign": _assign,
    "feedback": _feedback,
}


def _dates(group: str, fields: Fields, zone: ZoneInfo) -> list[Line]:
    return [
        Line(group, label, _moment(fields[name], zone), name)
        for name, label in (("duedate", "Due date"), ("cutoffdate", "Cut-off date"))
        if fields.get(name)
    ]


def _availability(fields: Fields, zone: ZoneInfo, names: Mapping[str, str]) -> list[Line]:
    available = fields.get("available")
    if not isinstance(available, Mapping):
        return []
    group = "Restrict access"
    lines = [
        Line(group, f"Add restriction..., Date, {word}", _moment(available[name], zone), "available")
        for name, word in (("from", "from"), ("until", "until"))
        if available.get(name)
    ]
    groups = available.get("groups") or ()
    assert isinstance(groups, Sequence)
    if groups:
        shown = ", ".join(names.get(str(one), str(one)) for one in groups)
        lines.append(Line(group, "Add restriction..., Group", shown, "available"))
    return lines


_REQUIREMENTS = {  # our rule → what is ticked below "Add requirements", and what is chosen beside it
    "view": ("View the activity", ""),
    "grade": ("Receive a grade", "Any grade"),
    "passgrade": ("Receive a grade", "Passing grade"),
    "posts": ("Start discussions or post replies", "1"),
    "discussions": ("Start discussions", "1"),
    "replies": ("Post replies", "1"),
    "entries": ("Add entries", "1"),
}
_SUBMIT = {"assign": "Make a submission", "feedback": "Submit feedback"}
_PASSED, _COMPLETED = 2, 4  # bits of SCORM's status rule


def _completion(module: str, fields: Fields, zone: ZoneInfo) -> list[Line]:
    rules = fields.get("completion")
    assert isinstance(rules, Mapping)
    name = "completion"
    if not rules["tracking"]:
        return [Line(_COMPLETION, "None", _TICKED, name)]
    if rules["tracking"] == 1:
        return [Line(_COMPLETION, "Students must manually mark the activity as done", _TICKED, name)]
    lines = [Line(_COMPLETION, "Add requirements", _TICKED, name)]
    for rule, value in rules.items():
        if rule == "tracking" or not value or (rule == "grade" and rules.get("passgrade")):
            continue
        if rule == "status":  # Moodle has ticked the second one already
            for bit, label in ((_PASSED, "Passed"), (_COMPLETED, "Completed")):
                lines.append(Line(_COMPLETION, label, _TICKED if _int(value) & bit else _UNTICKED, name))
        elif rule == "submit":
            lines.append(Line(_COMPLETION, _SUBMIT[module], _TICKED, name))
        else:
            label, chosen = _REQUIREMENTS[rule]
            lines.append(Line(_COMPLETION, label, f"{_TICKED} {chosen}".strip(), name))
    if fields.get("expected"):
        moment = _moment(fields["expected"], zone)
        lines.append(Line(_COMPLETION, "Set reminder in Timeline", moment, "expected"))
    return lines


def visible_line(want: DesiredObject) -> Line:
    """Whether an activity is seen on the course page; a new one is."""
    shown = "Show on course page" if want.fields["visible"] else "Hide on course page"
    return Line(_COMMON, "Availability", shown, "visible")


_QUESTION_TYPES = {
    "rating": "Multiple choice (rated)",
    "choice": "Multiple choice",
    "text": "Longer text answer",
    "number": "Numeric answer",
}


def item_lines(items: Sequence[Mapping[str, object]]) -> list[Line]:
    """The lines of the questions of a questionnaire; each question is a group of its own."""
    lines = []
    for number, item in enumerate(items, 1):
        group = f"{number}. {_QUESTION_TYPES[str(item['type'])]}"
        lines += [
            Line(group, "Required", _TICKED if item["required"] else _UNTICKED),
            Line(group, "Question", str(item["name"]), copied=True),
            Line(group, "Label", str(item["key"]), copied=True),
        ]
        options = item.get("options") or ()
        assert isinstance(options, Sequence)
        if item["type"] == "number":
            bounds = zip(("Range from", "Range to"), options, strict=True)
            lines += [Line(group, label, str(one)) for label, one in bounds if one != NO_BOUND]
        elif options:
            if item["type"] == "rating":
                lines.append(Line(group, "Adjustment", "Horizontal"))
            lines += [
                Line(group, 'Hide the "Not selected" option', "Yes"),
                Line(group, "Multiple choice values", _values(str(item["type"]), options), copied=True),
            ]
    return lines


def _values(kind: str, options: Sequence[object]) -> str:
    """A choice a line; where they are rated, each with its value before it, as Moodle's form wants it."""
    rated = kind == "rating"
    return "\n".join(f"{number}/{one}" if rated else str(one) for number, one in enumerate(options, 1))


def section_lines(want: DesiredObject) -> list[Line]:
    """The lines of a section's form."""
    return [
        Line(_GENERAL, "Section name", str(want.fields["name"]), "name", copied=True),
        Line(_GENERAL, "Description", str(want.fields["summary"]), "summary", copied=True, html=True),
    ]


def bank_lines(file: str) -> list[Line]:
    """The lines of the question bank's import form."""
    return [
        Line("File format", "Moodle XML format", ""),
        Line(_GENERAL, "Get category from file", _TICKED),
        Line(_GENERAL, "Get context from file", _UNTICKED),
        Line(_GENERAL, "Match grades", "Error if grade not listed"),
        Line(_GENERAL, "Stop on error", "Yes"),
        Line("Import questions from file", "Import", file),
    ]


def criteria_lines(activities: Sequence[tuple[str, str]]) -> list[Line]:
    """The lines of the course completion form; `activities` are those that must be done: module and name."""
    return [
        Line(_GENERAL, "Completion requirements", "Course is complete when ALL conditions are met"),
        *(
            Line("Condition: Activity completion", f"{MODULES[module]} - {name}", _TICKED)
            for module, name in activities
        ),
        Line(
            "Condition: Activity completion", "Condition requires", "ALL selected activities to be completed"
        ),
    ]


def _int(value: object) -> int:
    return int(str(value))


def _number(value: object) -> str:
    return f"{float(str(value)):g}"


def _yes(value: object) -> str:
    return "Yes" if value else "No"


def _tick(value: object) -> str:
    return _TICKED if value else _UNTICKED


def _moment(value: object, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(_int(value), zone):%Y-%m-%d %H:%M}"
