"""The officer's verb certificates profiles: everybody's certificates, and what is missing, in their Moodle profile."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authoring.problems import Refused
from lms_sync.cli.options import dir_option, json_option, site_option
from lms_sync.cli.outcome import DONE, say
from lms_sync.cli.register_place import as_text, open_place
from lms_sync.clock import Clock, SystemClock

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from lms_sync.profile_push import Pushed
    from lms_sync.settings import Settings


def show_in_profiles(
    folder: Path, settings: Settings, site_name: str, engine: Engine, clock: Clock
) -> Pushed:
    """Brings the profiles on a site up to date. Raises Refused without an issuer, MoodleError, ContentError."""
    from certificates.policy import read_policies
    from certificates.profiles import Titles, profile_documents
    from lms_sync.moodle.connect import connect
    from lms_sync.profile_push import push_profiles, titles_of_courses
    from lms_sync.programme_files import programmes_by_id

    did = settings.issuer.did
    if did is None:
        raise Refused("issuer.did-missing")
    courses, activities = titles_of_courses(folder, site_name)
    titles = Titles(courses, activities, programmes_by_id(folder))
    documents = profile_documents(engine, site_name, read_policies(folder), clock, titles)
    client = connect(site_name, settings.sites[site_name], folder)
    try:
        return push_profiles(client, documents, issuer_did=did)
    finally:
        client.close()


@click.command()
@dir_option
@site_option
@json_option
def profiles(folder: Path, site_name: str | None, *, as_json: bool) -> int:
    """Show everybody's certificates, and what is missing for those under way, in their Moodle profile.

    Each certificate with its state, the PDF and the holder's private page; each requirement met or missing, with a
    link to its activity. Only what changed is sent. The page follows what `certify` has decided last; in the
    schedule it is the job `profiles`.

    \b
    Example:
      lms-sync certificates profiles --dir academy
    """
    place = open_place(folder, site_name)
    done = show_in_profiles(folder, place.settings, place.site, place.engine, SystemClock())
    if as_json:
        click.echo(as_text(dataclasses.asdict(done)))
        return DONE
    click.echo(
        say("profiles.done", place.language, n=done.set, unchanged=done.unchanged, removed=done.removed)
    )
    if done.unknown:
        click.echo(say("profiles.unknown", place.language, n=done.unknown))
    return DONE
