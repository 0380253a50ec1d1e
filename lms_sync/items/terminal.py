"""The report on a quiz's questions for a terminal: a line for each position, and what is to be looked at."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from lms_sync.items.report import ItemsReport
from lms_sync.items.words import Words

_COLUMNS = ("n", "facility", "discrimination", "efficiency", "effective")
_NARROWEST_NAME = 16


def terminal_lines(report: ItemsReport, language: str, *, width: int = 80) -> Iterator[str]:
    """The lines, none longer than `width` where names allow it."""
    words = Words(report, language)
    analysis = report.analysis
    yield ", ".join(
        [
            words.say(f"which-{analysis.which}"),
            words.say("attempts", n=analysis.quiz.n),
            words.say("persons", n=analysis.persons),
        ]
    )
    if not analysis.enough:
        yield from textwrap.wrap(words.say("too-few"), width)
        return
    figures = "   ".join(f"{name} {value}" for name, value, _ in words.quiz_figures())
    yield from textwrap.wrap(figures, width)
    yield ""
    head = [
        words.say("column-slot"),
        words.say("column-question"),
        *(words.say(f"column-{name}") for name in _COLUMNS),
    ]
    rows = []
    for one in analysis.positions:
        shown = words.figures(one.figures, None)
        rows.append([str(one.slot), words.position(one), *(shown[name] for name in _COLUMNS)])
    words_of = [max(map(len, cell.split())) for cell in head]
    sizes = [max(words_of[column], *(len(row[column]) for row in rows)) for column in range(len(head))]
    room = max(_NARROWEST_NAME, width - sum(sizes) + sizes[1] - 2 * (len(sizes) - 1))
    sizes[1] = min(room, sizes[1])
    yield from _row_lines(head, sizes)
    yield "─" * (sum(sizes) + 2 * (len(sizes) - 1))
    for row in rows:
        yield from _row_lines(row, sizes)
    yield from _flags(report, words, width)
    if report.learned is not None and report.before is not None:
        learned = report.learned
        yield ""
        yield from textwrap.wrap(
            f"{words.say('gain')}: {words.say('gain-note', before=report.before.title, n=learned.n)} "
            f"{words.of_hundred(learned.before, 1)} → {words.of_hundred(learned.after, 1)}, "
            f"{words.say('gain-normalised')} {words.number(learned.normalised)} "
            f"({words.say('interval')} {words.gain_interval(learned.normalised_interval, 2)})",
            width,
        )


def _row_lines(row: Sequence[str], sizes: Sequence[int]) -> Iterator[str]:
    """The lines of a row whose cells may take several; the second column is to the left, the others to the right."""
    cells = [textwrap.wrap(cell, size) or [""] for cell, size in zip(row, sizes, strict=True)]
    for number in range(max(map(len, cells))):
        line = [cell[number] if number < len(cell) else "" for cell in cells]
        placed = [
            text.ljust(size) if column == 1 else text.rjust(size)
            for column, (text, size) in enumerate(zip(line, sizes, strict=True))
        ]
        yield "  ".join(placed).rstrip()


def _flags(report: ItemsReport, words: Words, width: int) -> Iterator[str]:
    told = [(one.grave, "", words.flag(one)) for one in report.analysis.flags]
    told += [
        (flag.grave, f"{words.question(one.key)}: ", words.flag(flag))
        for one in report.analysis.questions
        for flag in one.flags
    ]
    if not told:
        return
    yield ""
    yield words.say("look") + ":"
    for grave, where, said in sorted(told, key=lambda one: not one[0]):
        mark = "‼ " if grave else "· "
        yield from textwrap.wrap(f"{mark}{where}{said}", width, subsequent_indent="  ")
