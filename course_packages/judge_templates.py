"""Whether what an author's own template makes still has what the player, people and the security of a package need."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from urllib.parse import urlsplit

from authoring.problems import Place, Problem
from authoring.theme.theme import Template
from course_packages.lesson_html import player_source

SHELL_IDS: dict[str, str] = {
    "contents-toggle": "button",
    "course-title": "",
    "owner": "",
    "progress-bar": "progress",
    "progress-text": "",
    "notices": "",
    "contents": "nav",
    "search": "form",
    "search-words": "input",
    "found": "",
    "found-list": "ul",
    "lesson-list": "ol",
    "size": "",
    "colophon": "",
    "lesson": "main",
    "page": "",
    "turn": "",
    "course-data": "script",
}
"""What the player finds by its id in index.html, and the element that it has to be."""

_SCRIPTS = ("player/lms.js", "player/player.js")
_SIZES, _THEMES = {"", "2", "3", "4"}, {"", "light", "dark"}
_NEVER = ("style", "iframe", "frame", "object", "embed", "base", "applet", "portal")
_DELIMITED = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)


@dataclass(frozen=True)
class Element:
    """An element of a page: its attributes, the line on which it begins, the text directly in it, what it stands in."""

    tag: str
    attributes: dict[str, str]
    line: int
    text: list[str]
    around: tuple[Element, ...]

    def has(self, name: str) -> bool:
        """Whether it has this class."""
        return name in self.attributes.get("class", "").split()


class Page(HTMLParser):
    """The elements of some HTML in their order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        element = Element(tag, attributes, self.getpos()[0], [], tuple(self._open))
        self.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        for at in range(len(self._open) - 1, -1, -1):
            if self._open[at].tag == tag:
                del self._open[at:]
                return

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1].text.append(data)

    def of(self, tag: str) -> list[Element]:
        """All elements of a kind."""
        return [one for one in self.elements if one.tag == tag]


@cache
def policy() -> str:
    """The Content-Security-Policy of every page, as the player's own template has it."""
    source = player_source("index.html.j2").read_text(encoding="utf-8")
    found = next(one for one in Page(source).of("meta") if one.attributes.get("http-equiv"))
    return found.attributes["content"]


def forbidden_in_source(template: Template) -> list[Problem]:
    """What a template may not hold, found in its text, so that no condition hides it; with lines."""
    # What Jinja reads is blanked, line by line, so that the rest is HTML at its own places.
    html = _DELIMITED.sub(lambda found: re.sub(r"[^\n]", "x", found[0]), template.text)
    return [
        Problem("theme.template-forbidden", {"what": what}, Place(template.file, line))
        for what, line in _forbidden(Page(html), whole=template.file.endswith("index.html"))
    ]


def _forbidden(page: Page, *, whole: bool) -> Iterator[tuple[str, int]]:
    for one in page.elements:
        names = one.attributes
        for name, value in names.items():
            if name.startswith("on") or name in ("style", "srcdoc", "srcset", "ping", "formaction"):
                yield f"{name}=", one.line
            elif name in ("src", "href", "xlink:href", "action", "poster", "data") and _foreign(
                value, name, one
            ):
                yield f'{name}="{value[:60]}"', one.line
        if one.tag in _NEVER or (one.tag == "script" and not (whole and _own_script(one))):
            yield f"<{one.tag}>", one.line
        if one.tag == "link" and not (whole and names.get("href") == "player/player.css"):
            yield "<link>", one.line
        if one.tag == "meta" and names.get("http-equiv", "").lower() not in ("", "content-security-policy"):
            yield f'<meta http-equiv="{names["http-equiv"]}">', one.line
        if one.tag in ("h1", "html", "head", "body") and not whole:
            yield f"<{one.tag}>", one.line


def _foreign(address: str, name: str, element: Element) -> bool:
    """Whether an address leads to anywhere but into the package; links of `<a>` may lead to web pages and letters."""
    scheme, netloc = urlsplit(address.strip())[:2]
    if name == "href" and element.tag == "a":
        return scheme not in ("", "https", "mailto", "tel") or (scheme == "" and bool(netloc))
    return bool(scheme or netloc or address.strip().startswith(("/", "\\")))


def _own_script(element: Element) -> bool:
    names = element.attributes
    return names.get("src") in _SCRIPTS or (names.get("type") == "application/json" and "src" not in names)


def shell_problems(
    html: str, file: str, *, language: str, languages: Sequence[str], data: object, files: Collection[str]
) -> list[Problem]:
    """What a page made of an own index.html lacks or must not have; `data` is what the player has to find in it."""
    page = Page(html)
    lacks = [*_lacking_in_head(page, language), *_lacking_ids(page), *_lacking_ways(page, languages, data)]
    problems = [Problem("theme.template-lacks", {"what": what}, Place(file)) for what in dict.fromkeys(lacks)]
    odd = [what for what, _ in _forbidden(page, whole=True)]
    odd += [f'id="{name}" ({n}×)' for name, n in _ids(page).items() if n > 1]
    odd += [f'src="{src[:60]}"' for src in _missing(page, files)]
    return problems + [
        Problem("theme.template-forbidden", {"what": what}, Place(file)) for what in dict.fromkeys(odd)
    ]


def _ids(page: Page) -> Counter[str]:
    return Counter(one.attributes["id"] for one in page.elements if "id" in one.attributes)


def _missing(page: Page, files: Collection[str]) -> Iterator[str]:
    for one in page.elements:
        if (src := one.attributes.get("src")) and src not in files:
            yield src


def _lacking_in_head(page: Page, language: str) -> Iterator[str]:
    if [one.attributes.get("lang") for one in page.of("html")] != [language]:
        yield f'<html lang="{language}">'
    metas = [one.attributes for one in page.of("meta")]
    if [
        one.get("content") for one in metas if one.get("http-equiv", "").lower() == "content-security-policy"
    ] != [policy()]:
        yield f'<meta http-equiv="Content-Security-Policy" content="{policy()}">'
    if not any(one.get("charset", "").lower() == "utf-8" for one in metas):
        yield '<meta charset="utf-8">'
    view = next((one.get("content", "") for one in metas if one.get("name") == "viewport"), "")
    if "width=device-width" not in view or re.search(r"user-scalable\s*=\s*(no|0)|maximum-scale", view):
        yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    if not any("".join(one.text).strip() for one in page.of("title")):
        yield "<title>"
    if not any(
        one.attributes.get("href") == "player/player.css" and one.attributes.get("rel") == "stylesheet"
        for one in page.of("link")
    ):
        yield '<link rel="stylesheet" href="player/player.css">'


def _lacking_ids(page: Page) -> Iterator[str]:
    found = {one.attributes.get("id", ""): one for one in page.elements}
    for name, tag in SHELL_IDS.items():
        if name not in found or (tag and found[name].tag != tag):
            yield f'<{tag} id="{name}">' if tag else f'id="{name}"'
    if "notices" in found and found["notices"].attributes.get("role") != "status":
        yield 'role="status" (id="notices")'
    if "lesson" in found and found["lesson"].attributes.get("tabindex") != "-1":
        yield 'tabindex="-1" (id="lesson")'
    if "contents-toggle" in found and (
        found["contents-toggle"].attributes.get("aria-controls") != "contents"
        or "aria-expanded" not in found["contents-toggle"].attributes
    ):
        yield 'aria-expanded, aria-controls="contents" (id="contents-toggle")'


def _lacking_ways(page: Page, languages: Sequence[str], data: object) -> Iterator[str]:
    """The skip link, the languages, the look, the data and the scripts."""
    pressable = [one for one in page.elements if one.tag in ("a", "button", "input", "summary", "select")]
    if not (
        pressable
        and pressable[0].tag == "a"
        and pressable[0].has("skip")
        and pressable[0].attributes.get("href") == "#lesson"
    ):
        yield '<a class="skip" href="#lesson"> (before everything else that can be pressed)'
    offered = [
        one.attributes["data-language"] for one in page.of("button") if "data-language" in one.attributes
    ]
    if len(languages) > 1:
        for each in languages:
            if each not in offered:
                yield f'<button data-language="{each}">'
    yield from _lacking_look(page)
    sources = [one.attributes["src"] for one in page.of("script") if "src" in one.attributes]
    if sources != list(_SCRIPTS):
        yield " ".join(f'<script src="{src}"></script>' for src in _SCRIPTS)
    elif any("id" in one.attributes for one in page.elements[_first_script(page) :]):
        yield f'<script src="{_SCRIPTS[0]}"> (after everything that has an id)'
    held = next((one for one in page.of("script") if one.attributes.get("id") == "course-data"), None)
    try:
        same = held is not None and json.loads("".join(held.text)) == json.loads(json.dumps(data))
    except ValueError:
        same = False
    if held is not None and not same:
        yield '{{ data | tojson }} (id="course-data")'


def _lacking_look(page: Page) -> Iterator[str]:
    look = next((one for one in page.elements if one.has("look") and one.tag == "details"), None)
    chosen: dict[str, set[str]] = {}
    for one in page.of("input"):
        if look in one.around:
            chosen.setdefault(one.attributes.get("name", ""), set()).add(one.attributes.get("value", ""))
    if look is None or not any(one.around and one.around[-1] == look for one in page.of("summary")):
        yield '<details class="look"><summary>'
        return
    for name, values in (("size", _SIZES), ("theme", _THEMES)):
        for value in sorted(values - chosen.get(name, set())):
            yield f'<input type="radio" name="{name}" value="{value}"> (.look)'


def _first_script(page: Page) -> int:
    return next(at for at, one in enumerate(page.elements) if one.attributes.get("src") == _SCRIPTS[0])


def lesson_problems(
    html: str, file: str, *, blocks: str, terms: Collection[str], other_language: str
) -> list[Problem]:
    """What a lesson made of an own lesson.html lacks: its blocks, the terms that it explains, the language that it is in."""
    page = Page(html)
    lacks = [] if blocks.strip() in html else ["{{ show(text.blocks) }}"]
    explained = {
        one.attributes["data-term"]
        for one in page.elements
        if "data-term" in one.attributes
        and any(each.has("definitions") and "hidden" in each.attributes for each in one.around)
    }
    if set(terms) - explained:
        lacks.append('<div class="definitions" hidden>, data-term="{{ one.id }}"')
    if other_language and not any(
        one.attributes.get("data-text-language") == other_language for one in page.elements
    ):
        lacks.append('data-text-language="{{ text.language }}"')
    return [Problem("theme.template-lacks", {"what": what}, Place(file)) for what in lacks]


def glossary_problems(html: str, file: str, terms: Collection[str]) -> list[Problem]:
    """What a glossary made of an own glossary.html lacks."""
    page = Page(html)
    there = {
        one.attributes.get("id")
        for one in page.elements
        if one.around and one.around[-1].has("glossary") and one.tag == "div"
    }
    if all(f"term-{term}" in there for term in terms):
        return []
    what = '<dl class="glossary">, <div id="term-{{ one.id }}">'
    return [Problem("theme.template-lacks", {"what": what}, Place(file))]
