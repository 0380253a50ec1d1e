"""XML from strangers: no entities, no external files, nothing fetched."""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat


def parse(content: bytes) -> Element:
    """Reads a whole document; raises ValueError where it is not well formed or has a document type."""
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse_document_type
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise ValueError(
            f"{expat.ErrorString(error.code)} at line {error.lineno}, char {error.offset}"
        ) from None
    return builder.close()


def refuse_document_type(*_: object) -> None:
    """Its entities could fill the memory or read a file, and no question needs one."""
    raise ValueError("<!DOCTYPE>")


def refuse_entities(*_: object) -> None:
    """For documents that may have a type: an entity declaration ends the reading, expanding it could fill the memory."""
    raise ValueError("entity declarations are not read")
