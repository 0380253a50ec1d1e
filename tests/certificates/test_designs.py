"""Sheets: lying and upright, one to three languages, logos, several who sign; the examples' own, and what stops one."""

from __future__ import annotations

import io
import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from certificates.certificate_pdf import name_fits, render
from certificates.check_printing import printing_problems
from certificates.design import signature_places
from certificates.issue import unprintable
from certificates.policy import parse_policy, read_policies
from certificates.preview import preview
from lms_sync.clock import Clock
from tests.certificates.accessible_pdf import accessibility_faults
from tests.certificates.conftest import POLICY
from tests.certificates.test_certificate_pdf import award_of

EXAMPLES = Path(__file__).parents[2] / "examples"


def words_of(pdf: bytes) -> str:
    (page,) = PdfReader(io.BytesIO(pdf)).pages
    return re.sub(r"\s+", " ", page.extract_text())


@pytest.mark.parametrize("programme", ["archive-officers", "inspectorate", "training-of-trainers"])
def test_every_design_of_the_programmes_can_be_looked_at(programme: str, academy: Any) -> None:
    kinds = {}
    for policy in read_policies(EXAMPLES / programme):
        clock: Clock = academy.clock
        pdf, problems = preview(
            policy, clock, base_url="https://v.example", seals={}, logos_in=EXAMPLES / programme
        )
        assert problems == []
        assert pdf is not None
        assert accessibility_faults(pdf) == []
        words = words_of(pdf)
        assert "DEMO" in words
        for signer in policy.signatories:
            assert signer.name in words
        kinds[policy.kind] = words
    headings = {"achievement", "attendance"} & set(kinds)
    if len(headings) == 2:  # attendance never looks like achievement
        assert re.search("PARTICIPARE|PJESËMARRJE|ATTENDANCE", kinds["attendance"])
        assert not re.search("PARTICIPARE|PJESËMARRJE|ATTENDANCE", kinds["achievement"])


@pytest.mark.parametrize("sheet", ["landscape", "portrait"])
@pytest.mark.parametrize("languages", ["[en]", "[sq, en]", "[sq, ro, en]"])
def test_a_sheet_says_everything_in_each_of_its_languages(sheet: str, languages: str) -> None:
    text = POLICY.replace(
        "en: Certified archive", "ro: Funcționar certificat de arhivă, en: Certified archive"
    )
    text = text.replace("en: Knows the", "ro: Cunoaște regulile., en: Knows the").replace(
        "en: The course and", "ro: Cursul și examenul., en: The course and"
    )
    text = text.replace(
        "en: General Directorate", "ro: Direcția Generală a Arhivelor, en: General Directorate"
    )
    text = text.replace("en: General Director}", "ro: Director general, en: General Director}")
    text = text.replace(
        "  en: [Registers", "  ro: [Înregistrează documentele, Ține registrul]\n  en: [Registers"
    )
    text = text.replace("languages: [sq, en]", f"languages: {languages}\ndesign: {{sheet: {sheet}}}")
    policy = parse_policy(text, "p")
    pdf = render(award_of(policy), "Ștefan Gëzim Țîrlea", b"{}")
    page = PdfReader(io.BytesIO(pdf)).pages[0]
    assert (page.mediabox.width > page.mediabox.height) == (sheet == "landscape")
    words = words_of(pdf)
    said = {
        "sq": ("Zyrtar i certifikuar", "16 orë trajnimi", "Mban librin"),
        "ro": ("Funcționar certificat", "16 ore de formare", "Ține registrul"),
        "en": ("Certified archive", "16 hours of training", "Keeps the protocol"),
    }
    for language, parts in said.items():
        for part in parts:
            assert (part in words) == (language in languages), part


def test_a_name_of_two_lines_fits_and_one_of_two_hundred_letters_does_not() -> None:
    two_lines = "Aleksandër Konstandin Papadhimitri-Hoxhallari von Württemberg-Țîrlea Ștefănescu de la Vega"
    for sheet in ("landscape", "portrait"):
        assert name_fits("Gëzim Çela", sheet)
        assert name_fits(two_lines, sheet)
        assert not name_fits("Mbiemërshumëigjatë " * 10 + "Gëzim Çela", sheet)
        assert not name_fits("M" * 200, sheet)


@pytest.mark.parametrize(
    ("told", "instead"),
    [
        ("en: Certified archive and protocol officer", "en: " + "Word" * 60),
        ("en: [Registers incoming documents,", "en: [" + "Registers incoming documents, " * 40),
        ("role: {sq: Drejtore", "role: {sq: " + "Drejtore" * 20),
    ],
)
def test_words_for_which_the_sheet_has_no_room_are_found_before_anything_is_issued(
    told: str, instead: str, tmp_path: Path
) -> None:
    text = POLICY.replace("[Regjistron dokumentet hyrëse,", "[" + "Regjistron dokumentet hyrëse, " * 40)
    assert list(printing_problems(parse_policy(POLICY, "p"), tmp_path)) == []
    long = parse_policy((text if "Registers" in told else POLICY).replace(told, instead), "p")
    found = [*printing_problems(long, tmp_path), *unprintable("Gëzim Çela", "x", long)]
    assert [one.code for one in found] == ["certificate.policy-too-long"] * 2


def test_a_logo_that_is_not_there_and_a_letter_that_cannot_be_set_are_told_at_their_place(
    tmp_path: Path,
) -> None:
    text = POLICY.replace("approval:", "design: {logos: [{file: a.svg, name: {sq: A, en: A}}]}\napproval:")
    policy = parse_policy(text.replace("Ardita Çela", "Ardita 档"), "p")
    logo, letter = printing_problems(policy, tmp_path)
    assert (logo.code, letter.code) == ("design.logo-missing", "certificate.policy-letters-lacking")
    assert logo.place is not None
    assert logo.place.line == 1 + text[: text.index("{file: a.svg")].count("\n")


@pytest.mark.parametrize("sheet", ["landscape", "portrait"])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_signatures_stand_beside_each_other_on_the_sheet(sheet: Any, n: int) -> None:
    places = signature_places(sheet, n)
    assert len(places) == n
    width, height = (297, 210) if sheet == "landscape" else (210, 297)
    for before, after in itertools.pairwise(places):
        assert before.left + before.width < after.left
    for place in places:
        assert 20 < place.left < place.left + place.width < width - 20
        left, bottom, right, top = place.rect(sheet)
        assert right - left == pytest.approx(top - bottom)
        assert 0 < bottom < top < height * 72 / 25.4
