"""The exceptions of Moodle 4.5 as data: class name, errorcode and the English message that a client sees."""

from __future__ import annotations

from typing import Final

MOODLE: Final = "core\\exception\\moodle_exception"
INVALID_PARAMETER: Final = "core\\exception\\invalid_parameter_exception"
REQUIRED_CAPABILITY: Final = "core\\exception\\required_capability_exception"
REQUIRE_LOGIN: Final = "core\\exception\\require_login_exception"
CODING: Final = "core\\exception\\coding_exception"
ACCESS: Final = "webservice_access_exception"
MISSING_RECORD: Final = "dml_missing_record_exception"
WRITE: Final = "dml_write_exception"

NOT_ACCESSIBLE: Final = "Course or activity not accessible."

# Moodle's own English names of the capabilities, as they stand between the brackets of "nopermissions".
CAPABILITY_NAMES: Final[dict[str, str]] = {
    "enrol/manual:enrol": "Enrol users",
    "enrol/manual:unenrol": "Unenrol users from the course",
    "gradereport/user:view": "View user report",
    "local/lmssync:pull": "Read completions, grades and attempts for lms-sync",
    "local/lmssync:push": "Create and change course content with lms-sync",
    "local/lmssync:setcertificates": "Show people their certificates, and what is missing, for lms-sync",
    "mod/assign:grade": "Grade assignment",
    "mod/quiz:addinstance": "Add a new quiz",
    "mod/quiz:attempt": "Attempt quizzes",
    "mod/quiz:manage": "Manage quizzes",
    "mod/quiz:preview": "Preview quizzes",
    "mod/quiz:reviewmyattempts": "Review your own attempts",
    "mod/quiz:view": "View quiz information",
    "mod/quiz:viewreports": "View quiz reports",
    "mod/scorm:addinstance": "Add a new SCORM package",
    "mod/scorm:savetrack": "Save tracks",
    "mod/scorm:viewreport": "View reports",
    "moodle/category:manage": "Manage categories",
    "moodle/cohort:assign": "Add and remove cohort members",
    "moodle/cohort:manage": "Create, delete and move cohorts",
    "moodle/cohort:view": "View site-wide cohorts",
    "moodle/course:activityvisibility": "Hide/show activities",
    "moodle/course:changecategory": "Change course category",
    "moodle/course:changefullname": "Change course full name",
    "moodle/course:changeidnumber": "Change course ID number",
    "moodle/course:changeshortname": "Change course short name",
    "moodle/course:changesummary": "Change course summary",
    "moodle/course:create": "Create courses",
    "moodle/course:delete": "Delete courses",
    "moodle/course:manageactivities": "Manage activities",
    "moodle/course:managegroups": "Manage groups",
    "moodle/course:movesections": "Move sections",
    "moodle/course:overridecompletion": "Override activity completion status",
    "moodle/course:sectionvisibility": "Control section visibility",
    "moodle/course:update": "Update course settings",
    "moodle/course:view": "View courses without participation",
    "moodle/course:viewparticipants": "View participants",
    "moodle/course:visibility": "Hide/show courses",
    "moodle/question:add": "Add new questions",
    "moodle/question:managecategory": "Edit question categories",
    "moodle/question:useall": "Use all questions",
    "moodle/question:viewall": "View all questions",
    "moodle/user:create": "Create users",
    "moodle/user:update": "Update user profiles",
    "report/completion:view": "View course completion report",
    "report/progress:view": "View activity completion reports",
    "webservice/rest:use": "Use REST protocol",
}


class MoodleError(Exception):
    """An exception as Moodle's REST server reports it: HTTP 200 with exception, errorcode and message."""

    def __init__(
        self, errorcode: str, message: str, *, exception: str = MOODLE, debuginfo: str | None = None
    ) -> None:
        super().__init__(message)
        self.errorcode = errorcode
        self.message = message
        self.exception = exception
        self.debuginfo = debuginfo


class NotServedError(Exception):
    """A real Moodle 4.5.6 has this function, the stand-in does not: a message to developers, not Moodle's."""


def invalid_parameter(reason: str) -> MoodleError:
    """Moodle says only "Invalid parameter value detected"; the reason is debuginfo, shown when debugging is
    on.
    """
    return MoodleError(
        "invalidparameter", "Invalid parameter value detected", exception=INVALID_PARAMETER, debuginfo=reason
    )


def invalid_token() -> MoodleError:
    """The token is missing, unknown, or was lost with the end of a request that was too long."""
    return MoodleError("invalidtoken", "Invalid token - token not found")


def access_denied(reason: str) -> MoodleError:
    """One answer for an expired token, a disabled service, a wrong address, a function outside the service."""
    return MoodleError("accessexception", "Access control exception", exception=ACCESS, debuginfo=reason)


def missing_record(table: str) -> MoodleError:
    """A row was looked up by its id and is not there."""
    return MoodleError(
        "invalidrecord", f"Can't find data record in database table {table}.", exception=MISSING_RECORD
    )


def no_permission(capability: str) -> MoodleError:
    """The caller's roles lack a capability."""
    name = CAPABILITY_NAMES.get(capability, capability)
    return MoodleError(
        "nopermissions",
        f"Sorry, but you do not currently have permissions to do that ({name}).",
        exception=REQUIRED_CAPABILITY,
    )


def login_required() -> MoodleError:
    """The caller may not enter the course: not enrolled, suspended, or the course is hidden."""
    return MoodleError("requireloginerror", NOT_ACCESSIBLE, exception=REQUIRE_LOGIN)


def course_context_not_valid(course_id: int) -> MoodleError:
    """The same refusal as `login_required`, in the words of the functions that wrap it."""
    return MoodleError(
        "errorcoursecontextnotvalid",
        f"You cannot execute functions in the course context (course id:{course_id}). "
        f"The context error message was: {NOT_ACCESSIBLE}",
    )


def write_error(reason: str) -> MoodleError:
    """The database refused a value, for instance one that is too long for its column."""
    return MoodleError("dmlwriteexception", "Error writing to database", exception=WRITE, debuginfo=reason)


def coding_error(reason: str) -> MoodleError:
    """Core code was used in a way it does not allow."""
    return MoodleError(
        "codingerror",
        f"Coding error detected, it must be fixed by a programmer: {reason}",
        exception=CODING,
    )


def plugin_error(errorcode: str, message: str) -> MoodleError:
    """An exception that the companion plugin throws by itself."""
    return MoodleError(errorcode, message)
