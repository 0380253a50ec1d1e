"""A package on disk: written whole or not at all, left alone where nothing in it has changed."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from authoring.build_cache import BuildCache, settled, stamp
from authoring.write_files import whole_file
from course_packages.zip_file import Content, Made, Member, write_zip

_KIND = "package"
_CHUNK = 1 << 20
_MEMBER = [one.name for one in fields(Member)]


@dataclass(frozen=True)
class Package:
    """A package as it lies on the disk."""

    sha1: str
    sha256: str
    content_sha256: str
    size: int


def write_package(files: Mapping[str, Content], out: Path, cache: BuildCache | None = None) -> Package:
    """Writes a zip with these files to `out` and says what it is; a file that is the same already is not touched.

    What the zip of an earlier build holds of them is copied. Raises ContentError and CannotWrite.
    """
    sources = {name: _source(content) for name, content in files.items()}
    earlier, members = _earlier(out, cache)
    if earlier and sources == {name: member.source for name, member in members.items() if member.source}:
        return earlier
    made: list[Package] = []
    with (
        out.open("rb") if earlier else contextlib.nullcontext() as old,
        whole_file(out, wanted=lambda: not _is(out, made[0], earlier)) as stream,
    ):
        zipped = write_zip(stream, files, sources=sources, earlier=members, earlier_zip=old)
        stream.flush()
        made.append(Package(*_hashes(stream.fileno()), zipped.content_sha256, zipped.size))
    if cache is not None:
        cache.put(_KIND, str(out.relative_to(cache.academy)), _kept(out, made[0], zipped.members))
    return made[0]


def _hashes(handle: int) -> tuple[str, str]:
    """SHA-1 and SHA-256 of an open file, found by two threads while a disk takes in what was written. Raises OSError."""
    sha1, sha256 = hashlib.sha1(usedforsecurity=False), hashlib.sha256()
    one_at_a_time = Lock()
    failed: list[OSError] = []

    def part_at(at: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(handle, _CHUNK, at)
        with one_at_a_time:
            os.lseek(handle, at, os.SEEK_SET)
            return os.read(handle, _CHUNK)

    def hash_into(found: hashlib._Hash) -> None:
        at = 0
        try:
            while part := part_at(at):
                found.update(part)
                at += len(part)
        except OSError as error:
            failed.append(error)

    threads = [Thread(target=hash_into, args=(found,)) for found in (sha1, sha256)]
    for thread in threads:
        thread.start()
    with contextlib.suppress(OSError):  # told where it is waited for
        os.fsync(handle)
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return sha1.hexdigest(), sha256.hexdigest()


def _source(content: Content) -> str:
    """What says that a file is the same as in an earlier build; empty where nothing does."""
    if isinstance(content, Made):
        return content.key and f"made {content.key}"
    if isinstance(content, Path):
        found = stamp(content)
        return f"file {found[0]} {found[1]} {content}" if found and settled(found) else ""
    return f"sha256 {hashlib.sha256(content).hexdigest()}"


def _earlier(out: Path, cache: BuildCache | None) -> tuple[Package | None, dict[str, Member]]:
    """The package as an earlier build has left it, if it still lies there so, with its members by name."""
    kept = cache.get(_KIND, str(out.relative_to(cache.academy))) if cache is not None else None
    try:
        if kept is None or stamp(out) != tuple(kept["stamp"]):
            return None, {}
        package = Package(kept["sha1"], kept["sha256"], kept["content_sha256"], kept["size"])
        return package, {one[0]: Member(*one) for one in kept["members"]}
    except (KeyError, TypeError, ValueError, IndexError):
        return None, {}


def _kept(out: Path, package: Package, members: Sequence[Member]) -> dict[str, Any] | None:
    found = stamp(out)
    if found is None:
        return None
    return {
        "stamp": found,
        **asdict(package),
        "members": [[getattr(member, name) for name in _MEMBER] for member in members],
    }


def _is(out: Path, made: Package, earlier: Package | None) -> bool:
    """Whether the file is byte for byte what was made; `earlier` is what is known of it."""
    try:
        if out.stat().st_size != made.size:
            return False
        if earlier is not None:
            return earlier.sha256 == made.sha256
        with out.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == made.sha256
    except OSError:
        return False
