"""The companion plugin as the zip that an administrator uploads: one root folder `lmssync`, same input, same bytes."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from lms_sync.package_data import plugin_source
from lms_sync.write_files import write_durably


def plugin_zip() -> bytes:
    """The zip's bytes. Moodle wants one root folder named as the plugin, without its type."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _files():
            entry = zipfile.ZipInfo(f"lmssync/{name}", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            archive.writestr(entry, content)
    return buffer.getvalue()


def plugin_source_sha256() -> str:
    """SHA-256 over the names and contents of the plugin's files, the same whatever line ends a checkout has.

    The recorded replies of a real Moodle carry it, so that a test can tell that the plugin has changed since.
    """
    digest = hashlib.sha256()
    for name, content in _files():
        plain = content.replace(b"\r\n", b"\n")
        digest.update(f"{name}\0{len(plain)}\0".encode())
        digest.update(plain)
    return digest.hexdigest()


def _files() -> Iterator[tuple[str, bytes]]:
    source = plugin_source()
    names = sorted(path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file())
    for name in names:
        # Its tests are for those who change it; a site needs none of them.
        if not name.startswith("tests/") and not any(part.startswith(".") for part in name.split("/")):
            yield name, (source / name).read_bytes()


def write_plugin_zip(target: Path) -> int:
    """Writes the zip; its size in bytes. Raises CannotWrite."""
    content = plugin_zip()
    write_durably(target, content)
    return len(content)
