"""Elements as text in the one form that Moodle's reader keeps whole, and in the one form that is hashed.

Moodle joins the pieces of text that its parser hands over and throws away a piece that is only blanks.
The parser begins a new piece at every `&lt;`, so the blank in `</em> <em>`, escaped as usual, is lost
(seen on 4.5.6; ElementTree and lxml write it that way). Text with markup in it is therefore a CDATA
section, which comes in one piece.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from json.encoder import encode_basestring_ascii as json_text
from xml.etree.ElementTree import Element
from xml.sax.saxutils import quoteattr

CANONICAL_FORM = "quiz-question/1"
"""Part of every hash; a change of what is hashed changes it, and Moodle gets a new version of everything."""

_AS_IT_IS = re.compile(r"[^&<>\x80-\U0010ffff]*")


def serialised(element: Element) -> str:
    """An element as indented XML without a declaration; texts stay exactly as they are.

    Elements hold either text or other elements, as all of Moodle XML does.
    """
    return written(element)[0]


def content_hash(element: Element) -> str:
    """A SHA-256 of what Moodle stores of a question; serialisation does not enter it.

    Tags count without their case: a site spells a tag as it was first used there.
    """
    return written(element)[1]


def written(element: Element) -> tuple[str, str]:
    """Both at once, in one walk: the XML and the hash of a question."""
    xml: list[str] = []
    form: list[str] = []
    _write(element, "", xml, form)
    # JSON: a list of tag, attributes, text and children for each element.
    hashed = f'["{CANONICAL_FORM}",{"".join(form)}]'
    return "".join(xml), hashlib.sha256(hashed.encode("ascii")).hexdigest()


def _write(element: Element, indent: str, xml: list[str], form: list[str]) -> None:
    start, named = _begun(element)
    if not len(element):
        _write_text(element, f"{indent}{start}", named, xml, form)
        return
    xml.append(f"{indent}{start}>\n")
    form.append(f'{named}"",[')
    inner, comma = f"{indent}  ", ""
    of_children: list[str] = [] if element.tag == "tags" else form
    for child in element:
        if comma:
            of_children.append(comma)
        if len(child):
            _write(child, inner, xml, of_children)
        else:
            start, named = _begun(child)
            _write_text(child, f"{inner}{start}", named, xml, of_children)
        xml.append("\n")
        comma = ","
    if element.tag == "tags":
        tags = sorted([text.lower() for text in set(element.itertext())])
        form.append(",".join([f'["tag",{{}},{json_text(text)},[]]' for text in tags]))
    xml.append(f"{indent}</{element.tag}>")
    form.append("]]")


def _write_text(element: Element, start: str, named: str, xml: list[str], form: list[str]) -> None:
    text = element.text
    if not text:
        xml.append(f"{start}/>")
        form.append(f'{named}"",[]]')
        return
    if _AS_IT_IS.fullmatch(text) is None:
        # The end mark of a section is split over two of them.
        text_in_xml = f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"
    else:
        text_in_xml = text
    xml.append(f"{start}>{text_in_xml}</{element.tag}>")
    form.append(f"{named}{json_text(text)},[]]")


def _begun(element: Element) -> tuple[str, str]:
    """How an element begins in both forms."""
    attributes = element.attrib
    if not attributes:
        return _plain_start(element.tag)
    if len(attributes) == 1:
        ((name, value),) = attributes.items()
        return _start(element.tag, name, value)
    start = f"<{element.tag}" + "".join([f" {name}={quoteattr(value)}" for name, value in attributes.items()])
    in_order = json.dumps(dict(sorted(attributes.items())), separators=(",", ":"))
    return start, f"[{json_text(element.tag)},{in_order},"


@lru_cache(maxsize=1000)
def _plain_start(tag: str) -> tuple[str, str]:
    """How an element without attributes begins in both forms."""
    return f"<{tag}", f"[{json_text(tag)},{{}},"


@lru_cache(maxsize=1000)
def _start(tag: str, name: str, value: str) -> tuple[str, str]:
    """How an element with one attribute begins. Moodle's are words of a few kinds, over and over."""
    return f"<{tag} {name}={quoteattr(value)}", f"[{json_text(tag)},{{{json_text(name)}:{json_text(value)}}},"
