"""A site with a history begins with reading: nothing is written there, and the numbers are those of the plugin."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from lms_sync.store import schema
from lms_sync.store.database import open_database, reading
from moodle_standin.records import CourseModule
from moodle_standin.services import READING_FUNCTIONS
from tests.pushed_academy import COURSE, TOKEN

if TYPE_CHECKING:
    from tests.adopt.conftest import Ended, History

    Command = Callable[..., Ended]


def facts(folder: Path) -> list[tuple[Any, ...]]:
    engine = open_database(f"sqlite:///{folder}/.lms-sync/state.db")
    try:
        with reading(engine) as connection:
            fact, account = schema.fact, schema.account
            query = select(
                fact.c.stream, fact.c.subject, fact.c.source_time, fact.c.value, account.c.user_id
            ).join(account, account.c.person_id == fact.c.person_id)
            return [tuple(row) for row in connection.execute(query)]
    finally:
        engine.dispose()


def report(command: Command, folder: Path) -> dict[str, Any]:
    ended = command("report", "completion", "--dir", folder, "--json")
    assert ended.code == 0, ended.said
    found: dict[str, Any] = json.loads(ended.out)["reports"][0]
    return found


def test_from_nothing_to_the_first_report_in_three_commands_and_nothing_is_written(
    history: History, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LMS_SYNC_TOKEN", "5" * 32)
    ended = command(
        "adopt", COURSE, "--read-only", "--url", history.url, "--institution-from", "institution",
        "--dir", history.folder,
    )  # fmt: skip
    assert ended.code == 0, ended.said
    assert "5" * 32 not in ended.said + (history.folder / "config.yaml").read_text(encoding="utf-8")
    assert command("doctor", "--dir", history.folder).code == 0
    assert command("pull", "--dir", history.folder).code == 0
    told = report(command, history.folder)
    assert {row["institution"] for row in told["institutions"]} == {
        user.institution for user in history.site.users.values() if user.institution
    }
    assert (told["total"]["participants"], told["total"]["started"], told["total"]["completed"]) == (10, 5, 2)
    assert history.writes() == []
    assert command("apply", "--dir", history.folder, "--yes").code == 3
    assert history.writes() == []


def test_the_numbers_are_those_of_the_plugin(history: History, command: Command) -> None:
    found = []
    for token in ("5" * 32, TOKEN):
        history.folder = history.folder.with_name(f"academy-{token[0]}")
        history.configure(token, institution_from="group")
        assert command("adopt", COURSE, "--dir", history.folder).code == 0
        ended = command("pull", "--dir", history.folder, "--json")
        told = report(command, history.folder)
        told.pop("as_of"), told.pop("files")
        found.append((json.loads(ended.out)["reader"], told, facts(history.folder)))
    (by_person, its_report, its_facts), (plugin, other_report, other_facts) = found
    assert (by_person, plugin) == ("in batches", "plugin")
    assert its_report == other_report

    def comparable(rows: list[tuple[Any, ...]]) -> set[str]:
        kept = ("activity_completion", "course_completion", "quiz_attempt", "grade")
        return {
            json.dumps([stream, subject, time.isoformat(), user, {**value, "time": ""}], sort_keys=True)
            for stream, subject, time, value, user in rows
            if stream in kept and value.get("complete") is not False and value.get("item") != "course"
        }

    assert comparable(its_facts) == comparable(other_facts)
    assert len(comparable(its_facts)) > 15


def test_a_second_pull_brings_nothing_new_and_what_is_new_is_brought(
    history: History, command: Command
) -> None:
    history.configure(institution_from="group")
    command("adopt", COURSE, "--dir", history.folder)
    first = json.loads(command("pull", "--dir", history.folder, "--json").out)
    second = json.loads(command("pull", "--dir", history.folder, "--json").out)
    assert first["facts"] > 40
    assert second["facts"] == 0
    grade = next(one for one in history.site.grades.values() if one.finalgrade)
    grade.finalgrade, grade.timemodified = 71.0, history.site.now() - 5
    third = json.loads(command("pull", "--dir", history.folder, "--json").out)
    assert {name: n for name, n in third["new"].items() if n} == {"grade": 1}


def test_without_requests_for_many_at_once_the_same_is_read(history: History, command: Command) -> None:
    history.configure(institution_from="group")
    command("adopt", COURSE, "--dir", history.folder)
    together = json.loads(command("pull", "--dir", history.folder, "--json").out)
    service = history.site.services["lmssync_read"]
    service.functions = service.functions - {"tool_mobile_call_external_functions"}
    (history.folder / ".lms-sync" / "state.db").unlink()
    one_by_one = json.loads(command("pull", "--dir", history.folder, "--json").out)
    assert one_by_one["new"] == together["new"]
    assert one_by_one["pages"] > 3 * together["pages"]


def test_a_pull_that_was_stopped_goes_on_where_it_was_and_reads_nobody_twice(
    history: History, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lms_sync.moodle.many_calls._MOST", 10)  # two people a request
    monkeypatch.setattr("lms_sync.moodle.client.time.sleep", lambda seconds: None)
    history.configure(institution_from="group")
    command("adopt", COURSE, "--dir", history.folder)
    whole = json.loads(command("pull", "--dir", history.folder, "--json").out)
    (history.folder / ".lms-sync" / "state.db").unlink()
    # The site goes down at the third request for many people, for as long as a client is patient.
    many = "tool_mobile_call_external_functions"
    history.site.faults.add({"match": many, "kind": "upgraderunning", "after": 2, "times": 4})
    assert command("pull", "--dir", history.folder, "--json").code == 1
    before = len(facts(history.folder))
    assert 10 < before < whole["facts"]
    rest = json.loads(command("pull", "--dir", history.folder, "--json").out)
    assert rest["facts"] + before == whole["facts"]
    assert rest["pages"] < whole["pages"]
    assert rest["rows"] < whole["rows"]


def test_certify_decides_by_a_policy_that_names_an_adopted_activity(
    history: History, command: Command
) -> None:
    history.configure()
    command("adopt", COURSE, "--dir", history.folder)
    quiz = next(one["key"] for one in history.adopted["activities"] if one["modname"] == "quiz")
    policy = Path(__file__).parents[2] / "examples" / COURSE / "certificates"
    source = (policy / COURSE / "policy.yaml").read_text(encoding="utf-8")
    target = history.folder / "certificates" / "archive-officer" / "policy.yaml"
    target.parent.mkdir(parents=True)
    target.write_text(source.replace(f"{COURSE}/final", f"{COURSE}/{quiz}"), encoding="utf-8")
    command("pull", "--dir", history.folder)
    ended = command("certify", "--dir", history.folder, "--json")
    assert ended.code == 0, ended.said
    assert json.loads(ended.out)["policies"][0]["eligible"] == 2
    assert history.writes() == []


def test_people_of_the_files_are_found_by_number_and_by_user_name(history: History, command: Command) -> None:
    history.configure()
    command("adopt", COURSE, "--dir", history.folder)
    people = history.folder / "people"
    people.mkdir()
    (people / "institutions.csv").write_text("code,name_en\nnorth,North\nsouth,South\n", encoding="utf-8")
    numbered, named = (
        next(one for one in history.site.users.values() if bool(one.idnumber) is has and one.institution)
        for has in (True, False)
    )
    (people / "participants.csv").write_text(
        "idnumber,username,firstname,lastname,institution,courses\n"
        f"{numbered.idnumber},,Emri,Mbiemri,north,{COURSE}\n"
        f"NEW-1,{named.username},Emri,Mbiemri,south,{COURSE}\n",
        encoding="utf-8",
    )
    command("pull", "--dir", history.folder)
    told = report(command, history.folder)
    assert [(row["code"], row["participants"]) for row in told["institutions"]] == [
        ("north", 1),
        ("south", 1),
    ]
    assert told["participants_from"] == "files"
    assert told["total"]["started"] == 2
    assert told["unlisted"] == 3


def test_of_people_in_no_file_only_number_user_name_and_institution_are_kept(
    history: History, command: Command
) -> None:
    history.configure(institution_from="institution")
    command("adopt", COURSE, "--dir", history.folder)
    command("pull", "--dir", history.folder)
    user = next(one for one in history.site.users.values() if one.idnumber and one.institution)
    content = b"".join(
        path.read_bytes() for path in (history.folder / ".lms-sync").rglob("*") if path.is_file()
    )
    assert user.idnumber.encode() in content
    assert user.username.encode() in content
    assert user.email.encode() not in content
    engine = open_database(f"sqlite:///{history.folder}/.lms-sync/state.db")
    with reading(engine) as connection:
        rows = list(connection.execute(select(schema.person_data)).mappings())
    engine.dispose()
    assert len(rows) == 10
    for row in rows:
        assert not any(row[name] for name in ("email", "given_name", "family_name", "gender", "language"))


def test_who_leaves_is_no_participant_any_more_and_stays_in_the_report_of_that_day(
    history: History, command: Command
) -> None:
    history.configure(institution_from="group")
    command("adopt", COURSE, "--dir", history.folder)
    command("pull", "--dir", history.folder)
    before = report(command, history.folder)
    enrolled = history.site.enrolments[history.course_id]
    gone, suspended = list(enrolled)[:2]
    del enrolled[gone]
    for enrolment in enrolled[suspended]:
        enrolment.status = 1
    pulled = json.loads(command("pull", "--dir", history.folder, "--json").out)
    assert {name: n for name, n in pulled["new"].items() if n} == {"enrolment": 2}
    after = report(command, history.folder)
    assert after["total"]["participants"] == before["total"]["participants"] - 2
    assert after["unlisted"] == 2
    assert json.loads(command("pull", "--dir", history.folder, "--json").out)["facts"] == 0


# --- what a token may not see ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capability", "function"),
    [
        ("moodle/grade:viewall", "gradereport_user_get_grade_items"),
        ("mod/quiz:viewreports", "mod_quiz_get_user_attempts"),
        ("mod/scorm:viewreport", "mod_scorm_get_scorm_sco_tracks"),
        ("report/completion:view", "core_completion_get_course_completion_status"),
        ("report/progress:view", "core_completion_get_activities_completion_status"),
    ],
)
def test_what_a_token_may_not_see_is_named_and_the_rest_is_read(
    history: History, command: Command, capability: str, function: str
) -> None:
    history.configure()
    command("adopt", COURSE, "--dir", history.folder)
    for granted in history.site.capabilities.values():
        granted.discard(capability)
    ended = command("pull", "--dir", history.folder)
    assert ended.code == 0
    assert f"with {function}" in ended.err
    assert "new facts" in ended.out
    ended = command("doctor", "--dir", history.folder)
    assert ended.code == 1
    assert function in ended.out


@pytest.mark.parametrize("function", sorted(READING_FUNCTIONS - {"core_webservice_get_site_info"}))
def test_a_function_that_the_service_lacks_is_named(
    history: History, command: Command, function: str
) -> None:
    history.configure()
    command("adopt", COURSE, "--dir", history.folder)
    service = history.site.services["lmssync_read"]
    service.functions = service.functions - {function}
    ended = command("doctor", "--dir", history.folder)
    assert ended.code == 1
    assert function in ended.out
    ended = command("pull", "--dir", history.folder)
    needed = function == "core_enrol_get_enrolled_users"
    assert ended.code == (1 if needed else 0), ended.said
    if needed:
        assert function in ended.err


def test_a_course_without_criteria_says_that_nobody_completes_it(history: History, command: Command) -> None:
    history.site.criteria.pop(history.course_id)
    history.configure()
    command("adopt", COURSE, "--dir", history.folder)
    ended = command("pull", "--dir", history.folder)
    assert "no completion criteria" in ended.err
    assert report(command, history.folder)["total"]["started"] == 5


def test_learners_with_another_role_are_asked_for(history: History, command: Command) -> None:
    for enrolment in history.site.enrolments_of(history.course_id):
        enrolment.roleid = 9
    history.configure()
    command("adopt", COURSE, "--dir", history.folder)
    ended = command("pull", "--dir", history.folder)
    assert "student_role_id" in ended.err


# --- the file --------------------------------------------------------------------------------------


def test_adopting_again_changes_no_byte_and_adds_what_is_new(history: History, command: Command) -> None:
    history.configure()
    assert command("adopt", str(history.course_id), "--dir", history.folder).code == 0
    text = history.file.read_text(encoding="utf-8")
    first = history.adopted["activities"][0]["key"]
    mine = text.replace(f"key: {first},", "key: mine,").replace("activities:", "# my note\nactivities:")
    history.file.write_text(mine, encoding="utf-8")
    command("pull", "--dir", history.folder)
    assert command("adopt", COURSE, "--dir", history.folder).code == 0
    assert history.file.read_text(encoding="utf-8") == mine
    section = history.site.courses[history.course_id].sections[1]
    history.site.forums[900] = 'Provë <b>"e"</b> re'
    history.site.modules[900] = CourseModule(900, history.course_id, section, "forum", 900)
    history.site.sections[section].sequence.append(900)
    ended = command("adopt", COURSE, "--dir", history.folder, "--json")
    assert json.loads(ended.out)["new"] == ["prove-e-re"]
    added = history.file.read_text(encoding="utf-8")
    assert added.startswith(mine.rstrip("\n"))
    assert added.count("\n") == mine.count("\n") + 1
    assert history.adopted["activities"][-1]["name"] == 'Provë "e" re'
    assert json.loads(command("adopt", COURSE, "--dir", history.folder, "--json").out)["new"] == []


@pytest.mark.parametrize(
    "wanted", ["id:{id}", "{id}", "idnumber:archive-officers", "shortname:archive-officers"]
)
def test_a_course_is_found_in_every_way_it_is_named(history: History, command: Command, wanted: str) -> None:
    history.configure()
    assert command("adopt", wanted.format(id=history.course_id), "--dir", history.folder).code == 0
    assert history.adopted["moodle_course"] == history.course_id


def test_what_cannot_be_adopted_for_certain_is_refused_in_words(history: History, command: Command) -> None:
    history.configure()
    assert "no course nothing" in command("adopt", "nothing", "--dir", history.folder).err
    other = next(one for one in history.site.courses.values() if one.id != history.course_id)
    other.shortname = str(history.course_id)
    assert "more than one" in command("adopt", str(history.course_id), "--dir", history.folder).err
    other.shortname = "OTHER"
    command("adopt", COURSE, "--dir", history.folder)
    ended = command("adopt", "OTHER", "--key", COURSE, "--dir", history.folder)
    assert (ended.code, "another course" in ended.err) == (1, True)
    ended = command("adopt", COURSE, "--key", "new", "--dir", history.folder)
    assert (ended.code, "adopted already" in ended.err) == (1, True)
    ended = command("adopt", "OTHER", "--key", "a b", "--dir", history.folder)
    assert (ended.code, "cannot be a key" in ended.err) == (1, True)
    ended = command("adopt", COURSE, "--url", "https://elsewhere.example.org", "--dir", history.folder)
    assert (ended.code, "elsewhere" in ended.err) == (1, False)
    ended = command("adopt", COURSE, "--dir", history.folder / "nowhere")
    assert (ended.code, "--url" in ended.err) == (1, True)


def test_the_kind_of_site_is_written_into_the_configuration_and_nothing_else(
    history: History, command: Command
) -> None:
    history.configure()
    config = history.folder / "config.yaml"
    before = config.read_text(encoding="utf-8").replace("    read_only: true\n", "") + "# the end\n"
    config.write_text(before, encoding="utf-8")
    assert command("adopt", COURSE, "--dir", history.folder).code == 0
    assert config.read_text(encoding="utf-8") == before
    assert command("adopt", COURSE, "--read-only", "--dir", history.folder).code == 0
    after = config.read_text(encoding="utf-8")
    assert set(after.split("\n")) - set(before.split("\n")) == {"    read_only: true"}
    assert set(before.split("\n")) <= set(after.split("\n"))
