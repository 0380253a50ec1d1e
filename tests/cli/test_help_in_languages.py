"""The command's help and its errors of usage speak the reader's language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import click
import pytest

from authoring.messages import LANGUAGES
from lms_sync.cli import VERBS, commands
from lms_sync.cli.help_words import help_words, words_to_translate
from lms_sync.package_data import config_example

OTHERS = [language for language in LANGUAGES if language != "en"]


def _all(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for verb in command.list_commands(context):
            below = command.get_command(context, verb)
            assert below is not None
            yield from _all(below, f"{name} {verb}")


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMS_SYNC_LANGUAGE", "en")  # for what is read without the command


def test_every_verb_and_option_speaks_every_language() -> None:
    wanted = {word: name for name, verb in _all(commands, "lms-sync") for word in words_to_translate(verb)}
    assert len(wanted) >= 60
    for language in OTHERS:
        words = help_words(language)
        missing = [f"{name}: {word}" for word, name in wanted.items() if not words.get(word)]
        assert not missing, f"{language}.toml of lms_sync/cli/help_words lacks:\n" + "\n".join(missing)
        left_in_english = [word for word in wanted if words[word] == word]
        assert not left_in_english


def test_no_words_are_kept_that_nobody_says() -> None:
    said = {word for _, verb in _all(commands, "lms-sync") for word in words_to_translate(verb)}
    said |= {f"For the {person}" for person in VERBS if person != "everyone"} | {"For everyone"}
    said |= {
        "Usage: ",
        "Options",
        "Commands",
        "[required]",
        "[default: ",
        "Show this message and exit.",
        "Example:",
        "Examples:",
    }
    for language in OTHERS:
        assert set(help_words(language)) <= said
        assert set(help_words(language)) == set(help_words(OTHERS[0]))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("sq", ("Përdorimi: ", "Opsionet:", "Shembuj:", "Dosja e akademisë", "Trego këtë mesazh")),
        ("ro", ("Utilizare: ", "Opțiuni:", "Exemple:", "Dosarul academiei", "Arată acest mesaj")),
        ("en", ("Usage: ", "Options:", "Examples:", "The academy folder", "Show this message")),
    ],
)
def test_the_help_of_a_verb_follows_the_language(command: Any, language: str, said: tuple[str, ...]) -> None:
    ended = command("plan", "--help", language=language)
    assert ended.code == 0
    assert all(one in ended.out for one in said)
    assert said[0] in command("--help", language=language).out


@pytest.mark.parametrize(
    ("language", "begins"),
    [("en", "Of a quiz it writes"), ("sq", "Për një test shkruan"), ("ro", "Pentru un test scrie")],
)
def test_the_longer_explanation_of_a_verb_is_set_as_its_first_sentence_is(
    command: Any, language: str, begins: str
) -> None:
    explained = command("preview", "--help", language=language).out.split("lms-sync preview courses", 1)[0]
    assert f"\n  {begins}" in explained
    assert not re.search(r"\S {3,}\S", explained)  # no indentation of the source within a line


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_of_verbs_says_of_each_a_whole_sentence(command: Any, language: str) -> None:
    for group in ((), ("people",), ("certificates",), ("report",)):
        assert "..." not in command(*group, "--help", language=language).out.replace("[ARGS]...", "")


def test_the_language_of_the_academy_counts_where_no_other_is_asked_for(
    command: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    config = re.sub(r"(?m)^language: \w+$", "language: ro", config_example(), count=1)
    (tmp_path / "config.yaml").write_text(config, encoding="utf-8")
    assert "Utilizare: " in command("plan", "--dir", tmp_path, "--help", language="").out


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--cours", "x"),
        ("plan", "--nothing-like-it"),
        ("serve", "--port", "abc"),
        ("serve", "--port", "99999999"),
        ("init", "--language", "xx"),
        ("adopt",),
        ("approve",),
        ("nix",),
        ("plan", "one", "two"),
        ("report", "nix"),
    ],
)
def test_wrong_usage_is_told_in_the_language(command: Any, language: str, arguments: tuple[str, ...]) -> None:
    ended = command(*arguments, language=language)
    assert (ended.code, ended.out) == (64, "")
    begins = {"en": "Usage: ", "sq": "Përdorimi: ", "ro": "Utilizare: "}[language]
    assert ended.err.startswith(begins)
    assert "usage." not in ended.err  # no code without words
    if language != "en":
        for english in ("Error", "No such", "Missing", "Invalid", "Did you mean", "is not"):
            assert english not in ended.err
