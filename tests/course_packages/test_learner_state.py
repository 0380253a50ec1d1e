"""The saved state: what the player writes fits, says what it should, and survives that the course changes."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authoring.blocks import Kept, Reflection
from authoring.course import Course
from authoring.lesson import Lesson
from course_packages.learner_state import (
    ALPHABET,
    LIMIT,
    block_code,
    code,
    largest_state,
    shape,
    state_problem,
)
from course_packages.player_files import outline
from tests.course_packages.conftest import ROOT

pytestmark = pytest.mark.browser

STATE = (ROOT / "course_packages" / "player" / "state.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def run(page: Any, course: Course, body: str, *values: object) -> Any:
    """Runs JavaScript that has the player's own `State`, `course` (its own, to be changed at will) and `values`."""
    if shown.get(page) is not course:  # so that one is sent once, not for every example
        page.evaluate("course => { window.course = course; }", outline(course))
        shown[page] = course
    return page.evaluate(
        "values => { const course = structuredClone(window.course); " + STATE + "{" + body + "} }", [*values]
    )


shown: dict[Any, Course] = {}


FILL = """
  const fill = (state, facts) => {
    state.language = facts.language; state.lesson = facts.lesson;
    facts.opened.forEach((id) => state.opened.add(id));
    state.kept.forEach((kept) => {
      const fact = facts.answers[kept.code];
      if (fact !== undefined) {
        for (let n = 0; n < fact.tries; n += 1) { state.answer(kept, fact.number, fact.right); }
        if (!fact.tries) { state.place(kept, fact.number); }
      }
      if (facts.texts[kept.code]) { state.texts.set(kept.code, facts.texts[kept.code]); }
    });
    return state;
  };
  const facts = (state) => ({
    language: state.language, lesson: state.lesson, opened: [...state.opened],
    answers: Object.fromEntries([...state.answers].map(([code, a]) => [code, [a.number, a.tries, a.right]])),
    texts: Object.fromEntries(state.texts)
  });
"""


def digits(number: int) -> str:
    """The number as the docstring of learner_state.py says it, written anew."""
    text = ""
    while True:
        number, digit = divmod(number, 32)
        text += ALPHABET[digit + (32 if number else 0)]
        if not number:
            return text


def written(course: Course, facts: Mapping[str, Any], length: int) -> str:
    """The state as the docstring says it, for a learner with these facts."""
    answers = texts = ""
    for kept in course.kept:
        if (fact := facts["answers"].get(block_code(kept))) is not None:
            tries = min(fact["tries"], 15) + (48 if fact["right"] and fact["tries"] else 0)
            answers += block_code(kept)[:length] + shape(kept) + ALPHABET[tries] + digits(fact["number"])
        if text := facts["texts"].get(block_code(kept)):
            encoded = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
            texts += (
                block_code(kept)[:length]
                + ALPHABET[len(encoded) // 64]
                + ALPHABET[len(encoded) % 64]
                + encoded
            )
    here = code("lesson", facts["lesson"])[:length] if facts["lesson"] else ""
    opened = "".join(
        code("lesson", each.id)[:length] for each in course.lessons if each.id in facts["opened"]
    )
    return f"2{length}{facts['language']}.{here}.{opened}.{answers}.{texts}"


def some_facts(course: Course) -> st.SearchStrategy[dict[str, Any]]:
    def number(kept: Kept) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries(
            {
                "number": st.integers(0, kept.values - 1),
                "tries": st.integers(0, 20),
                "right": st.booleans(),
            }
        )

    numbers = {block_code(kept): number(kept) for kept in course.kept if not kept.bytes}
    texts = {
        block_code(kept): st.text(st.characters(codec="utf-8"), max_size=kept.bytes // 4)
        for kept in course.kept
        if kept.bytes
    }
    ids = [lesson.id for lesson in course.lessons]
    return st.fixed_dictionaries(
        {
            "language": st.sampled_from(course.languages.offered),
            "lesson": st.sampled_from(["", *ids]),
            "opened": st.lists(st.sampled_from(ids), unique=True),
            "answers": st.fixed_dictionaries({}, optional=numbers),
            "texts": st.fixed_dictionaries({}, optional=texts),
        }
    )


def test_the_player_writes_what_is_documented_and_reads_it_back(page: Any, every_block: Course) -> None:
    @settings(max_examples=40)
    @given(facts=some_facts(every_block))
    def law(facts: dict[str, Any]) -> None:
        body = (
            FILL
            + """
          const text = fill(new State(), values[0]).write(); const again = new State();
          return [text, again.read(text), facts(again)];"""
        )
        text, could_read, again = run(page, every_block, body, facts)
        assert text == written(every_block, facts, 3)
        assert could_read
        assert len(text) <= largest_state(every_block).total
        assert (again["language"], again["lesson"]) == (facts["language"], facts["lesson"])
        assert sorted(again["opened"]) == sorted(facts["opened"])
        assert again["texts"] == {key: text for key, text in facts["texts"].items() if text}
        assert again["answers"] == {
            key: [fact["number"], min(fact["tries"], 15), fact["right"] and fact["tries"] > 0]
            for key, fact in facts["answers"].items()
        }

    law()


def full_facts(course: Course) -> dict[str, Any]:
    """Everything opened, answered, ticked and written, each as long as it can be."""
    return {
        "language": max(course.languages.offered, key=len),
        "lesson": course.lessons[0].id,
        "opened": [lesson.id for lesson in course.lessons],
        "answers": {
            block_code(kept): {"number": kept.values - 1, "tries": 15, "right": True}
            for kept in course.kept
            if not kept.bytes
        },
        "texts": {block_code(kept): "ë" * (kept.bytes // 2) for kept in course.kept if kept.bytes},
    }


def test_the_proven_size_is_the_size_of_the_fullest_state(page: Any, every_block: Course) -> None:
    text = run(
        page, every_block, FILL + "return fill(new State(), values[0]).write();", full_facts(every_block)
    )
    assert len(text) == largest_state(every_block).total


def test_a_text_that_is_too_long_is_cut_between_signs(page: Any, every_block: Course) -> None:
    (kept,) = [kept for kept in every_block.kept if kept.bytes]
    facts = full_facts(every_block) | {"texts": {block_code(kept): "a" + "\U0001f4dc" * kept.bytes}}
    body = (
        FILL
        + "const again = new State(); again.read(fill(new State(), values[0]).write()); return facts(again).texts;"
    )
    (text,) = run(page, every_block, body, facts).values()
    assert text == "a" + "\U0001f4dc" * ((kept.bytes - 1) // 4)


def changed_in_many_ways(course: Course) -> Course:
    """The lessons the other way round, one taken out, one added, everything under the same ids."""
    first, *rest = course.lessons
    return replace(
        course,
        lessons=(
            *rest[::-1],
            Lesson("new", None, {k: replace(t, blocks=()) for k, t in first.texts.items()}),
        ),
    )


def test_everything_carries_over_when_lessons_are_moved_added_and_taken_out(
    page: Any, every_block: Course
) -> None:
    """Also scenarios, exercises, reflections and answers to order and hotspot, not only those of checks."""
    facts = full_facts(every_block)
    text = run(page, every_block, FILL + "return fill(new State(), values[0]).write();", facts)
    changed = changed_in_many_ways(every_block)
    kinds = {kept.kind for kept in changed.kept}
    assert {"order", "sort", "hotspot", "scenario", "exercise", "reflection", "helpful"} <= kinds
    read = run(
        page, changed, FILL + "const state = new State(); state.read(values[0]); return facts(state);", text
    )
    there = {block_code(kept) for kept in changed.kept}
    assert read["answers"].keys() | read["texts"].keys() == there
    assert all(
        read["answers"][key] == [fact["number"], 15, True]
        for key, fact in facts["answers"].items()
        if key in there
    )
    assert read["lesson"] is None  # its lesson is gone
    assert set(read["opened"]) == {lesson.id for lesson in changed.lessons} - {"new"}


def test_a_block_that_asks_something_else_now_is_asked_again(page: Any, every_block: Course) -> None:
    text = run(
        page, every_block, FILL + "return fill(new State(), values[0]).write();", full_facts(every_block)
    )
    changed = outline(every_block)
    body = """course.lessons.forEach((lesson) => lesson.kept.forEach((kept) => {
        if (kept.id === "incoming") { kept.shape = kept.shape === "A" ? "B" : "A"; } }));
      const state = new State(); state.read(values[0]); return [...state.answers.keys()];"""
    read = run(page, every_block, body, text)
    codes = {kept["id"]: kept["code"] for lesson in changed["lessons"] for kept in lesson["kept"]}  # type: ignore[attr-defined]
    assert codes["incoming"] not in read
    assert codes["counter"] in read


def test_a_state_of_the_first_version_is_still_read(page: Any, small_course: Course) -> None:
    """As version 1 wrote it: four fields, both checks right at the second try, in Albanian."""
    lessons = [code("lesson", lesson.id)[:3] for lesson in small_course.lessons]
    answers = "".join(
        block_code(kept)[:3] + shape(kept) + ALPHABET[2 + 32] + digits(sum(2**n for n in kept.right))
        for kept in small_course.kept
    )
    old = f"13sq.{lessons[1]}.{''.join(lessons)}.{answers}"
    read = run(
        page,
        small_course,
        FILL + "const state = new State(); return [state.read(values[0]), facts(state), state.standing()];",
        old,
    )
    assert read[0]
    assert (read[1]["language"], read[1]["lesson"], len(read[1]["answers"])) == ("sq", "second", 2)
    assert read[2]["status"] == "passed"


def test_a_damaged_state_is_read_as_far_as_it_goes(page: Any, every_block: Course) -> None:
    body = (
        FILL
        + """
      const text = fill(new State(), values[0]).write(), all = [];
      for (let cut = 0; cut <= text.length; cut += 1) {
        for (const tried of [text.slice(0, cut), text.slice(0, cut) + "!" + text.slice(cut + 1)]) {
          const state = new State(); state.read(tried); state.write();
          all.push(state.answers.size); } }
      return [Math.max(...all), all[all.length - 2]];"""
    )
    whole = len([kept for kept in every_block.kept if not kept.bytes])
    assert run(page, every_block, body, full_facts(every_block)) == [whole, whole]


def test_a_course_whose_state_would_not_fit_is_refused_with_what_each_part_costs(every_block: Course) -> None:
    lesson = every_block.lessons[-1]
    reflection = next(
        block for text in lesson.texts.values() for block in text.blocks if isinstance(block, Reflection)
    )
    texts = {
        language: replace(text, blocks=tuple(replace(reflection, id=f"r{n}") for n in range(30)))
        for language, text in lesson.texts.items()
    }
    problem = state_problem(
        replace(every_block, lessons=(*every_block.lessons[:-1], replace(lesson, texts=texts)))
    )
    assert problem is not None
    assert problem.params["texts"] == 30 * (3 + 2 + math.ceil(160 * 4 / 3))
    assert int(str(problem.params["n"])) > LIMIT
    assert Path(problem.place.file).name == "course.yaml"
