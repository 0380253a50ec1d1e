"""The certificate: one sheet, every letter right, the credential inside, the same bytes again."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pypdf import PdfReader

from certificates import register
from certificates.award import Award, Wording
from certificates.certificate_pdf import characters_lacking, printed_name, render
from certificates.policy import Policy, parse_policy
from certificates.verification_id import in_groups, new_verification_id


def award_of(policy: Policy, *, demo: bool = False, expires_on: date | None = date(2029, 3, 3)) -> Award:
    wording = Wording.of(
        policy,
        issuer_did="did:web:v.example",
        base_url="https://v.example/",
        earned_on=date(2026, 3, 4),
        demo=demo,
    )
    moment = datetime(2026, 3, 6, 9, tzinfo=UTC)
    return Award(
        id="i", site="main", grant_key="k", person_id="p", policy=policy.id, policy_version=1, serial="DPA-2026-00017",
        verification_id=new_verification_id(), status_list=1, status_index=7, issued_at=moment,
        issued_on=moment.date(), expires_on=expires_on, wording=wording,
    )  # fmt: skip


def words_of(pdf: bytes) -> str:
    reader = PdfReader(io.BytesIO(pdf))
    assert len(reader.pages) == 1
    return re.sub(r"\s+", " ", reader.pages[0].extract_text())


def test_the_attachment_is_the_stored_credential(three_issued: Any) -> None:
    academy = three_issued
    for award in register.issued(academy.engine, academy.site):
        pdf = academy.document(award, "pdf")
        attached = PdfReader(io.BytesIO(pdf)).attachments
        assert list(attached) == ["credential.json"]
        assert attached["credential.json"] == [academy.document(award, "credential")]
        assert award.serial in words_of(pdf)


@pytest.mark.parametrize(
    "name", ["Gëzim Çela", "Ștefan Țîrlea", "Mănuța Brâncoveanu-Çiçi", "Zoë Ångström Łukasz"]
)
def test_a_name_can_be_read_back_letter_by_letter(policy: Policy, name: str) -> None:
    award = award_of(policy)
    words = words_of(render(award, name, b"{}"))
    assert name in words
    for expected in (
        "DREJTORIA E PËRGJITHSHME E ARKIVAVE", "General Directorate of Archives", "CERTIFIKATË",
        "Zyrtar i certifikuar i arkivit dhe protokollit", "Certified archive and protocol officer",
        "16 orë trajnimi", "16 hours of training", "Mban librin e protokollit", "Keeps the protocol book",
        "DPA-2026-00017", "6 mars 2026", "6 March 2026", "3 mars 2029", "3 March 2029",
        "Ardita Çela", "Drejtore e Përgjithshme", "General Director", "v.example",
    ):  # fmt: skip
        assert expected in words, expected
    assert in_groups(award.verification_id) in words.replace("- ", "-")
    assert "DEMO" not in words


def test_it_declares_pdf_a_3a_is_tagged_and_embeds_every_font(policy: Policy) -> None:
    reader = PdfReader(io.BytesIO(render(award_of(policy), "Gëzim Çela", b"{}")))
    metadata = reader.trailer["/Root"]["/Metadata"].get_data().decode("utf-8")
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.trailer["/Root"]["/Lang"] == "sq"
    fonts = reader.pages[0]["/Resources"]["/Font"]
    for font in fonts.values():
        descriptor = font["/DescendantFonts"][0]["/FontDescriptor"]
        assert "Libertinus" in descriptor["/FontName"]
        assert {"/FontFile2", "/FontFile3"} & set(descriptor)


def test_the_same_award_gives_the_same_bytes(policy: Policy) -> None:
    award = award_of(policy)
    assert render(award, "Gëzim Çela", b"{}") == render(award, "Gëzim Çela", b"{}")


def test_a_long_name_is_set_smaller_and_stays_on_the_sheet(policy: Policy) -> None:
    long = "Aleksandër Konstandin Papadhimitri-Hoxhallari von Württemberg-Țîrlea Ștefănescu de la Vega"
    assert long in words_of(render(award_of(policy), long, b"{}"))
    assert _size_of(render(award_of(policy), long, b"{}"), "Aleksandër") < _size_of(
        render(award_of(policy), "Gëzim Çela", b"{}"), "Gëzim"
    )


def _size_of(pdf: bytes, beginning: str) -> float:
    sizes: list[float] = []

    def visit(text: str, _user: list[float], matrix: list[float], _font: object, size: float) -> None:
        if beginning in text:
            sizes.append(size * abs(matrix[0]))

    PdfReader(io.BytesIO(pdf)).pages[0].extract_text(visitor_text=visit)
    return max(sizes)


def test_text_that_looks_like_typst_or_json_is_printed_as_it_is(policy_text: str) -> None:
    policy = parse_policy(
        policy_text.replace(
            "en: Certified archive and protocol officer", "en: 'A \\ \"quoted\" #strong[x] $y$ title'"
        ),
        "p",
    )
    words = words_of(render(award_of(policy), 'O"Neill \\ #let x', b'{"a": "\\"#\\""}'))
    assert 'A \\ "quoted" #strong[x] $y$ title' in words
    assert 'O"Neill \\ #let x' in words


def test_a_demo_certificate_says_so_in_both_languages(policy: Policy) -> None:
    words = words_of(render(award_of(policy, demo=True), "Gëzim Çela", b"{}"))
    assert "DEMO" in words
    assert "nuk është certifikatë e vlefshme" in words
    assert "not a valid certificate" in words


def test_an_attendance_has_its_own_words_and_an_endless_award_says_so(policy_text: str) -> None:
    changed = policy_text.replace("kind: achievement", "kind: attendance").replace(
        "languages: [sq, en]", "languages: [en]"
    )
    words = words_of(render(award_of(parse_policy(changed, "p"), expires_on=None), "Gëzim Çela", b"{}"))
    assert "CERTIFICATE OF ATTENDANCE" in words
    assert "has taken part in" in words
    assert "Valid without end date" in words
    assert "Zyrtar" not in words


def test_letters_that_the_font_lacks_are_found_before_anything_is_issued() -> None:
    assert characters_lacking("ëËçÇ ăâîșțĂÂÎȘȚ şţ „”“«»’–€№≥ ßøłžđ Жя Ωλ") == ()
    assert characters_lacking("Gëzim 李 \u0007 明李") == ("李", "U+0007", "明")


def test_names_are_composed_and_their_spaces_single() -> None:
    assert printed_name(" Ge\u0308zim ", "C\u0327ela  Hoxha") == "Gëzim Çela Hoxha"


def test_the_data_in_the_file_do_not_name_the_holder_elsewhere(policy: Policy) -> None:
    information = PdfReader(
        io.BytesIO(render(award_of(policy), "Gëzim Çela", json.dumps({}).encode()))
    ).metadata
    assert information is not None
    assert "Gëzim" not in str(dict(information))
