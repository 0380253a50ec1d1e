"""Things to put onto an image: words or pictures onto places, markers onto zones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator

from authoring.languages import LocalizedText
from quizzes.questions.question import CombinedFeedback, Graded, PartsHints
from quizzes.values import Flag, Part, count, text_in_short

MAX_GROUPS = 8
MAX_PIXELS = 10_000

Pixel = Annotated[int, count("quiz.pixels", 0, MAX_PIXELS)]
Coordinates = tuple[Pixel, ...]


class DragItem(Part):
    """A word or a picture to be dragged; of a picture `text` says what it shows."""

    text: LocalizedText
    image: str | None = None
    group: Annotated[int, count("quiz.gap-group", 1, MAX_GROUPS)] = 1
    unlimited: Flag = False


class Place(Part):
    """Where an item belongs: the upper left corner in pixels of the image."""

    item: str
    x: Pixel
    y: Pixel
    label: LocalizedText | None = None


class DragImage(Graded):
    """Words or pictures to be dragged onto their places on an image."""

    type: Literal["dragimage"]
    image: str
    items: Mapping[str, Annotated[DragItem, BeforeValidator(text_in_short)]]
    places: tuple[Place, ...]
    shuffle: Flag = True
    show_count: Flag = True
    sibling: str | None = None
    feedback: CombinedFeedback = CombinedFeedback()
    hints: PartsHints = ()


class Marker(Part):
    """A marker; it can be placed so many `times`, 0 is as many as wanted."""

    text: LocalizedText
    times: Annotated[int, count("quiz.marker-times", 0, 20)] = 1


class Zone(Part):
    """Where a marker belongs: `circle: [x, y, radius]`, `rectangle: [x, y, width, height]` or `polygon: [[x, y], …]`."""

    marker: str
    circle: Coordinates | None = None
    rectangle: Coordinates | None = None
    polygon: tuple[Coordinates, ...] | None = None

    @property
    def shapes(self) -> tuple[str, ...]:
        """Which shapes it names; it must be one."""
        return tuple(name for name in ("circle", "rectangle", "polygon") if getattr(self, name) is not None)


class DragMarkers(Graded):
    """Markers to be put onto zones of an image."""

    type: Literal["dragmarkers"]
    image: str
    markers: Mapping[str, Annotated[Marker, BeforeValidator(text_in_short)]]
    zones: tuple[Zone, ...]
    shuffle: Flag = True
    show_misplaced: Flag = False
    show_count: Flag = True
    sibling: str | None = None
    feedback: CombinedFeedback = CombinedFeedback()
    hints: PartsHints = ()
