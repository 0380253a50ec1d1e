"""Every message has its words in three languages, and words never fail."""

from __future__ import annotations

import ast
import json
import re
import string
import tomllib
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from authoring import messages
from authoring.messages import LANGUAGES, PACKAGES, catalogue, describe, remedy, text
from authoring.problems import Coded, Place, Problem

ROOT = Path(__file__).resolve().parents[2]
_FILE_NAME = re.compile(
    r"\.(yaml|yml|csv|toml|json|xml|md|py|pyi|html|css|js|zip|db|pem|pdf|typ|txt|xlsx|svg|org|example|j2)$"
)
_CODE = re.compile(r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_-]*$")


def _catalogue_files() -> list[Path]:
    return [
        ROOT / package / "messages" / f"{language}.toml" for package in PACKAGES for language in LANGUAGES
    ]


@cache
def _forms(language: str) -> dict[str, dict[str, dict[str, str]]]:
    """Code → part → plural form → text; a text without plural forms has the form "other" alone."""
    return {
        code: {
            part: dict(value) if isinstance(value, dict) else {"other": str(value)}
            for part, value in entry.items()
        }
        for code, entry in catalogue(language).items()
    }


def _texts(language: str) -> Iterator[tuple[str, str]]:
    for code, parts in _forms(language).items():
        for part, forms in parts.items():
            for form, value in forms.items():
                yield f"{code} ({part}, {form})", value


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def _parts() -> set[str]:
    return {code.partition(".")[0] for code in catalogue("en")}


def _is_code(value: object) -> bool:
    return isinstance(value, str) and bool(_CODE.match(value)) and not _FILE_NAME.search(value)


@cache
def _codes_in_sources() -> tuple[dict[str, str], dict[str, str]]:
    """Codes written whole, and beginnings of codes that are put together; each with where it stands."""
    whole: dict[str, str] = {}
    begun: dict[str, str] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "store" in path.parts:  # columns are named like codes there
                continue
            tree = ast.parse(path.read_text(encoding="utf-8"))
            joined = {
                id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
            }
            name = path.relative_to(ROOT).as_posix()
            for node in ast.walk(tree):
                if not isinstance(node, ast.JoinedStr | ast.Constant):
                    continue
                where = f"{name}:{node.lineno}"
                if isinstance(node, ast.JoinedStr):
                    first = node.values[0] if node.values else None
                    if isinstance(first, ast.Constant) and re.match(
                        r"^[a-z_]+\.[a-z0-9_-]*$", str(first.value)
                    ):
                        begun[str(first.value)] = where
                elif id(node) not in joined and _is_code(node.value):
                    whole[str(node.value)] = where
    return whole, begun


def test_every_code_that_the_programs_use_has_english_words() -> None:
    whole, begun = _codes_in_sources()
    known, parts = set(catalogue("en")), _parts()
    lacking = {
        code: where for code, where in whole.items() if code.partition(".")[0] in parts and code not in known
    }
    lacking |= {
        code + "…": where
        for code, where in begun.items()
        if code.partition(".")[0] in parts and not any(one.startswith(code) for one in known)
    }
    assert not lacking
    assert len(set(whole) & known) > 150  # the search finds what it is to find


@pytest.mark.parametrize("language", ["sq", "ro"])
def test_albanian_and_romanian_have_the_codes_and_parts_of_english(language: str) -> None:
    english, other = _forms("en"), _forms(language)
    assert sorted(other) == sorted(english)
    assert {code for code in english if set(english[code]) != set(other[code])} == set()


@pytest.mark.parametrize("language", ["sq", "ro"])
def test_albanian_and_romanian_name_the_values_that_english_names(language: str) -> None:
    english, other = _forms("en"), _forms(language)
    unequal = {
        code
        for code in english
        for part in english[code]
        if part in other.get(code, {})
        and _fields(english[code][part]["other"]) != _fields(other[code][part]["other"])
    }
    assert unequal == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_values_are_named_plainly(language: str) -> None:
    odd = {
        where for where, value in _texts(language) if any(not name.isidentifier() for name in _fields(value))
    }
    assert odd == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_texts_have_the_forms_that_the_language_has(language: str) -> None:
    wanted = set(Locale.parse(language).plural_form.tags) | {"other"}
    wrong = {
        f"{code} ({part})": sorted(forms)
        for code, parts in _forms(language).items()
        for part, forms in parts.items()
        if len(forms) > 1 and set(forms) != wanted
    }
    assert wrong == {}


@pytest.mark.parametrize("language", ["sq", "ro"])
def test_what_has_plural_forms_in_english_has_them_everywhere(language: str) -> None:
    english, other = _forms("en"), _forms(language)
    assert {
        code
        for code in english
        for part in english[code]
        if part in other.get(code, {}) and len(english[code][part]) > 1 and len(other[code][part]) == 1
    } == set()


@pytest.mark.parametrize("path", _catalogue_files(), ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_catalogues_are_written_in_composed_letters_with_the_languages_own_signs(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", written)
    if path.stem == "ro":
        assert not set("şţŞŢ") & set(written), "Romanian has a comma below ș and ț, not a cedilla"
    if path.stem == "sq":
        assert "ë" in written
    assert "\ufffd" not in written


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_code_is_in_two_catalogues(language: str) -> None:
    seen: dict[str, str] = {}
    for package in PACKAGES:
        path = ROOT / package / "messages" / f"{language}.toml"
        for code in tomllib.loads(path.read_text(encoding="utf-8")):
            assert code not in seen, f"{code} is in {seen[code]} and {package}"
            seen[code] = package


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_can_be_said_with_and_without_its_values(language: str) -> None:
    for code in catalogue(language):
        assert text(code, {}, language).strip()
        names = {
            name
            for forms in _forms(language)[code].values()
            for one in forms.values()
            for name in _fields(one)
        }
        said = text(code, {name: 3 if name == "n" else f"<{name}>" for name in names}, language)
        assert "{" not in said.replace("{n}", ""), code


def test_romanian_counts_with_its_three_forms() -> None:
    said = [text("check.errors", {"n": n}, "ro") for n in (1, 2, 19, 20, 21, 101)]
    forms = [re.sub(r"\d+", "n", one) for one in said]
    assert forms[1] == forms[2] == forms[5]
    assert len({forms[0], forms[1], forms[3]}) == 3
    assert forms[3] == forms[4]


_PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cs")))


@given(_PRINTABLE, _PRINTABLE, st.sampled_from(LANGUAGES))
def test_whatever_a_value_holds_is_said_as_it_is(key: str, similar: str, language: str) -> None:
    said = text("yaml.unknown-key-similar", {"key": key, "similar": similar}, language)
    assert key in said
    assert similar in said + str(
        remedy("yaml.unknown-key-similar", {"similar": similar, "key": key}, language)
    )


def test_a_code_without_words_is_said_with_its_values() -> None:
    assert text("no.such-code", {"a": 1}, "sq") == "no.such-code (a=1)"
    assert remedy("no.such-code", {}, "sq") is None


def test_an_unknown_language_is_answered_in_english() -> None:
    assert text("yaml.empty", {}, "de") == text("yaml.empty", {}, "en")


def test_a_problem_is_described_with_place_words_and_remedy() -> None:
    shown = describe(Problem("yaml.tab", {}, Place("quizzes/a.yaml", 3, 1)), "en").split("\n")
    assert shown[0].startswith("quizzes/a.yaml:3:1: ")
    assert shown[1].startswith("    ")
    warning = Problem("yaml.tab", {}, Place("a.yaml", 3), "warning")
    assert [describe(warning, language).split(": ")[1] for language in LANGUAGES] == [
        text("word.warning", {}, language) for language in LANGUAGES
    ]


@pytest.mark.parametrize("control", ["\x1b]0;x\x07", "\x1b[2J", "\x9b31m", "\x00", "\x7f", "\r", "\x85"])
def test_no_value_can_command_a_terminal(control: str) -> None:
    problem = Problem("yaml.not-readable", {"reason": f"a{control}b"}, Place(f"c{control}.yaml", 1))
    for said in (
        describe(problem, "en"),
        text("yaml.not-readable", problem.params, "sq"),
        text("no.such-code", problem.params, "en"),
        remedy("yaml.unknown-key", {"known": control}, "ro"),
    ):
        assert said is not None
        assert not [one for one in said if unicodedata.category(one) == "Cc" and one not in "\n\t"]
        assert "\N{REPLACEMENT CHARACTER}" in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_entry_read_alone_is_the_one_of_the_whole_catalogue(language: str) -> None:
    whole = catalogue(language)
    assert {code: messages._entry(language, code) for code in whole} == whole
    assert messages._entry(language, "no.such-code") is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_forms_are_those_of_the_language(language: str) -> None:
    rule = Locale.parse(language).plural_form
    assert [messages._plural_form(language, n) for n in range(321)] == [rule(n) for n in range(321)]


def test_a_value_with_words_of_its_own_is_said_in_the_language_and_plain_to_programs() -> None:
    reason = Coded("moodle.because-refused", "connection refused")
    said = {
        one: text("moodle.no-connection", {"url": "x", "reason": reason}, one) for one in ("en", "sq", "ro")
    }
    assert said["en"] == "x cannot be reached: connection refused."
    assert said["sq"] == "x nuk arrihet: lidhja u refuzua."
    assert said["ro"] == "x nu poate fi accesat: conexiune refuzată."
    assert json.dumps({"reason": reason}) == '{"reason": "connection refused"}'
