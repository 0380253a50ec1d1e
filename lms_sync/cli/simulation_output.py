"""What a changed policy file would do, for `lms-sync certify --simulate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authoring.messages import printable
from lms_sync.cli.outcome import DONE, say
from lms_sync.cli.register_place import Place, as_text, listed_of
from lms_sync.clock import SystemClock

if TYPE_CHECKING:
    from certificates.policy import Policy
    from certificates.simulate import Simulation


def simulated(place: Place, policies: Sequence[Policy], file: Path, *, everybody: bool, as_json: bool) -> int:
    """Who would gain or lose by a changed policy file. Raises ContentError where the file has mistakes."""
    from certificates.policy import read_policy
    from certificates.simulate import simulate
    from lms_sync.programme_files import programmes_by_id

    changed = read_policy(file, root=file.parent)
    present = next((one for one in policies if one.id == changed.id), None)
    listed = (
        None if everybody else listed_of(place.engine, place.site, place.folder, [changed]).get(changed.id)
    )
    found = simulate(
        place.engine,
        place.site,
        present,
        changed,
        SystemClock(),
        listed=listed,
        programmes=programmes_by_id(place.folder),
    )
    if as_json:
        changes = [one.as_json() for one in found.changes]
        result = {
            "policy": found.policy,
            "as_of": found.as_of.isoformat(),
            "same": found.same,
            "changes": changes,
        }
        click.echo(as_text(result))
    else:
        _print_simulation(found, place.language)
    return DONE


def _print_simulation(found: Simulation, language: str) -> None:
    click.echo(say("simulate.heading", language, policy=found.policy, day=found.as_of.isoformat()))
    last = None
    for one in found.changes:
        if one.change != last:
            click.echo("\n" + say(f"simulate.{one.change}", language, n=found.count(one.change)))
            last = one.change
        if one.after.state == "eligible":
            until = one.after.expires_on or "–"
            more = f"{one.after.earned_on} – {until}"
        else:
            more = ", ".join(f"{reason.requirement} {reason.subject}".strip() for reason in one.after.missing)
        click.echo(printable(f"  {one.name or one.person[:8]} · {more}"))
    click.echo("\n" + say("simulate.same", language, n=found.same))
