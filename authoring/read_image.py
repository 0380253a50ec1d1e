"""Pictures: where they are, whether they are what they say, how large they are, and whether they are safe.

Dimensions are read from the files' own headers (PNG, JPEG, GIF, WebP, SVG), so that a page can keep
their place before they arrive. SVG is a document that could carry scripts and remote references;
only drawing elements are accepted (the list follows SVG 1.1's static features), with what licences and
authors write as metadata, and no processing instruction: an `xml-stylesheet` fetches and can transform.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from authoring.problems import Place, Problem

MAX_BYTES = 20_000_000
_HEADER = 65_536
"""Bytes in which nearly every picture says its size."""

KINDS = {".svg": "svg", ".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif", ".webp": "webp"}

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_XML = "http://www.w3.org/XML/1998/namespace"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_METADATA = {
    _RDF, "http://creativecommons.org/ns#", "http://web.resource.org/cc/", "http://purl.org/dc/elements/1.1/",
    "http://purl.org/dc/terms/",
    # Inkscape's own notes; no reader acts on them.
    "http://www.inkscape.org/namespaces/inkscape", "http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd",
}  # fmt: skip
_INERT = {
    (_XLINK, "title"), (_XLINK, "type"), (_XLINK, "role"), (_XLINK, "show"), (_XLINK, "actuate"),
    (_XML, "space"), (_XML, "lang"), (_XML, "id"),
}  # fmt: skip
_DRAWING = {
    "svg", "g", "defs", "symbol", "use", "title", "desc", "metadata", "path", "rect", "circle", "ellipse",
    "line", "polyline", "polygon", "text", "tspan", "textPath", "image", "marker", "pattern",
    "linearGradient", "radialGradient", "stop", "clipPath", "mask", "filter", "switch", "style", "view",
    "feBlend", "feColorMatrix", "feComponentTransfer", "feComposite", "feConvolveMatrix",
    "feDiffuseLighting", "feDisplacementMap", "feDistantLight", "feDropShadow", "feFlood", "feFuncA",
    "feFuncB", "feFuncG", "feFuncR", "feGaussianBlur", "feMerge", "feMergeNode", "feMorphology",
    "feOffset", "fePointLight", "feSpecularLighting", "feSpotLight", "feTile", "feTurbulence",
}  # fmt: skip
# A backslash can spell each of these in a way that only a reader of CSS understands (CSS Syntax 3, section 4.3.7).
_REMOTE_STYLE = re.compile(
    r"url\(\s*['\"]?(?!#)|@import|expression\(|javascript:|image(-set)?\(|src\(|\\", re.IGNORECASE
)
_NO_STYLE = re.compile(r"(data|aria)-[a-z0-9-]+", re.IGNORECASE)
_DATA_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,", re.IGNORECASE)
_LENGTH = re.compile(r"\s*([0-9]*\.?[0-9]+)\s*(px|pt|mm|cm|in)?\s*")
_PIXELS = {None: 1.0, "px": 1.0, "pt": 96 / 72, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}


@dataclass(frozen=True)
class Image:
    """A picture of a course: its file, the name a package gives it, and its size in pixels."""

    path: Path
    name: str
    width: int | None
    height: int | None
    original: Path | None = None
    """The author's file, where `path` is one that was made from it."""


def find_image(source: str, *, beside: Path, inside: Path, place: Place) -> Image | list[Problem]:
    """The picture that `source` names, relative to the folder `beside`; it must lie inside `inside`."""
    shown = {"image": source}
    if "\\" in source or Path(source).is_absolute():
        return [Problem("image.path", shown, place)]
    asked = os.path.normpath(f"{os.fspath(beside)}/{source}")
    try:
        status = Path(asked).stat()
        known = _picture_at(asked, os.fspath(inside), status.st_size, status.st_mtime_ns)
    except OSError:
        known = None
    return known or _look(source, beside, inside, place)


@lru_cache(maxsize=2000)
def _picture_at(asked: str, inside: str, _size: int, _changed: int) -> Image | None:
    """The picture at a path as long as the file has this size and time; None where something is to be said of it."""
    found = _look(Path(asked).name, Path(asked).parent, Path(inside), Place())
    return found if isinstance(found, Image) else None


def _missing(source: str, path: Path, shown: dict[str, str], place: Place) -> Problem:
    """With the name of a picture in the same folder that is nearly the same: mostly it was mistyped."""
    there = [one.name for one in path.parent.glob("*")] if path.parent.is_dir() else []
    if near := difflib.get_close_matches(path.name, there, n=1, cutoff=0.75):
        return Problem("image.missing-near", {**shown, "near": source[: -len(path.name)] + near[0]}, place)
    return Problem("image.missing", shown, place)


def _look(source: str, beside: Path, inside: Path, place: Place) -> Image | list[Problem]:
    shown = {"image": source}
    root = Path(os.path.realpath(inside))
    path = Path(os.path.realpath(beside / source))
    if not path.is_relative_to(root):
        return [Problem("image.outside", {**shown, "folder": inside.name}, place)]
    if other := other_case(path, root):
        return [Problem("image.other-case", {**shown, "real": other}, place)]
    if not path.is_file():
        return [_missing(source, path, shown, place)]
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        return [Problem("image.kind", {**shown, "kinds": ", ".join(sorted(KINDS))}, place)]
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            values = {**shown, "size": f"{size / 1e6:.1f} MB", "limit": f"{MAX_BYTES / 1e6:.0f} MB"}
            return [Problem("image.too-large", values, place)]
        with path.open("rb") as stream:
            content = stream.read() if kind == "svg" else stream.read(_HEADER)
    except OSError as error:
        return [Problem("image.unreadable", {**shown, "reason": error.strerror or str(error)}, place)]
    name = public_name(path.relative_to(root).as_posix())
    if kind == "svg":
        return _svg_image(path, name, content, shown, place)
    try:
        width, height = _size(kind, content, path)
    except (ValueError, IndexError, struct.error):
        return [Problem("image.not-its-kind", {**shown, "kind": kind.upper()}, place)]
    return Image(path, name, width, height)


def _size(kind: str, header: bytes, path: Path) -> tuple[int, int]:
    try:
        return _SIZES[kind](header)
    except (ValueError, IndexError, struct.error):
        if len(header) < _HEADER:
            raise
        return _SIZES[kind](path.read_bytes())  # what stands before a JPEG's size may be long


def public_name(name: str) -> str:
    """A name that every platform and zip program agrees on; other letters than ASCII give way to a hash."""
    if not name.startswith("media/"):
        name = f"media/{name}"
    if re.fullmatch(r"[A-Za-z0-9._/-]+", name):
        return name
    return f"media/{hashlib.sha256(name.encode()).hexdigest()[:16]}{Path(name).suffix.lower()}"


def other_case(path: Path, root: Path) -> str | None:
    """The name as the folder has it, where `path` differs from it in letter case only.

    On some disks such a picture would be found, but not on a server that tells the cases apart.
    """
    name = str(path.relative_to(root))
    if path.exists() and (name == name.swapcase() or not (root / name.swapcase()).exists()):
        return None  # this disk tells the cases apart, and the name is right
    here = root
    for part in path.relative_to(root).parts:
        names = {entry.name for entry in here.iterdir()} if here.is_dir() else set()
        if part not in names:
            return next((name for name in sorted(names) if name.casefold() == part.casefold()), None)
        here /= part
    return None


def _svg_image(
    path: Path, name: str, content: bytes, shown: dict[str, str], place: Place
) -> Image | list[Problem]:
    builder = _Builder()
    try:
        parser = defusedxml.ElementTree.XMLParser(target=builder, forbid_dtd=True)
        parser.feed(content)
        root = parser.close()
    except DefusedXmlException:
        return [Problem("image.svg-unsafe", {**shown, "what": "DOCTYPE"}, place)]
    except (ParseError, ValueError) as error:
        return [Problem("image.unreadable", {**shown, "reason": str(error)}, place)]
    if root.tag != f"{{{_SVG}}}svg":
        return [Problem("image.not-its-kind", {**shown, "kind": "SVG"}, place)]
    dangers = sorted({*builder.instructions, *(d for element in root.iter() for d in _dangers(element))})
    if dangers:
        return [Problem("image.svg-unsafe", {**shown, "what": danger}, place) for danger in dangers]
    width, height = _svg_size(root)
    return Image(path, name, width, height)


class _Builder(TreeBuilder):
    """Remembers processing instructions, which a tree leaves out."""

    def __init__(self) -> None:
        super().__init__()
        self.instructions: list[str] = []

    def pi(self, target: str, text: str | None = None) -> Element:
        self.instructions.append(f"<?{target[:40]}?>")
        return super().pi(target, text)


def _dangers(element: Element) -> list[str]:
    namespace, tag = _name(element.tag)
    if namespace in _METADATA:
        names = [_name(key) for key in element.attrib]
        return [name for space, name in names if space not in (*_METADATA, _XML, "") or name.startswith("on")]
    if namespace != _SVG or tag not in _DRAWING:
        return [f"<{tag}>"]
    found = []
    for key, value in element.attrib.items():
        space, attribute = _name(key)
        if attribute == "href" and space in ("", _XLINK):
            if not (value.startswith("#") or _DATA_PICTURE.match(value)):
                found.append(f'href="{value[:60]}"')
        elif space:
            if (space, attribute) not in _INERT and space not in _METADATA:
                found.append(attribute)
        elif attribute.lower().startswith("on"):
            found.append(attribute)
        elif _REMOTE_STYLE.search(value) and not _NO_STYLE.fullmatch(attribute):
            found.append(f'{attribute}="{value[:60]}"')
    if tag == "style" and _REMOTE_STYLE.search("".join(element.itertext())):
        found.append("<style> url()")
    return found


def _name(key: str) -> tuple[str, str]:
    """Namespace and local name of what ElementTree calls {namespace}name."""
    namespace, _, name = key.rpartition("}")
    return namespace.removeprefix("{"), name


def _svg_size(root: Element) -> tuple[int | None, int | None]:
    width, height = _pixels(root.get("width")), _pixels(root.get("height"))
    if width and height:
        return round(width), round(height)
    box = re.split(r"[\s,]+", root.get("viewBox", "").strip())
    try:
        across, down = float(box[2]), float(box[3])
    except (IndexError, ValueError):
        return None, None
    return (round(across), round(down)) if across > 0 and down > 0 else (None, None)


def _pixels(length: str | None) -> float | None:
    match = _LENGTH.fullmatch(length or "")
    return float(match.group(1)) * _PIXELS[match.group(2)] if match else None


def _png_size(content: bytes) -> tuple[int, int]:
    if content[:8] != b"\x89PNG\r\n\x1a\n" or content[12:16] != b"IHDR":
        raise ValueError
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def _gif_size(content: bytes) -> tuple[int, int]:
    if content[:6] not in (b"GIF87a", b"GIF89a"):
        raise ValueError
    width, height = struct.unpack("<HH", content[6:10])
    return width, height


def _jpeg_size(content: bytes) -> tuple[int, int]:
    if content[:2] != b"\xff\xd8":
        raise ValueError
    at = 2
    while True:
        if content[at] != 0xFF:
            raise ValueError
        marker = content[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        (length,) = struct.unpack(">H", content[at + 2 : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # a frame header
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + length


def webp_size(content: bytes) -> tuple[int, int]:
    """Width and height of a WebP by its first 30 bytes; raises ValueError, IndexError or struct.error."""
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        raise ValueError
    match content[12:16]:
        case b"VP8X":
            return 1 + int.from_bytes(content[24:27], "little"), 1 + int.from_bytes(content[27:30], "little")
        case b"VP8L":
            bits = int.from_bytes(content[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 ":
            width, height = struct.unpack("<HH", content[26:30])
            return width & 0x3FFF, height & 0x3FFF
    raise ValueError


_SIZES = {"png": _png_size, "gif": _gif_size, "jpeg": _jpeg_size, "webp": webp_size}
