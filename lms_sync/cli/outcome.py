"""How a verb ends: exit codes, errors in words in the reader's language, nothing half-said."""

from __future__ import annotations

import errno
import locale
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from authoring.messages import LANGUAGES, describe, text
from authoring.problems import LmsSyncError, Problem

DONE = 0
ERROR = 1
CHANGES = 2
REFUSED = 3
PARTLY = 4
WRONG_USAGE = 64

_SHOWN = 200
_LANGUAGE_LINE = re.compile(r"(?m)^language[ \t]*:([^#\n]*)")
"""Of config.yaml; deeper in it, a line is indented."""


def reader_language(folder: Path | None = None) -> str:
    """The language for messages: LMS_SYNC_LANGUAGE, else the configuration's, else the system's, else English."""
    chosen = os.environ.get("LMS_SYNC_LANGUAGE", "")
    if chosen in LANGUAGES:
        return chosen
    if folder is not None and (named := _configured_language(folder / "config.yaml")):
        return named
    system = (os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or "")[:2]
    if not system:
        system = (locale.getlocale()[0] or "")[:2]
    return system if system in LANGUAGES else "en"


def _configured_language(config: Path) -> str:
    """The language that a configuration names, whatever is wrong with the rest of it; nothing where it names an unknown one.

    Reading all of it would load what most verbs do without, for one word.
    """
    try:
        written = _LANGUAGE_LINE.findall(config.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        return ""
    named = written[0].strip().strip("\"'") if written else "en"  # as lms_sync.settings has it
    return named if named in LANGUAGES and len(written) < 2 else ""


def say(code: str, language: str, /, **params: object) -> str:
    """A catalogue text, for printing."""
    return text(code, params, language)


def print_problems(problems: Iterable[Problem], language: str) -> None:
    """Problems on standard error, the first 200 and a count of the rest."""
    listed = list(problems)
    for problem in listed[:_SHOWN]:
        click.echo(describe(problem, language), err=True)
    if len(listed) > _SHOWN:
        click.echo(say("word.and-more", language, n=len(listed) - _SHOWN), err=True)


def _folder_from_arguments() -> Path:
    arguments = sys.argv[1:]
    for position, argument in enumerate(arguments):
        if argument == "--dir" and position + 1 < len(arguments):
            return Path(arguments[position + 1])
        if argument.startswith("--dir="):
            return Path(argument.removeprefix("--dir="))
    return Path()


def asked_language() -> str:
    """The reader's language by what was typed, before a verb has read its options."""
    return reader_language(_folder_from_arguments())


def run_command(command: click.Command) -> int:
    """Runs the command line; its exit code. No traceback reaches the user (LMS_SYNC_DEBUG=1 shows it)."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        result = command.main(standalone_mode=False)
        return result if isinstance(result, int) else DONE
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return WRONG_USAGE
    except click.UsageError as error:
        from lms_sync.cli.help_words import usage_error

        click.echo(usage_error(error, asked_language()), err=True)
        return WRONG_USAGE
    except click.ClickException as error:
        error.show()
        return ERROR
    except click.exceptions.Exit as error:
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("\n" + say("command.stopped", reader_language(_folder_from_arguments())), err=True)
        return 130
    except LmsSyncError as error:
        print_problems(error.problems, reader_language(_folder_from_arguments()))
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
        return DONE
    except OSError as error:
        return _os_error(error)
    except Exception as error:  # noqa: BLE001 - the last resort: a user never sees a traceback
        return _unexpected(error)


def _os_error(error: OSError) -> int:
    _maybe_traceback()
    language = reader_language(_folder_from_arguments())
    code = "files.disk-full" if error.errno == errno.ENOSPC else "files.cannot-use"
    params = {"path": error.filename or "-", "reason": error.strerror or str(error)}
    print_problems([Problem(code, params)], language)
    return ERROR


def _unexpected(error: Exception) -> int:
    _maybe_traceback()
    origin = type(error).__name__
    language = reader_language(_folder_from_arguments())
    if type(error).__module__.partition(".")[0] in ("sqlalchemy", "sqlite3", "psycopg"):
        from lms_sync.store.failures import database_problem

        if (known := database_problem(error)) is not None:
            print_problems([known], language)
            return ERROR
    if origin in ("OperationalError", "DatabaseError", "IntegrityError"):
        reason = str(getattr(error, "orig", error)).split("\n", 1)[0]
        print_problems([Problem("database.failed", {"reason": reason})], language)
    else:
        print_problems(
            [Problem("command.unexpected", {"kind": origin, "reason": str(error)[:300]})], language
        )
    return ERROR


def _maybe_traceback() -> None:
    if os.environ.get("LMS_SYNC_DEBUG") == "1":
        import traceback

        traceback.print_exc()
