"""Essays, and what is kept as Moodle's own XML."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import defusedxml.ElementTree

from quizzes.question_texts import Html
from quizzes.questions import Attachments, Essay, Raw
from quizzes.xml_out.elements import Writer, leaf

EDITORS = {
    "rich": "editor",
    "rich_with_files": "editorfilepicker",
    "plain": "plain",
    "monospaced": "monospaced",
    "none": "noinline",
}
"""What a response is written in: our word and Moodle's."""


def write_essay(writer: Writer, root: Element, question: Essay) -> None:
    """No word here is checked by Moodle; a wrong one makes a question that cannot be shown."""
    files = question.attachments or Attachments(max=0)
    least, most = question.words
    leaf(root, "responseformat", EDITORS[question.editor])
    leaf(root, "responserequired", "1" if question.required else "0")
    leaf(root, "responsefieldlines", str(question.lines))
    leaf(root, "minwordlimit", str(least))
    leaf(root, "maxwordlimit", str(most))
    leaf(root, "attachments", str(files.max))
    leaf(root, "attachmentsrequired", str(files.required))
    leaf(root, "maxbytes", str(files.size))
    leaf(root, "filetypeslist", ",".join(files.types))
    writer.html(root, "graderinfo", writer.markdown(question.grader_info))
    template = writer.markdown(question.template, paragraph=True) if question.template else Html("")
    writer.html(root, "responsetemplate", Html(template.html))


KEPT_OUT = ("name", "idnumber", "tags", "coursetags", "hidden")
"""What of a kept question comes from the file, not from the XML."""


def raw_element(question: Raw) -> Element:
    """The kept XML as an element, without what comes from the file. Raises ParseError."""
    element: Element = defusedxml.ElementTree.fromstring(question.xml.strip())
    for tag in KEPT_OUT:
        for child in element.findall(tag):
            element.remove(child)
    return element
