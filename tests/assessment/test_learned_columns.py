"""What columns tell of a million people is what their states tell one by one."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lms_sync.assessment.learned import LearnedStates
from lms_sync.assessment.observe import Material, observed
from lms_sync.clock import local_date
from lms_sync.column_texts import BETWEEN, Ids, codes_of, local_days, minute_of, minutes_of
from lms_sync.same_person import one_person
from lms_sync.state_table import keep_states, kept_states
from lms_sync.store.database import of_site, reading
from programmes.columns import date_of, day_number
from programmes.indicators import Result, results
from tests.assessment.world import (
    COUNTS,
    LAST,
    REGIONS,
    SITE,
    START,
    World,
    material,
    programme,
    random_world,
)


def _goes_on(world: World) -> None:
    """What is rare: two attempts on one day, one that is marked anew, grades without one, passes that are taken back."""
    rng = world.rng
    with world.engine.begin() as connection:
        for one in rng.sample(world.people, 8):
            at = world.moment(31, 150)
            for quiz in ("one/pre", "one/final"):
                world.tried(connection, one, quiz, rng.uniform(0, 100), at)
                world.tried(connection, one, quiz, rng.uniform(0, 100), at)
            for days in (0, 3, 9):
                value = {"attempt": 1, "state": "finished", "score": rng.uniform(0, 10), "max": 10.0}
                when = at + timedelta(days=days)
                world.fact(connection, "quiz_attempt", one, "one", "one/final", value, when, f"again-{one}")
        for one in rng.sample(world.people, 10):
            quiz = rng.choice(("one/final", "one/pre"))
            for _ in range(2):
                value = {"item": "mod", "grade": rng.uniform(0, 10), "max": 10.0}
                world.fact(connection, "grade", one, "one", quiz, value, world.moment(), f"grade-{one}")
            at = world.moment(31, 140)
            for state, days in ((2, 0), (0, 2), (2, 5)):
                value = {"state": state, "complete": state == 2}
                when = at + timedelta(days=days)
                world.fact(
                    connection, "activity_completion", one, "one", "one/final", value, when, f"p-{one}"
                )


def _results(
    world: World, ours: Material, as_of: date, *, listed: bool = False, ahead: bool = False
) -> tuple[Result, ...]:
    with reading(world.engine) as connection:
        seen = observed(connection, SITE, ours, as_of=as_of)
        assert isinstance(seen.learned, LearnedStates)
        with seen.learned.reading_ahead(ours.programme.indicators) if ahead else nullcontext():
            return results(ours.programme, seen, as_of, listed=COUNTS if listed else ())


@pytest.mark.parametrize("seed", range(4))
def test_columns_states_one_by_one_and_the_log_give_the_same_figures(tmp_path: Path, seed: int) -> None:
    world = random_world(tmp_path, seed, 50)
    zone = ("Europe/Tirane", "UTC", "Pacific/Auckland", "America/St_Johns")[seed]
    ours = material(programme(tmp_path).model_copy(update={"timezone": zone}))
    as_of = (START + timedelta(days=world.rng.randint(90, 185))).date()

    from_log = _results(world, ours, as_of)
    keep_states(of_site(world.engine, SITE), SITE)
    assert _results(world, ours, as_of) == from_log == _results(world, ours, as_of, ahead=True)

    _goes_on(world)
    with reading(world.engine) as connection:
        assert kept_states(connection, SITE, ["one", "two"]).touched  # of some the log is asked
    partly = _results(world, ours, as_of, ahead=True)
    keep_states(of_site(world.engine, SITE), SITE)
    kept = _results(world, ours, as_of)
    one_by_one = _results(world, ours, as_of, listed=True)
    assert partly == kept == _results(world, ours, as_of, ahead=True)
    assert kept == tuple(replace(one, listed=None) for one in one_by_one)
    assert kept != from_log
    for one in one_by_one:
        assert one.listed is not None
        assert len(one.listed.counted) == one.asked - one.missing
        assert len(one.listed.missing) == one.missing
        if one.unit not in ("score", "points"):
            assert sum(len(each.observations) for each in one.listed.counted) == one.figure.participations
    world.engine.dispose()


def test_where_many_people_were_is_where_each_of_them_was(tmp_path: Path) -> None:
    world = random_world(tmp_path, 5, 60)
    ours = programme(tmp_path)
    with reading(world.engine) as connection:
        one = one_person(connection, SITE)
        learned = LearnedStates(connection, SITE, ours, [*REGIONS], one, as_of=LAST, known_at=None)
        where = learned.where
    rows = np.arange(len(learned.rows)).repeat(260)
    days = np.tile(day_number(START.date()) - 50 + np.arange(260), len(learned.rows))
    together = where.on(rows, days)
    assert together.tolist() == [where.one(*each) for each in zip(rows.tolist(), days.tolist(), strict=True)]
    assert len({*together.tolist()}) > len(REGIONS)
    world.engine.dispose()


ZONES = ("Europe/Tirane", "UTC", "Pacific/Auckland", "Pacific/Apia", "Asia/Kathmandu", "America/Sao_Paulo", "Asia/Beirut")  # fmt: skip


@given(
    st.lists(st.datetimes(datetime(2011, 12, 1), datetime(2040, 1, 1)), min_size=1, max_size=20),
    st.sampled_from(ZONES),
)
@example(
    [datetime(2011, 12, 30, 9, 59), datetime(2011, 12, 30, 10, 0), datetime(2011, 12, 31)], "Pacific/Apia"
)
def test_a_moments_local_day_is_the_same_among_many(moments: list[datetime], zone: str) -> None:
    aware = [moment.replace(tzinfo=UTC) for moment in moments]
    minutes = np.array([minute_of(moment) for moment in aware])
    said = BETWEEN.join(f"{moment:%Y-%m-%d %H:%M}" for moment in moments)
    assert minutes_of(said).tolist() == minutes.tolist()
    found = [date_of(day) for day in local_days(minutes, zone).tolist()]
    assert found == [local_date(moment, zone) for moment in aware]


@given(
    st.lists(st.text("abç0", min_size=1, max_size=3), unique=True).map(sorted),
    st.lists(st.text("abç0", min_size=1, max_size=3), min_size=1, max_size=12),
)
@example(["aa", "ab", "ba"], ["aa", "aa", "bb", "ab", "ab", "aa"])
@example(["aaa"], ["aa", "aaaa", "aaa"])
def test_ids_are_found_by_the_thousands_as_one_by_one(ids: list[str], asked: list[str]) -> None:
    for before in ("", "0123456", "b7e2c9d0-"):
        column = BETWEEN.join(f"{before}{one}" for one in asked)
        known = {f"{before}{text}": number for number, text in enumerate(ids)}
        assert Ids(known).of(column).tolist() == codes_of(column, known).tolist()


def test_of_thousands_of_ids_each_is_found_and_no_other() -> None:
    rng = Random(7)
    ids = sorted(str(UUID(int=rng.getrandbits(128))) for _ in range(3000))
    known = {text: number for number, text in enumerate(ids[::2])}
    asked = [*ids, *rng.sample(ids, 1000)]
    assert Ids(known).of(BETWEEN.join(asked)).tolist() == [known.get(one, -1) for one in asked]
