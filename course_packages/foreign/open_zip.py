"""Looks into a zip from anyone without writing anything: what is in it, and why it is not to be trusted.

Every number in a zip is its maker's word. So the directory is measured before it is read, members are
read in pieces and never beyond the size that they were judged by, and nothing is unpacked.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from authoring.problems import Place, Problem
from course_packages.package_names import name_problems, shown

_END = b"PK\x05\x06"
_END_64 = b"PK\x06\x06"
_LOCATOR_64 = b"PK\x06\x07"
_LONGEST_COMMENT = 65_535
_PIECE = 1 << 20
_LOCAL_HEADER = 30
_ENCRYPTED = 0x1
_RATIO_FROM = 1_000_000


@dataclass(frozen=True)
class Limits:
    """How much is looked at; beyond it a package is refused. Sizes in bytes."""

    package: int = 1_000_000_000
    directory: int = 8_000_000
    files: int = 20_000
    unpacked: int = 2_000_000_000
    ratio: int = 100  # unpacked to packed, of members of more than a megabyte


@dataclass(frozen=True)
class Member:
    """One file in the zip."""

    name: str
    size: int
    packed: int


class OpenZip:
    """A zip that was looked through. `problems` are reasons not to unpack it anywhere; then nothing can be read."""

    def __init__(self, path: Path, limits: Limits | None = None) -> None:
        """Looks through the directory of the zip. OSErrors are the caller's."""
        self.path = path
        self.limits = limits or Limits()
        self.members: tuple[Member, ...] = ()
        self.problems: list[Problem] = []
        self._archive: zipfile.ZipFile | None = None
        self._infos: dict[str, zipfile.ZipInfo] = {}
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._archive is not None:
            self._archive.close()

    def pieces(self, name: str) -> Iterator[bytes]:
        """The content of a member, piece by piece. Raises zipfile.BadZipFile where it is damaged."""
        if self._archive is None or self.problems:
            return
        info = self._infos[name]
        try:
            with self._archive.open(info) as member:
                while piece := member.read(_PIECE):
                    yield piece
        except (zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
            raise zipfile.BadZipFile(str(error)) from error

    def _problem(self, code: str, **params: object) -> None:
        self.problems.append(Problem(code, params, Place(self.path.name)))

    def _open(self) -> None:
        size = self.path.stat().st_size
        if size > self.limits.package:
            self._problem("foreign.too-large", size=_megabytes(size), limit=_megabytes(self.limits.package))
            return
        directory = _directory(self.path, size)
        if directory is None:
            self._problem("foreign.not-a-zip")
            return
        files, length = directory
        if files > self.limits.files or length > self.limits.directory:
            self._problem("foreign.too-many-files", n=files, limit=self.limits.files)
            return
        try:
            self._archive = zipfile.ZipFile(self.path)
        except (zipfile.BadZipFile, zlib.error, OSError, ValueError, OverflowError, EOFError) as error:
            self._problem("foreign.zip-damaged", name="-", reason=str(error))
            return
        infos = self._archive.infolist()
        if len(infos) > self.limits.files:
            self._problem("foreign.too-many-files", n=len(infos), limit=self.limits.files)
            return
        self._look_through(infos)

    def _look_through(self, infos: Sequence[zipfile.ZipInfo]) -> None:
        # What stands behind a NUL is cut off in `filename`; the maker's own word is judged.
        self.problems.extend(name_problems({info.orig_filename for info in infos}))
        for info in infos:
            self._look_at(info)
        files = [info for info in infos if not info.is_dir()]
        seen: set[str] = set()
        for info in infos:
            if info.orig_filename in seen:
                self._problem("foreign.name-twice", name=shown(info.orig_filename))
            seen.add(info.orig_filename)
        folders = {name.rpartition("/")[0] for name in seen}
        folders |= {name[:at] for name in folders for at, sign in enumerate(name) if sign == "/"}
        for info in files:
            if info.orig_filename in folders:
                self._problem("foreign.file-and-folder", name=shown(info.orig_filename))
        total = sum(info.file_size for info in infos)
        if total > self.limits.unpacked:
            self._problem(
                "foreign.bomb", name="-", size=_megabytes(total), limit=_megabytes(self.limits.unpacked)
            )
        self._overlaps(infos)
        self._infos = {info.orig_filename: info for info in files}
        self.members = tuple(Member(info.orig_filename, info.file_size, info.compress_size) for info in files)

    def _look_at(self, info: zipfile.ZipInfo) -> None:
        name = shown(info.orig_filename)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            self._problem("foreign.link", name=name)
        if info.flag_bits & _ENCRYPTED:
            self._problem("foreign.encrypted", name=name)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            self._problem("foreign.compression", name=name, method=info.compress_type)
        if info.file_size > _RATIO_FROM and info.file_size > self.limits.ratio * max(info.compress_size, 1):
            times = f"1:{self.limits.ratio}"
            self._problem("foreign.bomb", name=name, size=_megabytes(info.file_size), limit=times)

    def _overlaps(self, infos: Sequence[zipfile.ZipInfo]) -> None:
        """Members that share bytes: how a small zip unpacks to terabytes at an innocent ratio."""
        end = -1
        for info in sorted(infos, key=lambda one: one.header_offset):
            if info.header_offset < end:
                self._problem("foreign.overlap", name=shown(info.orig_filename))
                return
            end = info.header_offset + _LOCAL_HEADER + len(info.filename) + info.compress_size


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _directory(path: Path, size: int) -> tuple[int, int] | None:
    """How many members the zip claims, and how many bytes its directory takes; None where it has no end record."""
    with path.open("rb") as file:
        file.seek(max(0, size - _LONGEST_COMMENT - 22))
        tail = file.read()
        at = tail.rfind(_END)
        if at < 0 or len(tail) - at < 22:
            return None
        files, length = struct.unpack_from("<HL", tail, at + 10)
        locator = tail.rfind(_LOCATOR_64, 0, at)
        if locator >= 0 and (files == 0xFFFF or length == 0xFFFFFFFF):
            (offset,) = struct.unpack_from("<Q", tail, locator + 8)
            if offset > size:
                return None
            file.seek(offset)
            record = file.read(56)
            if len(record) < 56 or not record.startswith(_END_64):
                return None
            files, length = struct.unpack_from("<QQ", record, 32)
    return int(files), int(length)
