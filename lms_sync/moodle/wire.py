"""Moodle's REST form on the wire: arguments in, a value or a typed error out. Pure functions.

Nearly every failure of Moodle's REST server is HTTP 200; the order of the checks below is
HTTP status, is it JSON, key `exception`, key `error`. Decisions rest on error codes only, because
texts are in the caller's language.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from lms_sync.moodle.errors import (
    AccessRefused,
    CallRefused,
    FunctionMissing,
    MoodleError,
    SiteBusy,
    UnknownOutcome,
)
from lms_sync.moodle.functions import ANSWERS

MAX_VARIABLES = 900
"""PHP drops the variables beyond `max_input_vars` (its own default is 1,000) without a word."""

_ACCESS = {
    "invalidtoken",
    "accessexception",
    "nopermissions",
    "requireloginerror",
    "errorcoursecontextnotvalid",
    "servicenotavailable",
    "enablewsdescription",
    "usernotallowed",
    "sitepolicynotagreed",
    "forcepasswordchangenotice",
}
# Rules of the companion plugin, each with words of its own in the catalogue.
_PLUGIN_RULES = {
    "stale",
    "deadpackage",
    "quizhasattempts",
    "completionlocked",
    "criterialocked",
    "questionrefused",
    "locked",
    "attemptslost",
    "feedbackhasresponses",
    "foreignquestion",
    "hasgrades",
    "typefixed",
    "unknowngroup",
    "noavailability",
    "notkept",
    "wrongfile",
}
_BUSY = {"sitemaintenance", "upgraderunning"}


_NOTICES = (
    200  # places where an answer may begin after something printed: a page full of script has many more
)


def flatten(arguments: Mapping[str, object]) -> list[tuple[str, str]]:
    """Arguments in PHP's bracket form: `courses[0][fullname]`; booleans as 1/0, None left out."""
    return list(_flatten(arguments))


def _flatten(value: object, prefix: str = "") -> Iterator[tuple[str, str]]:
    if value is None:
        return
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _flatten(item, f"{prefix}[{name}]" if prefix else str(name))
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for index, item in enumerate(value):
            yield from _flatten(item, f"{prefix}[{index}]")
    elif isinstance(value, bool):
        yield prefix, "1" if value else "0"
    elif isinstance(value, float):
        yield prefix, repr(value)
    else:
        yield prefix, str(value)


def form_of(function: str, arguments: Mapping[str, object], token: str) -> list[tuple[str, str]]:
    """The POST fields of a call. The token goes last: a request that PHP cuts is then refused, not half done."""
    return [
        ("wsfunction", function),
        ("moodlewsrestformat", "json"),
        ("moodlewssettingraw", "1"),  # names and summaries as they are stored, not as a page would show them
        *flatten(arguments),
        ("wstoken", token),
    ]


@dataclass(frozen=True)
class Reply:
    """What came back: the value, and what Moodle printed before it (empty normally)."""

    value: object
    printed: str = ""


def parse_reply(function: str, status: int, content_type: str, body: bytes) -> Reply:
    """The value in a reply, or a MoodleError that says what happened."""
    if status == 503:
        raise SiteBusy("moodle.maintenance", function=function)
    if status == 403 and not body.strip():
        raise AccessRefused("moodle.web-services-off", function=function)
    if status == 413:  # the web server's own limit, before PHP
        raise CallRefused("moodle.body-dropped", function=function)
    if 300 <= status < 400:
        raise UnknownOutcome("moodle.redirect", function=function, status=status)
    if status == 429:
        raise SiteBusy("moodle.overloaded", function=function, status=status)
    if status in (502, 504):  # the server in front gave up waiting; Moodle behind it may have gone on
        raise UnknownOutcome("moodle.gateway", function=function, status=status)
    if status != 200:
        raise UnknownOutcome("moodle.http-status", function=function, status=status)
    # Bytes that are no UTF-8 become lone surrogates: told apart below, and never taken for text of the site.
    text = body.decode("utf-8", "surrogateescape").lstrip("\ufeff")
    try:
        value = _DECODER.decode(text)
        printed = ""
    except (ValueError, RecursionError):
        value, printed = _beside_print(function, content_type, text)
    if not _is_text(value, text):
        raise UnknownOutcome("moodle.not-json-other", function=function, content_type=content_type, start="…")
    _raise_refusal(function, value)
    if not _as_declared(function, value):
        raise UnknownOutcome("moodle.unexpected-shape", function=function)
    return Reply(value, printed)


def _as_declared(function: str, value: object) -> bool:
    if function not in ANSWERS:
        return True
    kind, keys = ANSWERS[function]
    if not isinstance(value, kind):
        return False
    rows = value if isinstance(value, list) else [value]
    return all(
        isinstance(row, dict) and all(type(row.get(key)) is type_ for key, type_ in keys.items())
        for row in rows
    )


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key stands twice")
    return value


def _whole_number(text: str) -> int:
    value = int(text)
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError("larger than PHP's numbers, and than a database's")
    return value


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("no number")
    return value


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no JSON")


# What PHP's json_encode never writes was not written by Moodle: something in between has changed the answer.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole_number, parse_float=_number, parse_constant=_no_constant
)


_BROKEN_TEXT = re.compile("[\ud800-\udfff]")
_MAY_BREAK = re.compile(r"\\u[dD][89a-fA-F]")


def _is_text(value: object, text: str) -> bool:
    """Whether all text in a value can be stored and shown: no half of a pair of surrogates."""
    if not _BROKEN_TEXT.search(text) and not _MAY_BREAK.search(text):
        return True  # nearly always, and quickly
    return _BROKEN_TEXT.search(json.dumps(value, ensure_ascii=False)) is None


def _beside_print(function: str, content_type: str, text: str) -> tuple[object, str]:
    """JSON that stands before or after something Moodle printed; UnknownOutcome where there is none."""
    stripped = text.strip()
    if stripped.startswith("<?xml") and "<ERRORCODE>" in stripped:
        code = re.search(r"<ERRORCODE>([^<]*)</ERRORCODE>", stripped)
        errorcode = code.group(1) if code else ""
        if errorcode == "invalidtoken":  # PHP dropped the whole body: too large
            raise CallRefused("moodle.body-dropped", errorcode=errorcode, function=function)
        raise CallRefused("moodle.refused", errorcode=errorcode, function=function, message="")
    begins, ends = stripped[:1] in ("[", "{"), stripped[-1:] in ("]", "}")
    # What begins as JSON and is none was cut off: a bracket further on is a part of it and no answer.
    places = re.finditer(r"(?<=[>\s])[\[{]", text) if ends and not begins else iter(())
    for match in islice(places, _NOTICES):
        try:
            value, end = _DECODER.raw_decode(text, match.start())
        except ValueError:
            continue
        except RecursionError:
            break
        if not text[end:].strip():
            return value, _shown(text[: match.start()])
    if stripped.endswith("null") and (before := stripped[:-4].rstrip(" \t\r")).endswith((">", "\n")):
        return None, _shown(before)
    if begins and not ends:
        # A notice of PHP's shutdown. What ends like JSON may be a second answer, such as an error, and is unknown.
        with contextlib.suppress(ValueError, RecursionError):
            value, end = _DECODER.raw_decode(stripped)
            if re.match(r"\s*<|\s*\n", stripped[end:]):
                return value, _shown(stripped[end:])
    kind = "html" if "<html" in stripped[:2000].lower() else "empty" if not stripped else "other"
    raise UnknownOutcome(
        f"moodle.not-json-{kind}",
        function=function,
        content_type=content_type,
        start=_shown(_plain(stripped))[:120],
    )


def _shown(text: str) -> str:
    """Text that was printed, as it can be stored and shown."""
    return _BROKEN_TEXT.sub("\ufffd", text).strip()


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text)).strip()


def _raise_refusal(function: str, value: object) -> None:
    if not isinstance(value, dict):
        return
    if "exception" in value or ("error" in value and "errorcode" in value):
        raise refusal(function, value)


def refusal(function: str, value: Mapping[str, object]) -> MoodleError:
    """The error that an exception object of Moodle stands for."""
    errorcode = str(value.get("errorcode", ""))
    message = _plain(str(value.get("message") or value.get("error") or ""))
    detail = _plain(str(value.get("debuginfo") or ""))
    if errorcode in _BUSY:
        return SiteBusy("moodle.maintenance", errorcode=errorcode, function=function)
    if errorcode == "invalidrecord" and "external_functions" in message:
        return FunctionMissing("moodle.function-missing", errorcode=errorcode, function=function)
    if errorcode == "invalidtoken":
        return AccessRefused("moodle.invalid-token", errorcode=errorcode, function=function)
    if errorcode == "accessexception":
        return AccessRefused("moodle.service-refused", errorcode=errorcode, function=function, detail=detail)
    if errorcode == "nopermissions":
        return AccessRefused("moodle.no-capability", errorcode=errorcode, function=function, message=message)
    if errorcode in _ACCESS:
        return AccessRefused("moodle.access", errorcode=errorcode, function=function, message=message)
    if (
        " " in errorcode
    ):  # core raised a bare sentence, perhaps after its work (a mail that could not be sent)
        return UnknownOutcome("moodle.odd-error", errorcode=errorcode, function=function, message=message)
    said = f"{message} {detail}".strip()
    if errorcode in _PLUGIN_RULES:
        return CallRefused(f"moodle.rule-{errorcode}", errorcode=errorcode, function=function, message=said)
    return CallRefused("moodle.refused", errorcode=errorcode, function=function, message=said)
