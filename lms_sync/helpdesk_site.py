"""Builds the help desk of an academy into `build/helpdesk`, with what its programme and its manual's course add."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

from authoring.course import Course, read_course
from authoring.problems import ContentError, LmsSyncError, Place, Problem
from authoring.theme import default_theme, read_theme
from helpdesk import HelpDesk, Site, build_site, read_helpdesk
from helpdesk.desk import FOLDER
from lms_sync.write_files import refuse_links, write_durably
from programmes import Programme, read_programme

OUT = Path("build") / "helpdesk"
_MADE = Path("build") / "helpdesk-files.json"
"""Names of the files of the last build: only these are taken away when a page is gone."""


@dataclass(frozen=True)
class BuiltSite:
    """What was built, and what changed on disk."""

    desk: HelpDesk
    site: Site
    written: int
    removed: int

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Warnings about the help desk's files."""
        return (*self.desk.warnings, *self.site.warnings)


def open_helpdesk(folder: Path) -> HelpDesk:
    """The help desk of an academy; raises ContentError, or LmsSyncError where there is none."""
    desk = read_helpdesk(folder)
    if desk is None:
        raise LmsSyncError("helpdesk.none")
    return desk


def make_site(folder: Path) -> Site:
    """The site's files, nothing written; raises ContentError with the problems of all that it is made from."""
    return _make(folder, open_helpdesk(folder))


def build_helpdesk(folder: Path) -> BuiltSite:
    """Writes the site below `folder`; a file that is as it should be is left alone. Raises ContentError."""
    desk = open_helpdesk(folder)
    site = _make(folder, desk)
    out = folder / OUT
    written = 0
    for name, content in site.files.items():
        target = out / name
        refuse_links(target, below=folder)
        if not target.is_file() or target.read_bytes() != content:
            write_durably(target, content)
            written += 1
    removed = 0
    for name in sorted(_made_before(folder) - set(site.files)):
        target = out / name
        refuse_links(target, below=folder)
        if target.is_file():
            target.unlink()
            removed += 1
            with contextlib.suppress(OSError):  # not empty: something else stands there
                target.parent.rmdir()
    made = json.dumps(sorted(site.files), indent=0) + "\n"
    if written or removed or not (folder / _MADE).is_file():
        write_durably(folder / _MADE, made.encode("utf-8"))
    return BuiltSite(desk, site, written, removed)


def _make(folder: Path, desk: HelpDesk) -> Site:
    problems: list[Problem] = []
    warnings: list[Problem] = []
    programme: Programme | None = None
    path = folder / "programmes" / f"{desk.file.programme}.yaml"
    if path.is_file():
        try:
            programme = read_programme(path, root=folder)
        except ContentError as error:
            problems.extend(error.problems)
    else:
        place = Place(f"{FOLDER}/helpdesk.yaml")
        warnings.append(
            Problem("helpdesk.programme-missing", {"what": desk.file.programme}, place, "warning")
        )
    course: Course | None = None
    if desk.file.manual is not None:
        try:
            course = read_course(folder / "courses" / desk.file.manual.course, root=folder)
        except ContentError as error:
            problems.extend(error.problems)
    theme = default_theme()
    try:
        theme, found = read_theme(folder, root=folder, languages=desk.languages)
        problems.extend(one for one in found if one.severity == "error")
    except ContentError as error:
        problems.extend(error.problems)
    if any(problem.severity == "error" for problem in problems):
        raise ContentError(problems)
    site = build_site(desk, programme, course, root=folder, theme=theme)
    return replace(site, warnings=(*warnings, *site.warnings))


def _made_before(folder: Path) -> set[str]:
    try:
        names = json.loads((folder / _MADE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return set()
    if not isinstance(names, list):
        return set()
    return {
        name
        for name in names
        if isinstance(name, str) and ".." not in Path(name).parts and not Path(name).is_absolute()
    }
