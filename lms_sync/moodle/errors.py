"""What can go wrong between us and a Moodle, as types.

::

    MoodleError
    ├── SiteUnreachable      no connection, no name, bad certificate, timeout
    ├── SiteBusy             maintenance, upgrade running, 5xx: later it works
    ├── AccessRefused        token, service, capability, web services off
    ├── FunctionMissing      the function is not in the service, or the plugin is not there
    ├── CallRefused          Moodle refused the call (a parameter, a business rule, our plugin's rules)
    └── UnknownOutcome       the answer is no answer: the work may have been done; read again
"""

from __future__ import annotations

from authoring.problems import LmsSyncError


class MoodleError(LmsSyncError):
    """Any failure of a call. `errorcode` is Moodle's own, where there was one."""

    def __init__(self, code: str, /, *, errorcode: str = "", **params: object) -> None:
        super().__init__(code, None, errorcode=errorcode, **params)
        self.errorcode = errorcode


class SiteUnreachable(MoodleError):
    """The site could not be reached; nothing was sent, or nothing came back."""


class SiteBusy(MoodleError):
    """The site is in maintenance or upgrading; nothing was done. `retry_after`: seconds that it asked to wait."""

    retry_after: int = 0


class AccessRefused(MoodleError):
    """The token, the service or a capability does not allow the call; nothing was done."""


class FunctionMissing(MoodleError):
    """The site does not know the function; nothing was done."""


class CallRefused(MoodleError):
    """Moodle understood the call and refused it; nothing was done."""


class UnknownOutcome(MoodleError):
    """The reply cannot be understood. A write may have landed: read back before trying again."""
