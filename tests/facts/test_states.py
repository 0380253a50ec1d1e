"""States follow the facts: made anew they are the same, and a report reads the same however far they have come."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, insert, select, update

from lms_sync import state_table
from lms_sync.facts import Fact, facts_of, store_facts
from lms_sync.state_table import hand_over_states, keep_states, kept_states, make_anew
from lms_sync.states import states_of
from lms_sync.store import schema
from lms_sync.store.database import of_site, open_database, reading, repeatable
from tests.postgresql_server import Server

NOW = datetime(2026, 3, 1, tzinfo=UTC)
COURSES = ("archive", "ethics")
PEOPLE = [f"{number:036}" for number in range(3)]
_sites = (f"s{number}" for number in itertools.count())


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgresql")
        engine = open_database(server.database())
    else:
        state = shutil.copy(request.getfixturevalue("empty_state"), tmp_path_factory.mktemp("states"))
        engine = repeatable(open_database(f"sqlite:///{state}"))
    with engine.begin() as connection:
        rows = [{"id": one, "site": "any", "created_at": NOW} for one in PEOPLE]
        connection.execute(insert(schema.person), rows)
    yield engine
    engine.dispose()


def moment(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


_values = st.one_of(
    st.tuples(st.just("course_completion"), st.builds(dict, complete=st.booleans())),
    st.tuples(
        st.just("activity_completion"), st.builds(dict, state=st.integers(0, 3), complete=st.booleans())
    ),
    st.tuples(
        st.just("grade"),
        st.builds(
            dict,
            item=st.sampled_from(["mod", "course"]),
            grade=st.sampled_from([None, 5.0, 8.0]),
            max=st.sampled_from([0.0, 10.0]),
        ),
    ),
    st.tuples(
        st.just("quiz_attempt"),
        st.builds(
            dict,
            attempt=st.just(1),
            state=st.sampled_from(["inprogress", "finished", "deleted"]),
            score=st.sampled_from([None, 3.0, 9.0]),
            max=st.just(10.0),
        ),
    ),
    st.tuples(st.just("scorm_result"), st.just({"attempt": 1, "element": "x", "value": "1"})),
    st.tuples(
        st.just("enrolment"),
        st.builds(
            dict, enrolled=st.booleans(), institution=st.sampled_from([[], ["Berat"], ["Fier", "Has"]])
        ),
    ),
    st.tuples(st.just("last_access"), st.just({})),
)
_facts = st.builds(
    lambda said, source, t, person, course: Fact(
        said[0], source, moment(t), PEOPLE[person], COURSES[course], f"{COURSES[course]}/final", said[1]
    ),
    _values,
    st.sampled_from(["1", "2", "core:3"]),
    st.integers(0, 9),  # few, so that many come late, or in the same second
    st.integers(0, 2),
    st.integers(0, 1),
)
_batches = st.lists(
    st.tuples(st.lists(_facts, max_size=6), st.sampled_from(["", "keep", "anew", "hand over"])),
    min_size=1,
    max_size=5,
)


def rows(engine: Engine, site: str) -> list[object]:
    table = schema.state
    with reading(engine) as connection:
        key = list(table.primary_key.columns)
        return [
            tuple(row) for row in connection.execute(select(table).where(table.c.site == site).order_by(*key))
        ]


def read(connection: Connection, site: str, known_at: datetime | None = None) -> list[tuple[object, ...]]:
    kept = kept_states(connection, site, COURSES, known_at=known_at)
    found = kept.all("started", "completed", "graded", "tried", "passed", "enrolled")
    return sorted(
        (one.person_id, one.course, one.what, one.subject, one.source_id, one.number, one.valid_from,
         str(one.valid_to), one.score, tuple(one.institutions or ()))
        for one in found
    )  # fmt: skip


def _property(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))


_FOLLOW = {"batches": _batches, "anew": st.sampled_from([0, 5, 10**6])}


@given(**_FOLLOW)
@_property(60)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_states_made_anew_from_the_log_are_those_that_followed_it(
    engine: Engine, batches: list[tuple[list[Fact], str]], anew: int
) -> None:
    follow(engine, batches, anew)


@given(**_FOLLOW)
@_property(10)
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_on_postgresql_too(engine: Engine, batches: list[tuple[list[Fact], str]], anew: int) -> None:
    follow(engine, batches, anew)


def follow(engine: Engine, batches: list[tuple[list[Fact], str]], anew: int) -> None:
    """Facts are stored while states are kept, made anew, or neither; what is read is what the log says."""
    site, before = next(_sites), state_table.ANEW
    state_table.ANEW = anew
    ours = of_site(engine, site)
    try:
        for number, (facts, then) in enumerate(batches):
            with ours.begin() as connection:
                store_facts(connection, site, facts, moment(number), None)
                if then == "hand over":
                    theirs = (schema.fact.c.site == site) & (schema.fact.c.person_id == PEOPLE[0])
                    connection.execute(update(schema.fact).where(theirs).values(person_id=PEOPLE[1]))
                    hand_over_states(connection, site, PEOPLE[:2])
            if then == "keep":
                keep_states(ours, site)
            elif then == "anew":
                make_anew(ours, site)
        with reading(engine) as connection:
            unkept = read(connection, site)
            earlier = read(connection, site, moment(0))
        keep_states(ours, site)
        followed = rows(engine, site)
        with reading(engine) as connection:
            assert read(connection, site) == unkept
            assert read(connection, site, moment(0)) == earlier
            log = list(facts_of(connection, site))
        make_anew(ours, site)
        assert rows(engine, site) == followed
        assert keep_states(ours, site) == 0
    finally:
        state_table.ANEW = before
    assert len(followed) == sum(
        len(
            states_of(person, course, [one for one in log if (one.person_id, one.course) == (person, course)])
        )
        for person in PEOPLE
        for course in COURSES
    )


_ASKED = {
    "facts": st.lists(
        _facts, max_size=25, unique_by=lambda one: (one.stream, one.source_id, one.source_time)
    ),
    "t": st.integers(-1, 10),
    "late": st.integers(0, 25),
}


@given(**_ASKED)
@_property(60)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_held_at_a_moment_is_what_the_facts_up_to_it_say(
    engine: Engine, facts: list[Fact], t: int, late: int
) -> None:
    held_at(engine, facts, t, late)


@given(**_ASKED)
@_property(10)
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_what_held_at_a_moment_on_postgresql_too(
    engine: Engine, facts: list[Fact], t: int, late: int
) -> None:
    held_at(engine, facts, t, late)


def held_at(engine: Engine, facts: list[Fact], t: int, late: int) -> None:
    """The states are read at a moment, the last facts (`late` of them) having come since they were kept."""
    site, at = next(_sites), moment(t)
    ours = of_site(engine, site)
    for some, then in ((facts[late:], True), (facts[:late], False)):
        with ours.begin() as connection:
            store_facts(connection, site, some, NOW, None)
        if then:
            keep_states(ours, site)
    with reading(engine) as connection:
        log = [one for one in facts_of(connection, site, course="archive") if one.source_time <= at]
        kept = kept_states(connection, site, ["archive"])
        started, completed = (
            [one for some in kept.first("archive", what, at) if some for one in some.split(",")]
            for what in ("started", "completed")
        )
        scores = [
            (one, score)
            for score, some in kept.grades("archive", "archive/final", at)
            for one in some.split(",")
            if one
        ]
        score = {one.person_id: one.score for one in kept.holding("graded", at, "archive/final")}
        enrolled = {(one.person_id, tuple(one.institutions or ())) for one in kept.holding("enrolled", at)}
    assert dict(scores) == score
    assert len(scores) == len(score)
    assert len({*started}) == len(started)
    assert len({*completed}) == len(completed)
    assert {*completed} == {
        one.person_id for one in log if one.stream == "course_completion" and one.value["complete"]
    }
    assert {*started} == {*completed} | {
        one.person_id
        for one in log
        if one.stream in ("quiz_attempt", "scorm_result")
        or (one.stream == "activity_completion" and one.value["state"])
        or (one.stream == "grade" and one.value["grade"] is not None)
    }
    assert score == {
        one.person_id: 10 * float(str(one.value["grade"]))
        for one in log  # oldest first: the last stands
        if one.stream == "grade" and one.value["grade"] and one.value["item"] == "mod" and one.value["max"]
    }
    last = {(one.person_id, one.source_id): one.value for one in log if one.stream == "enrolment"}
    assert enrolled == {
        (person, tuple(value["institution"])) for (person, _), value in last.items() if value["enrolled"]
    }


def test_a_report_asks_the_log_only_of_whom_something_has_touched_since(engine: Engine) -> None:
    site = next(_sites)
    ours = of_site(engine, site)

    def complete(person: str, source: str) -> Fact:
        return Fact("course_completion", source, NOW, person, "archive", "", {"complete": True})

    with ours.begin() as connection:
        store_facts(connection, site, [complete(PEOPLE[0], "1"), complete(PEOPLE[1], "2")], NOW, None)
    assert keep_states(ours, site) == 2
    with ours.begin() as connection:
        store_facts(connection, site, [complete(PEOPLE[2], "3")], moment(60), None)
    with reading(engine) as connection:
        assert kept_states(connection, site, COURSES).touched == {"archive": {PEOPLE[2]}}
        assert kept_states(connection, site, ["ethics"]).touched == {}
        known = kept_states(connection, site, COURSES, known_at=NOW)
        assert (
            sorted(",".join(filter(None, known.first("archive", "completed", moment(100)))).split(","))
            == PEOPLE[:2]
        )
    assert keep_states(ours, site) == 1


def test_facts_of_other_sites_do_not_make_each_look_at_the_log_longer(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_table, "_FAR_BEHIND", 1)
    site, other = next(_sites), next(_sites)
    grade = [Fact("scorm_result", str(n), NOW, PEOPLE[0], "archive", "", {"n": n}) for n in range(5)]
    with engine.begin() as connection:
        store_facts(connection, site, grade[:1], NOW, None)
    keep_states(engine, site)
    with engine.begin() as connection:
        store_facts(connection, other, grade, NOW, None)
        newest = (
            connection.execute(select(schema.fact.c.id).order_by(schema.fact.c.id.desc())).scalars().first()
        )
    assert keep_states(engine, site) == 0
    with reading(engine) as connection:
        mark = connection.execute(select(schema.state_mark.c.up_to).where(schema.state_mark.c.site == site))
        assert mark.scalar_one() == newest
