"""The review print-out of a quiz: every question as it will be, its key, and room for what the commission decides."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from authoring.messages import text
from lms_sync.quiz_print.html_nodes import Node, nodes_of
from lms_sync.sessions.typeset import picture_name, typeset
from quizzes import Quiz
from quizzes.preview.shown import ShownQuestion, never_asked, shown_questions, slots_of
from quizzes.question_texts import PLUGIN_FILE
from quizzes.scores import decimal

DESIGNS = Path(__file__).parent / "designs"

_WORDS = (
    "title", "key", "feedback", "tags", "difficulty", "objective", "accepted", "change", "out", "remarks", "commission",
    "name", "signature", "date", "confidential", "page", "open", "points",
)  # fmt: skip


def review_pdf(quiz: Quiz, language: str, *, dated: datetime.date) -> bytes:
    """The print-out in a language as PDF; raises NotTypeset. The same quiz and day give the same bytes."""
    images = _Images(quiz)
    questions = [
        _question(one, number, images, language)
        for number, one in enumerate(shown_questions(quiz, language, inside=False), 1)
    ]
    data = {
        "lang": language,
        "title": quiz.title.in_language(language, quiz.languages.default),
        "words": {word: _say(word, language) for word in _WORDS}
        | {one: _preview(one, language) for one in ("true", "false")},
        "facts": _facts(quiz, language),
        "questions": questions,
    }
    with tempfile.TemporaryDirectory(prefix="lms-sync-") as name:
        pictures = images.written(Path(name))
        return typeset("review", data, pictures, dated=dated, designs=DESIGNS)


def _say(code: str, language: str, **params: object) -> str:
    return text(f"preview.print-{code}", params, language)


def _preview(code: str, language: str) -> str:
    return text(f"preview.{code}", {}, language)


def _facts(quiz: Quiz, language: str) -> list[list[str]]:
    """What stands on the first page beside the title: names and values."""
    settings = quiz.settings
    minutes = f"{settings.time_limit // 60} min" if settings.time_limit else _say("none", language)
    passed = f"{decimal(settings.pass_mark * 100)} %" if settings.pass_mark else _say("none", language)
    slots, unused = slots_of(quiz), never_asked(quiz)
    draws = [slot for slot in slots if "draw" in slot]
    given = [_say("draw", language, n=slot["draw"], of=len(slot["pool"])) for slot in draws]
    if fixed := len(slots) - len(draws):
        everything = not draws and not unused
        given.insert(0, _say("draw-all", language) if everything else _say("fixed", language, n=fixed))
    return [
        [_say("id", language), quiz.id],
        [_say("languages", language), ", ".join(quiz.languages.offered)],
        [_say("questions", language), str(len(quiz.questions))],
        [_say("time", language), minutes],
        [_say("pass", language), passed],
        [_say("attempts", language), str(settings.attempts or _say("unlimited", language))],
        [_say("drawn", language), "; ".join(given)],
        *([[_say("never-asked", language), ", ".join(unused)]] if unused else ()),
    ]


def _question(one: ShownQuestion, number: int, images: _Images, language: str) -> dict[str, Any]:
    def told(html: str) -> list[Node]:
        return images.named(nodes_of(html))

    feedback = [
        ("", one.general),
        *((_preview(_MEANING[kind], language), html) for kind, html in one.combined.items()),
    ]
    return {
        "number": number,
        "id": one.id,
        "type": one.type,
        "control": one.body.control,
        "image": images.named([["img", {"src": one.body.image}, []]]) if one.body.image else [],
        "points": decimal_of(one.points),
        "text": told(one.html),
        "options": [
            {
                "text": told(option.html),
                "right": option.right,
                "score": "" if option.score in (0, 1) or not one.unequal else f"{100 * option.score:.5g} %",
                "feedback": told(option.feedback),
            }
            for option in one.body.options
            if one.body.control not in _IN_MENUS
        ],
        "choices": list(one.body.choices),
        "key": list(one.body.key),
        "feedback": [[said, told(html)] for said, html in feedback if html],
        "tags": ", ".join(one.tags),
        "difficulty": one.difficulty,
        "objective": one.objective,
        "marked": one.body.rules is not None,
    }


_IN_MENUS = ("places", "menus")
"""What is shown by its key alone: its options are fields of the page."""

_MEANING = {"correct": "right", "partial": "partial", "incorrect": "wrong"}


def decimal_of(points: float) -> str:
    """Points without needless noughts."""
    return f"{points:.7f}".rstrip("0").rstrip(".")


class _Images:
    """The images of the quiz's texts, each once, under names of their own."""

    def __init__(self, quiz: Quiz) -> None:
        self._texts = quiz.texts
        self._names: dict[str, str] = {}

    def named(self, nodes: list[Node]) -> list[Node]:
        """Nodes whose images have the names that they get beside the design."""
        for node in nodes:
            if isinstance(node, list):
                attributes, inner = node[1], node[2]
                assert isinstance(attributes, dict)
                assert isinstance(inner, list)
                if node[0] == "img":
                    source = str(attributes.get("src", ""))
                    if source not in self._names:
                        self._names[source] = picture_name(len(self._names), Path(source))
                    attributes["src"] = self._names[source]
                self.named(inner)
        return nodes

    def written(self, folder: Path) -> Mapping[str, Path]:
        """Puts the images into a folder; their names and files."""
        found: dict[str, Path] = {}
        for source, name in self._names.items():
            path = folder / name
            path.write_bytes(self._texts.image(source.removeprefix(f"{PLUGIN_FILE}/")))
            found[name] = path
        return found
