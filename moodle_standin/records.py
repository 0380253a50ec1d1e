"""What a Moodle keeps, as plain records; the names are those of Moodle's tables and columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass
class User:
    id: int
    username: str
    password: str = field(repr=False)
    firstname: str
    lastname: str
    email: str
    idnumber: str = ""
    auth: str = "manual"
    suspended: bool = False
    confirmed: bool = True
    deleted: bool = False
    lang: str = "en"
    maildisplay: int = 2
    department: str = ""
    institution: str = ""
    is_admin: bool = False
    timecreated: int = 0
    firstaccess: int = 0
    lastaccess: int = 0
    preferences: dict[str, str] = field(default_factory=dict)

    @property
    def fullname(self) -> str:
        return f"{self.firstname} {self.lastname}".strip()


@dataclass
class Service:
    shortname: str
    functions: frozenset[str]
    enabled: bool = True
    uploadfiles: bool = True
    restricted: bool = False


@dataclass
class Token:
    token: str = field(repr=False)
    userid: int
    service: str
    validuntil: int = 0
    iprestriction: str = ""


@dataclass
class CourseCategory:
    id: int
    name: str
    parent: int = 0
    idnumber: str = ""
    description: str = ""
    timemodified: int = 0
    visible: int = 1


@dataclass
class Course:
    id: int
    category: int
    fullname: str
    shortname: str
    idnumber: str = ""
    summary: str = ""
    summaryformat: int = 1
    format: str = "topics"
    visible: int = 1
    enablecompletion: int = 1
    showgrades: int = 1
    newsitems: int = 5
    startdate: int = 0
    enddate: int = 0
    maxbytes: int = 0
    showreports: int = 0
    groupmode: int = 0
    groupmodeforce: int = 0
    defaultgroupingid: int = 0
    completionnotify: int = 0
    lang: str = ""
    formatoptions: dict[str, Any] = field(default_factory=dict)
    timecreated: int = 0
    timemodified: int = 0
    manual_enrolment: bool = True
    sections: list[int] = field(default_factory=list)
    """Section ids in the order of the page; the place is the section's number."""


@dataclass
class Section:
    id: int
    course: int
    name: str | None = None
    summary: str = ""
    visible: int = 1
    sequence: list[int] = field(default_factory=list)


@dataclass
class CourseModule:
    id: int
    course: int
    section: int
    modname: str
    instance: int
    idnumber: str = ""
    visible: int = 1
    completion: int = 0
    completionview: int = 0
    completiongradeitemnumber: int | None = None
    completionpassgrade: int = 0
    completionexpected: int = 0
    groupmode: int = 0
    available: dict[str, Any] = field(default_factory=lambda: {"from": 0, "until": 0, "groups": []})
    """The restrictions of access in the words of a push, groups by idnumber."""
    added: int = 0
    deletioninprogress: bool = False


@dataclass
class SimpleActivity:
    """A row of the table of a simple type (page, forum, …): settings and rules by the names of a push."""

    id: int
    course: int
    modname: str
    name: str = ""
    intro: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    rules: dict[str, int] = field(default_factory=dict)
    answers: int = 0
    """How many have handed in or answered; where nobody can post, a test sets it."""
    graded: int = 0
    timemodified: int = 0


@dataclass(frozen=True)
class Submission:
    """What a learner handed in to an assignment; it is never a draft, as drafts are off."""

    text: str
    files: tuple[str, ...]
    timemodified: int


@dataclass
class ForumPost:
    id: int
    discussion: int
    parent: int
    userid: int
    subject: str
    message: str
    created: int


@dataclass
class Discussion:
    id: int
    course: int
    forum: int
    name: str
    userid: int
    posts: list[ForumPost] = field(default_factory=list)
    timelocked: int = 0


@dataclass
class GlossaryEntry:
    id: int
    glossary: int
    userid: int
    concept: str
    definition: str
    approved: int
    timecreated: int
    timemodified: int
    usedynalink: int = 0


@dataclass
class StoredFile:
    filename: str
    content: bytes = field(repr=False)
    filepath: str = "/"
    author: str = ""
    timecreated: int = 0


@dataclass
class Sco:
    id: int
    scorm: int
    manifest: str
    organization: str
    parent: str
    identifier: str
    launch: str
    scormtype: str
    title: str
    sortorder: int
    data: dict[str, str] = field(default_factory=dict)


@dataclass
class Scorm:
    id: int
    course: int
    name: str
    intro: str = ""
    reference: str = ""
    sha1hash: str = ""
    package: StoredFile | None = None
    version: str = ""
    launch: int = 0
    revision: int = 0
    maxgrade: float = 100
    grademethod: int = 1
    whatgrade: int = 0
    maxattempt: int = 0
    forcenewattempt: int = 0
    hidetoc: int = 0
    skipview: int = 0
    completionstatusrequired: int | None = None
    completionscorerequired: int | None = None
    completionstatusallscos: int = 0
    timemodified: int = 0


@dataclass
class ScormValue:
    id: int
    scoid: int
    element: str
    value: str
    timemodified: int


@dataclass
class ScormAttempt:
    id: int
    scorm: int
    userid: int
    attempt: int
    values: dict[tuple[int, str], ScormValue] = field(default_factory=dict)
    """By (sco id, element)."""


@dataclass(frozen=True)
class Answer:
    """One option, accepted text, number, or pair of a question."""

    id: int
    text: str
    fraction: float = 0.0
    feedback: str = ""
    tolerance: float = 0.0
    right: str = ""
    format: str = "html"


@dataclass(frozen=True)
class Question:
    """One version of a question: a row of `question` with its type's own options."""

    id: int
    qtype: str
    name: str
    questiontext: str
    defaultmark: float
    penalty: float
    generalfeedback: str
    answers: tuple[Answer, ...]
    options: dict[str, Any]
    tags: tuple[str, ...]
    files: tuple[tuple[str, int], ...] = ()
    createdby: int = 0
    source: str = ""
    """The element that was imported; what the columns above say holds, where they differ."""


@dataclass
class QuestionVersion:
    version: int
    questionid: int
    status: Literal["ready", "draft", "hidden"] = "ready"


@dataclass
class BankEntry:
    id: int
    category: int
    idnumber: str
    versions: list[QuestionVersion] = field(default_factory=list)

    @property
    def latest(self) -> QuestionVersion:
        return self.versions[-1]


@dataclass
class QuestionCategory:
    id: int
    course: int
    name: str
    idnumber: str = ""
    info: str = ""


@dataclass
class Slot:
    """A slot of a quiz: a bank entry, or a draw from a question category by tags."""

    id: int
    maxmark: float
    entry: int = 0
    category: int = 0
    tags: tuple[str, ...] = ()
    filtercondition: str = ""


REVIEW_FIELDS = (
    "attempt",
    "correctness",
    "maxmarks",
    "marks",
    "specificfeedback",
    "generalfeedback",
    "rightanswer",
    "overallfeedback",
)


@dataclass
class Quiz:
    id: int
    course: int
    name: str
    intro: str = ""
    timelimit: int = 0
    attempts: int = 0
    grademethod: int = 1
    grade: float = 10.0
    sumgrades: float = 0.0
    questionsperpage: int = 1
    shuffleanswers: int = 1
    preferredbehaviour: str = "deferredfeedback"
    timeopen: int = 0
    timeclose: int = 0
    sections: list[dict[str, Any]] = field(default_factory=list)
    """Each with first, heading and shuffle; none for a quiz that is all one part."""
    review: dict[str, int] = field(default_factory=dict)
    slots: list[Slot] = field(default_factory=list)
    timecreated: int = 0
    timemodified: int = 0


@dataclass
class QuizOverride:
    """A row of `quiz_overrides`: of a group or of a user; None is "as the quiz says"."""

    id: int
    quiz: int
    groupid: int = 0
    userid: int = 0
    timeopen: int | None = None
    timeclose: int | None = None
    timelimit: int | None = None
    attempts: int | None = None


@dataclass
class SlotAttempt:
    """One question in one attempt: what was drawn, in which order it is shown, what was answered."""

    slot: int
    page: int
    questionid: int
    maxmark: float
    order: list[int]
    """multichoice: places of the answers; match: places of the stems."""
    choices: list[str] = field(default_factory=list)
    """match: the right-hand texts in the order of the menu."""
    response: dict[str, str] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    """Other types: what the type fixed when the attempt began."""
    state: str = "todo"
    fraction: float | None = None
    steps: int = 1
    flagged: bool = False
    lastaction: int = 0
    id: int = 0


@dataclass
class QuizAttempt:
    id: int
    quiz: int
    userid: int
    attempt: int
    uniqueid: int
    slots: list[SlotAttempt]
    layout: str
    preview: int = 0
    state: str = "inprogress"
    currentpage: int = 0
    timestart: int = 0
    timefinish: int = 0
    timemodified: int = 0
    sumgrades: float | None = None


@dataclass
class Cohort:
    id: int
    name: str
    idnumber: str
    description: str = ""
    visible: bool = True
    contextid: int = 1
    members: list[int] = field(default_factory=list)


@dataclass
class Group:
    id: int
    courseid: int
    name: str
    idnumber: str = ""
    description: str = ""
    members: list[int] = field(default_factory=list)


@dataclass
class Enrolment:
    id: int
    courseid: int
    userid: int
    method: str
    status: int = 0
    roleid: int = 5
    timestart: int = 0
    timeend: int = 0
    timecreated: int = 0
    timemodified: int = 0


@dataclass
class GradeItem:
    id: int
    courseid: int
    itemtype: Literal["mod", "course"]
    itemmodule: str
    iteminstance: int
    grademax: float = 100.0
    gradepass: float = 0.0


@dataclass
class Grade:
    id: int
    itemid: int
    userid: int
    finalgrade: float | None
    grademax: float
    timemodified: int
    overridden: int = 0
    """When somebody wrote the grade by hand; it stays then, whatever the activity says."""


@dataclass
class ActivityCompletion:
    id: int
    cmid: int
    userid: int
    state: int
    timemodified: int
    overrideby: int | None = None


@dataclass
class CriterionCompletion:
    id: int
    course: int
    cmid: int
    userid: int
    timecompleted: int


@dataclass
class CourseCompletion:
    id: int
    course: int
    userid: int
    timeenrolled: int = 0
    timestarted: int = 0
    timecompleted: int | None = None


@dataclass
class CalendarEvent:
    """A row of the table `event`: of the course, or of one of its groups."""

    id: int
    courseid: int
    name: str = ""
    description: str = ""
    location: str = ""
    timestart: int = 0
    timeduration: int = 0
    groupid: int = 0
    visible: int = 1
    uuid: str = ""


@dataclass(frozen=True)
class FeedbackAnswer:
    """A row of `feedback_completed` with its values by the questions' labels; "0" is a choice that was not made."""

    id: int
    feedback: int
    userid: int
    timemodified: int
    anonymous_response: int
    values: dict[str, str]

    @property
    def key(self) -> tuple[int, int]:
        """The questionnaire and who answered it."""
        return self.feedback, self.userid


@dataclass(frozen=True)
class LogLine:
    """A row of the companion plugin's table `local_lmssync_log`."""

    id: int
    timecreated: int
    courseid: int
    userid: int
    cmid: int
    stream: str
    rowid: int


@dataclass
class OwnedObject:
    """A row of the companion plugin's table `local_lmssync_object`."""

    courseid: int
    kind: Literal["section", "activity", "category", "question", "criteria", "event", "override"]
    key: str
    objectid: int
    sourcehash: str
    livehash: str
