"""Questions of which learners do more than choose, match or type: their fields, and the marks that Moodle gives.

Four learners take one quiz: all right, all wrong, partly right, and nothing at all.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from academy_on_trial import AcademyOnTrial
from ground import Ground
from sites import SiteUnderTest
from test_contract_quizzes import Quiet

from lms_sync.practice_answers import answer, find_question
from lms_sync.practice_form import QuestionForm, read_question

HERE = Path(__file__).parent
IMAGE = HERE.parent / "quizzes" / "samples" / "media" / "shelf.png"
Fields = dict[str, str]
Change = Callable[[str, Fields, QuestionForm], Fields]


class AcademyOfTypes(AcademyOnTrial):
    """The academy of the run, its quiz one of the other types."""

    def __init__(self, prefix: str) -> None:
        super().__init__(prefix)
        (self.folder / "media").mkdir()
        shutil.copy(IMAGE, self.folder / "media")
        quiz = yaml.safe_load((HERE / "question_types" / "all.yaml").read_text(encoding="utf-8"))
        quiz["id"] = self.quiz
        quiz["slots"] = [{"use": one["id"]} for one in quiz["questions"]]
        self.change_quiz(lambda old: (old.clear(), old.update(quiz)))


class TypesGround(Ground):
    """Its course; the quiz of this file, and what came of four attempts at it."""

    def keep(self, step: str, function: str) -> None:
        """Names a step; those by which the course comes to be have their names from the other files."""
        cast("Quiet", self.site).named(step, function)

    def attempt(self, number: int, change: Change | None) -> dict[str, Any]:
        """One learner's attempt, handed in; without a change nothing is answered."""
        learner = self.login(number)
        call = learner.client.call
        quiz = call("mod_quiz_get_quizzes_by_courses", {"courseids": [self.course]})["quizzes"][0]
        attempt = call("mod_quiz_start_attempt", {"quizid": quiz["id"]}, write=True)["attempt"]
        data: list[dict[str, str]] = []
        if change is not None:
            for shown in learner.questions_of(int(attempt["id"])):
                form = read_question(str(shown["html"]))
                known = find_question(self.quiz, form)
                fields = change(known.id, answer(known, form, correctly=number != 1), form)
                data += [{"name": name, "value": value} for name, value in fields.items()]
            if number == 0:  # gaps, blanks and what is dragged onto an image
                call("mod_quiz_get_attempt_data", {"attemptid": attempt["id"], "page": 1})
                self.keep("learner-questions-of-other-types", "mod_quiz_get_attempt_data")
        done = {"attemptid": attempt["id"], "data": data, "finishattempt": 1}
        call("mod_quiz_process_attempt", done, write=True)
        learner.client.close()
        return dict(attempt)

    @cached_property
    def outcomes(self) -> dict[int, dict[str, Mapping[str, Any]]]:
        """By learner and question what came of it."""
        assert self.final
        assert self.enrolled
        self.attempt(0, lambda _, fields, __: fields)
        self.attempt(1, lambda _, fields, __: fields)
        self.attempt(2, partly)
        self.attempt(3, None)
        time.sleep(1.1)  # get_changes leaves the running second to the next page
        page = self.changes("question_outcome")
        self.keep("changes-outcome-of-other-types", "local_lmssync_get_changes")
        found: dict[int, dict[str, Mapping[str, Any]]] = {}
        for row in page["rows"]:
            name = row["data"]["question"].partition(":")[2]
            found.setdefault(self.users.index(row["userid"]), {})[name] = row["data"]
        return found

    def fractions(self, number: int) -> dict[str, float | None]:
        """What each question of a learner came to."""
        return {name: row["fraction"] for name, row in self.outcomes[number].items()}


def partly(name: str, fields: Fields, form: QuestionForm) -> Fields:
    """A right answer with something wrong in it."""
    if name in ("path", "periods"):
        ((field, value),) = ((one, said) for one, said in fields.items() if "_response_" in one)
        items = value.split(",")
        at = 2 if name == "path" else 0
        items[at], items[at + 1] = items[at + 1], items[at]
        return {**fields, field: ",".join(items)}
    last = {"words-listed": "p3", "words-dragged": "p3", "shelf-items": "p3"}.get(name)
    if last is not None:
        return {one: "0" if one.endswith(f"_{last}") else said for one, said in fields.items()}
    if name == "shelf-markers":
        other, stamp = (next(form.markers[one] for one in both if one in form.markers)
                        for both in (("other", "tjetër"), ("stamp", "vula")))  # fmt: skip
        beside = {f"_c{other}": "5,5", f"_c{stamp}": "90,90"}
        return {
            one: next((new for end, new in beside.items() if one.endswith(end)), said)
            for one, said in fields.items()
        }
    if name == "blanks":
        prefix = next(one for one in fields if "_sub1_" in one).partition("sub1_")[0]
        ticked = {
            box: "0" if label in ("data", "thedate") else "1"
            for _, box, _, label in form.choices
            if "_sub6_" in box
        }
        return {**fields, f"{prefix}sub1_answer": "99", f"{prefix}sub2_answer": "zyra", **ticked}
    return fields


@pytest.fixture(scope="module")
def ground(site: SiteUnderTest) -> Iterator[TypesGround]:
    made = TypesGround(cast("SiteUnderTest", Quiet(site)))
    made.academy.close()
    made.academy = AcademyOfTypes(f"{site.run}-t")
    yield made
    made.close()


AUTOMATIC = ("path", "periods", "words-listed", "words-dragged", "blanks", "shelf-items", "shelf-markers")


def test_who_answers_all_as_the_quiz_file_says_gets_all_points(ground: TypesGround) -> None:
    found = ground.fractions(0)
    assert {name: found[name] for name in AUTOMATIC} == dict.fromkeys(AUTOMATIC, 1.0)
    assert found["shelf-words"] == 1.0


def test_who_answers_nothing_right_gets_what_each_type_leaves(ground: TypesGround) -> None:
    found = ground.fractions(1)
    expected: dict[str, float] = {**dict.fromkeys(AUTOMATIC, 0.0), "periods": 4 / 12}
    assert {name: found[name] for name in AUTOMATIC} == pytest.approx(expected, abs=1e-6)


def test_partly_right_answers_get_their_part(ground: TypesGround) -> None:
    found = ground.fractions(2)
    expected = {
        "path": 2 / 4,
        "periods": 10 / 12,
        "words-listed": 2 / 3,
        "words-dragged": 2 / 3,
        "blanks": 3.5 / 7,
        "shelf-items": 2 / 3,
        "shelf-markers": 2 / 4,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    assert {ground.outcomes[2][name]["outcome"] for name in expected} == {"gradedpartial"}


def test_who_answers_nothing_gives_up_but_an_order_is_marked_as_it_lay_there(ground: TypesGround) -> None:
    for name, row in ground.outcomes[3].items():
        if name in ("path", "periods"):
            assert row["outcome"].startswith("graded")
        else:
            assert (row["outcome"], row["fraction"]) == ("gaveup", None), name


def test_an_essay_waits_for_its_teacher_and_a_text_between_is_no_question(ground: TypesGround) -> None:
    first = ground.outcomes[0]
    assert (first["report"]["outcome"], first["report"]["fraction"]) == ("needsgrading", None)
    assert (first["report"]["response"], first["report"]["right"]) == (None, None)
    assert "introduction" not in first
    attempts = {row["userid"]: row["data"]["sumgrades"] for row in ground.changes("quiz_attempt")["rows"]}
    assert attempts[ground.users[0]] is None
    assert attempts[ground.users[3]] is not None


def test_what_was_said_is_told_in_words(ground: TypesGround) -> None:
    told = {name: row["response"] for name, row in ground.outcomes[0].items() if row["response"]}
    assert set(told) == {*AUTOMATIC, "shelf-words"}
    assert told["words-dragged"].count("{") == 3
    assert "secretariat" in told["words-dragged"]
    assert told["blanks"].startswith("part 1: 5; part 2: ark; part 3: ")
    for name in AUTOMATIC:
        assert ground.outcomes[0][name]["right"] is not None
