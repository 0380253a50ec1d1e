"""The administrator's verb: import."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from authoring.messages import describe
from lms_sync.adopt import see_course
from lms_sync.cli import outcome
from lms_sync.cli.administrator import _built as built_academy
from lms_sync.cli.administrator import _connect as connect
from lms_sync.cli.administrator import remembered_base
from lms_sync.cli.options import dir_option, json_option, site_option
from lms_sync.clock import SystemClock
from lms_sync.import_course import ImportedCourse, import_course
from lms_sync.import_keys import CannotImport, give_keys, hashes_of, remember_imported, write_imported
from lms_sync.moodle.client import MoodleClient
from lms_sync.moodle.read_content import SiteContent, read_content
from lms_sync.moodle.read_questions import read_questions
from lms_sync.people import read_people
from lms_sync.push import Prepared, prepare
from lms_sync.settings import Settings, SiteSettings, database_url
from lms_sync.store.database import open_database


@click.command(name="import")
@click.argument("course", metavar="COURSE")
@dir_option
@site_option
@click.option(
    "--language",
    "languages",
    multiple=True,
    help="A language of the course (repeatable; the first is its main one; default: the site's).",
)
@click.option(
    "--dry-run", is_flag=True, help="Only say what would be written and what would not be brought over."
)
@click.option("--files-only", is_flag=True, help="Write the files, and give nothing in Moodle a key.")
@click.option("--yes", is_flag=True, help="Do not ask before keys are given.")
@json_option
def import_course_verb(
    course: str,
    folder: Path,
    site_name: str | None,
    languages: tuple[str, ...],
    dry_run: bool,
    files_only: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Write a course that is on the site already as files: sections, activities, quizzes with their questions.

    COURSE is the course's ID number, its short name, or its number. Course and course category need an ID number each: it
    becomes their key. Nothing that is there is overwritten. Questions that YAML cannot say are kept as Moodle's own XML;
    packages, files and types of activities that the files do not know stay in Moodle, and are named.

    Then the course's objects get keys in Moodle (ID numbers; nothing that anybody sees changes), so that plan finds them and
    has nothing to do. What the files have no word for counts as edited in Moodle: it stays, and drift lists it.

    Exit code 0: all of it was brought over; 4: something was not, and is named.

    \b
    Examples:
      lms-sync import ARCH-2024 --dry-run --dir academy
      lms-sync import ARCH-2024 --language sq --language en --dir academy
      lms-sync plan --course ARCH-2024 --dir academy      nothing to do
    """
    language = outcome.reader_language(folder)
    settings, name, site, client = connect(folder, site_name)
    try:
        seen = see_course(client, course)
        content = read_content(client, seen.id)
        there = [path.stem for path in (folder / "quizzes").glob("*.yaml")]
        spoken = languages or (site.language,)
        imported = import_course(
            content,
            list(read_questions(client, seen.id)),
            languages=spoken,
            multilang=site.multilang,
            zone=ZoneInfo(site.timezone),
            section_name=outcome.say(
                "course-import.section", spoken[0] if spoken[0] in ("sq", "ro") else "en", n="{n}"
            ),
            quizzes_there=there,
            institutions=[one.code for one in read_people(folder).institutions],
        )
        taken = [one for one in imported.files if (folder / one).exists() and not one.startswith("media/")]
        if taken:
            raise CannotImport("course-import.exists", file=taken[0])
        if not as_json:
            _show(imported, content, language)
        if dry_run:
            return _told(imported, None, language, as_json=as_json)
        if not (yes or files_only or as_json):
            if not sys.stdin.isatty():
                raise click.UsageError("--yes")
            asked = outcome.say(
                "course-import.ask", language, n=len(imported.files), keys=len(imported.given)
            )
            if not click.confirm(asked, default=False):
                return outcome.REFUSED
        write_imported(
            imported,
            folder,
            then=lambda: None if files_only else _noted(give_keys(client, seen.id, imported.given)),
        )
        if files_only:
            click.echo(outcome.say("course-import.no-keys", language, course=imported.slug), err=True)
            return _told(imported, None, language, as_json=as_json)
        left = _give(client, folder, settings, name, site, imported, content, language)
        return _told(imported, left, language, as_json=as_json)
    finally:
        client.close()


def _give(
    client: MoodleClient,
    folder: Path,
    settings: Settings,
    name: str,
    site: SiteSettings,
    imported: ImportedCourse,
    content: SiteContent,
    language: str,
) -> Prepared:
    """Gives the keys, remembers what the files say, and plans: what is left to do."""
    built = built_academy(folder, site, language)

    def planned(*, base: bool) -> Prepared:
        known = remembered_base(settings, folder, name) if base else {}
        return prepare(client, built, settings, site, only_courses=(imported.slug,), base=known)

    first = planned(base=False)
    give_keys(client, content.course.id, imported.given, hashes_of(first, imported.given))
    engine = open_database(database_url(settings, folder))
    remember_imported(engine, name, first, imported.slug, SystemClock())
    return planned(base=True)


def _noted(_answer: object) -> None:
    """Nothing more is to be done with the answer."""


def _show(imported: ImportedCourse, content: SiteContent, language: str) -> None:
    for file in sorted(imported.files):
        click.echo(f"{click.style('+', fg='green', bold=True)} {file}")
    shown = sum(len(section.activities) for section in content.sections)
    counts: dict[str, object] = {
        "activities": sum(one.kind == "activity" for one in imported.given),
        "of": shown,
        "questions": sum(one.kind == "question" for one in imported.given),
        "quizzes": len(imported.quizzes),
    }
    click.echo(outcome.say("course-import.counts", language, **counts))
    for problem in imported.left:
        click.echo(f"{click.style('!', fg='yellow', bold=True)} {describe(problem, language)}")


def _told(imported: ImportedCourse, left: Prepared | None, language: str, *, as_json: bool) -> int:
    work: Sequence[object] = () if left is None else left.plan.work
    edits = [] if left is None else [one.key for one in left.judged.drift]
    if as_json:
        said = {
            "course": imported.slug,
            "files": sorted(imported.files),
            "quizzes": list(imported.quizzes),
            "keys": len(imported.given) if left is not None else 0,
            "left": [
                {"code": one.code, **{key: str(value) for key, value in one.params.items()}}
                for one in imported.left
            ],
            "planned": len(work),
            "differs": edits,
        }
        click.echo(json.dumps(said, ensure_ascii=False, indent=1))
    elif left is not None:
        click.echo(
            outcome.say("course-import.done", language, n=len(work), drift=len(edits), course=imported.slug)
        )
    if left is not None and left.plan.refused:
        return outcome.REFUSED
    return outcome.PARTLY if imported.left or work else outcome.DONE
