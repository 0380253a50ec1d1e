"""The files of a coverage report: page, PDF, workbook and CSV in each language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lms_sync.assessment.coverage import Coverage


def load_writers() -> None:
    """Loads what makes the files: that takes a while, in which a database can work."""
    import babel.numbers  # noqa: F401
    import xlsxwriter  # noqa: F401

    from lms_sync.assessment import coverage_pdf, coverage_sheets  # noqa: F401
    from lms_sync.assessment.coverage_page import page_template

    page_template()


def coverage_files(
    coverage: Coverage, folder: Path, languages: Sequence[str]
) -> Iterator[tuple[str, str, bytes]]:
    """Language, ending and content of each file; raises NotTypeset."""
    from lms_sync.assessment.coverage_page import coverage_html
    from lms_sync.assessment.coverage_pdf import coverage_pdf
    from lms_sync.assessment.coverage_sheets import coverage_csv, coverage_xlsx

    with ThreadPoolExecutor() as threads:  # Typst works beside Python
        typeset = {one: threads.submit(coverage_pdf, coverage, folder, one) for one in languages}
        others = {
            one: (
                coverage_html(coverage, folder, one),
                coverage_xlsx(coverage, one),
                coverage_csv(coverage, one),
            )
            for one in languages
        }
    for one in languages:
        html, xlsx, csv = others[one]
        yield one, "html", html
        yield one, "pdf", typeset[one].result()
        yield one, "xlsx", xlsx
        yield one, "csv", csv
