"""Puts PAdES signatures on a certificate: first the issuer's, then those of the co-signers, each in a visible field.

Each field stands in the structure tree as a Form element with its alternate text (/TU), so that a tagged PDF stays one
(ISO 14289-1, 7.18.1 and 7.18.4). What the field shows is drawn, not written: the words beside it are the sheet's own.
Signatures are of the level PAdES B-B (ETSI EN 319 142-1): no time-stamp service is asked. The issuer's certifies the
file and allows only what the co-signers do after it: to fill in the fields that are there.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from certificates.seal import Seal

Rect = tuple[float, float, float, float]

_PRINT_AND_LOCKED = 0b1000_0100  # annotation flags 3 and 8 (ISO 32000-1, table 165)


@dataclass(frozen=True)
class SignatureField:
    """A place on the page: left, bottom, right, top in points; `says` is read aloud in its stead."""

    name: str
    rect: Rect
    says: str
    language: str
    seal: Seal


def sign_pdf(pdf: bytes, fields: Sequence[SignatureField], now: datetime) -> bytes:
    """The file with all signatures, in the order of `fields`; without any, the file itself.

    `pdf` is a tagged PDF of one page without a form, as Typst writes it.
    """
    for number, one in enumerate(fields):
        writer = _writer(pdf)
        if number == 0:
            _add_fields(writer, fields)
        pdf = _sign(writer, one, now, certify=number == 0)
    return pdf


def _writer(pdf: bytes) -> Any:
    """A writer that adds to a file and leaves its metadata as Typst wrote them.

    pyHanko would write the XMP packet anew, with texts as rdf:resource: no PDF/A reader finds the schemas in that.
    """
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    class KeepsMetadata(IncrementalPdfFileWriter):
        def _update_meta(self) -> None:
            pass

    return KeepsMetadata(io.BytesIO(pdf))


def _add_fields(writer: Any, fields: Sequence[SignatureField]) -> None:
    """Adds the empty fields, their widgets and their structure elements."""
    from pyhanko.pdf_utils.generic import (
        ArrayObject,
        DictionaryObject,
        FloatObject,
        NumberObject,
        pdf_name,
        pdf_string,
    )

    page_ref, _ = writer.find_page_for_modification(0)
    page = page_ref.get_object()
    tree = writer.root["/StructTreeRoot"]
    top = tree["/K"]
    document = top.raw_get(0) if isinstance(top, ArrayObject) else tree.raw_get("/K")
    elements = document.get_object()
    parents = tree["/ParentTree"]
    references = ArrayObject()
    for one in fields:
        key = int(tree["/ParentTreeNextKey"])
        field = DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Widget"),
                pdf_name("/FT"): pdf_name("/Sig"),
                pdf_name("/T"): pdf_string(one.name),
                pdf_name("/TU"): pdf_string(one.says),
                pdf_name("/F"): NumberObject(_PRINT_AND_LOCKED),
                pdf_name("/Rect"): ArrayObject(FloatObject(round(edge, 2)) for edge in one.rect),
                pdf_name("/P"): page_ref,
                pdf_name("/StructParent"): NumberObject(key),
            }
        )
        reference = writer.add_object(field)
        element = DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/StructElem"),
                pdf_name("/S"): pdf_name("/Form"),
                pdf_name("/P"): document,
                pdf_name("/Pg"): page_ref,
                pdf_name("/Lang"): pdf_string(one.language),
                pdf_name("/Alt"): pdf_string(one.says),
                pdf_name("/K"): DictionaryObject(
                    {
                        pdf_name("/Type"): pdf_name("/OBJR"),
                        pdf_name("/Obj"): reference,
                        pdf_name("/Pg"): page_ref,
                    }
                ),
            }
        )
        element_reference = writer.add_object(element)
        elements["/K"].append(element_reference)
        parents["/Nums"].extend([NumberObject(key), element_reference])
        tree[pdf_name("/ParentTreeNextKey")] = NumberObject(key + 1)
        references.append(reference)
    page[pdf_name("/Annots")] = references
    form = DictionaryObject(
        {pdf_name("/Fields"): ArrayObject(references), pdf_name("/SigFlags"): NumberObject(3)}
    )
    writer.root[pdf_name("/AcroForm")] = writer.add_object(form)
    for touched in (tree, elements, parents, page):
        writer.update_container(touched)
    writer.update_root()


def _sign(writer: Any, one: SignatureField, now: datetime, *, certify: bool) -> bytes:
    from pyhanko.pdf_utils.content import RawContent
    from pyhanko.pdf_utils.generic import pdf_name
    from pyhanko.pdf_utils.layout import BoxConstraints
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
    from pyhanko.sign.signers.cms_embedder import (
        PdfCMSEmbedder,
        SigAppearanceSetup,
        SigIOSetup,
        SigMDPSetup,
        SigObjSetup,
    )
    from pyhanko.sign.signers.pdf_byterange import PdfSignedData
    from pyhanko.stamp import StaticStampStyle

    left, bottom, right, top = one.rect
    width, height = right - left, top - bottom
    drawn = RawContent(_emblem(width, height), box=BoxConstraints(width=width, height=height))
    steps = PdfCMSEmbedder().write_cms(field_name=one.name, writer=writer, existing_fields_only=True)
    next(steps)
    steps.send(
        SigObjSetup(
            sig_placeholder=PdfSignedData(
                obj_type=pdf_name("/Sig"),
                subfilter=SigSeedSubFilter.PADES,
                timestamp=now,
                bytes_reserved=2 * one.seal.room,  # in hexadecimal digits,
            ),
            mdp_setup=SigMDPSetup(
                md_algorithm="sha256",
                certify=certify,
                docmdp_perms=MDPPerm.FILL_FORMS if certify else None,
            ),
            appearance_setup=SigAppearanceSetup(
                style=StaticStampStyle(background=drawn, border_width=0), timestamp=now, name=None
            ),
        )
    )
    prepared, output = steps.send(SigIOSetup(md_algorithm="sha256"))
    signed = _finished(
        one.seal.cms_signer.async_sign(prepared.document_digest, digest_algorithm="sha256", use_pades=True)
    )
    steps.send(signed)
    return bytes(output.getvalue())


def _finished(signing: Coroutine[Any, Any, Any]) -> Any:
    """What pyHanko's coroutine gives. In a thread of its own, because the caller's may have a loop running already."""
    with ThreadPoolExecutor(max_workers=1) as own:
        return own.submit(asyncio.run, signing).result()


def _emblem(width: float, height: float) -> bytes:
    """A drawn mark: two rings with rays between them and a tick. Colours as in the designs; no letters, so no font."""
    import math

    x, y = width / 2, height / 2
    outer = min(width, height) / 2 - 1
    lines = ["q 0.639 0.522 0.290 RG 0.6 w", _circle(x, y, outer), _circle(x, y, outer * 0.74), "0.35 w"]
    for ray in range(36):
        angle = ray * math.pi / 18
        cos, sin = math.cos(angle), math.sin(angle)
        near, far = outer * 0.78, outer * 0.95
        lines.append(
            f"{x + near * cos:.2f} {y + near * sin:.2f} m {x + far * cos:.2f} {y + far * sin:.2f} l S"
        )
    lines.append("0.114 0.361 0.220 RG 1.6 w 1 J 1 j")
    lines.append(
        f"{x - outer * 0.34:.2f} {y + outer * 0.02:.2f} m {x - outer * 0.08:.2f} {y - outer * 0.26:.2f} l "
        f"{x + outer * 0.38:.2f} {y + outer * 0.3:.2f} l S Q"
    )
    return "\n".join(lines).encode("ascii")


def _circle(x: float, y: float, radius: float) -> str:
    """A circle of four Bézier curves."""
    k = radius * 0.5523
    return (
        f"{x + radius:.2f} {y:.2f} m "
        f"{x + radius:.2f} {y + k:.2f} {x + k:.2f} {y + radius:.2f} {x:.2f} {y + radius:.2f} c "
        f"{x - k:.2f} {y + radius:.2f} {x - radius:.2f} {y + k:.2f} {x - radius:.2f} {y:.2f} c "
        f"{x - radius:.2f} {y - k:.2f} {x - k:.2f} {y - radius:.2f} {x:.2f} {y - radius:.2f} c "
        f"{x + k:.2f} {y - radius:.2f} {x + radius:.2f} {y - k:.2f} {x + radius:.2f} {y:.2f} c s"
    )
