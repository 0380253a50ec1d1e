"""Practice learners: they take a course through the functions that Moodle's mobile app uses.

The demo and the contract suite need people who learn. A practice learner logs in as the app does, reports a
package's results as its player would, and fills in a quiz by reading the questions' HTML, like anybody with
a browser. What it knows is the trainer's quiz file and how many questions it shall get right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from lms_sync.edition import SCORM_2004, edition_told
from lms_sync.moodle.client import MoodleClient
from lms_sync.moodle.errors import AccessRefused
from lms_sync.practice_answers import NotUnderstood, answer, find_question
from lms_sync.practice_form import read_question
from lms_sync.settings import Secret
from quizzes.questions import Description, Essay
from quizzes.quiz import Quiz

_SERVICE = "moodle_mobile_app"


def mobile_token(url: str, username: str, password: str) -> Secret:
    """A learner's token, as the mobile app gets it. Raises AccessRefused."""
    reply = requests.post(
        f"{url.rstrip('/')}/login/token.php",
        data={"username": username, "password": password, "service": _SERVICE},
        timeout=30,
        allow_redirects=False,
    )
    try:
        answer = reply.json()
    except ValueError:
        answer = {}
    if "token" not in answer:
        raise AccessRefused("learner.no-token", errorcode=str(answer.get("errorcode", "")), username=username)
    return Secret(str(answer["token"]))


def _in_12(status: str) -> dict[str, str]:
    return {
        "cmi.core.lesson_status": status,
        "cmi.core.exit": "suspend" if status == "incomplete" else "",
        "cmi.core.session_time": "00:20:00",
    }


def _in_2004(status: str) -> dict[str, str]:
    done = status in ("passed", "completed")
    success = {"cmi.success_status": status} if status in ("passed", "failed") else {}
    values = {"cmi.completion_status": "completed" if done else "incomplete", **success}
    return {**values, "cmi.exit": "suspend", "cmi.session_time": "PT20M0S"}


@dataclass
class PracticeLearner:
    """Somebody who is logged in and learns."""

    client: MoodleClient

    def take_package(self, course_id: int, *, status: str, score: int | None, suspend_data: str = "") -> None:
        """Opens the course's SCORM activity and reports a result: status and raw score, in the words of its edition."""
        scorms = self.client.call("mod_scorm_get_scorms_by_courses", {"courseids": [course_id]})["scorms"]
        scorm = scorms[0]
        scoes = self.client.call("mod_scorm_get_scorm_scoes", {"scormid": scorm["id"]})["scoes"]
        sco = next(one for one in scoes if one["launch"])
        self.client.call("mod_scorm_launch_sco", {"scormid": scorm["id"], "scoid": sco["id"]}, write=True)
        newer = edition_told(scorm["version"]) == SCORM_2004
        values = _in_2004(status) if newer else _in_12(status)
        if score is not None:
            at = "cmi.score" if newer else "cmi.core.score"
            values |= {f"{at}.raw": str(score), f"{at}.min": "0", f"{at}.max": "100"}
        tracks = [{"element": element, "value": value} for element, value in values.items()]
        if suspend_data:
            tracks.append({"element": "cmi.suspend_data", "value": suspend_data})
        self.client.call(
            "mod_scorm_insert_scorm_tracks", {"scoid": sco["id"], "attempt": 1, "tracks": tracks}, write=True
        )

    def take_quiz(
        self, course_id: int, quiz: Quiz, *, right: float, finish: bool = True, activity: int | None = None
    ) -> int:
        """Takes a quiz of the course, with about `right` (0..1) of the questions right; the attempt's id.

        `activity` is its course module; without it the course must have only one quiz. Raises NotUnderstood.
        """
        found = self.client.call("mod_quiz_get_quizzes_by_courses", {"courseids": [course_id]})["quizzes"]
        wanted = [one for one in found if activity in (None, int(one["coursemodule"]))]
        if len(wanted) != 1:
            raise NotUnderstood("learner.which-quiz", n=len(wanted), course=course_id)
        attempt = self.client.call("mod_quiz_start_attempt", {"quizid": wanted[0]["id"]}, write=True)[
            "attempt"
        ]
        forms = [read_question(str(one["html"])) for one in self.questions_of(int(attempt["id"]))]
        shown = [(find_question(quiz, form), form) for form in forms]
        wanted_right = round(right * sum(not isinstance(known, Description | Essay) for known, _ in shown))
        data: list[dict[str, object]] = []
        marked = 0
        for known, form in shown:
            fields = answer(known, form, correctly=marked < wanted_right)
            data += [{"name": name, "value": value} for name, value in fields.items()]
            marked += not isinstance(known, Description | Essay)
        for start in range(0, len(data), 400):
            last = start + 400 >= len(data)
            self.client.call(
                "mod_quiz_process_attempt",
                {
                    "attemptid": attempt["id"],
                    "data": data[start : start + 400],
                    "finishattempt": 1 if finish and last else 0,
                },
                write=True,
            )
        return int(attempt["id"])

    def questions_of(self, attempt: int) -> Iterator[Mapping[str, Any]]:
        """The questions of an open attempt, page by page."""
        page = 0
        while page >= 0:
            shown = self.client.call("mod_quiz_get_attempt_data", {"attemptid": attempt, "page": page})
            yield from shown["questions"]
            page = int(shown["nextpage"])
