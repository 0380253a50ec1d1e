"""The officer's verb audit: is the register what was written, and the register for the archive."""

from __future__ import annotations

from pathlib import Path

import click

from authoring.messages import LANGUAGES
from lms_sync.cli.options import dir_option, json_option, site_option
from lms_sync.cli.outcome import DONE, ERROR, print_problems, say
from lms_sync.cli.register_place import as_text, open_place
from lms_sync.clock import SystemClock, local_date


@click.group(short_help="Check the register; export it for the archive.")
def audit() -> None:
    """The register of awards: a chain in which every entry is bound to the one before."""


@audit.command()
@dir_option
@site_option
@json_option
def verify(folder: Path, site_name: str | None, *, as_json: bool) -> int:
    """Check that nothing in the register was changed, removed or put in; name the first broken entry.

    Every entry is worked out anew, with everything it is about, and compared with the second place (`audit.heads` in
    config.yaml), to which the last entry is written after each change. Keep that file where who can write the database
    cannot. Exit code 1: something is not as it was written.

    \b
    Example:
      lms-sync audit verify --dir academy
    """
    from certificates.audit import verify as check

    place = open_place(folder, site_name)
    found = check(place.engine, place.site, place.heads)
    if as_json:
        result = {
            "entries": found.entries,
            "head": found.head,
            "second_place": found.second_place,
            "broken": [one.as_json() for one in found.broken],
        }
        click.echo(as_text(result))
        return ERROR if found.broken else DONE
    click.echo(say("audit.entries", place.language, n=found.entries))
    click.echo(say("audit.head", place.language, head=found.head))
    click.echo(say("audit.second-place-found", place.language, n=found.second_place))
    if not found.broken:
        click.echo(say("audit.sound", place.language))
        return DONE
    first = found.broken[0]
    if first.number:
        click.echo(say("audit.first-broken", place.language, number=first.number), err=True)
    print_problems((one.problem for one in found.broken), place.language)
    return ERROR


@audit.command()
@click.option(
    "--out",
    "out",
    type=click.Path(path_type=Path),
    help="The file (default: build/register-<site>.csv or .pdf).",
)
@click.option("--pdf", is_flag=True, help="As PDF/A-3a to be read, with the CSV inside.")
@click.option("--language", type=click.Choice(LANGUAGES), help="The language of the PDF (default: yours).")
@dir_option
@site_option
@json_option
def export(
    out: Path | None, language: str | None, folder: Path, site_name: str | None, *, pdf: bool, as_json: bool
) -> int:
    """Write the register for the archive: numbers, holders, dates, status, who approved, and digests.

    As CSV, or with --pdf as a document that declares PDF/A-3a and PDF/UA-1, bears the hash of the register's last
    entry on every page, and has the CSV attached.

    \b
    Examples:
      lms-sync audit export --out register-2026.csv --dir academy
      lms-sync audit export --pdf --language sq --dir academy
    """
    from certificates.listing import register_rows
    from certificates.register_pdf import register_pdf
    from lms_sync.people.read_csv import write_csv
    from lms_sync.write_files import write_durably

    place = open_place(folder, site_name)
    clock = SystemClock()
    rows = register_rows(place.engine, place.site, clock)
    path = out or folder / "build" / f"register-{place.site}.{'pdf' if pdf else 'csv'}"
    content = write_csv(rows)
    if pdf:
        content = register_pdf(
            place.engine,
            place.site,
            rows,
            issuer_name=place.settings.issuer.name,
            language=language or place.language,
            today=local_date(clock.now(), place.settings.sites[place.site].timezone),
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, content, mode=0o600)  # it names people
    n = len(rows) - 1
    result = {"file": path.as_posix(), "awards": n}
    click.echo(as_text(result) if as_json else say("audit.exported", place.language, n=n, file=path))
    return DONE
