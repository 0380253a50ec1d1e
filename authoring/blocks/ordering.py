"""Putting things in order, and putting things where they belong.

    :::order id=incoming graded=yes           :::sort id=series
    In which order?                           To which series does it belong?
    1. Receive                                - Incoming register
    2. Register                                 - A citizen's request
    3. Pass on                                - Personnel files
    > Register before anything else.            - A certificate of service
    :::                                       :::

The order as written is the right one; learners see it shuffled, in every language and each time the same way.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from authoring.blocks.answers import add_quoted, feedback_html, judge_count, judge_same, split_prompt
from authoring.blocks.block import LessonBlock, Printed
from authoring.blocks.kept import Kept
from authoring.blocks.reading import (
    Readable,
    Readables,
    Reading,
    identifier,
    no_directives_inside,
    place_of,
    yes,
)
from authoring.directives import Directive, Lines, Signature
from authoring.problems import Place

MOST_ITEMS = 12
"""12! orders still fit a number that JavaScript counts exactly, and nobody orders more on a phone."""
MOST_GROUPS = 6

_NUMBERED = re.compile(r"^\d{1,2}[.)][ \t]+(.*)$")
_GROUP = re.compile(r"^[-*][ \t]+(.*)$")
_ITEM = re.compile(r"^[ \t]+[-*][ \t]+(.*)$")


def shuffled(block_id: str, n: int) -> tuple[int, ...]:
    """The positions 0 to n-1 as learners see them first: always the same for an id, and never the right order."""
    order = sorted(range(n), key=lambda i: hashlib.sha256(f"{block_id}:{i}".encode()).digest())
    if order == list(range(n)):
        order = order[1:] + order[:1]
    return tuple(order)


@dataclass(frozen=True)
class Order(LessonBlock):
    """Things to put in order; `items` stand in the right one."""

    template: ClassVar[str] = "order"

    id: str
    graded: bool
    question_html: str
    items: tuple[str, ...]
    case_html: str = ""
    feedback_html: str = ""
    place: Place = field(default=Place(), compare=False)

    @property
    def shown(self) -> tuple[int, ...]:
        """The positions as learners see them first."""
        return shuffled(self.id, len(self.items))

    @property
    def keeps(self) -> Kept:
        """The order that was chosen, as the number of a permutation; 0 is the right one."""
        n = len(self.items)
        return Kept(self.id, "order", f"order {n}", math.factorial(n), (), n, self.graded, place=self.place)

    def on_paper(self) -> Iterator[Printed]:
        """The things shuffled, with boxes for their numbers; the order apart."""
        items = tuple(self.items[i] for i in self.shown)
        choices = Printed("choices", items=items)
        yield Printed("box", label="check", title=self.question_html, html=self.case_html, parts=(choices,))
        steps = tuple(Printed(title=item) for item in self.items)
        solution = Printed("numbered", parts=steps)
        yield Printed("solution", title=self.question_html, html=self.feedback_html, parts=(solution,))


@dataclass(frozen=True)
class Group:
    """Where things belong, and which."""

    title_html: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Sort(LessonBlock):
    """Things to put where they belong."""

    template: ClassVar[str] = "sort"

    id: str
    graded: bool
    question_html: str
    groups: tuple[Group, ...]
    case_html: str = ""
    feedback_html: str = ""
    place: Place = field(default=Place(), compare=False)

    @property
    def items(self) -> tuple[tuple[str, int], ...]:
        """Every thing with the position of its group, as written."""
        return tuple((item, g) for g, group in enumerate(self.groups) for item in group.items)

    @property
    def shown(self) -> tuple[tuple[int, str], ...]:
        """Every thing with its position, as learners see them."""
        items = self.items
        return tuple((i, items[i][0]) for i in shuffled(self.id, len(items)))

    @property
    def keeps(self) -> Kept:
        """The group that was chosen for each thing, as a number with as many digits as things."""
        right = tuple(group for _, group in self.items)
        n, groups = len(right), len(self.groups)
        form = f"sort {groups} {right}"
        return Kept(
            self.id, "sort", form, max(groups, 1) ** n, right, n, self.graded, groups=groups, place=self.place
        )

    def on_paper(self) -> Iterator[Printed]:
        """The groups, the things shuffled below; what belongs where apart."""
        groups = Printed(items=tuple(group.title_html for group in self.groups))
        things = Printed("choices", items=tuple(item for _, item in self.shown))
        yield Printed(
            "box", label="check", title=self.question_html, html=self.case_html, parts=(groups, things)
        )
        solved = tuple(Printed(title=group.title_html, items=group.items) for group in self.groups)
        yield Printed("solution", title=self.question_html, html=self.feedback_html, parts=solved)


def _read_order(directive: Directive, reading: Reading) -> Order | None:
    order_id = identifier(directive, reading)
    no_directives_inside(directive, reading)
    prompt, feedback = Lines(directive.own_lines.first_line), Lines(0)
    written: list[Lines] = []
    for number, line in enumerate(directive.own_lines.lines, directive.own_lines.first_line):
        if found := _NUMBERED.match(line):
            written.append(Lines(number, [found[1]]))
        elif not written:
            prompt.lines.append(line)
        elif line.startswith(">"):
            add_quoted(feedback, number, line)
        elif line[:1] in (" ", "\t") and line.strip():
            written[-1].lines.append(line.strip())
        elif line.strip():
            reading.report("lesson.order-stray-line", number, found=line.strip()[:60])
    case, question = split_prompt(prompt, reading)
    items = tuple(reading.html(lines, inline=True) for lines in written)
    if not question:
        reading.report("lesson.order-question", directive.line, id=order_id)
    judge_count(items, 3, MOST_ITEMS, directive.name, order_id, directive.line, reading)
    judge_same(items, order_id, directive.line, reading)
    graded = yes(directive, "graded", reading)
    if not order_id or len(items) > MOST_ITEMS:
        return None
    html = feedback_html(feedback, reading)
    return Order(order_id, graded, question, items, case, html, place_of(directive, reading))


def _read_sort(directive: Directive, reading: Reading) -> Sort | None:
    sort_id = identifier(directive, reading)
    no_directives_inside(directive, reading)
    prompt, feedback = Lines(directive.own_lines.first_line), Lines(0)
    written: list[tuple[Lines, list[Lines]]] = []
    for number, line in enumerate(directive.own_lines.lines, directive.own_lines.first_line):
        if found := _GROUP.match(line):
            written.append((Lines(number, [found[1]]), []))
        elif written and (found := _ITEM.match(line)):
            written[-1][1].append(Lines(number, [found[1]]))
        elif not written:
            prompt.lines.append(line)
        elif line.startswith(">"):
            add_quoted(feedback, number, line)
        elif line[:1] in (" ", "\t") and line.strip():
            (written[-1][1] or [written[-1][0]])[-1].lines.append(line.strip())
        elif line.strip():
            reading.report("lesson.sort-stray-line", number, found=line.strip()[:60])
    case, question = split_prompt(prompt, reading)
    groups = []
    for title, things in written:
        if not things:
            reading.report("lesson.sort-empty-group", title.first_line, group=title.text[:60])
        items = tuple(reading.html(thing, inline=True) for thing in things)
        groups.append(Group(reading.html(title, inline=True), items))
    if not question:
        reading.report("lesson.sort-question", directive.line, id=sort_id)
    every = [item for group in groups for item in group.items]
    judge_count(every, 3, MOST_ITEMS, directive.name, sort_id, directive.line, reading)
    if not 2 <= len(groups) <= MOST_GROUPS:
        reading.report("lesson.sort-groups", directive.line, id=sort_id, n=len(groups), limit=MOST_GROUPS)
    judge_same(every, sort_id, directive.line, reading)
    judge_same([group.title_html for group in groups], sort_id, directive.line, reading)
    graded = yes(directive, "graded", reading)
    if not sort_id or len(every) > MOST_ITEMS or len(groups) > MOST_GROUPS:
        return None
    html = feedback_html(feedback, reading)
    return Sort(sort_id, graded, question, tuple(groups), case, html, place_of(directive, reading))


_SIGNATURE = Signature(("id", "graded"), ("id",))

READABLES: Readables = {"order": Readable(_SIGNATURE, _read_order), "sort": Readable(_SIGNATURE, _read_sort)}
