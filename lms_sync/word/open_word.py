"""Opens a Word document (.docx, ISO/IEC 29500) from anyone: what is left of it can be read without harm.

A document is a zip of XML. The zip is judged as one from anyone is; every XML in it is parsed with document types refused,
so that no entity can grow or reach out; and what is handed on is a new zip that holds that XML and pictures, and nothing
else. Macros, embedded programs and whatever an external relationship leads to are never opened.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from authoring.problems import ContentError, Place, Problem
from course_packages.foreign.open_zip import Limits, OpenZip

LIMITS = Limits(package=200_000_000, directory=2_000_000, files=5_000, unpacked=400_000_000, ratio=200)
MAX_XML = 5_000_000
"""Bytes of all XML together; a hundred pages take about one million."""
MAX_WORDS = 400_000
"""Characters of text; no lesson file may be longer."""
MAX_DEPTH = 120
"""Elements in each other; a table in a table in a table takes about thirty."""
MAX_PICTURE = 40_000_000

_OLD_WORD = b"\xd0\xcf\x11\xe0"
"""How a .doc begins, and a .docx that is locked with a password."""
_BEGINNINGS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"RIFF")
_TYPES = "[Content_Types].xml"


@dataclass(frozen=True)
class WordFile:
    """A document that was looked through: `clean` is a zip of what is left, `parts` are its XML by name.

    `left_out` are the names of what the document holds beside (macros, embedded files).
    """

    name: str
    clean: bytes
    parts: dict[str, Element]
    left_out: tuple[str, ...]


def open_word(path: Path) -> WordFile:
    """Looks through a document. Raises ContentError with the reasons why it cannot be read."""
    place = Place(path.name)
    if not path.is_file():
        raise ContentError([Problem("docx.no-file", {"file": path.name}, place)])
    with path.open("rb") as stream:
        if stream.read(4) == _OLD_WORD:
            raise ContentError([Problem("docx.old-or-locked", {"file": path.name}, place)])
    with OpenZip(path, LIMITS) as opened:
        if opened.problems:
            raise ContentError(replace(one, place=place) for one in opened.problems)
        parts: dict[str, Element] = {}
        left_out: list[str] = []
        room = MAX_XML
        clean = io.BytesIO()
        with zipfile.ZipFile(clean, "w", zipfile.ZIP_STORED) as made:
            for member in opened.members:
                content = _read(opened, member.name, MAX_PICTURE, place)
                if content is None:
                    left_out.append(member.name)
                elif content.startswith(_BEGINNINGS):
                    made.writestr(member.name, content)
                elif content.lstrip()[:1] == b"<" or content[:3] in (
                    b"\xef\xbb\xbf",
                    b"\xff\xfe",
                    b"\xfe\xff",
                ):
                    room -= len(content)
                    if room < 0:
                        values = {"limit": f"{MAX_XML / 1e6:.0f} MB"}
                        raise ContentError([Problem("docx.too-large", values, place)])
                    parts[member.name] = _parsed(content, member.name, place)
                    made.writestr(member.name, content)
                else:
                    left_out.append(member.name)
    if _TYPES not in parts or not any(_is_document(root) for root in parts.values()):
        raise ContentError([Problem("docx.not-word", {"file": path.name}, place)])
    words = sum(len(one.text or "") for root in parts.values() for one in root.iter() if local(one) == "t")
    if words > MAX_WORDS:
        raise ContentError([Problem("docx.too-long", {"file": path.name, "limit": "400 kB"}, place)])
    return WordFile(path.name, clean.getvalue(), parts, tuple(left_out))


def local(element: Element) -> str:
    """An element's name without its namespace: that of the transitional and of the strict form are two."""
    return element.tag.rpartition("}")[2]


def _is_document(root: Element) -> bool:
    return local(root) == "document" and "wordprocessingml" in root.tag


def _read(opened: OpenZip, name: str, most: int, place: Place) -> bytes | None:
    """The content of a member; None of one that is larger than anything that is looked at."""
    whole = bytearray()
    try:
        for piece in opened.pieces(name):
            whole += piece
            if len(whole) > most:
                return None
    except zipfile.BadZipFile as error:
        raise ContentError([Problem("docx.damaged", {"part": name[:80]}, place)]) from error
    return bytes(whole)


def _parsed(content: bytes, name: str, place: Place) -> Element:
    try:
        root: Element = defusedxml.ElementTree.fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        raise ContentError([Problem("docx.unsafe-xml", {"part": name[:80]}, place)]) from error
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise ContentError([Problem("docx.damaged", {"part": name[:80]}, place)]) from error
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            return root
    raise ContentError([Problem("docx.too-deep", {"part": name[:80]}, place)])
