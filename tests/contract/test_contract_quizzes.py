"""Quizzes in depth: sections, dates and exceptions; and a whole course read back, with keys for what others made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

import pytest
from academy_on_trial import AcademyOnTrial
from ground import NOBODY, Ground, hash_of, sha256, text_of
from sites import SiteUnderTest

from lms_sync.moodle.errors import AccessRefused, CallRefused
from quizzes.read_moodle_xml import read_moodle_xml

OPENS, CLOSES, LATER = 1_900_000_000, 1_900_600_000, 1_900_700_000
SECTIONS = [
    {"first": 1, "heading": "", "shuffle": 0},
    {
        "first": 3,
        "heading": '<span lang="sq" class="multilang">Pjesa II &amp; fundi</span>'
        '<span lang="en" class="multilang">Part II &amp; the end</span>',
        "shuffle": 1,
    },
]
OVERRIDE = "local_lmssync_upsert_override"


class Quiet:
    """The site, without a second name for the steps by which a course comes to be."""

    def __init__(self, site: SiteUnderTest) -> None:
        self._site = site

    def keep(self, *_names: str) -> None:
        """Nothing: these steps have their names from the other files."""

    def named(self, step: str, function: str) -> None:
        """Names a step all the same."""
        self._site.keep(step, function)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._site, name)


@pytest.fixture(scope="module")
def ground(site: SiteUnderTest) -> Iterator[Ground]:
    """A course of this file's own: the learners of the other files look for the only quiz of theirs."""
    made = Ground(cast("SiteUnderTest", Quiet(site)))
    made.academy.close()
    made.academy = AcademyOnTrial(f"{site.run}-q")
    yield made
    made.close()


def quiz(ground: Ground, *, expect: str = "", **changed: object) -> Any:
    """A quiz of this file's own, so that no attempt of the other files stands in the way."""
    assert ground.sections
    assert ground.questions
    slots = [{"question": key, "maxmark": 1.0} for key in list(ground.question_hashes)[:3]]
    data = {"name": "Pjesë", "timelimit": 2400, "attempts": 2, "slots": slots, **changed}
    arguments = {
        "courseid": ground.course,
        "key": ground.key("parts"),
        "hash": hash_of(data),
        "expect": expect,
        "modname": "quiz",
        "sectionkey": ground.key("exam"),
        "draftitemid": 0,
        "data": text_of(data),
    }
    return ground.call("local_lmssync_upsert_activity", arguments, write=True)


def parts(ground: Ground) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = ground.state()["activities"][ground.key("parts")]["fields"]
    return fields


def test_sections_and_dates_are_kept_as_they_were_sent(site: SiteUnderTest, ground: Ground) -> None:
    made = quiz(ground, sections=SECTIONS, timeopen=OPENS, timeclose=CLOSES)
    site.keep("quiz-with-sections-created")
    told = parts(ground)
    assert (told["sections"], told["timeopen"], told["timeclose"]) == (SECTIONS, OPENS, CLOSES)
    fewer = [{"question": key, "maxmark": 1.0} for key in list(ground.question_hashes)[1:3]]
    with pytest.raises(CallRefused) as caught:
        quiz(ground, expect=made["hash"], sections=SECTIONS, slots=fewer)
    site.keep("quiz-section-without-a-slot")
    assert caught.value.errorcode == "datavalue"
    assert parts(ground)["sections"] == SECTIONS
    with pytest.raises(CallRefused) as caught:
        quiz(ground, expect=made["hash"], timeopen=CLOSES, timeclose=OPENS)
    site.keep("quiz-closes-before-it-opens")
    assert caught.value.errorcode == "datavalue"
    again = quiz(
        ground, expect=made["hash"], sections=[{"first": 1, "heading": "", "shuffle": 0}], timeopen=0
    )
    site.keep("quiz-all-one-part-again")
    assert (parts(ground)["sections"], parts(ground)["timeopen"]) == ([], 0)
    assert quiz(ground, expect=again["hash"], sections=[{"first": 1, "heading": "Gjithçka", "shuffle": 1}])
    assert parts(ground)["sections"] == [{"first": 1, "heading": "Gjithçka", "shuffle": 1}]


def override(
    ground: Ground, *, group: str = "", user: int = 0, expect: str = "", name: str = "parts", **data: object
) -> Any:
    arguments = {
        "courseid": ground.course,
        "activitykey": ground.key(name),
        "groupkey": group,
        "userid": user,
        "hash": hash_of(data),
        "expect": expect,
        "data": text_of(data),
    }
    return ground.call(OVERRIDE, arguments, write=True)


def overrides(ground: Ground) -> dict[tuple[str, int], Any]:
    return {(one["group"], one["userid"]): one for one in ground.state()["overrides"]}


@pytest.fixture(scope="module")
def institution(ground: Ground) -> str:
    assert ground.course
    row = {"courseid": ground.course, "name": "Lushnjë", "description": "", "idnumber": ground.key("lushnje")}
    ground.call("core_group_create_groups", {"groups": [row]}, write=True)
    return str(row["idnumber"])


def test_an_exception_is_made_once_changed_in_place_and_taken_away(
    site: SiteUnderTest, ground: Ground, institution: str
) -> None:
    quiz(ground, expect="*")
    made = override(ground, group=institution, timeclose=LATER, attempts=5)
    site.keep("override-of-a-group")
    assert made["action"] == "created"
    told = overrides(ground)[institution, 0]
    assert told["fields"] == {"timeopen": None, "timeclose": LATER, "timelimit": None, "attempts": 5}
    assert (told["activity"], told["hash"], told["id"]) == (ground.key("parts"), made["hash"], made["id"])
    assert (
        override(ground, group=institution, expect="?", timeclose=LATER, attempts=5)["action"] == "unchanged"
    )
    site.keep("override-unchanged")
    with pytest.raises(CallRefused) as caught:
        override(ground, group=institution, attempts=7)
    site.keep("override-stale")
    assert caught.value.code == "moodle.rule-stale"
    changed = override(ground, group=institution, expect=made["hash"], attempts=0)
    site.keep("override-changed")
    assert (changed["action"], changed["id"]) == ("updated", made["id"])
    told = overrides(ground)[institution, 0]
    assert told["fields"] == {"timeopen": None, "timeclose": None, "timelimit": None, "attempts": 0}
    gone = override(ground, group=institution, expect=changed["hash"], remove=1)
    site.keep("override-removed")
    assert gone["action"] == "removed"
    assert (institution, 0) not in overrides(ground)
    assert override(ground, group=institution, expect=changed["hash"], remove=1)["action"] == "unchanged"
    site.keep("override-removed-before")


def test_more_time_is_for_who_is_enrolled(site: SiteUnderTest, ground: Ground) -> None:
    quiz(ground, expect="*")
    assert ground.enrolled
    made = override(ground, user=ground.users[3], timelimit=3000)
    site.keep("override-of-a-person")
    told = overrides(ground)["", ground.users[3]]
    assert (told["fields"]["timelimit"], told["hash"]) == (3000, made["hash"])
    site.keep("state-with-overrides", "local_lmssync_get_state")
    learner = ground.login(3)
    found = learner.client.call("mod_quiz_get_quizzes_by_courses", {"courseids": [ground.course]})["quizzes"]
    (shown,) = (one for one in found if one["name"] == "Pjesë")
    site.keep("learner-has-more-time", "mod_quiz_get_quizzes_by_courses")
    assert shown["timelimit"] == 3000
    learner.client.close()
    with pytest.raises(CallRefused) as caught:
        override(ground, user=NOBODY, timelimit=3000)
    site.keep("override-of-a-stranger")
    assert caught.value.errorcode == "notenrolled"


def test_what_is_no_exception_is_refused(site: SiteUnderTest, ground: Ground, institution: str) -> None:
    quiz(ground, expect="*")
    for step, code, data in (
        ("override-as-the-quiz-says", "notkept", {"timelimit": 2400}),
        ("override-says-nothing", "datamissing", {}),
        ("override-no-such-value", "dataunknown", {"password": "x"}),
        ("override-nought", "datavalue", {"timelimit": 0}),
    ):
        with pytest.raises(CallRefused) as caught:
            override(ground, group=institution, **data)
        site.keep(step)
        assert caught.value.errorcode == code
    with pytest.raises(CallRefused) as caught:
        override(ground, group=ground.key("nowhere"), attempts=3)
    site.keep("override-unknown-group")
    assert caught.value.errorcode == "unknowngroup"
    with pytest.raises(CallRefused) as caught:
        override(ground, name="nowhere", group=institution, attempts=3)
    site.keep("override-unknown-quiz")
    assert caught.value.errorcode == "unknownactivity"
    assert (institution, 0) not in overrides(ground)


# --- the whole course -----------------------------------------------------------------------------


def read_page(ground: Ground, after: int, limit: int) -> Any:
    arguments = {"courseid": ground.course, "after": after, "limit": limit}
    return ground.call("local_lmssync_get_questions", arguments)


def test_questions_come_back_page_by_page_and_mean_what_was_pushed(
    site: SiteUnderTest, ground: Ground
) -> None:
    assert ground.questions
    first = read_page(ground, 0, 5)
    site.keep("questions-first-page")
    assert len(first["questions"]) == 5
    assert first["next"] == first["questions"][-1]["id"]
    rows, after = first["questions"], first["next"]
    while after:
        page = read_page(ground, after, 5)
        rows += page["questions"]
        after = page["next"]
    site.keep("questions-last-page", "local_lmssync_get_questions")
    ours = {one["key"]: one for one in rows if one["key"] in ground.question_hashes}
    assert set(ours) == set(ground.question_hashes)
    whole = "<quiz>" + "".join(one["xml"] for one in ours.values()) + "</quiz>"
    found = read_moodle_xml(whole.encode(), languages=("sq", "en"), quiz_id=ground.academy.quiz).questions
    # What was pushed as a question of each type is one again, none is kept as Moodle's own XML.
    assert {one.question.id: one.question.type for one in found} == {
        one.id: one.type for one in ground.quiz.questions
    }


def test_a_course_tells_all_that_stands_in_it(site: SiteUnderTest, ground: Ground) -> None:
    quiz(ground, expect="*")
    answer = ground.call("local_lmssync_get_content", {"courseid": ground.course})
    site.keep("content")
    content = json.loads(answer["content"])
    assert content["course"]["idnumber"] == ground.academy.course
    assert content["course"]["category"]["idnumber"] == ground.academy.category
    keys = [section["key"] for section in content["sections"]]
    assert keys[0] == ""
    assert {ground.key("learn"), ground.key("exam")} <= set(keys)
    (own,) = (
        one
        for section in content["sections"]
        for one in section["activities"]
        if one["key"] == ground.key("parts")
    )
    assert own["fields"]["timelimit"] == 2400
    assert len(own["slots"]) == 3
    assert ground.academy.quiz in {one["idnumber"] for one in content["categories"]}


def test_who_may_not_push_reads_neither_content_nor_questions(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.questions
    with site.without_capability("content-of-others", "local/lmssync:push"):
        for step, function, more in (
            ("content-of-others", "local_lmssync_get_content", {}),
            ("questions-of-others", "local_lmssync_get_questions", {"after": 0, "limit": 5}),
        ):
            with pytest.raises(AccessRefused):
                ground.call(function, {"courseid": ground.course, **more})
            site.keep(step, function)


def give(ground: Ground, **kinds: list[dict[str, object]]) -> Any:
    arguments = {"courseid": ground.course, "data": text_of(kinds)}
    return ground.call("local_lmssync_give_keys", arguments, write=True)


def test_what_others_made_gets_a_key_once_and_counts_as_pushed(site: SiteUnderTest, ground: Ground) -> None:
    made = quiz(ground, expect="*")
    key, hash_ = ground.key("parts-by-others"), sha256("as the files want it")
    given = give(ground, activity=[{"id": made["id"], "key": key, "hash": hash_}])
    site.keep("keys-given")
    assert (given["activities"], given["sections"], given["questions"]) == (1, 0, 0)
    told = ground.state()["activities"]
    assert (told[key]["id"], told[key]["hash"]) == (made["id"], hash_)
    give(ground, activity=[{"id": made["id"], "key": ground.key("parts")}])
    assert ground.state()["activities"][ground.key("parts")]["hash"].startswith("drift:")
    row = next(iter(ground.state()["questions"].values()))
    kept = give(ground, question=[{"id": row["id"], "key": row["key"], "hash": hash_}])
    site.keep("keys-of-a-question")
    assert kept["questions"] == 1
    assert ground.state()["questions"][row["key"]]["hash"] == hash_
    with pytest.raises(CallRefused) as caught:
        give(ground, activity=[{"id": NOBODY, "key": ground.key("nothing")}])
    site.keep("keys-of-nothing")
    assert caught.value.errorcode == "unknownactivity"
    other = next(one for one in ground.state()["questions"].values() if one["key"] != row["key"])
    with pytest.raises(CallRefused) as caught:
        give(ground, question=[{"id": other["id"], "key": row["key"]}])
    site.keep("key-of-another")
    assert caught.value.errorcode == "ambiguous"
    give(ground, question=[{"id": row["id"], "key": row["key"], "hash": ground.question_hashes[row["key"]]}])
