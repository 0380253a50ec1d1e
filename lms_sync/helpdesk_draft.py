"""A good answer in the forum becomes a draft of a page: Markdown, without names, for a person to review."""

from __future__ import annotations

import html as html_escapes
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nh3

from authoring.problems import LmsSyncError
from authoring.to_markdown import to_markdown
from helpdesk.desk import FOLDER, HelpDesk
from lms_sync.helpdesk_questions import Post
from lms_sync.write_files import refuse_links, write_durably

DRAFTS = Path(FOLDER) / "drafts"
"""Not read by the site: what lies here has not been reviewed."""

REMOVED = "[…]"
_TAGS = {"p", "ul", "ol", "li", "strong", "b", "em", "i", "a", "blockquote", "br", "h2", "h3", "h4"}
_EMAIL = re.compile(r"[^\s@<>()\[\]]+@[^\s@<>()\[\]]+\.[^\s@<>()\[\],;]+")
# Telephone, personal and file numbers; dates and numbers of laws are shorter.
_DATE = r"(?!\d{1,2}[./-]\d{1,2}[./-]\d{4}(?!\d)|\d{4}-\d\d-\d\d(?!\d))"
_NUMBER = re.compile(rf"(?<![\w./-]){_DATE}\+?\d(?:[ ./-]?\d){{6,}}(?!\w)|\b[A-Z]\d{{8}}[A-Z]\b")
_ADDRESS = re.compile(r"\[([^\]]*)\]\((?:mailto|tel):[^)]*\)")


@dataclass(frozen=True)
class Draft:
    """A draft: where it was put, and how often something that could name a person was taken out."""

    path: Path
    removed: int


def write_draft(
    folder: Path,
    desk: HelpDesk,
    posts: Sequence[Post],
    *,
    topic: str,
    answer_id: str,
    language: str,
    names: Iterable[str],
    chosen: int | None = None,
) -> Draft:
    """Writes `helpdesk/drafts/<topic>/<id>.<language>.md` from a discussion.

    The first post is the question; the answer is the post with the id `chosen`, else the last one by somebody
    else. `names` are those that must not stand in it, beside those of the writers. Raises LmsSyncError.
    """
    if topic not in {one.id for one in desk.topics}:
        raise LmsSyncError("helpdesk.draft-topic", what=topic, known=", ".join(one.id for one in desk.topics))
    if language not in desk.languages:
        raise LmsSyncError("helpdesk.draft-language", language=language, known=", ".join(desk.languages))
    path = folder / DRAFTS / topic / f"{answer_id}.{language}.md"
    final = folder / FOLDER / "answers" / topic / f"{answer_id}.{language}.md"
    existing = desk.answer(answer_id)
    if path.exists() or final.exists() or (existing is not None and language in existing.texts):
        raise LmsSyncError("helpdesk.draft-there", id=answer_id, language=language)
    question = posts[0] if posts else None
    answer = _answer(posts, chosen)
    if question is None or answer is None:
        raise LmsSyncError("helpdesk.no-answer-yet")
    everybody = {*names, *(post.author.fullname or "" for post in posts)}
    title, first = without_persons(_plain(question.subject), everybody)
    asked, second = without_persons(_plain(question.message), everybody)
    body, third = without_persons(_markdown(answer.message), everybody)
    text = f"# {title}\n\n{body}\n\n<!-- {_comment(asked)} -->\n"
    refuse_links(path, below=folder)
    write_durably(path, text.encode("utf-8"))
    return Draft(path.relative_to(folder), first + second + third)


def _answer(posts: Sequence[Post], chosen: int | None) -> Post | None:
    if chosen is not None:
        return next((post for post in posts[1:] if post.id == chosen), None)
    others = [post for post in posts[1:] if post.author.id != posts[0].author.id]
    return others[-1] if others else None


def without_persons(text: str, names: Iterable[str]) -> tuple[str, int]:
    """A text without the names, addresses and long numbers in it, and how many were taken out.

    A name is also found with another ending (Drita, Dritën, Dritës). A person still reads it: who somebody is can
    be told without a name.
    """
    found = 0

    def take(pattern: re.Pattern[str], here: str) -> str:
        nonlocal found
        changed, n = pattern.subn(REMOVED, here)
        found += n
        return changed

    text = _ADDRESS.sub(r"\1", text)
    text = take(_EMAIL, text)
    text = take(_NUMBER, text)
    words = {word for name in names for word in re.findall(r"[^\W\d_]{3,}", name)}
    for word in sorted(words, key=lambda one: (-len(one), one)):
        stem = word[:-1] if len(word) > 4 and word[-1].lower() in "aeiouëăâî" else word
        ending = r"[^\W\d_]{0,4}" if len(stem) > 3 else ""
        text = take(re.compile(rf"(?<!\w){re.escape(stem)}{ending}(?!\w)", re.IGNORECASE), text)
    text = re.sub(rf"{re.escape(REMOVED)}(?:\s+{re.escape(REMOVED)})+", REMOVED, text)
    return text, found


def _plain(html: str) -> str:
    return " ".join(html_escapes.unescape(nh3.clean(html.replace("</p>", " "), tags=set())).split())


def _markdown(html: str) -> str:
    """What the post says, in Markdown; its plain words where it holds more than Markdown can say."""
    clean = nh3.clean(html, tags=_TAGS, attributes={"a": {"href"}}, link_rel=None)
    found = to_markdown(clean)
    if found is not None:
        return found.strip()
    parts = re.split(r"</(?:p|li|h[2-4]|blockquote)>|<br>", clean)
    return "\n\n".join(text for part in parts if (text := _plain(part)))


def _comment(text: str) -> str:
    return text.replace("--", "–").replace("<", "‹").replace(">", "›")
