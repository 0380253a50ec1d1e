"""Says in an author's words why a text is no YAML.

The parser's reasons are written for those who know its grammar, and in English only. Here each becomes a
code of its own (a quote, the indentation, a comma or bracket, a colon, a sign that begins no text) with the
line as it was written, because what is wrong often stands a line before the one that the parser stops at.
"""

from __future__ import annotations

import re

import yaml

from authoring.problems import Place, Problem

MAX_SHOWN = 60

WORD_QUOTES = "“„”"
"""What word processors put in the place of straight quotes; to YAML and to directives they are letters."""

_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")  # what the parser counts as lines
_WORD_QUOTED = re.compile(rf"(?:^\s*|[:\[{{,-]\s+|[\[{{,])(?=[{WORD_QUOTES}])")
_KEY = re.compile(r"""(?:^|\s)(?:"[^"]*"|'[^']*'|[^\s:"'{\[,][^:]*):(?=\s|$)""")
_SECRET = re.compile(r"(?i)((?:token|password|secret)[^:]*:).+|[A-Za-z0-9+/=_-]{32,}")


def syntax_problem(error: yaml.YAMLError, text: str, file: str, first_line: int) -> Problem:
    """The problem that a parser's error means; `text` is what was parsed, from line `first_line` of `file`."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if not isinstance(error, yaml.MarkedYAMLError) or mark is None:
        return Problem("yaml.syntax", {"line": ""}, Place(file, first_line))
    lines = _BREAK.split(text)
    code, at = _sorted(error, lines, mark.line, mark.column)
    number, column = at
    line = lines[number] if number < len(lines) else ""
    values: dict[str, object] = {"line": shown_line(line)}
    if code == "yaml.tab":
        values = {}
    elif code == "yaml.bracket":
        values["opened"] = _opening_line(error, lines, number) + first_line
    elif code == "yaml.sign":
        values["sign"] = line[column : column + 1]
    return Problem(code, values, Place(file, number + first_line, column + 1))


def shown_line(line: str) -> str:
    """A line as messages show it: shortened, and without what may be a secret."""
    shown = _SECRET.sub(lambda found: f"{found[1] or ''}…", " ".join(line.split()))
    return shown if len(shown) <= MAX_SHOWN else shown[: MAX_SHOWN - 1] + "…"


def _sorted(error: yaml.MarkedYAMLError, lines: list[str], number: int, column: int) -> tuple[str, _At]:
    """The code of an error and where to point: line and column, both from 0."""
    reason, context = str(error.problem), str(error.context)
    start = error.context_mark
    opened = _last_written(lines, *((start.line, start.column) if start is not None else (number, column)))
    number, column = _last_written(lines, number, column)
    here = (number, column)
    line = lines[number]
    before = line[:column]
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "yaml.tab", here
    for candidate in (number, opened[0] if "flow" in context else number):
        if found := _WORD_QUOTED.search(lines[candidate]):
            return "yaml.word-quotes", (candidate, found.end())
    if "escape" in reason:
        return "yaml.backslash", here
    if "quoted scalar" in context or "-quoted" in context:
        return "yaml.quote", opened
    if "values are not allowed" in reason:
        return _colon(lines, number, column)
    if "could not find expected ':'" in reason:
        return "yaml.colon-missing", opened
    if "entries are not allowed" in reason:
        return "yaml.list-on-line", here
    if "flow" in context and "content" not in reason:
        if before.endswith(("'", '"')):
            return "yaml.quote", here
        part = re.split(r"[,{\[]", before)[-1]
        colon_again = line[column : column + 1] == ":" and _KEY.search(part) and here[0] == number
        return ("yaml.colon" if colon_again else "yaml.bracket"), here
    if "flow" in context and not line[column:].strip():
        return "yaml.bracket", here
    if "cannot start any token" in reason or "content" in reason or "keys are not allowed" in reason:
        return "yaml.sign", here
    if any(word in context for word in ("block scalar", "anchor", "alias", "tag", "irective")):
        return "yaml.sign", opened
    if "block" in context or "document start" in reason:
        if before.rstrip().endswith(("'", '"')):
            return "yaml.quote", here
        if line[column : column + 1] in ("]", "}"):
            return "yaml.sign", here
        if before.rstrip().endswith(("]", "}")):
            return "yaml.after-bracket", here
        return "yaml.indentation", here
    return "yaml.syntax", here


_At = tuple[int, int]


def _opening_line(error: yaml.MarkedYAMLError, lines: list[str], number: int) -> int:
    """The line of the bracket that is open where the error is."""
    start = error.context_mark
    if (
        start is not None
        and start.line < len(lines)
        and lines[start.line][start.column : start.column + 1] in tuple("[{")
    ):
        return start.line
    for index in range(number, -1, -1):
        line = lines[index]
        if line.count("[") + line.count("{") > line.count("]") + line.count("}"):
            return index
    return number


def _last_written(lines: list[str], number: int, column: int) -> _At:
    """The place itself, or the end of what was written before it, where it is past the end."""
    if number < len(lines) and lines[number].strip():
        return number, column
    written = [index for index, line in enumerate(lines[:number]) if line.strip()]
    return (written[-1], len(lines[written[-1]].rstrip())) if written else (0, 0)


def _colon(lines: list[str], number: int, column: int) -> tuple[str, _At]:
    """A colon that may not stand here: within a text, or after a line that was never ended."""
    if _KEY.search(lines[number][:column]):
        return "yaml.colon", (number, column)
    above = number - 1
    while above > 0 and (not lines[above].strip() or lines[above].lstrip().startswith("#")):
        above -= 1
    last = lines[above] if above >= 0 else ""
    if last.strip() and not last.lstrip().startswith("-") and not _KEY.search(last):
        return "yaml.colon-missing", (above, len(last) - len(last.lstrip()))
    return "yaml.indentation", (number, len(lines[number]) - len(lines[number].lstrip()))
