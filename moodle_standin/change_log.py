"""The companion plugin's log: what the rows of a Moodle do not tell themselves."""

from __future__ import annotations

from moodle_standin.records import LogLine
from moodle_standin.site import Site

LATE = 60
"""Seconds by which a row's time must lie back for a line: what carries the present is read anyway."""


def note(site: Site, stream: str, course: int, user: int = 0, row: int = 0, cmid: int = 0) -> None:
    """Keeps a line. Row 0: all rows of the person; person 0: of everybody, once a second; an empty stream: all streams."""
    if not user and any(
        (line.timecreated, line.courseid, line.userid, line.stream) == (site.now(), course, 0, stream)
        for line in site.change_log[-20:]
    ):
        return
    line = LogLine(site.next_id("local_lmssync_log"), site.now(), course, user, cmid, stream, row)
    site.change_log.append(line)


def note_if_late(site: Site, time: int | None, stream: str, course: int, user: int, row: int) -> None:
    """Keeps a line about a row that has just been written with a time that lies back."""
    if (time or 0) < site.now() - LATE:
        note(site, stream, course, user, row)
