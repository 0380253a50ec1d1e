"""The jobs of the schedule on a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo

import click

from authoring.messages import text
from lms_sync.jobs.status import JobRun


def print_job_runs(runs: Iterable[JobRun], language: str, zone: tzinfo) -> None:
    """Prints a line for each due time, in times of `zone`: what became of it, how often it was begun, and begun again."""
    listed = list(runs)
    if listed:
        click.echo(text("jobs.runs-heading", {}, language))
    for one in listed:
        name = f"{one.job} {one.course}".strip()
        code = "again" if one.state == "waiting" and one.error else one.state
        state = text(f"jobs.runs-{code}", {"by": one.covered_by}, language)
        due = one.due_at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")
        click.echo(f"{one.id:>6}   {due}  {name:<8} {state:<20} {_told(one, language)}".rstrip())
    if any(one.error for one in listed):
        click.echo(text("jobs.runs-why", {}, language))


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
    counted = {
        name: value for name, value in one.summary.items() if name != "pages"
    }  # it says how it was read
    told += [f"{name} {value}" for name, value in counted.items() if isinstance(value, int) and value]
    return ", ".join(told)
