"""Reads a site for a plan: by the companion plugin where it is, else as far as core's functions show it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from lms_sync.moodle.errors import AccessRefused, FunctionMissing, MoodleError
from lms_sync.moodle.functions import PLUGIN_FUNCTIONS
from lms_sync.moodle.observe import Caller, Observation, observe
from lms_sync.moodle.state_by_core import NEEDED, CoreState
from lms_sync.plan import DesiredObject, Kind


def see_site(
    client: Caller,
    desired: Sequence[DesiredObject],
    courses: Collection[str],
    accounts: Mapping[str, int],
    *,
    role: int,
) -> tuple[Observation, bool]:
    """What is ours on the site, and whether it was read without the plugin; raises MoodleError.

    A site that has none of the courses yet is asked what its service offers; one that has them shows by its
    answer that the plugin is there.
    """
    found = None
    try:
        found = _observe(client, desired, courses, accounts)
        if found.course_ids or not courses:
            return found, False
    except (AccessRefused, FunctionMissing) as error:
        refused: MoodleError | None = error
    else:
        refused = None
    info = client.call("core_webservice_get_site_info")
    offered = frozenset(str(one["name"]) for one in info["functions"])
    if offered & set(PLUGIN_FUNCTIONS):
        if found is not None:
            return found, False
        assert refused is not None
        raise refused
    if lacking := [name for name in NEEDED if name not in offered]:
        raise FunctionMissing("by-hand.functions-missing", functions=", ".join(lacking), n=len(lacking))
    core = CoreState(client, offered, desired, role)
    return _observe(client, desired, courses, accounts, core), True


def _observe(
    client: Caller,
    desired: Sequence[DesiredObject],
    courses: Collection[str],
    accounts: Mapping[str, int],
    core: CoreState | None = None,
) -> Observation:
    return observe(
        client,
        categories={str(want.key) for want in desired if want.kind is Kind.CATEGORY},
        courses=courses,
        cohorts={want.key for want in desired if want.kind is Kind.COHORT},
        accounts=accounts,
        read_state=None if core is None else core.read,
    )
