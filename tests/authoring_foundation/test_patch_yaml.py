"""A patched file holds the changed values and is otherwise, byte for byte, what the author wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from authoring.patch_yaml import CannotPatch, Items, patch_bytes, patch_yaml
from authoring.read_yaml import Pointer, parse_yaml

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "archive-officers"

FILE = """\
# A comment at the top
schema: course/1      # behind a value
title:
  sq: "Arkivi"
  en: 'It''s an archive'   # quoted
summary:
  sq: |
    Rreshti i parë,
    rreshti i dytë.

    Paragrafi i dytë.
  en: >-
    A folded text
    in two lines.

    And a paragraph.

# in between
sections:
  - id: learn
    title: {sq: "Mëso", en: Learn}   # flow
    activities: []
  -   id: exam
      title: Plain words
      summary:
settings:
  time_limit: 45 min
  attempts: 3
  shuffle: true
last: end
"""

TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Co", "Cn"])
    | st.sampled_from("\n :#'\"{}[],&*!|>%@`-?~\\"),
    min_size=1,
    max_size=40,
).filter(lambda text: bool(text.strip()))

SCALARS: list[Pointer] = [
    ("schema",),
    ("title", "sq"),
    ("title", "en"),
    ("summary", "sq"),
    ("summary", "en"),
    ("sections", 0, "title", "sq"),
    ("sections", 0, "title", "en"),
    ("sections", 1, "title"),
    ("settings", "time_limit"),
    ("settings", "attempts"),
    ("last",),
]


def _value(data: object, pointer: Pointer) -> object:
    for step in pointer:
        data = data[step]  # type: ignore[index]
    return data


@given(st.sampled_from(SCALARS), TEXTS | st.booleans() | st.integers(0, 10**6))
@example(("sections", 1, "title"), "no: not plain")
@example(("title", "sq"), 'He said "no" \\ yes')
@example(("summary", "en"), "One long paragraph " * 12)
@example(("summary", "sq"), "  begins with blanks")
@example(("last",), "null")
def test_the_value_is_changed_and_not_one_character_more(pointer: Pointer, value: str | int | bool) -> None:
    span = parse_yaml(FILE, "f").span(pointer)
    assert span is not None
    patched = patch_yaml(FILE, "f", {pointer: value})
    assert patched.startswith(FILE[: span.start])
    assert patched.endswith(FILE[span.end :])
    found = _value(parse_yaml(patched, "f").data, pointer)
    if isinstance(value, str) and span.style in ("|", ">"):  # how a block ends is what its header says
        assert isinstance(found, str)
        assert found.rstrip("\n") == value.rstrip("\n")
    else:
        assert found == value
        assert type(found) is type(value)


@given(st.dictionaries(st.sampled_from(SCALARS), TEXTS, min_size=2, max_size=5))
def test_several_values_are_changed_at_once(changes: dict[Pointer, str]) -> None:
    data = parse_yaml(patch_yaml(FILE, "f", changes), "f").data
    for pointer, value in changes.items():
        assert str(_value(data, pointer)).rstrip("\n") == value.rstrip("\n")
    before = parse_yaml(FILE, "f").data
    for pointer in set(SCALARS) - set(changes):
        assert _value(data, pointer) == _value(before, pointer)


def test_quotes_stay_what_they_were() -> None:
    changes: dict[Pointer, str] = {
        ("title", "sq"): "Arkiva",
        ("title", "en"): "That's it",
        ("sections", 0, "title", "en"): "Study",
        ("sections", 1, "title"): "Other words",
    }
    patched = patch_yaml(FILE, "f", changes)
    for line in (
        '  sq: "Arkiva"\n',
        "  en: 'That''s it'   # quoted\n",
        '    title: {sq: "Mëso", en: Study}   # flow\n',
        "      title: Other words\n",
    ):
        assert line in patched


def test_a_text_in_lines_stays_in_lines() -> None:
    patched = patch_yaml(FILE, "f", {("summary", "sq"): "Një.\n\nDy,\ntre."})
    assert "  sq: |\n    Një.\n\n    Dy,\n    tre.\n  en: >-\n" in patched


@pytest.mark.parametrize(
    ("pointer", "value", "line"),
    [
        (("settings", "grading"), "average", "  shuffle: true\n  grading: average\n"),
        (("sections", 1, "summary"), "Words, words", '      summary: "Words, words"\n'),
        (("sections", 0, "title", "ro"), "Învață", 'en: Learn, ro: "Învață"}   # flow\n'),
        (("sections", 0, "summary"), "More", "    activities: []\n    summary: More\n"),
        (("sections", 1, "title"), {"sq": "Një", "en": "One: two"}, 'title: {sq: "Një", en: "One: two"}\n'),
        (("quiz", "settings", "attempts"), 3, "last: end\nquiz: {settings: {attempts: 3}}\n"),
    ],
)
def test_what_is_not_there_yet_is_put_behind_a_neighbour(pointer: Pointer, value: object, line: str) -> None:
    patched = patch_yaml(FILE, "f", {pointer: value})  # type: ignore[dict-item]
    assert line in patched
    assert _value(parse_yaml(patched, "f").data, pointer) == value


def test_a_text_in_lines_can_become_one_a_language() -> None:
    patched = patch_yaml("a: |\n  words\n\nb: 1\n", "f", {("a",): {"sq": "x", "en": "y"}})
    assert patched == "a: {sq: x, en: y}\n\nb: 1\n"


def test_a_place_without_a_neighbour_on_one_line_is_refused() -> None:
    with pytest.raises(CannotPatch):
        patch_yaml("a:\n  - |\n    x\n", "f", {("b",): "y"})


@given(st.sampled_from(SCALARS), TEXTS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_a_byte_order_mark_stay(
    newline: str, mark: bytes, pointer: Pointer, value: str
) -> None:
    content = mark + FILE.replace("\n", newline).encode()
    patched = patch_bytes(content, "f", {pointer: value})
    assert patched.startswith(mark)
    text = patched[len(mark) :].decode()
    assert text == patch_yaml(FILE, "f", {pointer: value}).replace("\n", newline)


@pytest.mark.parametrize("path", ["courses/archive-officers/course.yaml", "quizzes/archive-officers.yaml"])
def test_every_text_of_the_example_can_be_replaced_in_place(path: str) -> None:
    text = (EXAMPLES / path).read_text(encoding="utf-8")
    document = parse_yaml(text, path)
    count = 0
    for pointer, value in _scalars(document.data, ())[:: 1 + len(text) // 8000]:
        span = document.span(pointer)
        assert span is not None
        if isinstance(value, str):
            patched = patch_yaml(text, path, {pointer: "Çdo gjë: « e re » #1"})
            assert patched[: span.start] == text[: span.start]
            assert patched.endswith(text[span.end :])
            count += 1
        if count == 20:
            break
    assert count == 20


def _scalars(data: object, pointer: Pointer) -> list[tuple[Pointer, object]]:
    if isinstance(data, dict):
        return [found for key, value in data.items() for found in _scalars(value, (*pointer, key))]
    if isinstance(data, list):
        return [found for number, value in enumerate(data) for found in _scalars(value, (*pointer, number))]
    return [(pointer, data)]


# --- lists and keys that go away ------------------------------------------------------------------

LISTED = """\
a: 1
slots:   # of the quiz
  # the first
  - {use: x}   # one
  - use: y
    points: 2   # two

  - {draw: 2, tags: [a, b]}
# after the list
flow: {from: 2027-01-01, until: 2027-02-01 17:00, groups: [k, l]}   # c
outer:
  inner:
    only: 1   # gone with its parents
  # about the next
  text: |
    Several
    lines
  last: 5
"""


@given(
    st.permutations(range(3)),
    st.integers(0, 3),
    st.lists(st.sampled_from(["p", "q r", "2", "true", "a: b", "#"]), max_size=2),
)
def test_items_of_a_list_keep_their_own_lines_wherever_they_go(
    order: list[int], length: int, new: list[str]
) -> None:
    items = (*order[:length], *({"use": one} for one in new))
    if not items:
        return
    patched = patch_yaml(LISTED, "f", {("slots",): Items(items)})
    before: Any = parse_yaml(LISTED, "f").data
    after: Any = parse_yaml(patched, "f").data
    wanted = [before["slots"][one] if isinstance(one, int) else one for one in items]
    assert after == {**before, "slots": wanted}
    start, end = LISTED.index("  # the first"), LISTED.index("# after the list")
    assert patched.startswith(LISTED[:start])
    assert patched.endswith(LISTED[end:])
    for number, comment in ((0, "  # the first\n  - {use: x}   # one\n"), (1, "points: 2   # two\n")):
        assert (comment in patched) == (number in items)


@pytest.mark.parametrize(
    ("pointer", "gone"),
    [
        (("flow", "from"), "from: 2027-01-01, "),
        (("flow", "until"), "until: 2027-02-01 17:00, "),
        (("flow", "groups"), ", groups: [k, l]"),
        (("outer", "inner", "only"), "  inner:\n    only: 1   # gone with its parents\n"),
        (("outer", "text"), "  text: |\n    Several\n    lines\n"),
        (("outer", "last"), "  last: 5\n"),
        (("slots", 1, "points"), "    points: 2   # two\n"),
        (("a",), "a: 1\n"),
        (("nothing",), ""),
    ],
)
def test_a_key_that_goes_takes_its_line_and_nothing_else(pointer: Any, gone: str) -> None:
    assert LISTED.count(gone) == 1 or not gone
    assert patch_yaml(LISTED, "f", {pointer: None}) == LISTED.replace(gone, "", 1)


def test_what_stands_behind_a_dash_cannot_go() -> None:
    with pytest.raises(CannotPatch):
        patch_yaml(LISTED, "f", {("slots", 1, "use"): None})


def test_a_list_in_brackets_with_a_comment_between_its_items_stays() -> None:
    text = "l: [a, # of a or of b?\n  b]\n"
    with pytest.raises(CannotPatch):
        patch_yaml(text, "f", {("l",): Items((1, 0))})
