"""What learners lose in a real Moodle when another target of their course is pushed, and whether the plan says so.

    MOODLE_URL=… MOODLE_TOKEN=… LEARNER_PASSWORD=… python tests/programmes_played/change_of_target_on_real_moodle.py
        [--only FROM-TO] [--keep FOLDER]

For each change of target there is a course, somebody who has passed it in Moodle's player, and somebody who has begun it and got a
bad end. Then `push: true` goes to another target: the plan has to refuse, with the loss and the number of learners; after
`--accept-loss` the course is pushed. What Moodle then keeps of tracks, grade and completion is read with the learners' own tokens.
They open the package again and begin anew: who had passed gets the bad end, who had begun passes. They open it once more. At last
the change is undone by `apply --undo`. Told are figures; a fault is what came otherwise than the plan and the undo said.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from authoring.blocks import Scenario, each_block  # noqa: E402
from tests.conftest import CHROMIUM, FLAGS  # noqa: E402
from tests.course_packages.test_every_block import (  # noqa: E402
    GOOD_WAY,
    answer_questions,
    open_all_parts,
    walk_scenario,
)
from tests.course_packages.test_in_browser import turn_page  # noqa: E402
from tests.programmes_played.blocks_on_real_moodle import (  # noqa: E402
    TARGETS,
    MoodleLearner,
    Trial,
    interactions,
)

CHANGES = {  # by name: from, to, and the losses that the plan has to forecast
    "12-2004": ("scorm12", "scorm2004", {"attempts": 2, "grades": 2}),
    "2004-12": ("scorm2004", "scorm12", {"attempts": 2, "grades": 2}),
    "12-lessons": ("scorm12", "lessons", {"attempts": 2, "grades": 2}),
}
WHO = ("passed", "begun")


class Changed(Trial):
    """The same course once for each change of target."""

    def push_target(self, way: str, target: str) -> None:
        """Writes which target goes into Moodle."""
        path = self.folder / "courses" / self.slug_of(way) / "course.yaml"
        text = path.read_text(encoding="utf-8")
        listed = [
            "targets:",
            *(
                f"- {json.dumps({**one, **({'push': True} if name == target else {})})}"
                for name, one in TARGETS.items()
            ),
        ]
        text = re.sub(r"(?ms)^targets:\n(?:[- ].*\n)*", "\n".join(listed) + "\n", text)
        if "lessons" in CHANGES[way]:  # Moodle would count the first of several SCOs
            text = text.replace("completion: passed", "completion: viewed")
        path.write_text(text, encoding="utf-8")

    def pushed(self, way: str) -> str:
        return CHANGES[way][0]

    def write_changes(self, ways: list[str]) -> None:
        self.write_academy(ways)
        for way in ways:
            self.push_target(way, CHANGES[way][0])

    def learner(self, browser: Browser, way: str, who: str) -> MoodleLearner:
        return MoodleLearner(browser, self.url, self.learner_named(f"{way}.{who}"), self.password)

    # --- what learners do

    def begin(self, one: MoodleLearner, way: str, scenes: tuple[str, ...]) -> None:
        """From the first page to the end of the scenario."""
        course = self.read(way)
        titles = [lesson.texts["en"].title for lesson in course.lessons]
        questions = [
            block
            for block in each_block(course.lessons[2].texts["en"].blocks)
            if hasattr(block, "question_html")
        ]
        open_all_parts(one)
        turn_page(one, titles[1])
        open_all_parts(one)
        turn_page(one, titles[2])
        answer_questions(one, questions)
        turn_page(one, titles[3])
        walk_scenario(one, self.scenario(way), scenes)

    def scenario(self, way: str) -> Scenario:
        blocks = each_block(self.read(way).lessons[3].texts["en"].blocks)
        return next(block for block in blocks if isinstance(block, Scenario))

    def open_again(self, one: MoodleLearner, way: str) -> dict[str, Any]:
        """What the learner sees who comes back."""
        one.page.goto(f"{self.url}/mod/scorm/view.php?id={self.activities[way]}")
        frame = one.open(self.activities[way])
        return {
            "page": frame.inner_text("h1"),
            "lessons done": frame.locator(".contents li.done").count(),
            "notice": frame.inner_text("#notices")[:60],
            "Moodle's mode": one.page.locator("#scormmode").inner_text()
            if one.page.locator("#scormmode").count()
            else "normal",
        }

    def standing(self, way: str, who: str) -> dict[str, Any]:
        """What Moodle keeps of somebody, read with their own token."""
        name = f"{way}.{who}"
        user = self.user_id(name)
        scorm = self.scorms[self.activities[way]]
        app = self.app(name)
        scoes = [
            one
            for one in app.call("mod_scorm_get_scorm_scoes", {"scormid": scorm["id"]})["scoes"]
            if one["launch"]
        ]
        tracks = {}
        for sco in scoes:
            given = {"scoid": sco["id"], "userid": user, "attempt": 1}
            answer = app.call("mod_scorm_get_scorm_sco_tracks", given)["data"]["tracks"]
            told = {one["element"]: one["value"] for one in answer}
            if told:
                kept = {
                    element: value
                    for element, value in told.items()
                    if re.search(r"status|score.raw|exit|^score_raw", element)
                }
                kept["interactions"] = len(interactions(told))
                kept["has state"] = bool(told.get("cmi.suspend_data"))
                tracks[sco["identifier"].removeprefix(f"item-{self.slug_of(way)}") or "-"] = kept
        grades = app.call("gradereport_user_get_grade_items", {"courseid": scorm["course"], "userid": user})
        completed = app.call(
            "core_completion_get_activities_completion_status", {"courseid": scorm["course"], "userid": user}
        )["statuses"]
        attempts = app.call("mod_scorm_get_scorm_attempt_count", {"scormid": scorm["id"], "userid": user})
        return {
            "attempts": attempts["attemptscount"],
            "grade": next(
                one["graderaw"]
                for one in grades["usergrades"][0]["gradeitems"]
                if one["itemmodule"] == "scorm"
            ),
            "complete": [one["state"] for one in completed if one["modname"] == "scorm"],
            "tracks": tracks,
        }

    # --- the change

    def plan(self, *words: str) -> tuple[int, dict[str, Any]]:
        """The plan's exit code and what it says."""
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "from lms_sync.cli import main; main()",
                "plan",
                "--json",
                *words,
                "--dir",
                str(self.folder),
            ],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT), "LMS_SYNC_TOKEN": self.token},
        )
        return done.returncode, json.loads(done.stdout)

    def change(self, browser: Browser, way: str) -> None:
        print("==", way, flush=True)
        _source, target, losses = CHANGES[way]
        figures: dict[str, Any] = {}
        self.figures[way] = figures
        for who in WHO:
            one = self.learner(browser, way, who)
            one.open(self.activities[way])
            self.begin(one, way, GOOD_WAY if who == "passed" else ("lost",))
            if who == "passed":
                one.leave()
            else:
                one.close_tab()
                one.heard()
            one.context.close()
            figures[f"{who}, before"] = self.standing(way, who)
        self.push_target(way, target)
        code, plan = self.plan()
        told = {each["kind"]: each["learners"] for change in plan["changes"] for each in change["losses"]}
        self.equal(code, 3, f"{way}: exit code of the plan")
        self.equal(told, losses, f"{way}: losses that the plan forecasts")
        figures["plan"] = {
            "losses": told,
            "fields": [f["name"] for c in plan["changes"] for f in c["fields"]],
        }
        accept = [word for name in losses for word in ("--accept-loss", name)]
        print(self.command("apply", "--yes", *accept))
        code, plan = self.plan()
        self.equal((code, plan["changes"]), (0, []), f"{way}: plan after the change")
        for who in WHO:
            figures[f"{who}, after"] = self.standing(way, who)
        for who in WHO:
            one = self.learner(browser, way, who)
            try:
                figures[f"{who}, opens it"] = seen = self.open_again(one, way)
                self.equal(seen["lessons done"], 1, f"{way}: {who}: lessons done by one who begins anew")
                if target != "lessons":  # now the one who had passed gets the bad end, and the other passes
                    self.begin(one, way, GOOD_WAY if who == "begun" else ("lost",))
                one.leave()
            except (AssertionError, Error) as error:
                one.page.screenshot(path=self.folder / f"{way}-{who}.png")
                self.faults.append(f"{way}: {who}: {error}")
                print("FAULT", way, who, error, flush=True)
            bad = [each for each in one.heard() if each["error"] != "0" or each["answer"] == "false"]
            self.equal(bad, [], f"{way}: {who}: calls that Moodle refused")
            one.context.close()
            figures[f"{who}, then"] = self.standing(way, who)
            one = self.learner(browser, way, who)
            figures[f"{who}, opens it once more"] = seen = self.open_again(one, way)
            recorded = one.frame.evaluate("!document.querySelector('#notices .bad')")
            self.equal(recorded, True, f"{way}: {who}: is recorded at the second visit")
            one.leave()
            one.context.close()

    def undo(self, browser: Browser, way: str) -> None:
        """Takes the change back, looks at the site, and has everybody open the package once more."""
        source, figures = CHANGES[way][0], self.figures[way]
        run = json.loads(self.command("runs", "--json"))[0]["run"]
        accept = [word for name in ("attempts", "grades") for word in ("--accept-loss", name)]
        print(self.command("apply", "--undo", str(run), "--yes", *accept))
        course = self.scorms[self.activities[way]]["course"]
        [scorm] = self.client.call("mod_scorm_get_scorms_by_courses", {"courseids": [course]})["scorms"]
        wanted = "SCORM_1.3" if source == "scorm2004" else "SCORM_1.2"
        self.equal(scorm["version"], wanted, f"{way}: edition after the undo")
        self.push_target(way, source)
        code, plan = self.plan()
        self.equal((code, plan["changes"]), (0, []), f"{way}: plan with the target as it was")
        for who in WHO:
            figures[f"{who}, undone"] = self.standing(way, who)
            one = self.learner(browser, way, who)
            figures[f"{who}, undone, opens it"] = self.open_again(one, way)
            one.leave()
            one.context.close()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=CHANGES, action="append")
    parser.add_argument("--keep", type=Path, help="the academy folder is kept here")
    arguments = parser.parse_args()
    ways = arguments.only or list(CHANGES)
    url = os.environ["MOODLE_URL"].rstrip("/")
    trial = Changed(url, os.environ["MOODLE_TOKEN"], os.environ["LEARNER_PASSWORD"], arguments.keep, None)
    trial.write_changes(ways)
    trial.make_people([f"{way}.{who}" for way in ways for who in WHO])
    trial.push(ways)
    program = next(filter(None, map(shutil.which, CHROMIUM)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        for way in ways:
            try:
                trial.change(browser, way)
                trial.undo(browser, way)
            finally:
                print(json.dumps(trial.figures[way], ensure_ascii=False, indent=1), flush=True)
        browser.close()
    trial.client.close()
    print("faults:", len(trial.faults), *trial.faults, sep="\n")
    return 1 if trial.faults else 0


if __name__ == "__main__":
    sys.exit(main())
