"""Sounds that a text plays: where they are, and whether they are what their names say."""

from __future__ import annotations

import re
from pathlib import Path

from authoring.problems import Place, Problem
from authoring.read_image import Image

MAX_BYTES = 20_000_000

SOUNDS = {
    ".mp3": re.compile(rb"ID3|\xff[\xe2-\xff]"),
    ".ogg": re.compile(rb"OggS"),
    ".oga": re.compile(rb"OggS"),
    ".m4a": re.compile(rb"....ftyp", re.DOTALL),
    ".wav": re.compile(rb"RIFF....WAVE", re.DOTALL),
}
"""The kinds of sound that browsers play, and how their files begin."""


def find_sound(source: str, *, beside: Path, inside: Path, place: Place) -> Image | list[Problem]:
    """The sound that `source` names, relative to the folder `beside`; it must lie inside `inside`."""
    shown = {"sound": source}
    root = inside.resolve()
    path = (beside / source).resolve()
    if "\\" in source or Path(source).is_absolute() or not path.is_relative_to(root):
        return [Problem("sound.outside", {**shown, "folder": inside.name}, place)]
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            beginning = stream.read(16)
    except OSError:
        return [Problem("sound.missing", shown, place)]
    if size > MAX_BYTES:
        values = {**shown, "size": f"{size / 1e6:.1f} MB", "limit": f"{MAX_BYTES / 1e6:.0f} MB"}
        return [Problem("sound.too-large", values, place)]
    if not SOUNDS[path.suffix.lower()].match(beginning):
        return [Problem("sound.not-its-kind", {**shown, "kind": path.suffix[1:].upper()}, place)]
    return Image(path, path.name, None, None)
