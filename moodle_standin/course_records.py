"""Making courses, sections and course modules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moodle_standin.records import Course, CourseModule, GradeItem, Section
from moodle_standin.site import Site

YEAR = 365 * 86400


def create_course_record(site: Site, wanted: Mapping[str, Any]) -> Course:
    """Makes a course with its sections, its announcements forum and its course grade item, without any
    check.
    """
    now = site.now()
    start = int(wanted.get("startdate") or (now - now % 86400 + 86400))
    course = Course(
        id=site.next_id("course"),
        category=wanted["categoryid"],
        fullname=wanted["fullname"],
        shortname=wanted["shortname"],
        startdate=start,
        enddate=int(wanted["enddate"]) if wanted.get("enddate") is not None else start + YEAR,
        timecreated=now,
        timemodified=now,
        formatoptions={"hiddensections": 1, "coursedisplay": 0, "indentation": "1"},
    )
    set_course_fields(course, wanted)
    site.courses[course.id] = course
    numsections = wanted.get("numsections")
    for _ in range(1 + (4 if numsections is None else int(numsections))):
        add_section(site, course)
    if course.newsitems:
        instance = site.next_id("forum")
        site.forums[instance] = "Announcements"
        add_module(site, course, course.sections[0], "forum", instance)
    item = GradeItem(site.next_id("grade_items"), course.id, "course", "", course.id)
    site.grade_items[item.id] = item
    return course


_COURSE_FIELDS = (
    "fullname", "shortname", "idnumber", "summary", "summaryformat", "format", "showgrades", "newsitems",
    "startdate", "enddate", "maxbytes", "showreports", "visible", "groupmode", "groupmodeforce",
    "defaultgroupingid", "enablecompletion", "completionnotify", "lang",
)  # fmt: skip


def set_course_fields(course: Course, wanted: Mapping[str, Any]) -> None:
    """Copies the fields that were sent; those left out stay as they are."""
    for name in _COURSE_FIELDS:
        if wanted.get(name) is not None:
            setattr(course, name, wanted[name])
    for option in wanted.get("courseformatoptions") or []:
        course.formatoptions[option["name"]] = option["value"]


def add_section(site: Site, course: Course, position: int | None = None) -> Section:
    """Adds a section at a place of the page (its number), or at the end."""
    section = Section(site.next_id("course_sections"), course.id)
    site.sections[section.id] = section
    course.sections.insert(len(course.sections) if position is None else position, section.id)
    return section


def add_module(site: Site, course: Course, section_id: int, modname: str, instance: int) -> CourseModule:
    """Adds a course module at the end of a section."""
    module = CourseModule(
        site.next_id("course_modules"), course.id, section_id, modname, instance, added=site.now()
    )
    site.modules[module.id] = module
    site.sections[section_id].sequence.append(module.id)
    return module
