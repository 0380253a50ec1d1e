"""A package on disk: written whole or not at all, left alone where nothing in it has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from authoring.build_cache import BuildCache, settled, stamp
from authoring.write_files import whole_file
from course_packages.zip_file import Content, Made, Member, Zip, write_zip

_KIND = "package"
_MEMBER = [one.name for one in fields(Member)]


def write_package(files: Mapping[str, Content], out: Path, cache: BuildCache | None = None) -> Zip:
    """Writes a zip with these files to `out` and says what it is; a file that is the same already is not touched.

    What the zip of an earlier build holds of them is copied. Raises ContentError and CannotWrite.
    """
    sources = {name: _source(content) for name, content in files.items()}
    earlier = _earlier(out, cache)
    members = {member.name: member for member in earlier.members} if earlier else {}
    if earlier and sources == {name: member.source for name, member in members.items() if member.source}:
        return earlier
    written: list[Zip] = []
    opened = out.open("rb") if earlier else None
    try:
        with whole_file(out, wanted=lambda: not _is(out, written[0])) as stream:
            written.append(write_zip(stream, files, sources=sources, earlier=members, earlier_zip=opened))
    finally:
        if opened:
            opened.close()
    if cache is not None:
        cache.put(_KIND, str(out.relative_to(cache.academy)), _kept(out, written[0]))
    return written[0]


def _source(content: Content) -> str:
    """What says that a file is the same as in an earlier build; empty where nothing does."""
    if isinstance(content, Made):
        return content.key and f"made {content.key}"
    if isinstance(content, Path):
        found = stamp(content)
        return f"file {found[0]} {found[1]} {content}" if found and settled(found) else ""
    return f"sha256 {hashlib.sha256(content).hexdigest()}"


def _earlier(out: Path, cache: BuildCache | None) -> Zip | None:
    """The package as an earlier build has left it, if it still lies there so."""
    kept = cache.get(_KIND, str(out.relative_to(cache.academy))) if cache is not None else None
    try:
        if kept is None or stamp(out) != tuple(kept["stamp"]):
            return None
        members = tuple(Member(*one) for one in kept["members"])
        return Zip(kept["sha1"], kept["sha256"], kept["content_sha256"], kept["size"], members)
    except (KeyError, TypeError, ValueError):
        return None


def _kept(out: Path, written: Zip) -> dict[str, Any] | None:
    found = stamp(out)
    if found is None:
        return None
    return {
        "stamp": found,
        "sha1": written.sha1,
        "sha256": written.sha256,
        "content_sha256": written.content_sha256,
        "size": written.size,
        "members": [[getattr(member, name) for name in _MEMBER] for member in written.members],
    }


def _is(out: Path, written: Zip) -> bool:
    """Whether the file is byte for byte what was written."""
    try:
        if out.stat().st_size != written.size:
            return False
        with out.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == written.sha256
    except OSError:
        return False
