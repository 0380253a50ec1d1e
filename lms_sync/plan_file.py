"""A plan as a file: reviewed by one person, applied by another, refused where the site has changed since.

The form is described by `schemas/plan.schema.json`, which travels with the programs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from authoring.problems import LmsSyncError, Place, Refused
from lms_sync.plan import Action, Change, Loss, Plan, PlanOptions

FORM = "lms-sync-plan/1"


class NotAPlan(LmsSyncError):
    """The file is not a plan of this form."""


class StalePlan(Refused):
    """The site or the files are not as they were when the plan was made; nothing was done."""


@dataclass(frozen=True)
class SavedPlan:
    """What a plan file says: for which site, with what allowed, and every change with what it saw."""

    site: str
    courses: tuple[str, ...]
    options: PlanOptions
    changes: Mapping[tuple[str, str, str], Mapping[str, Any]]  # by kind, course, key
    edits: Mapping[tuple[str, str, str], str]  # where edits stay, what was seen


def plan_json(
    plan: Plan, *, site: str, courses: tuple[str, ...], options: PlanOptions, made_at: datetime
) -> dict[str, object]:
    """A plan as it is printed with `--json` and saved with `--out`; objects that stay are only counted."""
    return {
        "form": FORM,
        "site": site,
        "made_at": made_at.isoformat(timespec="seconds"),
        "courses": list(courses),
        "allowed": {
            "overwrite_edits": options.overwrite_edits,
            "accept_loss": sorted(loss.value for loss in options.accept_loss),
            "revert_edits": options.revert_edits,
            "ours": sorted(options.ours),
            "theirs": sorted(options.theirs),
        },
        "counts": plan.counts(),
        "fused": plan.is_fused,
        "changes": [change.as_json() for change in plan.changes if change.action is not Action.KEEP],
        "edits_that_stay": [
            {
                "kind": change.kind.value,
                "key": change.key,
                "course": change.scope,
                "seen": change.seen_state,
                "fields": [
                    {"name": one.name, "in_moodle": one.before, "in_files": one.after} for one in change.kept
                ],
            }
            for change in plan.kept_edits
        ],
    }


def plan_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the form."""
    source = files("lms_sync") / "schemas" / "plan.schema.json"
    schema: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return schema


def read_plan_file(path: Path) -> SavedPlan:
    """Reads a saved plan; raises NotAPlan where the file is none."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["form"] != FORM:
            raise NotAPlan("plan-file.other-form", Place(path.name), form=said["form"])
        options = PlanOptions(
            overwrite_edits=bool(said["allowed"]["overwrite_edits"]),
            accept_loss=frozenset(Loss(name) for name in said["allowed"]["accept_loss"]),
            revert_edits=bool(said["allowed"]["revert_edits"]),
            ours=frozenset(said["allowed"]["ours"]),
            theirs=frozenset(said["allowed"]["theirs"]),
        )
        changes = {(one["kind"], one["course"], one["key"]): one for one in said["changes"]}
        edits = {
            (one["kind"], one["course"], one["key"]): str(one["seen"]) for one in said["edits_that_stay"]
        }
        return SavedPlan(str(said["site"]), tuple(said["courses"]), options, changes, edits)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise NotAPlan("plan-file.unreadable", Place(path.name), path=str(path), reason=reason) from error
    except (ValueError, KeyError, TypeError) as error:
        raise NotAPlan("plan-file.not-a-plan", Place(path.name), path=str(path)) from error


def refuse_stale(saved: SavedPlan, now: Plan) -> None:
    """Raises StalePlan, naming the objects, where `now` is not the plan that was saved.

    Every object is compared by what was seen of it (its live fields and hash) and by what is wanted.
    """
    present = {_key(change): change for change in now.changes if change.action is not Action.KEEP}
    differing = sorted(
        key
        for key in saved.changes.keys() | present.keys()
        if key not in present or key not in saved.changes or not _is_same(saved.changes[key], present[key])
    )
    stay = {_key(change): change.seen_state for change in now.kept_edits}
    differing = sorted({*differing, *(key for key, _ in stay.items() ^ saved.edits.items())})
    if differing:
        names = ", ".join(f"{kind} {key}" for kind, _, key in differing[:10])
        raise StalePlan("plan-file.stale", n=len(differing), names=names)


def _key(change: Change) -> tuple[str, str, str]:
    return change.kind.value, change.scope, change.key


def _is_same(saved: Mapping[str, Any], change: Change) -> bool:
    return (
        bool(saved["action"] == change.action.value)
        and saved["seen"] == change.seen_state
        and saved["wanted"] == change.wanted_hash
    )
