"""Texts of Moodle XML as an author would have written them: Markdown or plain, a string or a map of languages."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element

from authoring.html_tree import meaning, parse_html
from authoring.read_markdown import Picture, render
from authoring.read_sound import SOUNDS
from authoring.to_markdown import to_markdown
from quizzes.gap_texts import PLACEHOLDER
from quizzes.xml_in.elements import Kept, by_language, file_named, files_in, html_in, text_in

Text = str | dict[str, str]

_TAG = re.compile(r"<[^>]*>")
_ESCAPED_GAP = re.compile(r"\\\{\\?\{([A-Za-z0-9-]+)(?:\\?\}){2}")

_FILE = re.compile(r"[^/\\<>:\"|?*\x00-\x1f]+\.[A-Za-z0-9]+")
_DEVICE = re.compile(r"CON|PRN|AUX|NUL|(?:COM|LPT)[0-9¹²³]", re.IGNORECASE)


class Texts:
    """Reads texts; `languages` are those that a text in several must have, `media` where files are written to.

    `files` gathers the files that the texts name, by the path that stands in the texts.
    """

    def __init__(self, languages: Sequence[str], media: str) -> None:
        self.languages = tuple(languages)
        self.media = media
        self.files: dict[str, bytes] = {}

    def html(self, element: Element | None) -> Text | None:
        """The text of an element as Markdown, None where there is none. Raises Kept."""
        written = html_in(element)
        return self.markdown(written, files_in(element)) if written else None

    def markdown(self, written: str, files: Mapping[str, bytes]) -> Text:
        """HTML as Markdown. Raises Kept where Markdown cannot say it."""
        return self._each(by_language(written), lambda one: self._markdown(one, files))

    def plain(self, element: Element | None) -> Text | None:
        """HTML without any markup as a text, such as the choice of a pair. Raises Kept."""
        written = text_in(element)
        return self.words(written) if written else None

    def words(self, written: str) -> Text:
        """The same for the HTML itself."""
        return self._each(by_language(written), _words)

    def _each(self, texts: Mapping[str, str], made) -> Text:  # type: ignore[no-untyped-def]
        found = {language: made(text) for language, text in texts.items()}
        if any(not text.strip() for text in found.values()):
            raise Kept("empty")
        if "" in found:
            return str(found[""])
        if len(set(found.values())) == 1 and set(found) >= set(self.languages):
            return str(next(iter(found.values())))
        first = next(iter(found.values()))
        return {
            language: str(found.get(language, first)) for language in dict.fromkeys((*self.languages, *found))
        }

    def _markdown(self, written: str, files: Mapping[str, bytes]) -> str:
        def picture(source: str, described: str) -> str | None:
            name = file_named(source)
            if name is None or name not in files or "/" in name:
                return None
            path = self.keep(name, files[name])
            return f"![{described or name}]({path})"

        def find(source: str, _place: object) -> Picture:
            return Picture(source, sound=PurePosixPath(source).suffix.lower() in SOUNDS)

        def address(source: str) -> str:
            name = file_named(source)
            return f"{self.media}/{name}" if name is not None else source

        wanted = meaning(written, address)
        for escape_all in (False, True):
            found = to_markdown(written, picture=picture, escape_all=escape_all, math=True)
            if found is None:
                break
            found = _ESCAPED_GAP.sub(r"{{\1}}", found) if PLACEHOLDER.search(written) else found
            again = render(found, file="", find_picture=find, math=True)
            if meaning(again.html) == wanted and not any(one.severity == "error" for one in again.problems):
                return found
        raise Kept("html")

    def keep(self, name: str, content: bytes) -> str:
        """Keeps a file to be written beside the quiz; its path as texts name it.

        Raises Kept for two of one name, and for a name that is none on every system: on Windows one could lead out of
        the folder, or to a device.
        """
        if not _FILE.fullmatch(name) or _DEVICE.fullmatch(name.partition(".")[0].strip()):
            raise Kept("file-name")
        path = f"{self.media}/{name}"
        if self.files.setdefault(path, content) != content:
            raise Kept("file-name")
        return path

    def file(self, element: Element) -> str:
        """The path of the one file of an element. Raises Kept where there is another number of them."""
        nodes = element.findall("file")
        if len(nodes) != 1 or not _FILE.fullmatch(nodes[0].get("name", "")):
            raise Kept("files")
        return self.keep(nodes[0].get("name", ""), next(iter(files_in(element).values())))


def _words(written: str) -> str:
    tree = parse_html(written) if _TAG.search(written) else None
    if tree is not None and any(node.tag for node in tree.walk()):
        raise Kept("html")
    return " ".join(html.unescape(written).split())
