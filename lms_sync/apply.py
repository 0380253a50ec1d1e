"""Carries out a plan: one call an object, or one for many where Moodle takes lists; each noted in the journal first.

Whatever dies half-way, the next run finds by key what has landed (lms_sync.after_stop). Where nobody knows
whether a call landed, apply reads the site again and goes on from what it finds, a limited number of times.
"""

from __future__ import annotations

import copy
import hashlib
import json
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any

from authoring.problems import Problem
from lms_sync.desired import DesiredState
from lms_sync.desired_activities import FOUND_BY_MOODLE
from lms_sync.journal import Journal
from lms_sync.moodle.client import MoodleClient
from lms_sync.moodle.errors import CallRefused, MoodleError, UnknownOutcome
from lms_sync.moodle.observe import Observation
from lms_sync.moodle.state_by_core import name_section, section_ids
from lms_sync.plan import Action, Change, DesiredObject, Kind, Loss, Plan, hash_of

Progress = Callable[[int, int, str], None]

_QUESTIONS_A_CALL = 1000  # Moodle stores about seventy a second; a call stays within a proxy's patience
_ROWS_A_CALL = 150  # at five variables a row, within the 900 that a request may carry
_FILE_FIELDS = ("sha1", "filename")  # where one of them differs, the file is sent
_ACCOUNTS_A_CALL = 50  # as many as people.create sends at once, so that a row is noted as sent when it is
_NEWS_SHOWN = 5  # announcements beside the course, Moodle's own default
MOST_PARALLEL = 8  # a site has about as many workers for everybody; more only stand in its queue
_SHARED = (Kind.CATEGORY, Kind.COURSE, Kind.COHORT, Kind.ACCOUNT, Kind.COHORT_MEMBER)
"""What courses stand on, and courses themselves: to make one, Moodle puts all of its category into a new order."""
_SCOPED = (Kind.CATEGORY, Kind.COURSE)


@dataclass
class ApplyReport:
    """What a run did: how many objects of each kind and action, what was refused, what Moodle remarked."""

    run_id: int = 0
    done: dict[str, int] = field(default_factory=dict)
    failed: list[tuple[Change, Problem]] = field(default_factory=list)
    skipped: list[Change] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)  # odd but not in the way

    def count(self, change: Change) -> None:
        """Counts a change as done."""
        self.done[change.action.value] = self.done.get(change.action.value, 0) + 1

    @property
    def total(self) -> int:
        """All objects created, updated or hidden."""
        return sum(self.done.values())

    @property
    def complete(self) -> bool:
        """Whether everything that the plan said was done."""
        return not self.failed and not self.skipped


@dataclass(frozen=True)
class ApplyContext:
    """What apply needs to know beyond the plan."""

    desired: DesiredState
    observation: Observation
    accounts: dict[str, int]  # participants' idnumbers → user ids; grows as accounts are made
    student_role_id: int
    create_accounts: Callable[[Sequence[str]], Mapping[str, int]]
    by_core: bool = False  # without the companion plugin


class _Stopped(Exception):
    """Another thread met what stops the run: nothing more is begun."""


class _Tally:
    """How far a run is; all of its threads tell it."""

    def __init__(self, report: ApplyReport, progress: Progress) -> None:
        self._report = report
        self._progress = progress
        self._lock = threading.Lock()
        self._finished = 0
        self.total = 0
        self.stop = threading.Event()

    def done(self, changes: Sequence[Change]) -> None:
        with self._lock:
            for change in changes:
                self._report.count(change)
            self._finished += len(changes)
            self._progress(self._finished, self.total, changes[-1].key)

    def go_on(self) -> None:
        if self.stop.is_set():
            raise _Stopped


class _Applier:
    def __init__(
        self,
        client: MoodleClient,
        context: ApplyContext,
        journal: Journal,
        report: ApplyReport,
        tally: _Tally,
    ) -> None:
        self.client = client
        self.context = context
        self.journal = journal
        self.report = report
        self.tally = tally
        self.wanted: dict[tuple[Kind, str, str], DesiredObject] = {
            (want.kind, want.scope, want.key): want for want in context.desired.objects
        }
        self.broken: set[str] = set()  # course categories and courses that could not be made
        self.seen = context.observation

    # --- one call for one object ---------------------------------------------------------------

    def category(self, change: Change, want: DesiredObject) -> dict[str, Any]:
        if change.action is Action.CREATE:
            row = {"name": want.fields["name"], "idnumber": want.key}
            answer = self.client.call("core_course_create_categories", {"categories": [row]}, write=True)
            self.seen.category_ids[want.key] = int(answer[0]["id"])
        else:
            row = {"id": self.seen.category_ids[want.key], "name": want.fields["name"]}
            self.client.call("core_course_update_categories", {"categories": [row]}, write=True)
        return {"remote_id": self.seen.category_ids[want.key]}

    def course(self, change: Change, want: DesiredObject) -> dict[str, Any]:
        fields = _without_kept(change, want.fields)
        plain = ("fullname", "shortname", "enablecompletion")
        row: dict[str, Any] = {name: fields[name] for name in plain if name in fields}
        if "category" in fields:
            row["categoryid"] = self.seen.category_ids[str(fields["category"])]
        if "summary" in fields:
            row |= {"summary": fields["summary"], "summaryformat": 1}
        if change.action is Action.CREATE:
            # With the plugin, sections come one by one under their keys; core makes them with the course.
            sections = len(self.context.desired.content[want.key].course.sections)
            number = sections if self.context.by_core else 0
            row |= {"idnumber": want.key, "format": "topics", "numsections": number}
            if self._has_own_news(want.key):
                # Else Moodle adds a forum of its own beside ours. By hand nobody can make one of this type, so
                # that without the plugin Moodle's is wanted: a person gives it our name and key.
                row["newsitems"] = _NEWS_SHOWN if self.context.by_core else 0
            answer = self.client.call("core_course_create_courses", {"courses": [row]}, write=True)
            self.seen.course_ids[want.key] = int(answer[0]["id"])
        else:
            row["id"] = self.seen.course_ids[want.key]
            answer = self.client.call("core_course_update_courses", {"courses": [row]}, write=True)
            self._refuse_warnings("core_course_update_courses", answer)
        return {"remote_id": self.seen.course_ids[want.key]}

    def _has_own_news(self, course: str) -> bool:
        activities = self.context.desired.content[course].course.activities
        return any(one.kind == "forum" and one.type == "news" for one in activities)

    def section(self, change: Change, fields: Mapping[str, object]) -> dict[str, Any]:
        if self.context.by_core:
            sections = section_ids(self.client, self.seen.course_ids[change.scope])
            section_id = sections[int(str(fields["position"]))]
            name_section(self.client, section_id, str(fields["name"]))
            return {"remote_id": section_id}
        return self._upsert("local_lmssync_upsert_section", change, {}, fields)

    def activity(self, change: Change, fields: Mapping[str, object]) -> dict[str, Any]:
        data = {name: value for name, value in fields.items() if name not in FOUND_BY_MOODLE}
        modname, section = data.pop("modname"), data.pop("section")
        draft = 0
        file = self.context.desired.files.get(change.key)
        if file and any(one.name in _FILE_FIELDS for one in change.differences):
            draft = self.client.upload(file)
        extra = {"modname": modname, "sectionkey": section, "draftitemid": draft}
        answer = self._upsert("local_lmssync_upsert_activity", change, extra, data)
        package = answer.get("package")
        if package is not None and not (package.get("version") and package.get("launch")):
            raise CallRefused("moodle.dead-package", errorcode="deadpackage", key=change.key)
        return answer

    def criteria(self, change: Change, want: DesiredObject) -> dict[str, Any]:
        data = {"activities": want.fields["activities"], "aggregation": "all"}
        arguments = {
            "courseid": self.seen.course_ids[change.scope],
            "hash": change.wanted_hash,
            "expect": change.seen_hash,
            "data": _json(_with_accepted(data, change)),
        }
        answer: dict[str, Any] = self.client.call("local_lmssync_set_criteria", arguments, write=True)
        self._note(answer)
        return answer

    def event(self, change: Change, fields: Mapping[str, object]) -> dict[str, Any]:
        return self._upsert("local_lmssync_upsert_event", change, {}, fields)

    def override(self, change: Change, fields: Mapping[str, object]) -> dict[str, Any]:
        """One override: a group's by its idnumber, a person's by the number of the account."""
        activity, group, user = change.key, "", 0
        if "@" in change.key:
            activity, _, code = change.key.rpartition("@")
            group = f"{change.scope}/{code}"
        else:
            activity, _, who = change.key.rpartition(":")
            user = self.context.accounts.get(who) or int(who.removeprefix("user-"))
        gone = change.action is Action.HIDE
        data = {"remove": 1} if gone else {name: value for name, value in fields.items() if value is not None}
        arguments = {
            "courseid": self.seen.course_ids[change.scope],
            "activitykey": activity,
            "groupkey": group,
            "userid": user,
            "hash": change.wanted_hash or hash_of(data),
            "expect": change.seen_hash,
            "data": _json(data),
        }
        answer: dict[str, Any] = self.client.call("local_lmssync_upsert_override", arguments, write=True)
        self._note(answer)
        return answer

    def cohort_update(self, want: DesiredObject) -> dict[str, Any]:
        row = {
            "id": self.seen.cohort_ids[want.key],
            "categorytype": {"type": "system", "value": ""},
            "name": want.fields["name"],
            "idnumber": want.key,
        }
        self.client.call("core_cohort_update_cohorts", {"cohorts": [row]}, write=True)
        return {"remote_id": row["id"]}

    def group_update(self, want: DesiredObject) -> dict[str, Any]:
        row = {"id": self.seen.group_ids[want.key], "name": want.fields["name"]}
        self.client.call("core_group_update_groups", {"groups": [row]}, write=True)
        return {"remote_id": row["id"]}

    def _upsert(
        self, function: str, change: Change, extra: Mapping[str, object], data: Mapping[str, object]
    ) -> dict[str, Any]:
        arguments = {
            "courseid": self.seen.course_ids[change.scope],
            "key": change.key,
            "hash": change.wanted_hash or hash_of(data),
            "expect": change.seen_hash,
            **extra,
            "data": _json(_with_accepted(dict(data), change)),
        }
        answer: dict[str, Any] = self.client.call(function, arguments, write=True)
        self._note(answer)
        return answer

    def _note(self, answer: Mapping[str, Any]) -> None:
        self.report.warnings.extend(str(one) for one in answer.get("warnings") or ())

    def _refuse_warnings(self, function: str, answer: Any, fine: str = "") -> None:
        given = answer.get("warnings") if isinstance(answer, dict) else None
        warnings = [one for one in given or () if str(one.get("warningcode", "")) != fine]
        if warnings:
            said = "; ".join(str(one.get("message", "")) for one in warnings)
            refused = CallRefused("moodle.refused", function=function, message=said)
            raise self.client.naming_capabilities(refused, function)

    # --- one call for many ---------------------------------------------------------------------

    def questions(self, changes: Sequence[Change]) -> None:
        scope = changes[0].scope
        content = self.context.desired.content[scope]
        for _quiz, bank in content.quizzes.values():
            wanted = list(bank.questions)
            touched = {change.key: change for change in changes if change.kind is Kind.QUESTION}
            shelf = [c for c in changes if c.kind is Kind.QUESTION_CATEGORY and c.key == bank.quiz_id]
            changing = [question for question in wanted if question.key in touched]
            batches = [
                changing[start : start + _QUESTIONS_A_CALL]
                for start in range(0, len(changing), _QUESTIONS_A_CALL)
            ]
            if shelf and not batches:
                batches = [[]]
            for batch in batches:
                keys = [question.key for question in batch]
                rows = [touched[key] for key in keys if key in touched]
                seen = {change.key: change.seen_hash for change in rows}
                self._sending([*shelf, *rows], partial(self._send_questions, scope, bank, batch, seen))
                shelf = []

    def _send_questions(self, scope: str, bank: Any, batch: Sequence[Any], seen: Mapping[str, str]) -> None:
        keys = list(seen)
        draft = self.client.upload_bytes(bank.xml_of(keys), f"{bank.quiz_id}.xml") if keys else 0
        data = {
            "category": {"name": self._category_name(scope, bank), "info": ""},
            "questions": [
                {"key": question.key, "hash": question.hash, "expect": seen[question.key]}
                for question in batch
            ],
        }
        answer = self.client.call(
            "local_lmssync_upsert_questions",
            {
                "courseid": self.seen.course_ids[scope],
                "categorykey": bank.quiz_id,
                "draftitemid": draft,
                "data": _json(data),
            },
            write=True,
        )
        self._note(answer)
        told = int(answer["created"]) + int(answer["updated"]) + int(answer["unchanged"])
        if told != len(batch):
            raise UnknownOutcome("moodle.count-differs", sent=len(batch), told=told)

    def _category_name(self, scope: str, bank: Any) -> object:
        """The name that goes with every push of questions: an edit of it that stays is sent as it is."""
        identity = (Kind.QUESTION_CATEGORY, scope, bank.quiz_id)
        known = self.wanted.get(identity) or self.seen.find(*identity)
        return known.fields["name"] if known else bank.category_name

    def cohorts(self, changes: Sequence[Change]) -> None:
        def send(changes: Sequence[Change]) -> None:
            rows = [
                {
                    "categorytype": {"type": "system", "value": ""},
                    "name": self._want(change).fields["name"],
                    "idnumber": change.key,
                    "visible": 1,
                }
                for change in changes
            ]
            for row in self.client.call("core_cohort_create_cohorts", {"cohorts": rows}, write=True):
                self.seen.cohort_ids[row["idnumber"]] = int(row["id"])

        self._halving(changes, send)

    def groups(self, changes: Sequence[Change]) -> None:
        def send(changes: Sequence[Change]) -> None:
            rows = [
                {
                    "courseid": self.seen.course_ids[change.scope],
                    "name": self._want(change).fields["name"],
                    "description": "",
                    "idnumber": change.key,
                }
                for change in changes
            ]
            for row in self.client.call("core_group_create_groups", {"groups": rows}, write=True):
                self.seen.group_ids[row["idnumber"]] = int(row["id"])

        self._halving(changes, send)

    def accounts(self, changes: Sequence[Change]) -> None:
        def send() -> None:
            made = self.context.create_accounts([change.key for change in changes])
            self.context.accounts.update(made)
            if len(made) < len(changes):
                refused = [change.key for change in changes if change.key not in made]
                raise CallRefused("apply.accounts-refused", n=len(refused), who=", ".join(refused[:10]))

        self._sending(changes, send)

    def cohort_members(self, changes: Sequence[Change]) -> None:
        def send(changes: Sequence[Change]) -> None:
            rows = []
            for change in changes:
                cohort, who = change.key.rsplit(":", 1)
                rows.append(
                    {
                        "cohorttype": {"type": "id", "value": self.seen.cohort_ids[cohort]},
                        "usertype": {"type": "id", "value": self.context.accounts[who]},
                    }
                )
            answer = self.client.call("core_cohort_add_cohort_members", {"members": rows}, write=True)
            # 3 says that somebody is a member already, which is what is wanted.
            self._refuse_warnings("core_cohort_add_cohort_members", answer, fine="3")

        self._halving(changes, send)

    def enrolments(self, changes: Sequence[Change]) -> None:
        def send(changes: Sequence[Change]) -> None:
            rows = []
            for change in changes:
                course, who = change.key.rsplit(":", 1)
                user = self.context.accounts.get(who) or int(who.removeprefix("user-"))
                rows.append(
                    {
                        "roleid": self.context.student_role_id,
                        "userid": user,
                        "courseid": self.seen.course_ids[course],
                        "suspend": 1 if change.action is Action.HIDE else 0,
                    }
                )
            self.client.call("enrol_manual_enrol_users", {"enrolments": rows}, write=True)

        self._halving(changes, send)

    def group_members(self, changes: Sequence[Change]) -> None:
        def send(changes: Sequence[Change]) -> None:
            rows = []
            for change in changes:
                group, who = change.key.rsplit(":", 1)
                rows.append({"groupid": self.seen.group_ids[group], "userid": self.context.accounts[who]})
            self.client.call("core_group_add_group_members", {"members": rows}, write=True)

        self._halving(changes, send)

    def _halving(self, changes: Sequence[Change], send: Callable[[Sequence[Change]], None]) -> None:
        """Sends many in one call. Moodle refuses all for one bad row and does not say which: halves are tried."""
        if len(changes) == 1:
            self._sending(changes, lambda: send(changes))
            return
        self.tally.go_on()
        ids = self.journal.intend(changes)
        try:
            self._noting(ids, lambda: send(changes))
        except CallRefused:
            middle = len(changes) // 2
            self._halving(changes[:middle], send)
            self._halving(changes[middle:], send)
        else:
            self._done(changes, ids)

    # --- the order of work ---------------------------------------------------------------------

    def run(self, plan: Plan, parallel: int) -> None:
        self.tally.total = len(plan.work)
        if parallel == 1:
            self.in_order(plan.work)
            return
        self.in_order([change for change in plan.work if change.kind in _SHARED])
        courses: dict[str, list[Change]] = {}
        for change in plan.work:
            if change.kind not in _SHARED:
                courses.setdefault(change.scope, []).append(change)
        if courses:
            self._at_once(list(courses.values()), min(parallel, len(courses)))

    def _at_once(self, courses: Sequence[Sequence[Change]], number: int) -> None:
        """Several courses at a time, each in one thread and in the order of its plan.

        What stops one stops all, each after the request that it has under way. Raises what was met first
        that cannot be mended by reading back.
        """
        appliers: queue.SimpleQueue[_Applier] = queue.SimpleQueue()
        clients = [self.client.another() for _ in range(number)]
        for client in clients:
            one = copy.copy(self)  # all but the connection is shared
            one.client = client
            appliers.put(one)

        def work(changes: Sequence[Change]) -> None:
            one = appliers.get()
            try:
                one.in_order(changes)
            except BaseException:
                self.tally.stop.set()
                raise
            finally:
                appliers.put(one)

        try:
            with ThreadPoolExecutor(number, thread_name_prefix="apply") as pool:
                futures = [pool.submit(work, changes) for changes in courses]
                try:
                    wait(futures)
                except BaseException:  # the person at the terminal
                    self.tally.stop.set()
                    raise
        finally:
            for client in clients:
                self.report.warnings.extend(client.warnings)
                self.client.calls += client.calls
                client.close()
        met = [error for error in map(Future.exception, futures) if error and not isinstance(error, _Stopped)]
        if met:
            raise min(met, key=lambda error: isinstance(error, UnknownOutcome))

    def in_order(self, work: Sequence[Change]) -> None:
        """Carries out changes one after the other."""
        for kind, group in groupby(work, key=_step_of):
            changes = list(group)
            if kind is Kind.QUESTION:
                for scope in sorted({change.scope for change in changes}):
                    ours = [change for change in changes if change.scope == scope]
                    if not self._blocked(ours):
                        self.questions(ours)
            else:
                self._kind(kind, changes)

    def _kind(self, kind: Kind, changes: list[Change]) -> None:
        many = {
            Kind.COHORT: self.cohorts,
            Kind.GROUP: self.groups,
            Kind.ACCOUNT: self.accounts,
            Kind.COHORT_MEMBER: self.cohort_members,
            Kind.ENROLMENT: self.enrolments,
            Kind.GROUP_MEMBER: self.group_members,
        }
        if kind in many:
            renames = kind in (Kind.COHORT, Kind.GROUP)
            batch_of = [change for change in changes if not (renames and change.action is Action.UPDATE)]
            possible = [
                change for change in batch_of if not self._blocked([change]) and self._has_parts(change)
            ]
            size = _ACCOUNTS_A_CALL if kind is Kind.ACCOUNT else _ROWS_A_CALL
            for start in range(0, len(possible), size):
                many[kind](possible[start : start + size])
            changes = [change for change in changes if change not in batch_of]
        for change in changes:
            if not self._blocked([change]) and (kind is not Kind.OVERRIDE or self._has_parts(change)):
                self._sending([change], partial(self._one, change))

    def _one(self, change: Change) -> dict[str, Any]:
        if change.kind is Kind.OVERRIDE:  # what is not said is as the quiz says: all of it is sent
            gone = change.action is Action.HIDE
            return self.override(change, {} if gone else self._want(change).fields)
        if change.action is Action.HIDE:
            have = self.seen.find(change.kind, change.scope, change.key)
            assert have is not None
            # What is left out stays as it is; a file's own fields are asked for, and are not sent again.
            kept = [name for name in ("name", "modname", "section", *_FILE_FIELDS) if name in have.fields]
            fields = {**{name: have.fields[name] for name in kept}, "visible": 0}
        else:
            fields = _without_kept(change, self._want(change).fields)
        match change.kind:
            case Kind.CATEGORY:
                return self.category(change, self._want(change))
            case Kind.COURSE:
                return self.course(change, self._want(change))
            case Kind.SECTION:
                return self.section(change, fields)
            case Kind.ACTIVITY:
                return self.activity(change, fields)
            case Kind.EVENT:
                return self.event(change, fields)
            case Kind.CRITERIA:
                return self.criteria(change, self._want(change))
            case Kind.COHORT:
                return self.cohort_update(self._want(change))
            case Kind.GROUP:
                return self.group_update(self._want(change))
            case _:
                raise CallRefused("apply.cannot", kind=change.kind.value, key=change.key)

    def _has_parts(self, change: Change) -> bool:
        """Whether the account, cohort or group that a membership joins is there."""
        there = True
        if change.kind is Kind.OVERRIDE and "@" not in change.key:
            who = change.key.rpartition(":")[2]
            there = who in self.context.accounts or who.startswith("user-")
        elif change.kind in (Kind.COHORT_MEMBER, Kind.ENROLMENT, Kind.GROUP_MEMBER):
            into, who = change.key.rsplit(":", 1)
            there = who in self.context.accounts or who.startswith("user-")
            if change.kind is Kind.COHORT_MEMBER:
                there = there and into in self.seen.cohort_ids
            elif change.kind is Kind.GROUP_MEMBER:
                there = there and into in self.seen.group_ids
        if not there:
            self.report.skipped.append(change)
        return there

    def _want(self, change: Change) -> DesiredObject:
        return self.wanted[change.kind, change.scope, change.key]

    def _blocked(self, changes: Sequence[Change]) -> bool:
        first = changes[0]
        if first.scope in self.broken or (first.kind is Kind.COURSE and first.key in self.broken):
            self.report.skipped.extend(changes)
            return True
        return False

    def _sending(self, changes: Sequence[Change], send: Callable[[], Any]) -> None:
        self.tally.go_on()
        ids = self.journal.intend(changes)
        try:
            answer = self._noting(ids, send)
        except CallRefused as error:
            self.report.failed.extend((change, error.problem) for change in changes)
            for change in changes:
                if change.kind in _SCOPED:
                    self._break(change)
        else:
            details = {}
            if isinstance(answer, dict):
                remote = answer.get("remote_id", answer.get("id"))
                details = {ids[0]: {"remote_id": remote, "action": answer.get("action")}}
            self._done(changes, ids, details)

    def _noting(self, ids: Sequence[int], send: Callable[[], Any]) -> Any:
        """Sends, and notes in the journal that the request leaves, and a refusal.

        Where nobody knows what became of the request, its rows stay as they are: sent, and not confirmed.
        """
        self.client.before_write = partial(self.journal.send, ids)
        try:
            return send()
        except UnknownOutcome:
            raise
        except MoodleError as error:
            self.journal.fail(ids, error.errorcode or error.code)
            raise
        finally:
            self.client.before_write = None

    def _done(
        self,
        changes: Sequence[Change],
        ids: Sequence[int],
        details: Mapping[int, Mapping[str, Any]] | None = None,
    ) -> None:
        self.journal.confirm(ids, details)
        self.tally.done(changes)

    def _break(self, change: Change) -> None:
        if change.kind is Kind.COURSE:
            self.broken.add(change.key)
        else:  # a course category: the courses that stand in it
            self.broken.update(
                key
                for key, content in self.context.desired.content.items()
                if content.course.category.id == change.key and key not in self.seen.course_ids
            )


def apply_plan(
    client: MoodleClient,
    plan: Plan,
    context: ApplyContext,
    journal: Journal,
    *,
    progress: Progress | None = None,
    report: ApplyReport | None = None,
    parallel: int = 1,
) -> ApplyReport:
    """Carries out a plan's work, up to `parallel` courses at once.

    Single refusals are collected; what stops everything is raised (MoodleError). `progress` is told by one
    thread at a time.
    """
    report = report or ApplyReport()
    report.run_id = journal.run_id
    tally = _Tally(report, progress or (lambda done, total, key: None))
    applier = _Applier(client, context, journal, report, tally)
    try:
        applier.run(plan, parallel)
    finally:
        report.warnings.extend(client.warnings)
        client.warnings.clear()
    return report


def _without_kept(change: Change, fields: Mapping[str, object]) -> dict[str, Any]:
    """The fields to send: an edit that stays is left out, except where the plugin demands its value."""
    kept = {one.name for one in change.kept} - _DEMANDED
    return {name: value for name, value in fields.items() if name not in kept}


_DEMANDED = frozenset({"name", "modname", "section", "position", "sha1", "filename", "externalurl"})


def _step_of(change: Change) -> Kind:
    """Question categories go in one call with their questions."""
    return Kind.QUESTION if change.kind is Kind.QUESTION_CATEGORY else change.kind


# How the companion plugin names what the administrator has accepted.
_ACCEPTED = {
    Loss.ATTEMPTS: ("attempts",),
    Loss.PROGRESS: (),  # nothing is deleted, so that the plugin has nothing to guard
    Loss.GRADES: ("grades", "slots"),
    Loss.RESPONSES: ("responses",),
    Loss.DATES: ("completion",),
    Loss.CRITERIA: ("criteria",),
}


def _with_accepted(data: dict[str, object], change: Change) -> dict[str, object]:
    """The data of a write with the losses that the plan forecast and the administrator accepted."""
    accepted = sorted({word for loss in change.losses for word in _ACCEPTED[loss.kind]})
    return {**data, "accept": accepted} if accepted else data


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def file_sha1(content: bytes) -> str:
    """SHA-1 of a file, by which Moodle names stored files."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
