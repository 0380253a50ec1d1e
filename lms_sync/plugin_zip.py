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
    source = plugin_source()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(source.rglob("*")):
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(source).parts):
                entry = zipfile.ZipInfo(
                    f"lmssync/{path.relative_to(source).as_posix()}", (1980, 1, 1, 0, 0, 0)
                )
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                entry.create_system = 3
                archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def write_plugin_zip(target: Path) -> int:
    """Writes the zip; its size in bytes. Raises CannotWrite."""
    content = plugin_zip()
    write_durably(target, content)
    return len(content)
