"""Prints the manuals that courses ask for into `build/<slug>/`, with the partners of the programme that a course belongs to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from authoring.build_cache import BuildCache, stamp
from authoring.course import Course
from lms_sync.write_files import refuse_links, write_durably

if TYPE_CHECKING:
    from course_packages.manual import Front
    from programmes import Programme

_KIND = "manual"


@dataclass(frozen=True)
class BuiltManual:
    """A manual on disk; `accessible` says that it is declared as PDF/UA-1."""

    path: Path
    language: str
    size: int
    sha256: str
    accessible: bool


def build_manuals(
    course: Course, academy: Path, cache: BuildCache | None, said: Callable[[str], None]
) -> tuple[BuiltManual, ...]:
    """Writes the manuals of a course; one whose lessons have not changed is left alone. Raises LmsSyncError."""
    if not course.manuals:
        return ()
    programme = _programme_of(course, academy)
    built = []
    for language in course.manuals:
        path = academy / "build" / course.slug / f"{course.slug}-manual-{language}.pdf"
        refuse_links(path, below=academy)
        name = path.relative_to(academy).as_posix()
        key = _key(course, language, programme, academy)
        known = cache.get(_KIND, name) if cache is not None and key else None
        manual = _kept(known, key, path, language) or _print(course, language, programme, academy, path)
        if cache is not None:
            cache.put(_KIND, name, _facts(manual, key) if key else None)
        built.append(manual)
        said(name)
    return tuple(built)


def _print(
    course: Course, language: str, programme: Programme | None, academy: Path, path: Path
) -> BuiltManual:
    from course_packages.manual import manual_pdf

    made = manual_pdf(course, language, _front(programme, language, academy))
    if not (path.is_file() and path.read_bytes() == made.pdf):
        write_durably(path, made.pdf)
    return BuiltManual(path, language, len(made.pdf), hashlib.sha256(made.pdf).hexdigest(), made.accessible)


def _key(course: Course, language: str, programme: Programme | None, academy: Path) -> str:
    """What a manual is made from; empty where that is not certain and it has to be made to know."""
    digests = [text.digest for lesson in course.lessons if (text := lesson.texts.get(language))]
    if not all(digests):
        return ""
    files = [course.folder / "course.yaml", course.folder / "glossary.yaml", *course.theme.sources]
    if programme is not None:
        files += [academy / "programmes" / f"{programme.id}.yaml"]
        files += [academy / partner.logo for partner in programme.partners if partner.logo]
    stamps = [f"{file} {stamp(file)}" for file in files]
    return hashlib.sha256("\n".join([language, *digests, *stamps]).encode()).hexdigest()


def _facts(manual: BuiltManual, key: str) -> dict[str, Any]:
    return {
        "key": key,
        "stamp": stamp(manual.path),
        "size": manual.size,
        "sha256": manual.sha256,
        "accessible": manual.accessible,
    }


def _kept(known: Any, key: str, path: Path, language: str) -> BuiltManual | None:
    try:
        if known is None or known["key"] != key or stamp(path) != tuple(known["stamp"]):
            return None
        return BuiltManual(path, language, known["size"], known["sha256"], known["accessible"])
    except (KeyError, TypeError):
        return None


def _programme_of(course: Course, academy: Path) -> Programme | None:
    """The first programme, by name, that the course belongs to."""
    from authoring.problems import ContentError
    from programmes import read_programme

    for path in sorted((academy / "programmes").glob("*.yaml")):
        try:
            programme = read_programme(path, root=academy)
        except ContentError:
            continue  # told by check
        if course.id in programme.courses:
            return programme
    return None


def _front(programme: Programme | None, language: str, academy: Path) -> Front:
    from course_packages.manual import Front, PartnerLogo

    if programme is None:
        return Front()

    def partners() -> Iterator[PartnerLogo]:
        for one in programme.partners:
            name = one.name.in_language(language, programme.languages[0])
            short = one.short.in_language(language, programme.languages[0]) if one.short else name
            logo = academy / one.logo if one.logo and (academy / one.logo).is_file() else None
            yield PartnerLogo(name, short, one.role, logo)

    disclaimer = (
        programme.disclaimer.in_language(language, programme.languages[0]) if programme.disclaimer else ""
    )
    title = programme.title.in_language(language, programme.languages[0])
    return Front(title, tuple(partners()), disclaimer)
