"""Which target goes into Moodle is said in the course's file; a change of it is planned, told with its loss, and taken back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from authoring.target import HtmlTarget, ScormTarget, Target, pushed_target
from course_packages import target_files
from lms_sync.edition import edition_of_manifest, edition_told
from lms_sync.learners import PracticeLearner, mobile_token
from lms_sync.moodle.client import MoodleClient
from lms_sync.plan import ForecastLoss, Loss
from moodle_standin.scorm_manifest import read_manifest
from tests.pushed_academy import COURSE

if TYPE_CHECKING:
    from lms_sync.academy import BuiltAcademy
    from tests.drift.conftest import Edited

COURSE_FILE = f"courses/{COURSE}/course.yaml"
TARGETS = "targets: [{kind: scorm12}, {kind: manual, languages: [sq]}]"
OTHER = "targets: [{kind: scorm12}, {kind: scorm2004, push: true}]"
PACKAGE = f"{COURSE}/package"
OLD, NEW, LESSONS = ScormTarget("scorm12"), ScormTarget("scorm2004"), ScormTarget("scorm12", "lessons")
MARKED = ScormTarget("scorm2004", "lessons", push=True)


def learn(edited: Edited, name: str, status: str, score: int) -> None:
    url = edited.push.url
    learner = PracticeLearner(MoodleClient(url, mobile_token(url, name, "Learner-1")))
    learner.take_package(edited.course().id, status=status, score=score)
    learner.client.close()


@pytest.mark.parametrize(
    ("targets", "pushed"),
    [
        ((OLD, NEW), OLD),
        ((NEW, LESSONS, OLD), LESSONS),  # the first of 1.2
        ((HtmlTarget("html"), NEW), None),  # for other platforms
        ((OLD, MARKED, LESSONS), MARKED),
        ((HtmlTarget("html"),), None),
    ],
)
def test_the_marked_target_is_pushed_else_the_first_of_12(
    targets: tuple[Target, ...], pushed: Target | None
) -> None:
    assert pushed_target(targets) == pushed


@pytest.mark.parametrize(
    "word", ["1.2", "1.3", "CAM 1.3", "2004 3rd Edition", "2004 4th Edition", "2004 2nd Edition", "2004", "x"]
)
def test_the_edition_that_a_manifest_gets_is_the_one_that_moodle_makes_of_it(word: str) -> None:
    manifest = f"<manifest><metadata><schemaversion>{word}</schemaversion></metadata></manifest>"
    assert edition_of_manifest(word) == edition_told(read_manifest(manifest.encode()).version)
    assert (edition_of_manifest(f" {word}"), edition_of_manifest("")) == ("", "")  # who knows


def test_only_a_package_of_2004_that_goes_into_moodle_has_other_items(built_small: BuiltAcademy) -> None:
    course = built_small.academy.courses[COURSE]
    items = {one: [sco.item for sco in target_files(course, one).scos] for one in (OLD, NEW, LESSONS, MARKED)}
    assert items[OLD] == items[NEW] == [f"item-{COURSE}"]  # for ever: platforms keep tracks by them
    assert items[LESSONS] == [f"item-{COURSE}-receiving-documents"]
    assert items[MARKED] == [f"{items[LESSONS][0]}_2004"]
    assert items[OLD] == [one.item for one in target_files(course, replace(OLD, push=True)).scos]


def test_another_edition_is_planned_with_its_loss_pushed_once_and_taken_back(edited: Edited) -> None:
    learn(edited, "arjola.cela", "passed", 90)
    edited.set_text(COURSE_FILE, TARGETS, OTHER)
    [refused] = edited.prepare().plan.refused
    assert (refused.key, refused.reason) == (PACKAGE, "plan.learners-would-lose")
    assert refused.losses == (ForecastLoss(Loss.ATTEMPTS, 1), ForecastLoss(Loss.GRADES, 1))
    assert [one.name for one in refused.differences] == ["edition", "sha1"]
    assert edited.work() == []

    report, left = edited.apply(accept_loss=frozenset({Loss.ATTEMPTS, Loss.GRADES}))
    assert report.complete
    assert left.plan.work == left.plan.refused == ()
    assert edited.scorm().version == "SCORM_1.3"
    assert edited.drift() == ()
    nobody_knows = edited.prepare(base=False)  # as with the state database lost
    assert (nobody_knows.plan.work, nobody_knows.plan.refused) == ((), ())

    learn(edited, "arjola.cela", "passed", 70)
    items = {key for key, one in edited.site.grade_items.items() if one.itemmodule == "scorm"}
    [grade] = [one.finalgrade for (item, _), one in edited.site.grades.items() if item in items]
    assert grade == 70  # nothing of the other edition is left in the attempt
    undo = ("apply", "--undo", "2", "--yes")
    assert edited.run(*undo).return_value == 3
    assert edited.scorm().version == "SCORM_1.3"
    assert edited.run(*undo, "--accept-loss", "attempts", "--accept-loss", "grades").return_value == 0
    assert edited.scorm().version == "SCORM_1.2"
    edited.set_text(COURSE_FILE, OTHER, TARGETS)
    assert edited.work() == []


def test_an_undo_that_brings_other_scos_back_says_whose_tracks_it_would_take(edited: Edited) -> None:
    text = edited.read(COURSE_FILE).replace(TARGETS, "targets: [{kind: scorm12, scos: lessons}]")
    before = "completion: passed\n      - id: register-page"
    assert before in text
    edited.write(COURSE_FILE, text.replace(before, before.replace("passed", "viewed")))
    edited.apply()
    learn(edited, "arjola.cela", "passed", 90)
    pushed = edited.scorm().sha1hash
    refused = edited.run("apply", "--undo", "2", "--yes")
    assert refused.return_value == 3
    assert "--accept-loss attempts" in refused.output
    assert edited.scorm().sha1hash == pushed
    accepted = (
        word for loss in ("attempts", "grades", "completion-dates") for word in ("--accept-loss", loss)
    )
    assert edited.run("apply", "--undo", "2", "--yes", *accepted).return_value == 0
    assert edited.scorm().sha1hash != pushed
