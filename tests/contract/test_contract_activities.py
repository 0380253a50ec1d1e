"""Every kind of activity by the product's own way: written in course.yaml, created, changed key by key, hidden, read back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import pytest
from academy_on_trial import AcademyOnTrial, Office
from ground import hash_of, sha1, text_of
from sites import SiteUnderTest

from lms_sync.moodle.errors import CallRefused
from lms_sync.plan import Action, Change, Kind

UPSERT = "local_lmssync_upsert_activity"
Written = Mapping[str, Any]

SCALE = [{"sq": "Aspak", "en": "Not at all"}, {"sq": "Pak", "en": "A little"}, {"sq": "Shumë", "en": "Very"}]
QUESTIONS = [
    {
        "id": "useful",
        "type": "rating",
        "question": {"sq": "Sa e dobishme?", "en": "How useful?"},
        "required": True,
    },
    {"id": "again", "type": "choice", "question": "Again?", "answers": [{"sq": "Po", "en": "Yes"}, "No"]},
    {"id": "say", "type": "text", "question": {"sq": "Çfarë mungoi?", "en": "What was missing?"}},
]

WRITTEN: Mapping[str, Written] = {
    "how": {"kind": "page", "text": {"sq": "## Mirë\n\n- një", "en": "## Well\n\n- one"}, "completion": "viewed"},
    "welcome": {"kind": "label", "text": {"sq": "**Mirë se erdhët**", "en": "**Welcome**"}},
    "law": {"kind": "url", "url": "https://example.org/ligji?neni=15&pika=2", "text": "A law."},
    "form": {"kind": "file", "file": "files/register-page.pdf", "completion": "viewed"},
    "news": {"kind": "forum", "type": "news"},
    "desk": {"kind": "forum", "type": "qanda", "text": "Ask.", "completion": "posted", "groups": "separate"},
    "talk": {"kind": "forum"},
    "words": {"kind": "glossary", "text": "Words.", "completion": "contributed"},
    "task": {
        "kind": "assignment",
        "text": {"sq": "Ngarkoni një faqe.", "en": "Upload a page."},
        "points": 20,
        "pass": 12,
        "due": "2030-04-01",
        "completion": "passed",
    },
    "opinion": {"kind": "feedback", "scale": SCALE, "questions": QUESTIONS, "completion": "submitted"},
}  # fmt: skip

OF_ALL: tuple[tuple[Written, set[str]], ...] = (
    ({"title": {"sq": "Tjetër titull", "en": "Another title"}}, {"name"}),
    ({"available": {"from": "2030-03-02", "until": "2030-06-30 17:00", "groups": ["{a}"]}}, {"available"}),
    ({"available": {"until": "2030-06-30", "groups": ["{b}", "{a}"]}}, {"available"}),
    ({"available": None}, {"available"}),
)
ONE_BY_ONE: Mapping[str, tuple[tuple[Written, set[str]], ...]] = {
    "how": (
        ({"text": {"sq": "Një [lidhje](https://example.org).", "en": "A `text`."}}, {"content"}),
        ({"due": "2030-05-01"}, {"expected"}),
        ({"completion": "marked"}, {"completion"}),
        ({"completion": None, "due": None}, {"completion", "expected"}),
    ),
    "welcome": (
        ({"text": {"sq": "*Tjetër*", "en": "*Other*"}}, {"intro"}),
        ({"completion": "marked", "due": "2030-05-01 08:30"}, {"completion", "expected"}),
    ),
    "law": (
        ({"url": "https://example.org/"}, {"externalurl"}),
        ({"text": None}, {"intro"}),
        ({"completion": "viewed"}, {"completion"}),
    ),
    "form": (
        ({"file": "media/fractions.sq.svg"}, {"filename", "sha1"}),
        ({"file": "files/copy.svg"}, {"filename"}),
        ({"text": "Print it."}, {"intro"}),
        ({"completion": "marked"}, {"completion"}),
    ),
    "news": (
        ({"subscription": "automatic"}, {"forcesubscribe"}),
        ({"due": "2030-05-01"}, {"duedate"}),
        ({"cutoff": "2030-05-02"}, {"cutoffdate"}),
        ({"groups": "visible"}, {"groupmode"}),
    ),
    "desk": (
        ({"type": "general"}, {"type"}),
        ({"subscription": "off"}, {"forcesubscribe"}),
        ({"groups": "none"}, {"groupmode"}),
        ({"completion": "viewed"}, {"completion"}),
    ),
    "talk": (
        ({"text": {"sq": "Flisni.", "en": "Talk."}}, {"intro"}),
        ({"completion": "posted"}, {"completion"}),
    ),
    "words": (
        ({"approval": True}, {"defaultapproval"}),
        ({"duplicates": True}, {"allowduplicatedentries"}),
        ({"comments": True}, {"allowcomments"}),
        ({"completion": "viewed"}, {"completion"}),
    ),
    "task": (
        ({"points": 30}, {"grade"}),
        ({"pass": 18}, {"gradepass"}),
        ({"submit": ["files"], "max_files": 2}, {"submissions"}),
        ({"submit": ["text"]}, {"submissions"}),
        ({"due": "2030-04-02 12:00"}, {"duedate"}),
        ({"cutoff": "2030-04-09"}, {"cutoffdate"}),
        ({"completion": "graded"}, {"completion"}),
        ({"completion": "submitted"}, {"completion"}),
        ({"groups": "separate"}, {"groupmode"}),
    ),
    "opinion": (
        ({"questions": [QUESTIONS[2], {**QUESTIONS[0], "required": False}]}, {"items"}),
        ({"scale": [*SCALE, "?"]}, {"items"}),
        ({"questions": QUESTIONS}, {"items"}),
        ({"anonymous": False}, {"anonymous"}),
        ({"repeat": True}, {"multiple_submit"}),
        ({"completion": "viewed"}, {"completion"}),
        ({"groups": "visible"}, {"groupmode"}),
    ),
}
ROUNDS = max(len(changes) for changes in ONE_BY_ONE.values())


class Gallery:
    """A course of the run with an activity of every kind, beside the package."""

    def __init__(self, site: SiteUnderTest) -> None:
        self.site = site
        self.academy = AcademyOnTrial(f"{site.run}-a")
        self.codes = {"{a}": f"{site.run}-dimal", "{b}": f"{site.run}-fier"}
        institutions = {code: (f"Bashkia {code}", f"Municipality {code}") for code in self.codes.values()}
        self.academy.write_people([], institutions)
        self.written: dict[str, dict[str, Any]] = {
            name: {"id": name, "title": {"sq": f"Provë {name}", "en": f"Trial {name}"}, **one}
            for name, one in WRITTEN.items()
        }
        media = self.academy.folder / "courses" / self.academy.course / "media" / "fractions.sq.svg"
        copy = media.parent.parent / "files" / "copy.svg"
        copy.write_bytes(media.read_bytes())
        self.write()
        self.office = Office(site, self.academy)

    def write(self, names: Sequence[str] = tuple(WRITTEN)) -> None:
        """course.yaml with these activities as they are now, in a section of their own."""

        def change(course: dict[str, Any]) -> None:
            shown = [
                {key: self._filled(value) for key, value in self.written[name].items() if value is not None}
                for name in names
            ]
            course["sections"] = [one for one in course["sections"] if one["id"] != "gallery"]
            course["sections"].append({"id": "gallery", "title": "Gallery", "activities": shown})

        self.academy.change_course(change)

    def _filled(self, value: Any) -> Any:
        """A value of its own, else YAML would name it twice by an alias; with the run's codes of institutions."""
        text = json.dumps(value)
        for mark, code in self.codes.items():
            text = text.replace(mark, code)
        return json.loads(text)

    def key(self, name: str) -> str:
        return f"{self.academy.course}/{name}"

    def plan(self) -> dict[str, Change]:
        """What would happen now to the activities that something happens to, by name."""
        self.office.rebuild()
        return {
            one.key.rpartition("/")[2]: one
            for one in self.office.plan().plan.work
            if one.kind is Kind.ACTIVITY
        }

    def apply(self) -> None:
        report, left, _seconds = self.office.apply()
        assert not report.failed, [(one.key, problem.code, problem.params) for one, problem in report.failed]
        assert not report.warnings
        assert left.plan.work == ()

    @cached_property
    def course_id(self) -> int:
        return int(self.pushed.observation.course_ids[self.academy.course])

    @cached_property
    def pushed(self) -> Any:
        report, left, _seconds = self.office.apply()
        assert not report.failed, [(one.key, problem.code, problem.params) for one, problem in report.failed]
        assert left.plan.work == ()
        self.keep("created", WRITTEN)
        return left

    def keep(self, what: str, names: Sequence[str] | Mapping[str, object]) -> None:
        """Names the last write of each activity as a step."""
        for name in names:
            found = next(
                one
                for one in reversed(self.site.transcript.exchanges)
                if one.function == UPSERT and one.request["key"] == self.key(name)  # type: ignore[index]
            )
            assert f"activity-{name}-{what}" not in self.site.transcript.steps
            self.site.transcript.steps[f"activity-{name}-{what}"] = found

    def state(self) -> dict[str, dict[str, Any]]:
        told = self.site.client.call_json(
            "local_lmssync_get_state", {"courseid": self.course_id}, field="state"
        )
        return {one["key"].rpartition("/")[2]: one for one in told["activities"]}

    def push(self, name: str, /, *, draft: int = 0, **changed: object) -> Any:
        """One activity with some fields changed, without the plan's care."""
        live = self.state()[name]
        data = {**live["fields"], **changed}
        arguments = {
            "courseid": self.course_id,
            "key": self.key(name),
            "hash": hash_of(data),
            "expect": live["hash"],
            "modname": live["modname"],
            "sectionkey": live["section"],
            "draftitemid": draft,
            "data": text_of(data),
        }
        return self.site.client.call(UPSERT, arguments, write=True)

    def close(self) -> None:
        if "pushed" in self.__dict__:
            hidden = {"courses": [{"id": self.course_id, "visible": 0}]}
            self.site.client.call("core_course_update_courses", hidden, write=True)
        self.office.close()


@pytest.fixture(scope="session")
def gallery(site: SiteUnderTest) -> Iterator[Gallery]:
    made = Gallery(site)
    yield made
    made.close()


def test_an_activity_of_every_kind_goes_up_and_is_read_back_equal(
    site: SiteUnderTest, gallery: Gallery
) -> None:
    assert gallery.pushed
    state = gallery.state()
    site.keep("state-of-every-kind", "local_lmssync_get_state")
    assert {state[name]["modname"] for name in WRITTEN} == {
        "page", "label", "url", "resource", "forum", "glossary", "assign", "feedback",
    }  # fmt: skip
    wanted = {one.key: one for one in gallery.office.plan().desired.objects if one.kind is Kind.ACTIVITY}
    for name in WRITTEN:
        fields = dict(wanted[gallery.key(name)].fields)
        assert (fields.pop("modname"), fields.pop("section")) == (
            state[name]["modname"],
            state[name]["section"],
        )
        assert state[name]["fields"] == fields
        assert (state[name]["attempts"], state[name]["completions"]) == (0, 0)


def test_the_news_forum_of_the_course_is_the_only_one(site: SiteUnderTest, gallery: Gallery) -> None:
    assert gallery.pushed
    sections = site.client.call("core_course_get_contents", {"courseid": gallery.course_id})
    forums = [one for section in sections for one in section["modules"] if one["modname"] == "forum"]
    assert len(forums) == 3


@pytest.mark.parametrize("number", range(ROUNDS))
def test_each_key_that_is_changed_is_planned_alone_and_arrives(number: int, gallery: Gallery) -> None:
    assert gallery.pushed
    expected = {}
    for name, changes in ONE_BY_ONE.items():
        if number < len(changes):
            written, fields = changes[number]
            gallery.written[name] |= written
            expected[name] = fields
    before = gallery.state()
    gallery.write()
    planned = gallery.plan()
    assert {name: {d.name for d in one.differences} for name, one in planned.items()} == expected
    assert {one.action for one in planned.values()} == {Action.UPDATE}
    gallery.apply()
    if number == 0:
        gallery.keep("changed", expected)
    after = gallery.state()
    assert {name: (one["id"], one["instance"]) for name, one in after.items()} == {
        name: (one["id"], one["instance"]) for name, one in before.items()
    }


@pytest.mark.parametrize("number", range(len(OF_ALL)))
def test_what_every_kind_has_can_be_changed_for_every_kind(number: int, gallery: Gallery) -> None:
    assert gallery.pushed
    written, fields = OF_ALL[number]
    for name in WRITTEN:
        gallery.written[name] |= written
    gallery.write()
    planned = gallery.plan()
    assert {name: {d.name for d in one.differences} for name, one in planned.items()} == dict.fromkeys(
        WRITTEN, fields
    )
    gallery.apply()


def test_what_is_taken_out_of_the_file_is_hidden_and_comes_back_as_it_was(gallery: Gallery) -> None:
    assert gallery.pushed
    before = gallery.state()
    gallery.write([])
    assert {name: one.action for name, one in gallery.plan().items()} == dict.fromkeys(WRITTEN, Action.HIDE)
    gallery.apply()
    gallery.keep("hidden", WRITTEN)
    after = gallery.state()
    for name in WRITTEN:
        assert after[name]["fields"] == {**before[name]["fields"], "visible": 0}
    gallery.write()
    assert {name: [d.name for d in one.differences] for name, one in gallery.plan().items()} == {
        name: ["visible"] for name in WRITTEN
    }
    gallery.apply()
    assert {name: one["fields"] for name, one in gallery.state().items()} == {
        name: one["fields"] for name, one in before.items()
    }


NOTHING = {"from": 0, "until": 0, "groups": []}
QUESTION = {"key": "q", "type": "choice", "name": "Q", "required": 0, "options": ["a", "b"]}
REFUSED: Mapping[str, tuple[str, Mapping[str, Any], str]] = {
    "unknown-group": ("how", {"available": {**NOTHING, "groups": ["nowhere"]}}, "unknowngroup"),
    "until-before-from": ("how", {"available": {"from": 20, "until": 10, "groups": []}}, "datavalue"),
    "groups-of-a-page": ("how", {"groupmode": 1}, "datavalue"),
    "rule-that-a-label-lacks": ("welcome", {"completion": {"tracking": 2}}, "datavalue"),
    "tracking-without-rule": ("how", {"completion": {"tracking": 2, "view": 0}}, "datavalue"),
    "address": ("law", {"externalurl": "example.org/a"}, "datavalue"),
    "news-forum-turned": ("news", {"type": "general"}, "typefixed"),
    "forum-turned-to-news": ("talk", {"type": "news"}, "typefixed"),
    "forum-of-another-type": ("talk", {"type": "blog"}, "datavalue"),
    "pass-above-grade": ("task", {"grade": 10, "gradepass": 11.0}, "datavalue"),
    "too-many-files": ("task", {"submissions": {"text": 0, "files": 999}}, "datavalue"),
    "question-twice": ("opinion", {"items": [QUESTION, QUESTION]}, "datavalue"),
    "question-without-choice": ("opinion", {"items": [{**QUESTION, "options": ["a"]}]}, "datavalue"),
    "sign-in-an-option": ("opinion", {"items": [{**QUESTION, "options": ["a|b", "c"]}]}, "badtext"),
    "file-not-sent": ("form", {"sha1": sha1(b"another")}, "nofile"),
    "file-name": ("form", {"filename": "a/b.pdf"}, "badtext"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_moodle_would_not_keep_is_refused_and_nothing_changes(
    case: str, site: SiteUnderTest, gallery: Gallery
) -> None:
    assert gallery.pushed
    name, changed, code = REFUSED[case]
    before = gallery.state()[name]
    with pytest.raises(CallRefused) as caught:
        gallery.push(name, **changed)
    site.keep(f"activity-refused-{case}")
    assert caught.value.errorcode == code
    assert gallery.state()[name] == before


def test_another_file_than_the_announced_one_is_refused(site: SiteUnderTest, gallery: Gallery) -> None:
    assert gallery.pushed
    draft = site.client.upload_bytes(b"something else", "form.pdf")
    with pytest.raises(CallRefused) as caught:
        gallery.push("form", draft=draft, sha1=sha1(b"another"), filename="form.pdf")
    site.keep("activity-refused-file")
    assert (caught.value.errorcode, caught.value.code) == ("wrongfile", "moodle.rule-wrongfile")
