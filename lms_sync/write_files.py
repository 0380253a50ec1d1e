"""Files appear whole or not at all; the code is `authoring.write_files`, which packages use as well."""

from __future__ import annotations

from authoring.write_files import CannotWrite, put_in_place, refuse_links, write_durably, write_whole

__all__ = ["CannotWrite", "put_in_place", "refuse_links", "write_durably", "write_whole"]
