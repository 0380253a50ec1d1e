"""One connection to one Moodle: calls and uploads, with time limits, careful retries and no secret in sight."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlencode

import requests
import urllib3
from requests_toolbelt.multipart.encoder import MultipartEncoder, MultipartEncoderMonitor

from authoring.problems import Coded, Refused
from lms_sync.moodle.errors import (
    AccessRefused,
    CallRefused,
    MoodleError,
    SiteBusy,
    SiteUnreachable,
    UnknownOutcome,
)
from lms_sync.moodle.functions import MAKING_FUNCTIONS, MANY_CALLS, READING_FUNCTIONS
from lms_sync.moodle.throttle import Throttle
from lms_sync.moodle.watched_connection import Watch, watched_session
from lms_sync.moodle.wire import MAX_VARIABLES, Reply, form_of, parse_reply
from lms_sync.settings import Secret

log = logging.getLogger("lms_sync.moodle")


@dataclass(frozen=True)
class Limits:
    """How long a client waits, in seconds, and how much it takes."""

    connect: float = 10
    read: float = 60  # without a byte; so for a write, which works longer before it answers
    write: float = 300
    whole: float = 600  # for the whole of an answer, however steadily it drips
    reply_bytes: int = 200_000_000


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_SHORTEST_TOKEN = 8  # Moodle's have 32 characters; a shorter one may stand in a reply by chance
_WAITS = (0.5, 2.0, 5.0)
_ENCODINGS = {"", "identity", "gzip", "x-gzip", "deflate"}
_LONGEST_WAIT = 30  # seconds that a site may ask us to wait (Retry-After) while somebody watches


class MoodleClient:
    """Calls web service functions of one site with one token.

    A read is tried again after a broken connection or while the site is busy; a write is tried again only
    where it cannot have been received (no connection was made, or the site said that it is busy). Everything
    else about a write is UnknownOutcome, and the caller reads back.

    With `read_only` nothing that could change the site is sent: neither a call with `write`, nor a function
    that is not known to read only, nor a file. Refused is raised before.
    """

    def __init__(
        self,
        url: str,
        token: Secret,
        *,
        waits: tuple[float, ...] = _WAITS,
        sleep: Callable[[float], None] | None = None,
        limits: Limits | None = None,
        read_only: bool = False,
        throttle: Throttle | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.read_only = read_only
        self._token = token
        self._waits = waits
        self._sleep = sleep or time.sleep
        self._limits = limits or Limits()
        self.throttle = throttle or Throttle(sleep=self._sleep)
        self._answered = False
        self._http = watched_session()
        self._http.trust_env = False  # no proxy, no .netrc: the address in the configuration is the address
        self._http.headers["User-Agent"] = "lms-sync"
        self._http.headers["Accept-Encoding"] = "gzip"
        self.calls = 0
        self.warnings: list[str] = []
        self.before_write: Callable[[], None] | None = None
        """Called each time in the moment before a writing request leaves."""
        self.on_sent: Callable[[int], None] | None = None
        """Told of every piece of a file that is on its way, in bytes."""

    def another(self) -> MoodleClient:
        """A second connection to the same site with the same token, for another thread."""
        made = MoodleClient(
            self.url,
            self._token,
            waits=self._waits,
            sleep=self._sleep,
            limits=self._limits,
            read_only=self.read_only,
            throttle=self.throttle,
        )
        made.on_sent = self.on_sent
        return made

    def close(self) -> None:
        """Closes the connection."""
        self._http.close()

    def sleep(self, seconds: float) -> None:
        """Waits, as between two attempts."""
        self._sleep(seconds)

    def call(
        self, function: str, arguments: Mapping[str, object] | None = None, *, write: bool = False
    ) -> Any:
        """Calls a function; the value it returned. Raises MoodleError.

        What Moodle printed before its answer is kept in `warnings`. `write` says that the call changes
        something: it gets more time, and is not tried again blindly.
        """
        if self.read_only:
            _refuse_writing(function, arguments or {}, write=write)
        form = form_of(function, arguments or {}, self._token.reveal())
        if len(form) > MAX_VARIABLES:
            raise ValueError(f"{function}: {len(form)} variables in one request")
        made = MAKING_FUNCTIONS.get(function)
        rows = (arguments or {}).get(made) if made else None

        def attempt() -> Reply:
            reply = self._post(function, form, write)
            if isinstance(rows, list) and isinstance(reply.value, list) and len(rows) != len(reply.value):
                raise UnknownOutcome("moodle.count-differs", sent=len(rows), told=len(reply.value))
            return reply

        self.throttle.give_time()
        try:
            return self._with_retries(function, write, attempt).value
        except (AccessRefused, CallRefused) as error:
            raise self.naming_capabilities(error, function) from None

    def lacking_capabilities(self) -> tuple[str, ...]:
        """Which capabilities of the documented role the account lacks; none where the site does not tell."""
        try:
            return _lacking(self.call(_SITE))
        except MoodleError:
            return ()

    def naming_capabilities(
        self, error: AccessRefused | CallRefused, function: str
    ) -> AccessRefused | CallRefused:
        """The refusal with the names of the capabilities that the account lacks, if that may be why.

        Moodle itself names a capability only in words, in the language of the account, or not at all.
        """
        perhaps = error.code in _NO_CAPABILITY or (
            error.code == "moodle.refused" and error.errorcode in _ALSO_WITHOUT_CAPABILITY
        )
        if not perhaps or function == _SITE:
            return error
        try:
            # Asked once: a refusal is told without delay also where the site does not say why.
            lacking = _lacking(self._post(_SITE, form_of(_SITE, {}, self._token.reveal()), False).value)
        except MoodleError:
            lacking = ()
        if not lacking:
            return error
        named = ", ".join(lacking[:_NAMED]) + (" …" if len(lacking) > _NAMED else "")
        message = str(error.problem.params.get("message", ""))
        return type(error)(
            "moodle.capability-missing",
            errorcode=error.errorcode,
            function=function,
            message=message,
            capabilities=named,
            n=len(lacking),
        )

    def _with_retries(self, function: str, write: bool, attempt: Callable[[], Reply]) -> Reply:
        for wait in (*self._waits, None):
            try:
                reply = attempt()
            except (SiteBusy, SiteUnreachable, UnknownOutcome) as error:
                received = not (isinstance(error, SiteBusy) or error.code == "moodle.no-connection")
                if wait is None or (write and received) or error.code in _FINAL:
                    raise
                if error.code == "moodle.no-connection" and not self._answered:
                    raise  # nothing was ever there: more likely a wrong address than a short trouble
                asked = error.retry_after if isinstance(error, SiteBusy) else 0
                if asked > _LONGEST_WAIT:
                    if error.code == "moodle.overloaded":
                        raise  # to come back sooner than asked would make it worse
                    asked = 0  # Moodle's page of maintenance always says five minutes
                wait = max(wait, asked)
                log.info("%s: %s, trying again in %s s", function, error.code, wait)
                self._sleep(wait)
                continue
            if reply.printed:
                self.warnings.append(f"{function}: {reply.printed[:500]}")
            return reply
        raise AssertionError("the last attempt returns or raises")

    def _post(self, function: str, form: list[tuple[str, str]], write: bool) -> Reply:
        if write and self.before_write is not None:
            self.before_write()
        patience = self._limits.write if write else self._limits.read
        with self.throttle.call(function) as made:
            try:
                answer = self._send(function, "/webservice/rest/server.php", urlencode(form), _FORM, patience)
                seconds = time.monotonic() - made.began
                log.debug("%s: HTTP %s, %d bytes, %.3f s", function, answer.status, len(answer.body), seconds)
                return _understood(function, answer)
            except (SiteBusy, SiteUnreachable):
                made.busy = True
                raise
            except UnknownOutcome as error:
                made.busy = error.code == "moodle.no-answer"
                raise

    def _send(
        self, function: str, path: str, data: Any, headers: Mapping[str, str], patience: float
    ) -> _Answer:
        self.calls += 1
        limits = self._limits
        watch = Watch(max(limits.whole, patience))
        try:
            with (
                watch,
                self._http.post(
                    self.url + path,
                    data=data,
                    headers=dict(headers),
                    timeout=(limits.connect, patience),
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                self._answered = True
                body = self._masked(_read_limited(function, response, limits.reply_bytes))
                if watch.passed:  # what has no length looks complete when it is cut
                    raise UnknownOutcome("moodle.no-answer", function=function, seconds=round(watch.seconds))
                told = response.headers
                content_type = self._masked(told.get("Content-Type", "").encode("utf-8", "replace"))
                wait = _seconds(told.get("Retry-After"))
                return _Answer(response.status_code, content_type.decode("utf-8"), body, wait)
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            raise self._broken(function, error, watch, patience) from None

    def _broken(self, function: str, error: Exception, watch: Watch, patience: float) -> MoodleError:
        if not watch.sent:
            certificate = isinstance(error, requests.exceptions.SSLError)
            code = "moodle.bad-certificate" if certificate else "moodle.no-connection"
            return SiteUnreachable(code, url=self.url, reason=_reason(error))
        if watch.passed:
            return UnknownOutcome("moodle.no-answer", function=function, seconds=round(watch.seconds))
        if isinstance(error, requests.exceptions.Timeout | urllib3.exceptions.TimeoutError) or isinstance(
            error.args[0] if error.args else None, urllib3.exceptions.TimeoutError
        ):
            return UnknownOutcome("moodle.no-answer", function=function, seconds=round(patience))
        return UnknownOutcome("moodle.connection-lost", function=function)

    def _masked(self, body: bytes) -> bytes:
        # A site with debugging on tells the values of its queries, the token among them.
        token = self._token.reveal().encode("utf-8")
        return body.replace(token, b"***") if len(token) >= _SHORTEST_TOKEN else body

    def upload(self, path: Path, filename: str | None = None) -> int:
        """Streams a file into a fresh draft area of the token's user; the draft item id. Raises MoodleError."""
        with path.open("rb") as stream:
            return self._upload(stream, filename or path.name)

    def upload_bytes(self, content: bytes, filename: str) -> int:
        """The same for content in memory."""
        import io

        return self._upload(io.BytesIO(content), filename)

    def _upload(self, stream: IO[bytes], filename: str) -> int:
        if self.read_only:
            raise Refused("moodle.read-only", function="upload.php")

        def attempt() -> Reply:
            stream.seek(0)
            encoder = MultipartEncoder(
                {
                    "itemid": "0",
                    "filepath": "/",
                    "file_1": (filename, stream, "application/octet-stream"),
                    "token": self._token.reveal(),
                }
            )
            answer = self._send(
                "upload",
                "/webservice/upload.php",
                MultipartEncoderMonitor(encoder, _Told(self.on_sent)),
                {"Content-Type": encoder.content_type},
                self._limits.write,
            )
            return _understood("upload", answer)

        # A draft that nobody refers to does no harm, so an upload may be repeated like a read.
        try:
            value = self._with_retries("upload", False, attempt).value
        except CallRefused as error:
            # Above post_max_size PHP drops the body, and with it the token that the script then misses.
            if error.code == "moodle.body-dropped" or error.errorcode == "missingparam":
                raise CallRefused(
                    "moodle.upload-dropped", errorcode=error.errorcode, filename=filename
                ) from None
            raise
        if not isinstance(value, list) or not value:
            raise CallRefused("moodle.upload-dropped", filename=filename)
        first = value[0]
        if not isinstance(first, dict):
            raise UnknownOutcome("moodle.unexpected-shape", function="upload")
        if "errortype" in first or "error" in first:
            raise CallRefused(
                "moodle.upload-refused",
                errorcode=str(first.get("errortype", "")),
                filename=filename,
                message=str(first.get("error", "")),
            )
        try:
            return int(first["itemid"])
        except (KeyError, TypeError, ValueError):
            raise UnknownOutcome("moodle.unexpected-shape", function="upload") from None

    def call_json(self, function: str, arguments: Mapping[str, object], *, field: str) -> Any:
        """A call whose answer carries JSON text in `field`; the parsed text."""
        value = self.call(function, arguments)
        try:
            return json.loads(value[field])
        except (KeyError, TypeError, ValueError) as error:
            raise UnknownOutcome("moodle.unexpected-shape", function=function) from error


def _lacking(told: Any) -> tuple[str, ...]:
    missing = told.get("missing_capabilities") if isinstance(told, dict) else None
    return tuple(sorted(str(one) for one in missing or ()))


_SITE = "local_lmssync_get_site"
_NAMED = 10
_NO_CAPABILITY = {"moodle.no-capability", "moodle.access"}
# What core answers without a right beside "nopermissions"; no code at all: a warning in the place of an exception.
_ALSO_WITHOUT_CAPABILITY = {"", "criteriaerror", "moduledisable", "wsusercannotassign"}
_FINAL = {"moodle.redirect", "moodle.http-status", "moodle.reply-too-large", "moodle.bad-certificate"}


def _refuse_writing(function: str, arguments: Mapping[str, object], *, write: bool) -> None:
    called = [function]
    requests_ = arguments.get("requests")
    if function == MANY_CALLS and isinstance(requests_, list):
        called += [str(one.get("function", "")) for one in requests_]
    for name in called:
        if write or name not in READING_FUNCTIONS:
            raise Refused("moodle.read-only", function=name)


@dataclass(frozen=True)
class _Answer:
    """What came back over HTTP, with the token masked; `wait` are the seconds of Retry-After."""

    status: int
    content_type: str
    body: bytes
    wait: int


class _Told:
    """Tells of the bytes of an upload as they are read to be sent."""

    def __init__(self, on_sent: Callable[[int], None] | None) -> None:
        self._on_sent = on_sent
        self._before = 0

    def __call__(self, monitor: MultipartEncoderMonitor) -> None:
        if self._on_sent is not None:
            self._on_sent(monitor.bytes_read - self._before)
        self._before = monitor.bytes_read


def _understood(function: str, answer: _Answer) -> Reply:
    try:
        return parse_reply(function, answer.status, answer.content_type, answer.body)
    except SiteBusy as error:
        error.retry_after = answer.wait
        raise


def _seconds(told: str | None) -> int:
    """The seconds of a Retry-After header; a date, as some proxies send it, is not worth a clock of ours."""
    return int(told) if told and re.fullmatch(r"[0-9]{1,9}", told) else 0


def _read_limited(function: str, response: requests.Response, limit: int) -> bytes:
    # Several layers of compression make a bomb of a few bytes that no limit on what was read would notice.
    if response.headers.get("Content-Encoding", "identity").strip().lower() not in _ENCODINGS:
        raise UnknownOutcome("moodle.connection-lost", function=function)
    parts: list[bytes] = []
    size = 0
    while part := response.raw.read1(65536, decode_content=True):
        size += len(part)
        if size > limit:
            raise UnknownOutcome("moodle.reply-too-large", function=function)
        parts.append(part)
    return b"".join(parts)


def _reason(error: Exception) -> str:
    text = str(error)
    for known, code, said in (
        ("NameResolutionError", "moodle.because-name", "the name is not known"),
        ("Connection refused", "moodle.because-refused", "connection refused"),
        ("timed out", "moodle.because-late", "no answer in time"),
        ("CERTIFICATE_VERIFY_FAILED", "moodle.because-untrusted", "the certificate is not trusted"),
        ("WRONG_VERSION_NUMBER", "moodle.because-plain", "the server does not speak https"),
    ):
        if known in text:
            return Coded(code, said)
    return type(error).__name__


__all__ = ["MoodleClient", "MoodleError"]
