"""The command's help in the reader's language: the first paragraph of each verb, every option, headings, usage errors.

English stands in the code; `sq.toml` and `ro.toml` beside this file have the same words by the English ones.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import click
from click.exceptions import BadParameter, MissingParameter, NoSuchOption

from authoring.messages import text


@cache
def help_words(language: str) -> Mapping[str, str]:
    """The words of a language by the English ones; none for English."""
    source = Path(__file__).resolve().parent / f"{language}.toml"
    return tomllib.loads(source.read_text(encoding="utf-8")) if source.is_file() else {}


def first_paragraph(help_text: str | None) -> str:
    """A verb's first paragraph, in one line."""
    return " ".join((help_text or "").split("\n\n", 1)[0].replace("\b", "").split())


def words_to_translate(command: click.Command) -> Iterator[str]:
    """Every text of a verb that the reader's language must have."""
    if command.help:
        yield first_paragraph(command.help)
    if command.short_help:
        yield command.short_help
    yield from (one.help for one in command.params if isinstance(one, click.Option) and one.help)


def in_language(command: click.Command, language: str) -> click.Command:
    """A copy of a verb, and of the verbs below it, that speaks a language."""
    words = help_words(language)
    made = copy.copy(command)
    made.context_class = type("_Context", (click.Context,), {"formatter_class": _formatter(language)})
    if not words:
        return made
    if made.help:
        _, gap, rest = made.help.partition("\n\n")
        first = first_paragraph(made.help)
        # Indented as before: click takes away what all lines are indented by.
        rest = re.sub(
            r"(?m)^([ \t]*)(Examples?:)$", lambda found: found[1] + words.get(found[2], found[2]), rest
        )
        made.help = words.get(first, first) + gap + rest
    if made.short_help:
        made.short_help = words.get(made.short_help, made.short_help)
    made.params = [_option(one, words) for one in made.params]
    if isinstance(made, click.Group):
        made.commands = {name: in_language(one, language) for name, one in made.commands.items()}
    return made


def _option(parameter: click.Parameter, words: Mapping[str, str]) -> click.Parameter:
    if not (isinstance(parameter, click.Option) and parameter.help):
        return parameter
    made = copy.copy(parameter)
    made.help = words.get(parameter.help, parameter.help)
    return made


@cache
def _formatter(language: str) -> type[click.HelpFormatter]:
    words = help_words(language)

    class Formatter(click.HelpFormatter):
        """Click's own headings in the language."""

        def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
            super().write_usage(prog, args, words.get("Usage: ") if prefix is None else prefix)

        def write_heading(self, heading: str) -> None:
            super().write_heading(words.get(heading, heading))

        def write_dl(self, rows: Iterable[tuple[str, str]], *arguments: Any, **named: Any) -> None:
            required = "[required]"
            translated = [
                (first, words.get(said, said).replace(required, words.get(required, required)))
                for first, said in rows
            ]
            super().write_dl(translated, *arguments, **named)

    return Formatter


# --- wrong usage --------------------------------------------------------------------------------

_VALUES = (  # what click's types say about a value
    (r"'(?P<value>.*)' is not one of (?P<known>.*)\.", "usage.not-one-of"),
    (r"'(?P<value>.*)' is not a valid integer( range)?\.", "usage.no-number"),
    (r"(?P<value>.*) is not in the range (?P<known>.*)\.", "usage.out-of-range"),
    (r"(File|Path|Directory) '(?P<value>.*)' does not exist\.", "usage.no-file"),
)


def usage_error(error: click.UsageError, language: str) -> str:
    """What was wrong with the command line, with the usage of the verb and where its help is."""
    lines: list[str] = []
    if error.ctx is not None:
        lines += [
            error.ctx.get_usage(),
            text("usage.try-help", {"command": error.ctx.command_path}, language),
            "",
        ]
    return "\n".join([*lines, _what(error, language)])


def _what(error: click.UsageError, language: str) -> str:
    match error:
        case NoSuchOption():
            similar = ", ".join(sorted(error.possibilities or ()))
            code = "usage.no-such-option-similar" if similar else "usage.no-such-option"
            return text(code, {"option": error.option_name, "similar": similar}, language)
        case MissingParameter():
            return text("usage.missing", {"name": _name(error)}, language)
        case BadParameter():
            return text(
                "usage.bad-value", {"name": _name(error), "said": _said(error.message, language)}, language
            )
        case _ if found := re.fullmatch(
            r"No such command '(.*)'\.?( Did you mean.*)?", error.format_message(), re.DOTALL
        ):
            return text("usage.no-such-verb", {"verb": found.group(1)}, language)
        case _:
            return text("usage.other", {"said": error.format_message()}, language)


def _name(error: BadParameter) -> str:
    if error.param is not None:
        return error.param.get_error_hint(error.ctx) if error.ctx else error.param.opts[0]
    return str(error.param_hint or "-")


def _said(message: str, language: str) -> str:
    for pattern, code in _VALUES:
        if found := re.fullmatch(pattern, message):
            return text(code, {"value": "", "known": "", **found.groupdict()}, language)
    return message
