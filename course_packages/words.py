"""What the player says, in each language that it speaks (`player/strings.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

Words = Mapping[str, str]


@cache
def all_words() -> Mapping[str, Words]:
    """What the player says, by language."""
    file = Path(__file__).resolve().parent / "player" / "strings.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def words_in(language: str) -> Words:
    """The player's own words; English where it does not speak the language of the course."""
    every = all_words()
    return every.get(language) or every.get(language.partition("-")[0]) or every["en"]
