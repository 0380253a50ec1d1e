"""Which release of Moodle has been tried: nothing is written to another one unless somebody asks for it."""

from __future__ import annotations

import re

from authoring.problems import Refused
from lms_sync.moodle.client import MoodleClient

VERIFIED_RELEASE = "4.5"
"""docs/verified.md tells what was run on it."""


def is_verified(release: str) -> bool:
    """Whether a release, as a site tells it ("4.5.6 (Build: 20250811)"), is of the series that was tried."""
    number = re.match(r"(\d+)\.(\d+)", release)
    return number is not None and f"{number[1]}.{number[2]}" == VERIFIED_RELEASE


def refuse_unverified(client: MoodleClient) -> None:
    """Asks the site for its release. Raises Refused where it has not been tried, MoodleError."""
    release = str(client.call("core_webservice_get_site_info")["release"])
    if not is_verified(release):
        raise Refused("apply.release-not-verified", release=release, verified=VERIFIED_RELEASE)
