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
    item_lines,
    quiz_pass_lines,
    section_lines,
    visible_line,
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
    items: Sequence[Markup] = ()
    file: str = ""
    link: str = ""  # the place in Moodle, where it has an address of its own


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
        """A text in which the words of Moodle's menus, in brackets in the catalogue, are marked."""
        kept = {name: _without_brackets(value) for name, value in params.items()}
        return _with_menu_words(self.say(code, **kept))

    def link(self, path: str, **more: object) -> str:
        """An address on the site. Every one switches Moodle to English, whose words the page uses."""
        query = "&".join(f"{name}={value}" for name, value in {**more, "lang": "en"}.items())
        return f"{self.site.url.rstrip('/')}/{path}?{query}"

    @property
    def course_id(self) -> object:
        return self.seen.course_ids.get(self.key, "")

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
    package = kit.course.package
    page = _template().render(
        say=kit.say,
        how=kit.how,
        language=kit.language,
        title=kit.course.course.title.in_language(kit.language),
        key=kit.key,
        settings=kit.link("admin/settings.php", section="modsettingscorm"),
        url=kit.site.url,
        date=local_date(clock.now(), kit.site.timezone).isoformat(),
        steps=steps,
        package=package.path.name if package else "",
    )
    if (folder / target).exists():
        shutil.rmtree(folder / target)
    for name, source in kit.files.items():
        if isinstance(source, bytes):
            write_durably(folder / target / name, source)
        else:  # a package may be large
            (folder / target).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / target / name)
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
    yield Step(kit.say("open"), kit.how("open-how"), link=kit.link("course/view.php", id=kit.course_id))
    for want in _wanted(kit, Kind.SECTION):
        if change := kit.changes.get((Kind.SECTION, want.key)):
            there = kit.seen.find(Kind.SECTION, kit.key, want.key)
            yield Step(
                kit.say("section", name=_shown(kit, want)),
                kit.how("section-how" if there else "section-new"),
                _lines(section_lines(want), change, only_different=True),
                link=kit.link("course/editsection.php", id=there.id) if there else "",
            )
    yield from _banks(kit)
    for want in _wanted(kit, Kind.ACTIVITY):
        if change := kit.changes.get((Kind.ACTIVITY, want.key)):
            yield from _activity(kit, want, change)
    for want in _wanted(kit, Kind.CRITERIA):
        if (Kind.CRITERIA, want.key) in kit.changes:
            activities = {
                one.key: (str(one.fields["modname"]), _as_in_moodle(one))
                for one in _wanted(kit, Kind.ACTIVITY)
            }
            required = want.fields["activities"]
            assert isinstance(required, Sequence)
            lines = criteria_lines([activities[str(key)] for key in required])
            yield Step(
                kit.say("criteria"),
                kit.how("criteria-how"),
                [ShownLine(line) for line in lines],
                link=kit.link("course/completion.php", id=kit.course_id),
            )


def _wanted(kit: _Kit, kind: Kind) -> Iterator[DesiredObject]:
    return (one for one in kit.desired.objects if one.kind is kind and one.scope == kit.key)


def _shown(kit: _Kit, want: DesiredObject) -> str:
    return localized(str(want.fields["name"]), want.key).in_language(kit.language)


def _as_in_moodle(want: DesiredObject) -> str:
    """A name as a Moodle that speaks English shows it; a course without English is shown in its first language."""
    return localized(str(want.fields["name"]), want.key).in_language("en")


def _banks(kit: _Kit) -> Iterator[Step]:
    for _quiz, bank in kit.course.quizzes.values():
        if any((Kind.QUESTION, question.key) in kit.changes for question in bank.questions):
            name = f"{bank.quiz_id}.moodle.xml"
            kit.files[name] = bank.xml
            lines = bank_lines(kit.say("file", file=name))
            title = kit.say(
                "bank", name=localized(bank.category_name, bank.quiz_id).in_language(kit.language)
            )
            link = kit.link("question/bank/importquestions/import.php", courseid=kit.course_id)
            yield Step(title, kit.how("bank-how"), [ShownLine(line) for line in lines], file=name, link=link)


def _activity(kit: _Kit, want: DesiredObject, change: Change) -> Iterator[Step]:
    module = MODULES[str(want.fields["modname"])]
    name = _shown(kit, want)
    title = kit.say("activity", module=module, name=name)
    there = kit.seen.find(Kind.ACTIVITY, kit.key, want.key)
    file = ""
    if path := kit.desired.files.get(want.key):
        file = path.name
        kit.files[file] = path
    told_file = kit.say("file", file=file) if file else ""
    groups = {one.key: str(one.fields["name"]) for one in _wanted(kit, Kind.GROUP)}
    zone = ZoneInfo(kit.site.timezone)
    lines = _lines(activity_lines(want, told_file, zone, groups), change)
    late = _lines(quiz_pass_lines(want, zone), change) if want.fields["modname"] == "quiz" else []
    sections = list(_wanted(kit, Kind.SECTION))
    number, section = next((n, one) for n, one in enumerate(sections, 1) if one.key == want.fields["section"])
    place = _as_in_moodle(section)
    if there is not None:
        names = {one.name for one in change.differences}
        how = kit.how("activity-change") if names - {"section"} else Markup()
        if "section" in names:
            how += Markup(" ") + kit.how("activity-wrong-place", section=place)
        if "sha1" in names:
            how += Markup(" ") + kit.how("activity-file")
        shown = _lines([visible_line(want)], change) + lines + late
        link = kit.link("course/modedit.php", update=there.id, **{"return": 0})
        sent = file if "sha1" in names else ""
        if names != {"slots"}:
            yield Step(title, how, [one for one in shown if one.now], file=sent, link=link)
        if "slots" in names:
            yield _slots_step(kit, want, name, kit.link("mod/quiz/edit.php", cmid=there.id))
        return
    if want.fields.get("type") == "news":
        how = kit.how("news-how", section=place)
        yield Step(title, how, lines)
        return
    how = kit.how("activity-how", section=place, module=module)
    add = {"add": want.fields["modname"], "course": kit.course_id, "section": number, "return": 0}
    link = kit.link("course/modedit.php", **add) if kit.seen.find(Kind.SECTION, kit.key, section.key) else ""
    yield Step(title, how, lines, file=file, link=link)
    if want.fields.get("slots"):
        yield _slots_step(kit, want, name)
    if late:
        yield Step(kit.say("pass", name=name), kit.how("pass-how"), late)
    if questions := want.fields.get("items"):
        assert isinstance(questions, Sequence)
        lines = [ShownLine(line) for line in item_lines(questions)]
        yield Step(kit.say("items", name=name), kit.how("items-how"), lines)


def _lines(lines: Iterable[Line], change: Change, *, only_different: bool = False) -> list[ShownLine]:
    now = {one.name: one.before for one in change.differences if one.before is not None}
    shown = [ShownLine(line, _short(now[line.name]) if line.name in now else "") for line in lines]
    return [one for one in shown if one.now] if only_different and now else shown


def _short(value: object) -> str:
    said = " ".join(re.sub(r"<[^>]*>", " ", str(value)).split())
    return f"{said[:80]}…" if len(said) > 80 else said or "–"


def _slots_step(kit: _Kit, want: DesiredObject, name: str, link: str = "") -> Step:
    slots = want.fields["slots"]
    assert isinstance(slots, Sequence)
    grade = f"{float(str(want.fields['grade'])):g}"
    how = kit.how("slots-how", grade=grade)
    return Step(kit.say("slots", name=name), how, items=_slots(kit, slots), link=link)


def _slots(kit: _Kit, slots: Sequence[Mapping[str, object]]) -> list[Markup]:
    """What to add to a quiz, in order; the question category is named wherever it changes."""
    banks = [bank for _, bank in kit.course.quizzes.values()]
    names = {question.key: question.name for bank in banks for question in bank.questions}
    shown: list[Markup] = []
    before = ""
    for slot in slots:
        key = str(slot.get("question", ""))
        bank = next(
            one
            for one in banks
            if one.quiz_id == slot.get("category") or key in {question.key for question in one.questions}
        )
        # Moodle shows a category of the question bank with its idnumber in brackets.
        category = f"{localized(bank.category_name, bank.quiz_id).in_language('en')} [{bank.quiz_id}]"
        tags = slot.get("tags") or ()
        assert isinstance(tags, Sequence)
        if key:
            said = kit.how("slot-fixed", name=localized(names[key], key).in_language("en"), key=key)
        elif tags:
            said = kit.how("slot-tagged", tags=", ".join(map(str, tags)), n=slot["random"])
        else:
            said = kit.how("slot-random", n=slot["random"])
        mark = f"{float(str(slot.get('maxmark', 1))):g}"
        if mark != "1":
            said += kit.how("slot-mark", mark=mark)
        if category != before:
            said = kit.how("slot-category", category=category) + Markup("<br>") + said
        shown.append(said)
        before = category
    return shown


# --- menu words -----------------------------------------------------------------------------------

_BRACKETS = str.maketrans("[]", "\ue000\ue001")
_BACK = str.maketrans("\ue000\ue001", "[]")


def _without_brackets(value: object) -> object:
    return value.translate(_BRACKETS) if isinstance(value, str) else value


def _with_menu_words(said: str) -> Markup:
    marked = Markup()
    for number, part in enumerate(re.split(r"\[([^\]]+)\]", said)):
        plain = part.translate(_BACK)
        marked += Markup("<b>{}</b>").format(plain) if number % 2 else escape(plain)
    return marked
