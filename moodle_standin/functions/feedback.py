"""mod_feedback: questionnaires as the mobile app shows them to a learner, and answering one."""

from __future__ import annotations

from typing import Any, Final

from moodle_standin.completion import update_completion
from moodle_standin.errors import MoodleError, missing_record
from moodle_standin.formatting import name_in_answer
from moodle_standin.functions.registry import serves
from moodle_standin.records import CourseModule, FeedbackAnswer, SimpleActivity
from moodle_standin.site import Call

TYPES: Final = {
    "rating": "multichoicerated",
    "choice": "multichoice",
    "text": "textarea",
    "number": "numeric",
}
_CHOICES: Final = ("rating", "choice")
_WITH_NAME: Final = 2


def _enter(call: Call, number: int) -> tuple[SimpleActivity, CourseModule]:
    activity = call.site.simple.get(("feedback", number))
    if activity is None:
        raise missing_record("feedback")
    module = call.site.module_of("feedback", number)
    call.site.require_module_access(call.user, module)
    return activity, module


def _item_id(call: Call, activity: SimpleActivity, key: str) -> int:
    """Rows of feedback_item have numbers of their own, which stay as long as the key does."""
    return call.site.feedback_items.setdefault((activity.id, key), len(call.site.feedback_items) + 1)


@serves("mod_feedback_get_feedbacks_by_courses")
def get_feedbacks(call: Call, params: dict[str, Any]) -> Any:
    """The questionnaires that the caller can see in courses."""
    site = call.site
    rows = []
    for course_id in params["courseids"]:
        site.require_course_access(call.user, course_id)
        for module in site.modules_in(course_id):
            if module.modname != "feedback":
                continue
            try:
                activity, _ = _enter(call, module.instance)
            except MoodleError:
                continue
            rows.append(_summary(call, activity, module))
    return {"feedbacks": rows, "warnings": []}


def _summary(call: Call, activity: SimpleActivity, module: CourseModule) -> dict[str, Any]:
    return {
        "id": activity.id,
        "course": module.course,
        "name": name_in_answer(call, activity.name),
        "intro": activity.intro,
        "introformat": 1,
        "lang": None,
        "anonymous": activity.settings["anonymous"],
        "multiple_submit": bool(activity.settings["multiple_submit"]),
        "autonumbering": False,
        "page_after_submitformat": 1,
        "publish_stats": False,
        "completionsubmit": bool(activity.rules.get("submit")),
        "coursemodule": module.id,
        "introfiles": [],
    }


@serves("mod_feedback_get_items")
def get_items(call: Call, params: dict[str, Any]) -> Any:
    """The questions of a questionnaire."""
    activity, _ = _enter(call, params["feedbackid"])
    call.require("mod/feedback:complete", activity.course)
    rows = [
        {
            "id": _item_id(call, activity, item["key"]),
            "feedback": activity.id,
            "template": 0,
            "name": name_in_answer(call, item["name"]),
            "nameformat": 1,
            "label": item["key"],
            "presentation": _presentation(item),
            "presentationformat": 1,
            "typ": TYPES[item["type"]],
            "hasvalue": 1,
            "position": place,
            "required": bool(item["required"]),
            "dependitem": 0,
            "dependvalue": "",
            "options": "h" if item["type"] in _CHOICES else "",
            "itemfiles": [],
            "itemnumber": place,
            "otherdata": None,
        }
        for place, item in enumerate(activity.settings["items"], 1)
    ]
    return {"items": rows, "warnings": []}


def _presentation(item: dict[str, Any]) -> str:
    match item["type"]:
        case "rating":
            steps = "|".join(f"{number}####{text}" for number, text in enumerate(item["options"], 1))
            return f"r>>>>>{steps}<<<<<1"
        case "choice":
            return "r>>>>>" + "|".join(item["options"])
        case "number":
            return "|".join(item["options"])
        case _:
            return "60|6"


@serves("mod_feedback_process_page")
def process_page(call: Call, params: dict[str, Any]) -> Any:
    """Answers a questionnaire of one page. Where a question that must be answered is not, nothing is stored."""
    site = call.site
    activity, module = _enter(call, params["feedbackid"])
    call.require("mod/feedback:complete", activity.course)
    mine = [one for one in site.feedback_answers.values() if one.key == (activity.id, call.user.id)]
    if mine and not activity.settings["multiple_submit"]:
        raise MoodleError(
            "this_feedback_is_already_submitted",
            "You've already completed this activity.",
        )
    said = {one["name"]: one["value"] for one in params["responses"]}
    values: dict[str, str] = {}
    for item in activity.settings["items"]:
        value = said.get(f"{TYPES[item['type']]}_{_item_id(call, activity, item['key'])}", "")
        if item["type"] in _CHOICES and value == "":
            value = "0"
        if item["required"] and value in (("", "0") if item["type"] in _CHOICES else ("",)):
            return _answered(completed=False)
        values[item["key"]] = value
    number = site.next_id("feedback_completed")
    site.feedback_answers[number] = FeedbackAnswer(
        number,
        activity.id,
        call.user.id,
        site.now(),
        activity.settings["anonymous"],
        values,
    )
    activity.answers += 1
    call.record("feedback", "answer", feedback=activity.id, userid=call.user.id)
    if activity.rules.get("submit"):
        update_completion(call, module, call.user.id)
    return _answered(completed=True)


def _answered(*, completed: bool) -> dict[str, Any]:
    return {
        "jumpto": 0 if completed else None,
        "completed": completed,
        "completionpagecontents": "",
        "siteaftersubmit": "",
        "warnings": [],
    }
