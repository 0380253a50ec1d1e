"""Files of a course that are not pictures: recordings, captions, downloads. Judged by their content, never by their name alone."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from authoring.problems import Place, Problem
from authoring.read_image import other_case, public_name

MAX_BYTES = 500_000_000
MAX_CAPTIONS = 1_000_000

Kind = Literal["video", "audio", "captions", "document", "font"]

KINDS: dict[str, dict[str, str]] = {
    "video": {".mp4": "video/mp4", ".webm": "video/webm"},
    "audio": {
        ".mp3": "audio/mpeg",
        ".m4a": "audio/mp4",
        ".ogg": "audio/ogg",
        ".webm": "audio/webm",
        ".wav": "audio/wav",
    },
    "captions": {".vtt": "text/vtt"},
    "document": {
        ".pdf": "application/pdf",
        ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ".odt": "application/vnd.oasis.opendocument.text",
        ".ods": "application/vnd.oasis.opendocument.spreadsheet",
        ".odp": "application/vnd.oasis.opendocument.presentation",
        ".csv": "text/csv",
        ".txt": "text/plain",
        ".zip": "application/zip",
        ".png": "image/png",
        ".jpg": "image/jpeg",
    },
    "font": {".woff2": "font/woff2", ".ttf": "font/ttf"},
}

# How files of these types begin, as expressions in which a dot is any byte. An MP3 may begin with its tag or with a frame.
_BEGINNINGS: dict[str, bytes] = {
    ".mp4": rb".{4}ftyp",
    ".m4a": rb".{4}ftyp",
    ".webm": rb"\x1a\x45\xdf\xa3",
    ".mp3": rb"ID3|\xff[\xe2-\xff]",
    ".ogg": rb"OggS",
    ".wav": rb"RIFF.{4}WAVE",
    ".pdf": rb"%PDF-",
    ".png": rb"\x89PNG\r\n\x1a\n",
    ".jpg": rb"\xff\xd8\xff",
    ".woff2": rb"wOF2",
    ".ttf": rb"\x00\x01\x00\x00|true",
    **dict.fromkeys((".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".zip"), rb"PK\x03\x04"),
}


@dataclass(frozen=True)
class MediaFile:
    """A file of a course: where it is, the name a package gives it, its MIME type and its size in bytes."""

    path: Path
    name: str
    type: str
    size: int


@dataclass(frozen=True)
class Cue:
    """One caption: from and to in seconds, and its words."""

    start: float
    end: float
    text: str


def find_media(
    source: str, *, beside: Path, inside: Path, place: Place, kinds: Collection[str]
) -> MediaFile | list[Problem]:
    """The file that `source` names, relative to the folder `beside`; it must lie inside `inside` and be what it says."""
    shown = {"file": source}
    if "\\" in source or Path(source).is_absolute() or re.match(r"[A-Za-z]:|//|[a-z]+://", source):
        return [Problem("media.path", shown, place)]
    root = inside.resolve()
    path = (beside / source).resolve()
    if not path.is_relative_to(root):
        return [Problem("media.outside", {**shown, "folder": inside.name}, place)]
    if other := other_case(path, root):
        return [Problem("media.other-case", {**shown, "real": other}, place)]
    if not path.is_file():
        return [Problem("media.missing", shown, place)]
    ending = path.suffix.lower()
    known = {end: mime for kind in kinds for end, mime in KINDS[kind].items()}
    if ending not in known:
        return [Problem("media.kind", {**shown, "kinds": ", ".join(sorted(known))}, place)]
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            beginning = stream.read(16)
    except OSError as error:
        return [Problem("media.unreadable", {**shown, "reason": error.strerror or str(error)}, place)]
    if not 0 < size <= MAX_BYTES:
        values = {**shown, "size": f"{size / 1e6:.1f} MB", "limit": f"{MAX_BYTES / 1e6:.0f} MB"}
        return [Problem("media.size", values, place)]
    wanted = _BEGINNINGS.get(ending)
    if wanted and not re.match(wanted, beginning, re.DOTALL):
        return [Problem("media.not-its-kind", {**shown, "kind": ending[1:].upper()}, place)]
    return MediaFile(path, public_name(path.relative_to(root).as_posix()), known[ending], size)


_TIMING = re.compile(
    r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})[ \t]+-->[ \t]+(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})(?:[ \t].*)?$"
)
_CUE_TAG = re.compile(r"</?(?:c|i|b|u|v|lang|ruby|rt)(?:[.\s][^>]*)?>|<\d[\d:.]*>")


def read_captions(text: str, file: str) -> tuple[list[Cue], list[Problem]]:
    """The cues of a WebVTT file (W3C WebVTT, section 4.1), and what is wrong with it, with lines."""
    problems: list[Problem] = []
    cues: list[Cue] = []

    def report(code: str, line: int, **params: object) -> None:
        problems.append(Problem(code, params, Place(file, line)))

    lines = text.split("\n")
    if not re.match(r"WEBVTT(?:[ \t]|$)", lines[0]):
        report("captions.header", 1, found=lines[0][:40])
        return cues, problems
    at, last = 1, 0.0
    while at < len(lines):
        block_start = at
        while at < len(lines) and lines[at].strip():
            at += 1
        block = lines[block_start:at]
        at += 1
        timed = next((n for n, line in enumerate(block[:2]) if "-->" in line), None)
        if timed is None:
            if block and block_start > 1 and not re.match(r"NOTE\b|STYLE\b|REGION\b", block[0]):
                report("captions.timing", block_start + 1, found=block[0][:60])
            continue
        line = block_start + timed + 1
        found = _TIMING.match(block[timed].strip())
        if not found:
            report("captions.timing", line, found=block[timed][:60])
            continue
        start, end = _seconds(found.groups()[:4]), _seconds(found.groups()[4:])
        words = " ".join(_CUE_TAG.sub("", each).strip() for each in block[timed + 1 :]).strip()
        if end <= start or start < last:
            report("captions.order", line, found=block[timed].strip()[:60])
        elif not words:
            report("captions.empty-cue", line)
        else:
            cues.append(Cue(start, end, words))
            last = start
    if not cues and not problems:
        report("captions.empty", 1)
    return cues, problems


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, thousandths = (int(part or 0) for part in parts)
    return hours * 3600 + minutes * 60 + seconds + thousandths / 1000
