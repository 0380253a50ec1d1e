"""The officer's verb privacy: what is known of a person, erasing a person, and who is due for it by rule."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from authoring.messages import printable
from lms_sync.cli.options import dir_option, json_option, site_option
from lms_sync.cli.outcome import DONE, REFUSED, say
from lms_sync.cli.register_place import Place, as_text, confirmed, open_place
from lms_sync.clock import SystemClock

if TYPE_CHECKING:
    from lms_sync.still_named import StillNamed


@click.group(short_help="Export or erase a person; who is due by rule.")
def privacy() -> None:
    """What is known of people: hand it out, erase it, and keep it no longer than the rule says."""


@privacy.command()
@click.argument("person")
@click.option(
    "--out", "out", type=click.Path(path_type=Path), help="The file (default: build/privacy/<number>.zip)."
)
@dir_option
@site_option
@json_option
def export(person: str, out: Path | None, folder: Path, site_name: str | None, *, as_json: bool) -> int:
    """Write everything that is known of a PERSON into one ZIP: tables as JSON, certificates, credentials.

    PERSON is an idnumber, an e-mail address, a whole name or the register's own id.

    \b
    Example:
      lms-sync privacy export AO-0001 --dir academy
    """
    from certificates.privacy_erase import person_ids
    from certificates.privacy_export import export_person
    from lms_sync.write_files import write_durably

    place = open_place(folder, site_name)
    ids = person_ids(place.engine, place.site, person)
    made = export_person(place.engine, place.site, person, place.language)
    path = out or folder / "build" / "privacy" / f"{ids[0][:8]}.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, made, mode=0o600)
    click.echo(
        as_text({"file": path.as_posix()}) if as_json else say("privacy.exported", place.language, file=path)
    )
    return DONE


@privacy.command()
@click.argument("person")
@click.option("--by", required=True, help="Name of the person who decides; kept in the register.")
@click.option("--reason", required=True, help="Why; kept in the register. Without personal data: it stays.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@dir_option
@site_option
@json_option
def erase(
    person: str, by: str, reason: str, folder: Path, site_name: str | None, *, yes: bool, as_json: bool
) -> int:
    """Erase the data of a PERSON for ever: names, numbers, accounts, certificates, credentials and salts.

    The register still verifies, and whoever asks for the number of a certificate is told that it is genuine and that
    its holder's data were erased. First take the person out of people/participants.csv and off the Moodle courses.
    What the Moodle profile shows of certificates goes with the next `lms-sync certificates profiles`. Backups, the rest of
    Moodle, printed papers and scanned sheets are yours to look after. Files that were made of this person alone, and exports of
    the register, are deleted; other files of the academy that still name the person are listed and stay.

    \b
    Example:
      lms-sync privacy erase AO-0001 --by "Name Surname" --reason "Request of the holder, protocol 31"
    """
    from certificates.privacy_erase import person_ids
    from lms_sync.still_named import still_named

    place = open_place(folder, site_name)
    ids = person_ids(place.engine, place.site, person)
    if not yes and not confirmed("privacy.ask-erase", place.language, person=person):
        click.echo(say("certificates.not-done", place.language), err=True)
        return REFUSED
    words = _words_for(place, ids)
    done = _erase(place, ids, by, reason)
    left = still_named(folder, words)
    if as_json:
        click.echo(as_text({**done, "still_named": left.files, "pdf_lists": left.pdfs}))
    else:
        click.echo(say("privacy.erased", place.language, n=len(done["serials"]), files=len(done["files"])))
        click.echo(say("privacy.profiles-next", place.language))
        _tell_left(left, folder, place.language)
    return DONE


@privacy.command()
@click.option("--erase", "erase_due", is_flag=True, help="Erase them; asks for each.")
@click.option("--by", help="With --erase: name of the person who decides; kept in the register.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@dir_option
@site_option
@json_option
def retention(
    by: str | None, folder: Path, site_name: str | None, *, erase_due: bool, yes: bool, as_json: bool
) -> int:
    """List whose data no rule keeps any more, since when, and which rules kept them until then.

    Rules are `retention` in a policy (for the award's holder) and `privacy.keep_months` in config.yaml (for what was
    learned). Without a rule, data are kept. Who is on a list of people is never due.

    \b
    Examples:
      lms-sync privacy retention --dir academy
      lms-sync privacy retention --erase --by "Name Surname"
    """
    from authoring.problems import Refused
    from certificates.policy import read_policies
    from certificates.privacy_erase import person_ids
    from certificates.retention import due_for_erasure
    from lms_sync.people import read_people
    from lms_sync.still_named import still_named

    place = open_place(folder, site_name)
    if erase_due and not (by or "").strip():
        raise Refused("approve.nobody")
    rules = place.settings.privacy
    _, site = place.settings.site(place.site)
    due = due_for_erasure(
        place.engine,
        place.site,
        read_policies(folder),
        SystemClock(),
        timezone=site.timezone,
        language=place.language,
        listed={one.idnumber for one in read_people(folder).participants},
        keep_months=rules.keep_months,
        keep_reason="" if rules.reason is None else rules.reason.in_language(place.language),
    )
    erased: list[str] = []
    words: list[str] = []
    for one in due:
        if not as_json:
            line = say(
                "privacy.due", place.language, day=one.since.isoformat(), reason="; ".join(one.reasons) or "–"
            )
            click.echo(printable(f"{one.idnumber or one.person[:8]}  {one.name} · {line}"))
        if erase_due and (yes or confirmed("privacy.ask-erase", place.language, person=one.name)):
            reason = say("privacy.by-rule", place.language, day=one.since.isoformat())
            ids = person_ids(place.engine, place.site, one.person)
            words += _words_for(place, ids)
            _erase(place, ids, by or "", reason)
            erased.append(one.person)
    left = still_named(folder, words)
    if as_json:
        told = {"due": [one.as_json() for one in due], "erased": erased}
        click.echo(as_text({**told, "still_named": left.files, "pdf_lists": left.pdfs}))
    elif not due:
        click.echo(say("privacy.nobody-due", place.language))
    elif erased:
        click.echo(say("privacy.erased-people", place.language, n=len(erased)))
        click.echo(say("privacy.profiles-next", place.language))
        _tell_left(left, folder, place.language)
    return DONE


def _words_for(place: Place, ids: list[str]) -> list[str]:
    from lms_sync.still_named import words_for
    from lms_sync.store.database import reading

    with reading(place.engine) as connection:
        return words_for(connection, ids)


def _tell_left(left: StillNamed, folder: Path, language: str) -> None:
    for code, files in (("privacy.still-named", left.files), ("privacy.pdf-lists", left.pdfs)):
        if files:
            click.echo(say(code, language, n=len(files)))
            for one in files:
                click.echo(f"  {printable((folder / one).as_posix())}")


def _erase(place: Place, ids: list[str], by: str, reason: str) -> dict[str, tuple[str, ...]]:
    from sqlalchemy import func, select

    from certificates.privacy_erase import erase_people
    from certificates.register import publish_status_lists
    from lms_sync.store import schema
    from lms_sync.store.database import reading

    with reading(place.engine) as connection:
        issue = schema.issue
        awards = connection.execute(select(func.count()).where(issue.c.person_id.in_(ids))).scalar_one()
    issuer = place.issuer() if awards else None  # first: the status list has to be signed
    done = erase_people(
        place.engine, place.site, ids, place.folder, by=by, reason=reason, clock=SystemClock()
    )
    if issuer is not None:
        publish_status_lists(place.engine, place.site, issuer, SystemClock())
    place.keep_head()
    return {"serials": done.serials, "files": done.files}
