"""The parts of a question in Moodle XML: texts in their format, languages, files, numbers, flags."""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from authoring.html_tree import Meaning, meaning
from quizzes.question_texts import PLUGIN_FILE

_SPAN = re.compile(
    r'<span\b(?=[^>]*\bclass="multilang")[^>]*\blang="([a-zA-Z0-9_-]+)"[^>]*>(.*?)</span>', re.DOTALL
)
_GROUP = re.compile(rf"(?:{_SPAN.pattern}\s*)+(?<!\s)|(?:{_SPAN.pattern})", re.DOTALL)
_CURLY = re.compile(r"\{mlang\s+([a-zA-Z0-9_,\s-]+)\}(.*?)\{mlang\}", re.DOTALL)


class Kept(Exception):
    """A question that the other types cannot say; `why` is a part of a message code."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def text_in(element: Element | None) -> str:
    """The text of `<x><text>…</text></x>`, trimmed as Moodle trims it."""
    if element is None:
        return ""
    return (element.findtext("text") or "").strip()


def html_in(element: Element | None) -> str:
    """The same as HTML, whatever its format says it is."""
    written = text_in(element)
    kind = element.get("format", "html") if element is not None else "html"
    if kind == "plain_text":
        return "<br>".join(html.escape(written, quote=False).splitlines())
    if kind == "moodle_auto_format":
        return "<br>".join(written.splitlines()) if "<p" not in written else written
    if kind in ("markdown", "wiki_like") and written:
        raise Kept("format")
    return written


def files_in(element: Element | None) -> dict[str, bytes]:
    """The files beside a text by their name; one whose content is broken is what Moodle made of it."""
    found: dict[str, bytes] = {}
    for file in element.findall("file") if element is not None else ():
        name = f"{file.get('path', '/')}{file.get('name', '')}".lstrip("/")
        found.setdefault(name, file_content(file))
    return found


def file_content(file: Element) -> bytes:
    """The content of a `<file>`; signs that are not base64 are skipped, as Moodle does."""
    written = re.sub(r"[^A-Za-z0-9+/]", "", file.text or "")
    try:
        return base64.b64decode(written + "=" * (-len(written) % 4))
    except binascii.Error:
        return b""


def file_named(address: str) -> str | None:
    """The name of the stored file that an address means, or None for another address."""
    return unquote(address.removeprefix(f"{PLUGIN_FILE}/")) if address.startswith(f"{PLUGIN_FILE}/") else None


def by_language(written: str) -> dict[str, str]:
    """A text by language: what Moodle's multi-language filters show; {"": text} where it is the same in all.

    As the filter does: the last of several spans of one language counts; a language that a group does not have
    is shown English, else the first of the group.
    """
    languages = list(dict.fromkeys(one[0] for one in _SPAN.findall(written)))
    if not languages:
        curly = list(
            dict.fromkeys(
                one.strip() for found in _CURLY.findall(written) for one in found[0].split(",") if one.strip()
            )
        )
        curly = [one for one in curly if one != "other"]
        if not curly:
            return {"": written}
        return {language: _curly(written, language) for language in curly}
    return {
        language.replace("_", "-"): _GROUP.sub(lambda group, of=language: _choice(group[0], of), written)  # type: ignore[misc]
        for language in languages
    }


def _choice(group: str, language: str) -> str:
    texts = dict(_SPAN.findall(group))
    return str(texts[next((one for one in (language, "en") if one in texts), next(iter(texts)))])


def _curly(written: str, language: str) -> str:
    def shown(found: re.Match[str]) -> str:
        named = [one.strip() for one in found[1].split(",")]
        return found[2] if language in named else ""

    return _CURLY.sub(shown, written)


def html_meaning(written: str, files: Mapping[str, bytes]) -> Meaning:
    """What a text shows in each of its languages; files count by their content."""

    def address(source: str) -> str:
        name = file_named(source)
        if name is None:
            return source
        return f"file {hashlib.sha256(files[name]).hexdigest()}" if name in files else f"no file {name}"

    shown = {language: meaning(one, address) for language, one in by_language(written).items()}
    if len(set(shown.values())) == 1:
        return next(iter(shown.values()))
    return tuple(sorted(shown.items()))


def number_in(written: str | None, default: str) -> Decimal:
    """A number that Moodle has stored; raises Kept where it is none."""
    try:
        value = Decimal((written or "").strip() or default)
    except InvalidOperation as error:
        raise Kept("number") from error
    if not value.is_finite():
        raise Kept("number")
    return value.normalize()


def share_in(written: str | None) -> Fraction:
    """A `fraction` attribute as a part of one, rounded as Moodle compares it."""
    return Fraction(round(number_in(written, "0") * 1000), 100_000)


def is_true(written: str | None, *, default: bool) -> bool:
    """A boolean as Moodle compares it: only `false`, `0` and nothing are false."""
    return default if written is None else written.strip() not in ("false", "0", "")


def has(element: Element, tag: str) -> bool:
    """Whether an element is there, whatever is in it."""
    return element.find(tag) is not None


def tags_in(element: Element) -> tuple[str, ...]:
    """The tags of a question, of both lists, without repetitions. Moodle exports them as HTML: `&` as `&amp;`."""
    found = [
        html.unescape(text_in(tag))
        for path in ("tags/tag", "coursetags/tag")
        for tag in element.findall(path)
    ]
    return tuple(dict.fromkeys(" ".join(tag.split()) for tag in found if tag.strip()))
