"""The officer's verb keys: the institution's signing key, made once, and put in the place of a former one."""

from __future__ import annotations

from pathlib import Path

import click

from lms_sync.cli.options import dir_option, json_option, site_option
from lms_sync.cli.outcome import DONE, REFUSED, reader_language, say
from lms_sync.cli.register_place import as_text
from lms_sync.clock import SystemClock


@click.group(short_help="The institution's signing key.")
def keys() -> None:
    """The key with which the institution signs its credentials."""


@keys.command()
@click.option("--demo", is_flag=True, help="A key for demonstrations: everything signed with it says DEMO.")
@dir_option
@json_option
def init(demo: bool, folder: Path, as_json: bool) -> int:
    """Make the signing key; a key that exists is never overwritten.

    \b
    Example:
      lms-sync keys init --dir academy
    """
    from certificates.keys import make_key
    from lms_sync.settings import load_settings

    settings = load_settings(folder)
    language = reader_language(folder)
    public = make_key(folder / settings.issuer.key_file, demo=demo, clock=SystemClock())
    if as_json:
        click.echo(
            as_text({"key_file": settings.issuer.key_file, "multikey": public.multikey, "demo": public.demo})
        )
    else:
        made = "keys.made-demo" if demo else "keys.made"
        click.echo(say(made, language, path=settings.issuer.key_file))
        click.echo(say("keys.did-hint", language, multikey=public.multikey))
    return DONE


@keys.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@dir_option
@site_option
@json_option
def rotate(folder: Path, site_name: str | None, *, yes: bool, as_json: bool) -> int:
    """Put a new signing key in the place of the present one; what the old one signed stays valid.

    did.json then lists both keys, and the status lists are signed anew. The old private key is kept beside the new one,
    for you to keep or to destroy. Typed again after a crash, it finishes.

    \b
    Example:
      lms-sync keys rotate --dir academy
    """
    from authoring.problems import Refused
    from certificates.keys import rotate_key
    from certificates.register import publish_status_lists
    from lms_sync.cli.register_place import confirmed, open_place

    place = open_place(folder, site_name)
    if (place.settings.issuer.did or "").startswith("did:key:"):
        raise Refused("keys.did-key-stays", did=place.settings.issuer.did)
    if not yes and not confirmed("keys.ask-rotate", place.language):
        click.echo(say("certificates.not-done", place.language), err=True)
        return REFUSED
    public = rotate_key(folder / place.settings.issuer.key_file, SystemClock())
    published = 0
    if place.settings.issuer.did is not None and place.settings.portal.base_url is not None:
        for site in place.settings.sites:
            published += publish_status_lists(place.engine, site, place.issuer(), SystemClock())
    if as_json:
        click.echo(as_text({"multikey": public.multikey, "status_lists": published}))
    else:
        click.echo(say("keys.rotated", place.language, multikey=public.multikey, n=published))
    return DONE
