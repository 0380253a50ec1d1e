"""`apply --canary`: one site first, the others only where it went well there."""

from __future__ import annotations

from pathlib import Path

import click

from authoring.problems import LmsSyncError, Refused
from lms_sync.cli import outcome
from lms_sync.settings import load_settings


def canary_first(folder: Path, canary: str) -> int:
    """Runs the current `apply` for one site, and where nothing was left or refused there for each other site.

    Sites that are only read are left out. What goes wrong on one of the others is told and stops no other.
    """
    language = outcome.reader_language(folder)
    settings = load_settings(folder)
    first, site = settings.site(canary)
    if site.read_only:
        raise Refused("apply.read-only", site=first)
    _head(first, language, "canary.first")
    code = _apply(first)
    others = [name for name, one in settings.sites.items() if name != first and not one.read_only]
    if code != outcome.DONE:
        click.echo(outcome.say("canary.stopped", language, site=first, n=len(others)), err=True)
        return code
    left: list[str] = []
    for name in others:
        _head(name, language, "canary.then")
        try:
            code = _apply(name)
        except LmsSyncError as error:
            outcome.print_problems(error.problems, language)
            code = error.exit_code
        if code != outcome.DONE:
            left.append(name)
    done = 1 + len(others) - len(left)
    click.echo(outcome.say("canary.done", language, n=done, left=", ".join(left) or "–"))
    return outcome.PARTLY if left else outcome.DONE


def _apply(site: str) -> int:
    context = click.get_current_context()
    asked = {**context.params, "site_name": site, "canary": None}
    code = context.invoke(context.command, **asked)
    assert isinstance(code, int)
    return code


def _head(site: str, language: str, code: str) -> None:
    click.echo(click.style(outcome.say(code, language, site=site), bold=True))
