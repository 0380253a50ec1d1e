"""Takes edits made in Moodle over into the authors' files: `drift --adopt`.

An edit is taken over only where the files then say exactly what Moodle says: the value is turned back into
what an author would write, the file read again, and what it wants now compared. Everything else is named
with its value and a reason.
"""

from __future__ import annotations

import difflib
import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from authoring.activity import Activity, QuizActivity
from authoring.course import Course
from authoring.course_file import CourseFile, course_file_problems
from authoring.languages import LocalizedText, multilang, multilang_html
from authoring.patch_yaml import CannotPatch, Value, patch_bytes
from authoring.problems import ContentError, Problem
from authoring.read_markdown import render
from authoring.read_yaml import Document, Pointer, load_model, parse_yaml, read_yaml
from authoring.to_markdown import to_markdown
from lms_sync.academy import Academy, read_academy
from lms_sync.adopt_questions import meaning_in_files, meaning_in_moodle, question_changes
from lms_sync.adopt_quiz import (
    SETTINGS,
    TIMES_OF_QUIZ,
    override_changes,
    review_changes,
    section_changes,
    setting_changes,
    slot_changes,
    time_changes,
)
from lms_sync.adopt_values import TEXTS, Changes, NotAdoptable, activity_changes, field_of, items
from lms_sync.desired import summary_html
from lms_sync.desired_wording import Wording
from lms_sync.drift import FieldDrift, Id, ObjectDrift, Standing
from lms_sync.plan import Kind, same
from lms_sync.write_files import write_durably
from quizzes import Quiz, quiz_settings, quiz_slots
from quizzes.overrides import quiz_sections, quiz_times, wanted_overrides
from quizzes.question_texts import QuestionTexts
from quizzes.quiz_activity import review_masks
from quizzes.read_quiz import quiz_of

_SPAN = re.compile(r'<span lang="([^"<>]+)" class="multilang">(.*?)</span>', re.DOTALL)


@dataclass(frozen=True)
class Left:
    """An edit that is not taken over, and why."""

    drift: ObjectDrift
    field: FieldDrift
    problem: Problem
    because: tuple[Problem, ...] = ()  # what the check of the files says to it


@dataclass(frozen=True)
class PatchedFile:
    """A file before and after."""

    path: Path
    name: str
    before: bytes
    after: bytes

    def diff(self) -> str:
        """The change as a unified diff."""
        old, new = (one.decode("utf-8-sig").replace("\r\n", "\n") for one in (self.before, self.after))
        lines = difflib.unified_diff(
            old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{self.name}", f"b/{self.name}"
        )
        return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


@dataclass(frozen=True)
class Adoption:
    """What would be written into which file, which edits that takes over, and which it does not."""

    files: tuple[PatchedFile, ...] = ()
    taken: Mapping[Id, Mapping[str, object]] = field(default_factory=dict)  # object → field → Moodle's value
    left: tuple[Left, ...] = ()


def adopt(
    academy: Academy,
    drift: Sequence[ObjectDrift],
    *,
    use_multilang: bool,
    language: str = "en",
    zone: ZoneInfo | None = None,
    theirs: frozenset[str] = frozenset(),
    questions: Mapping[tuple[str, str], str] | None = None,
) -> Adoption:
    """The files as they would be with the edits of `drift`; nothing is written.

    `questions` is the Moodle XML of the questions that drift, by course and key.
    `language` names course categories, days are those of `zone`. Taken are fields that only Moodle changed, and
    of the others those named in `theirs` (KEY or KEY#FIELD).
    """
    adopter = _Adopter(academy, use_multilang, language, zone or ZoneInfo("UTC"), questions or {})
    for one in drift:
        adopter.place_edits(one, theirs)
    return adopter.result()


Wants = Callable[[object], object]
"""The field as the files want it, from the file's model after the change."""


@dataclass
class _Edit:
    drift: ObjectDrift
    field: FieldDrift
    changes: Mapping[Pointer, Value]
    wants: Wants
    follows: tuple[FieldDrift, ...] = ()  # fields that are taken over with this one
    follows_want: Wants | None = None
    told: tuple[FieldDrift, ...] = ()  # what is said of it, where the fields above hold what is compared

    @property
    def said(self) -> tuple[FieldDrift, ...]:
        """The fields as people are told them, the edit's own first."""
        return self.told or (self.field, *self.follows)


class _Adopter:
    def __init__(
        self,
        academy: Academy,
        use_multilang: bool,
        language: str,
        zone: ZoneInfo,
        questions: Mapping[tuple[str, str], str],
    ) -> None:
        self.academy = academy
        self.questions = questions
        self.use_multilang = use_multilang
        self.language = language
        self.zone = zone
        self.documents: dict[Path, tuple[bytes, Document]] = {}
        self.edits: dict[Path, list[_Edit]] = {}
        self.left: list[Left] = []

    def place_edits(self, one: ObjectDrift, theirs: frozenset[str]) -> None:
        """Finds the place of every edit of an object, or the reason why there is none."""
        if one.deleted:
            self._leave(one, FieldDrift("", Standing.THEIRS, None, None, None), "edit.deleted")
        followed: set[str] = set()
        for edit in sorted(one.fields, key=lambda two: two.name == "review"):
            if edit.name in followed:
                continue
            named = one.key in theirs or f"{one.key}#{edit.name}" in theirs
            if edit.standing is not Standing.THEIRS and not named:
                self._leave(one, edit, "edit.conflict")
                continue
            try:
                path, placed = self._place(one, edit)
            except NotAdoptable as reason:
                self._leave(one, edit, reason.code, **reason.params)
                continue
            followed.update(two.name for two in placed.follows)
            self.edits.setdefault(path, []).append(placed)

    def _leave(self, one: ObjectDrift, edit: FieldDrift, code: str, **params: object) -> None:
        self.left.append(Left(one, edit, Problem(code, params)))

    def result(self) -> Adoption:
        """The patched files. Where a file as a whole would not be valid, its edits are tried one by one."""
        files: list[PatchedFile] = []
        taken: dict[Id, dict[str, object]] = {}
        for path, edits in sorted(self.edits.items()):
            content, document = self.documents[path]
            after, good = self._patched(path, content, document, edits)
            if after != content:
                files.append(PatchedFile(path, document.file, content, after))
            for edit in good:
                identity = (edit.drift.kind, edit.drift.scope, edit.drift.key)
                for one in edit.said:
                    taken.setdefault(identity, {})[one.name] = one.theirs
        return Adoption(tuple(files), taken, tuple(self.left))

    def _patched(
        self, path: Path, content: bytes, document: Document, edits: list[_Edit]
    ) -> tuple[bytes, list[_Edit]]:
        try:
            return self._written(path, content, document, edits), edits
        except (CannotPatch, ContentError, NotAdoptable) as error:
            if len(edits) == 1:
                (edit,) = edits
                if isinstance(error, NotAdoptable):
                    self._leave(edit.drift, edit.said[0], error.code, **error.params)
                else:
                    problem = Problem("edit.refused-by-files", {})
                    self.left.append(Left(edit.drift, edit.said[0], problem, tuple(error.problems)))
                return content, []
        good: list[_Edit] = []
        after = content
        for edit in edits:
            after, added = self._patched(path, after, document, [edit])
            good.extend(added)
        return after, good

    def _written(self, path: Path, content: bytes, document: Document, edits: list[_Edit]) -> bytes:
        """The file with the edits; it reads without an error and wants what Moodle has."""
        changes = {pointer: value for edit in edits for pointer, value in edit.changes.items()}
        after = patch_bytes(content, document.file, changes)
        text = after.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        read = parse_yaml(text, document.file)
        model: object
        if document.file.startswith("quizzes/"):
            model = quiz_of(read, path.parent, root=self.academy.folder)
        else:
            file = load_model(read, CourseFile)
            wrong = [one for one in course_file_problems(file, read, path.parent) if one.severity == "error"]
            if wrong:
                raise ContentError(wrong)
            model = file
        for edit in edits:
            if not same(edit.wants(model), edit.field.theirs):
                raise NotAdoptable(_UNLIKE.get(edit.field.name, "edit.value"))
            for two in edit.follows:
                assert edit.follows_want is not None
                if not same(edit.follows_want(model), two.theirs):
                    raise NotAdoptable("edit.value")
        return after

    # --- where a field is written --------------------------------------------------------------

    def _place(self, one: ObjectDrift, edit: FieldDrift) -> tuple[Path, _Edit]:
        match one.kind:
            case Kind.QUESTION:
                return self._question(one, edit)
            case Kind.COHORT | Kind.GROUP:
                raise NotAdoptable("edit.people-list")
            case Kind.ENROLMENT:
                raise NotAdoptable("edit.enrolment")
            case Kind.EVENT:
                raise NotAdoptable("edit.session")
            case Kind.CATEGORY:
                return self._category(one, edit)
            case Kind.QUESTION_CATEGORY:
                return self._question_category(one, edit)
            case Kind.COURSE:
                if edit.name in ("fullname", "summary"):
                    pointer = ("title",) if edit.name == "fullname" else ("summary",)
                    return self._text(one, edit, one.key, pointer, lambda file: file)
            case Kind.SECTION:
                return self._section(one, edit)
            case Kind.ACTIVITY:
                return self._activity(one, edit)
            case Kind.CRITERIA:
                return self._criteria(one, edit)
            case Kind.OVERRIDE:
                return self._override(one, edit)
            case _:
                pass
        raise NotAdoptable("edit.not-in-files")

    def _category(self, one: ObjectDrift, edit: FieldDrift) -> tuple[Path, _Edit]:
        courses = [course for course in self.academy.courses.values() if course.category.id == one.key]
        if len(courses) != 1:
            raise NotAdoptable("edit.shared-category", n=len(courses))
        path = courses[0].folder / "course.yaml"
        data = _at(self._read(path).data, ("category", "title"))
        pointer: Pointer = ("category", "title")
        if isinstance(data, Mapping):
            pointer = (*pointer, self.language)

        def wants(file: object) -> object:
            assert isinstance(file, CourseFile)
            return file.category.title.in_language(self.language)

        return path, _Edit(one, edit, {pointer: str(edit.theirs)}, wants)

    def _question_category(self, one: ObjectDrift, edit: FieldDrift) -> tuple[Path, _Edit]:
        slug, quiz = next(
            ((slug, quiz) for slug, quiz in self.academy.quizzes.items() if quiz.id == one.key), (None, None)
        )
        if slug is None or quiz is None:
            raise NotAdoptable("edit.not-in-files")
        self._refuse_shared(slug)
        path = self.academy.folder / "quizzes" / f"{slug}.yaml"
        data = _at(self._read(path).data, ("category", "title"))
        pointer: Pointer = ("category", "title")
        if isinstance(data, Mapping):
            pointer = (*pointer, quiz.languages.default)

        def wants(changed: object) -> object:
            assert isinstance(changed, Quiz)
            return changed.category_title.in_language(changed.languages.default)

        return path, _Edit(one, edit, {pointer: str(edit.theirs)}, wants)

    def _section(self, one: ObjectDrift, edit: FieldDrift) -> tuple[Path, _Edit]:
        course = self.academy.courses[one.scope]
        for number, section in enumerate(course.sections):
            if f"{course.id}/{section.id}" == one.key:
                if edit.name not in ("name", "summary"):
                    raise NotAdoptable({"visible": "edit.hidden", "position": "edit.order"}[edit.name])
                key = "title" if edit.name == "name" else "summary"
                pointer: Pointer = ("sections", number, key)
                return self._text(one, edit, one.scope, pointer, partial(_section_at, number))
        raise NotAdoptable("edit.not-in-files")

    def _criteria(self, one: ObjectDrift, edit: FieldDrift) -> tuple[Path, _Edit]:
        course = self.academy.courses[one.scope]
        path = course.folder / "course.yaml"
        told = edit.theirs if isinstance(edit.theirs, list) else []
        ours = {f"{course.id}/{activity.id}": activity.id for activity in course.activities}
        if not told or any(key not in ours for key in told):
            raise NotAdoptable("edit.conditions")
        written = _at(self._read(path).data, ("complete_when", "all"))
        changes: Changes = {("complete_when", "all"): items(written, [ours[key] for key in told])}

        def wants(file: object) -> object:
            assert isinstance(file, CourseFile)
            return sorted(
                f"{course.id}/{name}" for name in (file.complete_when.all if file.complete_when else ())
            )

        return path, _Edit(one, edit, changes, wants)

    # --- activities ----------------------------------------------------------------------------

    def _activity(self, one: ObjectDrift, edit: FieldDrift) -> tuple[Path, _Edit]:
        course = self.academy.courses[one.scope]
        for i, section in enumerate(course.sections):
            for j, activity in enumerate(section.activities):
                if f"{course.id}/{activity.id}" == one.key:
                    return self._activity_field(one, edit, course, activity, ("sections", i, "activities", j))
        raise NotAdoptable("edit.not-in-files")

    def _activity_field(
        self, one: ObjectDrift, edit: FieldDrift, course: Course, activity: Activity, at: Pointer
    ) -> tuple[Path, _Edit]:
        def found(file: CourseFile) -> Activity:
            return file.sections[int(at[1])].activities[int(at[3])]

        if edit.name == "name":
            return self._text(one, edit, one.scope, (*at, "title"), found)
        if isinstance(activity, QuizActivity) and edit.name in _OF_QUIZ_FILE:
            return self._quiz(str(activity.quiz), one, edit)
        path = course.folder / "course.yaml"
        data = _at(self._read(path).data, at)
        if edit.name in TEXTS:
            if activity.kind == "page" and (
                edit.name == "intro" or not (isinstance(data, Mapping) and data.get("text"))
            ):
                raise NotAdoptable("edit.page-file")
            return self._text(one, edit, one.scope, (*at, "text"), found)
        changes = activity_changes(activity, data, edit.name, edit.theirs, edit.ours, course.id, self.zone)
        wording = Wording(self._offered(course), lambda text: "", self.zone, self.use_multilang)

        def wants(file: object) -> object:
            assert isinstance(file, CourseFile)
            return field_of(course, found(file), edit.name, wording)

        return path, _Edit(one, edit, {(*at, *below): value for below, value in changes.items()}, wants)

    # --- quizzes -------------------------------------------------------------------------------

    def _refuse_shared(self, slug: str) -> None:
        uses = [name for course in self.academy.courses.values() for name in _quizzes(course) if name == slug]
        if len(uses) > 1:
            raise NotAdoptable("edit.shared-quiz", quiz=slug, n=len(uses))

    def _quiz(self, slug: str, one: ObjectDrift, edit: FieldDrift) -> tuple[Path, _Edit]:
        self._refuse_shared(slug)
        path = self.academy.folder / "quizzes" / f"{slug}.yaml"
        quiz, data = self.academy.quizzes[slug], self._read(path).data
        follows: tuple[FieldDrift, ...] = ()
        match edit.name:
            case "slots":
                return path, _Edit(one, edit, slot_changes(quiz, _at(data, ("slots",)), edit.theirs), _slots)
            case "sections":
                changes = section_changes(quiz, edit.theirs, partial(_headings, quiz))
                return path, _Edit(one, edit, changes, partial(_sections, self.use_multilang))
            case "timeopen" | "timeclose":
                changes = time_changes(edit.name, edit.theirs, self.zone)
                return path, _Edit(one, edit, changes, partial(_times, self.zone, edit.name))
            case "intro":
                changes = self._intro(quiz, data, edit)
            case "review":
                changes = review_changes(quiz, quiz.settings.behaviour, edit.theirs)
            case "preferredbehaviour":
                # What learners see follows from the behaviour, unless the file says otherwise.
                review = next((two for two in one.fields if two.name == "review"), None)
                masks = (
                    review.theirs if review else review_masks(quiz.settings.behaviour, quiz.settings.review)
                )
                follows = (review,) if review else ()
                changes = {
                    **setting_changes(edit.name, edit.theirs),
                    **review_changes(quiz, str(edit.theirs), masks),
                }
            case _:
                changes = setting_changes(edit.name, edit.theirs)

        def wants(changed: object) -> object:
            assert isinstance(changed, Quiz)
            return quiz_settings(changed, multilang=self.use_multilang)[edit.name]

        def shown(changed: object) -> object:
            assert isinstance(changed, Quiz)
            return review_masks(changed.settings.behaviour, changed.settings.review)

        return path, _Edit(one, edit, changes, wants, follows, shown)

    def _question(self, one: ObjectDrift, edit: FieldDrift) -> tuple[Path, _Edit]:
        """A question as a whole: its version says nothing of which of its parts was edited."""
        if places := [two for two in one.fields if two.name in _OF_THE_BANK]:
            raise NotAdoptable(_OF_THE_BANK[places[0].name])
        slug, quiz = next(
            (
                (slug, quiz)
                for slug, quiz in self.academy.quizzes.items()
                if one.key.startswith(f"{quiz.id}:")
            ),
            (None, None),
        )
        path = self.academy.folder / "quizzes" / f"{slug}.yaml"
        if quiz is None or slug is None or not path.is_file():
            raise NotAdoptable("edit.not-in-files")
        self._refuse_shared(slug)
        xml = self.questions.get((one.scope, one.key), "")
        name = one.key.removeprefix(f"{quiz.id}:")
        data = self._read(path).data
        listed = data.get("questions", []) if isinstance(data, dict) else []
        number = next((n for n, two in enumerate(listed) if str(two.get("id")) == name), None)
        if number is None:
            raise NotAdoptable("edit.not-in-files")
        languages = quiz.languages.offered if self.use_multilang else (quiz.languages.default,)
        changes = question_changes(quiz, name, listed[number], xml, languages)
        whole = replace(edit, theirs=meaning_in_moodle(xml))

        def wants(changed: object) -> object:
            assert isinstance(changed, Quiz)
            return meaning_in_files(changed, name, languages)

        follows = tuple(replace(two, theirs=whole.theirs) for two in one.fields if two.name != edit.name)
        below: dict[Pointer, Value] = {("questions", number, *at): value for at, value in changes.items()}
        told = (edit, *(two for two in one.fields if two.name != edit.name))
        return path, _Edit(one, whole, below, wants, follows, wants, told)

    def _override(self, one: ObjectDrift, edit: FieldDrift) -> tuple[Path, _Edit]:
        """An institution's exception; more time of a person stands in the list of people."""
        activity_key, at, institution = one.key.rpartition("@")
        course = self.academy.courses[one.scope]
        slug = next(
            (
                str(activity.quiz)
                for activity in course.activities
                if isinstance(activity, QuizActivity) and f"{course.id}/{activity.id}" == activity_key
            ),
            None,
        )
        if not at or slug is None:
            raise NotAdoptable("edit.extra-time")
        self._refuse_shared(slug)
        path = self.academy.folder / "quizzes" / f"{slug}.yaml"
        self._read(path)
        changes = override_changes(self.academy.quizzes[slug], institution, edit.name, edit.theirs, self.zone)

        def wants(changed: object) -> object:
            assert isinstance(changed, Quiz)
            found = [two for two in wanted_overrides(changed, self.zone) if two.group == institution]
            return getattr(found[0], edit.name) if found else None

        return path, _Edit(one, edit, changes, wants)

    def _intro(self, quiz: Quiz, data: object, edit: FieldDrift) -> Changes:
        """A quiz's introduction: languages that are one paragraph each stand together in one."""
        offered = quiz.languages.offered if self.use_multilang else (quiz.languages.default,)
        whole = str(edit.theirs)
        inner = re.fullmatch(r"<p>(<span .*</span>)</p>", whole, re.DOTALL)
        texts = _by_language(inner[1] if inner else whole, offered)
        if inner:
            texts = {language: f"<p>{text}</p>" for language, text in texts.items()}

        def made(source: str) -> str:
            return quiz.texts.html_of(LocalizedText(source), ("-",), paragraph=True).html

        pointer: Pointer = ("settings", "intro")
        return dict(_changes(pointer, _at(data, pointer), texts, offered, _back(made), made))

    # --- texts ---------------------------------------------------------------------------------

    def _offered(self, course: Course) -> Sequence[str]:
        return course.languages.offered if self.use_multilang else (course.languages.default,)

    def _text(
        self,
        one: ObjectDrift,
        edit: FieldDrift,
        key: str,
        pointer: Pointer,
        holder: Callable[[CourseFile], object],
    ) -> tuple[Path, _Edit]:
        """A title, a summary or a text; `holder` finds what has it in the file."""
        course = self.academy.courses[key]
        path = course.folder / "course.yaml"
        data = _at(self._read(path).data, pointer)
        offered = self._offered(course)
        name = str(pointer[-1])
        made = _RENDERED[name]
        back = _words_of if name == "title" else _back(made)
        texts = _by_language(str(edit.theirs), offered)
        changes = dict(_changes(pointer, data, texts, offered, back, made))

        def wants(file: object) -> object:
            assert isinstance(file, CourseFile)
            text = getattr(holder(file), name)
            if text is None:
                return ""
            if name == "title":
                return multilang(text, offered)
            return multilang_html({language: made(text.in_language(language)) for language in offered})

        return path, _Edit(one, edit, changes, wants)

    def _read(self, path: Path) -> Document:
        if path not in self.documents:
            document = read_yaml(path, root=self.academy.folder)
            self.documents[path] = path.read_bytes(), document
        return self.documents[path][1]


def _section_at(number: int, file: CourseFile) -> object:
    return file.sections[number]


def _slots(changed: object) -> object:
    assert isinstance(changed, Quiz)
    return [
        {name: value for name, value in slot.items() if value is not None} for slot in quiz_slots(changed)
    ]


def _sections(use_multilang: bool, changed: object) -> object:
    assert isinstance(changed, Quiz)
    return quiz_sections(changed, multilang=use_multilang)


def _times(zone: ZoneInfo, name: str, changed: object) -> object:
    assert isinstance(changed, Quiz)
    return quiz_times(changed, zone)[name]


def _headings(quiz: Quiz, heading: str) -> str | Mapping[str, str]:
    return headings_of(heading, quiz.languages.offered)


def headings_of(heading: str, offered: Sequence[str]) -> str | dict[str, str]:
    """A heading as authors write it: a text, or one by language. Raises NotAdoptable."""
    if 'class="multilang"' not in heading:
        return _words_of(heading)
    return {language: _words_of(text) for language, text in _by_language(heading, offered).items()}


def texts_of_html(
    html_text: str, offered: Sequence[str], name: str, *, exactly: bool = True
) -> str | dict[str, str]:
    """HTML of Moodle as Markdown, in one language or in each; `name` is that of the field in the files.

    Raises NotAdoptable where Markdown cannot say exactly this; without `exactly`, where it cannot say it at all.
    """
    whole, made = html_text, _RENDERED[name]
    if name == "intro" and (inner := re.fullmatch(r"<p>(<span .*</span>)</p>", whole, re.DOTALL)):
        texts = {one: f"<p>{text}</p>" for one, text in _by_language(inner[1], offered).items()}
    else:
        texts = _by_language(whole, offered)
    back = _back(made) if exactly else _markdown
    found = {language: back(text) for language, text in texts.items()}
    return found if len(set(found.values())) > 1 else next(iter(found.values()))


_OF_THE_BANK = {"status": "edit.hidden", "category": "edit.moved", "qtype": "edit.question-type"}
"""What can be changed of a question that its file has no word for."""
_OF_QUIZ_FILE = (*SETTINGS, *TIMES_OF_QUIZ, "review", "slots", "sections", "intro")
_RENDERED: Mapping[str, Callable[[str], str]] = {
    "title": lambda source: html.escape(source, quote=False),
    "summary": summary_html,
    "text": lambda source: render(source, file="").html.strip(),
    "intro": lambda source: QuestionTexts().html_of(LocalizedText(source), ("-",), paragraph=True).html,
}
_UNLIKE = {
    "name": "edit.markup",
    "fullname": "edit.markup",
    "summary": "edit.html",
    "intro": "edit.html",
    "content": "edit.html",
    "slots": "edit.slots",
    "sections": "edit.slots",
}


def _quizzes(course: Course) -> list[str]:
    return [str(one.quiz) for one in course.activities if isinstance(one, QuizActivity)]


def write_adoption(adoption: Adoption, folder: Path) -> Academy:
    """Writes the patched files; the academy as it reads then.

    Where it does not read any more (a title that is too long, say), every file is put back as it was and
    ContentError raised.
    """
    try:
        for one in adoption.files:
            write_durably(one.path, one.after)
        return read_academy(folder)
    except BaseException:
        for one in adoption.files:
            write_durably(one.path, one.before)
        raise


# --- texts ----------------------------------------------------------------------------------------


def _by_language(text: str, offered: Sequence[str]) -> dict[str, str]:
    """A text of Moodle by language: its multilang spans, or the same for all where it has none."""
    if 'class="multilang"' not in text:
        return dict.fromkeys(offered, text)
    texts = dict(_SPAN.findall(text))
    if _SPAN.sub("", text) or len(texts) != len(_SPAN.findall(text)):
        raise NotAdoptable("edit.languages", languages=", ".join(offered))
    if list(texts) != list(offered):
        raise NotAdoptable("edit.languages", languages=", ".join(offered))
    return texts


def _words_of(text: str) -> str:
    words = html.unescape(text)
    if html.escape(words, quote=False) != text:
        raise NotAdoptable("edit.markup")
    return words


def _markdown(text: str) -> str:
    if (found := to_markdown(text)) is None:
        raise NotAdoptable("edit.html")
    return found


def _back(made: Callable[[str], str]) -> Callable[[str], str]:
    def back(text: str) -> str:
        found = to_markdown(text)
        if found is None or made(found) != text:
            raise NotAdoptable("edit.html")
        return found

    return back


def _changes(
    pointer: Pointer,
    data: object,
    texts: Mapping[str, str],
    offered: Sequence[str],
    back: Callable[[str], str],
    made: Callable[[str], str],
) -> Iterator[tuple[Pointer, Value]]:
    """The scalars to write so that the files say these texts; a language that says it already stays as it is."""
    if not any(text.strip() for text in texts.values()):
        if pointer[-1] == "title":
            raise NotAdoptable("edit.emptied")
        yield pointer, None
        return
    if isinstance(data, Mapping):
        now = LocalizedText(dict(data))
        for language in offered:
            if made(now.in_language(language)) != texts[language]:
                yield (*pointer, language), back(texts[language])
        return
    if len(set(texts.values())) == 1:
        yield pointer, back(texts[offered[0]])
        return
    yield pointer, {language: back(text) for language, text in texts.items()}


def _at(data: object, pointer: Pointer) -> object:
    for step in pointer:
        if isinstance(data, Mapping):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int):
            data = data[step]
        else:
            return None
    return data
