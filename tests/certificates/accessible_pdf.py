"""What a reader with a screen reader would miss in a certificate's PDF: our own test of the points that matter there.

After ISO 14289-1 (PDF/UA-1): 7.1 tags and language, 7.3 alternate text of figures, 7.18 annotations. It does not replace a
validator, and says nothing about contents.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, BooleanObject, DictionaryObject, IndirectObject


def accessibility_faults(pdf: bytes) -> list[str]:
    """The names of what is wrong; empty where nothing was found."""
    reader = PdfReader(io.BytesIO(pdf))
    root: Any = reader.trailer["/Root"]
    faults = []
    if not root.get("/Lang"):
        faults.append("no language")
    if root.get("/MarkInfo", {}).get("/Marked") != BooleanObject(True):
        faults.append("not tagged")
    if not root.get("/ViewerPreferences", {}).get("/DisplayDocTitle"):
        faults.append("title not shown")
    elements = list(elements_of(root["/StructTreeRoot"]["/K"]))
    faults.extend(
        "figure without alternate text"
        for one in elements
        if one.get("/S") == "/Figure" and not one.get("/Alt")
    )
    forms = {
        kid.raw_get("/Obj").idnum: element
        for element in elements
        if element.get("/S") == "/Form"
        for kid in _kids(element)
        if isinstance(kid, DictionaryObject) and kid.get("/Type") == "/OBJR"
    }
    parents = _numbers(root["/StructTreeRoot"]["/ParentTree"])
    for page in reader.pages:
        annotations = page.get("/Annots")
        if annotations and page.get("/Tabs") != "/S":
            faults.append("order of the page's fields is not that of its tags")
        for reference in annotations or ():
            widget = reference.get_object()
            if reference.idnum not in forms:
                faults.append("field not in the structure tree")
            elif parents.get(widget.get("/StructParent")) != forms[reference.idnum]:
                faults.append("field does not lead back to its tag")
            if not widget.get("/TU"):
                faults.append("field without alternate text")
            if "/AP" not in widget:
                faults.append("field without appearance")
    return faults


def elements_of(start: Any) -> Iterator[DictionaryObject]:
    """Every element of a structure tree."""
    waiting = [start]
    while waiting:
        one = waiting.pop()
        one = one.get_object() if isinstance(one, IndirectObject) else one
        if isinstance(one, ArrayObject):
            waiting.extend(one)
        elif isinstance(one, DictionaryObject) and one.get("/Type") != "/OBJR":
            yield one
            waiting.extend(_kids(one))


def _kids(element: DictionaryObject) -> list[Any]:
    kids = element.get("/K", ArrayObject())
    return [one.get_object() for one in kids] if isinstance(kids, ArrayObject) else [kids]


def _numbers(tree: Any) -> dict[int, Any]:
    flat = tree.get("/Nums", [])
    return {int(flat[i]): flat[i + 1].get_object() for i in range(0, len(flat), 2)}
