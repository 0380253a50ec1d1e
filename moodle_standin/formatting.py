"""How core functions show names: through `format_string`, which filters, strips tags and escapes, or raw.

Without `moodlewssettingraw` a name in several languages comes back as all languages in a row, and `&` as `&amp;`:
nobody can compare it with what was sent.
"""

from __future__ import annotations

import html
import re

from moodle_standin.parameters import strip_tags
from moodle_standin.site import Call

_SPAN = r'<span(?:\s+lang="[a-zA-Z0-9_-]+"|\s+class="multilang"){2}\s*>.*?</span>'
_BLOCK = re.compile(rf"{_SPAN}(?:\s*{_SPAN})+", re.I | re.S)
_ONE = re.compile(r'<span[^>]+lang="([a-zA-Z0-9_-]+)"[^>]*>(.*?)</span>', re.I | re.S)


def multilang(text: str, language: str) -> str:
    """Moodle's multilang filter: of spans in a row the one in the language stays, else English, else the
    first.
    """

    def choose(block: re.Match[str]) -> str:
        texts = {found.group(1).lower(): found.group(2) for found in _ONE.finditer(block.group())}
        return texts.get(language, texts.get("en", next(iter(texts.values()))))

    return _BLOCK.sub(choose, text)


def shown_name(call: Call, text: str) -> str:
    """A name as the web pages show it: filtered in the caller's language, without tags, escaped."""
    if call.site.settings.multilang_filter:
        text = multilang(text, call.lang or call.user.lang)
    return _stripped(text)


def name_in_answer(call: Call, text: str) -> str:
    """A name in an answer of a core function: raw when the request asks so, else filtered only on request."""
    if call.raw:
        return text
    return shown_name(call, text) if call.filter else _stripped(text)


def _stripped(text: str) -> str:
    text = re.sub(r"&(?![a-zA-Z0-9#]{1,8};)", "&amp;", text)
    return strip_tags(text).replace("<", "&lt;").replace(">", "&gt;")


def plain_text(text: str, language: str | None) -> str:
    """Formatted text as a summary holds it: in one language where multi-language texts are filtered, without tags."""
    if language is not None:
        text = multilang(text, language)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())
