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

_HOST = r"(?:https?:|wss?:)?//([A-Za-z0-9.-]+\.[A-Za-z]{2,24})"
_QUOTE = r"[\"'`]"


@dataclass(frozen=True)
class _Sign:
    """A pattern that tells of a risk; its first group, where it has one, is what is named."""

    code: str
    level: Level
    suffixes: frozenset[str]
    pattern: re.Pattern[str]


def _sign(code: str, level: Level, suffixes: frozenset[str], pattern: str) -> _Sign:
    return _Sign(code, level, suffixes, re.compile(pattern, re.IGNORECASE))


_CSS = frozenset({".css", *_PAGES})
_SIGNS = (
    _sign(
        "risk.remote-script", "serious", _PAGES, rf"<script\b[^>]{{0,300}}?\bsrc\s*=\s*{_QUOTE}?\s*{_HOST}"
    ),
    _sign("risk.remote-script", "serious", _SCRIPTS, rf"\bimport(?:Scripts)?\s*\(?\s*{_QUOTE}{_HOST}"),
    _sign(
        "risk.remote",
        "note",
        _PAGES,
        rf"<(?:img|iframe|frame|link|video|audio|source|embed|object|track|image|use)\b[^>]{{0,300}}?"
        rf"\b(?:src|href|data|poster)\s*=\s*{_QUOTE}?\s*{_HOST}",
    ),
    _sign("risk.remote", "note", _CSS, rf"\burl\(\s*{_QUOTE}?\s*{_HOST}"),
    _sign("risk.remote", "note", _CSS, rf"@import\s+{_QUOTE}{_HOST}"),
    _sign(
        "risk.remote",
        "note",
        _SCRIPTS,
        rf"\b(?:fetch|sendBeacon|EventSource|WebSocket|ajax|getJSON|axios(?:\.\w{{1,10}})?)\s*\(\s*{_QUOTE}{_HOST}",
    ),
    _sign("risk.remote", "note", _SCRIPTS, rf"\.open\(\s*{_QUOTE}\w{{3,7}}{_QUOTE}\s*,\s*{_QUOTE}{_HOST}"),
    _sign("risk.remote", "note", _SCRIPTS, rf"\.(?:src|href|action)\s*=\s*{_QUOTE}{_HOST}"),
    _sign(
        "risk.moodle",
        "serious",
        _SCRIPTS,
        r"\b(sesskey|M\.cfg\.\w{1,20}|/lib/ajax/service\.php|/webservice/rest|core_user_update_users)\b",
    ),
    _sign(
        "risk.page-around",
        "serious",
        _SCRIPTS,
        r"\b((?:window\.)?(?:parent|top|opener)\.(?:document(?!\.documentElement\.lang\b)|location|eval|localStorage|sessionStorage|cookie)\b)",
    ),
    _sign("risk.cookies", "note", _SCRIPTS, r"\b(document\.cookie)\b"),
    _sign("risk.form", "serious", _PAGES, rf"<form\b[^>]{{0,300}}?\baction\s*=\s*{_QUOTE}?\s*{_HOST}"),
    _sign("risk.password", "serious", _PAGES, r"<input\b[^>]{0,300}?\btype\s*=\s*[\"']?(password)"),
    _sign(
        "risk.device",
        "serious",
        _SCRIPTS,
        r"\b(getUserMedia|geolocation|requestMIDIAccess|serviceWorker\s*\.\s*register|clipboard\.read\w{0,4})\b",
    ),
    _sign("risk.eval", "note", _SCRIPTS, r"(?<![\w.$])(eval\s*\(|new\s+Function\s*\()"),
    _sign("risk.eval", "note", _SCRIPTS, r"\b(set(?:Timeout|Interval)\s*\(\s*[\"'])"),
    _sign(
        "risk.svg-script", "serious", frozenset({".svg"}), r"(<script\b|\son\w{3,20}\s*=|<foreignObject\b)"
    ),
    _sign(
        "risk.unload",
        "note",
        _SCRIPTS,
        r"(\bon(?:before)?unload\s*=|addEventListener\s*\(\s*[\"'](?:before)?unload[\"']|\.(?:before)?unload\s*\()",
    ),
    _sign(
        "risk.waits",
        "note",
        _SCRIPTS,
        r"(\.open\(\s*[\"']\w{3,7}[\"']\s*,[^,()]{1,200},\s*(?:false|!1)\s*\))",
    ),
)
_SET = re.compile(
    r"SetValue\s*\(\s*([\"'])(cmi\.[\w.]{1,100})\1\s*,\s*(?:([\"'])([^\"'\\\n]{0,300})\3\s*\))?",
    re.IGNORECASE,
)
_GET = re.compile(r"GetValue\s*\(\s*([\"'])(cmi\.[\w.]{1,100})\1", re.IGNORECASE)
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
        text = content.decode("utf-8", errors="replace")
        starts = _Lines(text)
        for sign in _SIGNS:
            if suffix in sign.suffixes:
                for match in sign.pattern.finditer(text):
                    self._found(sign, match.group(1), Place(name, starts.line(match.start())))
        if suffix in _SCRIPTS:
            self._calls(name, text, starts)

    def _found(self, sign: _Sign, what: str, place: Place) -> None:
        host = what.lower().rstrip(".")
        if sign.code.startswith("risk.remote"):
            if any(host == one or host.endswith(f".{one}") for one in TRACKERS):
                self._note("risk.tracker", "serious", host, place)
            what = host
        self._note(sign.code, sign.level, what, place)

    def _calls(self, name: str, text: str, starts: _Lines) -> None:
        """The run-time vocabulary, as far as it stands literally in scripts."""
        if self.edition is None:
            return
        self._has_scripts = True
        self._finds_api = self._finds_api or API_NAMES[self.edition.name] in text
        for match in _SET.finditer(text):
            element, value = match.group(2), match.group(4)
            place = Place(name, starts.line(match.start()))
            if not _DYNAMIC.search(element) and not is_known(element):
                self._note("risk.unknown-element", "note", element, place)
            elif value is not None and not is_allowed(element, value, self.edition):
                self._note("risk.wrong-value", "note", f"{element}={value}", place)
        for match in _GET.finditer(text):
            if not _DYNAMIC.search(match.group(2)) and not is_known(match.group(2)):
                place = Place(name, starts.line(match.start()))
                self._note("risk.unknown-element", "note", match.group(2), place)

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
