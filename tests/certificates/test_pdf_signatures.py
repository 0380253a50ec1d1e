"""Certificates are sealed by the issuer, then by its co-signers; others can check it, and the file stays accessible."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import BooleanObject, DictionaryObject, NameObject

from authoring.problems import LmsSyncError
from certificates import register
from certificates.issuer import open_issuer
from certificates.seal import SealFile
from tests.certificates.accessible_pdf import accessibility_faults, elements_of
from tests.certificates.conftest import BASE_URL, DID, NAMES, POLICY
from tests.certificates.seals import PASSWORD, make_seal

LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><rect width="40" height="20" fill="#039"/></svg>'
SEALED = POLICY.replace(
    "en: General Director}}",
    "en: General Director}, seal: archives}\n"
    "cosigners:\n"
    "  - {name: Ștefan Model, role: {sq: Drejtor i shkollës, en: Director of the school}, seal: school}\n"
    "design:\n"
    "  logos: [{file: logos/union.svg, name: {sq: Bashkimi, en: The union}}]",
)


def sealed_academy(new_academy: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Any:
    """An academy whose policy names two seals and a logo; `changes` replace the seals' files, or leave one out."""
    (folder / "logos").mkdir(parents=True)
    (folder / "logos" / "union.svg").write_text(LOGO)
    monkeypatch.setenv("SEAL_PASSWORD", PASSWORD)
    files = {
        "archives": make_seal(folder / "archives.p12", "Drejtoria e Përgjithshme e Arkivave"),
        "school": make_seal(folder / "school.p12", "Shkolla e Administratës"),
        **changes,
    }
    academy = new_academy(policy=SEALED)
    academy.add_person(*NAMES[0])
    academy.issuer = lambda: open_issuer(
        did=DID,
        base_url=BASE_URL,
        key_file=academy.key_file,
        seals=[SealFile(name, path, "SEAL_PASSWORD") for name, path in files.items() if path],
        logos=folder,
        clock=academy.clock,
    )
    return academy


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory, session_keys: Any) -> tuple[bytes, bytes]:
    """A certificate with two signatures, and the credential that it must contain."""
    from tests.certificates.conftest import _academy_in

    folder = tmp_path_factory.mktemp("sealed")
    with pytest.MonkeyPatch.context() as patch:
        academy = sealed_academy(
            lambda policy: _academy_in(folder, session_keys[False], policy),
            folder,
            patch,
            school=make_seal(folder / "rsa.p12", "Shkolla e Administratës", bits=2048),
        )
        report = academy.issue_all()
        assert report.problems == ()
        award = report.issued[0]
        return (
            academy.document(award, "pdf"),
            academy.document(award, "credential"),
        )


def pdfsig(pdf: bytes, folder: Path) -> list[dict[str, str]]:
    """What poppler, which shares no code with what signed, says about each signature."""
    if shutil.which("pdfsig") is None:
        line = "pdfsig is missing. Type: sudo apt-get install -y --no-install-recommends poppler-utils"
        pytest.fail(line) if os.environ.get("CI") == "true" else pytest.skip(line)
    path = folder / "certificate.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(
        ["pdfsig", "-nocert", str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    parts = re.split(r"^Signature #\d+:\n", done.stdout, flags=re.MULTILINE)[1:]
    return [
        dict(re.findall(r"- ([^:\n]+): (.+)", part)) | {"whole": str("Total document signed" in part)}
        for part in parts
    ]


def test_another_library_finds_both_signatures_intact_and_the_attachment_as_issued(
    signed: tuple[bytes, bytes], tmp_path: Path
) -> None:
    pdf, credential = signed
    first, second = pdfsig(pdf, tmp_path)
    assert (first["Signature Field Name"], second["Signature Field Name"]) == ("signature-1", "signature-2")
    assert first["Signer full Distinguished Name"].endswith("O=Drejtoria e Përgjithshme e Arkivave")
    assert second["Signer full Distinguished Name"].endswith("O=Shkolla e Administratës")
    assert {one["Signature Validation"] for one in (first, second)} == {"Signature is Valid."}
    assert {one["Signature Type"] for one in (first, second)} == {"ETSI.CAdES.detached"}  # PAdES
    assert second["whole"] == "True"
    assert PdfReader(io.BytesIO(pdf)).attachments["credential.json"] == [credential]


def test_one_flipped_byte_is_found_wherever_it_is(signed: tuple[bytes, bytes], tmp_path: Path) -> None:
    pdf, _ = signed
    starts = [found.start() for found in re.finditer(rb"/ByteRange", pdf)]
    assert len(starts) == 2
    holder = pdf.index(b"stream\n") + 40  # in the compressed page, before everything that was signed later
    late = pdf.index(b"/AcroForm") + 1 if pdf.index(b"/AcroForm") > starts[0] else len(pdf) - 30
    for place in (holder, late):
        flipped = bytearray(pdf)
        flipped[place] ^= 1
        verdicts = [one.get("Signature Validation") for one in pdfsig(bytes(flipped), tmp_path)]
        assert verdicts != ["Signature is Valid."] * 2, place


def test_the_issuers_signature_allows_the_others_and_nothing_else(signed: tuple[bytes, bytes]) -> None:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.fields import MDPPerm

    first, second = PdfFileReader(io.BytesIO(signed[0])).embedded_signatures
    for one in (first, second):
        one.compute_integrity_info()
    assert first.docmdp_level == MDPPerm.FILL_FORMS
    assert first.diff_result.modification_level == ModificationLevel.FORM_FILLING
    assert second.diff_result.modification_level == ModificationLevel.NONE


def test_a_signed_certificate_is_declared_accessible_and_is(signed: tuple[bytes, bytes]) -> None:
    pdf, _ = signed
    reader = PdfReader(io.BytesIO(pdf))
    metadata = reader.trailer["/Root"]["/Metadata"].get_data().decode("utf-8")
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaProperty:name>InstanceID</pdfaProperty:name>" in metadata  # as Typst wrote it
    assert accessibility_faults(pdf) == []
    read_aloud = [field.get_object()["/TU"] for field in reader.pages[0]["/Annots"]]
    assert read_aloud[0].startswith("Nënshkrim elektronik për Ardita Çela")
    assert "Ștefan Model" in read_aloud[1]


def _untag(root: DictionaryObject, widget: DictionaryObject) -> None:
    top = root["/StructTreeRoot"]["/K"]
    document = top[0].get_object() if isinstance(top, list) else top
    del document["/K"][-1]


def _no_alternate_text(root: DictionaryObject, widget: DictionaryObject) -> None:
    figures = [one for one in elements_of(root["/StructTreeRoot"]["/K"]) if one.get("/S") == "/Figure"]
    del figures[0]["/Alt"]


@pytest.mark.parametrize(
    ("plant", "fault"),
    [
        (_untag, "field not in the structure tree"),
        (lambda root, widget: widget.pop("/TU"), "field without alternate text"),
        (lambda root, widget: root.pop("/Lang"), "no language"),
        (_no_alternate_text, "figure without alternate text"),
        (
            lambda root, widget: root.__setitem__(
                NameObject("/MarkInfo"), DictionaryObject({NameObject("/Marked"): BooleanObject(False)})
            ),
            "not tagged",
        ),
    ],
)
def test_planted_faults_of_accessibility_are_found(
    signed: tuple[bytes, bytes], plant: Any, fault: str
) -> None:
    writer = PdfWriter(clone_from=io.BytesIO(signed[0]))
    plant(writer.root_object, writer.pages[0]["/Annots"][-1].get_object())
    out = io.BytesIO()
    writer.write(out)
    assert accessibility_faults(out.getvalue()) == [fault]


@pytest.mark.parametrize(
    ("break_it", "code"),
    [
        ({"archives": None}, "seal.not-configured"),
        ({"archives": "expired"}, "seal.expired"),
        ({"archives": "missing"}, "seal.missing"),
        ({"archives": "damaged"}, "seal.cannot-open"),
        ({"logo": "missing"}, "design.logo-missing"),
        ({"logo": "script"}, "design.logo-unreadable"),
        ({"password": "unset"}, "seal.no-password"),
        ({"password": "wrong"}, "seal.cannot-open"),
    ],
)
def test_what_is_missing_for_a_sealed_certificate_is_told_before_a_number_is_given(
    new_academy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, break_it: dict[str, Any], code: str
) -> None:
    academy = sealed_academy(new_academy, tmp_path, monkeypatch)
    told: list[str] = []
    files = {"archives": tmp_path / "archives.p12", "school": tmp_path / "school.p12"}
    match break_it:
        case {"archives": None}:
            files.pop("archives")
        case {"archives": "expired"}:
            make_seal(files["archives"], "Archives", until=academy.clock.now() - timedelta(days=1))
        case {"archives": "missing"}:
            files["archives"].unlink()
        case {"archives": "damaged"}:
            files["archives"].write_bytes(b"not a seal")
        case {"logo": "missing"}:
            (tmp_path / "logos/union.svg").unlink()
        case {"logo": "script"}:
            (tmp_path / "logos/union.svg").write_text("<svg><script>alert(1)</script></svg>")
        case {"password": "unset"}:
            monkeypatch.delenv("SEAL_PASSWORD")
        case {"password": "wrong"}:
            monkeypatch.setenv("SEAL_PASSWORD", "another")
    academy.issuer = lambda: open_issuer(
        did=DID,
        base_url=BASE_URL,
        key_file=academy.key_file,
        seals=[SealFile(name, path, "SEAL_PASSWORD") for name, path in files.items()],
        logos=tmp_path,
        clock=academy.clock,
    )
    try:
        told = [problem.code for problem in academy.issue_all().problems]
    except LmsSyncError as error:
        told = [problem.code for problem in error.problems]
    assert told == [code]
    assert register.issued(academy.engine, academy.site) == []


def test_a_logo_that_changed_after_the_award_was_entered_is_not_printed(
    new_academy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from certificates.documents import make_documents
    from certificates.issue import enter_approved

    academy = sealed_academy(new_academy, tmp_path, monkeypatch)
    academy.certify()
    academy.approve()
    enter_approved(academy.engine, academy.site, academy.issuer(), academy.clock)
    logo = tmp_path / "logos/union.svg"
    logo.write_text(LOGO.replace("#039", "#930"))
    _, problems = make_documents(academy.engine, academy.site, academy.issuer(), academy.clock)
    assert [one.code for one in problems] == ["design.logo-changed"]
    make_seal(tmp_path / "school.p12", "Another school")
    logo.write_text(LOGO)
    _, problems = make_documents(academy.engine, academy.site, academy.issuer(), academy.clock)
    assert [one.code for one in problems] == ["seal.other"]


def test_the_time_of_a_signature_is_that_of_our_clock(signed: tuple[bytes, bytes]) -> None:
    fields = PdfReader(io.BytesIO(signed[0])).get_fields() or {}
    assert fields["signature-1"]["/V"]["/M"].startswith("D:20260305093000")
