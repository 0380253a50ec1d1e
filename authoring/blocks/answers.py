"""A question with its answers, as trainers write them in checks and hotspots.

What stands before the last paragraph is the case.

The last paragraph is the question.
- [x] A right answer
  > Feedback to it
- [ ] A wrong one
> Feedback for everybody
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from authoring.blocks.reading import Reading
from authoring.directives import Lines

_OPTION = re.compile(r"^[-*] \[(.)\](?:[ \t]+(.*))?$")
_NEARLY_OPTION = re.compile(r"^[-*+•·\u2010-\u2015\u2212][ \t]*\[[ \t]*(\S?)[ \t]*\](?![(\[:])(.*)$")


@dataclass
class Answer:
    """One answer as written: its mark, its words, the feedback to it."""

    mark: str
    text: Lines
    feedback: Lines

    @property
    def right(self) -> bool:
        """Whether it is marked as right."""
        return self.mark in "xX"


@dataclass
class Question:
    """The parts of a question, the Markdown of the answers not yet rendered."""

    case_html: str
    question_html: str
    answers: list[Answer]
    feedback_html: str


def read_question(lines: Lines, reading: Reading) -> Question:
    """Takes the lines of a question apart; what is wrong with their form is reported."""
    prompt = Lines(lines.first_line)
    feedback = Lines(0)
    answers: list[Answer] = []
    for number, line in enumerate(lines.lines, lines.first_line):
        option = _OPTION.match(line)
        if option:
            if feedback.lines:
                reading.report("lesson.check-option-late", number)
            answers.append(Answer(option.group(1), Lines(number, [option.group(2) or ""]), Lines(0)))
        elif nearly := _NEARLY_OPTION.match(line):
            reading.report("lesson.check-option-written", number, found=line.strip()[:60])
            words = Lines(number, [nearly.group(2).strip()])
            answers.append(Answer(nearly.group(1) or " ", words, Lines(0)))
        elif not answers:
            prompt.lines.append(line)
        elif line.startswith(">"):
            add_quoted(feedback, number, line)
        elif line[:1] in (" ", "\t") and line.strip():
            if line.lstrip().startswith(">"):
                add_quoted(answers[-1].feedback, number, line.lstrip())
            else:
                answers[-1].text.lines.append(line.strip())
        elif line.strip():
            reading.report("lesson.check-stray-line", number, found=line.strip()[:60])
    case, question = split_prompt(prompt, reading)
    for answer in answers:
        if answer.mark not in "xX ":
            reading.report("lesson.check-option-mark", answer.text.first_line, mark=answer.mark)
        if answer.text.blank:
            reading.report("lesson.check-option-empty", answer.text.first_line)
    return Question(case, question, answers, feedback_html(feedback, reading))


def add_quoted(feedback: Lines, number: int, line: str) -> None:
    """Adds a line that begins with > to a feedback."""
    feedback.first_line = feedback.first_line or number
    feedback.lines.append(line[1:].removeprefix(" "))


def feedback_html(feedback: Lines, reading: Reading) -> str:
    """A feedback, or nothing where there is none."""
    return reading.html(feedback) if feedback.lines else ""


def split_prompt(prompt: Lines, reading: Reading) -> tuple[str, str]:
    """The case, and the question: the last paragraph, as one line of HTML; empty where it is not one paragraph."""
    lines = list(prompt.lines)
    while lines and not lines[-1].strip():
        lines.pop()
    start = len(lines)
    while start > 0 and lines[start - 1].strip():
        start -= 1
    rendered = reading.html(Lines(prompt.first_line + start, lines[start:])).strip()
    if not (rendered.startswith("<p>") and rendered.count("<p>") == 1 and rendered.endswith("</p>")):
        rendered = ""
    before = Lines(prompt.first_line, lines[:start])
    case = "" if before.blank else reading.html(before)
    return case, rendered.removeprefix("<p>").removesuffix("</p>")


def judge_count(
    found: Sequence[object], low: int, high: int, block: str, block_id: str, line: int, reading: Reading
) -> None:
    """Reports too few or too many things in a block."""
    if len(found) < low:
        reading.report("lesson.too-few-items", line, block=block, id=block_id, n=len(found), limit=low)
    elif len(found) > high:
        reading.report("lesson.too-many-items", line, block=block, id=block_id, n=len(found), limit=high)


def judge_same(words: Sequence[str], block_id: str, line: int, reading: Reading) -> None:
    """Reports answers that cannot be told apart."""
    if len({word.strip().casefold() for word in words}) < len(words):
        reading.report("lesson.check-same-options", line, id=block_id)
