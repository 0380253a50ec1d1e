"""The jobs of the schedule on a terminal."""

from __future__ import annotations

from collections.abc import Iterable

import click

from authoring.messages import text
from lms_sync.jobs.status import JobRun


def print_job_runs(runs: Iterable[JobRun], language: str) -> None:
    """Prints a line for each due time: what became of it, how often it was begun, and begun again."""
    listed = list(runs)
    if listed:
        click.echo(text("jobs.runs-heading", {}, language))
    for one in listed:
        name = f"{one.job} {one.course}".strip()
        state = text(f"jobs.runs-{one.state}", {"by": one.covered_by}, language)
        click.echo(
            f"{one.id:>6}   {one.due_at:%Y-%m-%d %H:%M:%S} UTC  {name:<8} {state:<12} {_told(one, language)}".rstrip()
        )


def _told(one: JobRun, language: str) -> str:
    told: list[str] = []
    if one.restarts:
        told.append(text("jobs.runs-restarts", {"n": one.restarts}, language))
    elif one.starts > 1:
        told.append(text("jobs.runs-attempts", {"n": one.starts}, language))
    if one.missed:
        told.append(text("jobs.runs-missed", {"n": one.missed}, language))
    if one.error:
        told.append(one.error)
    told += [f"{name} {value}" for name, value in one.summary.items() if isinstance(value, int) and value]
    return ", ".join(told)
