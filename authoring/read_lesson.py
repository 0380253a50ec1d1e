"""`lesson.<language>.md`: front matter, Markdown, and `:::` directives, read into blocks.

    ---
    title: Receiving documents
    objectives: [Register every paper before it moves on]
    ---
    Text in Markdown.

    :::tip
    More Markdown.
    :::

Everything wrong is collected with its line; the text is read to the end whatever it holds.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast, get_args

from pydantic import BaseModel, ConfigDict, Field

from authoring.lesson import (
    Block,
    CallOut,
    CallOutKind,
    Check,
    CheckKind,
    LawReference,
    LessonText,
    Option,
    Prose,
)
from authoring.problems import ContentError, Place, Problem
from authoring.read_image import Image, find_image
from authoring.read_markdown import (
    Picture,
    References,
    Rendered,
    heading_problems,
    link_references,
    render,
)
from authoring.read_yaml import load_model, parse_yaml, read_text, relative_name

MAX_BYTES = 400_000
MAX_OPTIONS = 20
MAX_DEPTH = 5

# Which attributes a directive takes, and which of them it cannot do without.
_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "law": ("act", "article", "date", "checked"),
    "tip": (),
    "warning": (),
    "practice": (),
    "check": ("id", "kind", "graded"),
}
_NEEDED: Mapping[str, tuple[str, ...]] = {"law": ("act",), "check": ("id", "kind")}

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_DIRECTIVE = re.compile(r"^ {0,3}:{3,}[ \t]*([A-Za-z][\w-]*)?(.*)$")
_ATTRIBUTE = re.compile(r'\s*([A-Za-z][\w-]*)\s*=\s*(?:"([^"]*)"|([^\s"]+))')
_OPTION = re.compile(r"^[-*] \[(.)\](?:[ \t]+(.*))?$")
_NEARLY_OPTION = re.compile(r"^[-*+•·\u2010-\u2015\u2212][ \t]*\[[ \t]*(\S?)[ \t]*\](?![(\[:])(.*)$")
_QUOTED = re.compile(r'=[ \t]*"[^"]*"|(=[ \t]*)(?:[“„”]([^"“„”]*)["“„”]|"([^"“„”]*)[“„”])')
_IDENTIFIER = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")


class FrontMatter(BaseModel):
    """What stands between the `---` lines at the top of a lesson."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1, max_length=200)
    objectives: tuple[str, ...] = ()


def read_lesson(
    path: Path, language: str, *, root: Path, course_folder: Path
) -> tuple[LessonText, list[Problem]]:
    """Reads one lesson file. The text is whole as far as it could be read; the problems say what could not."""
    file = relative_name(path, root)
    text = read_text(path, root=root, limit=MAX_BYTES)
    reader = _LessonReader(file, path.parent, course_folder)
    front_matter, body, first_line = reader.split_front_matter(text)
    blocks = reader.read_body(body, first_line)
    if not blocks and not any(problem.severity == "error" for problem in reader.problems):
        reader.report("lesson.empty", first_line)
    images = tuple({image.name: image for image in reader.images}.values())
    lesson = LessonText(language, front_matter.title, front_matter.objectives, blocks, images, file)
    return lesson, reader.problems


@dataclass
class _Lines:
    """Lines of Markdown that belong together, beginning at `first_line` of the file."""

    first_line: int
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass
class _Directive:
    name: str
    attributes: dict[str, str]
    line: int
    parts: list[_Lines | _Directive] = field(default_factory=list)


class _LessonReader:
    def __init__(self, file: str, folder: Path, course_folder: Path) -> None:
        self.file = file
        self.folder = folder
        self.course_folder = course_folder
        self.problems: list[Problem] = []
        self.images: list[Image] = []
        self.references: References = {}
        self.heading_levels: list[tuple[int, Place]] = []

    def report(self, code: str, line: int, /, **params: object) -> None:
        self.problems.append(Problem(code, params, Place(self.file, line)))

    # --- front matter

    def split_front_matter(self, text: str) -> tuple[FrontMatter, str, int]:
        """The front matter, the body, and the line on which the body begins."""
        lines = text.split("\n")
        nothing = FrontMatter.model_construct(title="?", objectives=())
        if lines[0].rstrip() != "---":
            self.report("lesson.front-matter-missing", 1)
            return nothing, text, 1
        end = next((i for i, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "...")), None)
        if end is None:
            self.report("lesson.front-matter-open", 1)
            return nothing, "", len(lines)
        body = "\n".join(lines[end + 1 :])
        try:
            document = parse_yaml("\n".join(lines[1:end]), self.file, first_line=2)
            return load_model(document, FrontMatter), body, end + 2
        except ContentError as error:
            self.problems.extend(error.problems)
            return nothing, body, end + 2

    # --- the body as a tree of directives and text

    def read_body(self, body: str, first_line: int) -> tuple[Block, ...]:
        parts = self._split_directives(body, first_line)
        self.references = link_references([lines.text for lines in _each_lines(parts)])
        blocks = self._blocks(parts)
        self.problems.extend(heading_problems(self.heading_levels))
        return blocks

    def _split_directives(self, body: str, first_line: int) -> list[_Lines | _Directive]:
        top: list[_Lines | _Directive] = []
        open_directives: list[_Directive] = []
        code_fence = ""
        for number, line in enumerate(body.split("\n"), first_line):
            parts = open_directives[-1].parts if open_directives else top
            fence = _FENCE.match(line)
            if fence and not code_fence:
                code_fence = fence.group(1)
            elif fence and fence.group(1).startswith(code_fence) and not line.strip().strip(code_fence[0]):
                code_fence = ""
            match = None if code_fence else _DIRECTIVE.match(line)
            if match is None:
                if not parts or not isinstance(parts[-1], _Lines):
                    parts.append(_Lines(number))
                cast("_Lines", parts[-1]).lines.append(line)
            elif match.group(1):
                directive = self._open_directive(match.group(1), match.group(2), number)
                if len(open_directives) >= MAX_DEPTH:
                    self.report("lesson.directive-too-deep", number, limit=MAX_DEPTH)
                    continue
                parts.append(directive)
                open_directives.append(directive)
            elif match.group(2).strip():
                self.report("lesson.directive-name-missing", number, found=line.strip())
            elif open_directives:
                open_directives.pop()
            else:
                self.report("lesson.directive-not-open", number)
        for directive in open_directives:
            self.report("lesson.directive-not-closed", directive.line, name=directive.name)
        return top

    def _open_directive(self, name: str, rest: str, line: int) -> _Directive:
        if name not in _ATTRIBUTES:
            self.report("lesson.directive-unknown", line, name=name, known=", ".join(_ATTRIBUTES))
            return _Directive(name, {}, line)
        attributes: dict[str, str] = {}
        straight = _QUOTED.sub(lambda q: q[0] if q[1] is None else f'{q[1]}"{q[2] or q[3] or ""}"', rest)
        if straight != rest:
            self.report("lesson.word-quotes", line, found=rest.strip(), suggestion=straight.strip())
            rest = straight
        position = 0
        while match := _ATTRIBUTE.match(rest, position):
            position = match.end()
            key = match.group(1)
            value = match.group(2) if match.group(2) is not None else match.group(3)
            if key not in _ATTRIBUTES[name]:
                if known := ", ".join(_ATTRIBUTES[name]):
                    self.report("lesson.attribute-unknown", line, key=key, name=name, known=known)
                else:
                    self.report("lesson.attribute-none", line, key=key, name=name)
            elif key in attributes:
                self.report("lesson.attribute-twice", line, key=key)
            attributes[key] = value
        if rest[position:].strip():
            self.report("lesson.attribute-unreadable", line, found=rest[position:].strip())
        for key in _NEEDED.get(name, ()):
            if not attributes.get(key, "").strip():
                self.report("lesson.attribute-missing", line, key=key, name=name)
        return _Directive(name, attributes, line)

    # --- blocks

    def _blocks(self, parts: Sequence[_Lines | _Directive]) -> tuple[Block, ...]:
        return tuple(block for part in parts for block in self._block(part))

    def _block(self, part: _Lines | _Directive) -> Iterator[Block]:
        if isinstance(part, _Lines):
            if part.text.strip():
                rendered = self._render(part.text, part.first_line)
                if rendered.html.strip():
                    yield Prose(part.text, rendered.html, Place(self.file, part.first_line))
            return
        if part.name == "check":
            if check := self._check(part):
                yield check
            return
        blocks = self._blocks(part.parts)
        if part.name not in get_args(CallOutKind):
            yield from blocks  # an unknown directive: reported; what it holds is still looked at
            return
        if not blocks:
            self.report("lesson.directive-empty", part.line, name=part.name)
        law = self._law(part) if part.name == "law" else None
        yield CallOut(cast("CallOutKind", part.name), blocks, law, Place(self.file, part.line))

    def _render(self, source: str, first_line: int, *, inline: bool = False) -> Rendered:
        rendered = render(
            source,
            file=self.file,
            first_line=first_line,
            inline=inline,
            find_picture=self._find_picture,
            references=self.references,
        )
        self.problems.extend(rendered.problems)
        self.heading_levels.extend(rendered.heading_levels)
        return rendered

    def _find_picture(self, source: str, place: Place) -> Picture | Sequence[Problem]:
        from urllib.parse import unquote  # CommonMark percent-encodes what is not ASCII

        found = find_image(unquote(source), beside=self.folder, inside=self.course_folder, place=place)
        if not isinstance(found, Image):
            return found
        self.images.append(found)
        return Picture(found.name, found.width, found.height)

    def _law(self, directive: _Directive) -> LawReference:
        date: datetime.date | None = None
        if written := directive.attributes.get("date"):
            try:
                date = datetime.date.fromisoformat(written)
            except ValueError:
                self.report("lesson.law-date", directive.line, value=written)
        return LawReference(
            act=directive.attributes.get("act", ""),
            article=directive.attributes.get("article", ""),
            date=date,
            checked=self._yes(directive, "checked"),
        )

    def _yes(self, directive: _Directive, key: str) -> bool:
        value = directive.attributes.get(key, "no")
        if value not in ("yes", "no"):
            self.report("lesson.attribute-yes-no", directive.line, key=key, value=value)
        return value == "yes"

    # --- knowledge checks

    def _check(self, directive: _Directive) -> Check | None:
        before = len(self.problems)
        check_id = directive.attributes.get("id", "")
        kind = directive.attributes.get("kind", "")
        if check_id and (not _IDENTIFIER.fullmatch(check_id) or len(check_id) > 40):
            self.report("lesson.check-id", directive.line, id=check_id)
        if kind and kind not in get_args(CheckKind):
            known = ", ".join(get_args(CheckKind))
            self.report("lesson.check-kind", directive.line, kind=kind, known=known)
        for part in directive.parts:
            if isinstance(part, _Directive):
                self.report("lesson.check-holds-directive", part.line, name=part.name)
        lines = next((part for part in directive.parts if isinstance(part, _Lines)), _Lines(directive.line))
        case, question, options, feedback = self._check_parts(lines)
        graded = self._yes(directive, "graded")
        if not question:
            self.report("lesson.check-question", directive.line, id=check_id)
        self._judge_options(directive, kind, options)
        if any(p.severity == "error" for p in self.problems[before:]) and not (check_id and kind):
            return None
        return Check(
            id=check_id,
            kind=cast("CheckKind", kind),
            graded=graded,
            question_html=question,
            options=tuple(options),
            case_html=case,
            feedback_html=feedback,
            place=Place(self.file, directive.line),
        )

    def _check_parts(self, lines: _Lines) -> tuple[str, str, list[Option], str]:
        """What stands before the question, the question, the options, the general feedback."""
        prompt = _Lines(lines.first_line)
        feedback = _Lines(0)
        written: list[tuple[str, _Lines, _Lines]] = []  # mark, text, feedback
        for number, line in enumerate(lines.lines, lines.first_line):
            option = _OPTION.match(line)
            if option:
                if feedback.lines:
                    self.report("lesson.check-option-late", number)
                written.append((option.group(1), _Lines(number, [option.group(2) or ""]), _Lines(0)))
            elif nearly := _NEARLY_OPTION.match(line):
                self.report("lesson.check-option-written", number, found=line.strip()[:60])
                words = _Lines(number, [nearly.group(2).strip()])
                written.append((nearly.group(1) or " ", words, _Lines(0)))
            elif not written:
                prompt.lines.append(line)
            elif line.startswith(">"):
                feedback.first_line = feedback.first_line or number
                feedback.lines.append(line[1:].removeprefix(" "))
            elif line[:1] in (" ", "\t") and line.strip():
                _, text, own_feedback = written[-1]
                if line.lstrip().startswith(">"):
                    own_feedback.first_line = own_feedback.first_line or number
                    own_feedback.lines.append(line.lstrip()[1:].removeprefix(" "))
                else:
                    text.lines.append(line.strip())
            elif line.strip():
                self.report("lesson.check-stray-line", number, found=line.strip()[:60])
        case, question = self._question(prompt)
        options = [self._option(mark, text, own) for mark, text, own in written]
        general = self._render(feedback.text, feedback.first_line).html if feedback.lines else ""
        return case, question, options, general

    def _question(self, prompt: _Lines) -> tuple[str, str]:
        """The last paragraph is the question; what stands before it is the case it is about."""
        while prompt.lines and not prompt.lines[-1].strip():
            prompt.lines.pop()
        start = len(prompt.lines)
        while start > 0 and prompt.lines[start - 1].strip():
            start -= 1
        first_line = prompt.first_line + start
        rendered = self._render("\n".join(prompt.lines[start:]), first_line).html.strip()
        if not (rendered.startswith("<p>") and rendered.count("<p>") == 1 and rendered.endswith("</p>")):
            rendered = ""
        before = "\n".join(prompt.lines[:start])
        case = self._render(before, prompt.first_line).html if before.strip() else ""
        return case, rendered.removeprefix("<p>").removesuffix("</p>")

    def _option(self, mark: str, text: _Lines, feedback: _Lines) -> Option:
        if mark not in "xX ":
            self.report("lesson.check-option-mark", text.first_line, mark=mark)
        if not text.text.strip():
            self.report("lesson.check-option-empty", text.first_line)
        words = self._render(text.text, text.first_line, inline=True).html
        own = self._render(feedback.text, feedback.first_line).html if feedback.lines else ""
        return Option(words, mark in "xX", own)

    def _judge_options(self, directive: _Directive, kind: str, options: Sequence[Option]) -> None:
        line, shown = directive.line, {"id": directive.attributes.get("id", "?")}
        right = sum(option.correct for option in options)
        if kind == "truefalse":
            if len(options) != 2:
                self.report("lesson.check-two-options", line, **shown)
        elif len(options) < 2:
            self.report("lesson.check-too-few-options", line, **shown)
        elif len(options) > MAX_OPTIONS:
            self.report("lesson.check-too-many-options", line, **shown, limit=MAX_OPTIONS)
        if right == 0:
            self.report("lesson.check-no-right-answer", line, **shown)
        elif right > 1 and kind in ("single", "truefalse"):
            self.report("lesson.check-several-right", line, **shown)
        words = [option.html.strip().casefold() for option in options]
        if len(set(words)) < len(words):
            self.report("lesson.check-same-options", line, **shown)


def _each_lines(parts: Sequence[_Lines | _Directive]) -> Iterator[_Lines]:
    for part in parts:
        if isinstance(part, _Lines):
            yield part
        elif part.name != "check":
            yield from _each_lines(part.parts)
