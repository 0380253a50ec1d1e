"""What of a Word document does not come over into a lesson, with the words of the paragraph it stands in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from authoring.problems import Place, Problem
from lms_sync.word.open_word import WordFile, local

NEAR = 60
"""Characters of a paragraph by which its author finds it."""

_DRAWN = {"chart": "docx.chart", "relIds": "docx.smartart", "wpc": "docx.drawing", "wgp": "docx.drawing"}
_MACROS = ("vbaProject.bin", "vbaData.xml")
_STORIES = ("document", "footnotes", "endnotes")


@dataclass
class _Walk:
    """One walk through a story of the document."""

    file: str
    found: list[Problem] = field(default_factory=list)
    near: str = ""
    lists: dict[str, bool] = field(
        default_factory=dict
    )  # number of a list → whether something has come after it

    def tell(self, code: str, **values: object) -> None:
        self.found.append(Problem(code, {"near": self.near or "…", **values}, Place(self.file), "warning"))


def losses(word: WordFile) -> list[Problem]:
    """One warning for each thing that stays behind; the same thing in one paragraph is told once."""
    walk = _Walk(word.name)
    for root in word.parts.values():
        if local(root) in _STORIES:
            _story(root, walk)
    if any(local(root) in ("hdr", "ftr") and _words(root) for root in word.parts.values()):
        walk.found.append(Problem("docx.header-or-footer", {}, Place(word.name), "warning"))
    if any(name.endswith(_MACROS) for name in (*word.left_out, *word.parts)):
        walk.found.append(Problem("docx.macros", {}, Place(word.name), "warning"))
    unique = {(one.code, str(sorted(one.params.items()))): one for one in walk.found}
    return list(unique.values())


def _story(element: Element, walk: _Walk) -> None:
    for child in element:
        name = local(child)
        if name == "p":
            _paragraph(child, walk)
        elif name == "tbl":
            _table(child, walk)
        elif name == "altChunk":
            walk.tell("docx.embedded")
        elif name in ("ins", "moveTo", "del", "moveFrom"):
            _change(child, walk)
            _story(child, walk)
        else:
            _story(child, walk)


def _paragraph(paragraph: Element, walk: _Walk) -> None:
    walk.near = shortened(_words(paragraph)) or walk.near
    _numbering(paragraph, walk)
    _inside(paragraph, walk)


def _inside(element: Element, walk: _Walk) -> None:
    for child in element:
        name = local(child)
        if name == "AlternateContent":
            _alternatives(child, walk)
        elif name in ("ins", "moveTo", "del", "moveFrom"):
            _change(child, walk)
            _inside(child, walk)
        elif name == "commentReference":
            walk.tell("docx.comment")
        elif name == "oMath":
            walk.tell("docx.equation", text=shortened("".join(child.itertext())))
        elif name == "txbxContent":
            walk.tell("docx.text-box", text=shortened(_words(child)))
        elif name in _DRAWN:
            walk.tell(_DRAWN[name])
        elif name == "object":
            walk.tell("docx.embedded")
        elif name == "hyperlink" and not any(key.endswith("}id") for key in child.attrib):
            walk.tell("docx.link-inside", text=shortened(_words(child)))
            _inside(child, walk)
        else:
            _inside(child, walk)


def _alternatives(element: Element, walk: _Walk) -> None:
    """Of what is there in a new and an old form, only the old one comes over; both are one thing."""
    boxes = [one for one in element.iter() if local(one) == "txbxContent"]
    if boxes:
        walk.tell("docx.text-box", text=shortened(_words(boxes[0])))
        return
    fallback = next((one for one in element if local(one) == "Fallback"), None)
    pictures = fallback is not None and any(local(one) in ("blip", "imagedata") for one in fallback.iter())
    kinds = {_DRAWN[local(one)] for one in element.iter() if local(one) in _DRAWN}
    if kinds:
        walk.tell(min(kinds))
    elif not pictures and any(local(one) in ("drawing", "pict") for one in element.iter()):
        walk.tell("docx.drawing")


def _change(element: Element, walk: _Walk) -> None:
    """A tracked change: what was put in comes over, what was taken out does not."""
    taken = local(element) in ("del", "moveFrom")
    parts = ("delText",) if taken else ("t",)
    text = shortened("".join(one.text or "" for one in element.iter() if local(one) in parts))
    if text:
        walk.tell("docx.deleted" if taken else "docx.inserted", text=text)


def _table(table: Element, walk: _Walk, *, nested: bool = False) -> None:
    rows = list(_below(table, "tr"))
    walk.near = next((words for row in rows if (words := shortened(_words(row)))), walk.near)
    if nested:
        walk.tell("docx.nested-table")
    elif len(rows) > 1 and not _has_head(table, rows[0]):
        walk.tell("docx.no-header-row")
    cells = [one for row in rows for one in _below(row, "tc")]
    if any(_is_merged(cell) for cell in cells):
        walk.tell("docx.merged-cells")
    for cell in cells:
        for child in cell:
            if local(child) == "tbl":
                _table(child, walk, nested=True)
            elif local(child) == "p":
                _paragraph(child, walk)
    walk.lists = dict.fromkeys(walk.lists, True)


def _has_head(table: Element, first_row: Element) -> bool:
    """Whether the first row is marked as one that every page repeats, or the table's look sets it off."""
    if any(local(one) == "tblHeader" for one in first_row.iter()):
        return True
    for look in (one for properties in table if local(properties) == "tblPr" for one in properties):
        if local(look) == "tblLook":
            values = {key.rpartition("}")[2]: value for key, value in look.items()}
            bits = values.get("val", "0")
            by_bit = bool(re.fullmatch(r"[0-9A-Fa-f]{1,8}", bits) and int(bits, 16) & 0x20)
            return values.get("firstRow") in ("1", "true", "on") or ("firstRow" not in values and by_bit)
    return False


def _below(element: Element, name: str) -> Iterator[Element]:
    """Elements of a name, also those in a content control; not those within them."""
    for child in element:
        if local(child) == name:
            yield child
        elif local(child) in ("sdt", "sdtContent", "ins"):
            yield from _below(child, name)


def _is_merged(cell: Element) -> bool:
    for properties in cell:
        if local(properties) == "tcPr":
            for one in properties:
                value = next((each for key, each in one.items() if key.endswith("}val")), "")
                if local(one) == "vMerge" or (local(one) == "gridSpan" and value not in ("", "1")):
                    return True
    return False


def _numbering(paragraph: Element, walk: _Walk) -> None:
    """A numbered list that goes on after something else: in a lesson it begins anew."""
    number = next(
        (
            value
            for one in paragraph.iter()
            if local(one) == "numId"
            for key, value in one.items()
            if key.endswith("}val")
        ),
        None,
    )
    if number is not None:
        if walk.lists.get(number):
            walk.tell("docx.list-goes-on")
        walk.lists[number] = False
    elif _words(paragraph).strip():
        walk.lists = dict.fromkeys(walk.lists, True)


def _words(element: Element) -> str:
    parts: list[str] = []
    for one in element.iter():
        name = local(one)
        if name == "t" and "wordprocessingml" in one.tag:
            parts.append(one.text or "")
        elif name in ("tab", "br", "p") and parts:
            parts.append(" ")
    return "".join(parts)


def shortened(text: str) -> str:
    """The beginning of a text, in one line."""
    line = " ".join(text.split())
    return line if len(line) <= NEAR else f"{line[: NEAR - 1].rstrip()}…"
