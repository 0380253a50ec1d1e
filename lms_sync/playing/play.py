"""The acts of a programme in the order of their days: tests, sessions, lessons, marking, awards."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from authoring.problems import LmsSyncError, Problem
from certificates.documents import make_documents
from certificates.issue import enter_approved
from certificates.issuer import Issuer
from certificates.policy import Policy
from certificates.register import approve, certify, proposals
from certificates.status_lists import publish_status_lists
from helpdesk.desk import HelpDeskFile
from lms_sync.assessment.files import material_of, materials
from lms_sync.assessment.form import Form
from lms_sync.assessment.milestones import record_by_rule, record_milestone
from lms_sync.moodle.client import MoodleClient
from lms_sync.moodle_answers import asked_in
from lms_sync.people import Participant, People, known_accounts
from lms_sync.playing.assessment import answer_questionnaire, answers_of
from lms_sync.playing.help_desk import answer, ask, bring_in
from lms_sync.playing.learning import CourseToTake, learn, mark, take_tests_before
from lms_sync.playing.scenarios import Answered, Scenario, Shown
from lms_sync.playing.sheets import day_after, record
from lms_sync.playing.stage import Stage
from lms_sync.practice_questionnaires import answer_in_course
from lms_sync.programme_files import ProgrammeFiles
from lms_sync.pull import pull
from lms_sync.store.database import reading
from programmes import Programme, Questionnaire

_ANSWERED_AFTER = datetime.timedelta(days=2)
APPROVED_BY = "Demo registrar"


class PlayFailed(LmsSyncError):
    """An act did not come out as it must."""


@dataclass
class Counts:
    """What the acts came to."""

    passed: int = 0
    failed: int = 0
    stopped: int = 0
    tests_before: int = 0
    handed_in: int = 0
    marked: int = 0
    facts: int = 0
    sessions: int = 0
    participations: int = 0
    hours: float = 0.0
    exercises: int = 0
    certificates: int = 0
    asked: int = 0
    answered: int = 0
    open_questions: int = 0
    questionnaires: int = 0
    milestones: int = 0


@dataclass(frozen=True)
class _Act:
    day: datetime.date
    run: Callable[[], None]


@dataclass
class Play:
    """A programme that was pushed, about to be played from the first test to the last award."""

    stage: Stage
    client: MoodleClient
    engine: Engine
    site: str
    folder: Path
    scenario: Scenario
    programme: Programme
    people: People
    policies: Sequence[Policy]
    issuer: Issuer
    courses: Mapping[str, CourseToTake]
    files: ProgrammeFiles
    days: Mapping[str, datetime.date] = field(default_factory=dict)
    """Sessions whose day was moved → the day on which the scenario has them; see `played_days`."""
    shown_on: Mapping[tuple[str, str], datetime.date] = field(default_factory=dict)
    """Milestones whose day was moved → the day on which the scenario has them."""
    desk: HelpDeskFile | None = None
    counts: Counts = field(default_factory=Counts)
    _marked: list[str] = field(default_factory=list)

    def run(self) -> Counts:
        """Plays every act up to the scenario's last day."""
        for act in sorted(self._acts(), key=lambda act: act.day):
            if act.day <= self.scenario.last:
                self.stage.go_to(act.day)
                act.run()
        return self.counts

    def _acts(self) -> list[_Act]:
        """All acts. What happens on one day happens in this order."""
        scenario, learners = self.scenario, self._learners()
        acts = [_Act(scenario.before, lambda: self._take_tests(learners))]
        for session in self.programme.sessions:
            day = self.days.get(session.id) or day_after(session)
            acts.append(_Act(day, lambda session=session: self._record(session.id)))  # type: ignore[misc]
        first, last = scenario.learned
        for place, person in enumerate(learners):
            on = first + (last - first) * place // max(len(learners) - 1, 1)
            acts.append(_Act(on, lambda person=person, place=place: self._learn(person, place)))  # type: ignore[misc]
        acts.append(_Act(last, self._mark))
        acts += [
            _Act(filled.on, lambda filled=filled: self._answer_questionnaire(filled, learners))  # type: ignore[misc]
            for filled in scenario.answered
        ]
        for shown in scenario.shown:
            day = self.shown_on.get((shown.institution, shown.milestone), shown.on)
            acts.append(_Act(day, lambda shown=shown: self._show(shown)))  # type: ignore[misc]
        acts.extend(_Act(day, self._award) for day in scenario.awarded)
        if self.desk is not None and scenario.asked:
            acts.append(_Act(scenario.asked_on, lambda: self._ask(learners)))
            acts.append(_Act(scenario.asked_on + _ANSWERED_AFTER, self._answer))
        return acts

    def _learners(self) -> list[Participant]:
        return [one for one in self.people.participants if any(c in self.courses for c in one.courses)]

    def _courses_of(self, person: Participant) -> list[CourseToTake]:
        return [self.courses[course] for course in person.courses if course in self.courses]

    def _take_tests(self, learners: Sequence[Participant]) -> None:
        for person in learners:
            courses = self._courses_of(person)
            if any(course.before for course in courses):
                learner = self.stage.learner(person.username)
                self.counts.tests_before += take_tests_before(learner, courses)
                learner.client.close()

    def _learn(self, person: Participant, place: int) -> None:
        way = self.scenario.way_of(person.idnumber, place)
        learner = self.stage.learner(person.username)
        done = learn(learner, self._courses_of(person), way)
        learner.client.close()
        if done:
            self.counts.handed_in += done
            self._marked.append(person.idnumber)
        setattr(self.counts, way.outcome, getattr(self.counts, way.outcome) + 1)

    def _mark(self) -> None:
        if not self._marked:
            return
        with reading(self.engine) as connection:
            accounts = known_accounts(connection, self.site)
        trainer = self.stage.trainer()
        user_ids = [accounts[one].user_id for one in self._marked]
        self.counts.marked += mark(trainer, list(self.courses.values()), user_ids)
        trainer.client.close()

    def _answer_questionnaire(self, filled: Answered, learners: Sequence[Participant]) -> None:
        questionnaire = self.files.questionnaire(filled.questionnaire)
        if questionnaire is None:
            return
        if questionnaire.of == "person":
            if self._answer_in_moodle(questionnaire, filled, learners[: filled.people]):
                return
            forms = [Form(self.programme, questionnaire, person=one) for one in learners[: filled.people]]
        else:
            codes = filled.institutions or tuple(sorted({one.institution for one in learners}))
            forms = [
                Form(self.programme, questionnaire, institution=one)
                for one in self.people.institutions
                if one.code in codes and self.programme.takes_part(one.code, one.kind)
            ]
        for place, form in enumerate(forms):
            answer_questionnaire(
                self.engine,
                self.site,
                self.folder,
                self.files,
                form,
                self.people,
                filled.good,
                place,
                self.stage.clock,
            )
            self.counts.questionnaires += 1

    def _answer_in_moodle(
        self, questionnaire: Questionnaire, filled: Answered, people: Sequence[Participant]
    ) -> bool:
        """The people answer in their course, if it asks this questionnaire; the next pull brings it."""
        places = [
            (person, course)
            for person in people
            for course in self._courses_of(person)
            if questionnaire.id in course.questionnaires
        ]
        for place, (person, course) in enumerate(places):
            learner = self.stage.learner(person.username)
            answers = answers_of(questionnaire, filled.good, place)
            asked = course.questionnaires[questionnaire.id]
            answer_in_course(learner.client, course.course_id, asked.activity, answers)
            learner.client.close()
            self.counts.questionnaires += 1
        return bool(places)

    def _show(self, shown: Shown) -> None:
        record_milestone(
            self.engine,
            self.site,
            self.folder,
            material_of(
                self.folder, self.programme, institutions=self.people.institutions, policies=self.policies
            ),
            shown.institution,
            shown.milestone,
            on=shown.on,
            evidence=shown.evidence.in_language(self.programme.default_language),
            by="Demo officer",
            now=self.stage.clock.now(),
        )
        self.counts.milestones += 1

    def _ask(self, learners: Sequence[Participant]) -> None:
        usernames = {one.idnumber: one.username for one in learners}
        if self.desk is None or self.desk.forum is None:
            return
        course = self.courses[self.desk.forum.partition("/")[0]]
        for one in self.scenario.asked:
            ask(self.stage, course.course_id, course.forums[self.desk.forum], usernames[one.who], one)
            self.counts.asked += 1

    def _answer(self) -> None:
        if self.desk is None:
            return
        trainer = self.stage.trainer()
        clock, zone = self.stage.clock, ZoneInfo(self.programme.timezone)
        bring_in(trainer.client, self.engine, self.site, self.desk, zone, clock)
        self.counts.answered += answer(trainer.client, self.desk, self.scenario.asked)
        self.stage.before_pull()
        told = bring_in(trainer.client, self.engine, self.site, self.desk, zone, clock)
        self.counts.open_questions = told.open
        trainer.client.close()

    def _record(self, session_id: str) -> None:
        session = self.programme.session(session_id)
        if session is None:
            return
        told = record(
            self.engine,
            self.site,
            self.folder,
            self.programme,
            session,
            self.people,
            self.policies,
            self.scenario,
            self.stage.clock,
        )
        if told is not None:
            self.counts.sessions += 1
            self.counts.participations += told.days
            self.counts.hours += told.hours
            self.counts.exercises += told.exercises

    def _award(self) -> None:
        self.stage.before_pull()
        course_ids = {key: course.course_id for key, course in self.courses.items()}
        clock = self.stage.clock
        named = {
            one.key: slug for course in self.courses.values() for slug, one in course.questionnaires.items()
        }
        asked = asked_in(named, self.files)
        told = pull(self.client, self.engine, self.site, course_ids, clock, asked=asked)
        self.counts.facts += told.facts
        self.counts.certificates += self.award()

    def award(self) -> int:
        """Certify, approve, give numbers, until nothing more is proposed; how many awards were entered."""
        clock, entered = self.stage.clock, 0
        while True:
            record_by_rule(self.engine, self.site, materials(self.folder, self.policies), clock.now())
            certify(
                self.engine, self.site, self.policies, clock, programmes={self.programme.id: self.programme}
            )
            waiting = [one.grant_key for one in proposals(self.engine, self.site)]
            if waiting:
                approve(self.engine, self.site, waiting, by=APPROVED_BY, clock=clock)
            awards, problems = enter_approved(self.engine, self.site, self.issuer, clock)
            _must_be_none(problems)
            entered += len(awards)
            if not waiting:
                return entered

    def print_certificates(self) -> None:
        """Makes the documents of every award that was entered: after the play, as they take time and memory."""
        _, problems = make_documents(self.engine, self.site, self.issuer, self.stage.clock)
        _must_be_none(problems)
        publish_status_lists(self.engine, self.site, self.issuer, self.stage.clock)


def _must_be_none(problems: Sequence[Problem]) -> None:
    if problems:
        raise PlayFailed("demo.not-issued", n=len(problems), code=problems[0].code)
