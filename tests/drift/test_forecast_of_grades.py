"""What a package with other items takes from learners is what the plan said: attempts, and grades that fall."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from lms_sync.learners import PracticeLearner, mobile_token
from lms_sync.moodle.client import MoodleClient
from lms_sync.plan import Action, Change, ForecastLoss, Kind, Loss, PlanOptions
from lms_sync.push import prepare
from tests.pushed_academy import COURSE

if TYPE_CHECKING:
    from tests.drift.conftest import Edited
    from tests.pushed_academy import Push

LEARNED = (("passed", 90), ("failed", 40), ("incomplete", None), ("failed", 0), ("passed", 75))


@pytest.fixture
def learned(edited: Edited) -> Push:
    """Five people have tracks, three of them a grade above nought; one of these a teacher has written by hand."""
    pushed = edited.push
    people = pushed.built.people.participants
    for person, (status, score) in zip(people, LEARNED, strict=False):
        client = MoodleClient(pushed.url, mobile_token(pushed.url, person.username, "Learner-1"))
        PracticeLearner(client).take_package(pushed.course().id, status=status, score=score)
        client.close()
    _grades(pushed)[pushed.user_id(people[4].username)].overridden = 1
    return pushed


def _grades(push: Push) -> dict[int, Any]:
    """Grades of the package by user."""
    item = next(one for one in push.site.grade_items.values() if one.itemmodule == "scorm")
    return {user: grade for (number, user), grade in push.site.grades.items() if number == item.id}


def _above_nought(push: Push) -> set[int]:
    return {user for user, grade in _grades(push).items() if grade.finalgrade}


def _with_other_item(push: Push) -> None:
    """Somebody has tampered with the built package: its item has another identifier."""
    (content,) = push.built.content
    assert content.package is not None
    with zipfile.ZipFile(content.package.path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = files["imsmanifest.xml"].replace(b'<item identifier="', b'<item identifier="OTHER-')
    files["imsmanifest.xml"] = manifest
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, one in files.items():
            archive.writestr(name, one)
    path = push.folder / "other.zip"
    path.write_bytes(buffer.getvalue())
    digest = hashlib.sha1(buffer.getvalue(), usedforsecurity=False).hexdigest()
    items = frozenset(f"OTHER-{one}" for one in content.package.items)
    package = dataclasses.replace(content.package, path=path, sha1=digest, items=items, content_sha256="")
    push.built = dataclasses.replace(push.built, content=(dataclasses.replace(content, package=package),))


def _planned(push: Push, *accepted: Loss) -> tuple[Change, Any]:
    settings = push.settings
    client = push.client()
    try:
        options = PlanOptions(accept_loss=frozenset(accepted))
        prepared = prepare(client, push.built, settings, settings.sites["main"], options=options)
    finally:
        client.close()
    key = f"{COURSE}/package"
    return next(one for one in prepared.plan.changes if (one.kind, one.key) == (Kind.ACTIVITY, key)), prepared


def test_the_forecast_is_what_then_happens(learned: Push) -> None:
    had = {user for (_, user), attempts in learned.site.scorm_attempts.items() if attempts[0].values}
    before = _above_nought(learned)
    _with_other_item(learned)
    change, _ = _planned(learned)
    assert (change.action, change.reason) == (Action.REFUSE, "plan.learners-would-lose")
    assert change.losses == (ForecastLoss(Loss.ATTEMPTS, 5), ForecastLoss(Loss.GRADES, 2))
    for one in (Loss.ATTEMPTS, Loss.GRADES):  # one accepted does not accept the other
        assert _planned(learned, one)[0].action is Action.REFUSE
    _, prepared = _planned(learned, Loss.ATTEMPTS, Loss.GRADES)
    report, _ = learned.apply(prepared=prepared)
    assert report.complete
    left = {
        user
        for (_, user), attempts in learned.site.scorm_attempts.items()
        if any(attempt.values for attempt in attempts)
    }
    assert len(had - left) == 5
    assert len(before - _above_nought(learned)) == 2


def test_where_nobody_has_a_grade_only_attempts_are_forecast(learned: Push) -> None:
    for grade in _grades(learned).values():
        grade.overridden = 1
    _with_other_item(learned)
    assert _planned(learned)[0].losses == (ForecastLoss(Loss.ATTEMPTS, 5),)
