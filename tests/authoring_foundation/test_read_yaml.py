"""What authors write in YAML means what they see, and nothing that they write can stop the program."""

from __future__ import annotations

import datetime
import json
import os
import re
import time
from pathlib import Path
from typing import Annotated, Literal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from authoring.languages import LocalizedText
from authoring.messages import describe
from authoring.model_problems import MAX_PROBLEMS
from authoring.problems import ContentError, Place, Problem
from authoring.read_yaml import MAX_BYTES, MAX_DEPTH, load_model, parse_yaml, read_yaml


def problems(text: str, **more: int) -> list[Problem]:
    with pytest.raises(ContentError) as caught:
        parse_yaml(text, "a.yaml", **more)
    return list(caught.value.problems)


def told(text: str) -> list[tuple[str, int, int]]:
    return [(one.code, one.place.line, one.place.column) for one in problems(text)]


# --- YAML 1.2 words -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word",
    [
        "no",
        "yes",
        "on",
        "off",
        "y",
        "N",
        "Yes",
        "OFF",
        "12:30",
        "1:30:00",
        "2026-03-02",
        "010",
        "0o14",
        "0x1F",
        "1_000",
        "nan",
        ".inf",
        "-.INF",
        ".nan",
        "1e999",
        "12345678901234567890",
        "+355 4 123",
        "None",
        "=",
        "<<",
    ],
)
def test_a_word_that_other_readers_twist_stays_the_word(word: str) -> None:
    assert parse_yaml(f"answer: {word}\n", "a.yaml").data == {"answer": word}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("12.5", 12.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.", 1.0),
        ("'true'", "true"),
        ('"12"', "12"),
        ('""', ""),
    ],
)
def test_only_null_booleans_and_numbers_are_more_than_words(written: str, meant: object) -> None:
    value = parse_yaml(f"a: {written}\n", "a.yaml").data
    assert isinstance(value, dict)
    assert value["a"] == meant
    assert type(value["a"]) is type(meant)


def test_a_version_such_as_one_ten_can_still_be_read_as_written() -> None:
    document = parse_yaml("version: 1.10\n", "a.yaml")
    assert document.data == {"version": 1.1}
    assert document.source(("version",)) == "1.10"


def test_keys_are_always_texts() -> None:
    assert parse_yaml("true: 1\nnull: 2\n12: 3\nno: 4\n", "a.yaml").data == {
        "true": 1,
        "null": 2,
        "12": 3,
        "no": 4,
    }


PLAIN = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co", "Zl", "Zp"]), max_size=40
)
SCALARS = st.none() | st.booleans() | st.integers(-(10**17), 10**17) | PLAIN
SCALARS |= st.floats(allow_nan=False, allow_infinity=False, width=32)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PLAIN, inner, max_size=4),
    max_leaves=12,
)


@given(TREES)
def test_anything_written_as_json_reads_back_the_same(tree: object) -> None:
    assert parse_yaml(json.dumps({"a": tree}, ensure_ascii=False), "a.yaml").data == {"a": tree}


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=60))
def test_any_text_that_a_yaml_writer_quotes_reads_back_the_same(text: str) -> None:
    text = text.replace("\ufeff", "").replace("\ufffe", "").replace("\uffff", "")
    written = yaml.safe_dump({"a": text}, allow_unicode=True, default_style='"')
    assert parse_yaml(written, "a.yaml").data == {"a": text}


@given(st.text("[]{}?:-&*!|>'\"%#,a \n\t", max_size=60))
def test_whatever_is_typed_gives_data_or_a_problem_with_a_place(text: str) -> None:
    found: tuple[Problem, ...] = ()
    try:
        parse_yaml(text, "a.yaml")
    except ContentError as error:
        found = error.problems
    assert all(one.place.file == "a.yaml" and one.place.line >= 1 for one in found)


# --- what is refused, and where ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: &x [1]\n", [("yaml.alias", 2, 4)]),
        ("a: 1\nb: *x\n", [("yaml.alias", 2, 4)]),
        ("a: &x 1\nb: *x\n", [("yaml.alias", 1, 4), ("yaml.alias", 2, 4)]),
        ("&k a: 1\n", [("yaml.alias", 1, 1)]),
        ("a: !!python/object:os.system x\n", [("yaml.tag", 1, 4)]),
        ("a: !!str no\n", [("yaml.tag", 1, 4)]),
        ("a: !mine [1]\n", [("yaml.tag", 1, 4)]),
        ("a: 1\nb: 2\na: 3\n", [("yaml.duplicate-key", 3, 1)]),
        ("x: {a: 1, a: 2}\n", [("yaml.duplicate-key", 1, 11)]),
        ("a: 1\n? [b, c]\n: 2\n", [("yaml.key-not-text", 2, 3)]),
        ("a:\n\tb: 1\n", [("yaml.tab", 2, 1)]),
        ("a: 1\n---\nb: 2\n", [("yaml.second-document", 2, 1)]),
        ("a: 1\nb: \x07\n", [("yaml.control-character", 2, 4)]),
        ("", [("yaml.empty", 1, 0)]),
        ("# only a remark\n", [("yaml.empty", 1, 0)]),
    ],
)
def test_what_is_not_used_here_is_refused_at_its_place(
    text: str, expected: list[tuple[str, int, int]]
) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: [1, 2\nb: 3\n", "bracket", 2),
        ("a: [1, 2\n\n", "bracket", 1),
        ("a: {x: 'b' y: 2}\n", "bracket", 1),
        ("a: [x] more\n", "after-bracket", 1),
        ("b: 1\na: 'open\nc: 2\n", "quote", 2),
        ("a: 'it's'\n", "quote", 1),
        ('a: "x" y\n', "quote", 1),
        ('a: "C:\\q"\n', "backslash", 1),
        ("a: b: c\n", "colon", 1),
        ("a: {x: Part 1: b, y: 2}\n", "colon", 1),
        ("a: 1\nb\nc: 1\n", "colon-missing", 2),
        ("a:b\nc: 1\n", "colon-missing", 1),
        ("a: %x\n", "sign", 1),
        ("a: > 5 days\n", "sign", 1),
        ("a: - b\n", "list-on-line", 1),
        ("- a\nb: 1\n", "indentation", 2),
        ("a: 1\n  b: 2\n", "indentation", 2),
        ("a:\n    b: 1\n  c: 2\n", "indentation", 3),
        ("a:\n  - x\n  y: 1\n", "indentation", 3),
        ("  a: 1\nb: 2\n", "indentation", 2),
        ("a: “Part 1: b”\n", "word-quotes", 1),
    ],
)
def test_what_is_not_yaml_is_told_by_its_cause_with_its_line_in_three_languages(
    text: str, code: str, line: int
) -> None:
    (problem,) = problems(text)
    assert (problem.code, problem.place.line) == (f"yaml.{code}", line)
    for language in ("en", "sq", "ro"):
        said = describe(problem, language)
        assert text.split("\n")[line - 1].strip() in said
        assert language == "en" or not re.search(
            "expected|found|mapping|token|scalar", said.replace("token", "")
        )


def test_a_line_that_is_shown_is_short_and_keeps_a_secret() -> None:
    (problem,) = problems("token: 0123456789abcdef: x\n")
    assert problem.params["line"] == "token:…"
    (problem,) = problems(f"a: {'word ' * 40}: b: c\n")
    assert len(str(problem.params["line"])) == 60


@pytest.mark.parametrize("quoted", ["“Kursi”", "„Kursi”", "”Kursi”", "„Kursi” i parë"])
def test_a_value_in_a_word_processors_quotes_is_told_and_quoted_texts_may_hold_them(quoted: str) -> None:
    assert told(f"a: {quoted}\n") == [("yaml.word-quotes", 1, 4)]
    assert parse_yaml(f'a: "{quoted}"\nb: |\n  {quoted}\n', "a.yaml").data == {
        "a": quoted,
        "b": f"{quoted}\n",
    }


@pytest.mark.parametrize(
    ("written", "meant"),
    [("{answer: 12,5}", ["12.5"]), ("{a: 0,5, b: 1,5}", ["0.5", "1.5"]), ("{score: 12,5%}", ["12.5%"])],
)
def test_a_decimal_comma_between_curly_brackets_is_told_as_such(written: str, meant: list[str]) -> None:
    found = problems(f"x: {written}\n")
    assert [(one.code, one.params["suggestion"]) for one in found] == [
        ("yaml.number-comma", m) for m in meant
    ]


def test_numbers_as_keys_between_curly_brackets_stay_keys() -> None:
    assert parse_yaml("{1: 5, 2: 6}\n", "a.yaml").data == {"1": 5, "2": 6}


def test_a_duplicate_key_names_the_line_of_the_first() -> None:
    (problem,) = problems("a: 1\n\nb: 2\na: 3\n")
    assert problem.params == {"key": "a", "first_line": 1}


def test_all_that_is_wrong_is_told_in_one_pass() -> None:
    assert [code for code, _, _ in told("a: &x 1\nb: !t 2\na: 3\nc: [\n")] == [
        "yaml.alias",
        "yaml.tag",
        "yaml.duplicate-key",
        "yaml.bracket",
    ]


def test_lines_count_from_where_the_text_begins_in_its_file() -> None:
    assert problems("a: 1\na: 2\n", first_line=10)[0].place == Place("a.yaml", 11, 1)


@pytest.mark.parametrize(
    "bomb",
    [
        "[" * 100000,
        '["]",' * 50000,
        "{a: " * 50000,
        "? " * 50000,
        "- " * 50000,
        "- ? " * 25000,
        "? " + "- " * 50000,
        "\n".join(" " * level + "a:" for level in range(1500)),
    ],
    ids=[
        "lists",
        "lists-with-brackets-in-texts",
        "maps",
        "keys",
        "dashes",
        "mixed",
        "key-of-dashes",
        "indents",
    ],
)
def test_nesting_without_end_is_refused_at_once(bomb: str) -> None:
    started = time.monotonic()
    (problem,) = [one for one in problems(bomb) if one.code != "yaml.key-not-text"]
    assert (problem.code, problem.params) == ("yaml.too-deep", {"limit": MAX_DEPTH})
    assert problem.place.line >= 1
    assert time.monotonic() - started < 2


def test_nesting_up_to_the_limit_is_read() -> None:
    assert parse_yaml("[" * MAX_DEPTH + "]" * MAX_DEPTH, "a.yaml").data
    assert told("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))[0][0] == "yaml.too-deep"


def test_an_alias_bomb_stays_as_small_as_it_is_written() -> None:
    lines = ['a0: &a0 ["lol", "lol"]']
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert {one.code for one in problems("\n".join(lines))} == {"yaml.alias"}


def test_a_file_larger_than_the_limit_is_not_even_opened(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_bytes(b"# " + b"x" * MAX_BYTES)
    with pytest.raises(ContentError) as caught:
        read_yaml(path, root=tmp_path)
    assert caught.value.problem.code == "yaml.too-large"


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [(b"a: 1\nb: \xff\n", "yaml.not-utf8", 2), ("a: ç".encode("latin-1"), "yaml.not-utf8", 1)],
)
def test_a_file_that_is_not_utf8_is_refused_with_the_line(
    tmp_path: Path, content: bytes, code: str, line: int
) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    with pytest.raises(ContentError) as caught:
        read_yaml(path, root=tmp_path)
    assert (caught.value.problem.code, caught.value.problem.place) == (code, Place("a.yaml", line))


def test_a_file_that_is_not_there_is_a_problem_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ContentError) as caught:
        read_yaml(tmp_path / "sub" / "none.yaml", root=tmp_path)
    assert (caught.value.problem.code, caught.value.problem.place.file) == (
        "yaml.not-readable",
        "sub/none.yaml",
    )


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes("\ufeffa: 1\r\nb: çë\r\n".encode())
    assert read_yaml(path, root=tmp_path).data == {"a": 1, "b": "çë"}


# --- where files may lie ---------------------------------------------------------------------------------


@pytest.fixture
def academy(tmp_path: Path) -> Path:
    folder = tmp_path / "academy"
    (folder / ".lms-sync").mkdir(parents=True)
    (folder / ".lms-sync" / "token").write_text("0123456789abcdef0123456789abcdef\n", encoding="utf-8")
    (tmp_path / "other.yaml").write_text("a: 1\n", encoding="utf-8")
    (folder / "good.yaml").write_text("a: 1\n", encoding="utf-8")
    return folder


def code_of(path: Path, root: Path) -> str:
    with pytest.raises(ContentError) as caught:
        read_yaml(path, root=root)
    return caught.value.code


@pytest.mark.skipif(os.name == "nt", reason="making a link needs a privilege there")
@pytest.mark.parametrize("target", ["../other.yaml", ".lms-sync/token", "/dev/zero", "/etc/passwd"])
def test_a_link_that_leads_out_or_to_the_secrets_is_not_read(academy: Path, target: str) -> None:
    (academy / "course.yaml").symlink_to(target)
    assert code_of(academy / "course.yaml", academy) == "yaml.outside"


def test_a_path_that_leads_out_or_to_the_secrets_is_not_read(academy: Path) -> None:
    assert code_of(academy / ".." / "other.yaml", academy) == "yaml.outside"
    assert code_of(academy / ".lms-sync" / "token", academy) == "yaml.outside"


@pytest.mark.skipif(os.name == "nt", reason="making a link needs a privilege there")
def test_a_link_within_the_academy_is_read(academy: Path) -> None:
    (academy / "course.yaml").symlink_to("good.yaml")
    assert read_yaml(academy / "course.yaml", root=academy).data == {"a": 1}


@pytest.mark.skipif(os.name == "nt", reason="POSIX has devices and pipes among its files")
@pytest.mark.parametrize("kind", ["device", "pipe"])
def test_what_never_ends_is_not_read(tmp_path: Path, kind: str) -> None:
    path = Path("/dev/zero")
    if kind == "pipe":
        path = tmp_path / "a.yaml"
        os.mkfifo(path)
    assert code_of(path, path.parent) == "yaml.not-a-file"


@pytest.mark.parametrize("text", ["0123456789abcdef0123456789abcdef", "12345678901234567", "[abc]", "true"])
def test_a_secret_in_the_place_of_a_file_is_not_shown(text: str) -> None:
    with pytest.raises(ContentError) as caught:
        load_model(parse_yaml(text, "course.yaml"), _Whole)
    assert text.strip("[]") not in str([problem.params for problem in caught.value.problems])


# --- models --------------------------------------------------------------------------------------------


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    minutes: int = Field(ge=1, le=600)
    kind: str = "lesson"


class _Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str
    parts: list[_Part] = []


def test_every_wrong_key_and_value_is_named_with_its_place_and_likeness() -> None:
    document = parse_yaml(
        "titel: A\nparts:\n  - {minutes: 0}\n  - {minuts: 5}\n  - {minutes: many}\n  - {kind: x}\n", "c.yaml"
    )
    with pytest.raises(ContentError) as caught:
        load_model(document, _Whole)
    found = [(one.code, str(one.place)) for one in caught.value.problems]
    assert found == [
        ("yaml.unknown-key-similar", "c.yaml:1:8"),  # and not also that title is missing
        ("yaml.below-limit", "c.yaml:3:15"),
        ("yaml.unknown-key-similar", "c.yaml:4:14"),
        ("yaml.needs-whole-number", "c.yaml:5:15"),
        ("yaml.missing-key", "c.yaml:6:5"),
    ]


class _Kinds(BaseModel):
    model_config = ConfigDict(extra="forbid")
    version: str = ""
    title: LocalizedText | None = None
    minutes: int = 0
    weight: float = 0
    active: bool = False
    span: datetime.timedelta | None = None
    day: datetime.date | None = None
    words: list[str] = []
    part: _Part | None = None
    short: Annotated[str, Field(pattern="^a$")] = "a"
    mode: Literal["on", "off", "auto"] = "on"


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("version: 1.10", "needs-text", '"1.10"'),
        ("title: 5", "needs-text", '"5"'),
        ("title: {sq: 5}", "needs-text", '"5"'),
        ("version: [Draft]", "needs-text-alone", "["),
        ("minutes: half", "needs-whole-number", "30"),
        ("minutes: 1.5", "needs-whole-number", "1.5"),
        ("weight: much", "needs-number", "3.5"),
        ("active: maybe", "needs-true-or-false", "true"),
        ("span: 30 min", "needs-duration", "PT1H30M"),
        ("day: 2.3.2026", "needs-date", "2026-03-02"),
        ("words: one", "needs-list", "-"),
        ("words: [1]", "needs-text", "words (1)"),
        ("part: 3", "needs-map", "3"),
        ("minutes:", "value-missing", "minutes"),
        ("short: b", "wrong-value", "b"),
        ("mode: never", "wrong-choice", "on, off, auto"),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_once_and_in_the_readers_words(
    text: str, code: str, words: str
) -> None:
    with pytest.raises(ContentError) as caught:
        load_model(parse_yaml(text, "c.yaml"), _Kinds)
    (problem,) = caught.value.problems
    assert problem.code == f"yaml.{code}"
    for language in ("en", "sq", "ro"):
        said = describe(problem, language)
        assert words in said
        assert not re.search("should|Input|valid|pattern|timedelta| or '", said)


def test_an_unknown_key_where_no_key_is_known_leaves_no_empty_list_behind() -> None:
    class Nothing(BaseModel):
        model_config = ConfigDict(extra="forbid")

    with pytest.raises(ContentError) as caught:
        load_model(parse_yaml("a: 1", "c.yaml"), Nothing)
    assert caught.value.code == "yaml.unknown-key-alone"
    assert not any(": -" in describe(caught.value.problem, language) for language in ("en", "sq", "ro"))


@pytest.mark.parametrize("text", ["just a word", "- a\n- b\n", "12", "~"])
def test_a_file_of_the_wrong_shape_is_a_problem_and_no_surprise(text: str) -> None:
    with pytest.raises(ContentError) as caught:
        load_model(parse_yaml(text, "c.yaml"), _Whole)
    assert caught.value.problem.place.file == "c.yaml"


def test_of_very_many_problems_the_first_are_told_at_once() -> None:
    text = "title: A\n" + "".join(f"titl{number}: 1\n" for number in range(50_000))
    document = parse_yaml(text, "c.yaml")
    started = time.perf_counter()
    with pytest.raises(ContentError) as caught:
        load_model(document, _Whole)
    assert time.perf_counter() - started < 5
    assert len(caught.value.problems) == MAX_PROBLEMS + 1
    last = caught.value.problems[-1]
    assert (last.code, last.params) == ("yaml.more-problems", {"n": 50_000 - MAX_PROBLEMS})
