"""A stored question as Moodle XML: the element that was imported, with what has been changed since."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from moodle_standin.records import BankEntry, Question


def exported(entry: BankEntry, question: Question) -> str:
    """The question as its own `<question>` element, behind the comment that Moodle's exporter writes."""
    if not question.source:
        return ""
    root = fromstring(question.source)  # noqa: S314 - what was parsed before, in our own memory
    _set_text(root, "name", question.name)
    _set_text(root, "questiontext", question.questiontext)
    _set_text(root, "generalfeedback", question.generalfeedback)
    for tag, value in (
        ("defaultgrade", f"{question.defaultmark:.7f}"),
        ("penalty", f"{question.penalty:.7f}"),
        ("idnumber", entry.idnumber),
    ):
        found = root.find(tag)
        if found is not None:
            found.text = value
    _set_answers(root, question)
    for old in root.findall("tags"):
        root.remove(old)
    if question.tags:
        tags = SubElement(root, "tags")
        for tag in question.tags:
            SubElement(SubElement(tags, "tag"), "text").text = tag
    return f"<!-- question: {question.id}  -->\n{tostring(root, encoding='unicode')}"


def _set_text(root: Element, tag: str, value: str) -> None:
    found = root.find(f"{tag}/text")
    if found is not None and (found.text or "").strip() != value:
        found.text = value


def _set_answers(root: Element, question: Question) -> None:
    """Texts and shares of answers, where the type keeps them one by one."""
    nodes = root.findall("answer")
    if question.qtype not in ("multichoice", "shortanswer") or len(nodes) != len(question.answers):
        return
    for node, answer in zip(nodes, question.answers, strict=True):
        _set_own_text(node, answer.text)
        node.set("fraction", f"{answer.fraction * 100:.7g}")


def _set_own_text(node: Element, value: str) -> None:
    found = node.find("text")
    if found is not None and (found.text or "").strip() != value:
        found.text = value
