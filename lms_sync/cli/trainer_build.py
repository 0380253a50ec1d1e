"""The trainer's verb build, once or again whenever a file is saved."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from authoring.messages import text
from authoring.problems import ContentError, LmsSyncError, Problem, in_reading_order
from lms_sync.cli import outcome
from lms_sync.cli.options import dir_option, json_option
from lms_sync.cli.trainer import checked, language_option, print_by_file, print_count, this_day

_NAMED = 3
"""Changed files that are told by their names; of more, how many there are."""


@click.command()
@dir_option
@language_option
@click.option(
    "--watch", "stay", is_flag=True, help="Stay, and build again whenever a file is saved, until Ctrl+C."
)
@json_option
def build(folder: Path, language: str | None, stay: bool, as_json: bool) -> int:
    """Write the course packages and question banks into the folder build.

    With --watch it stays until Ctrl+C and builds again whenever a file is saved, which takes a fraction of the time; with --json as
    well, each build is one line.

    \b
    Examples:
      lms-sync build --dir academy
      lms-sync build --watch
    """
    reader = language or outcome.reader_language(folder)
    builder = _Builder(folder, reader, as_json=as_json)
    done = builder.build()
    if not stay:
        return done
    with contextlib.suppress(KeyboardInterrupt):
        _follow(builder)
    if not as_json:
        click.echo("\n" + text("build.watch-ended", {}, reader))
    return outcome.DONE


def _follow(builder: _Builder) -> None:
    """Builds again whenever a file is saved."""
    from lms_sync.saved_files import saved_files

    if not builder.as_json:
        click.echo(text("build.watching", {}, builder.reader))
    builder.in_one_line = True
    for changed in saved_files(builder.folder):
        builder.say_first(_changed(changed, builder.reader) if changed else "")
        try:
            builder.build()
        except LmsSyncError as error:  # a disk that is full now may not be later
            outcome.print_problems(error.problems, builder.reader)


def _changed(names: Sequence[str], reader: str) -> str:
    """Which files led to a build, and when."""
    told = ", ".join(names[:_NAMED])
    if len(names) > _NAMED:
        told = text("build.files", {"n": len(names)}, reader)
    return text("build.changed", {"at": time.strftime("%H:%M:%S"), "files": told}, reader)


class _Builder:
    """Builds an academy as often as wanted; what it knows of the files stays in memory between two builds.

    `in_one_line` says how long a build took in place of the names of its files; `say_first` is told before what it came to,
    if that is anything new.
    """

    def __init__(self, folder: Path, reader: str, *, as_json: bool) -> None:
        from authoring.build_cache import BuildCache

        self.folder = folder
        self.reader = reader
        self.as_json = as_json
        self.in_one_line = False
        self.cache = BuildCache(folder)
        self._first = ""
        self._told: object = None

    def say_first(self, words: str) -> None:
        """What is to be said before the next outcome; empty: an outcome that is known already is not told again."""
        self._first = words

    def build(self) -> int:
        """Builds once, says what it came to, and how the command ends by it. Raises LmsSyncError."""
        from lms_sync.last_build import LastBuild, Watch

        begun = time.perf_counter()
        watch = Watch(self.cache, this_day())
        built = watch.last_build()
        if built is not None:
            for name in built.names:
                self._file(name)
        else:
            from lms_sync.academy import build_academy, read_academy

            names: list[str] = []

            def said(name: str) -> None:
                names.append(name)
                self._file(name)

            try:
                academy = read_academy(self.folder, self.cache, wanted="banks")
                made = build_academy(academy, said=said, cache=self.cache)
                warnings = [*academy.warnings, *checked(academy, write=True)[0]]
            except ContentError as error:
                # Said here, not by the caller, so that --language and the order by file hold for build as well.
                return self._refused(in_reading_order(error.problems))
            finally:
                self.cache.save()
            built = LastBuild(_build_json(self.folder, made), tuple(names), tuple(in_reading_order(warnings)))
            watch.keep(built.report, built.names, built.warnings)
            self.cache.save()
        self._done(built.report, built.warnings, time.perf_counter() - begun)
        return outcome.DONE

    def _file(self, name: str) -> None:
        if not self.as_json and not self.in_one_line:
            click.echo(f"  {name}")

    def _news(self, told: object) -> bool:
        """Whether an outcome is to be told, with what was to be said before it."""
        first, self._first = self._first, ""
        known, self._told = self._told == told, told
        if known and not first and self.in_one_line:
            return False
        if first and not self.as_json:
            click.echo(first)
        return True

    def _refused(self, problems: Sequence[Problem]) -> int:
        if self._news(problems):
            errors = sum(problem.severity == "error" for problem in problems)
            print_by_file(problems, self.reader, err=True)
            print_count(0, 0, errors, len(problems) - errors, self.reader, err=True)
        return outcome.ERROR

    def _done(self, report: dict[str, Any], warnings: Sequence[Problem], seconds: float) -> None:
        if not self._news((report, warnings)):
            return
        if self.as_json:
            click.echo(json.dumps(report, indent=None if self.in_one_line else 1))
            return
        print_by_file(warnings, self.reader, err=True)
        said = [text("build.packages", {"n": len(report["packages"])}, self.reader)]
        if report["manuals"]:
            said.append(text("build.manuals", {"n": len(report["manuals"])}, self.reader))
        if report["banks"]:
            questions = sum(bank["questions"] for bank in report["banks"])
            said.append(text("build.questions", {"n": questions}, self.reader))
        if self.in_one_line:
            took = text("build.took", {"seconds": f"{seconds:.2f}"}, self.reader)
            click.echo(" ".join(["  ✓", *said, took]))
        else:
            click.echo("\n".join(said))


def _build_json(folder: Path, built: Any) -> dict[str, object]:
    return {
        "packages": [
            {
                "path": package.path.relative_to(folder).as_posix(),
                "kind": package.kind,
                "identifier": package.identifier,
                "size": package.size,
                "sha1": package.sha1,
                "sha256": package.sha256,
                "content_sha256": package.content_sha256,
                "lessons": list(package.lessons),
                "languages": list(package.languages),
            }
            for package in built.packages
        ],
        "manuals": [
            {
                "path": manual.path.relative_to(folder).as_posix(),
                "language": manual.language,
                "size": manual.size,
                "sha256": manual.sha256,
                "pdf_ua": manual.accessible,
            }
            for manual in built.manuals
        ],
        "banks": [
            {"path": f"build/{slug}/{slug}.moodle.xml", "questions": questions}
            for slug, questions in built.banks.items()
        ],
    }
