"""The coverage report: one page that needs nothing, the same figures in every form, and nobody to be found in it."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from playwright.sync_api import Browser

from lms_sync.assessment.coverage import Coverage, coverage
from lms_sync.assessment.coverage_page import coverage_html
from lms_sync.assessment.coverage_pdf import coverage_pdf
from lms_sync.assessment.coverage_sheets import coverage_csv, coverage_xlsx
from lms_sync.assessment.pictures import STEPS, step_of, tile_layout
from lms_sync.cli import commands
from lms_sync.people.read_csv import unescaped
from tests.assessment.academy import random_academy
from tests.assessment.world import LAST, REGIONS, SITE, World
from tests.axe import COLOURS, violations

SCHEMAS = Path(__file__).parents[2] / "lms_sync" / "schemas"
NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("academy")


@pytest.fixture(scope="module")
def world(folder: Path) -> World:
    return random_academy(folder)


@pytest.fixture(scope="module")
def counted(world: World, folder: Path) -> Coverage:
    return coverage(world.engine, SITE, folder, "p", today=NOW, as_of=LAST, listed=["gain"])


# --- figures ----------------------------------------------------------------------------------


def test_every_institution_has_its_line_also_where_there_is_nothing(counted: Coverage) -> None:
    for result in counted.results:
        rows = result.breakdowns["institution"]
        assert [row.key for row in rows] == list(REGIONS)
    early = next(one for one in counted.results if one.indicator.id == "done-one")
    assert {row.key for row in early.breakdowns["quarter"]} == {"2026-Q1", "2026-Q2", "2026-Q3"}


def test_no_cell_of_one_to_four_persons_is_in_any_form_of_the_report(counted: Coverage) -> None:
    for result in counted.results:
        if result.indicator.id in ("assessed", "staff", "supplied", "state"):
            continue  # of institutions
        for rows in result.breakdowns.values():
            assert all(
                row.figure is None or row.figure.persons == 0 or row.figure.persons > 4 for row in rows
            )
    assert any(row.figure is None for one in counted.results for row in one.breakdowns["institution"])


def test_a_mean_of_few_persons_is_not_told(world: World, folder: Path) -> None:
    few = coverage(world.engine, SITE, folder, "p", today=NOW, as_of=date(2026, 2, 8))
    for one in few.results:
        if one.indicator.id in ("gain", "opinion") and 0 < one.figure.persons < 5:
            assert one.figure.value is None
            break
    else:
        pytest.fail("no mean of few persons to look at")


def test_gain_is_the_mean_of_differences_with_its_interval(counted: Coverage) -> None:
    gain = next(one for one in counted.results if one.indicator.id == "gain")
    assert gain.listed is not None
    differences = [one.value for one in gain.listed.counted]
    assert gain.figure.value == pytest.approx(sum(d or 0 for d in differences) / len(differences))
    assert gain.figure.low is not None
    assert gain.figure.high is not None
    assert gain.figure.low < gain.figure.value < gain.figure.high


def test_an_earlier_report_can_be_made_again_although_facts_were_added_since(
    tmp_path: Path,
) -> None:
    world = random_academy(tmp_path, 11, 30)
    as_of, known = date(2026, 5, 1), LAST
    before = coverage(world.engine, SITE, tmp_path, "p", today=NOW, as_of=as_of, known_on=known)
    pages = coverage_html(before, tmp_path, "en"), coverage_csv(before, "en")
    world.now = NOW  # recorded later, about an earlier day
    with world.engine.begin() as connection:
        for person in world.people:
            at = datetime(2026, 4, 1, 10, tzinfo=UTC)
            world.fact(connection, "course_completion", person, "two", "", {"complete": True}, at)
    again = coverage(world.engine, SITE, tmp_path, "p", today=NOW + timedelta(9), as_of=as_of, known_on=known)
    assert (coverage_html(again, tmp_path, "en"), coverage_csv(again, "en")) == pages
    now = coverage(world.engine, SITE, tmp_path, "p", today=NOW, as_of=as_of)
    assert coverage_csv(now, "en") != pages[1]


# --- forms ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "sq"])
def test_the_same_report_has_the_same_bytes(counted: Coverage, folder: Path, language: str) -> None:
    for made in (
        lambda: coverage_html(counted, folder, language),
        lambda: coverage_pdf(counted, folder, language),
        lambda: coverage_xlsx(counted, language),
        lambda: coverage_csv(counted, language),
    ):
        assert made() == made()


class _Needs(HTMLParser):
    """What a page would fetch, and whether it has script."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]


def test_the_page_is_one_file_without_script_and_has_logos_and_disclaimer(
    counted: Coverage, folder: Path
) -> None:
    page = coverage_html(counted, folder, "en").decode("utf-8")
    needs = _Needs()
    needs.feed(page)
    assert not needs.tags & {"script", "link", "iframe", "object"}
    assert all(address.startswith(("data:", "#")) for address in needs.addresses)
    assert not re.search(r"url\(\s*['\"]?(?!data:)", page)
    assert page.count("data:image/svg+xml;base64,") == 1
    assert "The giver" in page
    assert "Views of the authors." in page


def test_text_from_files_cannot_become_markup(world: World, folder: Path, tmp_path: Path) -> None:
    evil = tmp_path / "evil"
    shutil.copytree(folder, evil)
    path = evil / "people" / "institutions.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace("=Town n1", "<script>alert(1)</script>"), encoding="utf-8"
    )
    found = coverage(world.engine, SITE, evil, "p", today=NOW, as_of=LAST)
    page = coverage_html(found, evil, "en").decode("utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_csv_and_workbook_say_the_same_and_hold_no_formula(counted: Coverage) -> None:
    text = coverage_csv(counted, "en").decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert not any(
        re.match(r"[=+@\t\r-]", cell) and not cell.lstrip("-").replace(".", "").isdigit()
        for row in rows
        for cell in row
    )
    book = openpyxl.load_workbook(io.BytesIO(coverage_xlsx(counted, "en")))
    sheet = book["Breakdowns"]
    found = [
        ["" if cell.value is None else cell.value for cell in line] for line in sheet.iter_rows(min_row=3)
    ]
    assert len(found) == len(rows)
    for ours, theirs in zip(rows[1:], found[1:], strict=True):
        for mine, other in zip(ours, theirs, strict=True):
            if isinstance(other, int | float):
                assert float(mine) == pytest.approx(float(other))
            else:
                assert unescaped(mine) == other
    assert all(cell.data_type != "f" for page in book for line in page.iter_rows() for cell in line)
    label = next(cell for line in sheet.iter_rows() for cell in line if cell.value == "=Town n1")
    assert label.quotePrefix


def test_the_pdf_has_the_figures_and_the_disclaimer(counted: Coverage, folder: Path) -> None:
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(coverage_pdf(counted, folder, "sq")))
    said = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    assert "Pikëpamje të autorëve." in said
    for one in counted.results:
        assert one.indicator.title.in_language("sq") in said


@pytest.mark.browser
def test_the_page_fits_every_width_in_both_schemes_and_axe_finds_nothing(
    counted: Coverage, folder: Path, tmp_path: Path, browser: Browser
) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(coverage_html(counted, folder, "en"))
    context = browser.new_context(color_scheme="light", bypass_csp=True)
    page = context.new_page()
    page.goto(path.as_uri())
    for width, scheme, only in ((360, "light", ()), (768, "dark", COLOURS), (1280, "light", ())):
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        for each in ("light", "dark"):
            page.emulate_media(color_scheme="light" if each == "light" else "dark")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
        # One open table of each kind; the others are made by the same lines of the template.
        page.evaluate("document.querySelectorAll('details').forEach((one, n) => one.open = n < 2)")
        assert violations(page, only) == []
    context.close()


def test_every_tile_is_readable() -> None:
    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = ((p / 12.92) if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def contrast(one: str, other: str) -> float:
        high, low = sorted((light(one), light(other)), reverse=True)
        return (high + 0.05) / (low + 0.05)

    css = (Path(__file__).parents[2] / "lms_sync/assessment/templates/coverage.css").read_text(
        encoding="utf-8"
    )
    schemes = [dict(re.findall(r"--(s\d): (#\w{6})", part)) for part in css.split("@media", 2)[:2]]
    assert tuple(schemes[0].values()) == STEPS
    inks = [
        lambda step: "#1f2329" if step < 4 else "#ffffff",
        lambda step: "#ffffff" if step < 4 else "#101518",
    ]
    for colours, ink in zip(schemes, inks, strict=True):
        for step in range(len(STEPS)):
            assert contrast(colours[f"s{step}"], ink(step)) >= 4.5, (step, colours[f"s{step}"])


def test_the_map_has_each_of_the_61_municipalities_once_and_regions_in_one_piece() -> None:
    path = Path(__file__).parents[2] / "examples/archive-officers/people/institutions.csv"
    with path.open(encoding="utf-8", newline="") as file:
        region = {row["code"]: row["region"] for row in csv.DictReader(file)}
    tiles = tile_layout(list(region))
    assert {tile.code for tile in tiles} == set(region)
    at = {(tile.column, tile.row): tile.code for tile in tiles}
    assert len(at) == len({tile.short for tile in tiles}) == 61
    for name in set(region.values()):
        cells = {place for place, code in at.items() if region[code] == name}
        reached, waiting = set(), [min(cells)]
        while waiting:
            x, y = waiting.pop()
            if (x, y) in cells and (x, y) not in reached:
                reached.add((x, y))
                waiting += [(x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)]
        assert reached == cells, name
    assert tile_layout(["elsewhere"]) == ()


def test_only_nothing_and_everything_have_the_first_and_last_colour() -> None:
    for of in range(1, 15):
        steps = [step_of(reached, of) for reached in range(of + 1)]
        assert steps == sorted(steps)
        assert [step == 0 for step in steps] == [reached == 0 for reached in range(of + 1)]
        assert [step == len(STEPS) - 1 for step in steps] == [reached == of for reached in range(of + 1)]


# --- the verb ---------------------------------------------------------------------------------


def test_the_verb_writes_every_form_in_every_language_and_tells_machines(world: World, folder: Path) -> None:
    said = CliRunner().invoke(
        commands, ["report", "coverage", "p", "--as-of", LAST.isoformat(), "--json", "--dir", str(folder)]
    )
    assert said.exit_code == 0, said.output
    told = json.loads(said.output)
    Draft202012Validator(json.loads((SCHEMAS / "coverage.schema.json").read_text(encoding="utf-8"))).validate(
        told
    )
    names = sorted(Path(name).name for name in told["files"])
    assert names == sorted(
        f"coverage-p-{LAST}.{language}.{ending}"
        for language in ("en", "sq")
        for ending in ("html", "pdf", "xlsx", "csv")
    )
    assert all((folder / "reports" / name).stat().st_size > 500 for name in names)
