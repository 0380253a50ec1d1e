"""A branching scenario: a situation, decisions, and where they lead.

    :::scenario id=counter
    [start]
    A citizen asks for a certificate; the file is missing.
    - I look into the register of loans -> register
      > It takes two minutes.
    - I say that it is lost -> lost

    [register end=good]
    The file is with the legal office.

    [lost end=bad]
    He leaves without a paper.
    :::

The first scene is where it begins. Every way leads to an end: circles, and scenes that nobody reaches, are errors.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, cast, get_args

from authoring.blocks.answers import add_quoted, judge_count
from authoring.blocks.block import LessonBlock, Printed
from authoring.blocks.kept import Kept
from authoring.blocks.reading import (
    IDENTIFIER,
    MAX_ID,
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

MOST_SCENES = 40
MOST_CHOICES = 6
SCENE_BITS = 20
"""A saved state names the scene by the first bits of the hash of its id; two scenes alike are refused."""

Ending = Literal["good", "fair", "bad"]

_HEAD = re.compile(r"^\[([^\s\[\]=]+)((?:[ \t]+[a-z-]+=[^\s\[\]]+)*)[ \t]*\](?![(:\[])[ \t]*(.*)$")
_ARROW = re.compile(r"^(.*?)[ \t]*(?:->|→|=>)[ \t]*([^\s>]+)[ \t]*$", re.DOTALL)


@dataclass(frozen=True)
class Choice:
    """One decision: its words, the scene that it leads to, and what is said to it."""

    html: str
    target: str
    feedback_html: str = ""
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True)
class Scene:
    """One situation with its decisions, or an end."""

    id: str
    html: str
    choices: tuple[Choice, ...] = ()
    end: Ending | None = None
    place: Place = field(default=Place(), compare=False)

    @property
    def code(self) -> int:
        """What a saved state calls it."""
        return int.from_bytes(hashlib.sha256(f"scene:{self.id}".encode()).digest()[:4], "big") >> (
            32 - SCENE_BITS
        )


@dataclass(frozen=True)
class Scenario(LessonBlock):
    """A situation with decisions; the first scene is where it begins."""

    template: ClassVar[str] = "scenario"

    id: str
    graded: bool
    title: str
    scenes: tuple[Scene, ...]
    place: Place = field(default=Place(), compare=False)

    @property
    def codes(self) -> Mapping[str, int]:
        """What a saved state calls each scene."""
        return {scene.id: scene.code for scene in self.scenes}

    @property
    def number_of(self) -> Mapping[str, int]:
        """The scenes' numbers on paper."""
        return {scene.id: number for number, scene in enumerate(self.scenes, 1)}

    @property
    def keeps(self) -> Kept:
        """The scene where the learner stands; it stays when other scenes are added or taken away."""
        form = " ".join(
            f"{scene.id}:{scene.end or ''}:{','.join(choice.target for choice in scene.choices)}"
            for scene in self.scenes
        )
        return Kept(
            self.id, "scenario", "scenario", 2**SCENE_BITS, (), 0, self.graded, form=form, place=self.place
        )

    def on_paper(self) -> Iterator[Printed]:
        """Numbered scenes, "go to 4" after each decision, as in a book that is not read from front to back."""
        numbers = self.number_of
        scenes = tuple(
            Printed(
                html=scene.html,
                label=f"end_{scene.end}" if scene.end else "",
                items=tuple(f"{choice.html} → {numbers.get(choice.target, '?')}" for choice in scene.choices),
            )
            for scene in self.scenes
        )
        yield Printed("box", label="scenario", title=self.title, parts=(Printed("numbered", parts=scenes),))


@dataclass
class _Written:
    id: str
    end: str | None
    line: int
    text: Lines
    choices: list[tuple[Lines, Lines]] = field(default_factory=list)


def _read(directive: Directive, reading: Reading) -> Scenario | None:
    scenario_id = identifier(directive, reading)
    no_directives_inside(directive, reading)
    graded = yes(directive, "graded", reading)
    failed = reading.problems_since()
    scenes = [_scene(one, reading) for one in _split(directive, reading)]
    judge_count(scenes, 2, MOST_SCENES, directive.name, scenario_id, directive.line, reading)
    if not failed() and len(scenes) <= MOST_SCENES:
        _judge_ways(scenes, scenario_id, directive.line, graded=graded, reading=reading)
    if not scenario_id or not scenes:
        return None
    title = reading.html(Lines(directive.line, [directive.attributes.get("title", "")]), inline=True).strip()
    return Scenario(scenario_id, graded, title, tuple(scenes), place_of(directive, reading))


def _split(directive: Directive, reading: Reading) -> list[_Written]:
    """The scenes as written."""
    scenes: list[_Written] = []
    lines = directive.own_lines.lines
    first = directive.own_lines.first_line
    for at, line in enumerate(lines):
        number = first + at
        if head := _HEAD.match(line):
            scenes.append(_head(head, number, reading))
        elif not scenes:
            if line.strip():
                reading.report("scenario.text-before", number, found=line.strip()[:60])
        elif line[:2] in ("- ", "* ") and (scenes[-1].choices or _leads_somewhere(lines, at)):
            scenes[-1].choices.append((Lines(number, [line[2:].strip()]), Lines(0)))
        elif not scenes[-1].choices:
            scenes[-1].text.lines.append(line)
        elif line[:1] in (" ", "\t") and line.strip():
            words, feedback = scenes[-1].choices[-1]
            if line.lstrip().startswith(">"):
                add_quoted(feedback, number, line.lstrip())
            else:
                words.lines.append(line.strip())
        elif line.strip():
            reading.report("scenario.stray-line", number, found=line.strip()[:60])
    return scenes


def _leads_somewhere(lines: Sequence[str], at: int) -> bool:
    """Whether the item that begins here has an arrow: a list in the text of a scene has none."""
    item = [lines[at]]
    for line in lines[at + 1 :]:
        if not line[:1].isspace() or not line.strip() or line.lstrip().startswith(">"):
            break
        item.append(line)
    return _ARROW.match(" ".join(each.strip() for each in item)) is not None


def _head(head: re.Match[str], line: int, reading: Reading) -> _Written:
    scene_id, end = head[1], None
    if not IDENTIFIER.fullmatch(scene_id) or len(scene_id) > MAX_ID:
        reading.report("scenario.scene-id", line, id=scene_id[:60])
    for pair in head[2].split():
        key, _, value = pair.partition("=")
        if key != "end":
            reading.report("lesson.attribute-unknown", line, key=key, name=f"[{scene_id}]", known="end")
        elif value not in get_args(Ending):
            reading.report(
                "lesson.attribute-choice", line, key=key, value=value, known=", ".join(get_args(Ending))
            )
        else:
            end = value
    return _Written(scene_id, end, line, Lines(line, [head[3]]))


def _scene(written: _Written, reading: Reading) -> Scene:
    if written.text.blank:
        reading.report("scenario.scene-empty", written.line, id=written.id)
    choices = []
    for words, feedback in written.choices:
        found = _ARROW.match(" ".join(words.lines))
        if not found:
            reading.report("scenario.choice-without-target", words.first_line, found=words.text[:60])
        text = Lines(words.first_line, [found[1] if found else words.text])
        html = reading.html(text, inline=True)
        if not html.strip():
            reading.report("lesson.check-option-empty", words.first_line)
        said = reading.html(feedback) if feedback.lines else ""
        place = Place(reading.file, words.first_line)
        choices.append(Choice(html, found[2] if found else "", said, place))
    if len(choices) > MOST_CHOICES:
        reading.report(
            "scenario.too-many-choices", written.line, id=written.id, n=len(choices), limit=MOST_CHOICES
        )
    html = "" if written.text.blank else reading.html(written.text)
    end = cast("Ending | None", written.end)
    return Scene(written.id, html, tuple(choices), end, Place(reading.file, written.line))


def _judge_ways(
    scenes: Sequence[Scene], scenario_id: str, line: int, *, graded: bool, reading: Reading
) -> None:
    """Every scene has one meaning, every decision leads to a scene, every way to an end, and every scene is on a way."""
    by_id: dict[str, Scene] = {}
    codes: dict[int, str] = {}
    for scene in scenes:
        if scene.id.casefold() in (known.casefold() for known in by_id):
            reading.report("scenario.scene-twice", scene.place.line, id=scene.id)
            return
        if scene.code in codes:
            reading.report("scenario.scene-code", scene.place.line, id=scene.id, other=codes[scene.code])
        codes[scene.code] = scene.id
        by_id[scene.id] = scene
    lost = False
    for scene in scenes:
        for one in scene.choices:
            if one.target not in by_id:
                near = difflib.get_close_matches(one.target, by_id, n=1)
                code = "scenario.target-unknown-near" if near else "scenario.target-unknown"
                shown = {"near": near[0]} if near else {"known": ", ".join(by_id)}
                reading.report(code, one.place.line, id=scene.id, target=one.target, **shown)
                lost = True
        if scene.end and scene.choices:
            reading.report("scenario.end-goes-on", scene.place.line, id=scene.id)
        elif not scene.end and not scene.choices:
            reading.report("scenario.dead-end", scene.place.line, id=scene.id)
    if lost:
        return
    if circle := _circle(scenes[0].id, by_id):
        reading.report("scenario.circle", by_id[circle[0]].place.line, way=" → ".join(circle))
        return
    reached = {scenes[0].id}
    waiting = [scenes[0]]
    while waiting:
        for one in waiting.pop().choices:
            if one.target not in reached:
                reached.add(one.target)
                waiting.append(by_id[one.target])
    for scene in scenes:
        if scene.id not in reached:
            code = "scenario.end-unreachable" if scene.end else "scenario.unreachable"
            reading.report(code, scene.place.line, id=scene.id, start=scenes[0].id)
    if graded and not any(scene.end == "good" and scene.id in reached for scene in scenes):
        reading.report("scenario.no-good-end", line, id=scenario_id)


def _circle(start: str, scenes: Mapping[str, Scene]) -> list[str]:
    """A way that comes back to where it was, from that scene to the same, or nothing."""
    finished: set[str] = set()
    way: list[str] = []
    open_choices = [(start, iter(scenes[start].choices))]
    way.append(start)
    while open_choices:
        here, rest = open_choices[-1]
        step = next(rest, None)
        if step is None:
            open_choices.pop()
            way.pop()
            finished.add(here)
        elif step.target in way:
            return [*way[way.index(step.target) :], step.target]
        elif step.target not in finished:
            way.append(step.target)
            open_choices.append((step.target, iter(scenes[step.target].choices)))
    return []


READABLES: Readables = {"scenario": Readable(Signature(("id", "title", "graded"), ("id", "title")), _read)}
