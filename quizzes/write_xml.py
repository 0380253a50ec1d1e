"""Elements as text in the one form that Moodle's reader keeps whole.

Moodle joins the pieces of text that its parser hands over and throws away a piece that is only blanks.
The parser begins a new piece at every `&lt;`, so the blank in `</em> <em>`, escaped as usual, is lost
(seen on 4.5.6; ElementTree and lxml write it that way). Text with markup in it is therefore a CDATA
section, which comes in one piece.
"""

from __future__ import annotations

from functools import lru_cache
from xml.etree.ElementTree import Element
from xml.sax.saxutils import quoteattr


def serialised(element: Element, level: int = 0) -> str:
    """An element as indented XML without a declaration; texts stay exactly as they are.

    Elements hold either text or other elements, as all of Moodle XML does.
    """
    parts: list[str] = []
    _write(element, "  " * level, parts)
    return "".join(parts)


def _write(element: Element, indent: str, parts: list[str]) -> None:
    tag = element.tag
    start = f"{indent}<{tag}"
    if element.attrib:
        start += "".join([f" {name}={_quoted(value)}" for name, value in element.attrib.items()])
    if len(element):
        parts.append(f"{start}>\n")
        inner = f"{indent}  "
        for child in element:
            _write(child, inner, parts)
            parts.append("\n")
        parts.append(f"{indent}</{tag}>")
    elif element.text:
        parts.append(f"{start}>{_characters(element.text)}</{tag}>")
    else:
        parts.append(f"{start}/>")


@lru_cache(maxsize=1000)
def _quoted(value: str) -> str:
    """An attribute's value. Moodle's are words of a few kinds, over and over."""
    return quoteattr(value)


def _characters(text: str) -> str:
    if text.isascii() and not any(special in text for special in "&<>"):
        return text
    # The end mark of a section is split over two of them.
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"
