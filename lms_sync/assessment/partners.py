"""Who stands behind a programme, as documents show it: logos in their order, and the disclaimer."""

from __future__ import annotations

from pathlib import Path

from lms_sync.sessions.typeset import picture_name
from programmes import Programme


def logos(programme: Programme, folder: Path) -> dict[str, Path]:
    """The pictures of partners that have one, by the name under which a design finds them."""
    return {
        picture_name(number, folder / one.logo): folder / one.logo
        for number, one in enumerate(programme.partners)
        if one.logo and (folder / one.logo).is_file()
    }


def partner_rows(programme: Programme, folder: Path, language: str) -> list[dict[str, str]]:
    """The partners in their order: the picture's name, "" for none, and what they are called."""
    there = logos(programme, folder)
    return [
        {
            "file": name if (name := picture_name(number, folder / one.logo)) in there else "",
            "name": (one.short or one.name).in_language(language),
        }
        for number, one in enumerate(programme.partners)
    ]


def disclaimer(programme: Programme, language: str) -> str:
    """What stands on everything; "" where the programme has none."""
    return "" if programme.disclaimer is None else programme.disclaimer.in_language(language)
