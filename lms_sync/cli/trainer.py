"""The trainer's verbs init and check."""

from __future__ import annotations

import contextlib
import datetime
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from authoring.messages import LANGUAGES, describe, remedy, text
from authoring.problems import ContentError, LmsSyncError, Problem, in_reading_order
from lms_sync.cli import outcome
from lms_sync.cli.options import dir_option, json_option
from lms_sync.clock import SystemClock
from lms_sync.package_data import config_example

language_option = click.option(
    "--language", type=click.Choice(LANGUAGES), help="The language of the messages (default: yours)."
)


@click.command()
@click.argument("new_folder", metavar="DIR", required=False, type=click.Path(path_type=Path))
@dir_option
@click.option(
    "--language",
    "languages",
    type=click.Choice(LANGUAGES),
    multiple=True,
    help="A language of the course (repeatable; the first is its main one; default: yours).",
)
@json_option
def init(new_folder: Path | None, folder: Path, languages: tuple[str, ...], as_json: bool) -> int:
    """Begin a new academy: a small course with a quiz, ready to be changed.

    \b
    Examples:
      lms-sync init academy
      lms-sync init academy --language sq --language en
    """
    from authoring.starter_academy import write_starter_academy

    target = new_folder or folder
    reader = outcome.reader_language()
    spoken = tuple(dict.fromkeys(languages)) or (reader,)
    config = re.sub(r"(?m)^language: \w+$", f"language: {spoken[0]}", config_example(), count=1)
    names = write_starter_academy(target, spoken, config)
    if as_json:
        click.echo(json.dumps({"folder": str(target), "files": names}, indent=1))
        return outcome.DONE
    click.echo(text("init.done", {"folder": target, "n": len(names)}, spoken[0]))
    for name in names:
        click.echo(f"  {name}")
    click.echo(text("init.next", {"folder": target}, spoken[0]))
    return outcome.DONE


@click.command()
@dir_option
@language_option
@click.option("--strict", is_flag=True, help="Also build every package and judge it by the XML schemas.")
@click.option(
    "--links", is_flag=True, help="Also ask every address that lessons link to whether it is still there."
)
@click.option(
    "--accept-translation",
    "accepted",
    metavar="LESSON",
    multiple=True,
    help="Take the translations of this lesson as up to date (repeatable; all: of every lesson).",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    help="For people, for programs, or for editors and code hosts (SARIF 2.1.0).",
)
@json_option
def check(
    folder: Path,
    language: str | None,
    strict: bool,
    links: bool,
    accepted: tuple[str, ...],
    form: str,
    as_json: bool,
) -> int:
    """Read courses, quizzes, people, policies and programmes; list all mistakes with places and remedies.

    \b
    Examples:
      lms-sync check
      lms-sync check --dir academy --language sq
      lms-sync check --format sarif > findings.sarif
      lms-sync check --accept-translation receiving-documents
    """
    from authoring.build_cache import BuildCache
    from lms_sync.academy import read_academy
    from lms_sync.foreign_packages import foreign_problems
    from lms_sync.link_check import link_problems

    form = "json" if as_json else form
    reader = language or outcome.reader_language(folder)
    courses = quizzes = taken = 0
    known: set[str] | None = None
    slugs: set[str] | None = None
    forum_types: dict[str, str] = {}
    try:
        academy = read_academy(folder, BuildCache(folder), wanted="nothing")  # the cache is not written
        problems, taken = checked(academy, accepted)
        courses, quizzes = len(academy.courses), len(academy.quizzes)
        problems.extend(academy.warnings)
        if links:
            problems.extend(link_problems(academy.courses.values(), folder))
        for course in academy.courses.values():
            problems.extend(_package_problems(course, strict=strict))
            problems.extend(foreign_problems(course))
        known = {*academy.courses, *_activity_keys(academy.courses.values())}
        slugs = set(academy.quizzes)
        forum_types = _forum_types(academy.courses.values())
    except ContentError as error:
        problems = list(error.problems)
    # A questionnaire that a course asks is read with the courses and with the programmes.
    others = _other_problems(folder, known, slugs, forum_types)
    problems.extend(one for one in others if one not in problems)
    problems = in_reading_order(problems)
    errors = sum(problem.severity == "error" for problem in problems)
    if form == "sarif":
        from lms_sync.sarif import sarif

        click.echo(json.dumps(sarif(problems, reader), ensure_ascii=False, indent=1))
    elif form == "json":
        report = {
            "courses": courses,
            "quizzes": quizzes,
            "errors": errors,
            "warnings": len(problems) - errors,
            "problems": [_problem_json(problem, reader) for problem in problems],
        }
        click.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        print_by_file(problems, reader)
        print_count(courses, quizzes, errors, len(problems) - errors, reader)
        if taken:
            click.echo(text("check.accepted", {"n": taken}, reader))
    return outcome.ERROR if errors else outcome.DONE


def checked(
    academy: Any, accepted: Collection[str] = (), *, write: bool = False
) -> tuple[list[Problem], int]:
    """Warnings about the courses of an academy, and how many lessons' translations were taken as up to date.

    The record of translations is written where somebody accepts one, or with `write`.
    """
    from authoring.course_checks import course_checks
    from authoring.translations import write_lock
    from lms_sync.write_files import CannotWrite

    lessons = {lesson.id for course in academy.courses.values() for lesson in course.lessons}
    if unknown := set(accepted) - lessons - {"all"}:
        raise LmsSyncError("check.unknown-lesson", id=min(unknown))
    wanted = lessons if "all" in accepted else set(accepted)
    today = this_day()
    found: list[Problem] = []
    for course in academy.courses.values():
        problems, translations = course_checks(course, academy.folder, today, accepted=wanted)
        found.extend(problems)
        if wanted:
            write_lock(course, translations)
        elif write:
            with contextlib.suppress(CannotWrite):  # a build needs no more than to read the course
                write_lock(course, translations)
    return found, len(wanted)


def this_day() -> datetime.date:
    """The day in UTC: a citation's last day is told an hour or two late at most, and no configuration has to be read."""
    return SystemClock().now().date()


def _activity_keys(courses: Iterable[Any]) -> Iterable[str]:
    return (f"{course.id}/{activity.id}" for course in courses for activity in course.activities)


def _forum_types(courses: Iterable[Any]) -> dict[str, str]:
    """The types of forums, by their keys."""
    return {
        f"{course.id}/{activity.id}": activity.type
        for course in courses
        for activity in course.activities
        if activity.kind == "forum"
    }


def _help_desks(programmes: Iterable[Any], forum_types: Mapping[str, str]) -> Iterable[Problem]:
    """Help desks at which learners could not ask: who may not teach cannot begin a discussion there."""
    for programme in programmes:
        forum = programme.forums.helpdesk
        if forum_types.get(forum or "") in ("qanda", "news"):
            params = {"forum": forum, "type": forum_types[forum]}
            told = programme.problem("programme.helpdesk-closed", ("forums", "helpdesk"), **params)
            yield replace(told, severity="warning")


def _other_problems(
    folder: Path,
    known: set[str] | None,
    quizzes: set[str] | None,
    forum_types: Mapping[str, str] | None = None,
) -> list[Problem]:
    """What is wrong with people, policies, programmes, the help desk and the configuration, as far as they are there.

    `known` are the keys of courses and activities, `quizzes` the names of their files; None where the courses
    themselves could not be read. `forum_types` are the types of forums by their keys.
    """
    from certificates.check_policy import check_policies
    from certificates.check_printing import name_problems, printing_problems
    from certificates.policy import Policy, read_policies
    from helpdesk import read_helpdesk
    from lms_sync.people import People, read_people
    from lms_sync.programme_files import read_programme_files
    from lms_sync.settings import CONFIG_FILE, load_settings, settings_warnings
    from programmes.programme import Programme

    problems: list[Problem] = []
    courses = None if known is None else [key for key in known if "/" not in key]
    people: People | None = None
    awards: set[str] | None = None
    try:
        people = read_people(folder, courses=courses)
        problems.extend(people.warnings)
    except ContentError as error:
        problems.extend(error.problems)
    policies: tuple[Policy, ...] = ()
    try:
        policies = read_policies(folder)
        awards = {policy.id for policy in policies}
    except ContentError as error:
        problems.extend(error.problems)
    programmes: dict[str, Programme] | None = None
    try:
        files = read_programme_files(folder, keys=known, quizzes=quizzes, awards=awards, people=people)
        programmes = {programme.id: programme for programme in files.programmes}
        problems.extend(_help_desks(files.programmes, forum_types or {}))
    except ContentError as error:
        problems.extend(error.problems)
    activities = None if known is None else {key for key in known if "/" in key}
    try:
        desk = read_helpdesk(
            folder, activities=activities, programmes=None if programmes is None else set(programmes)
        )
        if desk is not None:
            problems.extend(desk.warnings)
    except ContentError as error:
        problems.extend(error.problems)
    problems.extend(check_policies(policies, known=known, programmes=programmes))
    for policy in policies:
        problems.extend(printing_problems(policy, folder))
    if policies and people is not None:
        problems.extend(
            name_problems((one.firstname, one.lastname, one.place) for one in people.participants)
        )
    if (folder / CONFIG_FILE).is_file():
        try:
            problems.extend(settings_warnings(load_settings(folder)))
        except ContentError as error:
            problems.extend(error.problems)
    return problems


def _package_problems(course: Any, *, strict: bool) -> list[Problem]:
    """Why a course that reads well could not become its packages; with `strict` also by XML Schema."""
    import importlib.util

    from course_packages import target_files

    if strict and importlib.util.find_spec("xmlschema") is None:
        raise LmsSyncError("check.strict-needs")
    found: list[Problem] = []
    for target in course.targets:
        try:
            files = target_files(course, target).files
        except ContentError as error:
            found.extend(error.problems)
            continue
        if strict and "imsmanifest.xml" in files:
            found.extend(by_schema(files["imsmanifest.xml"]))
    return found


def by_schema(manifest: bytes) -> list[Problem]:
    """What XML Schema says about a manifest; needs the library xmlschema."""
    import importlib.resources

    from course_packages.conformance import schema_problems

    with importlib.resources.as_file(importlib.resources.files("course_packages") / "schemas") as schemas:
        return schema_problems(manifest, schemas)


def print_by_file(problems: Iterable[Problem], language: str, *, err: bool = False) -> None:
    """Problems with a line between those of two files; on standard error with `err`."""
    before: str | None = None
    for problem in problems:
        if before is not None and problem.place.file != before:
            click.echo(err=err)
        before = problem.place.file
        click.echo(describe(problem, language), err=err)


def print_count(
    courses: int, quizzes: int, errors: int, warnings: int, language: str, *, err: bool = False
) -> None:
    """How many errors and warnings there are; without errors, what was read."""
    parts = []
    if errors:
        parts.append(text("check.errors", {"n": errors}, language))
    if warnings:
        parts.append(text("check.warnings", {"n": warnings}, language))
    if parts:
        click.echo(err=err)
        click.echo(", ".join(parts) + ".", err=err)
    if not errors:
        read = [
            text("check.courses", {"n": courses}, language),
            text("check.quizzes", {"n": quizzes}, language),
        ]
        click.echo(text("check.good", {"read": ", ".join(read)}, language), err=err)


def _problem_json(problem: Problem, language: str) -> dict[str, object]:
    return {
        **problem.as_json(),
        "what": text(problem.code, problem.params, language),
        "remedy": remedy(problem.code, problem.params, language),
    }
