"""core_files: draft areas. A draft area belongs to one user; with another token it looks empty."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from moodle_standin.errors import MoodleError, coding_error, invalid_parameter
from moodle_standin.functions.registry import serves
from moodle_standin.records import StoredFile
from moodle_standin.site import Call, sha1


def unused_itemid(call: Call) -> int:
    """A draft itemid that nobody uses."""
    while True:
        itemid = call.site.random.randrange(1, 999_999_999)
        if not any(used == itemid for _, used in call.site.drafts):
            return itemid


def put_draft(call: Call, itemid: int, file: StoredFile) -> None:
    """Puts a file into a draft area of the caller."""
    call.site.drafts.setdefault((call.user.id, itemid), []).append(file)
    call.record("draft_file", "create", itemid=itemid, filename=file.filename, sha1=sha1(file.content))


def file_in_draft(call: Call, itemid: int, path: str, name: str) -> bool:
    """Whether the caller's draft area has a file of this path and name."""
    files = call.site.drafts.get((call.user.id, itemid), [])
    return any(f.filepath == path and f.filename == name for f in files)


@serves("core_files_get_unused_draft_itemid")
def get_unused_draft_itemid(call: Call, _params: dict[str, Any]) -> Any:
    """A new, empty draft area of the caller."""
    return {
        "component": "user",
        "contextid": call.site.context_id("user", call.user.id),
        "userid": call.user.id,
        "filearea": "draft",
        "itemid": unused_itemid(call),
        "warnings": [],
    }


@serves("core_files_upload")
def upload(call: Call, params: dict[str, Any]) -> Any:
    """Base64 into the caller's draft area; any other area is a coding error."""
    if params["component"] != "user" or params["filearea"] != "draft":
        raise coding_error("File can be uploaded to user draft area only")
    try:
        content = base64.b64decode(params["filecontent"], validate=True)
    except (binascii.Error, ValueError):
        raise invalid_parameter("filecontent is not base64") from None
    itemid = params["itemid"] if params["itemid"] > 0 else unused_itemid(call)
    path = params["filepath"] or "/"
    name = params["filename"]
    if file_in_draft(call, itemid, path, name):
        raise MoodleError("fileexist", f"File already exists: {name}")
    put_draft(call, itemid, StoredFile(name, content, path, call.user.fullname, call.site.now()))
    context = call.site.context_id("user", call.user.id)
    return {
        "contextid": context,
        "component": "user",
        "filearea": "draft",
        "itemid": itemid,
        "filepath": path,
        "filename": name,
        "url": f"{call.site.settings.url}/draftfile.php/{context}/user/draft/{itemid}{path}{name}",
    }


@serves("core_files_delete_draft_files")
def delete_draft_files(call: Call, params: dict[str, Any]) -> Any:
    """Removes files of a draft area of the caller."""
    key = (call.user.id, params["draftitemid"])
    doomed = {(f["filepath"], f["filename"]) for f in params["files"]}
    rest = [f for f in call.site.drafts.get(key, []) if (f.filepath, f.filename) not in doomed]
    if rest:
        call.site.drafts[key] = rest
    else:
        call.site.drafts.pop(key, None)
    return {"parentpaths": sorted({path for path, _ in doomed}), "warnings": []}


@serves("core_files_get_files")
def get_files(call: Call, params: dict[str, Any]) -> Any:
    """The stored package of a SCORM activity, addressed by its module."""
    site = call.site
    files: list[dict[str, Any]] = []
    if params["contextlevel"] == "module" and params["instanceid"]:
        module = site.module(params["instanceid"])
        course = site.require_module_access(call.user, module)
        context = site.context_id("module", module.id)
        category = site.course_categories[course.category]
        names = [
            (1, "System"),
            (site.context_id("category", category.id), category.name),
            (site.context_id("course", course.id), course.fullname),
            (context, site.module_name(module)),
        ]
        if module.modname == "scorm" and (params["component"], params["filearea"]) == (
            "mod_scorm",
            "package",
        ):
            package = site.scorms[module.instance].package
            if package is not None:
                files.append(
                    {
                        "contextid": context,
                        "component": "mod_scorm",
                        "filearea": "package",
                        "itemid": 0,
                        "filepath": "/",
                        "filename": package.filename,
                        "isdir": False,
                        "url": f"{site.settings.url}/pluginfile.php/{context}/mod_scorm/package/{package.filename}",
                        "timemodified": package.timecreated,
                        "timecreated": package.timecreated,
                        "filesize": len(package.content),
                        "author": package.author,
                        "license": "unknown",
                    }
                )
    else:
        raise invalid_parameter("the stand-in lists files of modules only")
    parents = [
        {
            "contextid": i,
            "component": None,
            "filearea": None,
            "itemid": None,
            "filepath": None,
            "filename": name,
        }
        for i, name in names
    ]
    return {"parents": parents, "files": files}
