"""From an academy folder to a plan for a site, and from the plan to Moodle: the way of `plan` and `apply`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from authoring.problems import Problem
from lms_sync.academy import BuiltAcademy
from lms_sync.after_stop import Say, read_after_stop, read_settled
from lms_sync.applied import remember_applied, remember_replacing
from lms_sync.apply import ApplyContext, ApplyReport, Progress, apply_plan
from lms_sync.by_hand import MADE_BY_CORE, by_hand
from lms_sync.clock import Clock
from lms_sync.desired import DesiredState, InstitutionName, Learner, desired_state
from lms_sync.drift import KINDS, PEOPLE, Base, Settled, settle
from lms_sync.journal import Journal, open_rows
from lms_sync.kept import keep_pushed
from lms_sync.moodle.client import MoodleClient
from lms_sync.moodle.errors import MoodleError, UnknownOutcome
from lms_sync.moodle.observe import Observation
from lms_sync.people import (
    Decision,
    MatchedAccount,
    MatchReport,
    Participant,
    People,
    create_missing,
    match_people,
    read_decisions,
    remember_people,
    write_matches,
)
from lms_sync.plan import Action, Change, Kind, Plan, PlanOptions, make_plan
from lms_sync.same_content import with_bytes_that_are_there
from lms_sync.see_site import see_site
from lms_sync.settings import Settings, SiteSettings

_ROUNDS = 3
_ONLY_TO_CREATE = "moodle/user:create"


@dataclass(frozen=True)
class Prepared:
    """A plan with all that apply needs for it."""

    plan: Plan
    desired: DesiredState
    observation: Observation
    people: People
    matches: MatchReport
    decisions: Mapping[str, Decision]
    whole: bool = True  # about everything in the files, not only about some courses
    by_core: bool = False  # the site lacks the companion plugin: what stands on course pages is made by hand
    lacks: tuple[str, ...] = ()  # capabilities of the documented role that the account does not have
    settled: Settled | None = None  # how each edit made in Moodle was judged; None where nobody compared

    @property
    def judged(self) -> Settled:
        """What was compared, also where nothing was known of what had been applied before."""
        return self.settled or settle(
            self.desired.objects, self.observation.objects, {}, kinds=_judged_kinds(self.by_core)
        )


def prepare(
    client: MoodleClient,
    built: BuiltAcademy,
    settings: Settings,
    site: SiteSettings,
    *,
    options: PlanOptions | None = None,
    only_courses: Sequence[str] = (),
    known: Mapping[str, MatchedAccount] | None = None,
    base: Base | None = None,
) -> Prepared:
    """Reads people and site, and plans. Nothing is written, on the site or here.

    `known` are accounts matched before, by idnumber; `base` is what was last applied: with it, edits made in
    Moodle are judged field by field (lms_sync.drift), without it object by object. Raises MoodleError, ContentError.
    """
    people = built.people
    content = [one for one in built.content if not only_courses or one.course.id in only_courses]
    keys = {one.course.id for one in content}
    participants = [person for person in people.participants if person.courses]
    concerned = {person.idnumber for person in participants if keys & set(person.courses)}
    decisions = read_decisions(built.academy.folder)
    matches = match_people(
        client, participants, settings.people.match, settings.people.create, decisions=decisions, known=known
    )
    learners = _learners([one for one in participants if one.idnumber in concerned], matches)
    institutions = {
        one.code: InstitutionName(one.code, one.name(site.language)) for one in people.institutions
    }
    desired = desired_state(
        content,
        institutions,
        learners,
        language=site.language,
        use_multilang=site.multilang,
        timezone=site.timezone,
        programmes=built.programmes,
        people={one.idnumber: (one.name, one.institution) for one in people.participants},
    )
    accounts = {idnumber: account.user_id for idnumber, account in matches.matched.items()}
    observation, by_core = see_site(client, desired.objects, keys, accounts, role=site.student_role_id)
    if not people.listed:  # files that say nothing of people send nobody away
        observation.objects = [one for one in observation.objects if one.kind is not Kind.ENROLMENT]
    objects = with_bytes_that_are_there(desired.objects, observation.objects, base or {})
    if by_core:  # core gives calendar events no key, and overrides no owner: nobody could tell ours again
        objects = tuple(one for one in objects if one.kind not in (Kind.EVENT, Kind.OVERRIDE))
    desired = replace(desired, objects=objects)
    undecided = _undecided_enrolments(observation, participants, matches, known or {})
    refused = _refused(matches, concerned)
    settled = (
        None
        if base is None
        else settle(desired.objects, observation.objects, base, options, _judged_kinds(by_core))
    )
    if settled is not None:
        desired = replace(desired, objects=settled.desired)
        refused = [*refused, *settled.refused]
    plan = make_plan(
        desired.objects,
        observation.objects if settled is None else settled.observed,
        refused=refused,
        undecided=undecided,
        options=options,
    )
    if settled is not None:
        plan = settled.told(plan)
    if by_core:
        plan = by_hand(plan)
    lacks = () if by_core else client.lacking_capabilities()
    if settings.people.create == "never":
        lacks = tuple(one for one in lacks if one != _ONLY_TO_CREATE)
    return Prepared(
        plan, desired, observation, people, matches, decisions, not only_courses, by_core, lacks, settled
    )


def _judged_kinds(by_core: bool) -> frozenset[Kind]:
    """What is compared three ways. What a person makes is compared with the files alone: nobody applied it."""
    return (MADE_BY_CORE if by_core else KINDS) | PEOPLE


def _learners(participants: Sequence[Participant], matches: MatchReport) -> list[Learner]:
    to_create = {person.idnumber for person in matches.missing}
    return [
        Learner(
            person.idnumber,
            person.institution,
            person.courses,
            person.idnumber in matches.matched,
            person.extra_time,
        )
        for person in participants
        if person.idnumber in matches.matched or person.idnumber in to_create
    ]


def _refused(matches: MatchReport, concerned: set[str]) -> list[Change]:
    return [
        Change(Action.REFUSE, Kind.ACCOUNT, one.idnumber, "", reason=f"people.reason-{one.reason}")
        for one in matches.undecided
        if one.idnumber in concerned
    ]


def _undecided_enrolments(
    observation: Observation,
    participants: Sequence[Participant],
    matches: MatchReport,
    known: Mapping[str, MatchedAccount],
) -> set[tuple[Kind, str, str]]:
    """Enrolments of accounts that nobody claims, in courses with people whose account is not decided yet.

    Such an account may be one of theirs (their user name was changed in Moodle, say), so that it is not to be
    suspended; unless we remember whose it was.
    """
    open_ones = {one.idnumber for one in matches.undecided}
    courses = {course for person in participants if person.idnumber in open_ones for course in person.courses}
    others = {account.user_id for idnumber, account in known.items() if idnumber not in open_ones}
    return {
        (one.kind, one.scope, one.key)
        for one in observation.objects
        if one.kind is Kind.ENROLMENT
        and one.scope in courses
        and one.key.rsplit(":", 1)[1] == f"user-{one.id}"
        and one.id not in others
    }


def apply_prepared(
    client: MoodleClient,
    engine: Engine,
    site_name: str,
    prepared: Prepared,
    settings: Settings,
    site: SiteSettings,
    folder: Path,
    clock: Clock,
    *,
    again: Callable[[], Prepared],
    progress: Progress | None = None,
    report: ApplyReport | None = None,
    say: Say | None = None,
    undone: int | None = None,
    language: str | None = None,
    parallel: int = 1,
) -> tuple[ApplyReport, Prepared]:
    """Applies a prepared plan and reads back; the report, and the plan that is left afterwards.

    Where the outcome of a call is unknown, the site is read again (`again`) until the call has landed or
    can no longer land, and the rest is applied, at most three rounds. What an earlier run left open is
    settled first; `say` is told of both at once, else the report tells it. Matched people are remembered, undecided ones
    written to people/matches.csv in `language`.
    `undone` is the run that the plan takes back, if it does. Raises MoodleError when nothing more can be done; a
    `report` handed in then tells what was done before.
    """
    report = report or ApplyReport()
    say = say or report.problems.append
    wait = partial(_settled, client, engine, site_name, site, clock, again, say)
    if open_rows(engine, site_name):
        prepared = wait(read_after_stop)
    write_matches(
        folder,
        prepared.matches.undecided,
        prepared.decisions,
        language=language or settings.language,
        delimiter=prepared.people.delimiter,
    )
    odd = _remember(engine, site_name, prepared, prepared.matches.matched, clock)
    journal = Journal(engine, site_name, "apply" if undone is None else "undo", clock)
    report.run_id = journal.run_id
    report.problems.extend(odd)
    outcome = "failed"
    try:
        for number in range(_ROUNDS):
            context = ApplyContext(
                prepared.desired,
                prepared.observation,
                {who: account.user_id for who, account in prepared.matches.matched.items()},
                site.student_role_id,
                _account_maker(client, engine, site_name, prepared, settings, clock),
                prepared.by_core,
            )
            remember_replacing(
                engine,
                site_name,
                journal.run_id,
                prepared.plan,
                prepared.judged,
                prepared.observation.objects,
            )
            keep_pushed(folder, prepared.plan, prepared.desired)
            report.failed.clear()  # what was refused in an earlier round is in this one's plan again
            report.skipped.clear()
            try:
                apply_plan(
                    client,
                    prepared.plan,
                    context,
                    journal,
                    progress=progress,
                    report=report,
                    parallel=parallel,
                )
            except UnknownOutcome:
                if number == _ROUNDS - 1:
                    raise
                prepared = wait(read_settled)
                continue
            break
        left = again() if prepared.plan.work else prepared
        remember_applied(engine, site_name, journal.run_id, left.judged, left.observation.objects, clock)
        outcome = "done" if report.complete and not left.plan.work else "partly"
        return report, left
    finally:
        counts = {"done": report.done, "failed": len(report.failed), "skipped": len(report.skipped)}
        journal.finish(outcome, counts if undone is None else {"undone": undone, **counts})


def _settled(
    client: MoodleClient,
    engine: Engine,
    site_name: str,
    site: SiteSettings,
    clock: Clock,
    again: Callable[[], Prepared],
    say: Say,
    how: Callable[..., Prepared],
) -> Prepared:
    longest = site.longest_request_seconds
    return how(engine, site_name, clock, again, longest_seconds=longest, sleep=client.sleep, say=say)


def _remember(
    engine: Engine, site: str, prepared: Prepared, matched: Mapping[str, MatchedAccount], clock: Clock
) -> tuple[Problem, ...]:
    with engine.begin() as connection:
        return remember_people(connection, site, prepared.people.participants, matched, clock.now()).problems


def _account_maker(
    client: MoodleClient, engine: Engine, site: str, prepared: Prepared, settings: Settings, clock: Clock
) -> Callable[[Sequence[str]], Mapping[str, int]]:
    participants = {person.idnumber: person for person in prepared.people.participants}

    def created(landed: Mapping[str, MatchedAccount]) -> None:
        _remember(engine, site, prepared, {**prepared.matches.matched, **landed}, clock)

    def create(idnumbers: Sequence[str]) -> Mapping[str, int]:
        # Each batch is remembered at once: later runs know which accounts were made by us.
        made = create_missing(
            client,
            [participants[one] for one in idnumbers],
            settings.people.auth,
            on_created=created,
        )
        return {who: account.user_id for who, account in made.created.items()}

    return create


__all__ = ["MoodleError", "Prepared", "apply_prepared", "prepare"]
