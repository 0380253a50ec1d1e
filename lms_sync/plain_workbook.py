"""Spreadsheets that hold what they are given as it is: no text becomes a formula, a link or a number by itself."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import xlsxwriter


def plain_workbook(out: IO[bytes], *, row_by_row: bool = False) -> xlsxwriter.Workbook:
    """A workbook that is written to `out` when it is closed.

    Names and answers come from people: what begins with `=` or looks like an address must stay a text, else a
    spreadsheet would act upon it. With `row_by_row`, rows go out as they are written and cannot be changed later.
    """
    import xlsxwriter

    options = {
        "in_memory": not row_by_row,
        "constant_memory": row_by_row,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    return xlsxwriter.Workbook(out, options)
