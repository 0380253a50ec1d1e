"""An academy folder opened for the officer's verbs about awards: settings, database, issuer, the second place."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authoring.messages import text
from lms_sync.cli.outcome import print_problems, reader_language
from lms_sync.clock import SystemClock

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from certificates.policy import Policy
    from certificates.register import Issuer, Listed
    from lms_sync.settings import Settings

CERTIFICATES = Path("build") / "certificates"
OFFLINE = Path("build") / "verify-offline"


@dataclass(frozen=True)
class Place:
    """An academy folder, opened."""

    folder: Path
    settings: Settings
    site: str
    engine: Engine
    language: str

    def issuer(self) -> Issuer:
        """The institution's opened key; raises Refused or KeyUnusable where it is not set up."""
        from lms_sync.configured_issuer import configured_issuer

        return configured_issuer(self.settings, self.folder)

    def issuing(self) -> Issuer:
        """As `issuer`, for who issues: the key is also the one that was used before, and the one that the did's public
        address names. Raises Refused where it is not; says on standard error where nobody answers.
        """
        from certificates.status_lists import refuse_unknown_key
        from lms_sync.published_key import published_key_problems
        from lms_sync.store.database import reading

        opened = self.issuer()
        with reading(self.engine) as connection:
            refuse_unknown_key(connection, self.site, opened)
        print_problems(published_key_problems(opened), self.language)
        return opened

    @property
    def heads(self) -> Path:
        """The second place for the register's last entry."""
        return self.folder / self.settings.audit.heads

    def keep_head(self) -> None:
        """Writes the register's last entry to the second place; called after whatever writes to the register."""
        from certificates.audit import write_head

        write_head(self.engine, self.site, self.heads, SystemClock().now())


def open_place(folder: Path, site_name: str | None) -> Place:
    """Opens an academy folder for one of its sites."""
    from lms_sync.settings import database_url, load_settings
    from lms_sync.store.database import open_database

    settings = load_settings(folder)
    site, _ = settings.site(site_name)
    return Place(
        folder, settings, site, open_database(database_url(settings, folder)), reader_language(folder)
    )


def listed_of(engine: Engine, site: str, folder: Path, policies: Iterable[Policy]) -> Listed:
    """By policy who is on the lists of its courses; one that looks at sessions is about whoever was there."""
    from lms_sync.listed_people import listed_people
    from lms_sync.store.database import reading

    with reading(engine) as connection:
        courses_of = {policy.id: () if policy.programmes else policy.courses for policy in policies}
        return listed_people(connection, site, folder, courses_of, as_of=SystemClock().now())


def as_text(value: object) -> str:
    """A result for `--json`."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def confirmed(code: str, language: str, /, **values: object) -> bool:
    """Whether the person at the terminal says yes; no where there is none to ask."""
    if not sys.stdin.isatty():
        return False
    return click.confirm(text(code, values, language))
