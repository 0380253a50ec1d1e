"""A hotspot: places of a picture to choose from. Each has words, so that nobody needs to see or point.

:::hotspot id=stamp kind=single src=../../media/letter.svg alt="A letter with four marked places"
Where does the protocol number go?
- [x] (78,14) The box of the stamp, top right
- [ ] (20,88) The signature
:::
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import ClassVar, Literal, cast

from authoring.blocks.answers import read_question
from authoring.blocks.block import LessonBlock, Printed
from authoring.blocks.check import Option, judge_options
from authoring.blocks.kept import Kept
from authoring.blocks.reading import (
    Readable,
    Readables,
    Reading,
    choice,
    identifier,
    no_directives_inside,
    place_of,
    yes,
)
from authoring.directives import Directive, Signature
from authoring.problems import Place
from authoring.read_image import Image

_AT = re.compile(r"^\(\s*(\d{1,3}(?:\.\d)?)\s*[,;]\s*(\d{1,3}(?:\.\d)?)\s*\)\s*(.*)$", re.DOTALL)


@dataclass(frozen=True)
class Spot(Option):
    """A place of the picture: percent from the left and from the top of its middle."""

    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True)
class Hotspot(LessonBlock):
    """A question that is answered with places of a picture."""

    template: ClassVar[str] = "hotspot"

    id: str
    kind: Literal["single", "multiple"]
    graded: bool
    image: Image
    alt: str
    question_html: str
    options: tuple[Spot, ...]
    case_html: str = ""
    feedback_html: str = ""
    place: Place = field(default=Place(), compare=False)

    @property
    def keeps(self) -> Kept:
        """The places that were chosen, as a set of bits."""
        n = len(self.options)
        right = tuple(i for i, option in enumerate(self.options) if option.correct)
        return Kept(
            self.id,
            "hotspot",
            f"hotspot {self.kind} {n} {right}",
            2**n,
            right,
            n,
            self.graded,
            place=self.place,
        )

    def on_paper(self) -> Iterator[Printed]:
        """The picture and the places in words, with boxes to tick."""
        picture = f'<figure><img src="{escape(self.image.name)}" alt="{escape(self.alt)}"></figure>'
        choices = Printed("choices", items=tuple(option.html for option in self.options))
        yield Printed(
            "box", label="check", title=self.question_html, html=self.case_html + picture, parts=(choices,)
        )
        right = tuple(option.html for option in self.options if option.correct)
        yield Printed("solution", title=self.question_html, html=self.feedback_html, items=right)


def _read(directive: Directive, reading: Reading) -> Hotspot | None:
    failed = reading.problems_since()
    spot_id = identifier(directive, reading)
    kind = choice(directive, "kind", ("single", "multiple"), reading)
    no_directives_inside(directive, reading)
    question = read_question(directive.own_lines, reading)
    spots = []
    for answer in question.answers:
        found = _AT.match(answer.text.text)
        x, y = (float(found[1]), float(found[2])) if found else (50.0, 50.0)
        if not found:
            reading.report("lesson.spot-place", answer.text.first_line, found=answer.text.text[:40])
        elif x > 100 or y > 100:
            reading.report("lesson.spot-outside", answer.text.first_line, x=found[1], y=found[2])
        else:
            answer.text.lines = found[3].split("\n")
        words = reading.html(answer.text, inline=True)
        feedback = reading.html(answer.feedback) if answer.feedback.lines else ""
        spots.append(Spot(words, answer.right, feedback, x, y))
    if not question.question_html:
        reading.report("lesson.check-question", directive.line, id=spot_id)
    judge_options(directive.line, spot_id, kind, spots, reading)
    source = directive.attributes.get("src", "").replace("{lang}", reading.language)
    image = reading.image(source, directive.line) if source else None
    if image is None or (failed() and not spot_id):
        return None
    return Hotspot(
        id=spot_id,
        kind=cast("Literal['single', 'multiple']", kind),
        graded=yes(directive, "graded", reading),
        image=image,
        alt=directive.attributes.get("alt", ""),
        question_html=question.question_html,
        options=tuple(spots),
        case_html=question.case_html,
        feedback_html=question.feedback_html,
        place=place_of(directive, reading),
    )


READABLES: Readables = {
    "hotspot": Readable(Signature(("id", "src", "alt", "kind", "graded"), ("id", "src", "alt")), _read)
}
