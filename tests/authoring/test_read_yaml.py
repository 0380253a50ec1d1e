"""YAML means what its author meant, or says where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authoring.problems import ContentError, Problem
from authoring.read_yaml import parse_yaml, read_yaml


def codes(text: str) -> list[str]:
    with pytest.raises(ContentError) as error:
        parse_yaml(text, "f.yaml")
    return [problem.code for problem in error.value.problems]


def test_only_the_core_words_are_special() -> None:
    document = parse_yaml(
        "a: no\nb: 12:30\nc: 010\nd: 2026-03-02\ne: true\nf: 1.50\ng: ~\nh: '1'\ni: on\n", "f"
    )
    assert document.data == {
        "a": "no", "b": "12:30", "c": "010", "d": "2026-03-02", "e": True, "f": 1.5, "g": None, "h": "1", "i": "on",
    }  # fmt: skip
    assert document.source(("f",)) == "1.50"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: 1\na: 2\n", "yaml.duplicate-key"),
        ("a: &x 1\nb: *x\n", "yaml.alias"),
        ("a: !!python/object:os.system x\n", "yaml.tag"),
        ("a: *nowhere\n", "yaml.alias"),
        ("a:\n\t- 1\n", "yaml.tab"),
        ("", "yaml.empty"),
        ("? [a]\n: b\n", "yaml.key-not-text"),
        ("a: [1, 2\n", "yaml.bracket"),
        ("a: " + "[" * 600 + "]" * 600, "yaml.too-deep"),
        ("- " * 400 + "x", "yaml.too-deep"),
        ("a: " + "[" * 80 + "]" * 80, "yaml.too-deep"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_by_its_code(text: str, code: str) -> None:
    assert code in codes(text)


def test_places_are_lines_and_columns_of_the_file() -> None:
    document = parse_yaml("a:\n  - x\n  - y: {z: 1}\n", "f.yaml", first_line=5)
    assert str(document.place(("a", 1, "y", "z"))) == "f.yaml:7:12"
    assert str(document.place(("a", 1, "nothing"))) == "f.yaml:7:5"


def test_a_file_is_capped_and_must_be_utf8(tmp_path: Path) -> None:
    (tmp_path / "large.yaml").write_bytes(b"a: " + b"x" * 5_000_001)
    with pytest.raises(ContentError) as large:
        read_yaml(tmp_path / "large.yaml", root=tmp_path)
    assert large.value.code == "yaml.too-large"
    with pytest.raises(ContentError) as missing:
        read_yaml(tmp_path / "none.yaml", root=tmp_path)
    assert (missing.value.code, missing.value.problem.place.file) == ("yaml.not-readable", "none.yaml")


SIGNS = st.sampled_from([*"[]{}:,-#&*!|>'\"%@`?~ \n\t", "a", "1", "---", "no", "é", "\u2028", "<<: "])


@settings(max_examples=300, deadline=None)
@given(text=st.lists(SIGNS, max_size=40).map("".join))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        parse_yaml(text, "f.yaml")
    except ContentError as error:
        problems = error.problems
    assert all(problem.place.file == "f.yaml" and problem.place.line >= 1 for problem in problems)
