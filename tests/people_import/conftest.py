"""An academy with some institutions and people, and sheets as people make them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lms_sync.people.import_people import ImportResult, understand

INSTITUTIONS = """code,name_sq,name_ro,name_en,kind,region,parent
berat,Bashkia Berat,,Municipality of Berat,municipality,Berat,
cerrik,Bashkia Cërrik,,Municipality of Cërrik,municipality,Elbasan,
elbasan,Bashkia Elbasan,,Municipality of Elbasan,municipality,Elbasan,
vlore,Bashkia Vlorë,,Municipality of Vlorë,municipality,Vlorë,
igm,,Inspectoratul General pentru Migrație,General Inspectorate for Migration,inspectorate,Chișinău,
"""
PARTICIPANTS = """idnumber,username,email,firstname,lastname,institution,courses,gender,language,remark
AO-0001,arjola.cela,arjola.cela@example.org,Arjola,Çela,cerrik,archive,F,sq,keeps the key
AO-0002,,besnik.hoxhaj@example.org,Besnik,Hoxhaj,elbasan,archive,M,sq,
AO-0003,,,Drita,Mëhilli,vlore,archive,F,sq,"on leave, until May"
"""
TODAY = date(2026, 11, 22)

Understand = Callable[..., ImportResult]


@pytest.fixture
def academy(tmp_path: Path) -> Path:
    folder = tmp_path / "academy"
    (folder / "people").mkdir(parents=True)
    (folder / "people" / "institutions.csv").write_text(INSTITUTIONS, encoding="utf-8")
    (folder / "people" / "participants.csv").write_text(PARTICIPANTS, encoding="utf-8")
    return folder


@pytest.fixture
def read(academy: Path, tmp_path: Path) -> Understand:
    """Understands a file given as bytes, or as rows for a workbook of one sheet."""

    def understood(content: bytes | list[list[Any]], name: str = "list.xlsx", **options: Any) -> ImportResult:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else workbook(content))
        options.setdefault("today", TODAY)
        return understand(path, academy, **options)

    return understood


def workbook(rows: list[list[Any]], change: Callable[[Any, Any], None] | None = None) -> bytes:
    """A workbook with one sheet, Lista; `change` may do what people do to it."""
    import io

    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Lista"
    for row in rows:
        sheet.append(row)
    if change is not None:
        change(book, sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
