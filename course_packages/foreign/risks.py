"""What in a package can harm a learner or a platform, found by reading its files; nothing of it is run.

A platform serves a package from its own address: any script in it acts with the learner's login. What is
found here is for a person to judge; a script that hides what it does is not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

from authoring.problems import Place
from course_packages.editions import Edition
from course_packages.foreign.run_time_words import API_NAMES, is_allowed, is_known
from course_packages.package_names import shown

Level = Literal["serious", "note"]

MOST_PLACES = 20
SCANNED = frozenset({".html", ".htm", ".xhtml", ".js", ".mjs", ".css", ".svg"})
_PAGES = frozenset({".html", ".htm", ".xhtml", ".svg"})
_SCRIPTS = frozenset({".js", ".mjs", ".html", ".htm", ".xhtml", ".svg"})

_PROGRAMS = frozenset(
    {".exe", ".dll", ".bat", ".cmd", ".com", ".msi", ".ps1", ".vbs", ".sh", ".php", ".phtml", ".jsp", ".asp"}
    | {".aspx", ".jar", ".apk", ".scr", ".py", ".pl", ".cgi", ".htaccess", ".lnk", ".class"}
)
_ARCHIVES = frozenset({".zip", ".rar", ".7z", ".tar", ".gz", ".iso"})
_FLASH = frozenset({".swf", ".flv"})

TRACKERS = (
    "google-analytics.com", "googletagmanager.com", "doubleclick.net", "googlesyndication.com", "facebook.net",
    "facebook.com", "hotjar.com", "clarity.ms", "mixpanel.com", "segment.com", "segment.io", "amplitude.com",
    "fullstory.com", "matomo.cloud", "plausible.io", "newrelic.com", "nr-data.net", "sentry.io", "bugsnag.com",
    "scorecardresearch.com", "quantserve.com", "yandex.ru", "mouseflow.com", "heap.io", "statcounter.com",
    "linkedin.com", "tiktok.com", "criteo.com", "bing.com",
)  # fmt: skip
"""Hosts that watch people; of each also the hosts below it."""

_HOST = r"(?:https?:|wss?:)?//([a-z0-9.-]+\.[a-z]{2,24})"
_QUOTE = r"[\"'`]"


@dataclass(frozen=True)
class _Sign:
    """A pattern that tells of a risk; its first group is what is named.

    Patterns are of lower-case text and begin with a literal, which makes them quick: what may not stand
    before it is looked at afterwards (`word`).
    """

    code: str
    level: Level
    suffixes: frozenset[str]
    pattern: re.Pattern[str]
    word: bool


def _sign(
    code: str, level: Level, suffixes: frozenset[str], *patterns: str, word: bool = False
) -> tuple[_Sign, ...]:
    return tuple(_Sign(code, level, suffixes, re.compile(pattern), word) for pattern in patterns)


def _tags(*names: str, attributes: str) -> tuple[str, ...]:
    """For each tag: an attribute of it that names a host."""
    return tuple(
        rf"<{name}\b[^<>]{{0,300}}?\b(?:{attributes})\s{{0,40}}=\s{{0,40}}{_QUOTE}?\s{{0,40}}{_HOST}"
        for name in names
    )


def _calls_of(*names: str) -> tuple[str, ...]:
    return tuple(rf"{name}\s{{0,40}}\(\s{{0,40}}{_QUOTE}{_HOST}" for name in names)


_CSS = frozenset({".css", *_PAGES})
_SIGNS: tuple[_Sign, ...] = (
    *_sign("risk.remote-script", "serious", _PAGES, *_tags("script", attributes="src")),
    *_sign(
        "risk.remote-script",
        "serious",
        _SCRIPTS,
        rf"import(?:scripts)?\s{{0,40}}\(?\s{{0,40}}{_QUOTE}{_HOST}",
    ),
    *_sign(
        "risk.remote",
        "note",
        _PAGES,
        *_tags(
            "img", "iframe", "frame", "video", "audio", "source", "embed", "track", attributes="src|poster"
        ),
        *_tags("link", "object", "image", "use", attributes="href|data"),
    ),
    *_sign(
        "risk.remote",
        "note",
        _CSS,
        rf"url\(\s{{0,40}}{_QUOTE}?\s{{0,40}}{_HOST}",
        rf"@import\s{{1,40}}{_QUOTE}{_HOST}",
    ),
    *_sign(
        "risk.remote",
        "note",
        _SCRIPTS,
        *_calls_of(
            "fetch", "sendbeacon", "eventsource", "websocket", "ajax", "getjson", r"axios(?:\.\w{1,10})?"
        ),
        rf"\.open\(\s{{0,40}}{_QUOTE}\w{{3,7}}{_QUOTE}\s{{0,40}},\s{{0,40}}{_QUOTE}{_HOST}",
        *(rf"\.{name}\s{{0,40}}=\s{{0,40}}{_QUOTE}{_HOST}" for name in ("src", "href", "action")),
    ),
    *_sign(
        "risk.moodle",
        "serious",
        _SCRIPTS,
        *(r"(sesskey)\b", r"(m\.cfg\.\w{1,20})"),
        word=True,
    ),
    *_sign("risk.moodle", "serious", _SCRIPTS, r"(/lib/ajax/service\.php)", r"(/webservice/rest/)"),
    *_sign(
        "risk.page-around",
        "serious",
        _SCRIPTS,
        *(
            rf"({frame}\.(?:document(?!\.documentelement\.lang\b)|location|eval|localstorage|sessionstorage)\b)"
            for frame in ("parent", "top", "opener")
        ),
    ),
    *_sign("risk.cookies", "note", _SCRIPTS, r"(document\.cookie)\b", word=True),
    *_sign("risk.form", "serious", _PAGES, *_tags("form", attributes="action")),
    *_sign(
        "risk.password", "serious", _PAGES, r"<input\b[^<>]{0,300}?\btype\s{0,40}=\s{0,40}[\"']?(password)"
    ),
    *_sign(
        "risk.device",
        "serious",
        _SCRIPTS,
        *(r"(getusermedia)\b", r"(geolocation)\b", r"(requestmidiaccess)\b", r"(clipboard\.read)"),
        r"(serviceworker\s{0,40}\.\s{0,40}register)\b",
    ),
    *_sign("risk.eval", "note", _SCRIPTS, r"(eval\s{0,40}\()", r"(new\s{1,40}function\s{0,40}\()", word=True),
    *_sign(
        "risk.eval",
        "note",
        _SCRIPTS,
        r"(settimeout\s{0,40}\(\s{0,40}[\"'])",
        r"(setinterval\s{0,40}\(\s{0,40}[\"'])",
    ),
    *_sign(
        "risk.svg-script",
        "serious",
        frozenset({".svg"}),
        *(r"(<script)\b", r"(<foreignobject)\b", r"<[^<>]{1,300}?\s(on[a-z]{3,20}\s{0,40}=)"),
    ),
    *_sign(
        "risk.unload",
        "note",
        _SCRIPTS,
        *(
            r"(on(?:before)?unload\s{0,40}=)",
            r"(addeventlistener\s{0,40}\(\s{0,40}[\"'](?:before)?unload[\"'])",
        ),
        r"(\.(?:before)?unload\s{0,40}\()",
    ),
    *_sign(
        "risk.waits",
        "note",
        _SCRIPTS,
        r"(\.open\(\s{0,40}[\"']\w{3,7}[\"']\s{0,40},[^,()]{1,200},\s{0,40}(?:false|!1)\s{0,40}\))",
    ),
)
_BEFORE_A_WORD = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_$.")
_SET = re.compile(
    r"setvalue\s{0,40}\(\s{0,40}([\"'])(cmi\.[\w.]{1,100})\1\s{0,40},\s{0,40}(?:([\"'])([^\"'\\\n]{0,300})\3\s{0,40}\))?"
)
_GET = re.compile(r"getvalue\s{0,40}\(\s{0,40}([\"'])(cmi\.[\w.]{1,100})\1")
_DYNAMIC = re.compile(r"\.(?=$)|\.\.")


@dataclass(frozen=True)
class Risk:
    """One kind of risky content: what was found of it, how often, and where first."""

    code: str
    level: Level
    found: tuple[str, ...]
    count: int
    places: tuple[Place, ...]

    def as_json(self) -> dict[str, object]:
        """A flat mapping for `--json`."""
        return {
            "code": self.code,
            "level": self.level,
            "found": list(self.found),
            "count": self.count,
            "places": [{"file": place.file, "line": place.line} for place in self.places],
        }


@dataclass
class _Tally:
    level: Level
    found: dict[str, None] = field(default_factory=dict)
    count: int = 0
    places: list[Place] = field(default_factory=list)


class RiskScan:
    """Reads the files of a package one after the other and remembers what is risky in them."""

    def __init__(self, edition: Edition | None) -> None:
        self.edition = edition
        self._tallies: dict[str, _Tally] = {}
        self._has_scripts = False
        self._finds_api = False

    def name(self, name: str) -> None:
        """Judges a file by its name."""
        path = PurePosixPath(name)
        suffixes = {path.suffix.lower(), path.name.lower()}
        kinds: Iterable[tuple[str, Level, frozenset[str]]] = (
            ("risk.program", "serious", _PROGRAMS),
            ("risk.archive", "note", _ARCHIVES),
            ("risk.flash", "note", _FLASH),
        )
        for code, level, known in kinds:
            if suffixes & known:
                self._note(code, level, path.suffix.lower() or path.name, Place(name))

    def text(self, name: str, content: bytes) -> None:
        """Judges what stands in a file that `wants_text`."""
        suffix = PurePosixPath(name).suffix.lower()
        lower = content.lower().decode("latin-1")  # as long as the content: places are the same in both
        starts = _Lines(lower)
        for sign in _SIGNS:
            if suffix not in sign.suffixes:
                continue
            for match in sign.pattern.finditer(lower):
                at = match.start()
                if not (sign.word and at and lower[at - 1] in _BEFORE_A_WORD):
                    self._found(sign, _written(content, *match.span(1)), Place(name, starts.line(at)))
        if suffix in _SCRIPTS:
            self._calls(name, content, lower, starts)

    def _found(self, sign: _Sign, what: str, place: Place) -> None:
        if sign.code.startswith("risk.remote"):
            what = what.lower().rstrip(".")
            if any(what == one or what.endswith(f".{one}") for one in TRACKERS):
                self._note("risk.tracker", "serious", what, place)
        self._note(sign.code, sign.level, what, place)

    def _calls(self, name: str, content: bytes, lower: str, starts: _Lines) -> None:
        """The run-time vocabulary, as far as it stands literally in scripts."""
        if self.edition is None:
            return
        self._has_scripts = True
        self._finds_api = self._finds_api or API_NAMES[self.edition.name].encode() in content
        for match in _SET.finditer(lower):
            element = _written(content, *match.span(2))
            place = Place(name, starts.line(match.start()))
            if not _DYNAMIC.search(element) and not is_known(element):
                self._note("risk.unknown-element", "note", element, place)
            elif match.group(4) is not None:
                value = _written(content, *match.span(4))
                if not is_allowed(element, value, self.edition):
                    self._note("risk.wrong-value", "note", f"{element}={value}", place)
        for match in _GET.finditer(lower):
            element = _written(content, *match.span(2))
            if not _DYNAMIC.search(element) and not is_known(element):
                self._note("risk.unknown-element", "note", element, Place(name, starts.line(match.start())))

    def _note(self, code: str, level: Level, what: str, place: Place) -> None:
        tally = self._tallies.setdefault(code, _Tally(level))
        tally.count += 1
        if len(tally.found) < MOST_PLACES:
            tally.found.setdefault(shown(" ".join(what.split())))
        if len(tally.places) < MOST_PLACES:
            tally.places.append(Place(shown(place.file), place.line))

    def risks(self) -> Iterator[Risk]:
        """What was found, the serious first."""
        if self.edition is not None and self._has_scripts and not self._finds_api:
            self._note("risk.no-api", "note", API_NAMES[self.edition.name], Place())
        order: Mapping[Level, int] = {"serious": 0, "note": 1}
        for code, tally in sorted(self._tallies.items(), key=lambda one: (order[one[1].level], one[0])):
            yield Risk(code, tally.level, tuple(tally.found), tally.count, tuple(tally.places))


def _written(content: bytes, start: int, end: int) -> str:
    return content[start:end].decode("utf-8", errors="replace")


def wants_text(name: str) -> bool:
    """Whether the scan reads what stands in a file of this name."""
    return PurePosixPath(name).suffix.lower() in SCANNED


class _Lines:
    """Line numbers of places in a text, asked for from the front to the back or not."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1

    def line(self, position: int) -> int:
        if position < self._at:
            self._at, self._line = 0, 1
        self._line += self._text.count("\n", self._at, position)
        self._at = position
        return self._line
