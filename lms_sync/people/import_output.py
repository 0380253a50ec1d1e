"""What `people import` understood, as lines for a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from authoring.messages import remedy, text
from authoring.problems import Problem
from lms_sync.people.import_compare import Outcome, Question
from lms_sync.people.import_people import ImportResult, UnderstoodSheet

_SHOWN = 20  # places of one kind of remark


def understood_lines(result: ImportResult, language: str) -> Iterator[str]:
    """Sheets with their columns, and every row with its person and what becomes of it."""
    for one in result.sheets:
        yield from _sheet_lines(one, language)
    outcomes = result.comparison.outcomes
    unchanged = 0
    place = max((len(outcome.row.place) for outcome in outcomes), default=0)
    kind = max((len(_kind(outcome, language)) for outcome in outcomes), default=0)
    number = max((len(outcome.idnumber) for outcome in outcomes), default=0)
    for outcome in outcomes:
        if outcome.kind == "same":
            unchanged += 1
            continue
        begin = f"{outcome.row.place.ljust(place)}  {_kind(outcome, language).ljust(kind)}"
        rest = "  ".join(part for part in (outcome.row.name or "?", _details(outcome, language)) if part)
        yield f"{begin}  {outcome.idnumber.ljust(number)}  {rest}"
    if unchanged:
        yield text("import.rows-unchanged", {"n": unchanged}, language)


def _sheet_lines(one: UnderstoodSheet, language: str) -> Iterator[str]:
    rows = f"{one.header.first_row}"
    if one.header.last_row != one.header.first_row:
        rows += f"–{one.header.last_row}"
    yield text("import.sheet", {"sheet": one.sheet.name or one.sheet.file, "rows": rows}, language)
    names = [
        text(f"import.field-{column.field.replace('_', '-')}", {}, language) for column in one.header.columns
    ]
    width = max((len(name) for name in names), default=0)
    for name, column in zip(names, one.header.columns, strict=True):
        yield f"  {name.ljust(width)}  ← “{column.header}” {one.sheet.cell_name(column.row, column.number)}"


def _kind(outcome: Outcome, language: str) -> str:
    return text(f"import.outcome-{outcome.kind}", {}, language)


def _details(outcome: Outcome, language: str) -> str:
    fields = outcome.row.fields
    changes = [
        f"{text(f'import.field-{change.field}', {}, language)}: {change.before or '–'} → {change.after or '–'}"
        for change in outcome.changes
    ]
    said = changes or [part for part in (fields.get("institution", ""), fields.get("email", "")) if part]
    return f"({'; '.join(said)})" if said else ""


def told_lines(problems: Iterable[Problem], language: str) -> Iterator[str]:
    """Remarks by kind: what was done, and at which cells."""
    by_code: dict[str, list[Problem]] = {}
    for problem in problems:
        by_code.setdefault(problem.code, []).append(problem)
    for code, some in by_code.items():
        if len(some) == 1:
            yield f"  {_where(some[0])}{text(code, some[0].params, language)}"
            continue
        yield f"  {text(code, some[0].params, language)}"
        cells = [str(one.params.get("cell") or "") for one in some]
        more = text("word.and-more", {"n": len(cells) - _SHOWN}, language) if len(cells) > _SHOWN else ""
        yield f"    {', '.join(cell for cell in cells[:_SHOWN] if cell)} {more}".rstrip()


def problem_lines(problem: Problem, language: str) -> Iterator[str]:
    """An error with its cell and what to do."""
    yield f"{_where(problem) or problem.place.file + ': '}{text(problem.code, problem.params, language)}"
    if cure := remedy(problem.code, problem.params, language):
        yield f"    {cure}"


def question_lines(question: Question, language: str) -> Iterator[str]:
    """A question with its cell and what to do."""
    yield f"{question.cell}: {text(question.reason, question.values, language)}"
    if cure := remedy(question.reason, question.values, language):
        yield f"    {cure}"
    yield f"    → {text('import.answers', {'answers': ' | '.join(question.answers)}, language)}"


def _where(problem: Problem) -> str:
    cell = str(problem.params.get("cell") or "")
    return f"{cell}: " if cell else ""


def result_json(result: ImportResult, *, written: bool) -> dict[str, object]:
    """For `--json`."""
    return {
        "file": result.file,
        "sheets": [
            {
                "name": one.sheet.name,
                "header_rows": [one.header.first_row, one.header.last_row],
                "language": one.header.language,
                "columns": [
                    {
                        "field": column.field,
                        "header": column.header,
                        "cell": one.sheet.cell_name(column.row, column.number),
                    }
                    for column in one.header.columns
                ],
            }
            for one in result.sheets
        ],
        "rows": [
            {
                "cell": outcome.row.place,
                "row": outcome.row.row,
                "outcome": outcome.kind,
                "idnumber": outcome.idnumber,
                "person": dict(outcome.row.fields),
                "changes": [
                    {"field": change.field, "before": change.before, "after": change.after}
                    for change in outcome.changes
                ],
            }
            for outcome in result.comparison.outcomes
        ],
        "problems": [one.as_json() for one in result.errors],
        "told": [one.as_json() for one in result.told],
        "questions": [
            {
                "key": one.key,
                "cell": one.cell,
                "says": one.said,
                "reason": one.reason,
                "proposed": one.proposed,
                "answers": list(one.answers),
            }
            for one in result.comparison.questions
        ],
        "written": written,
    }
