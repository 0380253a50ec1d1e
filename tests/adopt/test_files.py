"""The files that adopting writes: keys that stay, and no byte of a person's own that changes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from authoring.languages import LocalizedText
from authoring.problems import ContentError
from lms_sync.adopt import localized
from lms_sync.adopted import (
    MAX_KEY,
    SeenActivity,
    SeenCourse,
    adopted_text,
    course_key,
    read_adopted,
    slug,
)
from lms_sync.edit_config import with_setting


def activity(cmid: int, name: str, modname: str = "quiz") -> SeenActivity:
    return SeenActivity(cmid, modname, LocalizedText(name))


def course(*activities: SeenActivity, idnumber: str = "", shortname: str = "ARK 1") -> SeenCourse:
    return SeenCourse(118, idnumber, shortname, LocalizedText("Arkivi"), activities)


def text_of(*activities: SeenActivity, before: str | None = None) -> str:
    return adopted_text("main", "arkivi", course(*activities), before, "sq").text


names = st.text(min_size=1).filter(lambda name: name.strip())


@given(st.lists(st.tuples(st.integers(1, 99), names), unique_by=lambda one: one[0]), st.integers(0, 9))
def test_any_names_give_different_keys_that_stay_when_more_is_adopted(
    seen: list[tuple[int, str]], first: int
) -> None:
    every = [activity(cmid, name) for cmid, name in seen]
    once = text_of(*every[:first])
    twice = adopted_text("main", "arkivi", course(*every), once, "sq")
    keys = [one.key for one in twice.course.activities]
    assert len(set(keys)) == len(keys) == len(every)
    assert all(0 < len(key) <= MAX_KEY for key in keys)
    assert [one.name.root for one in twice.course.activities] == [name for _, name in seen]
    kept = {one["cmid"]: one["key"] for one in yaml.safe_load(once)["activities"] or []}
    assert kept.items() <= {one.cmid: one.key for one in twice.course.activities}.items()
    assert text_of(*every, before=twice.text) == twice.text


HEAD = "schema: adopted/1\nsite: main\nmoodle_course: 118\nkey: arkivi\ntitle: T\n"
ONE = "{key: a, cmid: 1, modname: quiz, name: A}"


@pytest.mark.parametrize(
    "activities",
    [
        f"activities:\n- {ONE}  # mine\n\n# the end\n",
        f"activities:\n    - {ONE}",
        f"activities: [{ONE}] # mine\n",
        "activities: []\n# the end\n",
        "# none yet\n",
        "activities:\n  - key: a\n    cmid: 1  # one\n    modname: quiz\n    name: >\n      A\n      B\n  # last\n",
        f"activities:\n  - {ONE}\nfinal_quiz: a # the last key\n",
    ],
)
def test_a_line_is_added_to_a_file_of_any_hand_and_the_rest_stays(activities: str) -> None:
    before = HEAD + activities
    after = text_of(activity(1, "A"), activity(2, "B: “ë”"), before=before)
    assert yaml.safe_load(after)["activities"][-1] == {
        "key": "b-e",
        "cmid": 2,
        "modname": "quiz",
        "name": "B: “ë”",
    }
    rest = iter(after)
    assert all(sign in rest for sign in before)  # every byte is still there, in its order


def test_what_is_gone_from_the_site_is_told_and_stays_in_the_file() -> None:
    before = text_of(activity(1, "A"), activity(2, "B"))
    told = adopted_text("main", "arkivi", course(activity(2, "B")), before, "sq")
    assert told.text == before
    assert [one.key for one in told.gone] == ["a"]


def test_keys_can_be_read() -> None:
    assert slug("Testi përfundimtar: Çështje & Șanse!") == "testi-perfundimtar-ceshtje-sanse"
    assert len(slug("fjalë " * 30)) <= MAX_KEY
    assert not slug("fjalë " * 30).endswith("-")
    assert course_key(course(idnumber="ARCH-2024")) == "ARCH-2024"
    assert course_key(course(idnumber="a/b")) == "a-b"
    assert course_key(course()) == "ark-1"
    assert course_key(SeenCourse(7, "", "курс", LocalizedText("курс"))) == "course-7"
    keys = [
        one["key"] for one in yaml.safe_load(text_of(*(activity(n, "Тест") for n in (4, 5))))["activities"]
    ]
    assert keys == ["quiz", "quiz-5"]


def test_names_are_taken_apart_into_their_languages() -> None:
    both = '<span lang="sq" class="multilang">Testi</span><span class="multilang" lang="en">Te&amp;st</span>'
    assert localized(both, "quiz").root == {"sq": "Testi", "en": "Te&st"}
    assert localized(f"{both} 2", "quiz").root == "Testi Te&st 2"
    assert localized(" <b>A</b>\n B ", "quiz").root == "A B"
    assert localized("<br>", "quiz").root == "quiz"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("key: arkivi", "key: other"), "adopted.other-name"),
        (("cmid: 2", "cmid: 1"), "adopted.key-twice"),
        (("key: a,", "key: b,"), "adopted.key-twice"),
        (("final_quiz: b", "final_quiz: c"), "adopted.no-activity"),
        (("moodle_course: 118", "moodle_course: 0"), "yaml.below-limit"),
        (("key: a,", "key: a b,"), "adopt.bad-key"),
        (("schema: adopted/1", "schema: adopted/2"), "yaml.wrong-choice"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place(
    tmp_path: Path, change: tuple[str, str], code: str
) -> None:
    text = text_of(activity(1, "A"), activity(2, "B"))
    assert change[0] in text
    (tmp_path / "adopted").mkdir()
    (tmp_path / "adopted" / "arkivi.yaml").write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        read_adopted(tmp_path)
    assert [problem.code for problem in caught.value.problems] == [code]
    assert caught.value.problems[0].place.line > 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("sites:\n  main:\n    url: u  # c\n", "sites:\n  main:\n    read_only: true\n    url: u  # c\n"),
        ("sites:\n  main: {url: u}\n", "sites:\n  main: {read_only: true, url: u}\n"),
        ("sites:\n  main:\n    read_only: false # no\n", "sites:\n  main:\n    read_only: true # no\n"),
        ("sites:\n  main:\n    read_only: true\n", "sites:\n  main:\n    read_only: true\n"),
        (
            "sites:\n  # first\n  other:\n    url: o\n  main:\n    # here\n    url: u\n",
            "sites:\n  # first\n  other:\n    url: o\n  main:\n    # here\n    read_only: true\n    url: u\n",
        ),
    ],
)
def test_one_setting_is_written_and_no_other_byte(before: str, after: str) -> None:
    assert with_setting(before, ("sites", "main", "read_only"), "true") == after


def test_a_group_that_is_missing_is_added_at_the_end() -> None:
    after = with_setting("language: en\n", ("people", "institution_from"), "group")
    assert after == "language: en\n\npeople:\n  institution_from: group\n"
