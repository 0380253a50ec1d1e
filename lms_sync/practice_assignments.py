"""Practice learners hand in an assignment, and a practice trainer marks it, through the mobile app's functions."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from lms_sync.moodle.client import MoodleClient
from lms_sync.moodle.errors import UnknownOutcome

_HTML = 1
_LATEST_ATTEMPT = -1


class NotHandedIn(UnknownOutcome):
    """Moodle did not keep what was handed in."""


def hand_in(client: MoodleClient, course_id: int, activity: int, text: str) -> int:
    """The learner who is logged in hands in a text; `activity` is the course module. Gives the assignment's id."""
    assignment = find_assignment(client, course_id, activity)
    warnings = client.call(
        "mod_assign_save_submission",
        {
            "assignmentid": assignment,
            "plugindata": {
                "onlinetext_editor": {"text": f"<p>{html.escape(text)}</p>", "format": _HTML, "itemid": 0}
            },
        },
        write=True,
    )
    if warnings:
        raise NotHandedIn("learner.not-handed-in", reason=str(warnings[0]["item"]))
    return assignment


def find_assignment(client: MoodleClient, course_id: int, activity: int, *, enrolled: bool = True) -> int:
    """The assignment of a course module, as whoever is logged in sees it; raises NotHandedIn."""
    answer: Any = client.call(
        "mod_assign_get_assignments",
        {"courseids": [course_id], "includenotenrolledcourses": 0 if enrolled else 1},
    )
    for course in answer["courses"]:
        for one in course["assignments"]:
            if int(one["cmid"]) == activity:
                return int(one["id"])
    raise NotHandedIn("learner.no-assignment", activity=activity)


@dataclass
class PracticeTrainer:
    """Somebody who is logged in and may mark in the course: Moodle's teacher, or a role with mod/assign:grade."""

    client: MoodleClient

    def mark(self, assignment: int, user_id: int, points: float, comment: str = "") -> None:
        """Gives a learner points for what was handed in last."""
        arguments: dict[str, object] = {
            "assignmentid": assignment,
            "userid": user_id,
            "grade": points,
            "attemptnumber": _LATEST_ATTEMPT,
            "addattempt": 0,
            "workflowstate": "",
            "applytoall": 0,
        }
        if comment:
            text = {"text": f"<p>{html.escape(comment)}</p>", "format": _HTML}
            arguments["plugindata"] = {"assignfeedbackcomments_editor": text}
        self.client.call("mod_assign_save_grade", arguments, write=True)
