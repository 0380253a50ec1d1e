"""The pictures of a coverage report as SVG: a map of tiles, progress over time, gains. Pure, and the same every time.

Colours stand in the pictures themselves, so that a PDF has them; a page may set others by the classes. Nothing is
told by colour alone: every tile has its number, every line its own mark.
"""

from __future__ import annotations

import csv
import datetime
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

TILES = Path(__file__).parent / "tiles"

STEPS = ("#f3f6f8", "#d3e4ea", "#a9cdd8", "#6fa9bb", "#33768d", "#1f5b71", "#103a4a")
"""From nothing reached to everything."""

_LIGHT_TEXT_FROM = 4
_SIDE = 100
_GAP = 4
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"


@dataclass(frozen=True)
class Tile:
    """Where an institution stands on the map, and how it is called there."""

    code: str
    column: int
    row: int
    short: str
    name: str


@dataclass(frozen=True)
class TileValue:
    """What a tile shows: so many of so many, whether it has its award, and all of it in words."""

    reached: int
    of: int
    certified: bool
    said: str


def tile_layout(codes: Sequence[str]) -> tuple[Tile, ...]:
    """The hand-laid map that has a place for every one of the institutions; () where no map has."""
    for path in sorted(TILES.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            tiles = [
                Tile(row["code"], int(row["column"]), int(row["row"]), row["short"], row["name"])
                for row in csv.DictReader(file)
            ]
        if codes and set(codes) <= {tile.code for tile in tiles}:
            return tuple(tile for tile in tiles if tile.code in codes)
    return ()


def step_of(reached: int, of: int) -> int:
    """Which of the seven colours: the first for nothing, the last for everything, between them by share."""
    last = len(STEPS) - 1
    if of == 0 or reached <= 0:
        return 0
    return last if reached >= of else max(1, min(last - 1, math.floor(reached / of * last)))


def tile_map(
    tiles: Sequence[Tile],
    values: Mapping[str, TileValue],
    regions: Mapping[str, str],
    title: str,
    *,
    font: str = _FONT,
) -> str:
    """The map: a tile for each institution, a thick line between regions, a star for who has its own award."""
    columns, rows = max(tile.column for tile in tiles) + 1, max(tile.row for tile in tiles) + 1
    width, height = columns * _SIDE, rows * _SIDE
    at = {(tile.column, tile.row): tile for tile in tiles}
    parts = [
        _opening("map", f"-6 -6 {width + 12} {height + 12}", title, font),
        *(_tile(tile, values[tile.code]) for tile in tiles),
    ]
    lines = []
    for (column, row), tile in at.items():
        for across, down in ((1, 0), (0, 1)):
            other = at.get((column + across, row + down))
            if other is None or regions.get(other.code) == regions.get(tile.code):
                continue
            if across:
                lines.append(f"M{(column + 1) * _SIDE} {row * _SIDE}v{_SIDE}")
            else:
                lines.append(f"M{column * _SIDE} {(row + 1) * _SIDE}h{_SIDE}")
    if lines:
        parts.append(
            f'<path class="border" d="{"".join(lines)}" fill="none" stroke="#1f2329" stroke-width="4.5" '
            'stroke-linecap="round"/>'
        )
    parts.append("</svg>")
    return "".join(parts)


def _opening(kind: str, box: str, title: str, font: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{kind}" viewBox="{box}" role="img" '
        f'aria-label="{escape(title)}" font-family="{escape(font)}" font-size="11">'
    )


def _tile(tile: Tile, value: TileValue) -> str:
    x, y, inner = tile.column * _SIDE + _GAP, tile.row * _SIDE + _GAP, _SIDE - 2 * _GAP
    step = step_of(value.reached, value.of)
    ink = "#ffffff" if step >= _LIGHT_TEXT_FROM else "#1f2329"
    middle = x + inner / 2
    star = (
        f'<path class="star s{step}" transform="translate({x + inner - 5} {y + 5})" fill="#f2c14e" stroke="#1f2329" '
        f'stroke-width="1.2" d="{_star(13)}"/>'
        if value.certified
        else ""
    )
    return (
        f"<g><title>{escape(value.said)}</title>"
        f'<rect class="tile s{step}" x="{x}" y="{y}" width="{inner}" height="{inner}" rx="9" fill="{STEPS[step]}" '
        f'stroke="{"#b9c3cc" if step < 2 else STEPS[step]}" stroke-width="1.5"/>{star}'
        f'<g class="ink s{step}" fill="{ink}" text-anchor="middle">'
        f"{_name(tile.name, middle, y + 30)}"
        f'<text class="short" x="{middle:g}" y="{y + 38}" font-size="28" font-weight="600" display="none">'
        f"{escape(tile.short)}</text>"
        f'<text class="figure" x="{middle:g}" y="{y + 77}" font-size="29" font-weight="700">{value.reached}'
        f'<tspan font-size="17" font-weight="400" dx="1">/{value.of}</tspan></text>'
        "</g></g>"
    )


def _name(name: str, middle: float, y: int) -> str:
    words = name.replace("-", "- ").split()
    if len(name) <= 12 and len(words) == 1:
        size = 15.5 if len(name) <= 10 else 13.6
        return f'<text class="name" x="{middle:g}" y="{y}" font-size="{size}">{escape(name)}</text>'
    half = max(1, len(words) // 2)
    first, second = " ".join(words[:half]), " ".join(words[half:])
    return (
        f'<text class="name" x="{middle:g}" y="{y - 8}" font-size="14">{escape(first)}'
        f'<tspan x="{middle:g}" dy="16">{escape(second)}</tspan></text>'
    )


def _star(radius: float) -> str:
    points = []
    for index in range(10):
        length = radius if index % 2 == 0 else radius * 0.42
        angle = math.pi * index / 5 - math.pi / 2
        points.append(f"{length * math.cos(angle):.2f} {length * math.sin(angle):.2f}")
    return f"M{'L'.join(points)}Z"


# --- over time --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Series:
    """A figure over time with where it should be: points of the past, the targets, and the baseline they begin from."""

    begin: datetime.date
    end: datetime.date
    baseline: float | None
    points: tuple[tuple[datetime.date, float], ...]
    targets: tuple[tuple[datetime.date, float], ...]
    as_of: datetime.date


def progress_chart(
    series: Series,
    title: str,
    *,
    number: Callable[[float], str],
    day: Callable[[datetime.date], str],
    font: str = _FONT,
) -> str:
    """A line with dots for what is, a dashed one with diamonds for what should be."""
    width, height, left, right, top, bottom = 380, 190, 44, 14, 14, 30
    highest = max([series.baseline or 0, *(value for _, value in (*series.points, *series.targets)), 1])
    step = _nice(highest / 3)
    most = step * math.ceil(highest / step - 1e-9)
    days = max(1, (series.end - series.begin).days)

    def x(on: datetime.date) -> float:
        return left + (width - left - right) * min(max((on - series.begin).days / days, 0), 1)

    def y(value: float) -> float:
        return height - bottom - (height - top - bottom) * value / most

    parts = [_opening("chart", f"0 0 {width} {height}", title, font)]
    value = 0.0
    while value <= most + 1e-9:
        parts.append(
            f'<path class="grid" d="M{left} {y(value):.1f}H{width - right}" stroke="#d7dee3" stroke-width="1"/>'
            f'<text class="soft" x="{left - 6}" y="{y(value) + 3.6:.1f}" text-anchor="end" fill="#5b626c">'
            f"{escape(number(value))}</text>"
        )
        value += step
    for on, anchor in ((series.begin, "start"), (series.end, "end")):
        parts.append(
            f'<text class="soft" x="{x(on):.1f}" y="{height - 9}" text-anchor="{anchor}" fill="#5b626c">'
            f"{escape(day(on))}</text>"
        )
    if series.targets:
        begin = [] if series.baseline is None else [(series.begin, series.baseline)]
        wanted = [*begin, *series.targets]
        parts.append(
            f'<path class="target-line" d="{_line(wanted, x, y)}" fill="none" stroke="#9a4d00" stroke-width="1.6" '
            'stroke-dasharray="5 4"/>'
        )
        for on, value in series.targets:
            parts.append(
                f'<path class="target" transform="translate({x(on):.1f} {y(value):.1f})" d="M0-6L6 0L0 6L-6 0Z" '
                'fill="#ffffff" stroke="#9a4d00" stroke-width="1.8"/>'
            )
    if series.points:
        parts.append(
            f'<path class="line" d="{_line(series.points, x, y)}" fill="none" stroke="#1f6178" stroke-width="2.6" '
            'stroke-linejoin="round"/>'
        )
        for on, value in series.points:
            parts.append(
                f'<circle class="dot" cx="{x(on):.1f}" cy="{y(value):.1f}" r="4" fill="#1f6178" stroke="#ffffff" '
                'stroke-width="1.2"/>'
            )
        on, value = series.points[-1]
        right_side = x(on) < width - 70
        parts.append(
            f'<text class="strong" x="{x(on) + (9 if right_side else -9):.1f}" y="{max(y(value) - 7, 12):.1f}" '
            f'text-anchor="{"start" if right_side else "end"}" font-weight="700" font-size="13" fill="#123f50">'
            f"{escape(number(value))}</text>"
        )
    parts.append("</svg>")
    return "".join(parts)


def _line(
    points: Sequence[tuple[datetime.date, float]],
    x: Callable[[datetime.date], float],
    y: Callable[[float], float],
) -> str:
    return "M" + "L".join(f"{x(on):.1f} {y(value):.1f}" for on, value in points)


def _nice(step: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50 …: what people count in; whole numbers only."""
    if step <= 1:
        return 1
    power = 10.0 ** math.floor(math.log10(step))
    return min(factor * power for factor in (1, 2, 5, 10) if factor * power >= step - 1e-9)


# --- before and after -------------------------------------------------------------------------


def gain_chart(
    before: float,
    after: float,
    title: str,
    *,
    labels: tuple[str, str],
    interval: tuple[float, float] | None,
    number: Callable[[float], str],
    font: str = _FONT,
) -> str:
    """From a mean before, an open circle, to a mean after, a filled one, on a line from 0 to 100 per cent."""
    width, height, left, right = 380, 92, 16, 16
    line = 52

    def x(value: float) -> float:
        return left + (width - left - right) * min(max(value, 0), 100) / 100

    parts = [_opening("chart", f"0 0 {width} {height}", title, font)]
    parts += [
        (
            f'<path class="grid" d="M{x(mark):.1f} {line - 9}v18" stroke="#d7dee3"/>'
            f'<text class="soft" x="{x(mark):.1f}" y="{height - 12}" text-anchor="middle" fill="#5b626c">'
            f"{escape(number(mark))}</text>"
        )
        for mark in (0, 25, 50, 75, 100)
    ]
    parts.append(f'<path class="grid" d="M{left} {line}H{width - right}" stroke="#d7dee3" stroke-width="2"/>')
    if interval is not None:
        low, high = before + interval[0], before + interval[1]
        parts.append(
            f'<rect class="band" x="{x(low):.1f}" y="{line - 7}" width="{max(x(high) - x(low), 1):.1f}" height="14" '
            'fill="#a9cdd8"/>'
        )
    parts.append(
        f'<path class="line" d="M{x(before):.1f} {line}H{x(after):.1f}" stroke="#1f6178" stroke-width="3"/>'
        f'<circle class="open" cx="{x(before):.1f}" cy="{line}" r="6" fill="#ffffff" stroke="#1f6178" '
        'stroke-width="2.4"/>'
        f'<circle class="dot" cx="{x(after):.1f}" cy="{line}" r="6.5" fill="#1f6178"/>'
    )
    apart = abs(x(after) - x(before)) > 110
    for value, label, side in ((before, labels[0], -1), (after, labels[1], 1)):
        anchor = "middle" if apart else ("end" if (side < 0) == (before <= after) else "start")
        shift = 0 if apart else (-4 if anchor == "end" else 4)
        at = min(
            max(x(value) + shift, 40 if anchor != "start" else 4), width - (40 if anchor != "end" else 4)
        )
        parts.append(
            f'<text class="strong" x="{at:.1f}" y="{line - 20}" text-anchor="{anchor}" fill="#123f50">'
            f'{escape(label)} <tspan font-weight="700">{escape(number(value))}</tspan></text>'
        )
    parts.append("</svg>")
    return "".join(parts)
