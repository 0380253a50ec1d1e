"""`courses/<slug>/glossary.yaml` as a trainer writes it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from authoring.activity import Part
from authoring.checked_value import Identifier
from authoring.languages import LocalizedText


class TermEntry(Part):
    """A term with its definition; the definition is Markdown in one paragraph."""

    id: Identifier
    term: LocalizedText
    definition: LocalizedText


class GlossaryFile(Part):
    """The whole file."""

    schema_: Literal["glossary/1"] = Field(alias="schema")
    terms: tuple[TermEntry, ...] = Field(min_length=1)
