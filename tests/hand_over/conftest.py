"""A Moodle without the companion plugin, and an academy that is pushed to it as far as core allows."""

from __future__ import annotations

from pathlib import Path

import pytest
from defusedxml import ElementTree

from lms_sync.moodle.functions import CORE_FUNCTIONS
from lms_sync.moodle.state_by_core import COMPLETION, NEEDED, QUIZZES, SCORMS
from tests.cli.conftest import Ended, command
from tests.pushed_academy import Push

__all__ = ["Ended", "command"]

ROLE = Path(__file__).parents[2] / "docs" / "without-plugin-role.xml"


def take_plugin_away(push: Push) -> None:
    """Leaves the service core's functions only, and the account the role that is documented for it."""
    service = push.site.services["lmssync"]
    service.functions = frozenset({*CORE_FUNCTIONS, *NEEDED, SCORMS, QUIZZES, COMPLETION})
    push.site.capabilities[push.user_id("lmssync")] = {
        str(allow.text) for allow in ElementTree.parse(ROLE).iter("allow")
    }


@pytest.fixture
def without_plugin(push: Push) -> Push:
    """The example academy beside a site whose service has core's functions only; nothing is pushed yet."""
    take_plugin_away(push)
    return push
