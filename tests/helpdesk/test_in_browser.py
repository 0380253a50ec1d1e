"""The site in a real browser: accessible, fitting, searchable, without a script, without a connection."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from helpdesk import Site
from tests.axe import COLOURS, WCAG_AND_MORE, axe_source, violations
from tests.everything import EVERYTHING
from tests.helpdesk.conftest import EXAMPLES

pytestmark = pytest.mark.browser

WIDTHS = (360, 768, 1280)


class Reader:
    """Somebody with a screen; what the console said and what was asked of anybody else is noted."""

    def __init__(self, browser: Any, base: str, **context: Any) -> None:
        self.base = base
        self.context = browser.new_context(**context)
        self.words: list[str] = []
        self.asked: dict[str, int] = {}
        self.context.on("response", self._note)
        self.page = self.context.new_page()
        self.page.set_default_timeout(8000)
        self.page.on("console", lambda message: self.words.append(message.text))
        self.page.on("pageerror", lambda error: self.words.append(str(error)))

    def _note(self, response: Any) -> None:
        self.asked[response.url] = int(response.headers.get("content-length", 0))

    def open(self, page: str) -> Any:
        self.page.goto(self.base + page)
        return self.page


@pytest.fixture
def reader(browser: Any, served: Callable[[str], str]) -> Iterator[Callable[..., Reader]]:
    made: list[Reader] = []

    def make(name: str, **context: Any) -> Reader:
        one = Reader(browser, served(name), **{"service_workers": "block", **context})
        made.append(one)
        return one

    yield make
    for one in made:
        one.context.close()


def page_kinds(site: Site, language: str) -> list[str]:
    """One page of each kind, and the longest question."""
    own = [page for page in site.pages if page.startswith(f"{language}/")]
    answers = [page for page in own if "/answers/" in page]
    longest = max(answers, key=lambda page: len(site.files[page]))
    lessons = [page for page in own if "/manual/" in page and not page.endswith("index.html")]
    first_of = [
        next((page for page in own if kind in page and not page.endswith("index.html")), None)
        for kind in ("/topics/", "/news/")
    ]
    plain = [
        f"{language}/{one}.html"
        for one in ("index", "questions", "search", "downloads", "contacts", "offline", "404")
    ]
    indices = [f"{language}/news/index.html", f"{language}/manual/index.html"]
    return [*plain, *indices, longest, lessons[0], *[page for page in first_of if page]]


LANGUAGES = [
    (name, code) for name, codes in zip(EXAMPLES, ("sq", "ro", "en"), strict=True) for code in codes.split()
]


@pytest.mark.parametrize(("name", "language"), LANGUAGES)
def test_every_kind_of_page_is_accessible_in_both_schemes_and_fits_at_three_widths(
    reader: Callable[..., Reader], example_sites: dict[str, Site], name: str, language: str
) -> None:
    one = reader(name, color_scheme="light", bypass_csp=True)
    one.context.add_init_script(axe_source())  # before the page's own, so that it is compiled on the way
    kinds, widths = page_kinds(example_sites[name], language), list(WIDTHS)
    dark = [kinds[0], *kinds[9:11]]  # other colours, the same boxes
    for page in kinds:
        one.open(page)
        for width in widths:
            one.page.set_viewport_size({"width": width, "height": 800})
            assert one.page.evaluate("document.documentElement.scrollWidth") <= width, (page, width)
            if width == 360 or EVERYTHING:  # wider ones show the same boxes, further apart
                assert violations(one.page, WCAG_AND_MORE) == [], (page, width)
            if width == 360:
                small = one.page.evaluate(
                    """() => [...document.querySelectorAll("nav a, .button, button, .question-list a, input")]
                        .map(each => [each.getBoundingClientRect(), each.textContent])
                        .filter(([box]) => box.height && (box.height < 24 || box.width < 24))
                        .map(([box, text]) => text)"""
                )
                assert small == [], page
                if page in dark:
                    one.page.emulate_media(color_scheme="dark")
                    assert violations(one.page, WCAG_AND_MORE if EVERYTHING else COLOURS) == [], page
                    one.page.emulate_media(color_scheme="light")
        widths.reverse()  # the next page begins with the width that the window has
    assert [one for one in one.words if "Service Worker registration blocked" not in one] == []


SEARCHES = {
    ("archive-officers", "sq"): (
        ("cfare kutie", "answers/which-box.html"),  # without ç and ë
        ("KUTINË", "answers/which-box.html"),  # another ending, in capitals
    ),
    ("inspectorate", "ro"): (
        ("asteapta singur copil", "answers/child-alone.html"),  # without ș and ă
        ("aşteaptă", "answers/child-alone.html"),  # with the old cedilla
    ),
    ("training-of-trainers", "en"): (("minor alone", "answers/minor-alone.html"),),
}


@pytest.mark.parametrize(("name", "language"), SEARCHES)
def test_the_search_finds_without_diacritics_and_tells_how_many(
    reader: Callable[..., Reader], name: str, language: str
) -> None:
    shown = reader(name).open(f"{language}/index.html")
    for typed, wanted in SEARCHES[name, language]:
        shown.fill("#search", typed)
        shown.wait_for_selector(".results li")
        links = shown.eval_on_selector_all(".results a", "all => all.map(each => each.getAttribute('href'))")
        assert any(link.endswith(wanted) for link in links[:3]), links
        status = shown.text_content(".results [role=status]")
        assert str(len(links)) in status
        assert all("javascript" not in link for link in links)
        shown.fill("#search", "qqqxyz <b>")
        shown.wait_for_function("() => !document.querySelector('.results li')")
        assert "qqqxyz <b>" in shown.text_content(".results [role=status]")


def test_a_search_can_be_sent_to_somebody_as_an_address(reader: Callable[..., Reader]) -> None:
    page = reader("archive-officers").open("sq/search.html?q=kuti")
    page.wait_for_selector(".results li")
    assert page.input_value("#search") == "kuti"


@pytest.mark.parametrize("name", EXAMPLES if EVERYTHING else EXAMPLES[:1])  # one program makes them all
def test_without_javascript_all_but_the_search_works(reader: Callable[..., Reader], name: str) -> None:
    one = reader(name, java_script_enabled=False)
    page = one.open("index.html")
    page.wait_for_url("**/index.html")
    page.wait_for_selector(".menu")  # brought to the first language without a script
    assert not page.is_visible("#search")
    page.click(".menu a[href$='questions.html']")
    page.click(".question-list a")
    question = page.url
    assert page.text_content("h1")
    other = page.get_attribute(".languages a:not([aria-current])", "lang")
    page.click(f".languages a[lang={other}]")
    assert page.url.rsplit("/", 1)[1] == question.rsplit("/", 1)[1]
    assert page.get_attribute("html", "lang") == other
    page.goto(one.base + f"{other}/search.html")
    assert page.is_visible("main .notice a[href$='questions.html']")
    page.click(".menu a[href$='manual/index.html']")
    page.click(".lessons a")
    summary = page.query_selector("summary")
    if summary:
        summary.click()
        assert page.is_visible("details p")


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_first_view_asks_little_and_nobody_else(reader: Callable[..., Reader], name: str) -> None:
    one = reader(name)
    page = one.open("index.html")
    page.wait_for_load_state("networkidle")
    assert all(url.startswith(one.base) for url in one.asked)
    assert sum(one.asked.values()) <= 100_000


def test_after_one_visit_every_page_can_be_read_without_a_connection(
    browser: Any, example_sites: dict[str, Site]
) -> None:
    files = example_sites["archive-officers"].files

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.partition("?")[0].lstrip("/") or "index.html"
            content = files.get(name)
            self.send_response(200 if content is not None else 404)
            kind = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml", "html": "text/html"}
            self.send_header("Content-Type", kind.get(name.rpartition(".")[2], "application/octet-stream"))
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *args: Any) -> None:
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    one = Reader(browser, f"http://127.0.0.1:{running.server_port}/")
    try:
        page = one.open("sq/index.html")
        page.wait_for_function("() => document.querySelector('.kept').textContent !== ''", timeout=30000)
        running.shutdown()
        running.server_close()  # the connection is gone
        page.goto(one.base + "sq/answers/which-box.html")
        assert page.text_content("h1") == "Çfarë kutie të zgjedh?"
        page.goto(one.base + "sq/manual/boxes-and-folders.html")
        assert page.evaluate("[...document.images].filter(i => i.complete && !i.naturalWidth).length") == 0
        page.goto(one.base + "sq/index.html")
        page.fill("#search", "vula")
        page.wait_for_selector(".results li")
        page.goto(one.base + "en/answers/which-box.html")  # a language that was never opened
        assert page.text_content("h1") == "Jeni pa lidhje" or "offline" in page.text_content("h1")
    finally:
        one.context.close()
