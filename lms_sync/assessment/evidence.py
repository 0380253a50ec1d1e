"""The evidence for one figure, for an auditor: a ZIP with what was counted, how, and a list without names.

People stand in it under pseudonyms of their own for each report: an HMAC-SHA-256 of their opaque id with a key that is
derived for the report from a secret of the academy (`.lms-sync/evidence.key`), so that two reports cannot be joined,
and the same report made again has the same bytes.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import io
import json
import secrets
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from authoring.messages import LANGUAGES
from authoring.problems import Refused
from lms_sync.assessment.coverage import Coverage, end_of, result_as_json
from lms_sync.assessment.coverage_words import Words
from lms_sync.assessment.milestones import EVIDENCE
from lms_sync.people.read_csv import write_csv
from lms_sync.write_files import write_durably
from programmes.indicators import Listing, Result, quarter_of
from programmes.observations import Observation

KEY_FILE = Path(".lms-sync") / "evidence.key"
PSEUDONYM = 16  # hexadecimal digits

LIST = ("holder", "counted", "first_day", "institution", "region", "quarter", "participations", "value")
OBSERVATIONS = ("holder", "day", "institution", "region", "quarter", "subject", "value", "source")

_KEY_BYTES = 32
_STREAMS = {
    "completed": ("course_completion",),
    "attended": ("attendance",),
    "certified": (),
    "passed": ("quiz_attempt", "grade", "activity_completion"),
    "gain": ("quiz_attempt", "grade"),
    "score": ("answer",),
    "milestone": ("milestone", "answer", "attendance"),
    "answered": ("helpdesk",),
}


def evidence_key(folder: Path) -> bytes:
    """The academy's secret for pseudonyms, made when it is first needed."""
    path = folder / KEY_FILE
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, secrets.token_hex(_KEY_BYTES).encode("ascii"), mode=0o600)
    return bytes.fromhex(path.read_text(encoding="ascii").strip())


def chosen_result(coverage: Coverage, indicator: str) -> Result:
    """The indicator called so; raises Refused where there is none."""
    for one in coverage.results:
        if one.indicator.id == indicator:
            return one
    known = ", ".join(one.id for one in coverage.programme.indicators) or "-"
    raise Refused("coverage.no-indicator", indicator=indicator, known=known)


def evidence_zip(
    coverage: Coverage, result: Result, folder: Path, site: str, *, key: bytes, scans: bool = True
) -> bytes:
    """The ZIP; the same report gives the same bytes. With `scans` the sheets and notes that were kept are in it."""
    name = _Names(coverage, result, site, key)
    files: dict[str, bytes] = {
        "figure.json": _json(_figure(coverage, result, site)),
        "list.csv": _list(coverage, result, name),
        "observations.csv": _observations(coverage, result, name),
        "facts.sql": _sql(coverage, result, site, "SQLite").encode("utf-8"),
        "facts.postgresql.sql": _sql(coverage, result, site, "PostgreSQL").encode("utf-8"),
        "recount.sql": _RECOUNT.encode("utf-8"),
    }
    files["recount.postgresql.sql"] = _tables(files).encode("utf-8")
    kept = _scans(coverage, result, folder) if scans else {}
    files.update(kept)
    for language in (one for one in coverage.programme.languages if one in LANGUAGES):
        files[f"README.{language}.txt"] = _readme(coverage, result, language, sorted(kept))
    sums = "".join(f"{hashlib.sha256(files[one]).hexdigest()}  {one}\n" for one in sorted(files))
    files["SHA256SUMS"] = sums.encode("ascii", "backslashreplace")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for one in sorted(files):
            info = zipfile.ZipInfo(one, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            info.create_system = 3
            archive.writestr(info, files[one], compresslevel=9)
    return out.getvalue()


class _Names:
    """Pseudonyms of one report."""

    def __init__(self, coverage: Coverage, result: Result, site: str, key: bytes) -> None:
        known = "" if coverage.known_on is None else coverage.known_on.isoformat()
        said = [site, coverage.programme.id, result.indicator.id, coverage.as_of.isoformat(), known]
        self._salt = hmac.new(key, json.dumps(said).encode("utf-8"), hashlib.sha256).digest()

    def of(self, holder: str) -> str:
        """What stands for somebody; institutions are no secret."""
        return holder if holder.startswith("institution:") else self.hashed(holder)

    def hashed(self, value: str) -> str:
        """A value that may hold an opaque id."""
        return hmac.new(self._salt, value.encode("utf-8"), hashlib.sha256).hexdigest()[:PSEUDONYM]


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode("utf-8")


def _figure(coverage: Coverage, result: Result, site: str) -> dict[str, object]:
    indicator = result.indicator
    return {
        "schema": "evidence/1",
        "site": site,
        "programme": coverage.programme.id,
        "as_of": coverage.as_of.isoformat(),
        "known_on": None if coverage.known_on is None else coverage.known_on.isoformat(),
        "timezone": coverage.programme.timezone,
        "title": _in_languages(coverage, indicator.title.in_language),
        "definition": _in_languages(coverage, indicator.definition.in_language),
        "count": indicator.count.model_dump(mode="json", exclude_none=True),
        "numerator": result.reached,
        "denominator": result.asked,
        "missing": result.missing,
        "outside": result.outside,
        "targets": [{"by": one.by.isoformat(), "value": one.value} for one in indicator.targets],
        **result_as_json(result),
    }


def _in_languages(coverage: Coverage, text: object) -> dict[str, str]:
    assert callable(text)
    return {language: str(text(language)) for language in coverage.programme.languages}


def _number(value: float | None) -> str | float:
    return "" if value is None else round(value, 6)


def _list(coverage: Coverage, result: Result, name: _Names) -> bytes:
    regions = coverage.observed.institutions
    also = _also(result)
    rows: list[list[str | float]] = []
    for one in _listing(result).counted:
        place = one.first.institution
        rows.append(
            [
                name.of(one.holder),
                "yes",
                one.first.on.isoformat(),
                place,
                regions.get(place, ""),
                quarter_of(one.first.on),
                len(one.observations),
                _number(one.value),
                *_about(coverage, one.holder, also),
            ]
        )
    for holder in _listing(result).missing:
        place = _place(coverage, holder)
        rows.append(
            [
                name.of(holder),
                "no",
                "",
                place,
                regions.get(place, ""),
                "",
                "0",
                "",
                *_about(coverage, holder, also),
            ]
        )
    return write_csv([[*LIST, *also], *sorted(rows, key=str)])


def _listing(result: Result) -> Listing:
    assert result.listed is not None  # as `coverage` was asked
    return result.listed


def _place(coverage: Coverage, holder: str) -> str:
    if holder.startswith("institution:"):
        return holder.removeprefix("institution:")
    return coverage.observed.person(holder).institution


def _also(result: Result) -> tuple[str, ...]:
    """Of persons only what the indicator is broken down by."""
    return tuple(one for one in ("gender", "language") if one in result.breakdowns)


def _about(coverage: Coverage, holder: str, also: Sequence[str]) -> list[str]:
    person = coverage.observed.person(holder)
    return [person.gender if one == "gender" else person.language for one in also]


def _observations(coverage: Coverage, result: Result, name: _Names) -> bytes:
    def row(holder: str, one: Observation) -> list[str | float]:
        return [
            name.of(holder),
            one.on.isoformat(),
            one.institution,
            coverage.observed.institutions.get(one.institution, ""),
            quarter_of(one.on),
            one.subject,
            _number(one.value),
            name.hashed(one.source),
        ]

    rows = [row(one.holder, each) for one in _listing(result).counted for each in one.observations]
    return write_csv([list(OBSERVATIONS), *sorted(rows, key=str)])


# --- how it was counted -----------------------------------------------------------------------


def kind_of(result: Result) -> str:
    """Which of the kinds of count the indicator has."""
    return next(iter(result.indicator.count.model_fields_set))


_RECOUNT = """\
-- The figure again, from list.csv and observations.csv beside this file:
--   sqlite3 -cmd ".mode csv" -cmd ".import list.csv list" -cmd ".import observations.csv observations" :memory: < recount.sql
-- With PostgreSQL, where recount.postgresql.sql makes the two tables and reads the files:
--   psql -f recount.postgresql.sql -f recount.sql

SELECT count(*) AS persons FROM list WHERE counted = 'yes';
SELECT count(*) AS participations FROM observations;
SELECT count(*) AS denominator, count(*) FILTER (WHERE counted = 'no') AS missing FROM list;
SELECT avg(CAST(value AS DOUBLE PRECISION)) AS mean FROM list WHERE counted = 'yes' AND value <> '';
SELECT region, count(*) AS persons FROM list WHERE counted = 'yes' GROUP BY region ORDER BY region;
SELECT quarter, count(*) AS persons FROM list WHERE counted = 'yes' GROUP BY quarter ORDER BY quarter;
"""


def _tables(files: Mapping[str, bytes]) -> str:
    """What makes tables of the lists in PostgreSQL; all their columns are texts."""
    said = "-- The two lists as tables, for recount.sql: psql -f recount.postgresql.sql -f recount.sql\n"
    for name in ("list", "observations"):
        head = files[f"{name}.csv"].decode("utf-8-sig").splitlines()[0]
        columns = ", ".join(f"{column} text" for column in head.split(","))
        said += f"\nCREATE TEMPORARY TABLE {name} ({columns});\n"
        said += f"\\copy {name} FROM '{name}.csv' WITH (FORMAT csv, HEADER true)\n"
    return said


Database = Literal["SQLite", "PostgreSQL"]


def _sql(coverage: Coverage, result: Result, site: str, database: Database) -> str:
    """How the rows were chosen from the state database, for whoever has it."""
    return (
        f"-- {coverage.programme.id} / {result.indicator.id}, as of {coverage.as_of.isoformat()}\n"
        f"-- Which rows of the state database ({database}) were looked at. Persons with two rows are one (same_person), and\n"
        "-- a person counts where membership says they were at the end of the day, in the calendar of\n"
        f"-- {coverage.programme.timezone}. recount.sql counts what came of it.\n\n"
        f"{_chosen_rows(coverage, result, site, database)}\n"
    )


def _chosen_rows(coverage: Coverage, result: Result, site: str, database: Database) -> str:
    programme, count = coverage.programme, result.indicator.count
    until = end_of(coverage.as_of, programme.zone)
    assert until is not None
    moment = _moment(until, database)
    known = end_of(coverage.known_on, programme.zone)
    also = "" if known is None else f" AND recorded_at <= '{_moment(known, database)}'"
    if count.certified is not None:
        also = "" if known is None else f" AND issued_at <= '{_moment(known, database)}'"
        return (  # read by an auditor; nothing here runs it
            f"SELECT * FROM issue WHERE site = {_quoted(site)} AND policy = {_quoted(count.certified)}\n"  # noqa: S608
            f"    AND issued_on <= '{coverage.as_of.isoformat()}'{also};\n"
            f"SELECT status_event.* FROM status_event JOIN issue ON issue.id = status_event.issue_id\n"
            f"    WHERE issue.policy = {_quoted(count.certified)} AND status_event.at <= '{moment}';"
        )
    streams = ", ".join(_quoted(one) for one in _STREAMS[kind_of(result)])
    told = count.attended is not None or count.score is not None or count.milestone is not None
    time = (
        "" if told else f" AND source_time <= '{moment}'"
    )  # of what people told, the day in the value decides
    return (
        f"SELECT * FROM fact WHERE site = {_quoted(site)} AND stream IN ({streams})\n"  # noqa: S608
        f"    AND {_subjects(coverage, result)}{time}{also}\n"
        "    ORDER BY source_time, id;"
    )


def _subjects(coverage: Coverage, result: Result) -> str:
    programme, count = coverage.programme, result.indicator.count
    if count.completed is not None:
        return f"course = {_quoted(count.completed)}"
    if count.passed is not None:
        return f"subject = {_quoted(count.passed)}"
    if count.gain is not None:
        return f"subject IN ({_quoted(count.gain.pre)}, {_quoted(count.gain.post)})"
    if count.answered is not None:
        return f"subject = {_quoted(programme.forums.helpdesk or '')}"
    if count.attended is not None:
        wanted = [one.id for one in programme.sessions if {one.id, one.kind} & set(count.attended)]
        return (
            f"course = {_quoted(programme.id)} AND subject IN ({', '.join(map(_quoted, wanted)) or 'NULL'})"
        )
    if count.score is not None:
        return f"course = {_quoted(programme.id)} AND subject = {_quoted(count.score)}"
    return f"course = {_quoted(programme.id)}"


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _moment(moment: datetime.datetime, database: Database) -> str:
    """As the database has it: SQLite keeps UTC without a zone, PostgreSQL reads one."""
    told = moment.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return told if database == "SQLite" else f"{told}+00"


# --- what lies beside it ----------------------------------------------------------------------


def _scans(coverage: Coverage, result: Result, folder: Path) -> Mapping[str, bytes]:
    """Scans kept below evidence/<programme>/: sheets of the sessions counted, notes of the milestones counted."""
    place = folder / EVIDENCE / coverage.programme.id
    if not place.is_dir() or place.is_symlink():
        return {}
    count = result.indicator.count
    subjects = {one.subject for each in _listing(result).counted for one in each.observations}
    wanted: dict[str, bytes] = {}
    for path in sorted((place / "sessions").glob("*") if count.attended is not None else place.glob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        if count.attended is not None:
            belongs = any(path.stem == one or path.stem.startswith(f"{one}.") for one in subjects)
        else:
            belongs = count.milestone is not None and any(
                step.milestone == count.milestone
                and step.on is not None
                and f"/{path.name} " in step.evidence
                for each in coverage.paths
                for step in each.steps
            )
        if belongs:
            wanted[f"scans/{path.name}"] = path.read_bytes()
    return wanted


def _readme(coverage: Coverage, result: Result, language: str, scans: Sequence[str]) -> bytes:
    words = Words(coverage, language)
    indicator = result.indicator

    def say(code: str, **params: object) -> str:
        return words.say(f"evidence-{code}", **params)

    lines = [
        say("heading"),
        "=" * len(say("heading")),
        "",
        coverage.programme.title.in_language(language),
        indicator.title.in_language(language),
        words.say("as-of", day=words.day(coverage.as_of)),
    ]
    if coverage.known_on is not None:
        lines.append(words.say("known-on", day=words.day(coverage.known_on)))
    lines += [
        "",
        f"{say('figure')}: {words.reached(result)} {words.unit(result)} ({words.beside(result)})",
        f"{say('definition')}: {indicator.definition.in_language(language)}",
        f"{say('numerator')}: {words.reached(result)}",
        f"{say('denominator')}: {words.number(result.asked)} – {say(f'denominator-{kind_of(result)}')}",
        f"{say('missing')}: {words.number(result.missing)}",
        f"{say('outside')}: {words.number(result.outside)}",
        "",
        f"{say('how')}: {say(f'how-{kind_of(result)}')}",
    ]
    if source := words.source(result):
        lines.append(source)
    lines += [words.say("read-place-text"), "", say("files")]
    lines += [f"  {file}: {say(f'file-{code}')}" for file, code in _FILES]
    if scans:
        lines.append(f"  scans/: {say('file-scans', n=len(scans))}")
    lines += ["", say("pseudonyms")]
    if coverage.programme.disclaimer is not None:
        lines += ["", coverage.programme.disclaimer.in_language(language)]
    return ("\n".join(lines) + "\n").encode("utf-8")


_FILES = (
    ("figure.json", "figure"),
    ("list.csv", "list"),
    ("observations.csv", "observations"),
    ("facts.sql", "facts"),
    ("facts.postgresql.sql", "facts"),
    ("recount.sql", "recount"),
    ("recount.postgresql.sql", "recount-tables"),
    ("SHA256SUMS", "sums"),
)
