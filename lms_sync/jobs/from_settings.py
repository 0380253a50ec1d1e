"""What the configuration's `schedule` means: for which sites and courses which jobs are due when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from lms_sync.jobs.due import Planned, in_order, interval, timing
from lms_sync.settings import Settings

BACKUP = "backup"


def planned_jobs(
    settings: Settings, courses_of: Callable[[str], Sequence[str]], only: str | None = None
) -> list[Planned]:
    """The plan of all sites, or of one. `courses_of` gives a site's courses, for pulls that are cut by course.

    There is one database: its backup is planned for the first site that it is wanted for, and not again.
    """
    found: list[Planned] = []
    alone = len(settings.sites) == 1
    for job in settings.schedule:
        wanted = [name for name in (job.sites or settings.sites) if only is None or name == only]
        for name in wanted[:1] if job.job == BACKUP else wanted:
            rule = timing(job.every, job.at, name, ZoneInfo(settings.sites[name].timezone), alone=alone)
            courses = courses_of(name) if job.each == "course" else [""]
            found += [Planned(name, job.job, rule, course) for course in courses]
    return in_order(found)


def longest_job(settings: Settings, site: str) -> timedelta:
    """How long a job may hold a site before it gives way to others."""
    return interval(settings.sites[site].limits.longest_job)
