"""Files that still name a person whose data are erased are found; those that name somebody else are not."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from lms_sync.still_named import still_named

WORDS = ["Gëzim Morina", "AO-0007", "gezim@has.example"]


@pytest.mark.parametrize(
    ("name", "says", "found"),
    [
        ("build/register.csv", "DPA-1;Gëzim Morina;2026", True),
        ("people/old.csv", "AO-1,Morina,Gëzim,has", True),
        ("reports/page.html", "<td>Gëzim</td><td>Morina</td>", True),
        ("notes.txt", "write to GEZIM@has.example", True),
        ("forms/opinion-AO-0007.xlsx", "no zip at all", True),
        ("people/list.csv", "AO-00071,Gëzim,Morinaj", False),
        ("people/two.csv", "Gëzim,Hoxha\nArta,Morina", False),
        (".lms-sync/kept.txt", "Gëzim Morina", False),
    ],
)
def test_a_file_is_told_where_it_names_the_person(tmp_path: Path, name: str, says: str, found: bool) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(says, encoding="utf-8")
    assert still_named(tmp_path, WORDS).files == ((name,) if found else ())


def test_spreadsheets_and_archives_are_looked_into_and_lists_in_pdf_told_apart(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "sheet.xlsx", "w") as packed:
        packed.writestr("xl/sharedStrings.xml", "<si><t>Gëzim</t></si><si><t>Morina</t></si>")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as packed:
        packed.writestr("data.json", '{"name": "Arta Hoxha"}')
    signed = tmp_path / "build" / "to-sign" / "list.pdf"
    signed.parent.mkdir(parents=True)
    signed.write_bytes(b"%PDF")
    left = still_named(tmp_path, WORDS)
    assert (left.files, left.pdfs) == (("sheet.xlsx",), ("build/to-sign/list.pdf",))
    assert still_named(tmp_path, []).pdfs == ()
