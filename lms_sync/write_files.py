"""Files appear whole or not at all; the code is `authoring.write_files`, which packages use as well."""

from __future__ import annotations

from authoring.write_files import CannotWrite, refuse_links, write_durably

__all__ = ["CannotWrite", "refuse_links", "write_durably"]
