"""Practice learners answer a questionnaire of their course through the mobile app's functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lms_sync.moodle.client import MoodleClient
from lms_sync.moodle.errors import UnknownOutcome


class NotAnswered(UnknownOutcome):
    """Moodle did not keep the answers."""


def answer_in_course(
    client: MoodleClient, course_id: int, activity: int, answers: Mapping[str, int | float | str]
) -> None:
    """The learner who is logged in answers; `activity` is the course module, `answers` go by question.

    Raises NotAnswered where the questionnaire is not to be seen, or Moodle asks for more.
    """
    found: Any = client.call("mod_feedback_get_feedbacks_by_courses", {"courseids": [course_id]})
    ids = [int(one["id"]) for one in found["feedbacks"] if int(one["coursemodule"]) == activity]
    if not ids:
        raise NotAnswered("learner.no-questionnaire", activity=activity)
    shown: Any = client.call("mod_feedback_get_items", {"feedbackid": ids[0]})
    # A browser sends every field of the form, also what was left empty; without them Moodle may refuse the page.
    responses = [
        {"name": f"{item['typ']}_{item['id']}", "value": str(answers.get(item["label"], ""))}
        for item in shown["items"]
    ]
    told: Any = client.call(
        "mod_feedback_process_page", {"feedbackid": ids[0], "page": 0, "responses": responses}, write=True
    )
    if not told["completed"]:
        raise NotAnswered("learner.not-answered", activity=activity)
