"""The shortest way for Markdown: one line of words, perhaps with some of them bold or slanted.

Most options, answers and feedback of a quiz are that. Their HTML is told by two regular expressions, ten times as fast as a
parser and a sanitiser: nothing is left in them that either could take for a tag, an entity or a sign of Markdown. Every other text is
left to `ordinary_markdown`; both give the same HTML (`tests/authoring/test_ordinary_markdown.py`).
"""

from __future__ import annotations

import re

# A letter, a digit or an opening quotation mark begins no block, but for a digit with which a list may begin.
_WORDS = re.compile(r"(?!\d{1,9}[.)](?: |$))[„“”«('\"]?[^\W_][^\\`_\[\]<>&$~#|]*(?<! )")
# Signs that can only open, after a blank, and only close, before a blank or a mark (CommonMark 0.31.2, section 6.2).
_BOLD = re.compile(r"(?<![^ ])\*\*([^\W_](?:[^*]*[^\W_])?)\*\*(?![^ .,;:?!)])")
_SLANTED = re.compile(r"(?<![^ ])\*([^\W_](?:[^*]*[^\W_])?)\*(?![^ .,;:?!)])")


def plain_html(source: str) -> str | None:
    """The safe HTML of one line of plain words, without a block around it; None for any other text."""
    if _WORDS.fullmatch(source) is None or not source.isprintable():
        return None
    if "*" not in source:
        return source
    if "**" in source:
        source = _BOLD.sub(lambda found: f"<strong>{found[1]}</strong>", source)
    if "*" in source:
        source = _SLANTED.sub(lambda found: f"<em>{found[1]}</em>", source)
    return None if "*" in source else source
