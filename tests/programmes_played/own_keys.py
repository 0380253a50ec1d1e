"""An example with keys of its own: on a site that has the same course already, a trial must not meet it.

Ids of courses, quizzes, course categories, institutions and people get the run's prefix; texts stay as they are.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from authoring.read_yaml import read_yaml
from lms_sync.playing.scenarios import Scenario
from programmes import Programme, Session

_LANGUAGES = {"sq", "en", "ro"}


@dataclass(frozen=True)
class OwnKeys:
    """What is renamed, and to what."""

    prefix: str
    tokens: frozenset[str]

    def __call__(self, text: str) -> str:
        """A key, or the key of something in a course (`<course>/<activity>`), as the run calls it."""
        if text.startswith("courses/"):  # a file of a course
            return f"courses/{self(text.removeprefix('courses/'))}"
        head, slash, rest = text.partition("/")
        return f"{self.prefix}-{head}{slash}{rest}" if head in self.tokens else text


def rename(folder: Path, prefix: str) -> OwnKeys:
    """Renames everything in an academy folder; how."""
    tokens = {path.parent.name for path in folder.glob("courses/*/course.yaml")}
    tokens |= {path.stem for path in folder.glob("quizzes/*.yaml")}
    courses = [read_yaml(path, root=folder).data for path in folder.glob("courses/*/course.yaml")]
    tokens |= {str(course["category"]["id"]) for course in courses if isinstance(course, dict)}
    for name, column in (("institutions", "code"), ("participants", "idnumber")):
        tokens |= {row[column] for row in _rows(folder / "people" / f"{name}.csv")}
    own = OwnKeys(prefix, frozenset(tokens))
    for name in ("institutions", "participants"):
        _rename_people(folder / "people" / f"{name}.csv", own)
    for path in sorted(folder.rglob("*.yaml")):
        data = _renamed(read_yaml(path, root=folder).data, own)
        path.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")
    for path in [
        *folder.glob("courses/*"),
        *folder.glob("quizzes/*.yaml"),
        *folder.glob("programmes/*.yaml"),
    ]:
        name = own(path.stem) + path.suffix
        if name != path.name:
            path.rename(path.with_name(name))
    return own


def renamed_scenario(scenario: Scenario, own: OwnKeys) -> Scenario:
    """The scenario with the run's names of people and institutions."""
    return replace(
        scenario,
        programme=own(scenario.programme),
        otherwise={own(who): way for who, way in scenario.otherwise.items()},
        missed={(session, own(who)): day for (session, who), day in scenario.missed.items()},
        refused=frozenset((own(key), own(who)) for key, who in scenario.refused),
        of_leaders=frozenset(map(own, scenario.of_leaders)),
        elsewhere=frozenset(map(own, scenario.elsewhere)),
        shown=tuple(replace(one, institution=own(one.institution)) for one in scenario.shown),
        answered=tuple(
            replace(one, institutions=tuple(map(own, one.institutions))) for one in scenario.answered
        ),
        asked=tuple(replace(one, who=own(one.who)) for one in scenario.asked),
        explained=tuple((own(who), award) for who, award in scenario.explained),
    )


def _renamed(value: Any, own: OwnKeys) -> Any:
    if isinstance(value, dict):
        if value and set(value) <= _LANGUAGES:
            return value  # a text
        return {key: _renamed(one, own) for key, one in value.items()}
    if isinstance(value, list):
        return [_renamed(one, own) for one in value]
    return own(value) if isinstance(value, str) else value


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def _rename_people(path: Path, own: OwnKeys) -> None:
    rows = _rows(path)
    for row in rows:
        for column in ("code", "parent", "idnumber", "institution", "courses"):
            if row.get(column):
                row[column] = own(row[column])
        for column in ("username", "email"):
            if row.get(column):
                row[column] = f"{own.prefix}.{row[column]}"
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(out.getvalue(), encoding="utf-8", newline="\n")


def play_today(folder: Path, programme: Programme, scenario: Scenario, today: datetime.date) -> Scenario:
    """Moves the days of the sessions so that all that is played has happened by today; the scenario moved likewise.

    A site's time cannot be moved, so people learn today, and the first awards are earned today. What happened before
    them ends yesterday at the latest; what needs a leader with an award happens today; what is planned for later than
    the play stays in the future.
    """
    first = scenario.awarded[0]
    before = [s for s in programme.sessions if _last(s) <= first]
    back = max((_last(s) for s in before), default=today) - (today - datetime.timedelta(days=1))
    days: dict[str, Callable[[datetime.date], datetime.date]] = {}
    for session in programme.sessions:
        if _last(session) <= first:
            days[session.id] = lambda day: day - back
        elif _last(session) <= scenario.last:
            shift = _last(session) - today
            days[session.id] = lambda day, shift=shift: day - shift  # type: ignore[misc]
        else:
            shift = scenario.last - today
            days[session.id] = lambda day, shift=shift: day - shift  # type: ignore[misc]
    path = folder / "programmes" / f"{programme.id}.yaml"
    data: Any = json.loads(path.read_text(encoding="utf-8"))
    for one in data["sessions"]:
        for day in one["days"]:
            day["date"] = days[one["id"]](datetime.date.fromisoformat(day["date"])).isoformat()
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")
    return replace(scenario, shown=tuple(replace(one, on=today) for one in scenario.shown))


def _last(session: Session) -> datetime.date:
    return max(day.date for day in session.days)


def played_days(programme: Programme) -> dict[str, datetime.date]:
    """On which day of the scenario the sheet of each session comes back, before the sessions were moved."""
    return {one.id: _last(one) + datetime.timedelta(days=1) for one in programme.sessions}
