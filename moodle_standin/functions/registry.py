"""The registry of served functions and the one way in which they are called: check, run, shape."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import cache
from importlib import import_module
from inspect import isgeneratorfunction
from typing import Any, Final, TypeVar

from moodle_standin.answers import clean_answer
from moodle_standin.declared_functions import known_functions, signatures
from moodle_standin.errors import NotServedError, missing_record
from moodle_standin.parameters import check_parameters
from moodle_standin.site import Call

Steps = Generator[None, None, Any]
"""A function in two steps: it has checked, and has not stored yet, where it yields.

Moodle looks whether an idnumber is free and inserts later, in a transaction that others do not see into, and most
tables have no unique index on it. Two calls that overlap both find it free. A fault holds a call at this place.
"""

Function = Callable[[Call, dict[str, Any]], Any]

Row = TypeVar("Row")

MODULES: Final = (
    "assign",
    "batch",
    "cohorts",
    "completion",
    "course_categories",
    "course_modules",
    "course_pages",
    "courses",
    "enrolment",
    "drafts",
    "feedback",
    "forum",
    "glossary",
    "grades",
    "groups",
    "plugin_activities",
    "plugin_certificates",
    "plugin_changes",
    "plugin_criteria",
    "plugin_content",
    "plugin_events",
    "plugin_overrides",
    "plugin_questions",
    "plugin_sections",
    "plugin_site",
    "plugin_state",
    "quiz",
    "scorm",
    "siteinfo",
    "users",
)

_FUNCTIONS: dict[str, Function] = {}


def serves(name: str) -> Callable[[Function], Function]:
    """Registers a function under Moodle's name; it gets the call and checked parameters and gives a plain
    answer.
    """

    def register(function: Function) -> Function:
        _FUNCTIONS[name] = function
        return function

    return register


@cache
def served_functions() -> dict[str, Function]:
    """All functions that are served, by name."""
    for module in MODULES:
        import_module(f"moodle_standin.functions.{module}")
    return _FUNCTIONS


def find(name: str) -> Function:
    """Finds a function. An unknown name is Moodle's own error, a name of 4.5.6 that is not served is not."""
    function = served_functions().get(name)
    if function is None:
        if name in known_functions():
            raise NotServedError(f"{name} is a function of Moodle 4.5.6 that the stand-in does not serve.")
        raise missing_record("external_functions")
    return function


def steps(call: Call, arguments: dict[str, Any]) -> Steps:
    """Runs one function as `external_api` does and gives its answer in the declared shape."""
    function = find(call.function)
    signature = signatures()[call.function]
    params = check_parameters(arguments, signature["params"] or {})
    answer = function(call, params)
    if isinstance(answer, Generator):
        answer = yield from answer
    return clean_answer(answer, signature["returns"])


def checks_before_it_stores(name: str) -> bool:
    """Whether a function has a place between its checks and its work."""
    return isgeneratorfunction(served_functions().get(name))


def finish(work: Generator[None, None, Row]) -> Row:
    """Runs steps to their end without a stop."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            answer: Row = done.value
            return answer


def run(call: Call, arguments: dict[str, Any]) -> Any:
    """One function from beginning to end."""
    return finish(steps(call, arguments))
