"""The administrator's verb: adopt."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from authoring.messages import remedy
from authoring.problems import Place, Problem
from lms_sync.adopt import forget_cursors, missing, see_course
from lms_sync.adopted import (
    AdoptedText,
    CannotAdopt,
    SeenCourse,
    adopted_file,
    adopted_text,
    course_key,
    is_key,
    read_adopted,
)
from lms_sync.cli import outcome
from lms_sync.course_outlines import course_outlines
from lms_sync.edit_config import with_setting
from lms_sync.enrolled import ENROLLED, InstitutionFrom, institution_sources
from lms_sync.moodle.connect import connect
from lms_sync.moodle.functions import READ_ONLY_FUNCTIONS
from lms_sync.package_data import config_example
from lms_sync.settings import (
    CONFIG_FILE,
    SettingsError,
    SiteSettings,
    database_url,
    load_settings,
)
from lms_sync.store.database import open_database
from lms_sync.write_files import write_durably

_VARIABLE = "LMS_SYNC_TOKEN"
_KEPT_IN = ".lms-sync/token"
_SITE = "main"


@click.command()
@click.argument("course", metavar="COURSE")
@click.option(
    "--read-only",
    is_flag=True,
    help="Mark the site in config.yaml: nothing is ever written to it, whatever is typed.",
)
@click.option("--url", help="The Moodle's address, where there is no config.yaml yet: one is made.")
@click.option("--key", help="Our key for the course (default: its ID number or short name).")
@click.option(
    "--institution-from",
    type=click.Choice(["group", "department", "institution"]),
    help="Where Moodle says to which institution people belong; written into config.yaml.",
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(),
    help="The academy folder (default: here).",
)
@click.option("--site", "site_name", help="The site in config.yaml (default: the only one).")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def adopt(
    course: str,
    *,
    read_only: bool,
    url: str | None,
    key: str | None,
    institution_from: InstitutionFrom | None,
    folder: Path,
    site_name: str | None,
    as_json: bool,
) -> int:
    """Take a course that is on the site already into pull, certify and report. Moodle is only read.

    COURSE is the course's ID number, its short name, or Moodle's own number of it (in its address: id=…).
    Writes adopted/<key>.yaml, where course and activities have keys of ours. Adopting again adds new
    activities and keeps the keys. Without config.yaml, --url makes one and asks for the token.

    \b
    Examples:
      lms-sync adopt ARCH-2024 --read-only --url https://moodle.example.org --dir academy
      lms-sync adopt 118 --key archive-2024 --dir academy
    """
    _configure(folder, url, site_name, read_only=read_only, institution_from=institution_from)
    language = outcome.reader_language(folder)
    settings = load_settings(folder)
    name, site = settings.site(site_name)
    client = connect(name, site, folder)
    try:
        offered = {str(one["name"]) for one in client.call("core_webservice_get_site_info")["functions"]}
        if lacking := missing(offered, READ_ONLY_FUNCTIONS):
            outcome.print_problems(
                [Problem("adopt.not-offered", {"functions": ", ".join(lacking)}, severity="warning")],
                language,
            )
        seen = see_course(client, course)
        sources: dict[str, int] = {}
        if settings.people.institution_from == "none" and ENROLLED in offered:
            sources = institution_sources(client, seen.id, role=site.student_role_id)
    finally:
        client.close()
    adopted = _write(folder, name, site, seen, key)
    if adopted.new:
        forget_cursors(open_database(database_url(settings, folder)), name, adopted.course.key)
    found = _Found(adopted, seen, sources)
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
    else:
        found.show(site.language, language, folder)
    return outcome.DONE


# --- the configuration --------------------------------------------------------------------------


def _configure(
    folder: Path,
    url: str | None,
    site_name: str | None,
    *,
    read_only: bool,
    institution_from: InstitutionFrom | None,
) -> None:
    """Makes config.yaml where there is none, and writes into it what the options say."""
    path = folder / CONFIG_FILE
    if path.is_file():
        settings = load_settings(folder)
        name, site = settings.site(site_name)
        if url is not None and url.rstrip("/") != site.url.rstrip("/"):
            raise SettingsError("adopt.other-url", Place(CONFIG_FILE), url=site.url, site=name)
        before = path.read_text(encoding="utf-8")
        text = before
    else:
        if url is None:
            raise SettingsError("adopt.no-config", Place(CONFIG_FILE), folder=str(folder))
        name = site_name or _SITE
        before, text = "", _new_config(folder, url.rstrip("/"), name)
    if read_only:
        text = with_setting(text, ("sites", name, "read_only"), "true")
    if institution_from is not None:
        text = with_setting(text, ("people", "institution_from"), institution_from)
    if text != before:
        write_durably(path, text.encode("utf-8"))


def _new_config(folder: Path, url: str, name: str) -> str:
    if re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", url) is None:
        raise SettingsError("adopt.not-an-address", url=url)
    reader = outcome.reader_language()
    text = re.sub(r"(?m)^language: \w+$", f"language: {reader}", config_example(), count=1)
    text = text.replace("  main:\n", f"  {name}:\n", 1)
    text = text.replace("url: https://moodle.example.org", f"url: {url}", 1)
    if not os.environ.get(_VARIABLE) or (folder / _KEPT_IN).is_file():
        _keep_token(folder)
        text = text.replace(f"    token_env: {_VARIABLE}\n", f"    # token_env: {_VARIABLE}\n", 1)
        text = text.replace(f"    # token_file: {_KEPT_IN}\n", f"    token_file: {_KEPT_IN}\n", 1)
    return text


def _keep_token(folder: Path) -> None:
    """Asks for the token, without showing it, and keeps it in a file that only its owner can read."""
    if (folder / _KEPT_IN).is_file():
        return
    language = outcome.reader_language()
    if not sys.stdin.isatty():
        raise SettingsError("adopt.no-token", variable=_VARIABLE, path=_KEPT_IN)
    token = click.prompt(outcome.say("adopt.ask-token", language), hide_input=True, type=str).strip()
    write_durably(folder / _KEPT_IN, f"{token}\n".encode(), mode=0o600)


# --- the file -----------------------------------------------------------------------------------


def _write(
    folder: Path, site: str, settings: SiteSettings, seen: SeenCourse, wanted: str | None
) -> AdoptedText:
    outlines = course_outlines(folder, site)  # every problem of the folder before anything is written
    same = [one for one in read_adopted(folder, site=site) if one.moodle_course == seen.id]
    if same and wanted is not None and wanted != same[0].key:
        raise CannotAdopt("adopt.has-a-key", key=same[0].key, file=adopted_file(same[0].key))
    key = same[0].key if same else (wanted or course_key(seen))
    if not is_key(key):
        raise CannotAdopt("adopt.bad-key", key=key)
    if any(one.key == key and one.adopted is None for one in outlines):
        raise CannotAdopt("adopt.key-of-course", key=key)
    path = folder / adopted_file(key)
    before = path.read_text(encoding="utf-8") if path.is_file() else None
    adopted = adopted_text(site, key, seen, before, settings.language)
    if adopted.text != before:
        write_durably(path, adopted.text.encode("utf-8"))
    return adopted


@dataclass(frozen=True)
class _Found:
    """What was adopted, for people and for machines."""

    adopted: AdoptedText
    seen: SeenCourse
    sources: dict[str, int]

    def as_json(self) -> dict[str, object]:
        course = self.adopted.course
        return {
            "key": course.key,
            "file": adopted_file(course.key),
            "moodle_course": course.moodle_course,
            "activities": [
                {"key": one.key, "cmid": one.cmid, "modname": one.modname} for one in course.activities
            ],
            "new": [one.key for one in self.adopted.new],
            "gone": [one.key for one in self.adopted.gone],
            "institution_sources": self.sources,
        }

    def show(self, names_in: str, language: str, folder: Path) -> None:
        """The course, each activity with its key, and what to type next."""
        course = self.adopted.course
        click.echo(click.style(course.title.in_language(names_in), bold=True))
        tracking = {one.cmid: one.tracking for one in self.seen.activities}
        new = {one.cmid for one in self.adopted.new}
        width = max((len(one.key) for one in course.activities), default=0)
        for one in course.activities:
            sign = click.style("+", fg="green", bold=True) if one.cmid in new else "="
            completion = outcome.say(f"adopt.completion-{tracking.get(one.cmid, 'gone')}", language)
            name = one.name.in_language(names_in)
            click.echo(f"{sign} {one.key:<{width}}  {one.modname:<10}  {completion}  {name}")
        if not any(tracking.values()):
            outcome.print_problems([Problem("adopt.no-completion", {}, severity="warning")], language)
        click.echo(
            outcome.say("adopt.done", language, n=len(self.adopted.new), file=adopted_file(course.key))
        )
        if self.sources:
            found = ", ".join(f"{name} {n}" for name, n in self.sources.items() if name != "learners")
            said = outcome.say("adopt.sources", language, n=self.sources["learners"], found=found)
            click.echo(f"{said}\n    {remedy('adopt.sources', {}, language)}")
        click.echo(outcome.say("adopt.next", language, folder=folder, course=course.key))
