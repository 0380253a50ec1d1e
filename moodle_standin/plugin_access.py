"""What every writing function of the companion plugin asks for first."""

from __future__ import annotations

from moodle_standin.errors import plugin_error
from moodle_standin.records import Course, StoredFile
from moodle_standin.site import Call


def enter_to_write(call: Call, course_id: int, *capabilities: str) -> Course:
    """Checks access to the course, the plugin's own capability and those of core; gives the course."""
    course = call.site.require_course_access(call.user, course_id)
    for capability in ("local/lmssync:push", *capabilities):
        call.require(capability, course.id)
    return course


def only_draft_file(call: Call, itemid: int) -> StoredFile:
    """The one file of the caller's draft area; another account's area looks empty."""
    if itemid <= 0:
        raise plugin_error("nofile", "A file is needed: upload it and name its draft area.")
    files = call.site.drafts.get((call.user.id, itemid), [])
    if len(files) != 1:
        raise plugin_error(
            "baddraft",
            f"The upload area {itemid} holds {len(files)} files instead of one. "
            "It must have been filled with the same account's token.",
        )
    return files[0]
