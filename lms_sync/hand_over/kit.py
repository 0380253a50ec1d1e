"""Writes `build/hand-over/<course>/`: the page for the administrator, and the files that it speaks of."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import jinja2
from markupsafe import Markup, escape

from authoring.messages import text
from lms_sync.adopt import localized
from lms_sync.clock import Clock, local_date
from lms_sync.course_content import CourseContent
from lms_sync.desired import DesiredState
from lms_sync.hand_over.forms import (
    MODULES,
    Line,
    activity_lines,
    bank_lines,
    criteria_lines,
    section_lines,
)
from lms_sync.moodle.observe import Observation
from lms_sync.plan import Change, DesiredObject, Kind, Plan
from lms_sync.push import Prepared
from lms_sync.settings import SiteSettings
from lms_sync.write_files import write_durably

FOLDER = Path("build") / "hand-over"


@dataclass(frozen=True)
class ShownLine:
    """A line of a form with what Moodle has there now ("" where it is as wanted or not known)."""

    line: Line
    now: str = ""


@dataclass(frozen=True)
class Step:
    """Something to do in Moodle: how to get there, the lines to fill in, the things to add in order."""

    title: str
    how: Markup
    lines: Sequence[ShownLine] = ()
    items: Sequence[str] = ()
    file: str = ""


@dataclass
class _Kit:
    """What the page of one course is made of."""

    course: CourseContent
    desired: DesiredState
    seen: Observation
    changes: Mapping[tuple[Kind, str], Change]
    site: SiteSettings
    language: str
    files: dict[str, Path | bytes] = field(default_factory=dict)

    def say(self, code: str, **params: object) -> str:
        return text(f"hand-over.{code}", params, self.language)

    def how(self, code: str, **params: object) -> Markup:
        return _with_menu_words(self.say(code, **params))

    @property
    def key(self) -> str:
        return self.course.course.id


def write_kits(
    folder: Path, prepared: Prepared, site: SiteSettings, language: str, clock: Clock
) -> list[Path]:
    """Writes a kit for every course of which something is left by hand; the pages, relative to the folder."""
    pages = []
    for content in prepared.desired.content.values():
        changes = _by_hand(prepared.plan, content.course.id)
        if changes:
            kit = _Kit(content, prepared.desired, prepared.observation, changes, site, language)
            pages.append(_write(folder, kit, clock))
    return pages


def _by_hand(plan: Plan, course: str) -> dict[tuple[Kind, str], Change]:
    return {(change.kind, change.key): change for change in plan.by_hand if change.scope == course}


def _write(folder: Path, kit: _Kit, clock: Clock) -> Path:
    target = FOLDER / kit.key
    steps = list(_steps(kit))
    address = f"{kit.site.url.rstrip('/')}/course/view.php?id={kit.seen.course_ids.get(kit.key, '')}"
    package = kit.course.package
    page = _template().render(
        say=kit.say,
        how=kit.how,
        language=kit.language,
        title=kit.course.course.title.in_language(kit.language),
        key=kit.key,
        address=address,
        url=kit.site.url,
        date=local_date(clock.now(), kit.site.timezone).isoformat(),
        steps=steps,
        package=package.path.name if package else "",
    )
    if (folder / target).exists():
        shutil.rmtree(folder / target)
    for name, source in kit.files.items():
        content = source if isinstance(source, bytes) else source.read_bytes()
        write_durably(folder / target / name, content)
    write_durably(folder / target / "index.html", page.encode("utf-8"))
    return target / "index.html"


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = (files("lms_sync.hand_over") / "page.html").read_text(encoding="utf-8")
    return environment.from_string(source)


# --- the steps ----------------------------------------------------------------------------------


def _steps(kit: _Kit) -> Iterator[Step]:
    yield Step(kit.say("open"), kit.how("open-how"))
    for want in _wanted(kit, Kind.SECTION):
        if change := kit.changes.get((Kind.SECTION, want.key)):
            title = kit.say("section", name=_shown(kit, want))
            yield Step(
                title, kit.how("section-how"), _lines(section_lines(want), change, only_different=True)
            )
    yield from _banks(kit)
    for want in _wanted(kit, Kind.ACTIVITY):
        if change := kit.changes.get((Kind.ACTIVITY, want.key)):
            yield from _activity(kit, want, change)
    for want in _wanted(kit, Kind.CRITERIA):
        if (Kind.CRITERIA, want.key) in kit.changes:
            activities = {one.key: _shown(kit, one) for one in _wanted(kit, Kind.ACTIVITY)}
            required = want.fields["activities"]
            assert isinstance(required, Sequence)
            lines = criteria_lines([activities[str(key)] for key in required])
            yield Step(kit.say("criteria"), kit.how("criteria-how"), [ShownLine(line) for line in lines])


def _wanted(kit: _Kit, kind: Kind) -> Iterator[DesiredObject]:
    return (one for one in kit.desired.objects if one.kind is kind and one.scope == kit.key)


def _shown(kit: _Kit, want: DesiredObject) -> str:
    return localized(str(want.fields["name"]), want.key).in_language(kit.language)


def _banks(kit: _Kit) -> Iterator[Step]:
    for _quiz, bank in kit.course.quizzes.values():
        if any((Kind.QUESTION, question.key) in kit.changes for question in bank.questions):
            name = f"{bank.quiz_id}.moodle.xml"
            kit.files[name] = bank.xml
            lines = bank_lines(kit.say("file", file=name))
            title = kit.say(
                "bank", name=localized(bank.category_name, bank.quiz_id).in_language(kit.language)
            )
            yield Step(title, kit.how("bank-how"), [ShownLine(line) for line in lines], file=name)


def _activity(kit: _Kit, want: DesiredObject, change: Change) -> Iterator[Step]:
    module = MODULES[str(want.fields["modname"])]
    name = _shown(kit, want)
    title = kit.say("activity", module=module, name=name)
    there = kit.seen.find(Kind.ACTIVITY, kit.key, want.key) is not None
    file = ""
    if path := kit.desired.files.get(want.key):
        file = path.name
        kit.files[file] = path
    told_file = kit.say("file", file=file) if file else ""
    lines = _lines(activity_lines(want, told_file, ZoneInfo(kit.site.timezone)), change)
    if there:
        different = [one for one in lines if one.now]
        yield Step(title, kit.how("activity-change"), different, file=file if _is_sent(change) else "")
        return
    section = next(
        (_shown(kit, one) for one in _wanted(kit, Kind.SECTION) if one.key == want.fields["section"]), ""
    )
    yield Step(title, kit.how("activity-how", section=section, module=module), lines, file=file)
    if slots := want.fields.get("slots"):
        assert isinstance(slots, Sequence)
        grade = f"{float(str(want.fields['grade'])):g}"
        items = [_slot(kit, slot) for slot in slots]
        yield Step(kit.say("slots", name=name), kit.how("slots-how", grade=grade), items=items)
    if questions := want.fields.get("items"):
        assert isinstance(questions, Sequence)
        yield Step(kit.say("items", name=name), kit.how("items-how"), items=[_item(one) for one in questions])


def _is_sent(change: Change) -> bool:
    return any(one.name == "sha1" for one in change.differences)


def _lines(lines: Iterable[Line], change: Change, *, only_different: bool = False) -> list[ShownLine]:
    now = {one.name: one.before for one in change.differences if one.before is not None}
    shown = [ShownLine(line, _short(now[line.name]) if line.name in now else "") for line in lines]
    return [one for one in shown if one.now] if only_different and now else shown


def _short(value: object) -> str:
    said = " ".join(re.sub(r"<[^>]*>", " ", str(value)).split())
    return f"{said[:80]}…" if len(said) > 80 else said or "–"


def _slot(kit: _Kit, slot: Mapping[str, object]) -> str:
    mark = f"{float(str(slot.get('maxmark', 1))):g}"
    if "question" in slot:
        return kit.say("slot-fixed", name=slot["question"], mark=mark)
    bank = next(bank for _, bank in kit.course.quizzes.values() if bank.quiz_id == slot["category"])
    category = localized(bank.category_name, bank.quiz_id).in_language(kit.language)
    said = kit.say("slot-random", category=category, n=slot["random"], mark=mark)
    tags = slot.get("tags") or ()
    assert isinstance(tags, Sequence)
    return f"{said}, {kit.say('slot-tags', tags=', '.join(map(str, tags)))}" if tags else said


def _item(question: Mapping[str, object]) -> str:
    name = localized(str(question["name"]), str(question["key"])).in_language("")
    options = question.get("options") or ()
    assert isinstance(options, Sequence)
    answers = " | ".join(localized(str(one), "-").in_language("") for one in options)
    return f"{question['type']}: {name}" + (f" ({answers})" if answers else "")


# --- menu words -----------------------------------------------------------------------------------

_MENU_WORDS = (
    "Add an activity or resource",
    "Add section",
    "Edit mode",
    "Edit settings",
    "Save and return to course",
    "Save changes",
    "Question bank",
    "Import",
    "More",
    "Course completion",
    "Maximum grade",
    "Edit questions",
    "Questions",
    "Add",
    "View",
    "Source code",
    "Package file",
    "Site administration",
    "Plugins",
    "Activity modules",
    "SCORM package",
    "Enable downloaded package type",
    "Downloaded package",
    "Auto-update frequency",
    "Every time it's used",
    "Every day",
    "Package",
    "Type",
    "URL",
    "General",
    "Security",
    "HTTP security",
    "cURL blocked hosts list",
    "cURL allowed ports list",
    "Language",
    *MODULES.values(),
)
_WORDS = re.compile(
    r"(?<![\w“„])(?:" + "|".join(map(re.escape, sorted(set(_MENU_WORDS), key=len, reverse=True))) + r")(?!\w)"
)


def _with_menu_words(said: str) -> Markup:
    """A text in which the words of Moodle's own menus are marked."""
    marked = Markup()
    end = 0
    for found in _WORDS.finditer(said):
        marked += escape(said[end : found.start()]) + Markup("<b>{}</b>").format(found[0])
        end = found.end()
    return marked + escape(said[end:])
