"""The same files always make the same zip, whatever the day, the machine or the folder.

Names sorted, one date for all (the earliest a zip can hold), one set of permissions, no extra fields.
Pictures, sound and fonts are compressed already and are stored as they are; the rest is deflated. Deflate may
give other bytes with another zlib, so `content_sha256` names the content whatever packed it.

A zip is written from front to back, one member at a time, so that a film need not fit into memory. What an earlier zip
holds already is copied as it lies there, compressed. The form is that of APPNOTE 6.3, sections 4.3.7 to 4.3.16,
without ZIP64: byte for byte what Python's `zipfile` writes.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO, Self

from authoring.in_parallel import in_parallel
from authoring.problems import ContentError, Problem

STORED = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".png",
        ".gif",
        ".webp",
        ".avif",
        ".mp4",
        ".webm",
        ".m4a",
        ".mp3",
        ".ogg",
        ".opus",
        ".woff2",
    }
    | {".zip", ".pdf", ".docx", ".xlsx", ".pptx", ".odt", ".ods"}
)
MAX_BYTES = 0xFFFF_FFFF - 0x1000_0000
"""Of a zip without ZIP64, with room for its directory."""
MAX_FILES = 0xFFFE

_CHUNK = 1 << 20
_WHOLE = 8 << 20
"""A file up to this size is read once; a larger one twice, for its checksum stands before it."""
_AHEAD = 4
"""Files of up to a chunk that each of two threads has read before they are written."""
_LEVEL = 4
"""Of deflate: a quarter less time than 6, and lessons are 1.5 % larger."""
_VERSION = 20
_UNIX = 3
_REGULAR_FILE_0644 = 0o100644 << 16
_DATE = (1980 - 1980) << 9 | 1 << 5 | 1
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")


@dataclass(frozen=True)
class Packed:
    """A file as it goes into a zip: `content` is packed, `sha256`, `crc` and `size` are of what it unpacks to."""

    sha256: str
    crc: int
    size: int
    content: bytes


@dataclass(frozen=True)
class Made:
    """A file that is made when it is needed; the same `key` stands for the same bytes. It may be `packed` already."""

    key: str
    make: Callable[[], bytes]
    packed: Packed | None = None


Content = bytes | Path | Made
"""A file of a package: its bytes, where they are, or how they are made."""


@dataclass(frozen=True)
class Member:
    """A file as it lies in a zip: `sha256` is of its content, `at` where its local header begins.

    `source` says what it was made from; the same text, not empty, means the same content.
    """

    name: str
    source: str
    sha256: str
    crc: int
    stored: bool
    packed: int
    size: int
    at: int

    @property
    def end(self) -> int:
        """Where the next member begins."""
        return self.at + _LOCAL.size + len(self.name.encode()) + self.packed


@dataclass(frozen=True)
class Zip:
    """A zip as written."""

    content_sha256: str
    size: int
    members: tuple[Member, ...]


def read_content(content: Content) -> bytes:
    """The bytes of a file of a package."""
    if isinstance(content, Made):
        return content.make()
    return content.read_bytes() if isinstance(content, Path) else content


class Files(Mapping[str, bytes]):
    """The files of a package by name; each is read or made when it is asked for."""

    def __init__(self, contents: Mapping[str, Content]) -> None:
        self.contents = contents

    def __getitem__(self, name: str) -> bytes:
        return read_content(self.contents[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.contents)

    def __len__(self) -> int:
        return len(self.contents)


def zip_bytes(files: Mapping[str, Content]) -> bytes:
    """A zip with these files, by name."""
    buffer = io.BytesIO()
    write_zip(buffer, files)
    return buffer.getvalue()


def content_sha256(files: Mapping[str, Content]) -> str:
    """SHA-256 over the sorted list of names and their SHA-256: one line `<sha256>  <name>` each."""
    return _content_sha256(
        (name, hashlib.sha256(read_content(files[name])).hexdigest()) for name in sorted(files)
    )


def write_zip(
    stream: IO[bytes],
    files: Mapping[str, Content],
    *,
    sources: Mapping[str, str] | None = None,
    earlier: Mapping[str, Member] | None = None,
    earlier_zip: IO[bytes] | None = None,
) -> Zip:
    """Writes a zip with these files, by name, and says what was written.

    `sources` say what each is made from, where that is known (`Member.source`). A member of `earlier` that was made
    from the same is copied out of `earlier_zip`. Raises ContentError where a zip cannot hold so much.
    """
    if len(files) > MAX_FILES:
        raise ContentError([Problem("package.too-many-files", {"n": len(files), "limit": MAX_FILES})])
    members: list[Member] = []
    sources = sources or {}
    known_members: dict[str, Member] = {}
    if earlier and earlier_zip is not None:
        same = (name for name in files if sources.get(name) and name in earlier)
        known_members = {name: earlier[name] for name in same if earlier[name].source == sources[name]}
    texts = [name for name in sorted(files) if name not in known_members and _is_to_pack(name, files[name])]
    packed = dict(zip(texts, in_parallel(lambda name: pack(name, files[name]), texts, least=60), strict=True))
    run: list[Member] = []  # members that lie one after the other in the earlier zip
    out = _Counted(stream)
    waiting = [name for name in sorted(files) if name not in known_members and isinstance(files[name], Path)]
    with _ReadAhead([(name, files[name]) for name in waiting if _is_stored(name)]) as ahead:
        for name in sorted(files):
            if (known := known_members.get(name)) is not None:
                if run and run[-1].end != known.at:
                    _copy_run(run, out, members, earlier_zip)
                run.append(known)
                continue
            _copy_run(run, out, members, earlier_zip)
            made = packed.get(name) or ahead.packed(name)
            members.append(_write_member(out, name, sources.get(name, ""), files[name], made))
    _copy_run(run, out, members, earlier_zip)
    begins = out.written
    out.write(b"".join(_central_header(member) for member in members))
    size, count = out.written - begins, len(members)
    out.write(_END.pack(b"PK\5\6", 0, 0, count, count, size, begins, 0))
    whole = _content_sha256((member.name, member.sha256) for member in members)
    return Zip(whole, out.written, tuple(members))


def _content_sha256(hashes: Iterable[tuple[str, str]]) -> str:
    whole = hashlib.sha256()
    for name, sha256 in hashes:
        whole.update(f"{sha256}  {name}\n".encode())
    return whole.hexdigest()


class _ReadAhead:
    """Small files, read and hashed by two threads a little ahead of who writes them: for neither they need the interpreter."""

    def __init__(self, files: Sequence[tuple[str, Content]]) -> None:
        self._files = files
        self._numbers = {name: number for number, (name, _) in enumerate(files)}
        self._done: list[Queue[Packed | Exception | None]] = [Queue(_AHEAD) for _ in range(2)]
        self._threads = [
            Thread(target=self._read, args=(first, queue), daemon=True)
            for first, queue in enumerate(self._done)
        ]
        self._ended = False

    def __enter__(self) -> Self:
        for thread in self._threads if self._files else ():
            thread.start()
        return self

    def packed(self, name: str) -> Packed | None:
        """The next of the files, in their order; None for one that is not small, or none of them. Raises what reading it did."""
        number = self._numbers.get(name)
        made = self._done[number % 2].get() if number is not None else None
        if isinstance(made, Exception):
            raise made
        return made

    def _read(self, first: int, done: Queue[Packed | Exception | None]) -> None:
        for name, content in self._files[first::2]:
            if self._ended:
                return
            try:
                small = isinstance(content, Path) and content.stat().st_size <= _CHUNK
                done.put(pack(name, content) if small else None)
            except Exception as error:  # noqa: BLE001 - told where the file is wanted
                done.put(error)

    def __exit__(self, *_: object) -> None:
        self._ended = True
        for thread, done in zip(self._threads, self._done, strict=True):
            while thread.is_alive():  # who waits for room finds some
                with contextlib.suppress(Empty):
                    done.get(timeout=0.01)


class _Counted:
    """A stream that counts what is written to it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.written = 0

    def write(self, part: bytes) -> None:
        self._count(len(part))
        self.stream.write(part)

    def copy(self, source: IO[bytes], at: int, size: int) -> bool:
        """Writes `size` bytes that stand `at` in another file; False where it ends before."""
        self._count(size)
        try:
            # The system copies without handing them to us.
            self.stream.flush()
            into, out_of = self.stream.fileno(), source.fileno()
            while size and (copied := os.copy_file_range(out_of, into, size, at)):
                at, size = at + copied, size - copied
            self.stream.seek(0, os.SEEK_END)
        except (OSError, AttributeError):  # not on this system, not between these files
            self.stream.seek(0, os.SEEK_END)
        source.seek(at)
        while size and (part := source.read(min(_CHUNK, size))):
            self.stream.write(part)
            size -= len(part)
        return not size

    def _count(self, size: int) -> None:
        self.written += size
        if self.written > MAX_BYTES:
            values = {"limit": f"{MAX_BYTES / 1e9:.1f} GB"}
            raise ContentError([Problem("package.too-large", values)])


def _is_stored(name: str) -> bool:
    stem, _, suffix = name.rpartition("/")[2].rpartition(".")
    return stem != "" and f".{suffix.lower()}" in STORED


def _is_to_pack(name: str, content: Content) -> bool:
    return not _is_stored(name) and not (isinstance(content, Made) and content.packed)


def pack(name: str, content: Content) -> Packed:
    """A file of this name as it goes into a zip."""
    if isinstance(content, Made) and content.packed is not None:
        return content.packed
    raw = read_content(content)
    packed = raw if _is_stored(name) else _deflated(raw)
    return Packed(hashlib.sha256(raw).hexdigest(), zlib.crc32(raw), len(raw), packed)


def _write_member(
    out: _Counted, name: str, source: str, content: Content, packed: Packed | None = None
) -> Member:
    stored = _is_stored(name)
    at = out.written
    if stored and isinstance(content, Path) and content.stat().st_size > _WHOLE:
        crc, size, sha256 = 0, 0, hashlib.sha256()
        for part in _parts(content):
            crc, size = zlib.crc32(part, crc), size + len(part)
            sha256.update(part)
        member = Member(name, source, sha256.hexdigest(), crc, stored, size, size, at)
        out.write(_local_header(member))
        for part in _parts(content):
            out.write(part)
        if out.written != member.end:
            raise ContentError([Problem("package.file-changed", {"name": name})])
        return member
    made = packed or pack(name, content)
    member = Member(name, source, made.sha256, made.crc, stored, len(made.content), made.size, at)
    out.write(_local_header(member))
    out.write(made.content)
    return member


def _copy_run(run: list[Member], out: _Counted, members: list[Member], earlier_zip: IO[bytes] | None) -> None:
    """Copies members that lie together in the earlier zip, headers and all, and empties `run`."""
    if not run or earlier_zip is None:
        return
    moved = out.written - run[0].at
    if not out.copy(earlier_zip, run[0].at, run[-1].end - run[0].at):
        raise ContentError([Problem("package.file-changed", {"name": run[0].name})])
    for one in run:
        members.append(  # noqa: PERF401 - a comprehension would hide that the list is the caller's
            Member(
                one.name, one.source, one.sha256, one.crc, one.stored, one.packed, one.size, one.at + moved
            )
        )
    run.clear()


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while part := stream.read(_CHUNK):
            yield part


def _deflated(raw: bytes) -> bytes:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(raw) + packer.flush()


def _flags(member: Member) -> int:
    return 0 if member.name.isascii() else 0x800  # names in UTF-8


def _local_header(member: Member) -> bytes:
    name = member.name.encode()
    head = _LOCAL.pack(
        b"PK\3\4", _VERSION, _flags(member), 0 if member.stored else 8, 0, _DATE,
        member.crc, member.packed, member.size, len(name), 0,
    )  # fmt: skip
    return head + name


def _central_header(member: Member) -> bytes:
    name = member.name.encode()
    head = _CENTRAL.pack(
        b"PK\1\2", _VERSION | _UNIX << 8, _VERSION, _flags(member), 0 if member.stored else 8, 0, _DATE,
        member.crc, member.packed, member.size, len(name), 0, 0, 0, 0, _REGULAR_FILE_0644, member.at,
    )  # fmt: skip
    return head + name
