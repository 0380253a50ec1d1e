"""Pictures as a phone should get them: not wider than a screen, as WebP, without what a camera wrote about place and time.

Each is converted once and kept by the hash of its content in `.lms-sync/pictures`; the author's file is never touched.
What is drawn (SVG), what moves (GIF, animated WebP) and what is small WebP already stays as it is.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from authoring.build_cache import BuildCache, stamp
from authoring.course_parts import MediaRules
from authoring.problems import ContentError, Place, Problem
from authoring.read_image import Image, webp_size
from authoring.write_files import CannotWrite, write_durably

if TYPE_CHECKING:
    import PIL.Image

FOLDER = Path(".lms-sync") / "pictures"
MAX_PIXELS = 100_000_000
"""Of one picture; more would take memory without bounds."""

_KIND = "picture"
_RASTER = (".png", ".jpg", ".jpeg", ".webp")


class WebPictures:
    """Gives the converted picture for a picture of a course."""

    def __init__(self, rules: MediaRules, academy: Path, cache: BuildCache | None = None) -> None:
        self.rules = rules
        self.academy = academy
        self.cache = cache
        self._known: dict[Path, Image] = {}

    def picture(self, image: Image) -> Image:
        """The picture as it goes into a package: another file, name and size, or the same. Raises ContentError."""
        if image.path not in self._known:
            self._known[image.path] = self._made(image)
        return self._known[image.path]

    def _made(self, image: Image) -> Image:
        made = self._file(image.path) if self._converts(image) else None
        if made is None:
            return image
        name = image.name if image.name.endswith(".webp") else f"{image.name}.webp"
        with made.open("rb") as stream:
            width, height = webp_size(stream.read(30))  # a camera may have said that it is to be turned
        return replace(image, path=made, name=name, width=width, height=height, original=image.path)

    def prepare(self, images: Iterable[Path]) -> None:
        """Converts several files at once, as many as there are processors; what cannot be read is told when it is shown."""
        from concurrent.futures import ThreadPoolExecutor

        wanted = [path for path in images if path.suffix.lower() in _RASTER]
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            for path in wanted:
                pool.submit(self._prepared, path)

    def _prepared(self, path: Path) -> None:
        with contextlib.suppress(ContentError):
            self._file(path)

    def _converts(self, image: Image) -> bool:
        ending = image.path.suffix.lower()
        if ending not in _RASTER:
            return False
        large = max(image.width or 0, image.height or 0) > self.rules.max_image_px
        return large or ending != ".webp"

    def _file(self, path: Path) -> Path | None:
        """The converted file; None for one that moves, which stays as it is."""
        content = path.read_bytes()
        settings = f"{self.rules.max_image_px} {self.rules.webp} {_library()}"
        key = hashlib.sha256(content + settings.encode()).hexdigest()
        file = self._folder / f"{key}.webp"
        known = self.cache.get(_KIND, key) if self.cache is not None else None
        now = stamp(file)
        if known == "moves":
            return None
        if now is not None and known is not None and tuple(known) == now:
            return file
        made = to_webp(content, self.rules, path.name)
        if made is not None:
            _write(file, made)
        if self.cache is not None:
            self.cache.put(_KIND, key, "moves" if made is None else stamp(file))
        return file if made is not None else None

    @cached_property
    def _folder(self) -> Path:
        folder = self.academy / FOLDER
        with contextlib.suppress(OSError):
            if not folder.parent.is_symlink() and not folder.is_symlink():
                folder.parent.mkdir(mode=0o700, exist_ok=True)
                folder.mkdir(exist_ok=True)
                if os.access(folder, os.W_OK):
                    return folder
        return Path(_until_the_end().name)


@cache
def _until_the_end() -> tempfile.TemporaryDirectory[str]:
    """A folder for who has nowhere to keep pictures; they are made anew for each build, which comes to the same."""
    return tempfile.TemporaryDirectory(prefix="lms-sync-")


def to_webp(content: bytes, rules: MediaRules, name: str) -> bytes | None:
    """A picture as WebP, no larger than the rules say and never enlarged; None for one that moves.

    The colour profile stays, everything else that the file tells about itself goes. Of a drawing or a picture of a
    screen (PNG) the form without loss is taken where it is smaller. Raises ContentError.
    """
    import PIL.Image
    import PIL.ImageOps

    try:
        with PIL.Image.open(io.BytesIO(content)) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                values = {
                    "image": name,
                    "n": picture.width * picture.height // 1_000_000,
                    "limit": MAX_PIXELS // 1_000_000,
                }
                raise ContentError([Problem("image.too-many-pixels", values, Place())])
            if getattr(picture, "is_animated", False):
                return None
            lossless_too = picture.format == "PNG"
            profile = picture.info.get("icc_profile")
            upright = PIL.ImageOps.exif_transpose(picture)
            shown = upright.convert("RGBA" if _has_alpha(upright) else "RGB")
            size = _fitted(shown.width, shown.height, rules.max_image_px)
            if size != shown.size:
                shown = shown.resize(size, PIL.Image.Resampling.LANCZOS)
            made = _encoded(shown, profile, quality=rules.webp)
            if lossless_too:
                made = min(made, _encoded(shown, profile, lossless=True, quality=60), key=len)
            return made
    except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError) as error:
        raise ContentError(
            [Problem("image.unreadable", {"image": name, "reason": str(error)[:200]}, Place())]
        ) from error


def _encoded(
    picture: PIL.Image.Image, profile: bytes | None, *, quality: int, lossless: bool = False
) -> bytes:
    out = io.BytesIO()
    picture.save(
        out, "WEBP", quality=quality, lossless=lossless, method=4, icc_profile=profile or b"", exif=b""
    )
    return out.getvalue()


def _has_alpha(picture: PIL.Image.Image) -> bool:
    return picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info


def _fitted(width: int, height: int, most: int) -> tuple[int, int]:
    """The size within a square of `most` pixels, in the same proportions; never larger than it is."""
    longest = max(width, height)
    if longest <= most:
        return width, height
    return max(1, round(width * most / longest)), max(1, round(height * most / longest))


def _library() -> str:
    from PIL import __version__, features

    return f"{__version__} {features.version('webp')}"


def _write(file: Path, made: bytes) -> None:
    with contextlib.suppress(CannotWrite):
        write_durably(file, made)
