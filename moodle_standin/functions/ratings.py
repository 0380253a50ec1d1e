"""What Moodle tells of ratings beside posts and entries; nobody rates anything here."""

from __future__ import annotations

from typing import Any

from moodle_standin.records import CourseModule
from moodle_standin.site import Site


def no_ratings(site: Site, module: CourseModule, area: str) -> dict[str, Any]:
    """The ratings of an activity that has none."""
    return {
        "contextid": site.context_id("module", module.id),
        "component": f"mod_{module.modname}",
        "ratingarea": area,
        "canviewall": None,
        "canviewany": None,
        "scales": [],
        "ratings": [],
    }
