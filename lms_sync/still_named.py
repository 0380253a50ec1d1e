"""Which files of an academy's folder still name people whose data are erased: lists, sheets, exports, spreadsheets.

They were made for somebody to use, so nobody deletes them unasked; but whoever erases has to be told where they are. What
a PDF says is packed and cannot be searched: of those the ones that list people are told apart, by where they lie.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from lms_sync.store import schema

_TEXT = frozenset({".csv", ".eml", ".html", ".json", ".jsonl", ".log", ".md", ".tsv", ".txt", ".xml", ".yaml", ".yml"})  # fmt: skip
_PACKED = frozenset({".docx", ".ods", ".odt", ".xlsx", ".zip"})
_LARGEST = (
    64 * 1024 * 1024
)  # bytes of a text or of one member of a packed file; longer ones are no lists of people
_SHORTEST_NUMBER = 4  # characters: "7" stands in any file
_LISTS = ("build/register-*.pdf", "build/to-sign/*.pdf", "build/slips/*.pdf", "build/kits/*/*.pdf", "build/sessions/*.pdf")  # fmt: skip
_TAG = re.compile(r"<[^<>]{0,300}>")


@dataclass(frozen=True)
class StillNamed:
    """Files that name the people, and PDFs that list people and may be among them; relative to the academy's folder."""

    files: tuple[str, ...]
    pdfs: tuple[str, ...]


def words_for(connection: Connection, people: Iterable[str]) -> list[str]:
    """What the rows of `people` are called, now and formerly: to be asked before they are erased."""
    rows = list(people)
    data, former = schema.person_data, schema.former_name
    words: list[str] = []
    known = select(data.c.given_name, data.c.family_name, data.c.idnumber, data.c.email, data.c.username)
    for given, family, *others in connection.execute(known.where(data.c.person_id.in_(rows))):
        words += [_whole(given, family), *(one or "" for one in others)]
    earlier = select(former.c.given_name, former.c.family_name).where(former.c.person_id.in_(rows))
    words += [_whole(*row) for row in connection.execute(earlier)]
    return sorted({word for word in words if len(word) >= _SHORTEST_NUMBER})


def _whole(given: str | None, family: str | None) -> str:
    return f"{given} {family}" if given and family else ""


def still_named(folder: Path, words: Iterable[str]) -> StillNamed:
    """Looks through the files of an academy, but for `.lms-sync` and other hidden folders, for any of `words`.

    A name is found with its parts in either order, and where a separator or a tag stands between them.
    """
    found = _pattern(words)
    if found is None:
        return StillNamed((), ())
    files = [path.relative_to(folder).as_posix() for path in _files(folder) if _names(path, found)]
    lists = {path.relative_to(folder).as_posix() for one in _LISTS for path in folder.glob(one)}
    return StillNamed(tuple(sorted(files)), tuple(sorted(lists - set(files))))


def _pattern(words: Iterable[str]) -> re.Pattern[str] | None:
    ways: list[str] = []
    for word in words:
        parts = [re.escape(part) for part in word.split()]
        ways.append(r"[\W_]{1,8}".join(parts))
        if len(parts) > 1:
            ways.append(r"[\W_]{1,8}".join((*parts[1:], parts[0])))
    return re.compile(rf"(?<!\w)(?:{'|'.join(ways)})(?!\w)", re.IGNORECASE) if ways else None


def _files(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if not one.startswith(".")]
        for name in names:
            path = Path(where, name)
            if not path.is_symlink():
                yield path


def _names(path: Path, found: re.Pattern[str]) -> bool:
    if found.search(path.stem):
        return True
    try:
        if path.suffix.lower() in _TEXT and path.stat().st_size <= _LARGEST:
            return _says(path.read_bytes(), found)
        if path.suffix.lower() in _PACKED:
            with zipfile.ZipFile(path) as packed:
                return any(_member_names(packed, one, found) for one in packed.infolist())
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        pass  # not ours: nothing of ours is broken, encrypted or packed in another way
    return False


def _member_names(packed: zipfile.ZipFile, member: zipfile.ZipInfo, found: re.Pattern[str]) -> bool:
    name = Path(member.filename)
    if found.search(name.stem):
        return True
    readable = name.suffix.lower() in _TEXT and member.file_size <= _LARGEST
    return readable and _says(packed.read(member), found)


def _says(content: bytes, found: re.Pattern[str]) -> bool:
    text = content.decode("utf-8", errors="replace")
    return bool(found.search(text) or ("<" in text and found.search(_TAG.sub(" ", text))))
