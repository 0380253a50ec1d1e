"""From what is published nobody can work out what is not, not even by applying the rule to what they suppose."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programmes.suppression import Cell, hidden, hidden_nested


def every_table(total: int, cells: int) -> Iterator[tuple[int, ...]]:
    if cells == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in every_table(total - first, cells - 1):
            yield (first, *rest)


def published(values: Mapping[str, int], gone: frozenset[str]) -> tuple[int | None, ...]:
    return tuple(None if name in gone else value for name, value in values.items())


@pytest.mark.parametrize("cells", [2, 3, 4, 5])
def test_every_hidden_cell_of_every_small_table_could_be_several_numbers(cells: int) -> None:
    for total in range(16 if cells < 5 else 14):
        fibres = defaultdict(list)
        for table in every_table(total, cells):
            values = {str(number): value for number, value in enumerate(table)}
            gone = hidden({name: Cell(value, value) for name, value in values.items()})
            fibres[published(values, gone)].append(table)
        for shown, tables in fibres.items():
            for number, value in enumerate(shown):
                if value is None:
                    assert len({table[number] for table in tables}) > 1, (shown, tables)


@pytest.mark.parametrize("shape", [(2, 2), (2, 1, 1), (1, 1, 1), (3, 2)])
def test_nor_is_a_region_or_an_institution_found_by_adding_up_the_others(shape: tuple[int, ...]) -> None:
    for total in range(12 if sum(shape) < 5 else 11):
        fibres = defaultdict(list)
        for table in every_table(total, sum(shape)):
            regions: dict[str, dict[str, Cell]] = {}
            rest = list(table)
            for number, size in enumerate(shape):
                some, rest = rest[:size], rest[size:]
                regions[f"r{number}"] = {f"r{number}i{k}": Cell(value, value) for k, value in enumerate(some)}
            sums = {name: sum(cell.persons for cell in cells.values()) for name, cells in regions.items()}
            values = sums | {name: cell.persons for cells in regions.values() for name, cell in cells.items()}
            gone = hidden_nested(regions, {name: Cell(value, value) for name, value in sums.items()})
            fibres[published(values, gone[0] | gone[1])].append(tuple(values.values()))
        for shown, tables in fibres.items():
            for number, value in enumerate(shown):
                if value is None:
                    assert len({table[number] for table in tables}) > 1, (shown, tables)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=61))
def test_no_small_cell_is_shown_and_no_single_one_hidden(values: list[int]) -> None:
    cells = {f"i{number}": Cell(value, value) for number, value in enumerate(values)}
    gone = hidden(cells)
    assert all(name in gone for name, value in zip(cells, values, strict=True) if 0 < value < 5)
    if not any(0 < value < 5 for value in values):
        assert not gone
    elif len(values) > 1:
        assert len(gone) > 1


def test_noughts_are_shown() -> None:
    assert hidden({"a": Cell(0), "b": Cell(20, 20), "c": Cell(3, 3), "d": Cell(9, 9)}) == {"c", "d"}


def test_a_cell_where_few_took_part_again_is_small_too() -> None:
    # Counted as persons elsewhere, but there with a second participation.
    assert "b" in hidden({"a": Cell(20, 20), "b": Cell(0, 2), "c": Cell(9, 9)})
