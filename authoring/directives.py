"""The `:::` directives of a text, as a tree: what stands where, before anybody asks what it means.

    :::name key=value other="two words"
    Markdown, and other directives.
    :::

Fenced code is left alone. A directive that is not known is reported and what it holds is still looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

MAX_DEPTH = 5

_MAYBE = re.compile(r" {0,3}[`~:]")
_BEGINNINGS = (" ", "`", "~", ":")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_DIRECTIVE = re.compile(r"^ {0,3}:{3,}[ \t]*([A-Za-z][\w-]*)?(.*)$")
_ATTRIBUTE = re.compile(r'\s*([A-Za-z][\w-]*)\s*=\s*(?:"([^"]*)"|([^\s"]+))')
_QUOTED = re.compile(r'=[ \t]*"[^"]*"|(=[ \t]*)(?:[“„”]([^"“„”]*)["“„”]|"([^"“„”]*)[“„”])')
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")

Report = Callable[..., None]
"""Takes a code and a line, and named values."""


@dataclass
class Lines:
    """Lines of Markdown that belong together, beginning at `first_line` of the file."""

    first_line: int
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The lines as they were written."""
        return "\n".join(self.lines)

    @property
    def blank(self) -> bool:
        """Whether nothing is written there."""
        return not any(line.strip() for line in self.lines)


@dataclass
class Directive:
    """One directive with what it holds."""

    name: str
    attributes: dict[str, str]
    line: int
    parts: list[Lines | Directive] = field(default_factory=list)

    @property
    def own_lines(self) -> Lines:
        """The Markdown before the first directive inside it."""
        first = self.parts[0] if self.parts else None
        return first if isinstance(first, Lines) else Lines(self.line)


@dataclass(frozen=True)
class Signature:
    """Which attributes a directive takes, and which of them it cannot do without."""

    attributes: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()


@dataclass
class Headed:
    """A heading and everything up to the next heading of its level."""

    level: int
    title: str
    line: int
    parts: list[Lines | Directive] = field(default_factory=list)


def split_directives(
    body: str, first_line: int, known: Mapping[str, Signature], report: Report
) -> list[Lines | Directive]:
    """The parts of a text that begins on `first_line`; what is wrong is reported with its line."""
    top: list[Lines | Directive] = []
    open_directives: list[Directive] = []
    too_deep = 0
    code_fence = ""
    lines = body.split("\n")
    # Few lines: the others are text whatever stands around them.
    special = [at for at, line in enumerate(lines) if line[:1] in _BEGINNINGS and _MAYBE.match(line)]
    done = 0
    for at in (*special, len(lines)):
        parts = open_directives[-1].parts if open_directives else top
        if done < at:
            _add(parts, first_line + done, lines[done:at])
        if at == len(lines):
            break
        number, line, done = first_line + at, lines[at], at + 1
        code_fence = _fence_after(line, code_fence)
        match = None if code_fence else _DIRECTIVE.match(line)
        if match is None:
            _add(parts, number, [line])
        elif match.group(1):
            directive = _open(match.group(1), match.group(2), number, known, report)
            if len(open_directives) >= MAX_DEPTH:
                report("lesson.directive-too-deep", number, limit=MAX_DEPTH)
                too_deep += 1
                continue
            parts.append(directive)
            open_directives.append(directive)
        elif match.group(2).strip():
            report("lesson.directive-name-missing", number, found=match.group().strip()[:60])
        elif too_deep:
            too_deep -= 1  # it closes one that was left out
        elif open_directives:
            open_directives.pop()
        else:
            report("lesson.directive-not-open", number)
    for directive in open_directives:
        report("lesson.directive-not-closed", directive.line, name=directive.name)
    return top


def _add(parts: list[Lines | Directive], number: int, lines: list[str]) -> None:
    """Lines that follow on the last part, where that is text, else begin one."""
    if parts and isinstance(last := parts[-1], Lines):
        last.lines.extend(lines)
    else:
        parts.append(Lines(number, lines))


def _fence_after(line: str, code_fence: str) -> str:
    """The fence of code that is open after this line, or nothing."""
    fence = _FENCE.match(line)
    if fence and not code_fence:
        return fence.group(1)
    if fence and fence.group(1).startswith(code_fence) and not line.strip().strip(code_fence[0]):
        return ""
    return code_fence


def _open(name: str, rest: str, line: int, known: Mapping[str, Signature], report: Report) -> Directive:
    signature = known.get(name)
    if signature is None:
        report("lesson.directive-unknown", line, name=name[:40], known=", ".join(known))
        return Directive(name, {}, line)
    attributes: dict[str, str] = {}
    straight = _QUOTED.sub(lambda q: q[0] if q[1] is None else f'{q[1]}"{q[2] or q[3] or ""}"', rest)
    if straight != rest:
        report("lesson.word-quotes", line, found=rest.strip(), suggestion=straight.strip())
        rest = straight
    position = 0
    while match := _ATTRIBUTE.match(rest, position):
        position = match.end()
        key = match.group(1)
        value = match.group(2) if match.group(2) is not None else match.group(3)
        if key not in signature.attributes:
            if names := ", ".join(signature.attributes):
                report("lesson.attribute-unknown", line, key=key, name=name, known=names)
            else:
                report("lesson.attribute-none", line, key=key, name=name)
        elif key in attributes:
            report("lesson.attribute-twice", line, key=key)
        attributes[key] = value
    if rest[position:].strip():
        report("lesson.attribute-unreadable", line, found=rest[position:].strip())
    for key in signature.needed:
        if not attributes.get(key, "").strip():
            report("lesson.attribute-missing", line, key=key, name=name)
    return Directive(name, attributes, line)


def each_lines(parts: Sequence[Lines | Directive]) -> Iterator[Lines]:
    """All Markdown, also that inside directives."""
    for part in parts:
        if isinstance(part, Lines):
            yield part
        else:
            yield from each_lines(part.parts)


def split_at_headings(parts: Sequence[Lines | Directive]) -> tuple[list[Lines | Directive], list[Headed]]:
    """What stands before the first heading, and the sections that begin with headings of its level (or above)."""
    before: list[Lines | Directive] = []
    sections: list[Headed] = []

    def here() -> list[Lines | Directive]:
        return sections[-1].parts if sections else before

    for part in parts:
        if isinstance(part, Directive):
            here().append(part)
            continue
        code_fence = ""
        for number, line in enumerate(part.lines, part.first_line):
            code_fence = _fence_after(line, code_fence)
            heading = None if code_fence else _HEADING.match(line)
            if heading and (not sections or len(heading[1]) <= sections[0].level):
                sections.append(Headed(len(heading[1]), heading[2], number))
                continue
            into = here()
            if not into or not isinstance(into[-1], Lines):
                into.append(Lines(number))
            cast("Lines", into[-1]).lines.append(line)
    return before, sections
