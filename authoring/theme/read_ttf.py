"""What a TrueType file says about itself: the name of its family and the letters that it draws (OpenType 1.9, name and cmap)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

_FAMILY = (16, 1)
"""Numbers of names: the family of all weights, else that of four."""


class NoFont(ValueError):
    """The file is not what its beginning says."""


def family_name(path: Path) -> str:
    """The name under which programs know the family. Raises NoFont."""
    table = _table(path, b"name")
    try:
        found: dict[int, str] = {}
        count, texts = struct.unpack_from(">HH", table, 2)
        for at in range(6, 6 + 12 * count, 12):
            platform, _, _, number, length, offset = struct.unpack_from(">6H", table, at)
            raw = table[texts + offset : texts + offset + length]
            text = raw.decode("utf-16-be" if platform in (0, 3) else "latin-1", "replace").strip("\0 ")
            if number in _FAMILY and text and (platform == 3 or number not in found):
                found[number] = text
        return next(found[number] for number in _FAMILY if number in found)
    except (struct.error, StopIteration) as error:
        raise NoFont(str(path)) from error


def letters_missing(path: Path, letters: str) -> str:
    """Those of `letters` that the font cannot draw. Raises NoFont."""
    table = _table(path, b"cmap")
    wanted = {ord(letter) for letter in letters}
    try:
        (count,) = struct.unpack_from(">H", table, 2)
        for at in range(4, 4 + 8 * count, 8):
            (offset,) = struct.unpack_from(">I", table, at + 4)
            (form,) = struct.unpack_from(">H", table, offset)
            ranges = {4: _in_segments, 12: _in_groups}.get(form)
            for first, last in ranges(table, offset) if ranges else ():
                wanted -= {code for code in wanted if first <= code <= last}
    except struct.error as error:
        raise NoFont(str(path)) from error
    return "".join(letter for letter in letters if ord(letter) in wanted)


def _in_segments(table: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Format 4: characters of the first plane in segments."""
    (double,) = struct.unpack_from(">H", table, at + 6)
    ends = struct.unpack_from(f">{double // 2}H", table, at + 14)
    starts = struct.unpack_from(f">{double // 2}H", table, at + 16 + double)
    yield from zip(starts, ends, strict=True)


def _in_groups(table: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Format 12: characters of all planes in groups."""
    (count,) = struct.unpack_from(">I", table, at + 12)
    for number in range(min(count, 100_000)):
        first, last, _ = struct.unpack_from(">3I", table, at + 16 + 12 * number)
        yield first, last


def _table(path: Path, wanted: bytes) -> bytes:
    with path.open("rb") as stream:
        head = stream.read(12)
        try:
            (count,) = struct.unpack_from(">H", head, 4)
            for _ in range(count):
                tag, _, offset, length = struct.unpack(">4sIII", stream.read(16))
                if tag == wanted:
                    stream.seek(offset)
                    return stream.read(min(length, 2_000_000))
        except struct.error as error:
            raise NoFont(str(path)) from error
    raise NoFont(str(path))
