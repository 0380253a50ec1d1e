"""The officer's verbs report coverage and report evidence."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authoring.messages import LANGUAGES, printable
from authoring.problems import Refused
from lms_sync.cli import outcome
from lms_sync.cli.options import dir_option, json_option, site_option
from lms_sync.clock import SystemClock

if TYPE_CHECKING:
    from lms_sync.assessment.coverage import Coverage

REPORTS = "reports"

as_of_option = click.option(
    "--as-of",
    "as_of",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    metavar="DATE",
    help="What had happened by the end of this day (default: today).",
)
known_option = click.option(
    "--known-on",
    "known_on",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    metavar="DATE",
    help="Only what had been recorded by the end of this day: makes an earlier report again.",
)


def _counted(
    folder: Path,
    site_name: str | None,
    programme: str,
    as_of: datetime.datetime | None,
    known_on: datetime.datetime | None,
    only: str | None = None,
    meanwhile: Callable[[], object] = lambda: None,
) -> tuple[str, Coverage]:
    """The site's name, and what a programme has reached on it by the end of a day; of one indicator by whom.

    `meanwhile` is done while the database works.
    """
    from lms_sync.assessment.coverage import coverage as count
    from lms_sync.settings import database_url, load_settings
    from lms_sync.store.database import open_database

    settings = load_settings(folder)
    site, _ = settings.site(site_name)
    counted = count(
        open_database(database_url(settings, folder)),
        site,
        folder,
        programme,
        today=SystemClock().now(),
        as_of=as_of.date() if as_of else None,
        known_on=known_on.date() if known_on else None,
        listed=() if only is None else (only,),
        alone=only is not None,
        meanwhile=meanwhile,
    )
    return site, counted


@click.command(short_help="A programme against its targets: page, PDF, XLSX, CSV.")
@click.argument("programme")
@as_of_option
@known_option
@click.option(
    "--language", type=click.Choice(LANGUAGES), help="Only this language (default: all of the programme)."
)
@dir_option
@site_option
@json_option
def coverage(
    programme: str,
    as_of: datetime.datetime | None,
    known_on: datetime.datetime | None,
    language: str | None,
    folder: Path,
    site_name: str | None,
    *,
    as_json: bool,
) -> int:
    """Report on a PROGRAMME: every indicator with its target and breakdowns, and the path of every institution.

    Writes reports/coverage-<programme>-<date>.<language>.html, .pdf, .xlsx and .csv. The page is one file that needs
    nothing else: it can be sent by e-mail, printed, or put on any web site. Groups of fewer than five persons are not
    shown, nor anything from which they could be worked out.

    \b
    Examples:
      lms-sync report coverage archive-61
      lms-sync report coverage archive-61 --as-of 2026-12-31 --language en
      lms-sync report coverage archive-61 --as-of 2026-12-31 --known-on 2027-01-08
    """
    from lms_sync.assessment.coverage_files import coverage_files, load_writers
    from lms_sync.write_files import refuse_links, write_durably

    _, counted = _counted(folder, site_name, programme, as_of, known_on, meanwhile=load_writers)
    offered = tuple(one for one in counted.programme.languages if one in LANGUAGES)
    if language is not None and language not in offered:
        raise Refused("coverage.no-language", language=language, known=", ".join(offered))
    files: list[Path] = []
    for one, ending, content in coverage_files(counted, folder, (language,) if language else offered):
        path = folder / REPORTS / f"{counted.name}.{one}.{ending}"
        refuse_links(path, below=folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, content)
        files.append(path)
    if as_json:
        result = {**counted.as_json(), "files": [path.as_posix() for path in files]}
        click.echo(json.dumps(result, ensure_ascii=False, indent=1))
        return outcome.DONE
    from lms_sync.assessment.coverage_words import Words

    reader = outcome.reader_language(folder)
    words = Words(counted, reader)
    click.echo(click.style(printable(counted.programme.title.in_language(reader)), bold=True))
    click.echo(printable(words.say("as-of", day=words.day(counted.as_of))))
    rows = [
        [
            one.indicator.title.in_language(reader),
            words.reached(one),
            words.unit(one),
            "" if one.goal is None else f"/ {words.plain(one.goal.value)}",
            "" if one.progress is None else words.percent(one.progress),
        ]
        for one in counted.results
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(5)]
    for row in rows:
        cells = [
            cell.ljust(width) if column in (0, 2) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo(printable("  ".join(cells).rstrip()))
    for path in files:
        click.echo(path.as_posix())
    return outcome.DONE


@click.command(short_help="A ZIP that proves one figure.")
@click.argument("indicator")
@click.option("--programme", required=True, metavar="ID", help="The programme whose indicator it is.")
@as_of_option
@known_option
@click.option(
    "--without-scans", is_flag=True, help="Leave out scanned sheets and notes, which may show names."
)
@dir_option
@site_option
@json_option
def evidence(
    indicator: str,
    programme: str,
    as_of: datetime.datetime | None,
    known_on: datetime.datetime | None,
    folder: Path,
    site_name: str | None,
    *,
    without_scans: bool,
    as_json: bool,
) -> int:
    """Write the evidence for the figure of an INDICATOR: what was counted, how, and a list without names.

    Writes reports/evidence-<programme>-<indicator>-<date>.zip: the figure with its definition, numerator, denominator
    and missing, the list under pseudonyms, the query in words and SQL, the scans kept in evidence/<programme>/ (sheets
    of sessions in evidence/<programme>/sessions/<session>.pdf), and the SHA-256 of each file. Making it again gives
    the same bytes.

    \b
    Examples:
      lms-sync report evidence staff-certified --programme archive-61 --as-of 2026-12-31
      lms-sync report evidence staff-attended --programme archive-61 --as-of 2026-12-31 --without-scans
    """
    from lms_sync.assessment.coverage_words import Words
    from lms_sync.assessment.evidence import chosen_result, evidence_key, evidence_zip
    from lms_sync.write_files import refuse_links, write_durably

    site, counted = _counted(folder, site_name, programme, as_of, known_on, only=indicator)
    chosen = chosen_result(counted, indicator)
    content = evidence_zip(counted, chosen, folder, site, key=evidence_key(folder), scans=not without_scans)
    path = folder / REPORTS / f"{counted.name.replace('coverage-', 'evidence-', 1)}-{indicator}.zip"
    refuse_links(path, below=folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, content, mode=0o600)
    if as_json:
        result = {
            "programme": programme,
            "indicator": indicator,
            "as_of": counted.as_of.isoformat(),
            "numerator": chosen.reached,
            "denominator": chosen.asked,
            "missing": chosen.missing,
            "file": path.as_posix(),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        click.echo(json.dumps(result, ensure_ascii=False, indent=1))
        return outcome.DONE
    words = Words(counted, outcome.reader_language(folder))
    said = words.say(
        "evidence-written",
        figure=words.reached(chosen),
        unit=words.unit(chosen),
        asked=words.number(chosen.asked),
        missing=words.number(chosen.missing),
    )
    click.echo(printable(f"{chosen.indicator.title.in_language(words.language)}: {said}"))
    click.echo(f"{path.as_posix()}\n  SHA-256 {hashlib.sha256(content).hexdigest()}")
    return outcome.DONE
