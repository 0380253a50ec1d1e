"""Question texts: Markdown in one or several languages, as the HTML that Moodle stores.

The Markdown renderer is the one of the lessons. It lets no `span` through, which matters here: Moodle's
multi-language filter ends a language at the first `</span>`.
"""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from authoring.languages import LocalizedText, multilang_html
from authoring.problems import ContentError, Place, Problem
from authoring.read_image import find_image
from authoring.read_markdown import Picture, Rendered, render
from authoring.read_sound import SOUNDS, find_sound

PLUGIN_FILE = "@@PLUGINFILE@@"
"""Moodle's own marker for "the files stored with this text"."""

MAX_IMAGE_BYTES = 5_000_000
"""Images travel as base64 within the XML; larger ones do not fit the requests that carry it."""

_TAG = re.compile(r"<[^>]*>")
_NAMED = re.compile(r'<(img src|a href)="([^"]*)"')
_SOURCE = re.compile(r'<(?:img src|a href)="([^"]*)"')
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class EmbeddedImage:
    """An image's bytes, and the name it gets in Moodle.

    Moodle cleans file names without changing the text that refers to them, so the name is made of safe
    characters only; a part of the content's hash keeps two images of one name apart.
    """

    name: str
    data: bytes
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Html:
    """HTML for one field of a question, with the images it needs."""

    html: str
    images: tuple[EmbeddedImage, ...] = ()


_NOTHING = Html("")


class QuestionTexts:
    """Renders the Markdown of one quiz file; images lie inside `root`, named relative to `folder`.

    `files` are images that are not on the disk yet, by the names that texts give them.
    """

    def __init__(
        self, folder: Path | None = None, root: Path | None = None, files: Mapping[str, bytes] | None = None
    ) -> None:
        self._given = files
        self._folder = folder
        self._root = root
        self.used: dict[Path, str] = {}
        """The files that were looked at, with the SHA-256 of what was in them."""
        self._rendered: dict[str, Rendered] = {}
        self._seen: dict[str, str] = {}
        self._images: dict[str, EmbeddedImage] = {}
        self._files: dict[str, EmbeddedImage] = {}

    @property
    def folder(self) -> Path | None:
        """The folder from which texts name their images; None for a quiz that is in memory only."""
        return self._folder

    def render(self, source: str) -> Rendered:
        """A text as HTML with everything that is wrong with it; the problems have no place yet."""
        if source not in self._rendered:
            known = self._folder is not None or self._given is not None
            self._rendered[source] = render(
                source, file="", find_picture=self._find if known else None, math=True
            )
        return self._rendered[source]

    def _find(self, source: str, place: Place) -> Picture | Sequence[Problem]:
        if self._given is not None:
            return self._embedded(source, self._given.get(source, b""), None, None)
        if self._folder is None or self._root is None:
            raise TypeError("images need the folder of the quiz")
        sound = Path(source).suffix.lower() in SOUNDS
        find = find_sound if sound else find_image
        found = find(source, beside=self._folder, inside=self._root, place=place)
        if isinstance(found, list):
            return found
        try:
            data = found.path.read_bytes()
        except OSError as error:
            values = {"image": source, "reason": error.strerror or str(error)}
            return [Problem("image.unreadable", values, place)]
        if len(data) > MAX_IMAGE_BYTES:
            limit = f"{MAX_IMAGE_BYTES // 1_000_000} MB"
            return [Problem("quiz.image-too-large", {"image": source, "limit": limit}, place)]
        self.used[found.path] = hashlib.sha256(data).hexdigest()
        return self._embedded(source, data, found.width, found.height)

    def _embedded(self, source: str, data: bytes, width: int | None, height: int | None) -> Picture:
        path = Path(source)
        stem = re.sub(r"[^A-Za-z0-9]+", "-", path.stem).strip("-")[:60] or "image"
        mark = f"-{hashlib.sha256(data).hexdigest()[:8]}"
        name = f"{stem.removesuffix(mark)}{mark}{path.suffix.lower()}"
        address = f"{PLUGIN_FILE}/{name}"
        self._images[address] = EmbeddedImage(name, data)
        return Picture(address, width, height, path.suffix.lower() in SOUNDS)

    def file(self, source: str) -> EmbeddedImage:
        """An image that is not part of a text, such as a background; raises ContentError where there is none."""
        if source not in self._files:
            found = self._find(source, Place())
            if not isinstance(found, Picture):
                raise ContentError(found)
            self._files[source] = replace(
                self._images[found.source], width=found.width or 0, height=found.height or 0
            )
        return self._files[source]

    def html_of(
        self, text: LocalizedText | None, languages: Sequence[str], *, paragraph: bool = False
    ) -> Html:
        """A Markdown text in multilang spans where the languages differ, with its images.

        A text that is one paragraph in every language stays inline, in one `<p>` if `paragraph`: a
        span around paragraphs would not be valid HTML.
        """
        if text is None:
            return _NOTHING
        if isinstance(text.root, str):
            body = self.render(text.root).html.strip()
            inline = _is_one_paragraph(body)
            body = body[3:-4] if inline else body
        else:
            bodies = {one: self.render(text.in_language(one)).html.strip() for one in languages}
            inline = all(map(_is_one_paragraph, bodies.values()))
            if inline:
                bodies = {language: body[3:-4] for language, body in bodies.items()}
            body = multilang_html(bodies)
        images: tuple[EmbeddedImage, ...] = ()
        if PLUGIN_FILE in body:
            shown = dict.fromkeys(html.unescape(source) for source in _SOURCE.findall(body))
            images = tuple(self._images[source] for source in shown if source in self._images)
        return Html(f"<p>{body}</p>" if inline and paragraph else body, images)

    def image(self, name: str) -> bytes:
        """The bytes of an image of a text that was rendered, by the name that it gets in Moodle; raises KeyError."""
        return self._images[f"{PLUGIN_FILE}/{name}"].data

    def visible(self, source: str) -> str:
        """What a reader sees of a Markdown text: no markup, normalised (NFC), images by their name."""
        if source not in self._seen:
            self._seen[source] = self._visible(self.render(source).html)
        return self._seen[source]

    def _visible(self, body: str) -> str:
        seen = _TAG.sub(" ", body)
        seen = html.unescape(seen) if "&" in seen else seen
        if "<img" not in body and "<a " not in body:
            seen = " ".join(seen.split())
            return seen if seen.isascii() else unicodedata.normalize("NFC", seen)
        named = [one for kind, one in _NAMED.findall(body) if kind == "img src" or one in self._images]
        return unicodedata.normalize("NFC", " ".join([*seen.split(), *named]))


def _is_one_paragraph(body: str) -> bool:
    return body.startswith("<p>") and body.endswith("</p>") and body.count("<p>") == 1


def illegal_character(text: str) -> str | None:
    """The first character that XML 1.0 (section 2.2) cannot hold, as "U+0007", or None."""
    if text.isprintable():
        return None  # settles nearly every text, and is ten times as fast
    found = _ILLEGAL.search(text)
    return f"U+{ord(found[0]):04X}" if found else None


def plain_of(text: LocalizedText, language: str) -> str:
    """A text that is not Markdown, on one line."""
    return " ".join(text.in_language(language).split())


def choice_of(text: LocalizedText, languages: Sequence[str]) -> str:
    """The right side of a pair: plain text, escaped, because Moodle shows it as HTML in a drop-down."""
    return multilang_html(
        {language: html.escape(plain_of(text, language), quote=False) for language in languages}
    )


def is_blank(seen: str) -> bool:
    """Whether nothing of a text can be seen (blanks, zero-width and control characters only)."""
    if seen[:1].isalnum():
        return False
    return all(unicodedata.category(character)[0] in "ZC" for character in seen)
