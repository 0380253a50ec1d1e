"""The site: same input, same bytes; everything escaped; every link leads somewhere; light on the wire."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from authoring.theme import read_theme
from helpdesk import Site
from helpdesk.site import POLICY
from lms_sync.helpdesk_site import OUT, build_helpdesk, make_site
from tests.helpdesk.conftest import DESK, EXAMPLES, PROGRAMME, ROOT, example_copy, write

BUDGET = 100_000


class Page(HTMLParser):
    """Names, links and languages of a page."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(content.decode("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.append((tag, named))
        if named.get("id"):
            self.ids.append(str(named["id"]))
        self.links += [str(named[name]) for name in ("href", "src", "action") if named.get(name)]


def target_of(page: str, link: str) -> str:
    path = unquote(urlsplit(link).path)
    parts = [] if path.startswith("/") else page.split("/")[:-1]
    for part in path.split("/"):
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_link_of_a_page_leads_to_a_file_of_the_site(example_sites: dict[str, Site], name: str) -> None:
    site = example_sites[name]
    wrong = []
    for page in [*site.pages, "index.html"]:
        read = Page(site.files[page])
        assert len(read.ids) == len(set(read.ids)), page
        for link in read.links:
            if re.match(r"(https?|mailto|tel):", link):
                continue
            if link.startswith("#"):
                assert link[1:] in read.ids, (page, link)
            elif target_of(page, link) not in site.files:
                wrong.append((page, link))
    assert wrong == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_first_view_stays_within_100_kb_without_compression(
    example_sites: dict[str, Site], name: str
) -> None:
    site = example_sites[name]
    logos = sum(path.stat().st_size for path in (ROOT / "examples" / name / "programmes/logos").glob("*.svg"))
    for page in site.pages:
        if not page.endswith("/index.html") or page.count("/") > 1:
            continue
        needed = {page}
        for tag, named in Page(site.files[page]).tags:
            if tag in ("img", "script", "link") and named.get("rel") != "alternate":
                needed.add(target_of(page, str(named.get("src") or named.get("href"))))
        shown = sum(len(site.files[file]) for file in needed if not file.startswith("logos/"))
        assert shown + logos <= BUDGET, (page, shown, logos)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_pages_have_the_colours_of_the_academys_theme(example_sites: dict[str, Site], name: str) -> None:
    theme, problems = read_theme(ROOT / "examples" / name, root=ROOT / "examples" / name, languages=["en"])
    assert problems == []
    files = example_sites[name].files
    (style,) = [
        content.decode() for file, content in files.items() if re.match(r"assets/style\.\w+\.css", file)
    ]
    for colour in (theme.light["main"], theme.light["band"], theme.dark["main"]):
        assert f":{colour};" in style
    assert set(re.findall(r"var\((--[a-z-]+)", style)) <= set(re.findall(r"(--[a-z-]+):", style))
    assert theme.light["main"] in files["en/index.html"].decode()  # the colour of a phone's own bar


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_same_input_gives_the_same_bytes(
    example_sites: dict[str, Site], name: str, tmp_path: Path
) -> None:
    again = make_site(example_copy(name, tmp_path))
    assert again.files == example_sites[name].files


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_see_points_to_is_a_page_of_the_manual_with_that_number(
    example_sites: dict[str, Site], name: str
) -> None:
    site = example_sites[name]
    assert [one.code for one in site.warnings if one.code != "helpdesk.programme-missing"] == []
    linked = [page for page in site.pages if "/answers/" in page and b'class="see"' in site.files[page]]
    assert linked
    assert any(b"manual/" in site.files[page].partition(b'class="see"')[2][:200] for page in linked)


def test_every_page_has_its_policy_and_no_script_or_style_of_its_own(
    example_sites: dict[str, Site],
) -> None:
    for site in example_sites.values():
        for page in [*site.pages, "index.html"]:
            text = site.files[page].decode("utf-8")
            assert f'content="{POLICY}"'.replace("'", "&#39;") in text, page
            for tag, named in Page(site.files[page]).tags:
                assert tag != "style", page
                assert tag != "script" or named.get("src"), page
                assert not [one for one in named if one.startswith("on") or one == "style"], page


def test_what_people_wrote_is_shown_and_never_run(academy: Path) -> None:
    write(
        academy,
        {
            "helpdesk/answers/counter/less.en.md": '# Is 1 < 2 & "so"?\n\nYes, `<b>`.\n',
            "helpdesk/helpdesk.yaml": DESK.replace('"Help desk"', '"Help <script>desk</script>"'),
        },
    )
    site = make_site(academy)
    page = site.files["en/answers/less.html"].decode("utf-8")
    assert "<h1>Is 1 &lt; 2 &amp; &#34;so&#34;?</h1>" in page
    assert "<code>&lt;b&gt;</code>" in page
    assert 'alt="The &lt;b&gt;Ministry&lt;/b&gt;"' in page
    assert "Sample &amp; no advice" in page
    assert "<script>desk" not in page


def test_a_text_that_waits_for_its_translation_is_marked_with_its_language(academy: Path) -> None:
    page = make_site(academy).files["en/answers/stamp.html"].decode("utf-8")
    assert '<html lang="en">' in page
    assert '<h1 lang="sq">Ku vihet vula?</h1>' in page
    assert '<div class="prose" lang="sq">' in page
    assert "not translated yet. Here it is in the language Shqip" in page


@pytest.mark.parametrize(("language", "word"), [("en", "See:"), ("sq", "Shih:")])
def test_see_is_said_in_the_readers_language(academy: Path, language: str, word: str) -> None:
    page = make_site(academy).files[f"{language}/answers/lost-paper.html"].decode("utf-8")
    assert f"<strong>{word}</strong>" in page


def test_the_language_can_be_changed_on_every_page_without_leaving_it(
    example_sites: dict[str, Site],
) -> None:
    for site in example_sites.values():
        for page in site.pages:
            language, _, rest = page.partition("/")
            others = [
                target_of(page, str(named["href"]))
                for tag, named in Page(site.files[page]).tags
                if tag == "a" and named.get("hreflang")
            ]
            assert {one.partition("/")[2] for one in others} == {rest}
            assert f"{language}/{rest}" in others
            assert all(one in site.files for one in others)


def test_useful_is_a_message_that_the_reader_sends(academy: Path) -> None:
    page = Page(make_site(academy).files["sq/answers/lost-paper.html"])
    votes = [urlsplit(one) for one in page.links if one.startswith("mailto:") and "body=" in one]
    assert [one.path for one in votes] == ["desk@example.org", "desk@example.org"]
    assert [parse_qs(one.query)["subject"] for one in votes] == [
        ["Tryeza e ndihmës: lost-paper, Po"],
        ["Tryeza e ndihmës: lost-paper, Jo"],
    ]


@pytest.mark.parametrize(
    ("useful", "links"),
    [
        ("none", []),
        (
            "{form: 'https://x.org/?a={id}&u={answer}'}",
            ["https://x.org/?a=lost-paper&u=yes", "https://x.org/?a=lost-paper&u=no"],
        ),
        ("{forum: 'https://x.org/f'}", ["https://x.org/f", "https://x.org/f"]),
    ],
)
def test_useful_can_lead_elsewhere_or_be_left_out(academy: Path, useful: str, links: list[str]) -> None:
    write(academy, {"helpdesk/helpdesk.yaml": DESK.replace("useful: mailto", f"useful: {useful}")})
    page = Page(make_site(academy).files["en/answers/lost-paper.html"])
    assert [one for one in page.links if one.startswith("https://x.org")] == links


def test_the_service_worker_names_every_file_by_its_content(example_sites: dict[str, Site]) -> None:
    for site in example_sites.values():
        text = site.files["sw.js"].decode("utf-8")
        listed = json.loads(re.search(r"const FILES = (\{.*?\});", text, re.DOTALL)[1])  # type: ignore[index]
        assert set(listed) == set(site.files) - {"sw.js"}
    first, second = (site.files["sw.js"] for site in list(example_sites.values())[:2])
    assert first != second


def test_only_what_an_earlier_build_made_is_taken_away(academy: Path) -> None:
    build_helpdesk(academy)
    assert (build_helpdesk(academy).written, build_helpdesk(academy).removed) == (0, 0)
    (academy / OUT / "CNAME").write_text("help.example.org")
    (academy / "helpdesk/answers/papers/stamp.sq.md").unlink()
    built = build_helpdesk(academy)
    assert built.removed > 0
    assert not (academy / OUT / "sq/answers/stamp.html").exists()
    assert (academy / OUT / "CNAME").exists()
    there = {p.relative_to(academy / OUT).as_posix() for p in (academy / OUT).rglob("*") if p.is_file()}
    assert there == {*built.site.files, "CNAME"}


def test_without_a_programme_the_site_is_built_and_its_absence_told(academy: Path) -> None:
    (academy / "programmes/counters.yaml").unlink()
    assert [one.code for one in make_site(academy).warnings] == ["helpdesk.programme-missing"]


def test_donors_stand_under_their_role_in_their_order(academy: Path) -> None:
    donors = "".join(
        f"  - {{id: {one}, role: donor, name: {{en: Donor {one}, sq: Donator {one}}}}}\n" for one in "ba"
    )
    text = PROGRAMME.replace("disclaimer:", donors + "disclaimer:")
    write(academy, {"programmes/counters.yaml": text})
    page = make_site(academy).files["sq/index.html"].decode("utf-8")
    assert page.index("Përgjegjës") < page.index("Me mbështetjen e") < page.index("Donator b")
    assert page.index("Donator b") < page.index("Donator a")
