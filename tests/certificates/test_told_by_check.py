"""What would go wrong with certificates is told by `lms-sync check`, before anybody has earned one."""

from __future__ import annotations

from pathlib import Path

from authoring.problems import Place
from certificates.check_printing import name_problems
from lms_sync.people.read import read_people
from lms_sync.settings import load_settings, settings_warnings


def test_names_that_no_certificate_can_hold_are_told_where_they_stand() -> None:
    names = [
        ("Gëzim", "Çela", Place("p.csv", 2)),
        ("Ștefan", "档案", Place("p.csv", 3)),
        ("Mbiemri" * 30, "Hoxha", Place("p.csv", 4)),
    ]
    found = [(one.code, one.place, one.severity) for one in name_problems(names)]
    assert found == [
        ("certificate.letters-lacking", Place("p.csv", 3), "warning"),
        ("certificate.name-too-wide", Place("p.csv", 4), "warning"),
    ]


def test_two_people_with_one_address_are_told_and_both_stay(tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "institutions.csv").write_text("code,name_sq\nelbasan,Elbasan\n", encoding="utf-8")
    lines = (
        "A-1,Gëzim,Çela,elbasan,office@example.org",
        "A-2,Shpresa,Hoxha,elbasan,Office@example.org",
        "A-3,Ana,Luca,elbasan,",
        "A-4,Ion,Luca,elbasan,",
    )
    listed = "\n".join(("idnumber,firstname,lastname,institution,email", *lines))
    (tmp_path / "people" / "participants.csv").write_text(listed + "\n", encoding="utf-8")
    people = read_people(tmp_path)
    assert len(people.participants) == 4
    (told,) = (one for one in people.warnings if one.code == "people.shared-email")
    assert told.severity == "warning"
    assert told.place is not None
    assert (told.place.line, told.params["first_line"]) == (3, 2)


def test_an_identifier_of_another_host_than_the_portal_is_told(tmp_path: Path) -> None:
    def codes(did: str) -> list[str]:
        text = "sites: {main: {url: 'https://m.example.al', token_env: T}}\n"
        text += f"issuer: {{did: '{did}'}}\nportal: {{base_url: 'https://verify.example.al:8443/x'}}\n"
        (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
        return [one.code for one in settings_warnings(load_settings(tmp_path))]

    assert codes("did:web:verify.example.al%3A8443") == []
    assert codes("did:key:z6Mk") == []
    assert codes("did:web:elsewhere.example.al") == ["settings.did-elsewhere"]
