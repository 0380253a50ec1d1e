"""Edits made in Moodle, and earlier runs, as a person reads them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from authoring.messages import printable, remedy, text
from lms_sync.applied import Run
from lms_sync.cli.field_values import UTC, parts, shown_values
from lms_sync.drift import FieldDrift, ObjectDrift, Settled, Standing, standing
from lms_sync.facts import ANSWER, PLUGIN_STREAMS
from lms_sync.plan import Change, Kind, Plan

if TYPE_CHECKING:
    from lms_sync.adopt_drift import Adoption

_SIGNS = {Standing.THEIRS: ("~", "yellow"), Standing.CONFLICT: ("!", "red"), Standing.UNKNOWN: ("!", "red")}
DRIFT_FORM, ADOPTION_FORM = "lms-sync-drift/1", "lms-sync-adoption/1"
_STREAMS = {*PLUGIN_STREAMS, ANSWER}  # of which `pull` counts new facts, each with a word of its own
_FEW = 3  # of one kind, that were deleted; more are told as a count


def kind_name(kind: Kind, language: str) -> str:
    """What a kind of object is called."""
    return text(f"kind.{kind.name.lower().replace('_', '-')}", {}, language)


def print_drift(settled: Settled, language: str, zone: datetime.tzinfo = UTC) -> None:
    """Prints every edit by object and field with its values."""
    for kind in Kind:
        ours = [one for one in settled.drift if one.kind is kind]
        _print_deleted([one for one in ours if one.deleted], settled, language)
        for one in ours:
            if not one.deleted:
                _print_object(one, language, zone)
    if any(field.standing is Standing.UNKNOWN for one in settled.drift for field in one.fields):
        click.echo(text("drift.base-unknown", {}, language))
    count = len(settled.drift)
    if not count:
        click.echo(text("drift.none", {}, language))
        return
    conflicts = sum(one.conflicts for one in settled.drift)
    click.echo(text("drift.counts", {"n": count, "conflicts": conflicts}, language))
    codes = []
    if any(not one.deleted and not one.conflicts for one in settled.drift):
        codes.append("drift.counts")
    if any(one.deleted for one in settled.drift):
        codes.append("drift.deleted")
    if conflicts:
        codes.append("drift.conflicts")
    for code in codes:
        if cure := remedy(code, {}, language):
            click.echo(f"    {cure}")


def print_kept(plan: Plan, language: str, zone: datetime.tzinfo = UTC) -> None:
    """Prints the edits made in Moodle that a plan leaves as they are."""
    if not plan.kept_edits:
        return
    for change in plan.kept_edits:
        click.echo(f"= {kind_name(change.kind, language)} {printable(change.key)}")
        for one in change.kept:
            for name, (theirs, _ours) in parts(one.name, (one.before, one.after)):
                (value,) = shown_values(name, (theirs,), zone=zone)
                click.echo(f"    {text('plan.field-stays', {'field': name, 'value': value}, language)}")
    click.echo(text("plan.edits-stay", {"n": len(plan.kept_edits)}, language))
    if cure := remedy("plan.edits-stay", {}, language):
        click.echo(f"    {cure}")


def print_sides(change: Change, language: str, zone: datetime.tzinfo = UTC) -> None:
    """Prints both values of each field of an object that files and Moodle have both changed."""
    for one in change.differences:
        stands = standing(one.base, one.before, one.after, known=one.base is not None)
        field = FieldDrift(one.name, stands, one.base, one.before, one.after)
        for line in field_lines(field, language, zone):
            click.echo(f"    {line}")


def _print_deleted(gone: Sequence[ObjectDrift], settled: Settled, language: str) -> None:
    """Prints what was deleted: a course without the list of all that was in it, of many alike a few."""
    courses = {one.key for one in settled.drift if one.deleted and one.kind is Kind.COURSE}
    told = [one for one in gone if one.scope not in courses]
    if not told:
        return
    sign = click.style("-", fg="yellow", bold=True)
    kind = kind_name(told[0].kind, language)
    if len(told) > _FEW:
        names = ", ".join(printable(one.key) for one in told[:_FEW])
        click.echo(f"{sign} {kind}: {len(told)} ({names}, …)")
    else:
        for one in told:
            click.echo(f"{sign} {kind} {printable(one.key)}")
    click.echo(f"    {text('plan.deleted-in-moodle', {}, language)}")


def _print_object(one: ObjectDrift, language: str, zone: datetime.tzinfo) -> None:
    standings = {field.standing for field in one.fields}
    worst = next((two for two in (Standing.CONFLICT, Standing.UNKNOWN) if two in standings), Standing.THEIRS)
    sign, colour = _SIGNS[worst]
    head = f"{click.style(sign, fg=colour, bold=True)} {kind_name(one.kind, language)} {printable(one.key)}"
    click.echo(head)
    for field in one.fields:
        for line in field_lines(field, language, zone):
            click.echo(f"    {line}")


def field_lines(field: FieldDrift, language: str, zone: datetime.tzinfo = UTC) -> list[str]:
    """One field with its values: where only Moodle changed, from what to what; else each side's."""
    lines = []
    if field.standing is Standing.THEIRS:
        for name, values in parts(field.name, (field.base, field.theirs)):
            before, now = shown_values(name, values, zone=zone)
            lines.append(f"{name}: {before} → {now}")
        return lines
    knows = field.standing is Standing.CONFLICT
    sides = ("last-applied", "in-moodle", "in-files") if knows else ("in-moodle", "in-files")
    of_sides = (field.base, field.theirs, field.ours) if knows else (field.theirs, field.ours)
    for name, values in parts(field.name, of_sides):
        lines.append(f"{name}:")
        for side, value in zip(sides, shown_values(name, values, zone=zone), strict=True):
            lines.append("  " + text(f"drift.{side}", {"value": value}, language))
    return lines


def drift_json(settled: Settled, site: str) -> dict[str, object]:
    """The edits for `--json`, as `schemas/drift.schema.json` describes them."""
    return {
        "form": DRIFT_FORM,
        "site": site,
        "counts": {
            "objects": len(settled.drift),
            "conflicts": sum(one.conflicts for one in settled.drift),
        },
        "drift": [
            {
                "kind": one.kind.value,
                "key": one.key,
                "course": one.scope,
                "deleted": one.deleted,
                "conflict": one.conflicts,
                "fields": [
                    {
                        "name": field.name,
                        "standing": field.standing.value,
                        "last_applied": field.base,
                        "in_moodle": field.theirs,
                        "in_files": field.ours,
                    }
                    for field in one.fields
                ],
            }
            for one in settled.drift
        ],
    }


def print_adoption(adoption: Adoption, language: str, *, written: bool, zone: datetime.tzinfo = UTC) -> None:
    """Prints the patch, and each edit that is not taken over with its value and the reason."""
    for file in adoption.files:
        click.echo(printable(file.diff()), nl=False)
    for left in adoption.left:
        click.echo(f"! {kind_name(left.drift.kind, language)} {printable(left.drift.key)}")
        for line in field_lines(left.field, language, zone) if left.field.name else ():
            click.echo(f"    {line}")
        click.echo(f"    {text(left.problem.code, left.problem.params, language)}")
        for because in left.because:
            click.echo(f"    {text(because.code, because.params, language)}")
        if cure := remedy(left.problem.code, left.problem.params, language):
            click.echo(f"    {cure}")
    taken = sum(len(fields) for fields in adoption.taken.values())
    code = "edit.written" if written else "edit.would-write"
    click.echo(text(code, {"n": taken, "files": len(adoption.files), "left": len(adoption.left)}, language))


def adoption_json(adoption: Adoption, site: str, *, written: bool) -> dict[str, object]:
    """What was taken over, for `--json`, as `schemas/drift.schema.json` describes it."""
    return {
        "form": ADOPTION_FORM,
        "site": site,
        "written": written,
        "taken": [
            {"kind": kind.value, "key": key, "course": scope, "fields": dict(fields)}
            for (kind, scope, key), fields in adoption.taken.items()
        ],
        "files": [{"file": one.name, "diff": one.diff()} for one in adoption.files],
        "left": [
            {
                "kind": one.drift.kind.value,
                "key": one.drift.key,
                "course": one.drift.scope,
                "field": one.field.name,
                "standing": one.field.standing.value,
                "in_moodle": one.field.theirs,
                "reason": one.problem.code,
                "because": [two.code for two in one.because],
            }
            for one in adoption.left
        ],
    }


def print_runs(runs: Iterable[Run], language: str, zone: datetime.tzinfo = UTC) -> None:
    """Prints a line for each run, with times of `zone`; ↶ marks those that `apply --undo` can take back."""
    runs = list(runs)
    for one in runs:
        when = one.started_at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")
        ended = text(f"runs.{one.outcome or 'unfinished'}", {}, language)
        sign = "↶" if one.undoable else " "
        click.echo(f"{one.id:>6} {sign} {when}  {one.verb:<8} {ended:<12} {_counts(one, language)}".rstrip())
    if any(one.undoable for one in runs):
        click.echo(text("runs.undoable", {}, language))


def _counted(name: str, language: str) -> str:
    return text(f"pull.stream-{name}", {}, language) if name in _STREAMS else name


def _counts(run: Run, language: str) -> str:
    summary = dict(run.summary)
    told: list[str] = []
    if isinstance(done := summary.pop("done", None), Mapping):
        counted = {"create": done.get("create", 0), "hide": done.get("hide", 0)}
        counted["update"] = done.get("update", 0) + done.get("move", 0)
        told.append(text("apply.done", counted, language))
        left = {name: summary.pop(name, 0) for name in ("failed", "skipped")}
        if any(left.values()):
            told.append(text("runs.not-done", left, language))
    if undone := summary.pop("undone", None):
        told.insert(0, text("runs.undone", {"run": undone}, language))
    if adopted := summary.pop("adopted", None):
        told.append(text("runs.adopted", {"n": adopted}, language))
    if run.verb == "pull":
        told.append(
            text("pull.done", {"n": summary.pop("facts", 0), "rows": summary.pop("rows", 0)}, language)
        )
        for name in ("reader", "pages", "seconds"):  # how it was read, for programs
            summary.pop(name, None)
    rest: list[str] = []
    for name, value in summary.items():
        if isinstance(value, Mapping):
            rest.extend(f"{_counted(inner, language)} {number}" for inner, number in value.items() if number)
        elif value:
            rest.append(f"{name} {value}")
    return " ".join([*told, ", ".join(rest)]).strip()
