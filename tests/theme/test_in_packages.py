"""A theme in a package: its style within the budget, its logos in every language, its fonts, and nothing stale."""

from __future__ import annotations

import datetime
import re
import time
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest

from authoring.build_cache import BuildCache
from authoring.theme import default_theme
from course_packages import scorm12_files
from course_packages.lesson_html import player_source
from course_packages.player_style import style
from lms_sync.academy import build_academy, read_academy
from lms_sync.course_preview.shown_course import ShownCourse
from lms_sync.last_build import inputs
from tests.build.conftest import png
from tests.theme.conftest import HEAD, LOGO, ThemedAcademy

FULL = """schema: theme/1
extends: {extends}
colours: {{light: {{band: "#1f2f3f", main: "#7a1f2b"}}, dark: {{band: "#0c1f2c", accent: "#ffd08a"}}}}
fonts:
  text: Own Family With A Long Name
  headings: Another Family With A Long Name
  families:
    - {{family: Own Family With A Long Name, licence: OFL-1.1, notice: "© The authors", files: [{files}]}}
    - {{family: Another Family With A Long Name, licence: CC0-1.0, files: [{files}]}}
partners:
  - label: {{en: Funded by}}
    logos: [{{file: logos/a.svg, alt: {{en: Partner A}}}}, {{file: logos/b.png, alt: Partner B}}]
"""
FILES = ", ".join(
    f"{{file: fonts/aileron.ttf, weight: {weight}, style: {style}}}"
    for weight, style in ((400, "normal"), (700, "normal"), (400, "italic"))
)


@pytest.mark.parametrize("extends", ["chancery", "courtyard"])
def test_style_keeps_its_budget_with_everything_that_a_theme_can_have(
    academy: ThemedAcademy, extends: str
) -> None:
    academy.write_files()
    academy.write_theme(FULL.format(extends=extends, files=FILES))
    files = scorm12_files(academy.course_read())
    assert sum(len(content) for name, content in files.items() if name.endswith(".css")) <= 30_000
    assert academy.problems() == []


def test_style_loses_nothing_by_being_made_small() -> None:
    small = style(default_theme(), ["en"]).decode()
    whole = "".join(player_source(name).read_text("utf-8") for name in ("player.css", "themes/chancery.css"))
    used = set(re.findall(r"var\((--[a-z]+)", small))
    assert used == set(re.findall(r"(?<![\w-])(--[a-z]+):", small)) | ({"--a"} & used)
    assert small.count("{") >= re.sub(r"/\*.*?\*/", "", whole, flags=re.DOTALL).count("{")
    assert "::before" not in small


class Partners(HTMLParser):
    """The logos of a page by language, with the words for them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.language = ""
        self.found: list[tuple[str, str, str]] = []
        self.inside = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "div" and "lang" in names:
            self.language = names["lang"] or ""
        if tag == "img":
            assert names["width"]
            assert names["height"] == "48"
            self.found.append((self.language, names["src"] or "", names["alt"] or ""))


def test_logos_stand_on_the_first_page_and_at_the_foot_with_words_in_every_language(
    academy: ThemedAcademy,
) -> None:
    course = academy.course / "course.yaml"
    academy.write(
        course, course.read_bytes().replace(b"offered: [en]", b"offered: [en, sq], fallback: default")
    )
    academy.write_files()
    theme = FULL.format(extends="chancery", files=FILES).replace(
        "{en: Partner A}", '{en: Partner A, sq: "Ortaku “A” <1>"}'
    )
    academy.write_theme(theme.replace("{en: Funded by}", "{en: Funded by, sq: Me mbështetjen e}"))
    files = scorm12_files(academy.course_read())
    page = files["index.html"].decode()
    once = [
        ("en", "theme/a.svg", "Partner A"),
        ("en", "theme/b.png", "Partner B"),
        ("sq", "theme/a.svg", "Ortaku “A” <1>"),
        ("sq", "theme/b.png", "Partner B"),
    ]
    assert Partners(page).found == once + once
    assert page.count("Me mbështetjen e") == 2
    assert (files["theme/a.svg"], files["theme/b.png"]) == (LOGO, png(30, 20))
    css = files["player/player.css"].decode()
    assert "html[lang=sq] .partners>[lang=sq]{display:block}" in css
    assert files["theme/fonts.txt"].decode() == (
        "Own Family With A Long Name\nOFL-1.1\n© The authors\n\nAnother Family With A Long Name\nCC0-1.0\n"
    )
    for name in re.findall(r"url\(\.\./(theme/[^)]+)\)", css):
        assert name in files
    listed = files["imsmanifest.xml"].decode()
    assert {name for name in files if name.startswith("theme/")} == set(
        re.findall(r'href="(theme/[^"]+)"', listed)
    )


def test_without_partners_nothing_of_them_is_shipped(academy: ThemedAcademy) -> None:
    files = scorm12_files(academy.course_read())
    assert b"partners" not in files["player/player.css"] + files["index.html"]
    assert not [name for name in files if name.startswith("theme/")]


def test_a_build_with_what_is_known_makes_what_a_build_without_it_makes(academy: ThemedAcademy) -> None:
    academy.write_files()

    def built() -> bytes:
        cache = BuildCache(academy.folder)
        build_academy(read_academy(academy.folder, cache), cache=cache)
        cache.save()
        return package(academy.folder).read_bytes()

    def anew() -> bytes:
        kept = built()
        package(academy.folder).unlink()
        build_academy(read_academy(academy.folder))
        assert package(academy.folder).read_bytes() == kept
        return kept

    made = [anew()]
    for text in (
        HEAD,
        HEAD + 'colours: {light: {main: "#7a1f2b"}}\n',
        "schema: theme/1\nextends: courtyard\n",
        FULL.format(extends="courtyard", files=FILES),
    ):
        academy.write_theme(text)
        made.append(anew())
    academy.write(academy.course / "theme" / "logos" / "a.svg", LOGO.replace(b"0 0 200", b"0 0 300"))
    made.append(anew())
    assert len(set(made)) == len(made) - 1  # the first theme names the finished one and nothing else
    with zipfile.ZipFile(package(academy.folder)) as archive:
        assert archive.getinfo("theme/f0.ttf").compress_type == zipfile.ZIP_DEFLATED


def package(academy: Path) -> Path:
    return academy / "build" / "small" / "small-scorm12.zip"


def test_a_build_looks_at_the_theme_of_the_academy_for_changes(academy: ThemedAcademy) -> None:
    academy.write_theme(HEAD, of="academy")
    academy.write(academy.folder / "theme" / "logos" / "a.svg", LOGO)
    assert {"theme/theme.yaml", "theme/logos/a.svg"} <= inputs(academy.folder).keys()


def test_a_preview_shows_the_theme_of_the_academy_when_it_is_saved(academy: ThemedAcademy) -> None:
    shown = ShownCourse(academy.course, academy.folder, lambda: datetime.date(2026, 3, 2))

    def looked() -> bool:
        """It looks around no more often than a tenth of the time allows."""
        return any(shown.look() or time.sleep(0.02) for _ in range(250))

    def css() -> object:
        assert looked()
        assert shown.now.problems == ()
        return shown.now.contents["player/player.css"]

    before = css()
    academy.write_theme("schema: theme/1\nextends: courtyard\n", of="academy")
    assert css() != before
    assert not shown.look()
    academy.write(academy.folder / "programmes" / "logos" / "p.svg", LOGO)
    academy.write_theme(
        HEAD + "partners: [{logos: [{file: ../programmes/logos/p.svg, alt: P}]}]\n", of="academy"
    )
    css()
    assert "theme/p.svg" in shown.now.contents
    academy.write(academy.folder / "programmes" / "logos" / "p.svg", LOGO.replace(b"200", b"220"))
    assert looked()
