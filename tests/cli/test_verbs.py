"""Verbs explain themselves, end with the exit codes that scripts rely on, and speak JSON where machines read."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING

import click
import pytest

from lms_sync.cli import VERBS, commands
from lms_sync.cli.help_words import first_paragraph
from lms_sync.package_data import plugin_source
from moodle_standin.services import HELPDESK_CAPABILITIES

if TYPE_CHECKING:
    from tests.cli.conftest import Ended
    from tests.pushed_academy import Push

    Command = Callable[..., Ended]


@cache
def _all_verbs() -> dict[str, click.Command]:
    return dict(_verbs())


def _verbs() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(commands)
    for name in commands.list_commands(context):
        verb = commands.get_command(context, name)
        assert verb is not None
        if isinstance(verb, click.Group):
            yield from ((f"{name} {inner}", one) for inner, one in verb.commands.items())
        else:
            yield name, verb


NAMES = [name for verbs in VERBS.values() for name in verbs]


# --- help --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", _all_verbs())
def test_every_verb_has_help_with_an_example_of_itself(command: Command, name: str) -> None:
    ended = command(*name.split(), "--help")
    assert ended.code == 0
    assert "Example" in ended.out
    assert f"lms-sync {name}" in " ".join(ended.out.partition("Example")[2].split())


@pytest.mark.parametrize("name", _all_verbs())
def test_every_option_says_what_it_is_for(name: str) -> None:
    undescribed = [
        one.name for one in _all_verbs()[name].params if isinstance(one, click.Option) and not one.help
    ]
    assert [one for one in undescribed if one != "out"] == []


def test_help_groups_the_verbs_by_person(command: Command) -> None:
    ended = command("--help")
    assert ended.code == 0
    for person in ("trainer", "administrator", "officer", "everyone"):
        assert person in ended.out
    assert all(name in ended.out for name in NAMES)
    assert all(len(verbs) <= 14 for verbs in VERBS.values())


def test_help_says_of_each_verb_what_its_own_help_says() -> None:
    context = click.Context(commands)
    for verbs in VERBS.values():
        for name, (_, _, said) in verbs.items():
            verb = commands.get_command(context, name)
            assert verb is not None
            wanted = verb.short_help or first_paragraph(verb.help)
            assert said == wanted, f"VERBS in lms_sync/cli/__init__.py should say of {name}: {wanted}"


def test_the_version_is_told(command: Command) -> None:
    ended = command("--version")
    assert ended.code == 0
    assert ended.out.startswith("lms-sync ")


# --- exit codes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["plan", "--nonsense"],
        ["plan", "--dir"],
        ["plugin", "nonsense"],
        ["approve"],
        ["standin", "--port", "x"],
    ],
)
def test_wrong_usage_is_64_and_says_what_is_wrong(command: Command, arguments: list[str]) -> None:
    ended = command(*arguments)
    assert ended.code == 64
    assert ended.err.strip()
    assert "Traceback" not in ended.said


def test_no_verb_at_all_shows_the_help_and_is_wrong_usage(command: Command) -> None:
    ended = command()
    assert ended.code == 64
    assert "administrator" in ended.said


def test_plan_is_2_with_changes_and_0_without(push: Push, command: Command) -> None:
    before = command("plan", "--dir", push.folder)
    assert (before.code, before.err) == (2, "")
    assert "+ course archive-officers" in before.out
    assert push.log() == []
    assert command("apply", "--dir", push.folder, "--yes").code == 0
    after = command("plan", "--dir", push.folder)
    assert (after.code, after.err) == (0, "")
    assert after.out.startswith("Nothing to do")
    again = command("apply", "--dir", push.folder, "--yes")
    assert (again.code, again.err) == (0, "")


def test_planning_writes_nothing_but_what_it_built(push: Push, command: Command) -> None:
    push.engine.dispose()
    for path in (push.folder / ".lms-sync").iterdir():
        path.unlink()
    (push.folder / ".lms-sync").rmdir()
    command("plan", "--dir", push.folder)
    assert not (push.folder / ".lms-sync").exists()
    assert not (push.folder / "people" / "matches.csv").exists()


def test_people_who_are_undecided_make_plan_and_apply_3(push: Push, command: Command) -> None:
    push.set_people(lambda rows: [*rows, "AO-9,nobody.here,n@example.org,N,H,dimal,archive-officers,F,sq"])
    plan = command("plan", "--dir", push.folder)
    assert plan.code == 3
    assert "AO-9" in plan.out
    apply = command("apply", "--dir", push.folder, "--yes")
    assert apply.code == 3
    assert "AO-9" in (push.folder / "people" / "matches.csv").read_text(encoding="utf-8-sig")
    assert command("apply", "--dir", push.folder, "--yes").code == 3


def test_a_plan_names_people_as_an_administrator_knows_them(pushed: Push, command: Command) -> None:
    path = pushed.folder / "people" / "participants.csv"
    head, leaving, *others = path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    path.write_text("".join([head, *others]), encoding="utf-8")
    columns = dict(zip(head.strip().split(","), leaving.strip().split(","), strict=True))
    ended = command("plan", "--dir", pushed.folder)
    name = f"{columns['lastname']} {columns['firstname']} ({columns['idnumber']})"
    assert name in ended.out
    assert "user-" not in ended.out
    assert (
        name not in command("plan", "--dir", pushed.folder, "--json").out
    )  # keys only, where it may be passed on


def test_an_edit_in_moodle_is_told_and_stays_until_it_is_to_give_way(pushed: Push, command: Command) -> None:
    row = pushed.site.owned[pushed.course().id, "section", "archive-officers/learn"]
    section = pushed.site.sections[row.objectid]
    before, section.name = section.name, "Edited"
    told = command("plan", "--dir", pushed.folder)
    assert told.code == 0
    assert "section archive-officers/learn" in told.out
    assert "“Edited”" in told.out
    assert "drift --adopt" in told.out
    assert command("drift", "--dir", pushed.folder).code == 2
    assert command("apply", "--dir", pushed.folder, "--yes").code == 0
    assert section.name == "Edited"
    for option in ("--overwrite-edits", "--revert"):
        section.name = "Edited"
        assert command("plan", "--dir", pushed.folder, option).code == 2
        assert command("apply", "--dir", pushed.folder, "--yes", option).code == 0
        assert section.name == before


def test_files_and_moodle_both_changed_make_plan_apply_and_drift_3(pushed: Push, command: Command) -> None:
    row = pushed.site.owned[pushed.course().id, "section", "archive-officers/learn"]
    pushed.site.sections[row.objectid].name = "Edited"
    course = pushed.folder / "courses" / "archive-officers" / "course.yaml"
    text = course.read_text(encoding="utf-8")
    course.write_text(text.replace('{sq: "Mëso", en: "Learn"}', "Studio"), encoding="utf-8")
    for verb in (["plan"], ["apply", "--yes"], ["drift"], ["drift", "--adopt"]):
        ended = command(*verb, "--dir", pushed.folder)
        assert ended.code == 3
        assert "archive-officers/learn" in ended.out
        assert "“Edited”" in ended.out
        assert "“Studio”" in ended.out
    assert command("apply", "--dir", pushed.folder, "--yes", "--ours", "archive-officers/learn").code == 0
    assert command("drift", "--dir", pushed.folder).code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "--ours", "nowhere"],
        ["plan", "--ours", "archive-officers", "--theirs", "archive-officers"],
        ["drift", "--adopt", "--revert"],
        ["drift", "--dry-run"],
        ["apply", "--undo", "1", "--revert"],
    ],
)
def test_sides_and_runs_that_make_no_sense_are_wrong_usage(
    pushed: Push, command: Command, arguments: list[str]
) -> None:
    assert command(*arguments, "--dir", pushed.folder).code == 64


def test_a_run_that_is_stopped_by_maintenance_is_4_and_says_what_it_did(
    push: Push, command: Command, no_waiting: None
) -> None:
    push.fault("*", "maintenance", after=20, times=50)
    ended = command("apply", "--dir", push.folder, "--yes")
    assert ended.code == 4
    assert "Created" in ended.out
    assert "maintenance" in ended.err
    push.site.faults.waiting.clear()
    assert command("apply", "--dir", push.folder, "--yes").code == 0
    assert push.doubles() == {}


def test_doctor_is_0_on_a_healthy_site_and_1_with_remedies_on_a_sick_one(
    push: Push, command: Command
) -> None:
    healthy = command("doctor", "--dir", push.folder)
    assert (healthy.code, healthy.err) == (0, "")
    assert "✗" not in healthy.out
    assert "needs 6 capabilities more" in healthy.out  # those of the help desk, which the academy has
    push.site.capabilities[push.user_id("lmssync")].discard("moodle/course:create")
    push.site.capabilities[push.user_id("lmssync")] |= HELPDESK_CAPABILITIES
    push.site.settings.max_input_vars = 500
    sick = command("doctor", "--dir", push.folder)
    assert sick.code == 1
    assert "help desk" not in sick.out
    assert sick.out.count("✗") == 2
    assert "moodle/course:create" in sick.out
    assert "max_input_vars = 5000" in sick.out


def test_a_capability_that_the_account_lacks_is_announced_by_plan_and_named_where_apply_fails(
    push: Push, command: Command
) -> None:
    push.site.capabilities[push.user_id("lmssync")] -= {"moodle/course:create", "moodle/user:viewdetails"}
    planned = command("plan", "--dir", push.folder)
    assert planned.code == 3  # people whom nobody may see cannot be matched
    assert "moodle/course:create, moodle/user:viewdetails" in planned.err
    applied = command("apply", "--dir", push.folder, "--yes")
    assert applied.code != 0
    assert "core_course_create_courses" in applied.err
    assert "moodle/course:create" in applied.err.partition("core_course_create_courses")[2]


# --- JSON --------------------------------------------------------------------------------------------------------


def test_json_of_every_verb_on_a_site_parses_and_stands_alone(push: Push, command: Command) -> None:
    folder = ("--dir", push.folder, "--json")
    told = {}
    for verb in ("check", "build", "doctor", "plan", "apply", "pull", "report completion", "certify"):
        ended = command(*verb.split(), *folder, *(["--yes"] if verb == "apply" else []))
        assert ended.code in (0, 2), (verb, ended.said)
        told[verb] = json.loads(ended.out)
    assert told["doctor"]["faults"] == 0
    assert told["plan"]["counts"]["create"] == len(told["plan"]["changes"]) > 100
    assert told["apply"]["done"] == {"create": told["plan"]["counts"]["create"]}
    assert told["apply"]["left"]["create"] == 0
    assert told["apply"]["stopped"] is None
    assert json.loads(command("plan", *folder).out)["changes"] == []


def test_json_of_a_stopped_run_tells_what_was_done_and_why_it_stopped(
    push: Push, command: Command, no_waiting: None
) -> None:
    push.fault("*", "503", after=20, times=50)
    ended = command("apply", "--dir", push.folder, "--yes", "--json")
    told = json.loads(ended.out)
    assert ended.code == 4
    assert told["stopped"]["code"] == "moodle.maintenance"
    assert told["done"]["create"] > 0
    assert told["left"] is None


# --- the plugin --------------------------------------------------------------------------------------------------


def test_the_plugin_zip_has_one_root_folder_the_source_without_its_tests_and_always_the_same_bytes(
    command: Command, tmp_path: object
) -> None:
    from pathlib import Path

    first, second = Path("a.zip"), Path("sub") / "b.zip"
    assert command("plugin", "zip", "--out", first).code == 0
    assert command("plugin", "zip", "--out", second).code == 0
    content = first.read_bytes()
    assert content == second.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert {name.split("/")[0] for name in names} == {"lmssync"}
        assert names == sorted(names)
        source = plugin_source()
        expected = {
            f"lmssync/{path.relative_to(source).as_posix()}": path.read_bytes()
            for path in source.rglob("*")
            if path.is_file()
            and not path.name.startswith(".")
            and path.relative_to(source).parts[0] != "tests"
        }
        assert {name: archive.read(name) for name in names} == expected
    assert {"lmssync/version.php", "lmssync/db/services.php", "lmssync/lang/sq/local_lmssync.php"} <= set(
        names
    )
