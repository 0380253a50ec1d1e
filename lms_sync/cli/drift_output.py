"""Edits made in Moodle, and earlier runs, as a person reads them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import click

from authoring.messages import remedy, text
from lms_sync.adopt_drift import Adoption
from lms_sync.applied import Run
from lms_sync.drift import FieldDrift, ObjectDrift, Settled, Standing
from lms_sync.plan import Change, Kind, Plan

_SIGNS = {Standing.THEIRS: ("~", "yellow"), Standing.CONFLICT: ("!", "red"), Standing.UNKNOWN: ("?", "red")}


def kind_name(kind: Kind, language: str) -> str:
    """What a kind of object is called."""
    return text(f"kind.{kind.name.lower().replace('_', '-')}", {}, language)


def shown(value: object, *, at_most: int = 78) -> str:
    """A value on one line."""
    whole = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    whole = " ".join(whole.split())
    if len(whole) > at_most:
        whole = whole[: at_most - 1] + "…"
    return f"“{whole}”" if isinstance(value, str) else whole


def shown_apart(*values: object, room: int = 78) -> list[str]:
    """Values on one line each, cut so that where they differ can be seen."""
    texts = [" ".join(one.split()) if isinstance(one, str) else shown(one, at_most=100_000) for one in values]
    if all(len(one) <= room for one in texts):
        return [shown(one) for one in values]
    start = 0
    while all(len(one) > start for one in texts) and len({one[start] for one in texts}) == 1:
        start += 1
    start = max(0, start - 20)
    cut = []
    for one, value in zip(texts, values, strict=True):
        part = ("…" if start else "") + one[start : start + room] + ("…" if len(one) > start + room else "")
        cut.append(f"“{part}”" if isinstance(value, str) else part)
    return cut


def print_drift(settled: Settled, language: str) -> None:
    """Prints every edit by object and field with its values."""
    for one in settled.drift:
        _print_object(one, language)
    if any(field.standing is Standing.UNKNOWN for one in settled.drift for field in one.fields):
        click.echo(text("drift.base-unknown", {}, language))
    count = len(settled.drift)
    if not count:
        click.echo(text("drift.none", {}, language))
        return
    conflicts = sum(one.conflicts for one in settled.drift)
    click.echo(text("drift.counts", {"n": count, "conflicts": conflicts}, language))
    for code in ("drift.counts", "drift.conflicts") if conflicts else ("drift.counts",):
        if cure := remedy(code, {}, language):
            click.echo(f"    {cure}")


def print_kept(plan: Plan, language: str) -> None:
    """Prints the edits made in Moodle that a plan leaves as they are."""
    if not plan.kept_edits:
        return
    for change in plan.kept_edits:
        click.echo(f"= {kind_name(change.kind, language)} {change.key}")
        for one in change.kept:
            value = shown(one.before)
            click.echo(f"    {text('plan.field-stays', {'field': one.name, 'value': value}, language)}")
    click.echo(text("plan.edits-stay", {"n": len(plan.kept_edits)}, language))
    if cure := remedy("plan.edits-stay", {}, language):
        click.echo(f"    {cure}")


def print_sides(change: Change, language: str) -> None:
    """Prints both values of each field of an object that files and Moodle have both changed."""
    for one in change.differences:
        standing = Standing.UNKNOWN if one.base is None else Standing.CONFLICT
        for line in field_lines(FieldDrift(one.name, standing, one.base, one.before, one.after), language):
            click.echo(f"    {line}")


def _print_object(one: ObjectDrift, language: str) -> None:
    standings = {field.standing for field in one.fields}
    worst = next((two for two in (Standing.CONFLICT, Standing.UNKNOWN) if two in standings), Standing.THEIRS)
    sign, colour = ("-", "yellow") if one.deleted else _SIGNS[worst]
    click.echo(f"{click.style(sign, fg=colour, bold=True)} {kind_name(one.kind, language)} {one.key}")
    if one.deleted:
        click.echo(f"    {text('plan.deleted-in-moodle', {}, language)}")
    for field in one.fields:
        for line in field_lines(field, language):
            click.echo(f"    {line}")


def field_lines(field: FieldDrift, language: str) -> list[str]:
    """One field with its values: where only Moodle changed, from what to what; else each side's."""
    if field.standing is Standing.THEIRS:
        before, now = shown_apart(field.base, field.theirs)
        return [f"{field.name}: {before} → {now}"]
    theirs, ours = shown_apart(field.theirs, field.ours)
    lines = [
        f"{field.name}:",
        "  " + text("drift.in-moodle", {"value": theirs}, language),
        "  " + text("drift.in-files", {"value": ours}, language),
    ]
    if field.standing is Standing.CONFLICT:
        lines.insert(1, "  " + text("drift.last-applied", {"value": shown(field.base)}, language))
    return lines


def drift_json(settled: Settled) -> dict[str, object]:
    """The edits for `--json`."""
    return {
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


def print_adoption(adoption: Adoption, language: str, *, written: bool) -> None:
    """Prints the patch, and each edit that is not taken over with its value and the reason."""
    for file in adoption.files:
        click.echo(file.diff(), nl=False)
    for left in adoption.left:
        click.echo(f"! {kind_name(left.drift.kind, language)} {left.drift.key}")
        for line in field_lines(left.field, language):
            click.echo(f"    {line}")
        click.echo(f"    {text(left.problem.code, left.problem.params, language)}")
        for because in left.because:
            click.echo(f"    {text(because.code, because.params, language)}")
        if cure := remedy(left.problem.code, left.problem.params, language):
            click.echo(f"    {cure}")
    taken = sum(len(fields) for fields in adoption.taken.values())
    code = "edit.written" if written else "edit.would-write"
    click.echo(text(code, {"n": taken, "files": len(adoption.files), "left": len(adoption.left)}, language))


def adoption_json(adoption: Adoption) -> dict[str, object]:
    """What was taken over, for `--json`."""
    return {
        "taken": [
            {"kind": kind.value, "key": key, "course": scope, "fields": dict(fields)}
            for (kind, scope, key), fields in adoption.taken.items()
        ],
        "files": [{"file": one.name, "diff": one.diff()} for one in adoption.files],
        "left": [
            {
                "kind": one.drift.kind.value,
                "key": one.drift.key,
                "field": one.field.name,
                "in_moodle": one.field.theirs,
                "reason": one.problem.code,
            }
            for one in adoption.left
        ],
    }


def print_runs(runs: Iterable[Run], language: str) -> None:
    """Prints a line for each run."""
    for one in runs:
        when = one.started_at.strftime("%Y-%m-%d %H:%M:%S")
        ended = one.outcome or "unfinished"
        click.echo(
            f"{one.id:>6}  {when} UTC  {one.verb:<8} {text(f'runs.{ended}', {}, language):<12} {_counts(one.summary)}"
        )


def _counts(summary: Mapping[str, object]) -> str:
    parts: list[str] = []
    for name, value in summary.items():
        if isinstance(value, Mapping):
            parts.extend(f"{inner} {number}" for inner, number in value.items())
        elif value not in (None, 0, ""):
            parts.append(f"{name} {value}")
    return ", ".join(parts)
