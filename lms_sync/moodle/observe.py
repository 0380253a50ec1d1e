"""What is ours in a Moodle now: read once per course, whatever the number of activities and learners."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from lms_sync.edition import edition_told
from lms_sync.moodle.errors import AccessRefused, FunctionMissing, MoodleError, UnknownOutcome
from lms_sync.moodle.many_calls import ManyCalls, SubCall
from lms_sync.plan import ForecastLoss, Kind, Loss, ObservedObject

# By Moodle's module: the field whose change costs learners something, what that is, and what tells their number.
_ANSWERED = {
    "quiz": ("slots", Loss.GRADES, "attempts"),
    "feedback": ("items", Loss.RESPONSES, "attempts"),
    "assign": ("grade", Loss.GRADES, "graded"),
}


class Caller(Protocol):
    """Whatever can call a web service function."""

    def call(
        self, function: str, arguments: Mapping[str, object] | None = None, *, write: bool = False
    ) -> Any:
        """The function's value; raises MoodleError."""


STATE = "local_lmssync_get_state"


@dataclass
class Observation:
    """The objects found, and the site's ids for their keys."""

    objects: list[ObservedObject] = field(default_factory=list)
    category_ids: dict[str, int] = field(default_factory=dict)
    course_ids: dict[str, int] = field(default_factory=dict)
    cohort_ids: dict[str, int] = field(default_factory=dict)
    group_ids: dict[str, int] = field(default_factory=dict)

    def find(self, kind: Kind, scope: str, key: str) -> ObservedObject | None:
        """One observed object, or None."""
        for thing in self.objects:
            if (thing.kind, thing.scope, thing.key) == (kind, scope, key):
                return thing
        return None


def observe(
    client: Caller,
    *,
    categories: Iterable[str],
    courses: Iterable[str],
    cohorts: Iterable[str],
    accounts: Mapping[str, int],
    read_state: Callable[[str, int], Mapping[str, Any]] | None = None,
) -> Observation:
    """Reads every owned object of the named course categories, courses and cohorts.

    `accounts` maps the idnumbers of participants to user ids. `read_state` gives a course's content by its key
    and Moodle's id, in the form of the companion plugin; without it the plugin is asked. Raises MoodleError.
    """
    seen = Observation()
    people = {user: idnumber for idnumber, user in accounts.items()}
    with _in_the_form_of("core_course_get_categories"):
        for key in sorted(set(categories)):
            _observe_category(client, key, seen)
    wanted_courses = sorted(set(courses))
    with _in_the_form_of("core_course_get_courses_by_field"):
        shelved = _courses_on_shelves(client, wanted_courses, seen)
    there: list[str] = []
    with _in_the_form_of("core_course_get_courses_by_field"):
        for key in wanted_courses:
            course = shelved.get(key) or find_course(client, key)
            if course is not None:
                _observe_course(course, key, seen)
                there.append(key)
    with (
        _in_the_form_of(STATE),
        closing(_states(client, [(key, seen.course_ids[key]) for key in there], read_state)) as states,
    ):
        for key, state in zip(there, states, strict=True):
            _observe_content(state, key, seen, people)
    wanted = set(cohorts)
    if wanted:
        with _in_the_form_of("core_cohort_get_cohorts"):
            _observe_cohorts(client, wanted, seen, people)
    return seen


_A_REQUEST = 10
"""Courses in one request: to begin with a request costs the site more than to tell of a course."""
_TOGETHER = 4
"""Requests at the same time: the site works on one while the answer of another is on its way."""

ReadState = Callable[[str, int], Mapping[str, Any]]


def _states(
    client: Caller, courses: Sequence[tuple[str, int]], read_state: ReadState | None
) -> Generator[Mapping[str, Any], None, None]:
    """The states of courses in their order, by `read_state` or the plugin; of the plugin, of many courses at a time."""
    if read_state is not None or len(courses) < _MANY_COURSES:
        read_state = read_state or partial(_plugin_state, client)
        for key, course_id in courses:
            yield read_state(key, course_id)
        return
    groups = [courses[start : start + _A_REQUEST] for start in range(0, len(courses), _A_REQUEST)]
    pool = ThreadPoolExecutor(_TOGETHER, "state")
    try:
        for states in pool.map(partial(_plugin_states, client), groups):
            yield from states
    finally:
        pool.shutdown(cancel_futures=True)  # after a failure nothing more is asked


def _plugin_states(client: Caller, courses: Sequence[tuple[str, int]]) -> list[Mapping[str, Any]]:
    many = ManyCalls(client, together=True, sleep=lambda seconds: None)
    try:
        answers = many.run([SubCall(STATE, {"courseid": course_id}) for _, course_id in courses])
    except (AccessRefused, FunctionMissing):  # a service made by hand, without the function for many calls
        return [_plugin_state(client, key, course_id) for key, course_id in courses]
    for answer in answers:
        if isinstance(answer, MoodleError):
            raise answer
    return [json.loads(answer["state"]) for answer in answers]


@contextmanager
def _in_the_form_of(function: str) -> Iterator[None]:
    """What is read here came from the site: where it has another form, that is the site's doing."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise UnknownOutcome("moodle.unexpected-shape", function=function) from error


def _one(found: Any, what: str, key: str) -> Any:
    if not isinstance(found, list) or len(found) > 1:
        raise UnknownOutcome(
            "moodle.ambiguous", what=what, key=key, n=len(found) if isinstance(found, list) else 0
        )
    return found[0] if found else None


def _observe_category(client: Caller, key: str, seen: Observation) -> None:
    found = client.call(
        "core_course_get_categories", {"criteria": [{"key": "idnumber", "value": key}], "addsubcategories": 0}
    )
    category = _one(found, "course category", key)
    if category is not None:
        seen.category_ids[key] = int(category["id"])
        fields = {"name": category["name"]}
        seen.objects.append(ObservedObject(Kind.CATEGORY, key, "", int(category["id"]), fields))


def _courses_on_shelves(client: Caller, keys: list[str], seen: Observation) -> dict[str, Mapping[str, Any]]:
    """The wanted courses that stand in our course categories, read a category at a time where there are many.

    A course that somebody has moved elsewhere, or whose idnumber stands twice, is left to `find_course`.
    """
    if len(keys) < _MANY_COURSES:
        return {}
    found: dict[str, list[Mapping[str, Any]]] = {}
    for category in seen.category_ids.values():
        answer = client.call("core_course_get_courses_by_field", {"field": "category", "value": category})
        for course in answer["courses"]:
            found.setdefault(course["idnumber"], []).append(course)
    return {key: found[key][0] for key in keys if len(found.get(key, ())) == 1}


_MANY_COURSES = 4


def find_course(client: Caller, key: str) -> Mapping[str, Any] | None:
    """The course with an idnumber, as core tells it, or None."""
    found = client.call("core_course_get_courses_by_field", {"field": "idnumber", "value": key})
    course: Mapping[str, Any] | None = _one(
        found.get("courses") if isinstance(found, dict) else None, "course", key
    )
    return course


def _observe_course(course: Mapping[str, Any], key: str, seen: Observation) -> None:
    course_id = int(course["id"])
    seen.course_ids[key] = course_id
    shelves = {number: name for name, number in seen.category_ids.items()}
    fields = {
        "fullname": course["fullname"],
        "shortname": course["shortname"],
        "category": shelves.get(int(course["categoryid"]), f"id:{course['categoryid']}"),
        "summary": course["summary"],
        "enablecompletion": int(course.get("enablecompletion") or 0),
    }
    seen.objects.append(ObservedObject(Kind.COURSE, key, "", course_id, fields))


def _plugin_state(client: Caller, _key: str, course_id: int) -> Mapping[str, Any]:
    state: Mapping[str, Any] = json.loads(client.call(STATE, {"courseid": course_id})["state"])
    return state


def _observe_content(
    state: Mapping[str, Any], key: str, seen: Observation, people: Mapping[int, str]
) -> None:
    seen.objects.extend(_state_objects(key, seen.course_ids[key], state, people))
    for group in state["groups"]:
        if group["idnumber"] in seen.group_ids:  # Moodle does not keep it unique
            raise UnknownOutcome("moodle.ambiguous", what="group", key=group["idnumber"], n=2)
        seen.group_ids[group["idnumber"]] = int(group["id"])


def _state_objects(
    course: str, course_id: int, state: Mapping[str, Any], people: Mapping[int, str]
) -> Iterable[ObservedObject]:
    # Sections of others may stand between ours: only the order among ours is ours.
    for rank, section in enumerate(sorted(state["sections"], key=lambda one: int(one["number"])), 1):
        fields = {**section["fields"], "position": rank}
        yield ObservedObject(Kind.SECTION, section["key"], course, section["id"], fields, section["hash"])
    for activity in state["activities"]:
        fields = {**activity["fields"], "modname": activity["modname"], "section": activity["section"]}
        if activity.get("package"):
            fields["sha1"] = activity["package"]["sha1"]
            fields["edition"] = edition_told(str(activity["package"].get("version") or ""))
        if isinstance(available := fields.get("available"), Mapping):
            # Which of several groups somebody chose first means nothing.
            fields["available"] = {**available, "groups": sorted(available["groups"])}
        stakes = {"completion": ForecastLoss(Loss.DATES, int(activity.get("completions") or 0))}
        if activity["modname"] in _ANSWERED:
            name, loss, told = _ANSWERED[activity["modname"]]
            stakes[name] = ForecastLoss(loss, int(activity.get(told) or 0))
        tracked = {one["identifier"]: int(one["learners"]) for one in activity.get("scoes") or ()}
        graded = {frozenset(one["items"]): int(one["learners"]) for one in activity.get("grades") or ()}
        yield ObservedObject(
            Kind.ACTIVITY,
            activity["key"],
            course,
            activity["id"],
            fields,
            activity["hash"],
            stakes,
            tracked,
            graded,
            learners=int(activity["attempts"]) if activity.get("attempts") is not None else None,
        )
    for category in state["categories"]:
        fields = {"name": category["fields"]["name"]}
        yield ObservedObject(Kind.QUESTION_CATEGORY, category["key"], course, category["id"], fields)
    for question in state["questions"]:
        fields = {name: question[name] for name in ("category", "status", "version")} | question["fields"]
        yield ObservedObject(Kind.QUESTION, question["key"], course, question["id"], fields, question["hash"])
    criteria = state.get("criteria")
    if criteria:
        met = int(criteria.get("completed") or bool(criteria.get("locked")))
        stakes = {"activities": ForecastLoss(Loss.CRITERIA, met)}
        fields = {"activities": sorted(criteria["activities"])}
        yield ObservedObject(Kind.CRITERIA, course, course, course_id, fields, criteria["hash"], stakes)
    for event in state.get("events") or ():
        yield ObservedObject(
            Kind.EVENT, event["key"], course, event["id"], dict(event["fields"]), event["hash"]
        )
    for one in state.get("overrides") or ():
        whose = one["group"].removeprefix(f"{course}/") if one["group"] else int(one["userid"])
        key = (
            f"{one['activity']}@{whose}"
            if one["group"]
            else f"{one['activity']}:{people.get(int(one['userid']), f'user-{whose}')}"
        )
        yield ObservedObject(Kind.OVERRIDE, key, course, one["id"], dict(one["fields"]), one["hash"])
    in_our_groups: set[int] = set()
    for group in state["groups"]:
        yield ObservedObject(Kind.GROUP, group["idnumber"], course, group["id"], {"name": group["name"]})
        for user in group["members"]:
            in_our_groups.add(int(user))
            who = people.get(int(user), f"user-{user}")
            yield ObservedObject(Kind.GROUP_MEMBER, f"{group['idnumber']}:{who}", course, int(user), {})
    for user, status, method in state["enrolments"]:
        # Whom we enrol, we put into a group: somebody who is in none was enrolled by others.
        if method == "manual" and (int(user) in people or int(user) in in_our_groups):
            who = people.get(int(user), f"user-{user}")
            fields = {
                "status": "suspended" if int(status) else "active",
                "in_our_groups": int(user) in in_our_groups,
            }
            yield ObservedObject(Kind.ENROLMENT, f"{course}:{who}", course, int(user), fields)


def _observe_cohorts(client: Caller, wanted: set[str], seen: Observation, people: Mapping[int, str]) -> None:
    ours = [one for one in client.call("core_cohort_get_cohorts", {}) if one["idnumber"] in wanted]
    for cohort in ours:
        if cohort["idnumber"] in seen.cohort_ids:
            raise UnknownOutcome("moodle.ambiguous", what="cohort", key=cohort["idnumber"], n=2)
        seen.cohort_ids[cohort["idnumber"]] = int(cohort["id"])
        fields = {"name": cohort["name"]}
        seen.objects.append(ObservedObject(Kind.COHORT, cohort["idnumber"], "", int(cohort["id"]), fields))
    keys = {number: key for key, number in seen.cohort_ids.items()}
    numbers = sorted(keys)
    for start in range(0, len(numbers), 800):
        batch = numbers[start : start + 800]
        for row in client.call("core_cohort_get_cohort_members", {"cohortids": batch}):
            key = keys[int(row["cohortid"])]
            for user in row["userids"]:
                if int(user) in people:
                    member = f"{key}:{people[int(user)]}"
                    seen.objects.append(ObservedObject(Kind.COHORT_MEMBER, member, "", int(user), {}))
