"""Which cells of a breakdown are not shown, so that nobody can be found by counting. Pure.

The rule, as `docs/formats/programme.md` tells it:

1. A cell of one to four persons is small, and is not shown. Nought is shown, and so is the whole programme's figure.
2. Where a small cell stands beside others whose sum is shown, subtraction would give it away. So in each such group
   the smallest cells that are not nought go with it, until at least two are hidden and their sum is at least three
   more than their number: then each of them can still be any of several numbers. So that this holds even for one who
   applies this rule to what they suppose, the next smallest goes too where a table that differs by one to four
   persons between two hidden cells would not look the same.
3. Where that is not possible with the cells that are not nought, the whole group is hidden, its noughts too.
4. Institutions and regions are one table: a hidden region hides at least one of its institutions, and the regions that
   are hidden together are one group.
5. Where the programme's figure is itself one to four, no breakdown of it is shown.

Hidden cells look all alike: "<5" for the small ones alone would give away what four and four add up to.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

SMALL = 5
"""Cells of fewer persons than this, but of one at least, are small."""

_ROOM = 3
_MOVED = (1, -1, 2, -2, 3, -3, 4, -4)


@dataclass(frozen=True)
class Cell:
    """`persons` are those counted in the cell, `heads` everybody who took part there: one person may do so in two."""

    persons: int = 0
    heads: int = 0

    @property
    def is_small(self) -> bool:
        """Whether it must not be shown."""
        return 0 < self.persons < SMALL or 0 < self.heads < SMALL


def hidden(cells: Mapping[str, Cell]) -> frozenset[str]:
    """The names of the cells of one group, whose sum is shown, that are not shown."""
    total = sum(cell.persons for cell in cells.values())
    if 0 < total < SMALL:
        return frozenset(cells)
    gone = _with_others(cells, _small(cells))
    while gone and len(gone) < len(cells) and not _could_be_others(cells, gone):
        more = _smallest(cells, gone)
        gone = gone | {more[0]} if more else frozenset(cells)
    return gone


def hidden_nested(
    regions: Mapping[str, Mapping[str, Cell]], whole: Mapping[str, Cell]
) -> tuple[frozenset[str], frozenset[str]]:
    """The names of the regions and of the institutions that are not shown.

    `regions` holds the cells of the institutions by region and name, `whole` the regions' own cells.
    """
    total = sum(cell.persons for cell in whole.values())
    if 0 < total < SMALL:
        return frozenset(whole), frozenset(name for cells in regions.values() for name in cells)
    hidden_regions = hidden(whole)
    gone: set[str] = set()
    together: dict[str, Cell] = {}
    begin: set[str] = set()
    for region, cells in sorted(regions.items()):
        if region not in hidden_regions:
            gone |= hidden(cells)
            continue
        together.update(cells)
        # A region whose institutions all were shown would not be hidden at all.
        begin |= _small(cells) or set(_smallest(cells, ())[:1]) or set(cells)
    return hidden_regions, frozenset(gone | _with_others(together, begin))


def _small(cells: Mapping[str, Cell]) -> frozenset[str]:
    return frozenset(name for name, cell in cells.items() if cell.is_small)


def _with_others(cells: Mapping[str, Cell], begin: Collection[str]) -> frozenset[str]:
    """Those to begin with, and the smallest others until their sum leaves a choice."""
    gone = set(begin)
    if not gone:
        return frozenset()
    more = _smallest(cells, gone)
    while len(gone) < 2 or sum(cells[name].persons for name in gone) < len(gone) + _ROOM:
        if not more:
            return frozenset(cells)
        gone.add(more.pop(0))
    return frozenset(gone)


def _could_be_others(cells: Mapping[str, Cell], gone: frozenset[str]) -> bool:
    """Whether each hidden cell could be another number, in a table that hides the same cells."""
    return all(
        any(_looks_the_same(cells, gone, one, other, by) for other in sorted(gone - {one}) for by in _MOVED)
        for one in sorted(gone)
    )


def _looks_the_same(cells: Mapping[str, Cell], gone: frozenset[str], one: str, other: str, by: int) -> bool:
    moved = {one: cells[one].persons + by, other: cells[other].persons - by}
    if min(moved.values()) < 1:
        return False
    supposed = {**cells, **{name: Cell(persons, persons) for name, persons in moved.items()}}
    return _with_others(supposed, _small(supposed)) == gone


def _smallest(cells: Mapping[str, Cell], without: Collection[str]) -> list[str]:
    """The names of cells that are not nought, from the smallest."""
    found = [name for name, cell in cells.items() if cell.persons and name not in without]
    return sorted(found, key=lambda name: (cells[name].persons, name))
