"""A course of a site as the files of an academy: course.yaml, and a quiz file for each quiz. Pure.

Every field is turned back into what an author would write, and the result read again: it must want what Moodle
has. What the files have no word for stays as it is in Moodle; what cannot stand in a course at all is named.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pydantic
from pydantic import TypeAdapter

from authoring.activity import Activity
from authoring.checked_value import MAX_ID, Identifier
from authoring.course import Course
from authoring.course_parts import CourseCategory, CourseLanguages
from authoring.languages import LocalizedText
from authoring.patch_yaml import Items
from authoring.problems import LmsSyncError, Problem
from authoring.read_yaml import Pointer
from lms_sync.adopt import localized, plain_text
from lms_sync.adopt_drift import texts_of_html
from lms_sync.adopt_values import NotAdoptable, activity_changes, field_of
from lms_sync.adopted import slug
from lms_sync.desired_activities import MODULES
from lms_sync.desired_wording import Wording
from lms_sync.import_quiz import ImportedQuiz, import_quiz
from lms_sync.moodle.read_content import ActivityRow, CategoryRow, SectionRow, SiteContent
from lms_sync.moodle.read_questions import SiteQuestion
from lms_sync.plan import same
from quizzes.write_yaml import plain_yaml

_KINDS = {module: kind for kind, module in MODULES.items()}
_FILES = {"resource", "scorm"}  # their files stay in Moodle
_QUESTIONS = ("rating", "choice", "text")
"""Types of questions that a questionnaire in a course file can have."""
_ACTIVITY: TypeAdapter[Activity] = TypeAdapter(Activity)
_IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)
_OTHER_FIELDS = (
    "modname",
    "name",
    "section",
    "visible",
    "sha1",
    "edition",
    "filename",
    "items",
    "slots",
    "sections",
)
_LONGEST_TITLE = 200


class CannotImport(LmsSyncError):
    """The course has no key of its own, or its files are there already."""

    exit_code = 3


@dataclass(frozen=True)
class Given:
    """An object of Moodle and the key that it gets; `kind` as the companion plugin names it."""

    kind: str
    id: int
    key: str


@dataclass(frozen=True)
class ImportedCourse:
    """The files of a course, the objects that they are about, and what was not brought over."""

    slug: str
    files: Mapping[str, bytes]
    given: tuple[Given, ...]
    quizzes: tuple[str, ...] = ()
    left: tuple[Problem, ...] = ()


@dataclass
class _Import:
    content: SiteContent
    questions: Sequence[SiteQuestion]
    languages: tuple[str, ...]
    multilang: bool
    zone: ZoneInfo
    section_name: str
    taken: Collection[str]  # names of quizzes that are there already
    institutions: frozenset[str]  # codes of those that are listed
    given: list[Given] = field(default_factory=list)
    left: list[Problem] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    keys: dict[int, str] = field(default_factory=dict)  # course module → id of the activity
    quizzes: list[str] = field(default_factory=list)

    @property
    def course(self) -> str:
        return self.content.course.idnumber

    @property
    def offered(self) -> tuple[str, ...]:
        return self.languages if self.multilang else self.languages[:1]

    def leave(self, what: str, code: str, **params: object) -> None:
        self.left.append(Problem(code, {"what": what, **params}, severity="warning"))

    # --- names

    def text(self, raw: str, otherwise: str) -> str | dict[str, str]:
        """A name of Moodle as the files write it: a text, or one in every language of the course."""
        found = localized(raw, otherwise)
        if isinstance(found.root, str):
            return found.root[:_LONGEST_TITLE]
        texts = {one: found.in_language(one, self.languages[0])[:_LONGEST_TITLE] for one in self.languages}
        return texts if len(set(texts.values())) > 1 else next(iter(texts.values()))

    def free(self, key: str, wanted: str, kind: str) -> str:
        """An id for a section or activity: that of a key of ours, else made of its name."""
        own = key.removeprefix(f"{self.course}/")
        if key != own and _is_id(own):
            found = own
        else:
            found = slug(wanted) or kind
        name, number = found, 1
        while name.casefold() in self.ids:
            number += 1
            name = f"{found[: MAX_ID - len(str(number)) - 1].rstrip('-')}-{number}"
        self.ids.add(name.casefold())
        return name

    # --- course.yaml

    def result(self) -> ImportedCourse:
        row = self.content.course
        if not _is_id(row.idnumber):
            raise CannotImport("course-import.course-id", course=row.shortname, id=row.idnumber or "-")
        if not _is_id(row.category.idnumber):
            raise CannotImport(
                "course-import.category-id", category=row.category.name, id=row.category.idnumber or "-"
            )
        head: dict[str, Any] = {
            "schema": "course/1",
            "id": row.idnumber,
            "version": "1",
            "title": self.text(row.fullname, row.shortname),
        }
        if row.summary.strip():
            head["summary"] = self._words(row.summary, "summary", row.shortname)
        head["languages"] = {"default": self.languages[0], "offered": list(self.languages)}
        head["category"] = {"id": row.category.idnumber, "title": plain_text(row.category.name)}
        sections = [made for section in self.content.sections if (made := self._section(section))]
        head["sections"] = sections
        wanted = [self.keys[one] for one in self.content.criteria.activities if one in self.keys]
        whole = len(wanted) == len(self.content.criteria.activities) and not self.content.criteria.others
        tracked = {
            one["id"] for section in sections for one in section["activities"] if one.get("completion")
        }
        if wanted and whole and set(wanted) <= tracked:
            head["complete_when"] = {"all": wanted}
        elif self.content.criteria.activities or self.content.criteria.others:
            self.leave(row.shortname, "course-import.criteria")
        name = f"courses/{row.idnumber}/course.yaml"
        self.files[name] = plain_yaml(head).encode("utf-8")
        return ImportedCourse(
            row.idnumber, self.files, tuple(self.given), tuple(self.quizzes), tuple(self.left)
        )

    def _words(self, raw: str, name: str, otherwise: str) -> str | dict[str, str]:
        """A text as exactly as Markdown says it, else by its meaning, else without its markup."""
        for exactly in (True, False):
            try:
                return texts_of_html(raw, self.offered, name, exactly=exactly)
            except NotAdoptable:
                continue
        return self.text(raw, otherwise)

    def _section(self, row: SectionRow) -> dict[str, Any] | None:
        name = str(row.fields.get("name") or "")
        number = self.section_name.replace("{n}", str(row.number))
        shown = plain_text(name) or number
        if row.component:
            self.leave(shown, "course-import.subsection")
            return None
        activities = [made for one in row.activities if (made := self._activity(one))]
        summary = str(row.fields.get("summary") or "")
        if row.number == 0 and not activities and not summary and not row.key:
            return None
        section_id = self.free(row.key, shown, f"section-{row.number}")
        self.given.append(Given("section", row.id, f"{self.course}/{section_id}"))
        section: dict[str, Any] = {"id": section_id, "title": self.text(name, number)}
        if summary.strip():
            section["summary"] = self._words(summary, "summary", shown)
        section["activities"] = activities
        return section

    # --- activities

    def _activity(self, row: ActivityRow) -> dict[str, Any] | None:
        name = str(row.fields.get("name") or row.modname)
        shown = plain_text(name) or row.modname
        kind = _KINDS.get(row.modname)
        if kind is None:
            self.leave(shown, "course-import.kind", type=row.modname)
            return None
        if row.modname in _FILES:
            file = str(row.fields.get("filename") or row.fields.get("sha1", ""))
            self.leave(shown, "course-import.file", file=file, type=row.modname)
            return None
        asked = self._questionnaire(row, shown) if kind == "feedback" else None
        if kind == "feedback" and not asked:
            return None
        ids = set(self.ids)
        activity_id = self.free(row.idnumber if row.idnumber else row.key, shown, kind)
        data: dict[str, Any] = {"id": activity_id, "kind": kind, "title": self.text(name, row.modname)}
        try:
            if kind == "quiz":
                made = self._quiz(row, shown)
                if made is None:
                    self.ids = ids
                    return None
                data["quiz"] = made.quiz_id
            elif kind == "feedback":
                data["questions"] = asked
            elif kind == "url":
                data["url"] = str(row.fields.get("externalurl") or "")
            if kind in ("page", "label", "assignment"):
                raw = str(row.fields.get("content" if kind == "page" else "intro") or "")
                data["text"] = self._words(raw, "text", shown) if raw.strip() else shown
            _ACTIVITY.validate_python(data)
        except pydantic.ValidationError:
            self.ids = ids
            self.leave(shown, "course-import.value", type=row.modname)
            return None
        if kind == "quiz" and made is not None:
            self._take(made)
        self._say_fields(data, row)
        self.keys[row.id] = activity_id
        self.given.append(Given("activity", row.id, f"{self.course}/{activity_id}"))
        return data

    def _questionnaire(self, row: ActivityRow, shown: str) -> list[dict[str, Any]] | None:
        """The questions of a questionnaire; None, and told, where the files cannot say one of them.

        A question's label in Moodle is its id, where it is one; another id makes the questions count as edited there.
        """
        found: list[dict[str, Any]] = []
        ids: set[str] = set()
        for number, item in enumerate(row.fields.get("items") or (), 1):
            name = str(item["name"])
            if item["type"] not in _QUESTIONS or not _is_plain(item):
                question = plain_text(name) or str(number)
                self.leave(shown, "course-import.questionnaire", question=question, type=item["type"])
                return None
            wanted = str(item["key"]) if _is_id(str(item["key"])) else slug(plain_text(name))[:40].strip("-")
            ident, n = wanted or f"question-{number}", 1
            while ident.casefold() in ids:
                n += 1
                ident = f"{wanted or 'question'}-{n}"
            ids.add(ident.casefold())
            one: dict[str, Any] = {"id": ident, "type": item["type"], "question": _in_words(name)}
            if item["required"]:
                one["required"] = True
            if item["options"]:
                one["answers"] = [_in_words(str(option)) for option in item["options"]]
            found.append(one)
        if not found:
            self.leave(shown, "course-import.questionnaire", question="-", type="-")
        return found or None

    def _say_fields(self, data: dict[str, Any], row: ActivityRow) -> None:
        """Writes every field that differs from what the files would want, as far as they have a word for it."""
        wording = Wording(self.offered, lambda text: "", self.zone, self.multilang)
        for name, theirs in sorted(row.fields.items()):
            if name in _OTHER_FIELDS:
                continue
            activity = _ACTIVITY.validate_python(data)
            course = self._course(activity)
            if (ours := field_of(course, activity, name, wording)) is None or same(ours, theirs):
                continue
            if name in ("intro", "content"):
                changes = self._texts(data["kind"], name, str(theirs))
            else:
                try:
                    changes = activity_changes(activity, data, name, theirs, ours, self.course, self.zone)
                except (NotAdoptable, ValueError, TypeError):
                    continue
                if not self.institutions >= {str(one) for one in _codes(changes)}:
                    del changes["available", "groups"]  # whose people it is for, nobody has listed
            trial = _with(data, changes)
            try:
                again = _ACTIVITY.validate_python(trial)
            except pydantic.ValidationError:
                continue
            # A text by its meaning, or a date without the groups, is better than none: Moodle's own stays in any case.
            if name in ("intro", "content", "available") or same(
                field_of(self._course(again), again, name, wording), theirs
            ):
                data.clear()
                data.update(trial)

    def _texts(self, kind: str, name: str, html: str) -> dict[Pointer, Any]:
        if kind == "page" and name == "intro":
            return {}
        return {("text",): self._words(html, "text", "") if html.strip() else None}

    def _course(self, activity: Activity) -> Course:
        languages = CourseLanguages(default=self.languages[0], offered=self.languages)
        shelf = CourseCategory(id="x", title=LocalizedText("x"))
        title = LocalizedText("x")
        return Course(self.course, self.course, "1", title, None, languages, shelf, (), folder=Path())

    # --- quizzes

    def _quiz(self, row: ActivityRow, shown: str) -> ImportedQuiz | None:
        """The quiz with all questions of its category, or None where the files cannot say it."""
        category = self._category_of(row, shown)
        if category is None:
            return None
        quiz_id = category.idnumber if _is_id(category.idnumber) else slug(shown) or "quiz"
        quiz_id = _free_name(quiz_id, (*self.taken, *self.quizzes), self.course)
        return import_quiz(
            row,
            category,
            [one for one in self.questions if one.category == category.id],
            quiz_id,
            self.text(str(row.fields["name"]), shown),
            self.languages,
            self.multilang,
            self.zone,
            lambda code, **params: self.leave(shown, code, **params),
        )

    def _category_of(self, row: ActivityRow, shown: str) -> CategoryRow | None:
        entries = {one.entry: one.category for one in self.questions}
        own = {entries.get(slot.entry) if slot.entry else slot.category for slot in row.slots}
        if not row.slots:
            self.leave(shown, "course-import.quiz-empty")
            return None
        known = {one.id: one for one in self.content.categories}
        if len(own) != 1 or next(iter(own)) not in known:
            self.leave(shown, "course-import.quiz-categories", n=len(own))
            return None
        (number,) = own
        others = [
            other
            for section in self.content.sections
            for other in section.activities
            if other.id != row.id
            and any(number in (entries.get(slot.entry), slot.category) for slot in other.slots)
        ]
        if others:
            self.leave(
                shown, "course-import.quiz-shares", other=plain_text(str(others[0].fields.get("name")))
            )
            return None
        return known[number or 0]

    def _take(self, made: ImportedQuiz) -> None:
        self.quizzes.append(made.quiz_id)
        self.files |= made.files
        self.given.append(Given("category", made.category, made.quiz_id))
        self.given += [Given("question", entry, key) for entry, key in made.keys.items()]


def import_course(
    content: SiteContent,
    questions: Sequence[SiteQuestion],
    *,
    languages: Sequence[str],
    multilang: bool,
    zone: ZoneInfo,
    section_name: str,
    quizzes_there: Collection[str] = (),
    institutions: Collection[str] = (),
) -> ImportedCourse:
    """The files that say what a site has of a course.

    `languages` are those of the texts, the main one first; `section_name` names a section without a name, with
    `{n}` for its number; `quizzes_there` are the quiz files of the academy, `institutions` the codes that it lists. Raises
    CannotImport.
    """
    spoken, listed = tuple(languages), frozenset(institutions)
    return _Import(content, questions, spoken, multilang, zone, section_name, quizzes_there, listed).result()


def _is_plain(item: Mapping[str, Any]) -> bool:
    """Whether a question of a questionnaire asks what the files can ask, however it looks in Moodle.

    One that does not stand there as a push would write it comes with its raw values (`presentation`): several answers may be
    ticked, a step of a scale counts another number than its place, or it is asked only after a certain answer.
    """
    raw = item.get("presentation")
    if raw is None:
        return True
    if item.get("depends"):
        return False
    if item["type"] == "text":
        return True  # another size
    kind, sign, rest = str(raw).partition(">>>>>")
    if not sign or kind not in ("r", "d"):
        return False
    steps = rest.partition("<<<<<")[0].split("|")
    if item["type"] == "choice":
        return True
    return [one.partition("####")[0].strip() for one in steps] == [str(n + 1) for n in range(len(steps))]


def _in_words(raw: str) -> str | dict[str, str]:
    """A text of Moodle as the files write it, in whatever languages it has."""
    found = localized(raw, "-").root
    return found if isinstance(found, str) else dict(found)


def _codes(changes: Mapping[Pointer, Any]) -> tuple[object, ...]:
    """The institutions that a restriction names."""
    groups = changes.get(("available", "groups"))
    return groups.items if isinstance(groups, Items) else ()


def _is_id(text: str) -> bool:
    try:
        _IDENTIFIER.validate_python(text)
    except pydantic.ValidationError:
        return False
    return True


def _free_name(wanted: str, taken: Collection[str], course: str) -> str:
    if wanted not in taken:
        return wanted
    name, number = f"{course}-{wanted}"[:MAX_ID].rstrip("-"), 1
    while name in taken:
        number += 1
        name = f"{f'{course}-{wanted}'[: MAX_ID - 4].rstrip('-')}-{number}"
    return name


def _with(data: Mapping[str, Any], changes: Mapping[Pointer, Any]) -> dict[str, Any]:
    """The data with values at places set, or taken away where they are None."""
    result = dict(data)
    for pointer, value in changes.items():
        if isinstance(value, Items):
            value = [one for one in value.items if not isinstance(one, int)] or list(value.items)
        inner = result
        for step in pointer[:-1]:
            inner[str(step)] = dict(inner.get(str(step)) or {})
            inner = inner[str(step)]
        if value is None:
            inner.pop(str(pointer[-1]), None)
        else:
            inner[str(pointer[-1])] = value
    return result
