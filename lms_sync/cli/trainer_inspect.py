"""The verb inspect: what somebody else's package holds, breaks and risks, for a person and for a machine."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from authoring.messages import LANGUAGES, describe, remedy, text
from authoring.problems import LmsSyncError, Problem
from lms_sync.cli import outcome
from lms_sync.cli.options import json_option

_SHOWN_OF_A_CODE = 5
_SHOWN_FOUND = 6
_SHOWN_SCOS = 30


@click.command("inspect")
@click.argument("file", metavar="FILE.zip", type=click.Path(path_type=Path))
@click.option(
    "--language", type=click.Choice(LANGUAGES), help="The language of the messages (default: yours)."
)
@click.option("--strict", is_flag=True, help="Also judge the manifest by the XML schemas of its edition.")
@json_option
def inspect_file(file: Path, language: str | None, strict: bool, as_json: bool) -> int:
    """Look into a SCORM package from anyone: broken rules, pages, size, risky content. Nothing is unpacked.

    The exit code is 1 where the package breaks a rule of the standard or cannot be used. Its activity in a
    course is `kind: package` with `file: packages/NAME.zip`. What --json prints is described by
    lms_sync/schemas/inspect.schema.json.

    \b
    Examples:
      lms-sync inspect packages/bought.zip
      lms-sync inspect packages/bought.zip --json
    """
    from course_packages.foreign import inspect_package
    from lms_sync.cli.trainer import by_schema

    reader = language or outcome.reader_language()
    if not file.is_file():
        raise LmsSyncError("inspect.no-file", file=str(file))
    if strict and importlib.util.find_spec("xmlschema") is None:
        raise LmsSyncError("check.strict-needs")
    found = inspect_package(file, by_schema=by_schema if strict else None)
    if as_json:
        click.echo(json.dumps(_as_json(found, reader), ensure_ascii=False, indent=1))
    else:
        for line in _lines(found, reader):
            click.echo(line)
    return outcome.ERROR if found.problems else outcome.DONE


def _lines(found: Any, reader: str) -> Iterator[str]:
    from lms_sync.doctor import size_in_words

    def say(code: str, **values: object) -> str:
        return text(code, values, reader)

    unpacked = sum(one.size for one in found.types)
    files = sum(one.files for one in found.types)
    yield click.style(found.title or found.name, bold=True)
    facts = {"n": files, "size": size_in_words(found.size), "unpacked": size_in_words(unpacked)}
    yield f"  {found.edition or '-'} · {say('inspect.facts', **facts)}"
    yield f"  sha256 {found.sha256}"
    if found.scos:
        yield ""
        yield click.style(say("inspect.scos", n=len(found.scos)), bold=True)
        for sco in found.scos[:_SHOWN_SCOS]:
            mastery = f" · {say('inspect.mastery', score=sco.mastery)}" if sco.mastery else ""
            yield f"  {sco.title or sco.identifier} → {sco.page}{mastery}"
        if len(found.scos) > _SHOWN_SCOS:
            yield f"  {say('word.and-more', n=len(found.scos) - _SHOWN_SCOS)}"
    if found.types:
        yield ""
        yield click.style(say("inspect.types"), bold=True)
        names = {one.name: say(f"inspect.type-{one.name}") for one in found.types}
        width = max(map(len, names.values()))
        for one in found.types:
            yield f"  {names[one.name]:<{width}}  {one.files:>6}  {size_in_words(one.size):>9}"
    yield from _problem_lines(found, reader)
    yield from _risk_lines(found, reader)
    yield ""
    yield say("inspect.refused" if found.refusals else "inspect.usable")


def _problem_lines(found: Any, reader: str) -> Iterator[str]:
    yield ""
    if not found.problems:
        yield text("inspect.no-problems", {}, reader)
        return
    yield click.style(text("inspect.problems", {"n": len(found.problems)}, reader), bold=True)
    seen: Counter[str] = Counter()
    for problem in (*found.refusals, *found.broken_rules):
        seen[problem.code] += 1
        if seen[problem.code] <= _SHOWN_OF_A_CODE:
            yield _indented(describe(problem, reader))
    for code, count in seen.items():
        if count > _SHOWN_OF_A_CODE:
            values = {"n": count - _SHOWN_OF_A_CODE, "code": code}
            yield f"  {text('inspect.more-of-code', values, reader)}"


def _risk_lines(found: Any, reader: str) -> Iterator[str]:
    yield ""
    if not found.risks:
        yield text("inspect.no-risks", {}, reader)
        return
    yield click.style(text("inspect.risks", {"n": len(found.risks)}, reader), bold=True)
    for risk in found.risks:
        values = {"found": _listed(risk.found)}
        mark = click.style("!", fg="red", bold=True) if risk.level == "serious" else "·"
        yield f"  {mark} {text(risk.code, values, reader)}"
        yield f"      {remedy(risk.code, values, reader)}"
        places = ", ".join(dict.fromkeys(str(place) for place in risk.places[:3] if place.file))
        if places:
            more = f" ({text('inspect.places', {'n': risk.count}, reader)})" if risk.count > 1 else ""
            yield f"      {places}{more}"


def _listed(found: tuple[str, ...]) -> str:
    shown = ", ".join(found[:_SHOWN_FOUND])
    return f"{shown}, …" if len(found) > _SHOWN_FOUND else shown


def _indented(words: str) -> str:
    return "\n".join(f"  {line}" for line in words.splitlines())


def _as_json(found: Any, reader: str) -> dict[str, object]:
    from course_packages.foreign import is_refusal

    def problem_json(problem: Problem) -> dict[str, object]:
        return {
            "code": problem.code,
            "file": problem.place.file,
            "refused": is_refusal(problem),
            "what": text(problem.code, problem.params, reader),
            "remedy": remedy(problem.code, problem.params, reader),
        }

    def risk_json(risk: Any) -> dict[str, object]:
        values = {"found": _listed(risk.found)}
        words = {"what": text(risk.code, values, reader), "remedy": remedy(risk.code, values, reader)}
        return {**risk.as_json(), **words}

    return {
        "file": found.name,
        "size": found.size,
        "sha1": found.sha1,
        "sha256": found.sha256,
        "content_sha256": found.content_sha256,
        "edition": found.edition,
        "title": found.title,
        "usable": not found.refusals,
        "scos": [
            {"identifier": sco.identifier, "title": sco.title, "page": sco.page, "mastery": sco.mastery}
            for sco in found.scos
        ],
        "types": [
            {"type": one.name, "files": one.files, "size": one.size, "packed": one.packed}
            for one in found.types
        ],
        "problems": [problem_json(problem) for problem in found.problems],
        "risks": [risk_json(risk) for risk in found.risks],
    }
