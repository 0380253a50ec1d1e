"""A question of an attempt as a learner's browser sees it: its text, its fields, and what can be dragged."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser

from markdown_it import MarkdownIt

from authoring.languages import LocalizedText

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass
class QuestionForm:
    """The fields of one question as a browser sees them; texts in the form of `plain`."""

    text: str = ""
    hidden: dict[str, str] = field(default_factory=dict)
    choices: list[tuple[str, str, str, str]] = field(default_factory=list)  # type, name, value, label
    texts: list[str] = field(default_factory=list)
    selects: list[tuple[str, str, dict[str, str]]] = field(
        default_factory=list
    )  # name, row's text, label → value
    areas: list[str] = field(default_factory=list)  # fields for long texts
    places: list[tuple[str, str]] = field(default_factory=list)  # name, group of what can be dropped there
    dragged: dict[str, dict[str, str]] = field(default_factory=dict)  # group → text → number
    markers: dict[str, str] = field(default_factory=dict)  # text → number
    items: list[tuple[str, str]] = field(default_factory=list)  # name of an item to be put in order, text


_VOID = {"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class _Element:
    tag: str
    attributes: dict[str, str]
    parent: _Element | None = None
    children: list[_Element | str] = field(default_factory=list)

    def text(self, without: frozenset[str] = frozenset(("answernumber", "accesshide"))) -> str:
        return " ".join(
            child if isinstance(child, str) else child.text(without)
            for child in self.children
            if isinstance(child, str) or not without & {child.tag, *child.classes}
        )

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    def walk(self) -> Iterator[_Element]:
        yield self
        for child in self.children:
            if isinstance(child, _Element):
                yield from child.walk()


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = _Element("html", {})
        self._here = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = _Element(tag, {name: value or "" for name, value in attrs}, self._here)
        self._here.children.append(element)
        if tag not in _VOID:
            self._here = element

    def handle_endtag(self, tag: str) -> None:
        here: _Element | None = self._here
        while here is not None and here.tag != tag:
            here = here.parent
        if here is not None and here.parent is not None:
            self._here = here.parent

    def handle_data(self, data: str) -> None:
        self._here.children.append(data)


# What stands within the text of a question and is a field, or belongs to one.
_FIELDS = frozenset(
    (
        *(
            "answernumber",
            "accesshide",
            "sr-only",
            "ablock",
            "answer",
            "answercontainer",
            "subquestion",
            "control",
        ),
        *("drop", "ddarea", "ddform", "im-controls", "label", "fieldset", "select", "script"),
    )
)


def read_question(source: str) -> QuestionForm:
    """The fields, labels and text in a question's HTML as `mod_quiz_get_attempt_data` gives it."""
    tree = _Tree()
    tree.feed(source)
    _keep_one_language(tree.root)
    elements = list(tree.root.walk())
    by_id = {one.attributes["id"]: one for one in elements if "id" in one.attributes}
    labels = {
        one.attributes["for"]: one for one in elements if one.tag == "label" and "for" in one.attributes
    }
    form = QuestionForm()
    for one in elements:
        if "qtext" in one.classes and not form.text:
            form.text = plain(one.text(_FIELDS))
        _read_dragged(one, form)
        name, kind = one.attributes.get("name", ""), one.attributes.get("type", "text")
        if one.tag == "input" and kind == "hidden":
            form.hidden.setdefault(name, one.attributes.get("value", ""))
        elif one.tag == "input" and kind in ("radio", "checkbox"):
            labelled = by_id.get(one.attributes.get("aria-labelledby", "")) or labels.get(
                one.attributes.get("id", "")
            )
            value = one.attributes.get("value", "1")
            form.choices.append((kind, name, value, plain(labelled.text()) if labelled else ""))
        elif one.tag == "input" and kind == "text":
            form.texts.append(name)
        elif one.tag == "select":
            options = {
                plain(o.text()): o.attributes.get("value", "") for o in one.walk() if o.tag == "option"
            }
            form.selects.append((name, _row_text(one), options))
        elif one.tag == "textarea":
            form.areas.append(name)
    if not form.text:  # blanks stand in a text of no class
        whole = [one for one in elements if "formulation" in one.classes]
        form.text = plain(whole[0].text(_FIELDS)) if whole else ""
    return form


def _keep_one_language(root: _Element) -> None:
    """Of spans that a site without the multi-language filter shows one after the other, those of the first language."""
    languages = [one.attributes.get("lang", "") for one in root.walk() if "multilang" in one.classes]
    for one in root.walk() if languages else ():
        one.children = [
            child
            for child in one.children
            if isinstance(child, str)
            or "multilang" not in child.classes
            or child.attributes.get("lang") == languages[0]
        ]


def _read_dragged(one: _Element, form: QuestionForm) -> None:
    """Things that can be dragged, where they can be dropped, and items to be put in order."""
    classes = one.classes
    if "placeinput" in classes:
        form.places.append((one.attributes.get("name", ""), _number(classes, "group")))
    elif "draghome" in classes:
        text = plain(one.text() or one.attributes.get("alt", ""))
        form.dragged.setdefault(_number(classes, "group"), {})[text] = _number(classes, "choice")
    elif "marker" in classes and "markertext" not in classes:
        form.markers.setdefault(plain(one.text()), _number(classes, "choice"))
    elif "sortableitem" in classes:
        content = [inner for inner in one.walk() if "data-itemcontent" in inner.attributes]
        form.items.append((one.attributes.get("id", ""), plain((content or [one])[0].text())))


def _number(classes: list[str], name: str) -> str:
    return next((found[1] for one in classes if (found := re.fullmatch(rf"{name}(\d+)", one))), "")


def _row_text(select: _Element) -> str:
    here: _Element | None = select
    while here is not None and here.tag != "tr":
        here = here.parent
    cells = [one for one in here.walk() if one.tag == "td" and "text" in one.classes] if here else []
    return plain(cells[0].text()) if cells else ""


def plain(text: str) -> str:
    """Text without tags and extra blanks, in small letters, for comparing."""
    return re.sub(r"\s+", "", html.unescape(re.sub(r"<[^>]*>", " ", text))).casefold()


def wordings(text: LocalizedText) -> frozenset[str]:
    """How a text may appear: in one language, or with all languages one after the other; as Markdown or as it is."""
    return _wordings((text.root,) if isinstance(text.root, str) else tuple(text.root.values()))


@lru_cache(maxsize=2048)  # every learner is shown the questions that the one before was shown
def _wordings(single: tuple[str, ...]) -> frozenset[str]:
    found: set[str] = set()
    for texts in (
        [_GAP.sub("", plain(_MARKDOWN.render(one))) for one in single],
        [plain(html.escape(one)) for one in single],
    ):
        found |= {*texts, "".join(texts), "/".join(texts)}
    return frozenset(found)


_GAP = re.compile(r"\{\{[^{}]*\}\}")
