"""The pictures of a report on a quiz's questions as SVG. Pure, and the same every time.

Nothing is told by colour alone: what is right has a full bar and a tick beside it, the best third a full dot, the weakest
an open one, a position its number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from quizzes.item_results import AnswerCount

_BAR_WIDTH, _BAR_HEIGHT = 240, 22
_MAP_WIDTH, _MAP_HEIGHT = 640, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 28, 16, 46


def answer_bar(answer: AnswerCount, said: str) -> str:
    """How many gave an answer as a bar, and the shares of the best and the weakest third as dots upon it."""
    length = _BAR_WIDTH * min(1.0, answer.share)
    best, weakest = (6 + (_BAR_WIDTH - 12) * min(1.0, share) for share in (answer.best, answer.weakest))
    kind = "right" if answer.right else "wrong"
    return (
        f'<svg class="answer" viewBox="0 0 {_BAR_WIDTH} {_BAR_HEIGHT}" role="img" aria-label="{escape(said)}">'
        f'<rect class="track" width="{_BAR_WIDTH}" height="{_BAR_HEIGHT}" rx="4"/>'
        f'<rect class="{kind}" width="{length:.1f}" height="{_BAR_HEIGHT}" rx="4"/>'
        f'<line class="between" x1="{weakest:.1f}" x2="{best:.1f}" y1="11" y2="11"/>'
        f'<circle class="weakest" cx="{weakest:.1f}" cy="11" r="5"/><circle class="best" cx="{best:.1f}" cy="11" r="5"/></svg>'
    )


@dataclass(frozen=True)
class Point:
    """A position on the map: its number, facility (0..1) and discriminative efficiency (percent)."""

    name: str
    facility: float
    efficiency: float


def item_map(
    points: Sequence[Point], title: str, across: str, up: str, number: Callable[[float], str]
) -> str:
    """Every position by how easy it is and how well it tells good from weak; what lies low or far out wants a look."""
    low = min([0.0, *(point.efficiency for point in points)])
    low = -100.0 if low < -50 else -50.0 if low < 0 else 0.0
    width, height = _MAP_WIDTH - _LEFT - _RIGHT, _MAP_HEIGHT - _TOP - _BOTTOM

    def x(facility: float) -> float:
        return _LEFT + width * facility

    def y(efficiency: float) -> float:
        return _TOP + height * (100 - max(low, min(100.0, efficiency))) / (100 - low)

    parts = [
        f'<svg class="map" viewBox="0 0 {_MAP_WIDTH} {_MAP_HEIGHT}" role="img" aria-label="{escape(title)}">'
    ]
    size = f'width="{x(0.95) - x(0.2):.1f}" height="{y(20) - y(100):.1f}"'
    parts.append(f'<rect class="good" x="{x(0.2):.1f}" y="{y(100):.1f}" {size}/>')
    for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        parts.append(
            f'<line class="grid" x1="{x(share):.1f}" x2="{x(share):.1f}" y1="{_TOP}" y2="{_TOP + height}"/>'
        )
        parts.append(
            f'<text class="soft" x="{x(share):.1f}" y="{_TOP + height + 18}" text-anchor="middle">{number(100 * share)} %</text>'
        )
    level = low
    while level <= 100:
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_LEFT + width}" y1="{y(level):.1f}" y2="{y(level):.1f}"/>'
        )
        parts.append(
            f'<text class="soft" x="{_LEFT - 8}" y="{y(level) + 4:.1f}" text-anchor="end">{number(level)} %</text>'
        )
        level += 25 if low == 0 else 50
    parts.append(
        f'<text class="soft" x="{_LEFT + width / 2:.1f}" y="{_MAP_HEIGHT - 8}" text-anchor="middle">{escape(across)}</text>'
        f'<text class="soft" transform="translate(13 {_TOP + height / 2:.1f}) rotate(-90)" text-anchor="middle">{escape(up)}</text>'
    )
    for place, point in zip(_apart([(x(p.facility), y(p.efficiency)) for p in points]), points, strict=True):
        parts.append(
            f'<circle class="dot" cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="12"/>'
            f'<text class="number" x="{place[0]:.1f}" y="{place[1] + 4:.1f}" text-anchor="middle">{escape(point.name)}</text>'
        )
    return "".join([*parts, "</svg>"])


def _apart(places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Places moved a little sideways where they would cover each other."""
    kept: list[tuple[float, float]] = []
    for x, y in places:
        moved, step = x, 1
        while any(abs(moved - a) < 20 and abs(y - b) < 20 for a, b in kept) and step < 30:
            moved = x + (step // 2 + 1) * 8 * (-1 if step % 2 else 1)
            step += 1
        kept.append((min(max(moved, _LEFT + 12), _MAP_WIDTH - _RIGHT - 12), y))
    return kept


def score_chart(bands: Sequence[int], said: str, label: Callable[[int], str]) -> str:
    """How many attempts reached which part of the marks; `bands` from the lowest to the highest."""
    width, height, below = 640, 150, 28
    most = max([1, *bands])
    each = width / max(1, len(bands))
    parts = [
        f'<svg class="scores" viewBox="0 0 {width} {height + below}" role="img" aria-label="{escape(said)}">'
    ]
    for place, count in enumerate(bands):
        tall = (height - 24) * count / most
        parts.append(
            f'<rect class="dot" x="{place * each + 3:.1f}" y="{height - tall:.1f}" width="{each - 6:.1f}" height="{tall:.1f}" rx="3"/>'
        )
        if count:
            parts.append(
                f'<text class="strong" x="{(place + 0.5) * each:.1f}" y="{height - tall - 6:.1f}" text-anchor="middle">{count}</text>'
            )
        parts.append(
            f'<text class="soft" x="{(place + 0.5) * each:.1f}" y="{height + 19}" text-anchor="middle">{escape(label(place))}</text>'
        )
    return "".join([*parts, "</svg>"])
