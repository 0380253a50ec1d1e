"""The run-time data model of both editions: which elements there are, and which values they take.

SCORM 1.2 RTE 3.4 and SCORM 2004 4th Edition RTE 4.2. Used on what stands literally in the scripts of a
package: `SetValue("cmi.core.exit", "normal")` is wrong before anybody plays it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from course_packages.editions import SCORM_12, SCORM_2004, Edition

Rule = Callable[[str], bool]

_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def _one_of(*words: str) -> Rule:
    return lambda value: value in words


def _text(most: int) -> Rule:
    return lambda value: len(value) <= most


def _decimal(low: float, high: float) -> Rule:
    return lambda value: bool(_NUMBER.fullmatch(value)) and low <= float(value) <= high


def _pattern(pattern: str) -> Rule:
    return lambda value: re.fullmatch(pattern, value) is not None


_REAL = _decimal(float("-inf"), float("inf"))
_STATUS_12 = _one_of("passed", "completed", "failed", "incomplete", "browsed")
_TIME_12 = _pattern(r"\d{2}:\d{2}:\d{2}(\.\d{1,2})?")
_SPAN_12 = _pattern(r"\d{2,4}:\d{2}:\d{2}(\.\d{1,2})?")
_SPAN_2004 = _pattern(r"P(?=.)(\d+Y)?(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d{1,2})?S)?)?")
_ID_12 = _pattern(r"[\w-]{1,255}")
_ID_2004 = _pattern(r"\S{1,4000}")
_COMPLETION = _one_of("completed", "incomplete", "not attempted", "unknown")
_SUCCESS = _one_of("passed", "failed", "unknown")
_TYPES_12 = (
    "true-false",
    "choice",
    "fill-in",
    "matching",
    "performance",
    "sequencing",
    "likert",
    "numeric",
)


def _result(*words: str) -> Rule:
    return lambda value: value in words or _REAL(value)


READ_ONLY: Rule = lambda value: False  # noqa: E731 - a rule like the others

ELEMENTS_12: Mapping[str, Rule] = {
    "cmi._version": READ_ONLY,
    "cmi.core.student_id": READ_ONLY,
    "cmi.core.student_name": READ_ONLY,
    "cmi.core.lesson_location": _text(255),
    "cmi.core.credit": READ_ONLY,
    "cmi.core.lesson_status": _STATUS_12,
    "cmi.core.entry": READ_ONLY,
    "cmi.core.score.raw": _decimal(0, 100),
    "cmi.core.score.min": _decimal(0, 100),
    "cmi.core.score.max": _decimal(0, 100),
    "cmi.core.total_time": READ_ONLY,
    "cmi.core.lesson_mode": READ_ONLY,
    "cmi.core.exit": _one_of("time-out", "suspend", "logout", ""),
    "cmi.core.session_time": _SPAN_12,
    "cmi.suspend_data": _text(4096),
    "cmi.launch_data": READ_ONLY,
    "cmi.comments": _text(4096),
    "cmi.comments_from_lms": READ_ONLY,
    "cmi.student_data.mastery_score": READ_ONLY,
    "cmi.student_data.max_time_allowed": READ_ONLY,
    "cmi.student_data.time_limit_action": READ_ONLY,
    "cmi.student_preference.audio": _decimal(-1, 100),
    "cmi.student_preference.language": _text(255),
    "cmi.student_preference.speed": _decimal(-100, 100),
    "cmi.student_preference.text": _decimal(-1, 1),
    "cmi.objectives.n.id": _ID_12,
    "cmi.objectives.n.score.raw": _decimal(0, 100),
    "cmi.objectives.n.score.min": _decimal(0, 100),
    "cmi.objectives.n.score.max": _decimal(0, 100),
    "cmi.objectives.n.status": _one_of(
        "passed", "completed", "failed", "incomplete", "browsed", "not attempted"
    ),
    "cmi.interactions.n.id": _ID_12,
    "cmi.interactions.n.objectives.n.id": _ID_12,
    "cmi.interactions.n.time": _TIME_12,
    "cmi.interactions.n.type": _one_of(*_TYPES_12),
    "cmi.interactions.n.correct_responses.n.pattern": _text(255),
    "cmi.interactions.n.weighting": _REAL,
    "cmi.interactions.n.student_response": _text(255),
    "cmi.interactions.n.result": _result("correct", "wrong", "unanticipated", "neutral"),
    "cmi.interactions.n.latency": _SPAN_12,
}

ELEMENTS_2004: Mapping[str, Rule] = {
    "cmi._version": READ_ONLY,
    "cmi.comments_from_learner.n.comment": _text(4000),
    "cmi.comments_from_learner.n.location": _text(250),
    "cmi.comments_from_learner.n.timestamp": _text(40),
    "cmi.comments_from_lms.n.comment": READ_ONLY,
    "cmi.comments_from_lms.n.location": READ_ONLY,
    "cmi.comments_from_lms.n.timestamp": READ_ONLY,
    "cmi.completion_status": _COMPLETION,
    "cmi.completion_threshold": READ_ONLY,
    "cmi.credit": READ_ONLY,
    "cmi.entry": READ_ONLY,
    "cmi.exit": _one_of("time-out", "suspend", "logout", "normal", ""),
    "cmi.interactions.n.id": _ID_2004,
    "cmi.interactions.n.type": _one_of(*_TYPES_12, "long-fill-in", "other"),
    "cmi.interactions.n.objectives.n.id": _ID_2004,
    "cmi.interactions.n.timestamp": _text(40),
    "cmi.interactions.n.correct_responses.n.pattern": _text(4000),
    "cmi.interactions.n.weighting": _REAL,
    "cmi.interactions.n.learner_response": _text(4000),
    "cmi.interactions.n.result": _result("correct", "incorrect", "unanticipated", "neutral"),
    "cmi.interactions.n.latency": _SPAN_2004,
    "cmi.interactions.n.description": _text(250),
    "cmi.launch_data": READ_ONLY,
    "cmi.learner_id": READ_ONLY,
    "cmi.learner_name": READ_ONLY,
    "cmi.learner_preference.audio_level": _decimal(0, float("inf")),
    "cmi.learner_preference.language": _text(250),
    "cmi.learner_preference.delivery_speed": _decimal(0, float("inf")),
    "cmi.learner_preference.audio_captioning": _one_of("-1", "0", "1"),
    "cmi.location": _text(1000),
    "cmi.max_time_allowed": READ_ONLY,
    "cmi.mode": READ_ONLY,
    "cmi.objectives.n.id": _ID_2004,
    "cmi.objectives.n.score.scaled": _decimal(-1, 1),
    "cmi.objectives.n.score.raw": _REAL,
    "cmi.objectives.n.score.min": _REAL,
    "cmi.objectives.n.score.max": _REAL,
    "cmi.objectives.n.success_status": _SUCCESS,
    "cmi.objectives.n.completion_status": _COMPLETION,
    "cmi.objectives.n.progress_measure": _decimal(0, 1),
    "cmi.objectives.n.description": _text(250),
    "cmi.progress_measure": _decimal(0, 1),
    "cmi.scaled_passing_score": READ_ONLY,
    "cmi.score.scaled": _decimal(-1, 1),
    "cmi.score.raw": _REAL,
    "cmi.score.min": _REAL,
    "cmi.score.max": _REAL,
    "cmi.session_time": _SPAN_2004,
    "cmi.success_status": _SUCCESS,
    "cmi.suspend_data": _text(64_000),
    "cmi.time_limit_action": READ_ONLY,
    "cmi.total_time": READ_ONLY,
}

ELEMENTS: Mapping[str, Mapping[str, Rule]] = {SCORM_12.name: ELEMENTS_12, SCORM_2004.name: ELEMENTS_2004}
API_NAMES: Mapping[str, str] = {SCORM_12.name: "LMSInitialize", SCORM_2004.name: "API_1484_11"}


def pattern_of(element: str) -> str:
    """The element with `n` for every index, as the tables have it."""
    return re.sub(r"\.\d+(?=\.|$)", ".n", element)


def is_known(element: str) -> bool:
    """Whether some edition has the element, or something whose children or number can be asked for."""
    name = pattern_of(element)
    name = re.sub(r"\._(children|count|version)$", "", name)
    every = (*ELEMENTS_12, *ELEMENTS_2004)
    return name == "cmi" or any(one == name or one.startswith(f"{name}.") for one in every)


def is_allowed(element: str, value: str, edition: Edition) -> bool:
    """Whether the edition takes the value; true for elements that it does not have, which `is_known` judges."""
    rule = ELEMENTS[edition.name].get(pattern_of(element))
    return rule is None or rule(value)
