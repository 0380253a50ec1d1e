"""Indicators equal an independent recount in plain SQL, over transfers, two courses, corrections and merges."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest

from lms_sync.assessment.observe import observed
from lms_sync.store.database import reading
from programmes.indicators import broken_down, result
from programmes.programme import Breakdown
from programmes.who_counts import counted_here
from tests.assessment.recount import recount
from tests.assessment.world import SITE, START, material, programme, random_world

SLICES = {
    "done-one": ("completed", ("one",)),
    "done-two": ("completed", ("two",)),
    "there": ("attended", ("north", "south")),
    "visits": ("attended", ("visit-1", "visit-2")),
    "officers": ("certified", ("officer",)),
    "passes": ("passed", ("one/final",)),
}
BY: tuple[Breakdown, ...] = ("gender", "institution", "region", "language", "quarter")


@pytest.mark.parametrize("seed", range(5))
def test_fifty_random_slices_equal_a_recount_in_sql(tmp_path: Path, seed: int) -> None:
    world = random_world(tmp_path, seed)
    ours = material(programme(tmp_path))
    rng = random.Random(seed + 1000)
    found = 0
    for _ in range(10):
        name = rng.choice(sorted(SLICES))
        by = rng.choice(BY)
        as_of = (START + timedelta(days=rng.randint(60, 180))).date()
        indicator = next(one for one in ours.programme.indicators if one.id == name)
        with reading(world.engine) as connection:
            seen = observed(connection, SITE, ours, as_of=as_of)
            counted = result(ours.programme, indicator, seen, as_of)
            here = counted_here(ours.programme, indicator, seen, as_of)
            cells = broken_down(ours.programme, by, here, seen, as_of, counted.unit)
            rows = {key: figure for key, (figure, _) in cells.items()}
            for key, row in rows.items():
                expected = recount(connection, *SLICES[name], as_of, by, key)
                assert (row.persons, row.participations) == expected, (name, by, key, as_of)
        assert sum(row.persons for row in rows.values()) == counted.figure.persons
        assert sum(row.participations for row in rows.values()) == counted.figure.participations
        found += counted.figure.persons
    assert found > 50  # the slices were not of nothing
    world.engine.dispose()
