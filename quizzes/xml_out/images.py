"""Words, pictures and markers to be put onto an image. Presence of an element counts, not its content."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from authoring.languages import LocalizedText
from quizzes.question_texts import choice_of, plain_of
from quizzes.questions import DragImage, DragMarkers, Zone
from quizzes.xml_out.elements import Writer, files, leaf, mark, text


def write_drag_image(writer: Writer, root: Element, question: DragImage) -> None:
    """Numbers join items and places; they begin with 1."""
    mark(root, "shuffleanswers", there=question.shuffle)
    writer.combined_feedback(root, question.feedback)
    mark(root, "shownumcorrect", there=question.show_count)
    files(root, [writer.texts.file(question.image)])
    numbers = {name: number for number, name in enumerate(question.items, 1)}
    for name, item in question.items.items():
        drag = SubElement(root, "drag")
        leaf(drag, "no", str(numbers[name]))
        text(
            drag,
            _alternative_text(writer, item.text) if item.image else choice_of(item.text, writer.languages),
        )
        leaf(drag, "draggroup", str(item.group))
        mark(drag, "infinite", there=item.unlimited)
        if item.image:
            files(drag, [writer.texts.file(item.image)])
    for number, place in enumerate(question.places, 1):
        drop = SubElement(root, "drop")
        text(drop, choice_of(place.label, writer.languages) if place.label else "")
        leaf(drop, "no", str(number))
        leaf(drop, "choice", str(numbers[place.item]))
        leaf(drop, "xleft", str(place.x))
        leaf(drop, "ytop", str(place.y))
    writer.hints(root, question.hints)


def _alternative_text(writer: Writer, content: LocalizedText) -> str:
    """What a picture shows, in all languages one after the other: Moodle filters no attribute."""
    return " / ".join(dict.fromkeys(plain_of(content, language) for language in writer.languages))


def write_drag_markers(writer: Writer, root: Element, question: DragMarkers) -> None:
    """Numbers join markers and zones; they begin with 1."""
    mark(root, "shuffleanswers", there=question.shuffle)
    mark(root, "showmisplaced", there=question.show_misplaced)
    writer.combined_feedback(root, question.feedback)
    mark(root, "shownumcorrect", there=question.show_count)
    files(root, [writer.texts.file(question.image)])
    numbers = {name: number for number, name in enumerate(question.markers, 1)}
    for name, marker in question.markers.items():
        drag = SubElement(root, "drag")
        leaf(drag, "no", str(numbers[name]))
        text(drag, choice_of(marker.text, writer.languages))
        mark(drag, "infinite", there=marker.times == 0)
        leaf(drag, "noofdrags", str(marker.times or 1))
    for number, zone in enumerate(question.zones, 1):
        drop = SubElement(root, "drop")
        shape, coordinates = shape_of(zone)
        leaf(drop, "no", str(number))
        leaf(drop, "shape", shape)
        leaf(drop, "coords", coordinates)
        leaf(drop, "choice", str(numbers[zone.marker]))
    writer.hints(root, question.hints)


def shape_of(zone: Zone) -> tuple[str, str]:
    """A zone in Moodle's words: the shape and its coordinates."""
    if zone.polygon is not None:
        return "polygon", ";".join(f"{point[0]},{point[1]}" for point in zone.polygon)
    if zone.rectangle is not None:
        x, y, width, height = zone.rectangle
        return "rectangle", f"{x},{y};{width},{height}"
    assert zone.circle is not None  # the checks let no other zone through
    x, y, radius = zone.circle
    return "circle", f"{x},{y};{radius}"
