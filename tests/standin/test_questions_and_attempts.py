"""Questions as Moodle's importer reads them, and attempts as its question engine draws and marks them."""

from __future__ import annotations

from typing import Any

import pytest

from moodle_standin.moodle_xml import Refusal, leading_number, read_questions


def read(*questions: str) -> Any:
    return read_questions(("<quiz>" + "".join(questions) + "</quiz>").encode())


def answer(text: str, fraction: str, more: str = "") -> str:
    return f'<answer fraction="{fraction}"><text>{text}</text>{more}</answer>'


@pytest.mark.parametrize(
    "fraction", ["100", "33.333", "66.66667", "16.667", "-33.33333", "-100", "12.5", "5", "0"]
)
def test_a_fraction_of_moodles_list_is_taken(fraction: str, make_question: Any) -> None:
    inner = answer("a", "100") + answer("b", fraction)
    assert len(read(make_question("multichoice", "k", "?", inner))[0].answers) == 2


@pytest.mark.parametrize("fraction", ["33.33", "66.66", "16.67", "33", "99.999", "101", "11", "-101"])
def test_a_fraction_outside_moodles_list_is_refused(fraction: str, make_question: Any) -> None:
    with pytest.raises(Refusal, match="do not match grade options"):
        read(make_question("multichoice", "k", "?", answer("a", "100") + answer("b", fraction)))


@pytest.mark.parametrize(
    ("kind", "inner", "words"),
    [
        ("multichoice", answer("only", "100"), "at least 2 choices"),
        ("shortanswer", answer("half", "50"), "100%"),
        ("numerical", answer("abc", "100"), "Error writing to database"),
        (
            "matching",
            "<subquestion><text>a</text><answer><text></text></answer></subquestion>",
            "answer for each",
        ),
        ("truefalse", answer("true", "100"), "Error writing to database"),
        ("mtf", "", "not supported"),
    ],
)
def test_what_moodle_cannot_store_is_refused(kind: str, inner: str, words: str, make_question: Any) -> None:
    with pytest.raises(Refusal, match=words):
        read(make_question(kind, "k", "?", inner))


@pytest.mark.parametrize(
    "content",
    [b"", b"<quiz></quiz>", b"<other/>", b"<quiz><question type='truefalse'>", b"<quiz>&nbsp;</quiz>"],
)
def test_a_file_that_is_no_question_file_is_refused(content: bytes) -> None:
    with pytest.raises(Refusal):
        read_questions(content)


def test_entities_are_not_expanded() -> None:
    bomb = b'<!DOCTYPE quiz [<!ENTITY a "aaaa">]><quiz><question type="truefalse">&a;</question></quiz>'
    with pytest.raises(Refusal):
        read_questions(bomb)


def test_html_in_a_text_must_be_in_cdata(make_question: Any) -> None:
    broken = make_question("truefalse", "k", "?", answer("true", "100") + answer("false", "0"))
    with pytest.raises(Refusal, match="CDATA"):
        read(broken.replace("<![CDATA[", "").replace("]]>", ""))


def test_a_penalty_near_a_third_snaps_to_it(make_question: Any) -> None:
    text = make_question("truefalse", "k", "?", answer("true", "100") + answer("false", "0"))
    assert read(text.replace("0.3333333", "0.3381"))[0].penalty == pytest.approx(1 / 3, abs=1e-6)
    assert read(text.replace("0.3333333", "0.339"))[0].penalty == 0.339


@pytest.mark.parametrize(
    ("text", "value"),
    [("12.5", 12.5), ("1,000", 1000), ("3,5", 35), ("12abc", 12), ("1/3", 1), ("-4", -4), ("1e3", 1000),
     ("1x10^3", 1000), ("abc", None), ("", None), ("−5", None)],
)  # fmt: skip
def test_a_number_is_read_as_moodle_reads_it_for_an_english_user(text: str, value: float | None) -> None:
    assert leading_number(text) == value


# --- marking


@pytest.fixture
def one_question(moodle: Any, empty_course: int) -> Any:
    """Pushes one question into a quiz and gives the mark of an answer, out of 1."""
    user = moodle.user_id("s1")
    moodle.call(
        "enrol_manual_enrol_users", enrolments=[{"roleid": 5, "userid": user, "courseid": empty_course}]
    )

    def mark(xml: str, response: Any) -> float:
        moodle.push_questions(empty_course, "bank", {"bank:q": xml})
        quiz = moodle.push_quiz(empty_course, "ao/q", [{"question": "bank:q"}], attempts=0)["instance"]
        moodle.answer_quiz("s1", quiz, {"Q?": response})
        attempts = moodle.call("mod_quiz_get_user_attempts", quizid=quiz, userid=user)["attempts"]
        return float(attempts[-1]["sumgrades"])

    return mark


@pytest.mark.parametrize(
    ("response", "mark"),
    [("right", 1), ("part", 0.5), ("minus", -0.5), ("wrong", 0), (None, 0)],
)
def test_a_single_choice_earns_the_fraction_of_the_chosen_option(
    response: Any, mark: float, one_question: Any, make_question: Any, make_choices: Any
) -> None:
    options = make_choices(("right", 100), ("part", 50), ("minus", -50), ("wrong", 0))
    assert one_question(make_question("multichoice", "bank:q", "Q?", options), response) == mark


@pytest.mark.parametrize(
    ("response", "mark"),
    [
        (["a", "b"], 1),
        (["a"], 0.5),
        (["a", "c"], 0),
        (["c"], 0),
        (["a", "b", "c"], 0.5),
        (["a", "b", "d"], 1),
    ],
)
def test_a_multiple_choice_sums_fractions_between_nothing_and_all(
    response: list[str], mark: float, one_question: Any, make_question: Any, make_choices: Any
) -> None:
    options = make_choices(("a", 50), ("b", 50), ("c", -50), ("d", 0), single=False)
    assert one_question(make_question("multichoice", "bank:q", "Q?", options), response) == mark


@pytest.mark.parametrize(("response", "mark"), [("1", 0), ("0", 1)])
def test_true_false(response: str, mark: float, one_question: Any, make_question: Any) -> None:
    inner = answer("true", "0") + answer("false", "100")
    assert one_question(make_question("truefalse", "bank:q", "Q?", inner), response) == mark


@pytest.mark.parametrize(
    ("response", "mark"),
    [("Stamp", 1), (" stamp ", 1), ("stamped", 0.5), ("a stamp", 0), ("star*", 0.8), ("starx", 0)],
)
def test_a_short_answer_takes_the_first_pattern_that_fits(
    response: str, mark: float, one_question: Any, make_question: Any
) -> None:
    inner = answer("stamp", "100") + answer("stamp*", "50") + answer(r"star\*", "80")
    assert one_question(make_question("shortanswer", "bank:q", "Q?", inner), response) == mark


def test_case_matters_in_a_short_answer_only_when_it_says_so(one_question: Any, make_question: Any) -> None:
    inner = "<usecase>1</usecase>" + answer("Tirana", "100")
    assert one_question(make_question("shortanswer", "bank:q", "Q?", inner), "tirana") == 0
    assert one_question(make_question("shortanswer", "bank:q", "Q?", inner), "Tirana") == 1


@pytest.mark.parametrize(
    ("response", "mark"), [("12.5", 1), ("13", 1), ("13.01", 0.5), ("20", 0), ("abc", 0)]
)
def test_a_number_counts_within_its_tolerance(
    response: str, mark: float, one_question: Any, make_question: Any
) -> None:
    inner = answer("12.5", "100", "<tolerance>0.5</tolerance>") + answer(
        "12", "50", "<tolerance>2</tolerance>"
    )
    assert one_question(make_question("numerical", "bank:q", "Q?", inner), response) == mark


def test_matching_earns_a_share_for_each_right_pair(one_question: Any, make_question: Any) -> None:
    pairs = "".join(
        f"<subquestion><text>{stem}</text><answer><text>{right}</text></answer></subquestion>"
        for stem, right in (("a", "1"), ("b", "2"), ("c", "3"), ("", "4"))
    )
    xml = make_question("matching", "bank:q", "Q?", pairs)
    assert one_question(xml, {"a": "1", "b": "2", "c": "3"}) == 1
    assert one_question(xml, {"a": "1", "b": "4", "c": "2"}) == pytest.approx(1 / 3, abs=1e-4)


# --- attempts


def test_a_slot_without_its_sequence_check_is_passed_over_silently(
    moodle: Any, course: Any, right_answers: dict[str, Any]
) -> None:
    quiz = course.quiz["instance"]
    attempt = moodle.call("mod_quiz_start_attempt", as_user="s1", quizid=quiz)["attempt"]
    data = [{"name": f"q{attempt['uniqueid']}:2_answer", "value": "1"}]
    moodle.call("mod_quiz_process_attempt", as_user="s1", attemptid=attempt["id"], data=data, finishattempt=1)
    rows = moodle.call("mod_quiz_get_user_attempts", quizid=quiz, userid=moodle.user_id("s1"))["attempts"]
    assert rows[0]["sumgrades"] == 0


def test_an_old_sequence_check_is_refused(moodle: Any, course: Any) -> None:
    attempt = moodle.call("mod_quiz_start_attempt", as_user="s1", quizid=course.quiz["instance"])["attempt"]
    prefix = f"q{attempt['uniqueid']}:2_"
    data = [{"name": f"{prefix}:sequencecheck", "value": "1"}, {"name": f"{prefix}answer", "value": "1"}]
    arguments = {"as_user": "s1", "attemptid": attempt["id"]}
    assert moodle.call("mod_quiz_save_attempt", **arguments, data=data)["status"] is True
    data[1]["value"] = "0"
    assert (
        moodle.error("mod_quiz_process_attempt", **arguments, data=data)
        == "submissionoutofsequencefriendlymessage"
    )


def test_answers_kept_on_the_way_are_shown_again_and_counted(
    moodle: Any, course: Any, right_answers: dict[str, Any]
) -> None:
    quiz = course.quiz["instance"]
    attempt = moodle.answer_quiz("s1", quiz, right_answers, finish=False)
    summary = moodle.call("mod_quiz_get_attempt_summary", as_user="s1", attemptid=attempt["id"])
    assert summary["totalunanswered"] == 0
    assert {q["status"] for q in summary["questions"]} == {"Answer saved"}
    shown = moodle.call("mod_quiz_get_attempt_data", as_user="s1", attemptid=attempt["id"], page=0)
    short = next(q for q in shown["questions"] if q["type"] == "shortanswer")
    assert 'value="Stamped"' in short["html"]
    moodle.call("mod_quiz_process_attempt", as_user="s1", attemptid=attempt["id"], finishattempt=1)
    review = moodle.call("mod_quiz_get_attempt_review", as_user="s1", attemptid=attempt["id"])
    assert {q["status"] for q in review["questions"]} == {"Correct"}
    assert float(review["grade"]) == 100


def test_one_attempt_after_the_other_and_no_more_than_allowed(
    moodle: Any, course: Any, right_answers: dict[str, Any]
) -> None:
    fields = moodle.state(course.id)["activities"]["ao/final"]["fields"]
    moodle.push_activity(course.id, "ao/final", "quiz", {**fields, "attempts": 2})
    quiz = course.quiz["instance"]
    moodle.answer_quiz("s1", quiz, {}, finish=False)
    assert moodle.error("mod_quiz_start_attempt", as_user="s1", quizid=quiz) == "attemptstillinprogress"
    open_attempt = max(moodle.site.quiz_attempts)
    moodle.call("mod_quiz_process_attempt", as_user="s1", attemptid=open_attempt, finishattempt=1)
    arguments = {"as_user": "s1", "attemptid": open_attempt}
    assert moodle.error("mod_quiz_process_attempt", **arguments, finishattempt=1) == "attemptalreadyclosed"
    moodle.answer_quiz("s1", quiz, right_answers)
    third = moodle.call("mod_quiz_start_attempt", as_user="s1", quizid=quiz)
    assert third["attempt"] == []
    assert third["warnings"][0]["message"] == "No more attempts are allowed"


def test_an_attempt_belongs_to_its_learner(moodle: Any, course: Any) -> None:
    attempt = moodle.call("mod_quiz_start_attempt", as_user="s1", quizid=course.quiz["instance"])["attempt"]
    arguments = {"as_user": "s2", "attemptid": attempt["id"], "page": 0}
    assert moodle.error("mod_quiz_get_attempt_data", **arguments) == "notyourattempt"


def test_time_limits_end_an_attempt(moodle: Any, course: Any, right_answers: dict[str, Any]) -> None:
    fields = moodle.state(course.id)["activities"]["ao/final"]["fields"]
    moodle.push_activity(course.id, "ao/final", "quiz", {**fields, "timelimit": 600})
    quiz = course.quiz["instance"]
    attempt = moodle.answer_quiz("s1", quiz, right_answers, finish=False)
    moodle.pass_time(601)
    arguments = {"as_user": "s1", "attemptid": attempt["id"]}
    assert moodle.error("mod_quiz_get_attempt_data", **arguments, page=0) == "attemptalreadyclosed"
    late = moodle.call("mod_quiz_start_attempt", as_user="s2", quizid=quiz)["attempt"]
    moodle.pass_time(700)
    answer = moodle.call("mod_quiz_process_attempt", as_user="s2", attemptid=late["id"])
    assert answer["state"] == "finished"


@pytest.mark.parametrize(("method", "grade"), [(1, 100), (2, 50), (3, 0), (4, 100)])
def test_the_grade_that_counts_follows_the_quizs_method(
    method: int, grade: float, moodle: Any, course: Any, right_answers: dict[str, Any]
) -> None:
    fields = moodle.state(course.id)["activities"]["ao/final"]["fields"]
    moodle.push_activity(course.id, "ao/final", "quiz", {**fields, "grademethod": method})
    quiz = course.quiz["instance"]
    moodle.answer_quiz("s1", quiz, {})
    moodle.answer_quiz("s1", quiz, right_answers)
    best = moodle.call("mod_quiz_get_user_best_grade", as_user="s1", quizid=quiz)
    assert (best["hasgrade"], best["grade"], best["gradetopass"]) == (True, grade, 70)


def test_random_slots_draw_each_time_from_those_that_carry_all_tags(
    moodle: Any, empty_course: int, make_question: Any
) -> None:
    inner = answer("true", "100") + answer("false", "0")
    bank = {
        f"bank:{n}": make_question(
            "truefalse", f"bank:{n}", f"Q{n}", inner, ("Protocol", "hard") if n % 2 else ("Protocol",)
        )
        for n in range(12)
    }
    moodle.push_questions(empty_course, "bank", bank)
    slots = [{"question": "bank:1"}, {"random": 3, "category": "bank", "tags": ["protocol", "hard"]}]
    quiz = moodle.push_quiz(empty_course, "ao/q", slots)["instance"]
    live = moodle.state(empty_course)["activities"]["ao/q"]["fields"]["slots"]
    assert live == [{**slots[0], "maxmark": 1.0}, {**slots[1], "maxmark": 1.0}]
    users = [moodle.user_id(f"s{n}") for n in range(1, 6)]
    moodle.call(
        "enrol_manual_enrol_users",
        enrolments=[{"roleid": 5, "userid": u, "courseid": empty_course} for u in users],
    )
    drawn = set()
    for n in range(1, 6):
        attempt = moodle.call("mod_quiz_start_attempt", as_user=f"s{n}", quizid=quiz)["attempt"]
        names = [
            moodle.site.questions[slot.questionid].name
            for slot in moodle.site.quiz_attempts[attempt["id"]].slots
        ]
        assert len(set(names)) == 4
        assert all(int(name.removeprefix("bank:")) % 2 for name in names)
        drawn.add(tuple(names))
    assert len(drawn) > 1


def test_old_attempts_keep_their_version_and_new_ones_take_the_latest(
    moodle: Any, course: Any, bank: dict[str, str]
) -> None:
    quiz = course.quiz["instance"]
    first = moodle.answer_quiz("s1", quiz, {}, finish=False)
    bank["bank:tf"] = bank["bank:tf"].replace("Is it dated?", "Is it signed?")
    moodle.push_questions(course.id, "bank", bank)
    second = moodle.answer_quiz("s2", quiz, {}, finish=False)
    for username, attempt, text in (("s1", first, "Is it dated?"), ("s2", second, "Is it signed?")):
        shown = moodle.call("mod_quiz_get_attempt_data", as_user=username, attemptid=attempt["id"], page=0)
        assert any(text in q["html"] for q in shown["questions"])


def test_options_are_shuffled_where_quiz_and_question_say_so(
    moodle: Any, empty_course: int, make_question: Any, make_choices: Any
) -> None:
    options = make_choices(*((f"option {n}", 100 if n == 0 else 0) for n in range(8)))
    moodle.push_questions(
        empty_course, "bank", {"bank:q": make_question("multichoice", "bank:q", "Q?", options)}
    )
    moodle.call(
        "enrol_manual_enrol_users",
        enrolments=[
            {"roleid": 5, "userid": moodle.user_id(f"s{n}"), "courseid": empty_course} for n in (1, 2)
        ],
    )
    orders = {}
    for shuffle in (0, 1):
        quiz = moodle.push_quiz(
            empty_course, f"ao/q{shuffle}", [{"question": "bank:q"}], shuffleanswers=shuffle
        )
        for name in ("s1", "s2"):
            attempt = moodle.call("mod_quiz_start_attempt", as_user=name, quizid=quiz["instance"])["attempt"]
            orders[shuffle, name] = moodle.site.quiz_attempts[attempt["id"]].slots[0].order
    assert orders[0, "s1"] == orders[0, "s2"] == list(range(8))
    assert orders[1, "s1"] != list(range(8))


def test_pages_hold_as_many_questions_as_the_quiz_says(
    moodle: Any, course: Any, right_answers: dict[str, Any]
) -> None:
    fields = moodle.state(course.id)["activities"]["ao/final"]["fields"]
    moodle.push_activity(course.id, "ao/final", "quiz", {**fields, "questionsperpage": 2})
    attempt = moodle.answer_quiz("s1", course.quiz["instance"], right_answers)
    assert attempt["layout"] == "1,2,0,3,4,0,5,0"
    assert moodle.states("s1", course.id)["quiz"]["state"] == 2


def test_core_changes_slots_under_attempts_without_a_word(
    moodle: Any, course: Any, right_answers: dict[str, Any]
) -> None:
    moodle.answer_quiz("s1", course.quiz["instance"], right_answers)
    service = moodle.site.services["lmssync"]
    service.functions = service.functions | {"mod_quiz_add_random_questions"}
    category = next(iter(moodle.site.question_categories))
    condition = f'{{"filter": {{"category": {{"jointype": 1, "values": [{category}]}}}}}}'
    answer = moodle.call(
        "mod_quiz_add_random_questions",
        cmid=course.quiz["id"],
        addonpage=0,
        randomcount=1,
        filtercondition=condition,
    )
    assert answer == {"message": "Random questions have been added"}
    live = moodle.state(course.id)["activities"]["ao/final"]
    assert live["hash"].startswith("drift:")
    assert len(live["fields"]["slots"]) == 6


def test_a_learner_sees_a_question_in_one_language_only(
    moodle: Any, empty_course: int, make_question: Any
) -> None:
    def both(sq: str, en: str) -> str:
        return f'<span lang="sq" class="multilang">{sq}</span><span lang="en" class="multilang">{en}</span>'

    inner = "".join(
        answer(f"<![CDATA[{both(sq, en)}]]>", fraction)
        for sq, en, fraction in (("Po", "Yes", "100"), ("Jo", "No", "0"))
    )
    moodle.push_questions(
        empty_course, "bank", {"bank:q": make_question("multichoice", "bank:q", both("Pyetja", "Q?"), inner)}
    )
    quiz = moodle.push_quiz(empty_course, "ao/q", [{"question": "bank:q"}])["instance"]
    users = [moodle.user_id("s1"), moodle.user_id("s2")]
    moodle.site.users[users[1]].lang = "sq"
    moodle.call(
        "enrol_manual_enrol_users",
        enrolments=[{"roleid": 5, "userid": u, "courseid": empty_course} for u in users],
    )
    moodle.answer_quiz("s1", quiz, {"Q?": "Yes"})
    moodle.answer_quiz("s2", quiz, {"Pyetja": "Po"})
    assert [a.sumgrades for a in moodle.site.quiz_attempts.values()] == [1, 1]
