"""The whole path: files to Moodle, people matched, learners learning, facts back. By the product's own verbs."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import pytest
from academy_on_trial import SITE, AcademyOnTrial, Office
from ground import new_password
from sites import STUDENT_ROLE, SiteUnderTest
from sqlalchemy import select

from lms_sync.doctor import examine_site
from lms_sync.facts import (
    ACTIVITY_COMPLETION,
    COURSE_COMPLETION,
    GRADE,
    QUIZ_ATTEMPT,
    SCORM_RESULT,
    Fact,
    facts_of,
)
from lms_sync.moodle.errors import CallRefused
from lms_sync.plan import Action, Kind
from lms_sync.settings import PeopleSettings
from lms_sync.store import schema
from lms_sync.store.database import reading

ACCOUNTS = 40
BUSY = (
    os.environ.get("CONTRACT_BUSY") == "1"
)  # the machine does other work beside: times are told, not judged
SHARING = (3, 4, 5)  # three people of one office with one address
OTHER_LOGIN = {31: "db", 32: "ldap", 33: "nologin", 34: "db", 35: "ldap"}
LEARNERS = {  # by number: package's status and score, share of the quiz right, finished?
    1: ("passed", 95, 1.0, True),
    2: ("passed", 80, 0.0, True),
    3: ("failed", 40, 1.0, True),
    6: ("incomplete", None, 0.5, False),
}
STREAMS_TOLD = (
    "activity_completion",
    "course_completion",
    "grade",
    "quiz_attempt",
    "question_outcome",
    "scorm_track",
    "scorm_interaction",
    "enrolment",
    "last_access",
)
PEOPLE = {"idnumber", "username", "email", "firstname", "lastname", "auth", "suspended", "confirmed", "lang"}


class Path:
    """The run's academy on a site with forty people who were there before."""

    def __init__(self, site: SiteUnderTest) -> None:
        self.site = site
        self.academy = AcademyOnTrial(f"{site.run}-p")
        self.institutions = {
            f"{site.run}-{name}": (f"Bashkia {name} (provë)", f"Municipality of {name} (trial)")
            for name in ("dimal", "durres", "fier", "vlore")
        }
        self.rows = [self._row(number) for number in range(1, ACCOUNTS + 1)]
        self.passwords = {row["username"]: new_password() for row in self.rows}
        self.academy.write_people([], self.institutions)
        self.office = Office(site, self.academy)

    def _row(self, number: int) -> dict[str, str]:
        name = f"{self.academy.prefix}-{number:02}"
        shared = number in SHARING and "same-email" not in self.site.skipped
        return {
            "idnumber": name.upper(),
            "username": name,
            "email": f"{self.academy.prefix}-office@example.org" if shared else f"{name}@example.org",
            "firstname": ("Arta", "Besnik", "Çelik", "Drita", "Ëngjëll")[number % 5],
            "lastname": ("Hoxha", "Gjoka", "Çela", "Dervishi")[number % 4],
            "institution": list(self.institutions)[number % 4],
        }

    # --- the forty accounts

    @cached_property
    def accounts(self) -> dict[str, dict[str, Any]]:
        """Made before the product comes; what the site tells of each, by user name."""
        with self.site.same_email_allowed("same-email") as allowed:
            self.rows = [self._row(number) for number in range(1, ACCOUNTS + 1)]
            if not allowed:
                self._try_sharing()
            # Half of them have the number of the people's file already, the others are known by user name only.
            users = [
                {
                    "username": row["username"],
                    "password": self.passwords[row["username"]],
                    "firstname": row["firstname"],
                    "lastname": row["lastname"],
                    "email": row["email"],
                    "idnumber": row["idnumber"] if number % 2 else "",
                    "auth": OTHER_LOGIN.get(number, "manual"),
                }
                for number, row in enumerate(self.rows, 1)
            ]
            self.site.client.call("core_user_create_users", {"users": users}, write=True)
        return self.read_accounts()

    def _try_sharing(self) -> None:
        """Whether the site takes several accounts with one e-mail address, tried on two that are made anyway."""
        rows = [self.rows[number - 1] for number in SHARING]
        shared = f"{self.academy.prefix}-office@example.org"
        users = [
            {
                "username": f"{row['username']}-try",
                "password": new_password(),
                "firstname": row["firstname"],
                "lastname": row["lastname"],
                "email": shared,
            }
            for row in rows[:2]
        ]
        try:
            self.site.client.call("core_user_create_users", {"users": users}, write=True)
        except CallRefused:
            return
        del self.site.skipped["same-email"]
        self.rows = [self._row(number) for number in range(1, ACCOUNTS + 1)]

    def read_accounts(self) -> dict[str, dict[str, Any]]:
        names = [row["username"] for row in self.rows]
        found = self.site.client.call("core_user_get_users_by_field", {"field": "username", "values": names})
        told = self.site.client.call("local_lmssync_get_accounts", {"userids": [one["id"] for one in found]})
        plugin = {one["id"]: one for one in told}
        return {
            one["username"]: {
                "id": one["id"],
                **{name: one.get(name, "") for name in PEOPLE},
                "plugin": plugin[one["id"]],
            }
            for one in found
        }

    # --- the stations of the way

    @cached_property
    def pushed(self) -> Any:
        """The course alone goes up: report, what is left, seconds."""
        report, left, seconds = self.office.apply()
        self.site.figures[
            "small course pushed (course category, course, 2 sections, package, 12 questions, quiz, criteria)"
        ] = f"{seconds:.2f} s" + (" (machine busy with other work)" if BUSY else "")
        return report, left, seconds

    @cached_property
    def staffed(self) -> Any:
        """Then the people: forty rows in the file."""
        assert self.pushed
        assert self.accounts
        self.academy.write_people(self.rows, self.institutions)
        self.office.rebuild()
        report, left, seconds = self.office.apply()
        self.site.figures["40 people put into cohorts, groups and the course"] = f"{seconds:.2f} s"
        return report, left

    @property
    def course_id(self) -> int:
        return int(self.pushed[1].observation.course_ids[self.academy.course])

    @cached_property
    def learned(self) -> dict[int, int]:
        """Four of them learn; their user ids by number."""
        assert self.staffed
        quiz = self.office.built.content[0].quizzes[self.academy.quiz][0]
        for number, (status, score, right, finish) in LEARNERS.items():
            name = self.rows[number - 1]["username"]
            learner = self.site.learner(name, self.passwords[name])
            learner.take_package(self.course_id, status=status, score=score)
            learner.take_quiz(self.course_id, quiz, right=right, finish=finish)
            learner.client.close()
        time.sleep(1.1)
        return {number: int(self.accounts[self.rows[number - 1]["username"]]["id"]) for number in LEARNERS}

    @cached_property
    def pulled(self) -> Any:
        assert self.learned
        started = time.monotonic()
        report = self.office.pull()
        self.site.figures["first pull"] = f"{report.facts} facts in {time.monotonic() - started:.2f} s"
        return report

    def facts(self) -> list[tuple[int, Fact]]:
        """All facts with the Moodle user id of each."""
        with reading(self.office.engine) as connection:
            users = {
                row.person_id: row.user_id
                for row in connection.execute(select(schema.account.c.person_id, schema.account.c.user_id))
            }
            return [(users[fact.person_id], fact) for fact in facts_of(connection, SITE)]

    def news(self, asked: list[dict[str, Any]], limit: int = 20_000) -> list[Any]:
        """Pages of the plugin's answer, with the data of their rows as values."""
        questions = json.dumps([{"courseids": [self.course_id], **one} for one in asked])
        answer = self.site.client.call("local_lmssync_get_news", {"asked": questions, "limit": limit})
        for page in answer["pages"]:
            for row in page["rows"]:
                row["data"] = json.loads(row["data"])
        pages: list[Any] = answer["pages"]
        return pages

    def site_now(self) -> int:
        question = json.dumps([{"stream": "log", "courseids": [self.course_id]}])
        answer = self.site.client.call("local_lmssync_get_news", {"asked": question, "limit": 1})
        return int(answer["now"])

    def rows_of(self, *streams: str) -> dict[str, list[Any]]:
        """Every row that the site has now, by the plugin's names of the streams."""
        pages = self.news([{"stream": stream, "since": 0, "afterid": 0} for stream in streams])
        return {stream: page["rows"] for stream, page in zip(streams, pages, strict=True)}

    def present(self) -> set[tuple[str, str, int]]:
        """What the site has: stream, row and account."""
        rows = self.rows_of(*STREAMS_TOLD)
        return {
            ("scorm_result" if stream == "scorm_track" else stream, str(row["id"]), int(row["userid"]))
            for stream, found in rows.items()
            for row in found
        }

    def held(self) -> set[tuple[str, str, int]]:
        """The same as the fact log has it: the last fact of each source, where it is not gone."""
        last = {(fact.stream, fact.source_id): (user, fact) for user, fact in self.facts()}
        return {(*key, user) for key, (user, fact) in last.items() if not fact.value.get("gone")}

    def close(self) -> None:
        """Hides the course, suspends the enrolments, hides the cohorts."""
        call = self.site.client.call
        if "pushed" in self.__dict__:
            hidden = {"courses": [{"id": self.course_id, "visible": 0}]}
            call("core_course_update_courses", hidden, write=True)
            state = self.site.client.call_json(
                "local_lmssync_get_state", {"courseid": self.course_id}, field="state"
            )
            rows = [
                {"roleid": STUDENT_ROLE, "userid": user, "courseid": self.course_id, "suspend": 1}
                for user, _status, _method in state["enrolments"]
            ]
            for start in range(0, len(rows), 150):
                enrolments = {"enrolments": rows[start : start + 150]}
                call("enrol_manual_enrol_users", enrolments, write=True)
            system = {"type": "system", "value": ""}
            cohorts = [
                {
                    "id": one["id"],
                    "categorytype": system,
                    "name": one["name"],
                    "idnumber": one["idnumber"],
                    "visible": 0,
                }
                for one in call("core_cohort_get_cohorts")
                if self.site.run in str(one["idnumber"])
            ]
            if cohorts:
                call("core_cohort_update_cohorts", {"cohorts": cohorts}, write=True)
        self.office.close()


@pytest.fixture(scope="session")
def path(site: SiteUnderTest) -> Iterator[Path]:
    made = Path(site)
    yield made
    made.close()


def work(path: Path) -> list[tuple[str, str, str]]:
    """What a plan would do now."""
    return [(one.action.value, one.kind.value, one.key) for one in path.office.plan().plan.work]


# --- content


def test_a_small_course_goes_up_in_one_go(path: Path) -> None:
    report, left, seconds = path.pushed
    assert not report.failed
    assert not report.skipped
    assert report.done == {"create": 6 + 1 + 12 + 1}
    assert left.plan.work == ()
    assert seconds < 3 or BUSY


def test_a_second_plan_is_empty_with_and_without_the_state_database(path: Path) -> None:
    assert path.pushed
    assert work(path) == []
    path.office.forget()
    assert work(path) == []


# --- people


def test_forty_existing_accounts_are_enrolled_and_not_changed(path: Path) -> None:
    before = path.accounts
    assert len(before) == ACCOUNTS
    assert {one["auth"] for one in before.values()} == {"manual", "db", "ldap", "nologin"}
    report, left = path.staffed
    assert not report.failed
    assert not report.skipped
    assert left.plan.work == ()
    assert left.matches.undecided == ()
    after = path.read_accounts()
    assert after == before, "an account that is not ours was changed"
    values = {"field": "idnumber", "values": [row["idnumber"] for row in path.rows]}
    with_number = path.site.client.call("core_user_get_users_by_field", values)
    assert len(with_number) == ACCOUNTS // 2, "an account was made, or got a number"
    path.site.figures["existing accounts"] = (
        f"{ACCOUNTS}, of them {0 if 'same-email' in path.site.skipped else len(SHARING)} with one e-mail, "
        f"{len(OTHER_LOGIN)} with another login method: 0 duplicates, 0 fields changed"
    )


def test_everybody_is_in_a_cohort_a_group_and_the_course(path: Path) -> None:
    assert path.staffed
    state = path.site.client.call_json("local_lmssync_get_state", {"courseid": path.course_id}, field="state")
    ids = {one["id"] for one in path.accounts.values()}
    assert {user for user, status, method in state["enrolments"] if (status, method) == (0, "manual")} == ids
    assert sorted(user for group in state["groups"] for user in group["members"]) == sorted(ids)
    assert len(state["groups"]) == len(path.institutions)


def test_after_the_people_a_plan_is_empty_with_and_without_the_state_database(path: Path) -> None:
    assert path.staffed
    assert work(path) == []
    path.office.forget()
    assert work(path) == []


# --- learning


def expected(path: Path) -> set[tuple[int, str, str, object]]:
    """What the four did, as (user, stream, activity, value)."""
    package, final = f"{path.academy.course}/package", f"{path.academy.course}/final"
    who = path.learned
    found: set[tuple[int, str, str, object]] = set()
    for number, (status, score, right, finish) in LEARNERS.items():
        user = who[number]
        found.add((user, SCORM_RESULT, package, ("cmi.core.lesson_status", status)))
        if score is not None:
            found.add((user, SCORM_RESULT, package, ("cmi.core.score.raw", str(score))))
            found.add((user, GRADE, package, float(score)))
        found.add(
            (user, QUIZ_ATTEMPT, final, ("finished" if finish else "inprogress", right if finish else None))
        )
        if finish:
            found.add((user, GRADE, final, right))
        if status == "passed":
            found.add((user, ACTIVITY_COMPLETION, package, True))
        if finish and right >= 0.7:
            found.add((user, ACTIVITY_COMPLETION, final, True))
        if status == "passed" and finish and right >= 0.7:
            found.add((user, COURSE_COMPLETION, "", True))
    return found


def seen(path: Path) -> set[tuple[int, str, str, object]]:
    """The same of the facts that were pulled; grades and scores as they were reached."""
    found: set[tuple[int, str, str, object]] = set()
    for user, fact in path.facts():
        value: Mapping[str, Any] = fact.value
        match fact.stream:
            case "scorm_result":
                told: object = (value["element"], value["value"])
            case "question_outcome" | "scorm_interaction" | "enrolment" | "last_access":
                continue  # what came of single questions: the attempts tell it together
            case "quiz_attempt":
                reached = (
                    None if value["score"] is None else round(float(value["score"]) / float(value["max"]), 4)
                )
                told = (value["state"], reached if value["state"] == "finished" else None)
            case "grade":
                if value["item"] == "course" or value["grade"] is None:
                    continue
                whole = float(value["max"])
                told = float(value["grade"]) if fact.subject.endswith("/package") else value["grade"] / whole
            case _:
                if not value["complete"]:
                    continue
                told = True
        found.add((user, fact.stream, fact.subject, told))
    return found


def test_a_pull_brings_exactly_what_the_learners_did(path: Path) -> None:
    report = path.pulled
    assert report.facts > 0
    assert not report.warnings
    assert seen(path) == expected(path)


def test_a_second_pull_brings_nothing_new(path: Path) -> None:
    assert path.pulled
    assert path.office.pull().facts == 0


# --- changes


def test_one_changed_lesson_sends_one_package_and_keeps_what_was_learned(path: Path) -> None:
    assert path.pulled
    before = seen(path)
    path.academy.change_lesson()
    path.office.rebuild()
    assert work(path) == [("update", "activity", f"{path.academy.course}/package")]
    report, left, seconds = path.office.apply()
    path.site.figures["one changed lesson"] = f"1 package sent again in {seconds:.2f} s"
    assert report.done == {"update": 1}
    assert left.plan.work == ()
    time.sleep(1.1)
    path.office.pull()
    # Moodle grades everybody with an attempt again: who has no score yet gets 0 where there was no grade.
    stopper = path.learned[6]
    assert seen(path) - {(stopper, GRADE, f"{path.academy.course}/package", 0.0)} == before


def test_changed_names_and_texts_are_the_only_things_sent(path: Path) -> None:
    assert path.staffed

    def course(data: dict[str, Any]) -> None:
        data["title"]["sq"] += " 2"
        data["category"]["title"]["sq"] += " 2"
        data["sections"][0]["title"]["sq"] += " 2"

    def quiz(data: dict[str, Any]) -> None:
        data["questions"][0]["text"]["sq"] += " (214)"

    path.academy.change_course(course)
    path.academy.change_quiz(quiz)
    code, (sq, en) = next(iter(path.institutions.items()))
    path.institutions[code] = (f"{sq} 2", en)
    path.academy.write_people(path.rows, path.institutions)
    path.office.rebuild()
    wanted = {
        ("update", Kind.CATEGORY.value),
        ("update", Kind.COURSE.value),
        ("update", Kind.SECTION.value),
        ("update", Kind.QUESTION.value),
        ("update", Kind.ACTIVITY.value),  # the package shows the course's title
        ("update", Kind.COHORT.value),
        ("update", Kind.GROUP.value),
    }
    found = [(action, kind) for action, kind, _key in work(path)]
    assert sorted(found) == sorted(wanted)
    report, left, _seconds = path.office.apply()
    assert not report.failed
    assert left.plan.work == ()


def test_who_leaves_the_list_is_suspended_in_the_course_and_comes_back(path: Path) -> None:
    assert path.staffed
    gone = path.rows[9]
    path.academy.write_people([row for row in path.rows if row is not gone], path.institutions)
    path.office.rebuild()
    assert [(action, kind) for action, kind, _key in work(path)] == [("hide", Kind.ENROLMENT.value)]
    report, left, _seconds = path.office.apply()
    assert report.done == {Action.HIDE.value: 1}
    assert left.plan.work == ()
    user = path.accounts[gone["username"]]["id"]
    state = path.site.client.call_json("local_lmssync_get_state", {"courseid": path.course_id}, field="state")
    assert [row for row in state["enrolments"] if row[0] == user] == [[user, 1, "manual"]]
    assert path.read_accounts() == path.accounts
    path.academy.write_people(path.rows, path.institutions)
    path.office.rebuild()
    report, left, _seconds = path.office.apply()
    assert report.done == {"update": 1}
    assert left.plan.work == ()


def test_a_missing_account_is_made_only_where_the_administrator_says_so(path: Path) -> None:
    assert path.staffed
    newcomer = {**path._row(41), "idnumber": f"{path.academy.prefix}-41".upper()}
    path.academy.write_people([*path.rows, newcomer], path.institutions)
    path.office.rebuild()
    left = path.office.plan()
    assert [one.key for one in left.plan.refused] == [newcomer["idnumber"]]
    assert left.plan.work == ()
    office = Office(path.site, path.academy, PeopleSettings(create="missing", auth="manual"))
    report, left, _seconds = office.apply()
    path.site.keep("user-made-by-the-product", "core_user_create_users")
    assert not report.failed
    assert report.done == {"create": 4}  # account, cohort member, enrolment, group member
    assert left.plan.work == ()
    values = {"field": "username", "values": [newcomer["username"]]}
    made = path.site.client.call("core_user_get_users_by_field", values)
    assert [(one["idnumber"], one["auth"]) for one in made] == [(newcomer["idnumber"], "manual")]
    office.engine.dispose()


def test_an_edit_in_moodle_is_seen_and_not_overwritten(path: Path) -> None:
    assert path.staffed
    state = path.site.client.call_json("local_lmssync_get_state", {"courseid": path.course_id}, field="state")
    group = state["groups"][0]
    renamed = {"groups": [{"id": group["id"], "name": "Riemëruar në Moodle"}]}
    path.site.client.call("core_group_update_groups", renamed, write=True)
    assert ("update", Kind.GROUP.value, group["idnumber"]) in work(path)
    path.site.client.call("core_group_update_groups", {"groups": [{"id": group["id"], "name": group["name"]}]},
                          write=True)  # fmt: skip


def test_what_a_package_recorded_of_a_question_arrives(path: Path) -> None:
    assert path.pulled
    name = path.rows[0]["username"]
    learner = path.site.learner(name, path.passwords[name])
    (scorm,) = learner.client.call("mod_scorm_get_scorms_by_courses", {"courseids": [path.course_id]})[
        "scorms"
    ]
    scoes = learner.client.call("mod_scorm_get_scorm_scoes", {"scormid": scorm["id"]})["scoes"]
    sco = next(one["id"] for one in scoes if one["launch"])
    for part, value in {
        "id": "helpful_page-1",
        "type": "fill-in",
        "student_response": "too-long",
        "result": "neutral",
    }.items():
        tracks = [{"element": f"cmi.interactions_0.{part}", "value": value}]
        arguments = {"scoid": sco, "attempt": 1, "tracks": tracks}
        learner.client.call("mod_scorm_insert_scorm_tracks", arguments, write=True)
        time.sleep(1.1)  # each part in a second of its own: the last one counts
        path.office.pull()
    learner.client.close()
    told = [fact.value for _, fact in path.facts() if fact.stream == "scorm_interaction"]
    assert told[-1] == {
        "attempt": 1,
        "id": "helpful_page-1",
        "type": "fill-in",
        "response": "too-long",
        "result": "neutral",
    }
    assert len(told) == 4


# --- what is taken back


def test_everything_that_is_taken_back_is_a_fact_and_the_log_says_what_the_site_says(path: Path) -> None:
    assert path.pulled
    time.sleep(1.1)  # rows of the running second are told with the next
    path.office.pull()
    assert path.present() == path.held(), "before anything is taken back"
    first, second, third = (path.learned[number] for number in (1, 2, 3))
    rows = path.rows_of("quiz_attempt", "grade", "scorm_track")
    (attempt,) = (row["id"] for row in rows["quiz_attempt"] if row["userid"] == first)
    (grade, *_) = (row["id"] for row in rows["grade"] if row["userid"] == third and row["cmid"])
    package = next(row["cmid"] for row in rows["scorm_track"])
    since = path.site_now()
    path.site.take_back("news-log", "quiz-attempt", attempt)
    path.site.take_back("news-log", "scorm-attempt", package, second, 1)
    path.site.take_back("news-log", "grade", grade)
    path.site.take_back("news-log", "enrolment", path.course_id, third)
    time.sleep(1.1)
    lines = path.news([{"stream": "log", "since": since - 1, "afterid": 0}])[0]["rows"]
    path.site.keep("news-log", "local_lmssync_get_news")
    told = {(row["data"]["stream"], row["data"]["rowid"], row["userid"]) for row in lines}
    assert {("quiz_attempt", attempt, first), ("question_outcome", 0, first)} <= told
    assert {("scorm_track", 0, second), ("scorm_interaction", 0, second), ("grade", grade, third)} <= told
    assert ("enrolment", third) in {(stream, user) for stream, _, user in told}
    report = path.office.pull()
    assert report.gone >= 4
    assert path.present() == path.held()
    path.site.take_back("news-log", "completions", path.course_id)
    time.sleep(1.1)
    assert path.office.pull().gone > 0
    assert path.present() == path.held()
    assert not [key for key in path.held() if key[0] == "course_completion"]
    assert path.office.pull().facts == 0


def test_rows_are_told_by_their_numbers_and_nonsense_is_refused(path: Path) -> None:
    assert path.pulled
    path.site.take_back("last-access", "access", path.course_id, path.learned[1])
    time.sleep(1.1)
    some = path.rows_of("enrolment", "activity_completion", "last_access")
    ids = [row["id"] for row in some["enrolment"]][:3]
    (page,) = path.news([{"stream": "enrolment", "ids": [*ids, 999_999_999]}])
    path.site.keep("news-of-rows", "local_lmssync_get_news")
    assert sorted(row["id"] for row in page["rows"]) == sorted(ids)
    assert [row["userid"] for row in some["last_access"]] == [path.learned[1]]
    for step, asked in {
        "news-not-questions": "{}",
        "news-no-courses": '[{"stream":"grade","courseids":[]}]',
        "news-unknown-stream": f'[{{"stream":"moods","courseids":[{path.course_id}]}}]',
    }.items():
        with pytest.raises(CallRefused):
            path.site.client.call("local_lmssync_get_news", {"asked": asked, "limit": 10})
        path.site.keep(step, "local_lmssync_get_news")
    (first, *rest) = path.news(
        [{"stream": "enrolment", "since": 0, "afterid": 0}, {"stream": "grade", "since": 0, "afterid": 0}], 5
    )
    assert (len(first["rows"]), first["more"], rest) == (5, True, [])


# --- the administrator's examination


def test_doctor_finds_no_fault(path: Path) -> None:
    package = path.office.built.content[0].package
    assert package is not None
    findings = list(
        examine_site(
            path.site.client,
            path.office.settings,
            path.office.clock,
            several_languages=True,
            largest_upload=package.size,
        )
    )
    assert [one for one in findings if one.level == "fault"] == []
    assert "doctor.capabilities" in {one.code for one in findings}
    assert "doctor.upload" in {one.code for one in findings}
