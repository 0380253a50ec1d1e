"""A plan and a run as a person reads them: signs, what from what to what, reasons, counts."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

import click

from authoring.messages import describe, printable, remedy, text
from authoring.problems import Problem
from lms_sync.apply import ApplyReport
from lms_sync.cli.drift_output import print_kept, print_sides
from lms_sync.cli.field_values import UTC, parts, shown_values
from lms_sync.people.names import with_names
from lms_sync.plan import SIGNS, Action, Change, Kind, Plan

_COLOURS = {
    Action.CREATE: "green",
    Action.UPDATE: "yellow",
    Action.MOVE: "yellow",
    Action.HIDE: "yellow",
    Action.REFUSE: "red",
    Action.BY_HAND: "magenta",
    Action.KEEP: None,
}
# Kinds of which there may be hundreds: more than a few are told as a count.
_MANY = (
    Kind.QUESTION,
    Kind.EVENT,
    Kind.ACCOUNT,
    Kind.COHORT,
    Kind.COHORT_MEMBER,
    Kind.GROUP,
    Kind.ENROLMENT,
    Kind.GROUP_MEMBER,
    Kind.OVERRIDE,
)
_FEW = 3
# Fields that are fingerprints: that they differ says it all to a person.
_CONTENT = {(Kind.ACTIVITY, "sha1"): "plan.new-package", (Kind.QUESTION, "content"): "plan.new-content"}


Names = Mapping[str, str]
"""Names of people by idnumber and by `user-<id>` (lms_sync.people.names)."""


def print_plan(
    plan: Plan,
    language: str,
    *,
    every: bool = False,
    zone: datetime.tzinfo = UTC,
    names: Names | None = None,
) -> None:
    """Prints a plan on standard output; `every` lists each object, also those that stay. Times are in `zone`."""
    for kind in Kind:
        changes = [change for change in plan.changes if change.kind is kind]
        for action in Action:
            _print_group([one for one in changes if one.action is action], language, every, zone, names or {})
    print_kept(plan, language, zone)
    counts = plan.counts()
    if not plan.work and not plan.refused and not plan.kept_edits and not plan.by_hand:
        click.echo(text("plan.nothing", {"n": counts["keep"]}, language))
        return
    click.echo(
        text(
            "plan.counts",
            {**counts, "update": counts["update"] + counts["move"]},
            language,
        )
    )
    if plan.by_hand:
        click.echo(text("plan.by-hand-counted", {"n": len(plan.by_hand)}, language))
    if plan.is_fused:
        click.echo(text("plan.fused", {"n": plan.observed}, language))


_PEOPLE = (Kind.ACCOUNT, Kind.COHORT_MEMBER, Kind.ENROLMENT, Kind.GROUP_MEMBER, Kind.OVERRIDE)


def _said(change: Change, names: Names) -> str:
    return printable(with_names(change.key, names) if change.kind in _PEOPLE else change.key)


def _print_group(
    changes: list[Change], language: str, every: bool, zone: datetime.tzinfo, names: Names
) -> None:
    if not changes:
        return
    first = changes[0]
    if first.action is Action.KEEP and not every:
        return
    sign = click.style(SIGNS[first.action], fg=_COLOURS[first.action], bold=True)
    kind = text(f"kind.{first.kind.name.lower().replace('_', '-')}", {}, language)
    if first.kind in _MANY and len(changes) > _FEW and not every:
        first_few = ", ".join(_said(change, names) for change in changes[:_FEW])
        click.echo(f"{sign} {kind}: {len(changes)} ({first_few}, …)")
        for reason in sorted({change.reason for change in changes if change.reason}):
            _print_reason(reason, language)
        return
    for change in changes:
        click.echo(f"{sign} {kind} {_said(change, names)}")
        if change.reason:
            _print_reason(change.reason, language)
        for loss in change.losses:
            click.echo(f"    {text(f'loss.{loss.kind.value}', {'n': loss.learners}, language)}")
        if change.reason == "plan.conflict":
            print_sides(change, language, zone)
        elif change.action in (Action.UPDATE, Action.MOVE, Action.REFUSE) or _is_different(change):
            for one in change.differences:
                if (change.kind, one.name) in _CONTENT:
                    click.echo(f"    {text(_CONTENT[change.kind, one.name], {}, language)}")
                else:
                    for name, values in parts(one.name, (one.before, one.after)):
                        before, after = shown_values(name, values, zone=zone)
                        click.echo(f"    {name}: {before} → {after}")


def _is_different(change: Change) -> bool:
    """Whether something by hand is there already, and otherwise than the files want it."""
    return change.action is Action.BY_HAND and any(one.before is not None for one in change.differences)


def _print_reason(code: str, language: str) -> None:
    click.echo(f"    {text(code, {}, language)}")
    if cure := remedy(code, {}, language):
        click.echo(f"    {cure}")


def print_lacking(capabilities: Sequence[str], language: str) -> None:
    """Says on standard error which capabilities the account lacks, before anything fails for the want of them."""
    if capabilities:
        params = {"capabilities": ", ".join(capabilities), "n": len(capabilities)}
        click.echo(
            describe(Problem("plan.capabilities-missing", params, severity="warning"), language), err=True
        )


def print_report(report: ApplyReport, language: str, *, names: Names | None = None) -> None:
    """Prints what a run did."""
    for odd in report.problems:
        click.echo(describe(odd, language), err=True)
    for warning in report.warnings:
        click.echo(text("apply.moodle-said", {"said": " ".join(warning.split())[:300]}, language), err=True)
    for change, problem in report.failed:
        kind = text(f"kind.{change.kind.name.lower().replace('_', '-')}", {}, language)
        click.echo(f"! {kind} {_said(change, names or {})}: {describe(problem, language)}", err=True)
    if report.skipped:
        click.echo(text("apply.skipped", {"n": len(report.skipped)}, language), err=True)
    done = report.done
    click.echo(
        text(
            "apply.done",
            {
                "create": done.get("create", 0),
                "update": done.get("update", 0) + done.get("move", 0),
                "hide": done.get("hide", 0),
            },
            language,
        )
    )
