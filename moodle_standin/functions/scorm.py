"""mod_scorm: reading activities and SCOs, and tracking as the mobile app does it."""

from __future__ import annotations

from typing import Any

from moodle_standin.completion import viewed
from moodle_standin.errors import MoodleError, missing_record
from moodle_standin.formatting import name_in_answer
from moodle_standin.functions.registry import serves
from moodle_standin.records import CourseModule, Sco, Scorm, User
from moodle_standin.scorm import find_attempt, insert_track, open_attempt, tracks
from moodle_standin.site import Call


def _enter(call: Call, scorm_id: int) -> tuple[Scorm, CourseModule]:
    scorm = call.site.scorms.get(scorm_id)
    if scorm is None:
        raise missing_record("scorm")
    module = call.site.module_of("scorm", scorm_id)
    call.site.require_module_access(call.user, module)
    return scorm, module


def _sco(call: Call, sco_id: int) -> Sco:
    sco = call.site.scoes.get(sco_id)
    if sco is None:
        raise MoodleError("cannotfindsco", "Could not find SCO")
    return sco


def _other_user(call: Call, user_id: int, module: CourseModule) -> User:
    user = call.site.user(user_id)
    if user.id != call.user.id:
        call.require("mod/scorm:viewreport", module.course)
    return user


def accessible_courses(call: Call, course_ids: list[int]) -> tuple[list[int], list[dict[str, Any]]]:
    """The courses that the caller may enter; for the others Moodle gives a warning."""
    site = call.site
    if not course_ids:
        return [c for c in site.courses if site.is_actively_enrolled(c, call.user.id)], []
    good, warnings = [], []
    for course_id in course_ids:
        try:
            site.require_course_access(call.user, course_id)
            good.append(course_id)
        except MoodleError:
            warnings.append(
                {
                    "item": "course",
                    "itemid": course_id,
                    "warningcode": "1",
                    "message": "No access rights in course context",
                }
            )
    return good, warnings


@serves("mod_scorm_get_scorms_by_courses")
def get_scorms_by_courses(call: Call, params: dict[str, Any]) -> Any:
    """Everything that tells whether a push arrived: sha1hash, version, launch, revision, and the rules for
    managers.
    """
    site = call.site
    courses, warnings = accessible_courses(call, params["courseids"])
    rows = []
    for course_id in courses:
        manages = call.can("moodle/course:manageactivities", course_id)
        for module in site.modules_in(course_id):
            if module.modname != "scorm" or not (
                module.visible or call.can("moodle/course:viewhiddenactivities", course_id)
            ):
                continue
            rows.append(_activity(call, module, site.scorms[module.instance], manages))
    option = {"name": "scormstandard", "value": str(int(site.settings.scorm_standard))}
    return {"scorms": site.shuffled(rows), "options": [option], "warnings": warnings}


def _activity(call: Call, module: CourseModule, scorm: Scorm, manages: bool) -> dict[str, Any]:
    site = call.site
    context = site.context_id("module", module.id)
    row: dict[str, Any] = {
        "id": scorm.id,
        "coursemodule": module.id,
        "course": module.course,
        "name": name_in_answer(call, scorm.name),
        "intro": scorm.intro,
        "introformat": 1,
        "introfiles": [],
        "lang": "",
        "packagesize": len(scorm.package.content) if scorm.package else 0,
        "packageurl": f"{site.settings.url}/webservice/pluginfile.php/{context}/mod_scorm/package/0/{scorm.reference}",
        "version": scorm.version,
        "maxgrade": scorm.maxgrade,
        "grademethod": scorm.grademethod,
        "whatgrade": scorm.whatgrade,
        "maxattempt": scorm.maxattempt,
        "forcecompleted": False,
        "forcenewattempt": scorm.forcenewattempt,
        "lastattemptlock": False,
        "displayattemptstatus": 1,
        "displaycoursestructure": False,
        "sha1hash": scorm.sha1hash,
        "md5hash": "",
        "revision": scorm.revision,
        "launch": scorm.launch,
        "skipview": scorm.skipview,
        "hidebrowse": False,
        "hidetoc": scorm.hidetoc,
        "nav": 1,
        "navpositionleft": -100,
        "navpositiontop": -100,
        "auto": False,
        "popup": 0,
        "width": 100,
        "height": 500,
        "timeopen": 0,
        "timeclose": 0,
        "scormtype": "local",
        "reference": scorm.reference,
        "protectpackagedownloads": site.settings.protect_package_downloads,
    }
    if manages:
        row |= {
            "section": site.courses[module.course].sections.index(module.section),
            "visible": module.visible,
            "groupmode": 0,
            "groupingid": 0,
            "updatefreq": 0,
            "options": "",
            "completionstatusrequired": scorm.completionstatusrequired,
            "completionscorerequired": scorm.completionscorerequired,
            "completionstatusallscos": scorm.completionstatusallscos,
            "autocommit": False,
            "timemodified": 0,
        }
    return row


@serves("mod_scorm_get_scorm_scoes")
def get_scorm_scoes(call: Call, params: dict[str, Any]) -> Any:
    """The rows that Moodle made of the manifest, in its order."""
    scorm, _ = _enter(call, params["scormid"])
    organization = params["organization"]
    found = [
        s
        for s in call.site.scoes.values()
        if s.scorm == scorm.id and (not organization or s.organization == organization)
    ]
    return {
        "scoes": [
            {
                "id": s.id,
                "scorm": s.scorm,
                "manifest": s.manifest,
                "organization": s.organization,
                "parent": s.parent,
                "identifier": s.identifier,
                "launch": s.launch,
                "scormtype": s.scormtype,
                "title": s.title,
                "sortorder": s.sortorder,
                "extradata": [{"element": k, "value": v} for k, v in s.data.items()],
            }
            for s in sorted(found, key=lambda s: s.sortorder)
        ],
        "warnings": [],
    }


@serves("mod_scorm_view_scorm")
def view_scorm(call: Call, params: dict[str, Any]) -> Any:
    """The entry page was opened: an event only, the activity counts as viewed from there."""
    _, module = _enter(call, params["scormid"])
    viewed(call, module)
    return {"status": True, "warnings": []}


@serves("mod_scorm_launch_sco")
def launch_sco(call: Call, params: dict[str, Any]) -> Any:
    """A SCO was started."""
    scorm, module = _enter(call, params["scormid"])
    if params["scoid"]:
        _sco(call, params["scoid"])
    elif not scorm.launch:
        raise MoodleError("cannotfindsco", "Could not find SCO")
    viewed(call, module)
    return {"status": True, "warnings": []}


@serves("mod_scorm_insert_scorm_tracks")
def insert_scorm_tracks(call: Call, params: dict[str, Any]) -> Any:
    """Stores values for the caller's own attempt; Moodle checks neither names nor lengths here."""
    sco = _sco(call, params["scoid"])
    scorm, module = _enter(call, sco.scorm)
    call.require("mod/scorm:savetrack", module.course)
    attempt = open_attempt(call.site, scorm.id, call.user.id, params["attempt"])
    ids = [insert_track(call, sco, attempt, t["element"], t["value"]) for t in params["tracks"]]
    call.record(
        "scorm_track", "set", sco=sco.id, scorm=scorm.id, userid=call.user.id, attempt=attempt.attempt,
        elements={t["element"]: t["value"][:80] for t in params["tracks"]},
    )  # fmt: skip
    return {"trackids": ids, "warnings": []}


@serves("mod_scorm_get_scorm_attempt_count")
def get_scorm_attempt_count(call: Call, params: dict[str, Any]) -> Any:
    """How many attempts there are; with ignoremissingcompletion only those that sent a score."""
    scorm, module = _enter(call, params["scormid"])
    user = _other_user(call, params["userid"], module)
    attempts = call.site.scorm_attempts.get((scorm.id, user.id), [])
    if params["ignoremissingcompletion"]:
        element = "cmi.score.raw" if scorm.version == "SCORM_1.3" else "cmi.core.score.raw"
        if scorm.version != "SCORM_1.3" and scorm.grademethod == 0:
            element = "cmi.core.lesson_status"
        attempts = [a for a in attempts if any(e == element for _, e in a.values)]
    return {"attemptscount": len(attempts), "warnings": []}


@serves("mod_scorm_get_scorm_sco_tracks")
def get_scorm_sco_tracks(call: Call, params: dict[str, Any]) -> Any:
    """The values of one SCO in one attempt, numbers and texts mixed as Moodle mixes them."""
    sco = _sco(call, params["scoid"])
    _, module = _enter(call, sco.scorm)
    user = _other_user(call, params["userid"], module)
    number = params["attempt"]
    if not number:
        attempts = call.site.scorm_attempts.get((sco.scorm, user.id), [])
        number = attempts[-1].attempt if attempts else 1
    rows = _usertrack(call, sco, user, number)
    status = next((row["value"] for row in rows if row["element"] == "status"), "")
    warnings = []
    if status == "":
        rows = []
        warnings.append(
            {"item": "attempt", "itemid": number, "warningcode": "notattempted", "message": "Not attempted"}
        )
    return {"data": {"attempt": number, "tracks": rows}, "warnings": warnings}


def _usertrack(call: Call, sco: Sco, user: User, number: int) -> list[dict[str, Any]]:
    found = tracks(find_attempt(call.site, sco.scorm, user.id, number), sco.id)
    if not found:
        return []
    track: dict[str, Any] = {
        "score_raw": "",
        "status": "",
        "total_time": "00:00:00",
        "session_time": "00:00:00",
        "timemodified": str(max(v.timemodified for v in found)),
    }
    for value in found:
        track[value.element] = value.value
        if value.element in ("cmi.core.lesson_status", "cmi.completion_status"):
            track["status"] = "notattempted" if value.value == "not attempted" else value.value
        elif value.element in ("cmi.core.score.raw", "cmi.score.raw"):
            track["score_raw"] = _score(value.value)
        elif value.element in ("cmi.core.session_time", "cmi.session_time"):
            track["session_time"] = value.value
        elif value.element in ("cmi.core.total_time", "cmi.total_time"):
            track["total_time"] = value.value
    track |= {"userid": user.id, "scoid": str(sco.id)}
    return [{"element": k, "value": v} for k, v in track.items()]


def _score(text: str) -> float:
    try:
        return round(float(text), 2)
    except ValueError:
        return 0.0


_DEFAULTS_12 = {
    "cmi.core.credit": "credit",
    "cmi.core.lesson_mode": "normal",
    "cmi.student_data.time_limit_action": "",
    "cmi.core.total_time": "00:00:00",
    "cmi.core.lesson_location": "",
    "cmi.core.lesson_status": "",
    "cmi.core.score.raw": "",
    "cmi.core.score.max": "",
    "cmi.core.score.min": "",
    "cmi.core.exit": "",
    "cmi.suspend_data": "",
    "cmi.comments": "",
    "cmi.student_preference.language": "",
    "cmi.student_preference.audio": "0",
    "cmi.student_preference.speed": "0",
    "cmi.student_preference.text": "0",
}


@serves("mod_scorm_get_scorm_user_data")
def get_scorm_user_data(call: Call, params: dict[str, Any]) -> Any:
    """What the player needs to go on: per SCO the values so far and those that GetValue begins with."""
    scorm, _ = _enter(call, params["scormid"])
    site, user = call.site, call.user
    rows = []
    for sco in sorted((s for s in site.scoes.values() if s.scorm == scorm.id), key=lambda s: s.sortorder):
        found = _usertrack(call, sco, user, params["attempt"])
        if found:
            found = [
                r if r["element"] != "userid" else {"element": "userid", "value": str(user.id)} for r in found
            ]
            own = {
                "isvisible": sco.data.get("isvisible", "true"),
                "parameters": sco.data.get("parameters", ""),
            }
            entry = (
                "resume" if any(r == {"element": "cmi.core.exit", "value": "suspend"} for r in found) else ""
            )
        else:
            own = {"status": "", "score_raw": "", "parameters": sco.data.get("parameters", "")}
            entry = "ab-initio"
        userdata = [
            {"element": "student_id", "value": user.username},
            {"element": "student_name", "value": user.fullname},
            *found,
            *({"element": k, "value": v} for k, v in own.items()),
            {"element": "entry", "value": entry},
            {"element": "mode", "value": "normal"},
            {"element": "credit", "value": "credit"},
        ]
        now = {r["element"]: r["value"] for r in found}
        defaults = {
            "cmi.core.student_id": user.username,
            "cmi.core.student_name": user.fullname,
            "cmi.core.entry": entry,
            "cmi.launch_data": sco.data.get("datafromlms", ""),
            "cmi.student_data.mastery_score": sco.data.get("masteryscore", ""),
            "cmi.student_data.max_time_allowed": sco.data.get("maxtimeallowed", ""),
            **_DEFAULTS_12,
        }
        rows.append(
            {
                "scoid": sco.id,
                "userdata": userdata,
                "defaultdata": [{"element": k, "value": now.get(k, v)} for k, v in defaults.items()],
            }
        )
    return {"data": rows, "warnings": []}
