"""The command's help in the reader's language: what each verb does, every option, headings, usage errors.

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

_LONGEST = 400  # letters of a first sentence


@cache
def help_words(language: str) -> Mapping[str, str]:
    """The words of a language by the English ones; none for English."""
    source = Path(__file__).resolve().parent / f"{language}.toml"
    return tomllib.loads(source.read_text(encoding="utf-8")) if source.is_file() else {}


def first_paragraph(help_text: str | None) -> str:
    """A verb's first paragraph, in one line."""
    return next(iter(_paragraphs(help_text)), "")


def _paragraphs(help_text: str | None) -> list[str]:
    """What a verb's help says, each paragraph in one line; but for those set as they are, which are examples."""
    parts = re.split(r"\n[ \t]*\n", help_text or "")
    return [" ".join(part.split()) for part in parts if part.strip() and "\b" not in part]


def words_to_translate(command: click.Command) -> Iterator[str]:
    """Every text of a verb that the reader's language must have."""
    yield from _paragraphs(command.help)
    short = command.short_help or ""
    if short and not first_paragraph(command.help).startswith(short.removesuffix(".")):  # see first_sentence
        yield short
    yield from (one.help for one in command.params if isinstance(one, click.Option) and one.help)


def in_language(command: click.Command, language: str) -> click.Command:
    """A copy of a verb, and of the verbs below it, that speaks a language."""
    words = help_words(language)
    made = copy.copy(command)
    made.context_class = type("_Context", (click.Context,), {"formatter_class": _formatter(language)})
    if words:
        _translate(made, words)
    if isinstance(made, click.Group):
        made.commands = {name: in_language(one, language) for name, one in made.commands.items()}
        for one in made.commands.values():
            one.short_help = first_sentence(one)
    return made


def first_sentence(command: click.Command) -> str:
    """What a list of verbs says of one: whole, where click would cut it off with dots. It may take several lines."""
    return command.get_short_help_str(_LONGEST)


def _translate(made: click.Command, words: Mapping[str, str]) -> None:
    if made.help:
        made.help = _PARAGRAPH.sub(lambda found: _paragraph(found[1], found[2], words), made.help)
    if made.short_help:
        made.short_help = words.get(made.short_help, made.short_help)
    made.params = [_option(one, words) for one in made.params]


_PARAGRAPH = re.compile(r"(?s)([ \t]*)(\S.*?)(?=\n[ \t]*\n|\s*\Z)")


def _paragraph(indent: str, said: str, words: Mapping[str, str]) -> str:
    """A paragraph in the language, indented as before: click takes away what all lines are indented by."""
    if "\b" in said:
        return indent + re.sub(
            r"(?m)^([ \t]*)(Examples?:)$", lambda found: found[1] + words.get(found[2], found[2]), said
        )
    english = " ".join(said.split())
    return indent + words.get(english, english)


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
            translated = []
            for first, text_said in rows:
                said = words.get(text_said, text_said)
                for clicks_own in ("[required]", "[default: "):
                    said = said.replace(clicks_own, words.get(clicks_own, clicks_own))
                translated.append((first, said))
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
            said = text("usage.missing", {"name": _name(error)}, language)
            asked = error.param.help if isinstance(error.param, click.Option) else None
            return f"{said}\n    {asked}" if asked else said  # what to give there
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
