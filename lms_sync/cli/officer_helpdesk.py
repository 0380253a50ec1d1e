"""Verbs of the officer: helpdesk build, publish, pull, list, assign."""

from __future__ import annotations

import json
from pathlib import Path

import click

from lms_sync.cli.officer import folder_option, json_option
from lms_sync.cli.outcome import DONE, print_problems, reader_language, say


@click.group(short_help="The help desk: its site, its questions.")
def helpdesk() -> None:
    """The help desk: a site made from helpdesk/, answers for Moodle, questions from its forum."""


@helpdesk.command()
@folder_option
@json_option
def build(folder: Path, as_json: bool) -> int:
    """Build the help desk's site into build/helpdesk.

    The folder can be put on any web server as it is, or on a disk. The same files give the same bytes.

    \b
    Example:
      lms-sync helpdesk build --dir academy
    """
    from lms_sync.helpdesk_site import OUT, build_helpdesk

    language = reader_language(folder)
    built = build_helpdesk(folder)
    if as_json:
        report = {
            "folder": OUT.as_posix(),
            "pages": list(built.site.pages),
            "files": len(built.site.files),
            "bytes": sum(map(len, built.site.files.values())),
            "sha256": built.site.digest,
            "written": built.written,
            "removed": built.removed,
            "warnings": [problem.as_json() for problem in built.warnings],
        }
        click.echo(json.dumps(report, ensure_ascii=False, indent=1))
        return DONE
    print_problems(built.warnings, language)
    languages = ", ".join(built.desk.languages)
    click.echo(
        say("helpdesk.built", language, n=len(built.site.pages), languages=languages, folder=OUT.as_posix())
    )
    if built.written or built.removed:
        click.echo(say("helpdesk.built-changes", language, n=built.written, removed=built.removed))
    else:
        click.echo(say("helpdesk.built-nothing-new", language))
    return DONE
