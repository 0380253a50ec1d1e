"""Sets a document with Typst from a design of this folder, its words as data and its pictures as files."""

from __future__ import annotations

import datetime
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import typst

from authoring.problems import LmsSyncError

DESIGNS = Path(__file__).parent / "designs"
Standard = Literal["a-3a", "ua-1"]


class NotTypeset(LmsSyncError):
    """A document could not be set."""


def typeset(
    design: str,
    data: Mapping[str, object],
    pictures: Mapping[str, Path],
    *,
    dated: datetime.date,
    function: str | None = None,
    designs: Path = DESIGNS,
    standards: Sequence[Standard] = (),
) -> bytes:
    """The PDF of `designs/<design>.typ`, whose function of that name, or the one named, gets `data`; raises NotTypeset.

    `pictures` are copied beside the design under the names given; the design finds them as `/pictures/<name>`.
    `standards` are PDF standards by Typst's names, for the archive. `dated` is the day that the file says it was made on, so that the same words give the same bytes.
    """
    with tempfile.TemporaryDirectory(prefix="lms-sync-") as name:
        root = Path(name)
        shutil.copytree(designs, root, dirs_exist_ok=True)
        (root / "pictures").mkdir()
        for picture, source in pictures.items():
            shutil.copyfile(source, root / "pictures" / picture)
        (root / "data.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        function = function or design
        main = root / "main.typ"
        main.write_text(
            f'#import "/{design}.typ": {function}\n#{function}(json("/data.json"))\n', encoding="utf-8"
        )
        try:
            made = typst.Compiler(root=name, ignore_system_fonts=True).compile(
                input=str(main),
                format="pdf",
                pdf_standards=list(standards),
                timestamp=datetime.datetime.combine(dated, datetime.time(), datetime.UTC),
            )
        except typst.TypstError as error:
            raise NotTypeset("sheet.not-set", design=design, reason=str(error.message)[:300]) from error
    assert isinstance(made, bytes)
    return made


def picture_name(number: int, path: Path) -> str:
    """A name for a picture in the folder of a document: nothing of its own name but the ending."""
    return f"{number}{path.suffix.lower()}"
