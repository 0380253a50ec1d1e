"""core_course: course categories."""

from __future__ import annotations

from typing import Any

from moodle_standin.errors import MoodleError
from moodle_standin.formatting import name_in_answer
from moodle_standin.functions.registry import Steps, serves
from moodle_standin.records import CourseCategory
from moodle_standin.site import Call, Site


@serves("core_course_create_categories")
def create_categories(call: Call, params: dict[str, Any]) -> Steps:
    """All or nothing; a duplicate idnumber is `categoryidnumbertaken`, unless two calls overlap."""
    site = call.site
    new: list[CourseCategory] = []
    for wanted in params["categories"]:
        if wanted["parent"] and wanted["parent"] not in site.course_categories:
            raise MoodleError("unknowcategory", "error/unknowcategory")
        call.require("moodle/category:manage")
        name = wanted["name"].strip()
        idnumber = wanted.get("idnumber") or ""
        if not name:
            raise MoodleError("categorynamerequired", "Category name is required")
        if len(name) > 255:
            raise MoodleError("categorytoolong", "Category name is too long")
        if idnumber:
            if len(idnumber) > 100:
                raise MoodleError("idnumbertoolong", "ID number is too long")
            if any(c.idnumber == idnumber for c in [*site.course_categories.values(), *new]):
                raise MoodleError("categoryidnumbertaken", "ID number is already used for another category")
        new.append(
            CourseCategory(
                id=0,
                name=name,
                parent=wanted["parent"],
                idnumber=idnumber,
                description=wanted.get("description") or "",
                timemodified=site.now(),
            )
        )
    yield  # no unique index: see registry.Steps
    for category in new:
        category.id = site.next_id("course_categories")
        site.course_categories[category.id] = category
        call.record("course_category", "create", id=category.id, idnumber=category.idnumber)
    return [{"id": c.id, "name": name_in_answer(call, c.name)} for c in new]


@serves("core_course_get_categories")
def get_categories(call: Call, params: dict[str, Any]) -> Any:
    """Criteria id, ids, name, parent, idnumber, visible, theme; all must fit."""
    site = call.site
    found = list(site.course_categories.values())
    for criterion in params["criteria"]:
        key, value = criterion["key"], criterion["value"].strip()
        if key == "id":
            found = [c for c in found if str(c.id) == value]
        elif key == "ids":
            wanted = {part.strip() for part in value.split(",")}
            found = [c for c in found if str(c.id) in wanted]
        elif key == "idnumber":
            if not call.can("moodle/category:manage"):
                raise MoodleError("criteriaerror", "Missing permissions to search on a criterion.")
            found = [c for c in found if c.idnumber == value]
        elif key == "name":
            found = [c for c in found if c.name == value]
        elif key == "parent":
            found = [c for c in found if str(c.parent) == value]
        elif key == "visible":
            found = [c for c in found if str(c.visible) == value]
        else:
            raise MoodleError("criteriaerror", "You can not search on this criteria")
    if params["addsubcategories"]:
        wanted_ids = {c.id for c in found}
        below = [
            c for c in site.course_categories.values() if any(p in wanted_ids for p in _ancestors(site, c))
        ]
        found += [c for c in below if c.id not in wanted_ids]
    manages = call.can("moodle/category:manage")
    result = []
    for category in found:
        path = [*reversed(_ancestors(site, category)), category.id]
        row: dict[str, Any] = {
            "id": category.id,
            "name": name_in_answer(call, category.name),
            "description": category.description,
            "descriptionformat": 1,
            "parent": category.parent,
            "sortorder": 10000 * category.id,
            "coursecount": sum(c.category == category.id for c in site.courses.values()),
            "depth": len(path),
            "path": "/" + "/".join(str(part) for part in path),
        }
        if manages:
            row |= {
                "idnumber": category.idnumber,
                "visible": category.visible,
                "visibleold": category.visible,
                "timemodified": category.timemodified,
                "theme": "",
            }
        result.append(row)
    return result


def _ancestors(site: Site, category: CourseCategory) -> list[int]:
    result = []
    while category.parent:
        category = site.course_categories[category.parent]
        result.append(category.id)
    return result


@serves("core_course_update_categories")
def update_categories(call: Call, params: dict[str, Any]) -> Any:
    """All or nothing, answers null."""
    site = call.site
    for wanted in params["categories"]:
        if wanted["id"] not in site.course_categories:
            raise MoodleError("unknowncategory", "error/unknowncategory")
        call.require("moodle/category:manage")
        idnumber = wanted.get("idnumber")
        if idnumber and any(
            c.idnumber == idnumber and c.id != wanted["id"] for c in site.course_categories.values()
        ):
            raise MoodleError("categoryidnumbertaken", "ID number is already used for another category")
    for wanted in params["categories"]:
        category = site.course_categories[wanted["id"]]
        for name in ("name", "idnumber", "parent", "description"):
            if wanted.get(name) is not None:
                setattr(category, name, wanted[name])
        category.timemodified = site.now()
        call.record("course_category", "update", id=category.id, idnumber=category.idnumber)
    return None
