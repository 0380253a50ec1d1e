"""A theme on paper: its colours, the fonts that can be printed with, partners on the title page."""

from __future__ import annotations

import io
import re
from typing import Any

import pypdf

from authoring.build_cache import BuildCache
from course_packages import scorm12_files
from course_packages.manual import manual_pdf
from course_packages.manual.make import printable
from lms_sync.manuals import build_manuals
from tests.theme.conftest import HEAD, LOGO, ThemedAcademy

THEME = (
    HEAD
    + """colours: {light: {main: "#7a1f2b", band: "#0b3f3c"}}
fonts: {headings: Own, families: [{family: Own, licence: CC0, files: [{file: fonts/aileron.ttf}]}]}
partners: [{label: Funded by, logos: [{file: logos/a.svg, alt: Partner A}, {file: logos/b.png, alt: Partner B}]}]
"""
)


def ask_for_manual(academy: ThemedAcademy) -> None:
    path = academy.course / "course.yaml"
    text = path.read_text().replace("lessons:", "targets: [{kind: scorm12}, {kind: manual}]\nlessons:")
    academy.write(path, text.encode())


def test_a_manual_has_the_colours_fonts_and_partners_of_its_theme(academy: ThemedAcademy) -> None:
    academy.write_files()
    academy.write_theme(THEME)
    ask_for_manual(academy)
    made = manual_pdf(academy.course_read(), "en")
    assert made.accessible
    reader = pypdf.PdfReader(io.BytesIO(made.pdf))
    first = reader.pages[0]
    assert "Funded by" in first.extract_text()
    fonts = {
        str(one.get_object()["/BaseFont"])
        for page in reader.pages
        for one in page["/Resources"]["/Font"].values()
    }
    assert {re.sub(r"^/[A-Z]{6}\+|-.*", "", name) for name in fonts} >= {"Aileron", "LibertinusSerif"}
    words = b"".join(
        page.get_contents().get_data() for page in reader.pages if page.get_contents() is not None
    )
    filled = {
        "#" + "".join(f"{round(255 * float(part)):02x}" for part in one)
        for one in re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) scn", words)
    }
    assert {"#0b3f3c", "#7a1f2b"} <= filled
    assert {"Partner A", "Partner B"} <= spoken(reader.trailer["/Root"]["/StructTreeRoot"])


def spoken(node: Any) -> set[str]:
    """The words that stand for pictures, in the structure below a node."""
    node = node.get_object()
    if isinstance(node, list):
        return set().union(*map(spoken, node))
    if not isinstance(node, dict):
        return set()
    words = {str(node["/Alt"])} if "/Alt" in node else set()
    return words | (spoken(node["/K"]) if "/K" in node else set())


def test_a_font_that_cannot_be_printed_with_is_told_where_a_manual_is_made(academy: ThemedAcademy) -> None:
    academy.write_files()
    academy.write(academy.course / "theme" / "fonts" / "own.woff2", b"wOF2" + bytes(40))
    academy.write_theme(THEME.replace("aileron.ttf", "own.woff2"))
    assert academy.problems() == []
    ask_for_manual(academy)
    assert [(one.code, one.severity, one.place.line) for one in academy.problems()] == [
        ("theme.font-not-in-manual", "warning", 4)
    ]


def test_a_ttf_beside_a_woff2_is_for_the_manual_only(academy: ThemedAcademy) -> None:
    academy.write_files()
    academy.write(academy.course / "theme" / "fonts" / "own.woff2", b"wOF2" + bytes(40))
    both = "{file: fonts/own.woff2}, {file: fonts/aileron.ttf}"
    academy.write_theme(
        THEME.replace("{file: fonts/aileron.ttf}", both).replace(
            "headings: Own", "budget_kb: 1, headings: Own"
        )
    )
    ask_for_manual(academy)
    assert academy.problems() == []
    course = academy.course_read()
    assert [one.name for one in printable(course.theme)] == ["theme/f1.ttf"]
    names = [name for name in scorm12_files(course) if name.startswith("theme/f")]
    assert names == ["theme/f0.woff2", "theme/fonts.txt"]


def test_a_manual_is_made_anew_when_its_theme_has_changed(academy: ThemedAcademy) -> None:
    academy.write_files()
    academy.write_theme(THEME)
    ask_for_manual(academy)

    def sha() -> str:
        cache = BuildCache(academy.folder)
        (built,) = build_manuals(academy.course_read(), academy.folder, cache, lambda name: None)
        cache.save()
        return built.sha256

    first = sha()
    assert sha() == first
    academy.write(academy.course / "theme" / "logos" / "a.svg", LOGO.replace(b"0 0 200", b"0 0 400"))
    second = sha()
    academy.write_theme(THEME.replace("#7a1f2b", "#1f2b7a"))
    assert len({first, second, sha()}) == 3
