"""Without the plugin, core does what it can; the rest is accounted for, and a kit says where each thing goes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from authoring.messages import LANGUAGES
from lms_sync.cli.administrator import remembered_base
from lms_sync.hand_over.forms import MODULES
from lms_sync.moodle.functions import CORE_FUNCTIONS, PLUGIN_FUNCTIONS, READ_ONLY_FUNCTIONS
from lms_sync.moodle.state_by_core import FUNCTIONS_WITHOUT_PLUGIN, NEEDED
from lms_sync.plan import Kind
from moodle_standin.services import ROLE_CAPABILITIES, SYNC_FUNCTIONS
from tests.everything import together
from tests.hand_over.conftest import take_plugin_away
from tests.pushed_academy import COURSE

if TYPE_CHECKING:
    from tests.cli.conftest import Ended
    from tests.pushed_academy import Push

    Command = Callable[..., Ended]


def planned(command: Command, push: Push) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(command("plan", "--dir", push.folder, "--json").out)
    return found


def kit_of(push: Push) -> Any:
    return push.folder / "build" / "hand-over" / COURSE


class Page(HTMLParser):
    """What a page shows, what may be copied from it, and where it leads."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.copied: list[str] = []
        self.links: list[str] = []
        self.language = ""
        self._in_area = self._in_style = False
        self.tags: Counter[str] = Counter()
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags[tag] += 1
        self._in_area = tag == "textarea"
        self._in_style = tag == "style"
        if tag == "textarea":
            self.copied.append("")
        if tag == "html":
            self.language = str(values["lang"])
        if tag == "a":
            self.links.append(str(values["href"]))
        if tag == "input" and values.get("type") == "text":
            self.copied.append(str(values["value"]))

    def handle_endtag(self, tag: str) -> None:
        self._in_area = self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_area:
            self.copied[-1] += data
        elif not self._in_style:
            self.text.append(data)

    @property
    def shown(self) -> str:
        return " ".join(" ".join(self.text).split())


def test_the_plan_accounts_for_every_object_and_refuses_none(without_plugin: Push, command: Command) -> None:
    ended = command("plan", "--dir", without_plugin.folder)
    assert ended.code == 2
    assert "By hand in Moodle" in ended.out
    told = planned(command, without_plugin)
    without_plugin.site.services["lmssync"].functions = SYNC_FUNCTIONS
    without_plugin.site.capabilities[without_plugin.user_id("lmssync")] = set(ROLE_CAPABILITIES)
    with_plugin = planned(command, without_plugin)
    # Core gives calendar events no key by which they could be found again: sessions are the plugin's alone.
    events = [one for one in with_plugin["changes"] if one["kind"] == "calendar event"]
    assert events
    with_plugin["changes"] = [one for one in with_plugin["changes"] if one not in events]
    with_plugin["counts"]["create"] -= len(events)
    assert Counter((one["kind"], one["key"]) for one in told["changes"]) == Counter(
        (one["kind"], one["key"]) for one in with_plugin["changes"]
    )
    assert {one["kind"] for one in told["changes"] if one["action"] == "by-hand"} == {
        "question category", "question", "activity", "completion criteria",
    }  # fmt: skip
    assert told["counts"]["refuse"] == 0
    assert told["counts"]["create"] + told["counts"]["by-hand"] == with_plugin["counts"]["create"]


def test_apply_does_what_core_can_once_and_says_what_is_left(without_plugin: Push, command: Command) -> None:
    ended = command("apply", "--dir", without_plugin.folder, "--yes")
    assert ended.code == 4, ended.said
    assert str(kit_of(without_plugin).relative_to(without_plugin.folder) / "index.html") in ended.out
    site = without_plugin.site
    course = without_plugin.course()
    assert [site.sections[one].name for one in course.sections][1:] == [
        content["fields"]["name"] for content in _sections_wanted(without_plugin)
    ]
    assert len(site.enrolments[course.id]) == 24
    assert len([one for one in site.groups.values() if one.courseid == course.id]) == 8
    functions = {entry["function"] for entry in without_plugin.log()}
    assert functions <= {*CORE_FUNCTIONS, *NEEDED}
    written = len(site.log)
    assert command("apply", "--dir", without_plugin.folder, "--yes").code == 4
    assert len(site.log) == written
    assert without_plugin.doubles() == {}


def test_after_a_first_apply_nothing_is_refused_and_the_summaries_are_by_hand(
    without_plugin: Push, command: Command
) -> None:
    command("apply", "--dir", without_plugin.folder, "--yes")
    told = planned(command, without_plugin)
    assert told["counts"]["refuse"] == 0
    sections = [one for one in told["changes"] if one["kind"] == "section"]
    assert {one["action"] for one in sections} == {"by-hand"}
    assert {one["name"] for section in sections for one in section["fields"]} == {"summary"}


def test_what_somebody_changed_of_what_core_made_still_stays(pushed: Push, command: Command) -> None:
    take_plugin_away(pushed)
    pushed.course().fullname = "Another name"
    assert "Another name" in command("plan", "--dir", pushed.folder).out
    assert command("apply", "--dir", pushed.folder, "--yes").code == 0
    assert pushed.course().fullname == "Another name"


def test_nothing_is_remembered_of_what_core_does_not_show(without_plugin: Push, command: Command) -> None:
    command("apply", "--dir", without_plugin.folder, "--yes")
    kinds = {
        identity[0] for identity in remembered_base(without_plugin.settings, without_plugin.folder, "main")
    }
    assert kinds >= {Kind.CATEGORY, Kind.COURSE, Kind.COHORT, Kind.GROUP, Kind.ENROLMENT}
    assert not kinds & {Kind.SECTION, Kind.QUESTION_CATEGORY, Kind.QUESTION, Kind.ACTIVITY, Kind.CRITERIA}


def test_moodle_is_asked_to_make_the_announcements_that_nobody_can_make_by_hand(
    without_plugin: Push, command: Command
) -> None:
    command("apply", "--dir", without_plugin.folder, "--yes")
    assert without_plugin.course().newsitems > 0
    page = Page((kit_of(without_plugin) / "index.html").read_text(encoding="utf-8"))
    assert "Number of announcements" in page.shown
    assert "Forum type" in page.shown  # of the other forum
    assert page.shown.count("Forum type") == 1


def _sections_wanted(push: Push) -> list[dict[str, Any]]:
    prepared = push.prepare()
    return [{"fields": one.fields} for one in prepared.desired.objects if one.kind.value == "section"]


def test_a_run_that_died_between_course_and_names_makes_nothing_twice(
    without_plugin: Push, command: Command
) -> None:
    without_plugin.fault("core_update_inplace_editable", "error", errorcode="dmlwriteexception", times=9)
    assert command("apply", "--dir", without_plugin.folder, "--yes").code == 4
    without_plugin.site.faults.waiting.clear()
    told = planned(command, without_plugin)
    assert {one["key"] for one in told["changes"] if one["kind"] == "section"} == {
        f"{COURSE}/{name}" for name in ("start", "learn", "exam")
    }
    assert without_plugin.doubles() == {}
    assert len(without_plugin.course().sections) == 4


def test_what_a_person_has_done_counts_as_done(pushed: Push, command: Command) -> None:
    take_plugin_away(pushed)
    ended = command("plan", "--dir", pushed.folder)
    assert ended.code == 0, ended.said
    assert command("apply", "--dir", pushed.folder, "--yes").code == 0
    assert not kit_of(pushed).exists()


SPOILT: dict[str, tuple[Callable[[Any, Callable[[str], Any]], Any], str, str]] = {
    "package gone": (lambda site, module: setattr(module("scorm"), "idnumber", "other"), "activity", "name"),
    "package": (lambda site, module: setattr(site.scorms[module("scorm").instance], "sha1hash", "0" * 40),
                "activity", "sha1"),
    "attempts": (lambda site, module: setattr(site.quizzes[module("quiz").instance], "attempts", 9),
                 "activity", "attempts"),
    "slots": (lambda site, module: setattr(site.quizzes[module("quiz").instance], "sumgrades", 1),
              "activity", "slots"),
    "review": (lambda site, module: site.quizzes[module("quiz").instance].review.update(marks=0),
               "activity", "review"),
    "shuffling": (lambda site, module: setattr(site.quizzes[module("quiz").instance], "shuffleanswers", 0),
                  "activity", "shuffleanswers"),
    "rule": (lambda site, module: setattr(module("quiz"), "completionpassgrade", 0), "activity", "completion"),
    "hidden": (lambda site, module: setattr(module("page"), "visible", 0), "activity", "visible"),
    "criteria": (lambda site, module: site.criteria.update({module("page").course: [module("page").id]}),
                 "completion criteria", "activities"),
    "name": (lambda site, module: setattr(site.sections[module("quiz").section], "name", "Tjetër"),
             "section", "name"),
    "summary": (lambda site, module: setattr(site.sections[module("quiz").section], "summary", "Tjetër"),
                "section", "summary"),
}  # fmt: skip


@pytest.mark.parametrize("names", together(SPOILT, [{"package gone", "package"}]), ids=" ".join)
def test_what_is_otherwise_than_the_files_want_is_by_hand_again(
    pushed: Push, command: Command, names: tuple[str, ...]
) -> None:
    take_plugin_away(pushed)

    def module(name: str) -> Any:
        return next(one for one in pushed.site.modules.values() if one.modname == name and one.idnumber)

    for name in names:
        SPOILT[name][0](pushed.site, module)
    told = planned(command, pushed)
    assert {one["action"] for one in told["changes"]} == {"by-hand"}
    fields = {(one["kind"], field["name"]) for one in told["changes"] for field in one["fields"]}
    assert fields >= {SPOILT[name][1:] for name in names}
    assert command("apply", "--dir", pushed.folder, "--yes").code == 4
    assert Page((kit_of(pushed) / "index.html").read_text(encoding="utf-8")).tags["h2"] >= 3


def test_people_are_still_moved_and_suspended(pushed: Push, command: Command) -> None:
    take_plugin_away(pushed)
    pushed.set_people(lambda rows: rows[1:])
    told = planned(command, pushed)
    assert [(one["action"], one["kind"]) for one in told["changes"]] == [("hide", "enrolment")]
    assert command("apply", "--dir", pushed.folder, "--yes").code == 0
    assert planned(command, pushed)["changes"] == []


def test_results_are_pulled_under_the_names_that_the_kit_gave(pushed: Push, command: Command) -> None:
    take_plugin_away(pushed)
    service = pushed.site.services["lmssync"]
    service.functions = service.functions | set(READ_ONLY_FUNCTIONS)
    capabilities = pushed.site.capabilities[pushed.user_id("lmssync")]
    capabilities |= {"report/completion:view", "mod/quiz:viewreports", "mod/scorm:viewreport",
                     "gradereport/user:view", "moodle/grade:viewall"}  # fmt: skip
    package = next(one for one in pushed.site.modules.values() if one.modname == "scorm")
    from moodle_standin.records import ActivityCompletion

    user = pushed.user_id("arjola.cela")
    pushed.site.activity_completions[package.id, user] = ActivityCompletion(
        1, package.id, user, 1, pushed.site.now() - 60, None
    )
    told = json.loads(command("pull", "--dir", pushed.folder, "--json").out)
    assert told["reader"] == "in batches"
    assert told["new"]["activity_completion"] == 1
    from sqlalchemy import select

    from lms_sync.store import schema
    from lms_sync.store.database import reading

    with reading(pushed.engine) as connection:
        assert connection.execute(select(schema.fact.c.subject)).scalars().all() == [f"{COURSE}/package"]


# --- the kit ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_names_everything_that_is_left_with_its_id_number_and_its_file(
    without_plugin: Push, command: Command, language: str
) -> None:
    config = without_plugin.folder / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("language: en", f"language: {language}"))
    command("apply", "--dir", without_plugin.folder, "--yes")
    kit = kit_of(without_plugin)
    page = Page((kit / "index.html").read_text(encoding="utf-8"))
    assert page.language == language
    assert "Moodle 4.5" in page.shown
    told = planned(command, without_plugin)
    for change in told["changes"]:
        if change["kind"] == "activity":
            assert change["key"] in page.copied
            fields = {one["name"]: one["to"] for one in change["fields"]}
            assert MODULES[fields["modname"]] in page.shown
            for name in ("name", "intro", "content", "externalurl"):
                assert not fields.get(name) or fields["modname"] == "label" or fields[name] in page.copied
        if change["kind"] == "section":
            assert {one["name"]: one["to"] for one in change["fields"]}["summary"] in page.copied
    local = {link for link in page.links if not link.startswith("http")}
    assert local == {path.name for path in kit.iterdir()} - {"index.html"}
    course = without_plugin.course()
    assert f"{without_plugin.url}/course/view.php?id={course.id}&lang=en" in page.links
    assert "Enable downloaded package type" in page.shown
    assert "{" not in page.shown


def test_nothing_that_a_trainer_writes_becomes_markup_of_the_page(
    without_plugin: Push, command: Command
) -> None:
    without_plugin.set_text(
        f"courses/{COURSE}/course.yaml", "Final quiz", "Final <script>alert(1)</script> quiz"
    )
    command("apply", "--dir", without_plugin.folder, "--yes")
    source = (kit_of(without_plugin) / "index.html").read_text(encoding="utf-8")
    assert Page(source).tags["script"] == 0


def test_a_service_that_lacks_core_functions_too_says_which(without_plugin: Push, command: Command) -> None:
    service = without_plugin.site.services["lmssync"]
    service.functions = service.functions - {"core_course_get_contents"}
    ended = command("plan", "--dir", without_plugin.folder)
    assert ended.code == 1
    assert "core_course_get_contents" in ended.err


def test_with_the_plugin_no_other_function_is_called(pushed: Push, command: Command) -> None:
    assert set(PLUGIN_FUNCTIONS) <= SYNC_FUNCTIONS
    pushed.site.services["lmssync"].functions = SYNC_FUNCTIONS - {"core_webservice_get_site_info"}
    assert command("plan", "--dir", pushed.folder).code == 0


def test_the_documentation_lists_the_functions_and_doctor_what_is_missing(
    without_plugin: Push, command: Command
) -> None:
    docs = Path(__file__).parents[2] / "docs"
    listed = (docs / "without-plugin.md").read_text(encoding="utf-8")
    reading = (docs / "read-only.md").read_text(encoding="utf-8")
    assert [name for name in FUNCTIONS_WITHOUT_PLUGIN if name not in listed and name not in reading] == []
    assert [name for name in READ_ONLY_FUNCTIONS if name not in reading] == []
    ended = command("doctor", "--dir", without_plugin.folder)
    assert ended.code == 0, ended.out
    assert "hand-over kit" in ended.out
    service = without_plugin.site.services["lmssync"]
    service.functions = service.functions - {"core_update_inplace_editable"}
    ended = command("doctor", "--dir", without_plugin.folder)
    assert (ended.code, "core_update_inplace_editable" in ended.out) == (1, True)
