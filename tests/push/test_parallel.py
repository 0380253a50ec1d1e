"""Several courses at once: the same result, shared things first, each course in order, one journal, nothing twice."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from authoring.starter_academy import SLUG, write_starter_academy
from lms_sync.academy import BuiltAcademy, build_academy, read_academy
from lms_sync.apply import ApplyReport
from lms_sync.clock import SystemClock
from lms_sync.moodle.errors import AccessRefused
from lms_sync.plan import Kind
from lms_sync.push import Prepared, apply_prepared
from lms_sync.store.database import open_database
from moodle_standin.seed import build_site
from moodle_standin.server import create_app
from tests.cli.conftest import command
from tests.pushed_academy import TOKEN, Push, Server

if TYPE_CHECKING:
    from tests.cli.conftest import Ended

__all__ = ["command"]

COURSES = ("one", "two", "three", "four")
SHARED = {Kind.CATEGORY, Kind.COURSE, Kind.COHORT, Kind.ACCOUNT, Kind.COHORT_MEMBER}


@pytest.fixture(scope="session")
def built_four(tmp_path_factory: pytest.TempPathFactory) -> BuiltAcademy:
    """Four courses on one shelf, with two people in all of them who have no accounts yet."""
    folder = tmp_path_factory.mktemp("four") / "academy"
    write_starter_academy(folder, ["en"], "language: en\n")
    for name in COURSES:
        copy_course(folder, name)
    shutil.rmtree(folder / "courses" / SLUG)
    (folder / "quizzes" / f"{SLUG}.yaml").unlink()
    people = folder / "people"
    people.mkdir()
    (people / "institutions.csv").write_text("code,name_en,kind\noffice,Office,ministry\n", encoding="utf-8")
    rows = [f"P{n},p{n},p{n}@example.org,Person,{n},office,{'|'.join(COURSES)}" for n in (1, 2)]
    head = "idnumber,username,email,firstname,lastname,institution,courses"
    (people / "participants.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return build_academy(read_academy(folder))


def copy_course(folder: Path, name: str) -> None:
    target = folder / "courses" / name
    shutil.copytree(folder / "courses" / SLUG, target)
    for file in (target / "course.yaml", folder / "quizzes" / f"{name}.yaml"):
        source = target / "course.yaml" if file.parent == target else folder / "quizzes" / f"{SLUG}.yaml"
        text = source.read_text(encoding="utf-8")
        text = text.replace(f"id: {SLUG}\n", f"id: {name}\n").replace(f"quiz: {SLUG},", f"quiz: {name},")
        file.write_text(text, encoding="utf-8")


@pytest.fixture
def four(server: Server, built_four: BuiltAcademy, tmp_path: Path) -> Iterator[Push]:
    """The academy beside a site; nothing is pushed yet."""
    folder = tmp_path / "academy"
    shutil.copytree(built_four.academy.folder, folder)
    (folder / "token").write_text(TOKEN)
    (folder / "token").chmod(0o600)
    site = build_site({"service_account": {"token": TOKEN}, "users": [], "courses": []})
    site.settings.url = server.url
    server.app = create_app(site)
    built = replace(built_four, academy=replace(built_four.academy, folder=folder))
    engine = open_database(f"sqlite:///{folder}/.lms-sync/state.db")
    one = Push(folder, built, site, server.url, engine)
    one.configure(create="missing")
    yield one
    engine.dispose()


def apply(push: Push, parallel: int) -> tuple[ApplyReport, Prepared]:
    client, settings = push.client(), push.settings
    try:
        return apply_prepared(
            client, push.engine, "main", push.prepare(), settings, settings.sites["main"], push.folder,
            SystemClock(), again=push.prepare, parallel=parallel,
        )  # fmt: skip
    finally:
        client.close()


def scope_of(row: Any) -> str:
    key: str = row.key
    return key.split("/", 1)[0].split(":", 1)[0]


@pytest.mark.parametrize("parallel", [2, 8])
def test_the_result_is_that_of_one_after_the_other(four: Push, parallel: int) -> None:
    report, left = apply(four, parallel)
    assert report.complete
    assert report.done == {"create": len(left.plan.changes) + 2}  # two accounts, in no later plan
    assert left.plan.work == left.plan.refused == ()
    assert four.doubles() == {}
    rows = four.journal()
    assert [row.step for row in rows] == list(range(1, len(rows) + 1))
    assert {row.state for row in rows} == {"confirmed"}
    assert len({row.run_id for row in rows}) == 1
    before = len(four.log())
    assert apply(four, parallel)[0].done == {}
    assert four.log(before) == []


def test_shared_things_come_first_and_each_course_keeps_its_order(four: Push) -> None:
    apply(four, 4)
    rows = four.journal()
    shared = [row.step for row in rows if Kind(row.kind) in SHARED]
    assert max(shared) < min(row.step for row in rows if Kind(row.kind) not in SHARED)
    order = list(Kind)
    of_course: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if Kind(row.kind) not in SHARED and not row.kind.startswith("question"):
            of_course[scope_of(row)].append(order.index(Kind(row.kind)))
    assert set(of_course) == set(COURSES)
    assert all(kinds == sorted(kinds) for kinds in of_course.values())


def test_courses_are_worked_on_at_the_same_time_and_no_more_of_them_than_asked_for(four: Push) -> None:
    four.fault("local_lmssync_upsert_section", "slow", seconds=0.2, times=99)
    apply(four, 2)
    sections = [row for row in four.journal() if row.kind == "section"]
    together = [
        sum(one.intent_at <= other.intent_at < one.confirmed_at for one in sections) for other in sections
    ]
    assert max(together) == 2


def test_a_refusal_in_one_course_does_not_touch_the_others(four: Push) -> None:
    four.fault("core_group_create_groups", "error", errorcode="invalidparameter", times=1)
    report, left = apply(four, 4)
    assert len(report.failed) == 1
    scope = report.failed[0][0].scope
    assert {change.scope for change in left.plan.work} == {scope}
    report, left = apply(four, 4)
    assert report.complete
    assert left.plan.work == ()
    assert four.doubles() == {}


@pytest.mark.parametrize("function", ["local_lmssync_upsert_activity", "core_group_create_groups"])
def test_an_unknown_outcome_in_one_thread_is_settled_for_all(four: Push, function: str) -> None:
    four.fault(function, "cut_after_work", times=1)
    report, left = apply(four, 4)
    assert report.complete
    assert left.plan.work == ()
    assert four.doubles() == {}
    rows = four.journal()
    assert len({row.step for row in rows}) == len(rows)
    assert {row.state for row in rows} <= {"confirmed", "lost"}


def test_what_stops_one_thread_stops_all_and_nothing_is_left_open(four: Push) -> None:
    four.fault("local_lmssync_upsert_questions", "error", errorcode="invalidtoken", times=1)
    four.fault("local_lmssync_upsert_activity", "slow", seconds=0.2, times=2)
    with pytest.raises(AccessRefused):
        apply(four, 4)
    rows = four.journal()
    assert {row.state for row in rows} == {"confirmed", "failed"}
    assert not any(row.kind == "group member" for row in rows)
    report, left = apply(four, 4)
    assert report.complete
    assert left.plan.work == ()
    assert four.doubles() == {}


@pytest.mark.parametrize("number", ["0", "9", "many"])
def test_more_than_a_site_bears_is_not_taken(four: Push, command: Callable[..., Ended], number: str) -> None:
    assert command("apply", "--dir", four.folder, "--parallel", number, "--yes").code == 64
    assert four.log() == []


def test_the_verb_takes_it(four: Push, command: Callable[..., Ended]) -> None:
    ended = command("apply", "--dir", four.folder, "--parallel", "3", "--yes")
    assert ended.code == 0, ended.said
    assert command("plan", "--dir", four.folder).code == 0
