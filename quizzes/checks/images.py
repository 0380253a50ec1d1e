"""Images that things are put onto: they are there, and every place lies within them and can be filled."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace

from authoring.problems import ContentError, Problem
from quizzes.checks.asking import Asking
from quizzes.questions import DragImage, DragMarkers, Zone

Size = tuple[int, int] | None


def check_drag_image(asking: Asking, question: DragImage) -> Iterator[Problem]:
    """Items and their places."""
    size = yield from _check_image(asking, question.image, "image")
    for name, item in question.items.items():
        if item.image is not None:
            yield from _check_image(asking, item.image, "items", name, "image")
    if len(question.items) < 2:
        yield asking.problem("quiz.items-too-few", "items", n=len(question.items))
    if not question.places:
        yield asking.problem("quiz.places-none", "places")
    used = Counter(place.item for place in question.places)
    seen: dict[tuple[int, int], int] = {}
    for index, place in enumerate(question.places):
        where = ("places", index)
        if place.item not in question.items:
            yield _unknown(asking, (*where, "item"), place.item, question.items)
        if size and not (place.x < size[0] and place.y < size[1]):
            yield asking.problem("quiz.place-outside", *where, width=size[0], height=size[1])
        first = seen.setdefault((place.x, place.y), index)
        if first != index:
            yield asking.problem("quiz.place-twice", *where, first=first + 1)
        if place.label is None:
            yield asking.problem("quiz.place-without-label", *where, warning=True)
    for name, item in question.items.items():
        if used[name] > 1 and not item.unlimited:
            yield asking.problem("quiz.item-too-often", "items", name, item=name, n=used[name])
    yield from _check_sibling(asking, question)


def check_drag_markers(asking: Asking, question: DragMarkers) -> Iterator[Problem]:
    """Markers and their zones."""
    size = yield from _check_image(asking, question.image, "image")
    if not question.markers:
        yield asking.problem("quiz.items-too-few", "markers", n=0)
    if not question.zones:
        yield asking.problem("quiz.places-none", "zones")
    for index, zone in enumerate(question.zones):
        where = ("zones", index)
        if zone.marker not in question.markers:
            yield _unknown(asking, (*where, "marker"), zone.marker, question.markers)
        points = _corners(zone)
        if points is None:
            yield asking.problem("quiz.zone-shape", *where)
        elif size and not all(0 <= x <= size[0] and 0 <= y <= size[1] for x, y in points):
            yield asking.problem("quiz.zone-outside", *where, width=size[0], height=size[1])
    used = Counter(zone.marker for zone in question.zones)
    for name, marker in question.markers.items():
        if marker.times and used[name] > marker.times:
            n, times = used[name], marker.times
            yield asking.problem("quiz.marker-too-few", "markers", name, marker=name, times=times, n=n)
    if question.sibling is None:
        yield asking.problem("quiz.markers-need-sight", "type", warning=True)
    yield from _check_sibling(asking, question)


def _check_image(asking: Asking, source: str, *where: str | int) -> Generator[Problem, None, Size]:
    try:
        file = asking.texts.file(source)
    except ContentError as error:
        place = asking.at((*asking.pointer, *where))
        yield from (replace(problem, place=place) for problem in error.problems)
        return None
    return (file.width, file.height) if file.width and file.height else None


def _corners(zone: Zone) -> list[tuple[int, int]] | None:
    """The outermost points of a zone; None where it has not exactly one shape with all its numbers."""
    if len(zone.shapes) != 1:
        return None
    if zone.polygon is not None:
        fits = len(zone.polygon) >= 3 and all(len(point) == 2 for point in zone.polygon)
        return [(point[0], point[1]) for point in zone.polygon] if fits else None
    if zone.rectangle is not None:
        if len(zone.rectangle) != 4 or not zone.rectangle[2] or not zone.rectangle[3]:
            return None
        x, y, width, height = zone.rectangle
        return [(x, y), (x + width, y + height)]
    if zone.circle is None or len(zone.circle) != 3 or not zone.circle[2]:
        return None
    x, y, radius = zone.circle
    return [(x - radius, y - radius), (x + radius, y + radius)]


def _unknown(asking: Asking, where: tuple[str | int, ...], name: str, known: Mapping[str, object]) -> Problem:
    similar = difflib.get_close_matches(name, list(known), n=1)
    if similar:
        return asking.problem("quiz.item-unknown-similar", *where, name=name, similar=similar[0])
    return asking.problem("quiz.item-unknown", *where, name=name)


def _check_sibling(asking: Asking, question: DragImage | DragMarkers) -> Iterator[Problem]:
    """The question that stands in for one that somebody cannot use: another type, and of equal worth."""
    if question.sibling is None:
        return
    other = next((one for one in asking.quiz.questions if one.id == question.sibling), None)
    if other is None or other is question:
        yield asking.problem("quiz.sibling-unknown", "sibling", name=question.sibling)
    elif isinstance(other, DragImage | DragMarkers):
        yield asking.problem("quiz.sibling-drags", "sibling", name=question.sibling)
    elif (other.points, other.objective, other.difficulty) != (
        question.points,
        question.objective,
        question.difficulty,
    ):
        yield asking.problem("quiz.sibling-unequal", "sibling", name=question.sibling)
