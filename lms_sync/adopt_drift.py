"""Takes edits made in Moodle over into the authors' files: `drift --adopt`.

An edit is taken over only where the files then say exactly what Moodle says: the value is turned back into
what an author would write, rendered again and compared. Everything else is named with its value and a reason.
"""

from __future__ import annotations

import difflib
import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from authoring.activity import QuizActivity
from authoring.course import MAX_TITLE, Course, CourseFile
from authoring.languages import LocalizedText, multilang
from authoring.patch_yaml import CannotPatch, Value, patch_bytes
from authoring.problems import ContentError, Problem
from authoring.read_yaml import Document, Pointer, load_model, parse_yaml, read_yaml
from lms_sync.academy import Academy, read_academy
from lms_sync.desired import summary_html
from lms_sync.drift import FieldDrift, Id, ObjectDrift, Standing
from lms_sync.plan import Kind, same
from lms_sync.to_markdown import to_markdown
from lms_sync.write_files import write_durably
from quizzes import Quiz
from quizzes.numbers import plain
from quizzes.quiz_activity import GRADE_METHODS, review_masks

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


class _NotAdoptable(Exception):
    """`code` says why; it is a message code."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def adopt(
    academy: Academy,
    drift: Sequence[ObjectDrift],
    *,
    use_multilang: bool,
    theirs: frozenset[str] = frozenset(),
) -> Adoption:
    """The files as they would be with the edits of `drift`; nothing is written.

    Taken are fields that only Moodle changed, and of the others those named in `theirs` (KEY or KEY#FIELD).
    """
    adopter = _Adopter(academy, use_multilang)
    for one in drift:
        adopter.place_edits(one, theirs)
    return adopter.result()


@dataclass
class _Edit:
    drift: ObjectDrift
    field: FieldDrift
    explained: tuple[FieldDrift, ...]  # fields that follow from this one
    changes: Mapping[Pointer, Value]


class _Adopter:
    def __init__(self, academy: Academy, use_multilang: bool) -> None:
        self.academy = academy
        self.use_multilang = use_multilang
        self.documents: dict[Path, tuple[bytes, Document]] = {}
        self.edits: dict[Path, list[_Edit]] = {}
        self.left: list[Left] = []

    def place_edits(self, one: ObjectDrift, theirs: frozenset[str]) -> None:
        """Finds the place of every edit of an object, or the reason why there is none."""
        if one.deleted:
            self._leave(one, FieldDrift("", Standing.THEIRS, None, None, None), "edit.deleted")
        explained: set[str] = set()
        for edit in sorted(one.fields, key=lambda two: two.name == "review"):
            if edit.name in explained:
                continue
            named = one.key in theirs or f"{one.key}#{edit.name}" in theirs
            if edit.standing is not Standing.THEIRS and not named:
                self._leave(one, edit, "edit.conflict")
                continue
            try:
                path, changes = self._place(one, edit)
            except _NotAdoptable as reason:
                self._leave(one, edit, reason.code, **reason.params)
                continue
            follows = [
                two for two in one.fields if edit.name == "preferredbehaviour" and two.name == "review"
            ]
            explained.update(two.name for two in follows)
            self.edits.setdefault(path, []).append(_Edit(one, edit, tuple(follows), changes))

    def _leave(self, one: ObjectDrift, edit: FieldDrift, code: str, **params: object) -> None:
        self.left.append(Left(one, edit, Problem(code, params)))

    def result(self) -> Adoption:
        """The patched files. Where a file as a whole would not be valid, its edits are tried one by one."""
        files: list[PatchedFile] = []
        taken: dict[Id, dict[str, object]] = {}
        for path, edits in sorted(self.edits.items()):
            content, document = self.documents[path]
            after, good = self._patched(content, document, edits)
            if after != content:
                files.append(PatchedFile(path, document.file, content, after))
            for edit in good:
                identity = (edit.drift.kind, edit.drift.scope, edit.drift.key)
                for one in (edit.field, *edit.explained):
                    taken.setdefault(identity, {})[one.name] = one.theirs
        return Adoption(tuple(files), taken, tuple(self.left))

    def _patched(self, content: bytes, document: Document, edits: list[_Edit]) -> tuple[bytes, list[_Edit]]:
        try:
            return self._written(content, document, edits), edits
        except (CannotPatch, ContentError) as error:
            if len(edits) == 1:
                (edit,) = edits
                because = tuple(error.problems)
                problem = Problem("edit.refused-by-files", {})
                self.left.append(Left(edit.drift, edit.field, problem, because))
                return content, []
        good: list[_Edit] = []
        after = content
        for edit in edits:
            after, added = self._patched(after, document, [edit])
            good.extend(added)
        return after, good

    def _written(self, content: bytes, document: Document, edits: list[_Edit]) -> bytes:
        changes = {pointer: value for edit in edits for pointer, value in edit.changes.items()}
        after = patch_bytes(content, document.file, changes)
        text = after.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        read = parse_yaml(text, document.file)
        load_model(read, Quiz if document.file.startswith("quizzes/") else CourseFile)
        long = [
            Problem("course.title-too-long", {"n": len(value), "limit": MAX_TITLE}, read.place(pointer))
            for pointer, value in _texts(changes)
            if "title" in pointer and len(value) > MAX_TITLE
        ]
        if long:
            raise ContentError(long)
        return after

    # --- where a field is written --------------------------------------------------------------

    def _place(self, one: ObjectDrift, edit: FieldDrift) -> tuple[Path, dict[Pointer, Value]]:
        match one.kind:
            case Kind.QUESTION:
                raise _NotAdoptable("edit.question")
            case Kind.COHORT | Kind.GROUP:
                raise _NotAdoptable("edit.people-list")
            case Kind.ENROLMENT:
                raise _NotAdoptable("edit.enrolment")
            case Kind.COURSE:
                pointers = {"fullname": ("title",), "summary": ("summary",)}
                return self._text(one.key, pointers.get(edit.name), edit)
            case Kind.SECTION:
                pointers = {"name": ("title",), "summary": ("summary",)}
                course = self.academy.courses[one.scope]
                for number, section in enumerate(course.sections):
                    if f"{course.id}/{section.id}" == one.key and edit.name in pointers:
                        return self._text(one.scope, ("sections", number, *pointers[edit.name]), edit)
            case Kind.ACTIVITY:
                return self._activity(one, edit)
            case _:
                pass
        raise _NotAdoptable("edit.not-in-files")

    def _activity(self, one: ObjectDrift, edit: FieldDrift) -> tuple[Path, dict[Pointer, Value]]:
        course = self.academy.courses[one.scope]
        for i, section in enumerate(course.sections):
            for j, activity in enumerate(section.activities):
                if f"{course.id}/{activity.id}" != one.key:
                    continue
                if edit.name == "name":
                    return self._text(one.scope, ("sections", i, "activities", j, "title"), edit)
                if isinstance(activity, QuizActivity) and edit.name in _SETTINGS:
                    return self._setting(str(activity.quiz), one, edit)
        raise _NotAdoptable("edit.not-in-files")

    def _setting(self, slug: str, one: ObjectDrift, edit: FieldDrift) -> tuple[Path, dict[Pointer, Value]]:
        uses = [name for course in self.academy.courses.values() for name in _quizzes(course) if name == slug]
        if len(uses) > 1:
            raise _NotAdoptable("edit.shared-quiz", quiz=slug, n=len(uses))
        if edit.name == "preferredbehaviour":
            self._check_review(one, edit)
        key, written = _SETTINGS[edit.name]
        path = self.academy.folder / "quizzes" / f"{slug}.yaml"
        self._read(path)
        return path, {("settings", key): written(edit.theirs)}

    def _check_review(self, one: ObjectDrift, edit: FieldDrift) -> None:
        """The files know no review options of their own: they follow from the behaviour."""
        review = next((two for two in one.fields if two.name == "review"), None)
        wanted = review_masks(str(edit.theirs))
        now = review.theirs if review else review_masks(str(edit.ours))
        if not same(now, wanted):
            raise _NotAdoptable("edit.review")

    def _text(self, key: str, pointer: Pointer | None, edit: FieldDrift) -> tuple[Path, dict[Pointer, Value]]:
        if pointer is None:
            raise _NotAdoptable("edit.not-in-files")
        course = self.academy.courses[key]
        path = course.folder / "course.yaml"
        document = self._read(path)
        offered = course.languages.offered if self.use_multilang else (course.languages.default,)
        back = _markdown_of if edit.name == "summary" else _words_of
        texts = _by_language(str(edit.theirs), offered)
        data = _at(document.data, pointer)
        changes = dict(_changes(pointer, data, texts, offered, back, edit.name == "summary"))
        whole = _after(data, changes, pointer)
        if not _says(whole, edit, offered):
            raise _NotAdoptable("edit.html" if edit.name == "summary" else "edit.markup")
        return path, changes

    def _read(self, path: Path) -> Document:
        if path not in self.documents:
            document = read_yaml(path, root=self.academy.folder)
            self.documents[path] = path.read_bytes(), document
        return self.documents[path][1]


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


def _texts(changes: Mapping[Pointer, Value]) -> Iterator[tuple[Pointer, str]]:
    for pointer, value in changes.items():
        if isinstance(value, str):
            yield pointer, value
        elif isinstance(value, Mapping):
            yield from _texts({(*pointer, key): inner for key, inner in value.items()})


# --- texts ----------------------------------------------------------------------------------------


def _by_language(text: str, offered: Sequence[str]) -> dict[str, str]:
    """A text of Moodle by language: its multilang spans, or the same for all where it has none."""
    if 'class="multilang"' not in text:
        return dict.fromkeys(offered, text)
    texts = dict(_SPAN.findall(text))
    if _SPAN.sub("", text) or len(texts) != len(_SPAN.findall(text)):
        raise _NotAdoptable("edit.languages", languages=", ".join(offered))
    if list(texts) != list(offered):
        raise _NotAdoptable("edit.languages", languages=", ".join(offered))
    return texts


def _words_of(text: str) -> str:
    words = html.unescape(text)
    if html.escape(words, quote=False) != text:
        raise _NotAdoptable("edit.markup")
    return words


def _markdown_of(text: str) -> str:
    found = to_markdown(text)
    if found is None or summary_html(found) != text:
        raise _NotAdoptable("edit.html")
    return found


def _changes(
    pointer: Pointer,
    data: object,
    texts: Mapping[str, str],
    offered: Sequence[str],
    back: Callable[[str], str],
    is_html: bool,
) -> Iterator[tuple[Pointer, Value]]:
    """The scalars to write so that the files say these texts; a language that says it already stays as it is."""
    if not any(text.strip() for text in texts.values()):
        raise _NotAdoptable("edit.emptied")
    if isinstance(data, Mapping):
        now = LocalizedText.model_validate(data)
        for language in offered:
            source = now.in_language(language)
            rendered = summary_html(source) if is_html else html.escape(source, quote=False)
            if rendered != texts[language]:
                yield (*pointer, language), back(texts[language])
        return
    if len(set(texts.values())) == 1:
        yield pointer, back(texts[offered[0]])
        return
    yield pointer, {language: back(text) for language, text in texts.items()}


def _after(data: object, changes: Mapping[Pointer, Value], pointer: Pointer) -> object:
    if pointer in changes:
        return changes[pointer]
    own = {str(one[-1]): value for one, value in changes.items()}
    return {**data, **own} if isinstance(data, Mapping) else data


def _says(whole: object, edit: FieldDrift, offered: Sequence[str]) -> bool:
    """Whether the files with the change want exactly what Moodle has."""
    text = LocalizedText.model_validate(whole)
    made = summary_html(text, offered) if edit.name == "summary" else multilang(text, offered)
    return made == edit.theirs


def _at(data: object, pointer: Pointer) -> object:
    for step in pointer:
        if isinstance(data, Mapping):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int):
            data = data[step]
        else:
            return None
    return data


# --- settings of a quiz ---------------------------------------------------------------------------


def _duration(value: object) -> str:
    seconds = int(str(value))
    if not seconds:
        return "none"
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def _grading(value: object) -> str:
    for name, number in GRADE_METHODS.items():
        if number == value:
            return name
    raise _NotAdoptable("edit.value")


def _percent(value: object) -> str:
    return f"{plain(Decimal(str(round(float(str(value)), 5))))}%"


_SETTINGS: dict[str, tuple[str, Callable[[object], Value]]] = {
    "timelimit": ("time_limit", _duration),
    "attempts": ("attempts", lambda value: int(str(value))),
    "grademethod": ("grading", _grading),
    "gradepass": ("pass", _percent),
    "shuffleanswers": ("shuffle_answers", bool),
    "questionsperpage": ("questions_per_page", lambda value: int(str(value))),
    "preferredbehaviour": ("behaviour", str),
}
