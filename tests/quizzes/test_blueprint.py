"""A blueprint becomes random slots that can be filled, a pair two quizzes without a common question."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from authoring.messages import LANGUAGES, describe
from authoring.problems import ContentError
from quizzes import Quiz, build_bank, language_banks, quiz_slots, read_quiz
from quizzes.overrides import longer, quiz_sections, quiz_times, wanted_overrides
from quizzes.pair import deal, forms
from quizzes.quiz_activity import pool

TIRANA = ZoneInfo("Europe/Tirane")
WORDS = [
    "arkivi",
    "bashkia",
    "dosja",
    "firma",
    "gazeta",
    "kartela",
    "libri",
    "mali",
    "ndreqja",
    "orari",
    "porosia",
    "regjistri",
    "shkresa",
    "titullari",
    "ura",
    "vula",
]


def questions(count: int = 12, **each: Any) -> list[dict[str, Any]]:
    kinds = ("easy", "medium", "hard")
    return [
        {
            "id": f"q{n}",
            "type": "truefalse",
            "text": f"{WORDS[n % len(WORDS)]} {n * 7919} {WORDS[(n * 5) % len(WORDS)]}.",
            "answer": n % 2 == 0,
            "difficulty": kinds[n % 3],
            "objective": f"LO-{n % 2 + 1}",
            "category": "Arkivi" if n < count // 2 else "Protokolli",
            **each,
        }
        for n in range(count)
    ]


def quiz_of(folder: Path, **data: Any) -> Quiz:
    path = folder / "quizzes" / "q.yaml"
    path.parent.mkdir(exist_ok=True)
    head = {"schema": "quiz/1", "id": "post", "title": "Q", "languages": {"default": "sq", "offered": ["sq"]}}
    path.write_text(
        json.dumps({**head, "questions": questions(), **data}, ensure_ascii=False), encoding="utf-8"
    )
    return read_quiz(path, root=folder)


def codes_of(folder: Path, **data: Any) -> set[str]:
    with pytest.raises(ContentError) as caught:
        quiz_of(folder, **data)
    for problem in caught.value.problems:
        assert all(describe(problem, language) for language in LANGUAGES)
    return {one.code for one in caught.value.problems if one.severity == "error"}


def test_every_line_of_the_blueprint_becomes_a_random_slot_with_its_tags(tmp_path: Path) -> None:
    slots = [
        {"draw": 2, "category": "Arkivi", "objective": "LO-1", "points": 2},
        {"draw": 3, "difficulty": "easy..medium"},
        {"draw": 1, "difficulty": "hard"},
    ]
    quiz = quiz_of(tmp_path, slots=slots)
    assert quiz_slots(quiz) == [
        {"random": 2, "category": "post", "tags": ["category:Arkivi", "objective:LO-1"], "maxmark": 2.0},
        {"random": 3, "category": "post", "tags": ["difficulty:easy..medium"], "maxmark": 1.0},
        {"random": 1, "category": "post", "tags": ["difficulty:hard"], "maxmark": 1.0},
    ]


def test_a_question_carries_the_tag_of_a_range_only_where_a_slot_draws_from_it(tmp_path: Path) -> None:
    with_range = {
        one.key: one.tags
        for one in build_bank(quiz_of(tmp_path, slots=[{"draw": 1, "difficulty": "easy..medium"}])).questions
    }
    without = {one.key: one.tags for one in build_bank(quiz_of(tmp_path, slots=[{"draw": 1}])).questions}
    ranged = {key for key, tags in with_range.items() if "difficulty:easy..medium" in tags}
    assert ranged == {f"post:q{n}" for n in range(12) if n % 3 < 2}
    assert without["post:q0"] == ("category:Arkivi", "difficulty:easy", "objective:LO-1")


def test_what_a_slot_can_draw_is_what_moodle_will_find_by_its_tags(tmp_path: Path) -> None:
    quiz = quiz_of(tmp_path, slots=[{"draw": 1, "difficulty": "medium..hard", "objective": "LO-2"}])
    (slot,), (moodles,) = quiz.slots, quiz_slots(quiz)
    wanted = set(moodles["tags"])  # type: ignore[arg-type]
    found = {one.key.partition(":")[2] for one in build_bank(quiz).questions if wanted <= set(one.tags)}
    assert pool(quiz, slot) == found
    assert found


@pytest.mark.parametrize(
    ("slots", "code"),
    [
        ([{"draw": 5, "category": "Arkivi", "difficulty": "easy"}], "quiz.draw-too-large"),
        ([{"draw": 4, "difficulty": "easy"}, {"draw": 1, "difficulty": "easy..medium"}, {"draw": 8}], "quiz.draws-overlap"),
        ([{"draw": 1, "objective": "LO-3"}], "quiz.slot-unknown-tag-similar"),
        ([{"draw": 1, "difficulty": "hard..easy"}], "quiz.difficulty-range"),
        ([{"draw": 1, "difficulty": "middling"}], "quiz.difficulty-range"),
        ([{"use": "q1", "difficulty": "easy"}], "quiz.slot-use-with-tags"),
    ],
)  # fmt: skip
def test_a_blueprint_that_cannot_be_filled_is_refused(
    slots: list[dict[str, Any]], code: str, tmp_path: Path
) -> None:
    assert code in codes_of(tmp_path, slots=slots)


# --- pairs ----------------------------------------------------------------------------------------

PAIR = {"pre": "pre", "title": "Para kursit", "attempts": 1}
BLUEPRINT = [{"draw": 2, "category": "Arkivi"}, {"draw": 2, "category": "Protokolli"}]


def test_a_pair_has_one_blueprint_and_no_question_in_common(tmp_path: Path) -> None:
    made = forms(quiz_of(tmp_path, slots=BLUEPRINT, pair=PAIR))
    assert [one.id for one in made.values()] == ["pre", "post"]
    assert made["pre"].title.root == "Para kursit"
    assert made["pre"].settings.attempts == 1
    pre, post = ({question.id for question in one.questions} for one in made.values())
    assert not pre & post
    assert pre | post == {f"q{n}" for n in range(12)}
    before, after = ([{**slot, "category": ""} for slot in quiz_slots(one)] for one in made.values())
    assert before == after, "the same blueprint"
    keys = [{one.key for one in build_bank(quiz).questions} for quiz in made.values()]
    assert not keys[0] & keys[1]


def test_a_quiz_without_a_pair_is_its_own_only_form(tmp_path: Path) -> None:
    quiz = quiz_of(tmp_path, slots=BLUEPRINT)
    assert forms(quiz) == {"post": quiz}


def test_who_writes_a_form_at_a_question_is_obeyed(tmp_path: Path) -> None:
    asked = questions()
    asked[3]["form"] = asked[4]["form"] = "pre"
    dealt = deal(quiz_of(tmp_path, slots=BLUEPRINT, pair=PAIR, questions=asked))
    assert (dealt["q3"], dealt["q4"]) == ("pre", "pre")


@settings(max_examples=40, deadline=None, phases=[Phase.generate])
@given(
    kinds=st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), min_size=4, max_size=24),
    draws=st.lists(st.tuples(st.integers(1, 3), st.sampled_from("abxyz")), min_size=1, max_size=3),
    more=st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), max_size=5),
)
def test_forms_are_disjoint_and_questions_added_later_move_nobody(
    kinds: list[tuple[str, str]], draws: list[tuple[int, str]], more: list[tuple[str, str]]
) -> None:
    def quiz(tags: list[tuple[str, str]]) -> Quiz:
        asked = [
            {"id": f"q{n}", "type": "truefalse", "text": "?", "answer": True, "tags": list(one)}
            for n, one in enumerate(tags)
        ]
        slots = [{"draw": count, "tags": [tag]} for count, tag in draws]
        head = {
            "schema": "quiz/1",
            "id": "q",
            "title": "Q",
            "languages": {"default": "sq", "offered": ["sq"]},
        }
        return Quiz.model_validate({**head, "slots": slots, "pair": PAIR, "questions": asked})

    first, later = deal(quiz(kinds)), deal(quiz([*kinds, *more]))
    assert {one: later[one] for one in first} == first
    assert set(first.values()) <= {"pre", "post"}
    for _, tag in draws:
        carrying = [f"q{n}" for n, one in enumerate(kinds) if tag in one]
        if len(draws) == 1:
            in_pre = sum(first[one] == "pre" for one in carrying)
            assert abs(2 * in_pre - len(carrying)) <= 1, "a single draw is dealt evenly"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"slots": [{"draw": 4, "category": "Arkivi"}], "pair": PAIR}, "quiz.pair-too-few"),
        ({"slots": [{"use": "q1"}, {"draw": 2}], "pair": PAIR}, "quiz.pair-fixed-without-form"),
        ({"slots": [{"use": "q1"}], "pair": PAIR}, "quiz.pair-without-draws"),
        ({"slots": BLUEPRINT, "pair": {**PAIR, "pre": "post"}}, "quiz.pair-same-id"),
        ({"slots": BLUEPRINT, "questions": questions(form="pre")}, "quiz.form-without-pair"),
    ],
)
def test_a_pair_that_cannot_be_made_is_refused(data: dict[str, Any], code: str, tmp_path: Path) -> None:
    assert code in codes_of(tmp_path, **data)


def test_fixed_questions_of_one_form_only_are_told(tmp_path: Path) -> None:
    asked = questions()
    asked[0]["form"] = "pre"
    quiz = quiz_of(tmp_path, slots=[{"use": "q0"}, *BLUEPRINT], pair=PAIR, questions=asked)
    assert [one.code for one in quiz.warnings] == ["quiz.pair-fixed-unequal"]


# --- dates and exceptions -------------------------------------------------------------------------

SETTINGS = {"time_limit": "40 min", "attempts": 2, "opens": "2026-05-04 08:00", "closes": "2026-05-08"}
OVERRIDES = [
    {"institution": "ELB", "closes": "2026-05-15", "attempts": 3},
    {"institution": "DIB", "time_limit": "1 h"},
]


def test_quiz_opens_and_closes_on_the_clock_of_the_site(tmp_path: Path) -> None:
    quiz = quiz_of(tmp_path, settings=SETTINGS)
    assert quiz_times(quiz, TIRANA) == {"timeopen": 1777874400, "timeclose": 1778277540}
    assert quiz_times(quiz_of(tmp_path), TIRANA) == {"timeopen": 0, "timeclose": 0}


def test_institutions_have_their_own_dates(tmp_path: Path) -> None:
    wanted = wanted_overrides(quiz_of(tmp_path, settings=SETTINGS, overrides=OVERRIDES), TIRANA)
    assert [(one.group, one.as_moodle()) for one in wanted] == [
        ("DIB", {"timelimit": 3600}),
        ("ELB", {"timeclose": 1778882340, "attempts": 3}),
    ]


def test_who_needs_more_time_gets_it_on_top_of_what_the_institution_has(tmp_path: Path) -> None:
    quiz = quiz_of(tmp_path, settings=SETTINGS, overrides=OVERRIDES)
    people = {"P1": Fraction(1, 4), "P2": Fraction(1, 2), "P3": Fraction(1, 3)}
    wanted = wanted_overrides(quiz, TIRANA, extra_time=people, groups={"P2": "DIB", "P3": "ELB"})
    assert {one.person: one.as_moodle() for one in wanted if one.person} == {
        "P1": {"timelimit": 3000},
        "P2": {"timelimit": 5400},
        "P3": {"timelimit": 3240},  # what else the institution has Moodle adds itself
    }


def test_what_the_quiz_says_anyway_is_no_exception(tmp_path: Path) -> None:
    same = [{"institution": "ELB", "closes": "2026-05-08", "attempts": 2, "time_limit": "40 min"}]
    assert wanted_overrides(quiz_of(tmp_path, settings=SETTINGS, overrides=same), TIRANA) == ()


def test_more_time_on_top_of_a_shorter_limit_is_kept_also_where_it_makes_the_limit_of_the_quiz(
    tmp_path: Path,
) -> None:
    quiz = quiz_of(tmp_path, settings=SETTINGS, overrides=[{"institution": "ELB", "time_limit": "20 min"}])
    wanted = wanted_overrides(quiz, TIRANA, extra_time={"P1": Fraction(1)}, groups={"P1": "ELB"})
    assert [one.timelimit for one in wanted if one.person] == [41 * 60]


def test_the_quiz_before_a_course_has_the_limits_of_the_exam_and_not_its_dates(tmp_path: Path) -> None:
    overrides = [
        {"institution": "ELB", "closes": "2026-05-15", "time_limit": "1 h"},
        OVERRIDES[0] | {"institution": "DIB"},
    ]
    quiz = quiz_of(tmp_path, settings=SETTINGS, slots=BLUEPRINT, pair=PAIR, overrides=overrides)
    pre = forms(quiz)["pre"]
    assert quiz_times(pre, TIRANA) == {"timeopen": 0, "timeclose": 0}
    assert [one.as_moodle() for one in wanted_overrides(pre, TIRANA)] == [{"timelimit": 3600}]


def test_without_a_time_limit_there_is_nothing_to_add_to(tmp_path: Path) -> None:
    assert wanted_overrides(quiz_of(tmp_path), TIRANA, extra_time={"P1": Fraction(1, 4)}) == ()


@given(st.integers(1, 20_000), st.fractions(0, 3))
def test_more_time_is_never_less_than_promised(limit: int, part: Fraction) -> None:
    assert limit * (1 + part) <= longer(limit, part) < limit * (1 + part) + 60


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"settings": {"opens": "2026-05-04", "closes": "2026-05-03"}}, "quiz.closes-before-opening"),
        ({"settings": SETTINGS, "overrides": [{"institution": "A", "closes": "2026-05-01"}]}, "quiz.closes-before-opening"),
        ({"overrides": [{"institution": "A"}]}, "quiz.override-empty"),
        ({"settings": SETTINGS, "overrides": [{"institution": "A", "time_limit": "none"}]}, "quiz.override-no-limit"),
        ({"overrides": [OVERRIDES[0], OVERRIDES[0]]}, "quiz.override-twice"),
    ],
)  # fmt: skip
def test_dates_and_exceptions_that_contradict_are_refused(
    data: dict[str, Any], code: str, tmp_path: Path
) -> None:
    assert code in codes_of(tmp_path, **data)


def test_sections_begin_at_the_slots_that_name_them(tmp_path: Path) -> None:
    slots = [
        {"draw": 2, "category": "Arkivi"},
        {"draw": 1, "category": "Protokolli", "section": "Pjesa II", "shuffle": True},
    ]
    assert quiz_sections(quiz_of(tmp_path, slots=slots)) == [
        {"first": 1, "heading": "", "shuffle": 0},
        {"first": 3, "heading": "Pjesa II", "shuffle": 1},
    ]


def test_a_quiz_that_is_all_one_part_has_no_sections(tmp_path: Path) -> None:
    assert quiz_sections(quiz_of(tmp_path, slots=BLUEPRINT)) == []
    first = [{**BLUEPRINT[0], "shuffle": False}, *BLUEPRINT[1:]]
    assert quiz_sections(quiz_of(tmp_path, slots=first)) == []


def test_an_academy_has_both_quizzes_of_a_pair(tmp_path: Path) -> None:
    from lms_sync.academy import read_academy

    quiz_of(tmp_path, slots=BLUEPRINT, pair={**PAIR, "pre": "archive-pre"})
    academy = read_academy(tmp_path)
    assert {slug: quiz.id for slug, quiz in academy.quizzes.items()} == {
        "q": "post",
        "archive-pre": "archive-pre",
    }
    (tmp_path / "quizzes" / "archive-pre.yaml").write_bytes((tmp_path / "quizzes" / "q.yaml").read_bytes())
    with pytest.raises(ContentError) as caught:
        read_academy(tmp_path)
    assert "academy.pair-has-file" in {one.code for one in caught.value.problems}


# --- a bank for each language ---------------------------------------------------------------------


def test_each_language_has_a_bank_of_its_own_with_keys_of_its_own() -> None:
    samples = Path(__file__).parent / "samples"
    quiz = read_quiz(samples / "quizzes" / "every-type.yaml", root=samples)
    banks = language_banks(quiz)
    assert {language: bank.quiz_id for language, bank in banks.items()} == {
        "sq": "every-type",
        "en": "every-type-en",
    }
    for language, bank in banks.items():
        assert len(bank.questions) == len(quiz.questions)
        assert "multilang" not in bank.xml.decode("utf-8")
        assert all(one.key.startswith(f"{bank.quiz_id}:") for one in bank.questions)
        assert ("secretariat" in bank.xml.decode("utf-8")) == (language == "en")
    assert banks["sq"] == build_bank(quiz, multilang=False)
