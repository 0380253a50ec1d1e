"""Everything that a coverage report says about a programme as of a day, before it is put into words."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from authoring.problems import Refused
from certificates.policy import read_policies
from lms_sync.assessment.files import chosen_programme, material_of, pass_marks, programme_files
from lms_sync.assessment.learned import LearnedStates
from lms_sync.assessment.milestones import InstitutionPath
from lms_sync.assessment.observe import Material, observed
from lms_sync.state_table import keep_states
from lms_sync.store.database import of_site, reading_one_moment
from programmes import Programme, Questionnaire
from programmes.indicators import Result, result
from programmes.milestones import paths
from programmes.observations import Observed


@dataclass(frozen=True)
class Coverage:
    """A programme's figures, paths and scores as of a day; `certified` are institutions with an award of their own.

    `known_on` is the last day on which anybody could have told what is counted, None for now.
    """

    programme: Programme
    material: Material
    observed: Observed
    as_of: datetime.date
    known_on: datetime.date | None
    results: tuple[Result, ...]
    paths: tuple[InstitutionPath, ...]
    certified: frozenset[str]
    questionnaires: tuple[Questionnaire, ...]
    scores: Mapping[str, Mapping[str, float]]  # of institutions by code and questionnaire

    @property
    def name(self) -> str:
        """The files' name without language and ending."""
        known = "" if self.known_on is None else f"-known-{self.known_on.isoformat()}"
        return f"coverage-{self.programme.id}-{self.as_of.isoformat()}{known}"

    def as_json(self) -> dict[str, object]:
        """For `--json`; cells that are not shown are null."""
        return {
            "programme": self.programme.id,
            "as_of": self.as_of.isoformat(),
            "known_on": None if self.known_on is None else self.known_on.isoformat(),
            "indicators": [result_as_json(one) for one in self.results],
            "institutions": [
                {**path.as_json(), "certified": path.institution.code in self.certified}
                for path in self.paths
            ],
        }


def result_as_json(result: Result) -> dict[str, object]:
    """One indicator for machines, with the names that docs/formats/programme.md has."""
    goal = result.goal
    return {
        "id": result.indicator.id,
        "unit": result.unit,
        "persons": result.figure.persons,
        "participations": result.figure.participations,
        "value": _rounded(result.figure.value),
        "low": _rounded(result.figure.low),
        "high": _rounded(result.figure.high),
        "reached": _rounded(result.reached),
        "asked": result.asked,
        "missing": result.missing,
        "baseline": result.indicator.baseline,
        "goal": None if goal is None else {"by": goal.by.isoformat(), "value": goal.value},
        "progress": _rounded(result.progress, 4),
        "breakdowns": {
            by: [
                {
                    "key": row.key,
                    "persons": None if row.figure is None else row.figure.persons,
                    "participations": None if row.figure is None else row.figure.participations,
                    "value": None if row.figure is None else _rounded(row.figure.value),
                }
                for row in rows
            ]
            for by, rows in result.breakdowns.items()
        },
    }


def _rounded(value: float | None, digits: int = 2) -> float | None:
    return None if value is None else round(value, digits)


def coverage(
    engine: Engine,
    site: str,
    folder: Path,
    programme: str,
    *,
    today: datetime.datetime,
    as_of: datetime.date | None = None,
    known_on: datetime.date | None = None,
    listed: Collection[str] = (),
    alone: bool = False,
    meanwhile: Callable[[], object] = lambda: None,
) -> Coverage:
    """Counts a programme as of a day (today, where none is given); raises Refused where there is nothing to count.

    Of the indicators `listed` it is also told who counts; with `alone` nothing but these is counted. `meanwhile` is
    done while the database works.
    """
    files = programme_files(folder)
    chosen = chosen_programme(files, programme)
    policies = read_policies(folder)
    material = material_of(folder, chosen, policies=policies, questionnaires=files.questionnaires)
    if not material.institutions:
        raise Refused("coverage.no-institutions", programme=programme)
    day = as_of or today.astimezone(chosen.zone).date()
    keep_states(of_site(engine, site), site)
    with reading_one_moment(engine) as connection:
        seen = observed(connection, site, material, as_of=day, known_at=end_of(known_on, chosen.zone))
        assert isinstance(seen.learned, LearnedStates)
        wanted = [one for one in chosen.indicators if not alone or one.id in listed]
        with seen.learned.reading_ahead([one for one in wanted if one.id not in listed]):
            meanwhile()
            material = replace(material, pass_marks=pass_marks(folder, chosen))
            seen = replace(seen, pass_marks=material.pass_marks)
            counted = tuple(result(chosen, one, seen, day, listed=one.id in listed) for one in wanted)
    steps = paths(chosen, seen, day)
    own = seen.of("certified", material.institution_awards)
    asked = tuple(
        one
        for name in chosen.questionnaires
        if (one := files.questionnaire(name)) is not None and one.of == "institution"
    )
    scores: dict[str, dict[str, float]] = defaultdict(dict)
    for filled in seen.of("filled", [one.id for one in asked]):
        if filled.on <= day and filled.value is not None:
            scores[filled.institution][filled.subject] = filled.value
    return Coverage(
        chosen,
        material,
        seen,
        day,
        known_on,
        counted,
        tuple(InstitutionPath(one, steps[one.code]) for one in material.institutions),
        frozenset(one.institution for one in own if one.holds_on(day)),
        asked,
        scores,
    )


def end_of(day: datetime.date | None, zone: ZoneInfo) -> datetime.datetime | None:
    """The last moment of a local day."""
    if day is None:
        return None
    begin = datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time(), zone)
    return begin - datetime.timedelta(microseconds=1)
