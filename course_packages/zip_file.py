"""The same files always make the same zip, whatever the day, the machine or the folder.

Names sorted, one date for all (the earliest a zip can hold), one set of permissions, no extra fields.
Pictures and fonts are compressed already and are stored as they are; the rest is deflated. Deflate may
give other bytes with another zlib, so `content_sha256` names the content whatever packed it.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath

STORED = frozenset({".jpg", ".jpeg", ".png", ".gif", ".webp", ".mp4", ".mp3", ".woff2", ".zip"})
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_REGULAR_FILE_0644 = 0o100644 << 16


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """A zip with these files, by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.create_system = _UNIX
            entry.external_attr = _REGULAR_FILE_0644
            stored = PurePosixPath(name).suffix.lower() in STORED
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name], compresslevel=None if stored else 6)
    return buffer.getvalue()


def content_sha256(files: Mapping[str, bytes]) -> str:
    """SHA-256 over the sorted list of names and their SHA-256: one line `<sha256>  <name>` each."""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n".encode())
    return whole.hexdigest()
