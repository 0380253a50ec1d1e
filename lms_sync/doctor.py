"""Looks a site over: what is missing for the sync, and how to mend it. Changes nothing but an upload it takes back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from lms_sync.adopted import AdoptedCourse
from lms_sync.clock import Clock
from lms_sync.edition import SCORM_2004, edition_told
from lms_sync.moodle.client import MoodleClient
from lms_sync.moodle.errors import CallRefused, FunctionMissing, MoodleError
from lms_sync.moodle.functions import (
    ADOPT_FUNCTIONS,
    CORE_FUNCTIONS,
    FUNCTIONS,
    PLUGIN_FUNCTIONS,
    READ_ONLY_FUNCTIONS,
    READING_FUNCTIONS,
)
from lms_sync.moodle.state_by_core import FUNCTIONS_WITHOUT_PLUGIN, SCORMS
from lms_sync.pull import CHANGES
from lms_sync.pull_by_person import try_course
from lms_sync.settings import Settings, settings_warnings
from lms_sync.verified_release import VERIFIED_RELEASE, is_verified

Level = Literal["good", "warning", "fault"]

MINIMUM_PLUGIN = 2026112250
_WANTED_INPUT_VARS = 1000
_MAX_CLOCK_SKEW = 120


@dataclass(frozen=True)
class Finding:
    """One thing looked at: a message code with its values, and whether it is as it should be."""

    level: Level
    code: str
    params: Mapping[str, object] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {"level": self.level, "code": self.code, **{k: str(v) for k, v in self.params.items()}}


def size_in_words(size: float) -> str:
    """A number of bytes as people say it: "512 kB", "20 MB"."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def examine_site(
    client: MoodleClient,
    settings: Settings,
    clock: Clock,
    *,
    several_languages: bool,
    largest_upload: int = 0,
    adopted: Sequence[AdoptedCourse] = (),
    courses: Sequence[str] = (),
    help_desk: bool = False,
) -> Iterator[Finding]:
    """Findings about a site, in the order in which they should be mended.

    `several_languages` says that some course has texts in more than one; `largest_upload` is the size in
    bytes of the largest package built; `adopted` are the courses that are only read, `courses` the keys of
    those that are pushed; `help_desk` says that the academy has one. MoodleErrors become findings; the
    examination ends where nothing more can be asked.
    """
    for problem in settings_warnings(settings):
        yield Finding("warning", problem.code, problem.params)
    try:
        info = client.call("core_webservice_get_site_info")
    except MoodleError as error:
        yield Finding("fault", error.code, error.problem.params)
        return
    yield Finding("good", "doctor.reached", {"site": info["sitename"], "release": info["release"]})
    yield Finding("good", "doctor.account", {"username": info["username"]})
    yield from _release(str(info["release"]))
    if info.get("userissiteadmin"):
        yield Finding("warning", "doctor.administrator", {"username": info["username"]})
    offered = {one["name"] for one in info["functions"]}
    if client.read_only:
        yield from _read_only(client, settings, clock, offered, adopted)
        yield from _issuer_findings(settings)
        return
    without_plugin = not offered & set(PLUGIN_FUNCTIONS)
    if missing_plugin := [name for name in PLUGIN_FUNCTIONS if name not in offered]:
        if without_plugin:
            yield Finding("warning", "doctor.no-plugin", {})
        else:
            yield Finding("fault", "doctor.old-plugin", {"functions": ", ".join(missing_plugin)})
    needed = FUNCTIONS_WITHOUT_PLUGIN if without_plugin else CORE_FUNCTIONS
    if missing_core := [name for name in needed if name not in offered]:
        yield Finding(
            "fault",
            "doctor.functions-missing",
            {"functions": ", ".join(missing_core), "n": len(missing_core)},
        )
    if without_plugin:
        pass  # files go up by hand
    elif not info.get("uploadfiles"):
        yield Finding("fault", "doctor.no-upload", {})
    elif "core_files_delete_draft_files" in offered:
        yield _try_upload(client)
    if "local_lmssync_get_site" in offered:
        yield from _plugin_findings(
            client, settings, clock, several_languages, largest_upload, help_desk=help_desk
        )
    if SCORMS in offered and "core_course_get_courses_by_field" in offered:
        yield from _offline_packages(client, courses)
    yield from _issuer_findings(settings)


def _read_only(
    client: MoodleClient,
    settings: Settings,
    clock: Clock,
    offered: Collection[str],
    adopted: Sequence[AdoptedCourse],
) -> Iterator[Finding]:
    """Findings about a site that is only read: no uploads, no rights to push, the plugin as one wishes."""
    yield Finding("good", "doctor.read-only", {})
    by_plugin = CHANGES in offered
    wanted = ADOPT_FUNCTIONS if by_plugin else READ_ONLY_FUNCTIONS
    if lacking := [name for name in wanted if name not in offered]:
        params = {"functions": ", ".join(lacking), "n": len(lacking)}
        yield Finding("fault", "doctor.reading-functions-missing", params)
    elif not by_plugin:
        yield Finding("good", "doctor.reading-functions", {})
    if writing := [name for name in FUNCTIONS if name in offered and name not in READING_FUNCTIONS]:
        yield Finding("warning", "doctor.token-can-write", {"n": len(writing)})
    if not by_plugin:
        yield Finding("good", "doctor.reads-by-person", {})
        for course in adopted:
            yield from _course_readable(client, settings, course)
    elif "local_lmssync_get_site" in offered:
        yield from _plugin_for_reading(client, clock)


def _plugin_for_reading(client: MoodleClient, clock: Clock) -> Iterator[Finding]:
    try:
        site = client.call("local_lmssync_get_site")
    except MoodleError as error:
        yield Finding("fault", error.code, error.problem.params)
        return
    yield from _plugin_version(site)
    if not site["completion_enabled"]:
        yield Finding("fault", "doctor.no-completion", {})
    yield from _clock_skew(site, clock)


def _course_readable(client: MoodleClient, settings: Settings, course: AdoptedCourse) -> Iterator[Finding]:
    """Reads one learner of an adopted course in every way that a pull does."""
    role = next(one.student_role_id for name, one in settings.sites.items() if name == course.site)
    refused = 0
    for function, error in try_course(client, course.moodle_course, role=role):
        refused += 1
        reason = error.problem.params.get("message") or error.errorcode or error.code
        params = {"course": course.key, "function": function, "reason": reason}
        yield Finding("fault", "doctor.course-not-readable", params)
    if not refused:
        yield Finding("good", "doctor.course-readable", {"course": course.key})


def _release(release: str) -> Iterator[Finding]:
    if not is_verified(release):
        yield Finding(
            "warning", "doctor.release-not-verified", {"release": release, "verified": VERIFIED_RELEASE}
        )


def _try_upload(client: MoodleClient) -> Finding:
    try:
        draft = client.upload_bytes(b"lms-sync doctor\n", "lms-sync-doctor.txt")
        client.call(
            "core_files_delete_draft_files",
            {"draftitemid": draft, "files": [{"filepath": "/", "filename": "lms-sync-doctor.txt"}]},
            write=True,
        )
    except MoodleError as error:
        return Finding("fault", "doctor.upload-failed", {**error.problem.params, "reason": error.code})
    return Finding("good", "doctor.upload", {})


def _plugin_findings(
    client: MoodleClient,
    settings: Settings,
    clock: Clock,
    several_languages: bool,
    largest_upload: int,
    *,
    help_desk: bool,
) -> Iterator[Finding]:
    try:
        site = client.call("local_lmssync_get_site")
    except (CallRefused, FunctionMissing, MoodleError) as error:
        yield Finding("fault", error.code, error.problem.params)
        return
    yield from _plugin_version(site)
    if missing := list(site["missing_capabilities"]):
        yield Finding(
            "fault", "doctor.capabilities-missing", {"capabilities": ", ".join(missing), "n": len(missing)}
        )
    else:
        yield Finding("good", "doctor.capabilities", {})
    if help_desk and (missing := list(site.get("missing_for_helpdesk") or ())):
        params = {"capabilities": ", ".join(missing), "n": len(missing)}
        yield Finding("warning", "doctor.helpdesk-capabilities", params)
    roles = {int(one["id"]): str(one["shortname"]) for one in site.get("assignable_roles") or ()}
    for name, one in settings.sites.items():
        if one.url.rstrip("/") == client.url and one.student_role_id not in roles:
            known = ", ".join(f"{number} ({role})" for number, role in sorted(roles.items())) or "-"
            params = {"id": one.student_role_id, "site": name, "known": known}
            yield Finding("fault", "doctor.student-role", params)
    if not site["completion_enabled"]:
        yield Finding("fault", "doctor.no-completion", {})
    if (
        several_languages
        and not site["multilang_filter"]
        and any(one.multilang for one in settings.sites.values())
    ):
        yield Finding("warning", "doctor.no-multilang", {})
    if int(site["max_input_vars"]) < _WANTED_INPUT_VARS:
        yield Finding(
            "fault", "doctor.input-vars", {"has": site["max_input_vars"], "wanted": _WANTED_INPUT_VARS}
        )
    limit = min(int(site["post_max_size"]) or 1 << 62, int(site["upload_max_filesize"]) or 1 << 62)
    if largest_upload and largest_upload >= limit:
        yield Finding(
            "fault",
            "doctor.upload-limit",
            {"size": size_in_words(largest_upload), "limit": size_in_words(limit)},
        )
    if not site["mobile_enabled"]:
        yield Finding("warning", "doctor.no-mobile", {})
    yield from _clock_skew(site, clock)


def _offline_packages(client: MoodleClient, courses: Sequence[str]) -> Iterator[Finding]:
    """Whether the app may download packages (the site forbids it for all of them or for none) and can play them."""
    newer: list[str] = []
    forbidden = False
    try:
        for key in courses:
            found = client.call("core_course_get_courses_by_field", {"field": "idnumber", "value": key})[
                "courses"
            ]
            rows = (
                client.call(SCORMS, {"courseids": [int(one["id"]) for one in found]})["scorms"]
                if found
                else []
            )
            forbidden = forbidden or any(row.get("protectpackagedownloads") for row in rows)
            newer += [key for row in rows if edition_told(str(row.get("version"))) == SCORM_2004]
    except MoodleError as error:
        yield Finding("warning", error.code, error.problem.params)
    if forbidden:
        yield Finding("warning", "doctor.no-offline-packages", {})
    if newer:
        params = {"n": len(newer), "keys": ", ".join(dict.fromkeys(newer))}
        yield Finding("warning", "doctor.edition-2004", params)


def _plugin_version(site: Mapping[str, Any]) -> Iterator[Finding]:
    if int(site["plugin_version"]) < MINIMUM_PLUGIN:
        params = {"has": site["plugin_version"], "wanted": MINIMUM_PLUGIN}
        yield Finding("fault", "doctor.plugin-version", params)
    else:
        yield Finding("good", "doctor.plugin", {"release": site["plugin_release"]})


def _clock_skew(site: Mapping[str, Any], clock: Clock) -> Iterator[Finding]:
    skew = int(clock.now().timestamp()) - int(site["server_time"])
    if abs(skew) > _MAX_CLOCK_SKEW:
        yield Finding("warning", "doctor.clock", {"n": abs(skew)})


def _issuer_findings(settings: Settings) -> Iterator[Finding]:
    if settings.issuer.did is None:
        yield Finding("warning", "doctor.no-issuer", {})
    if settings.portal.base_url is None:
        yield Finding("warning", "doctor.no-portal", {})
