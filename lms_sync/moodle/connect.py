"""From a site's settings to a client for it."""

from __future__ import annotations

from pathlib import Path

from lms_sync.moodle.client import MoodleClient
from lms_sync.moodle.throttle import Throttle
from lms_sync.settings import SiteSettings, read_token


def connect(name: str, site: SiteSettings, folder: Path) -> MoodleClient:
    """A client with the site's token, that refuses to write where the site is for reading; raises SettingsError."""
    token = read_token(name, site, folder)
    return MoodleClient(
        site.url, token, read_only=site.read_only, throttle=Throttle(most=site.limits.at_once)
    )
