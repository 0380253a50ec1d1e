"""local_lmssync: what the site is, and the state of accounts."""

from __future__ import annotations

from typing import Any

from moodle_standin.functions.registry import serves
from moodle_standin.services import HELPDESK_CAPABILITIES, ROLE_CAPABILITIES
from moodle_standin.site import MOODLE_VERSION, Call


@serves("local_lmssync_get_site")
def get_site(call: Call, _params: dict[str, Any]) -> Any:
    """Versions, limits, switches, and what the account's role lacks."""
    site, settings = call.site, call.site.settings
    may_assign = call.can("moodle/role:assign")
    return {
        "plugin_version": settings.plugin_version,
        "plugin_release": settings.plugin_release,
        "moodle_version": MOODLE_VERSION,
        "moodle_release": settings.release,
        "db_family": "postgres",
        "max_input_vars": settings.max_input_vars,
        "post_max_size": settings.post_max_size,
        "upload_max_filesize": settings.upload_max_filesize,
        "multilang_filter": settings.multilang_filter,
        "completion_enabled": True,
        "mobile_enabled": "moodle_mobile_app" in site.services,
        "scorm_standard": settings.scorm_standard,
        "server_time": site.now(),
        "missing_capabilities": site.shuffled(sorted(c for c in ROLE_CAPABILITIES if not call.can(c))),
        "missing_for_helpdesk": sorted(c for c in HELPDESK_CAPABILITIES if not call.can(c)),
        "assignable_roles": [
            {"id": role, "shortname": "student" if role == 5 else f"role{role}"}
            for role in (settings.assignable_roles if may_assign else ())
        ],
    }


@serves("local_lmssync_get_accounts")
def get_accounts(call: Call, params: dict[str, Any]) -> Any:
    """State of accounts without names and addresses; those that the caller may not see are left out, and of
    deleted ones only that is told.
    """
    call.require("local/lmssync:pull")
    wanted = set(params["userids"])
    return [
        {
            "id": u.id,
            "idnumber": "",
            "username": "",
            "auth": "",
            "suspended": False,
            "confirmed": False,
            "deleted": True,
        }
        if u.deleted
        else {
            "id": u.id,
            "idnumber": u.idnumber,
            "username": u.username,
            "auth": u.auth,
            "suspended": u.suspended,
            "confirmed": u.confirmed,
            "deleted": u.deleted,
        }
        for u in call.site.users.values()
        if u.id in wanted and (u.deleted or _may_see(call, u.id))
    ]


def _may_see(call: Call, user_id: int) -> bool:
    if user_id == call.user.id:
        return True
    if call.can("moodle/user:viewdetails") and call.can("moodle/user:viewalldetails"):
        return True
    return any(
        call.can("moodle/course:viewparticipants", course.id) and call.can("moodle/site:viewuseridentity")
        for course in call.site.courses.values()
        if call.site.enrolments_of(course.id, user_id)
    )
