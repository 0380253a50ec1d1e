"""Recorded replies of a real Moodle: how they are cleaned, cut, written and read."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from called_functions import called_functions
from shapes import shape_of
from sites import ROOT, SiteUnderTest
from transcript import Exchange

from lms_sync.moodle.functions import FUNCTIONS
from lms_sync.plugin_zip import plugin_source_sha256

RECORDINGS = ROOT / "moodle_standin" / "recordings" / "contract"
"""Of a site on PostgreSQL: what the stand-in is held to."""

ON_MYSQL = ROOT / "moodle_standin" / "recordings" / "contract-mysql"
"""Of a site on MariaDB or MySQL: held to be of the same shape."""

ABOUT = "about.json"
ALL_CALLED = "functions called and answered"
"""The figure that only a whole run has."""

_ADDRESS = "https://moodle.example.org"
_RUN = "c0000000000"
_SECRET_KEYS = {"token", "privatetoken", "userprivateaccesskey", "password", "sesskey", "wstoken"}
_TOKEN = re.compile(r"\b[0-9a-f]{32}\b")  # md5-like: tokens and private keys; content hashes are longer
_LONGEST_TEXT = 3000
_LONGEST_LIST = 12


def write_recordings(site: SiteUnderTest, folder: Path) -> None:
    """Writes each step's cleaned exchange, and what the site was; files of steps that are gone are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    cleaner = Cleaner(site)
    wanted = {ABOUT}
    for step, exchange in site.transcript.steps.items():
        wanted.add(f"{step}.json")
        made = {"step": step, "recorded_on": time.strftime("%Y-%m-%d", time.gmtime())}
        _write(folder / f"{step}.json", {**made, **cleaner.clean(exchange)})
    about = {
        "moodle_release": site.about["moodle_release"],
        "moodle_version": site.about["moodle_version"],
        "db_family": site.about["db_family"],
        "recorded_on": time.strftime("%Y-%m-%d", time.gmtime()),
        "plugin_version": site.about["plugin_version"],
        "plugin_release": site.about["plugin_release"],
        "plugin_source_sha256": plugin_source_sha256(),
        "functions": sorted(site.transcript.answered & {*FUNCTIONS, *called_functions()}),
        "figures": site.figures,
        "skipped": site.skipped,
    }
    _write(folder / ABOUT, about)
    for path in folder.glob("*.json"):
        if path.name not in wanted and path.name.removesuffix(".json") not in site.skipped:
            path.unlink()


def folder_of(site: SiteUnderTest) -> Path:
    """Where the recordings of a site belong, by its database."""
    return {"postgres": RECORDINGS, "mysql": ON_MYSQL}[str(site.about["db_family"])]


def write_transcript(site: SiteUnderTest, target: Path) -> None:
    """Writes the steps of a run as they would be recorded, into one file."""
    cleaner = Cleaner(site)
    _write(target, {step: cleaner.clean(one) for step, one in site.transcript.steps.items()})


def read_recording(step: str, folder: Path = RECORDINGS) -> dict[str, Any]:
    """One recorded step."""
    loaded: dict[str, Any] = json.loads((folder / f"{step}.json").read_text(encoding="utf-8"))
    return loaded


def recorded_steps(folder: Path = RECORDINGS) -> list[str]:
    """The names of all recorded steps."""
    return sorted(path.stem for path in folder.glob("*.json") if path.name != ABOUT)


def _write(path: Path, value: object) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")


class Cleaner:
    """Makes an exchange fit to be published: no address, token or name of the site, no lists without end."""

    def __init__(self, site: SiteUnderTest) -> None:
        self._site = site
        info = site.about.get("site_info", {})
        # The service account and the site have names of their own; the people of the run are invented.
        self._whole = {
            str(info.get("sitename", "")): "Test site",
            str(info.get("username", "")): "lmssync",
            str(info.get("firstname", "")): "Sync",
            str(info.get("lastname", "")): "Service",
            str(info.get("fullname", "")): "Sync Service",
        }
        self._whole.pop("", None)
        self._notes: list[str] = []

    def clean(self, exchange: Exchange) -> dict[str, object]:
        """The exchange as it is kept in a file."""
        self._notes = [exchange.note] if exchange.note else []
        response = exchange.response
        keep = _KEEP.get(exchange.function)
        if keep and isinstance(response, list | dict):
            response, note = keep(response, self._site.run)
            self._notes.append(note)
        found: dict[str, object] = {
            "function": exchange.function,
            "request": self._value(exchange.request),
            "http_status": exchange.status,
            "content_type": exchange.content_type,
            "response": self._value(response),
        }
        if self._notes:
            found["note"] = "; ".join(dict.fromkeys(self._notes))
        return found

    def _value(self, value: Any, key: str = "") -> Any:
        if key in _SECRET_KEYS and value:
            return "(removed)"
        if isinstance(value, dict):
            return {name: self._value(item, name) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._value(item) for item in self._cut(list(value))]
        if isinstance(value, str):
            return self._text(value)
        return value

    def _cut(self, rows: list[Any]) -> list[Any]:
        """The first rows, and the first of every shape."""
        if len(rows) <= _LONGEST_LIST:
            return rows
        if isinstance(rows[0], dict) and "key" in rows[0]:
            rows = sorted(rows, key=lambda row: str(row["key"]))  # Moodle gives them in any order
        kept, shapes = [], set()
        for place, row in enumerate(rows):
            shape = shape_of(row)
            if place < _LONGEST_LIST or shape not in shapes:
                kept.append(row)
            shapes.add(shape)
        self._notes.append(f"a list of {len(rows)} was cut to {len(kept)}")
        return kept

    def _text(self, text: str) -> str:
        if text in self._whole:
            return self._whole[text]
        site = self._site
        for address in (site.url, site.url.replace("/", "\\/")):
            text = text.replace(address, _ADDRESS)
        text = text.replace(site.run, _RUN).replace(site.run.upper(), _RUN.upper())
        text = _TOKEN.sub("(removed)", text)
        stripped = text.lstrip()
        if stripped.startswith(("{", "[")):
            try:
                inner = json.loads(text)
            except ValueError:
                pass
            else:
                return json.dumps(self._value(inner), ensure_ascii=False, separators=(",", ":"))
        if len(text) > _LONGEST_TEXT and not stripped.startswith("<div id="):
            self._notes.append(f"a text of {len(text)} characters was cut")
            return text[:_LONGEST_TEXT]
        return text


def _own_cohorts(rows: Any, run: str) -> tuple[Any, str]:
    return [row for row in rows if run in str(row.get("idnumber"))], "cohorts of others are left out"


def _own_functions(info: Any, _run: str) -> tuple[Any, str]:
    if "functions" not in info:
        return info, "a refusal"
    functions = [one for one in info["functions"] if one["name"] in FUNCTIONS]
    return {**info, "functions": functions}, "functions that the product does not call are left out"


_KEEP: dict[str, Callable[[Any, str], tuple[Any, str]]] = {
    "core_cohort_get_cohorts": _own_cohorts,
    "core_webservice_get_site_info": _own_functions,
}
