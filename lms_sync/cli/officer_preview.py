"""The officer's verbs certificates preview, publish and link: a sample first; pages that verify offline; a holder's address."""

from __future__ import annotations

from pathlib import Path

import click

from authoring.problems import LmsSyncError, Problem, Refused
from lms_sync.cli.options import dir_option, json_option, site_option
from lms_sync.cli.outcome import DONE, REFUSED, print_problems, say
from lms_sync.cli.register_place import OFFLINE, as_text, open_place
from lms_sync.clock import SystemClock

PREVIEWS = Path("build") / "preview"


@click.command()
@click.argument("award", required=False)
@click.option("--name", help="The holder’s name on the sample, for example the longest you have.")
@dir_option
@site_option
@json_option
def preview(
    award: str | None, name: str | None, folder: Path, site_name: str | None, *, as_json: bool
) -> int:
    """Write a sample of the certificate of an AWARD, or of every award, into build/preview, and say what is missing.

    Nothing is issued or signed, and the sample says so. A missing logo or seal, a letter that the font lacks and a name
    that does not fit are told here, before they stop anything.

    \b
    Examples:
      lms-sync certificates preview --dir academy
      lms-sync certificates preview archive-officer --name "A very long name"
    """
    from certificates.policy import read_policies
    from certificates.preview import preview as sample
    from certificates.seal import open_seal
    from lms_sync.configured_issuer import seal_files
    from lms_sync.write_files import refuse_links, write_durably

    place = open_place(folder, site_name)
    policies = [one for one in read_policies(folder) if award in (None, one.id)]
    if not policies:
        raise Refused("preview.no-policy", policy=award or "")
    written: list[str] = []
    problems: list[Problem] = []
    seals = {}
    for seal in seal_files(place.settings, folder):
        try:
            seals[seal.name] = open_seal(seal, SystemClock())
        except LmsSyncError as error:
            problems.extend(error.problems)
    for policy in policies:
        made, found = sample(
            policy,
            SystemClock(),
            base_url=place.settings.portal.base_url or "https://certificates.example.org",
            seals=seals,
            logos_in=folder,
            name=name,
        )
        problems.extend(one for one in found if one not in problems)
        if made is not None:
            path = folder / PREVIEWS / f"{policy.id}.pdf"
            refuse_links(path, below=folder)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(path, made)
            written.append(path.relative_to(folder).as_posix())
    if as_json:
        click.echo(as_text({"files": written, "problems": [one.as_json() for one in problems]}))
    else:
        for file in written:
            click.echo(say("preview.sample-written", place.language, file=file))
        print_problems(problems, place.language)
    return REFUSED if problems else DONE


@click.command()
@dir_option
@site_option
@json_option
def publish(folder: Path, site_name: str | None, *, as_json: bool) -> int:
    """Write pages that verify certificates without network into build/verify-offline, one for each language.

    Each holds the state of every certificate at this moment, signed, without names; it says how old it is. `lms-sync
    serve` offers them for download. Write them again as often as an old list would hurt.

    \b
    Example:
      lms-sync certificates publish --dir academy
    """
    from certificates.offline import publish_offline
    from certificates.public_key import read_public_keys

    place = open_place(folder, site_name)
    written = publish_offline(
        place.engine,
        place.site,
        folder / OFFLINE,
        place.issuer(),
        read_public_keys(folder / place.settings.issuer.key_file),
        SystemClock(),
        issuer_name=place.settings.issuer.name,
    )
    files = [path.relative_to(folder).as_posix() for path in written]
    if as_json:
        click.echo(as_text({"files": files}))
    for file in () if as_json else files:
        click.echo(say("preview.sample-written", place.language, file=file))
    return DONE


@click.command()
@click.argument("certificate")
@dir_option
@site_option
@json_option
def link(certificate: str, folder: Path, site_name: str | None, *, as_json: bool) -> int:
    """Tell the private address at which the holder of a CERTIFICATE downloads it. Give it to nobody else.

    \b
    Example:
      lms-sync certificates link DPA-2026-00001 --dir academy
    """
    from certificates.holder_link import holder_link
    from certificates.lifecycle import find_award_said
    from lms_sync.store.database import reading

    place = open_place(folder, site_name)
    with reading(place.engine) as connection:
        address = holder_link(connection, find_award_said(connection, place.site, certificate))
    click.echo(as_text({"holder": address}) if as_json else address)
    return DONE
