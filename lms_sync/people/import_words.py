"""The dictionary of the spreadsheet reader: what headers and cells mean, in Albanian, Romanian and English."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path

WORDS = Path(__file__).with_name("import_words.toml")

# Letters that Unicode does not take apart into a letter and a mark.
_PLAIN = str.maketrans({"đ": "d", "ł": "l", "ø": "o", "ß": "ss", "ı": "i", "æ": "ae"})


@cache
def folded(text: str) -> str:
    """A text for comparing: small letters without marks, digits, and single spaces for everything else."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(character for character in apart if not unicodedata.combining(character))
    return " ".join(re.findall(r"[^\W_]+", plain.translate(_PLAIN)))


@cache
def _words() -> Mapping[str, Mapping[str, object]]:
    return tomllib.loads(WORDS.read_text(encoding="utf-8"))


@cache
def headers() -> Mapping[str, frozenset[tuple[str, str]]]:
    """By folded header the fields that it may mean, each with the language of the word."""
    found: dict[str, set[tuple[str, str]]] = {}
    for field, by_language in _words()["headers"].items():
        assert isinstance(by_language, dict)
        for language, words in by_language.items():
            for word in words:
                found.setdefault(folded(word), set()).add((field, language))
    return {word: frozenset(meanings) for word, meanings in found.items()}


@cache
def _meanings(part: str) -> Mapping[str, str]:
    return {
        folded(word): meaning
        for meaning, words in _words()[part].items()
        if isinstance(words, list)
        for word in words
    }


def gender_of(text: str) -> str | None:
    """female, male, other or undisclosed for a word in one of the languages; None where it is none of them."""
    return _meanings("genders").get(folded(text))


def language_of(text: str) -> str | None:
    """The code of a language that is named in one of the languages; None where it is none of them."""
    return _meanings("languages").get(folded(text))


def is_total(text: str) -> bool:
    """Whether a row that begins so adds up others."""
    return folded(text) in _meanings("totals") or folded(text).rstrip("0123456789 ") in _meanings("totals")


@cache
def _nothing() -> frozenset[str]:
    words = _words()["nothing"]["words"]
    assert isinstance(words, list)
    return frozenset(str(word).casefold() for word in words)


def means_nothing(text: str) -> bool:
    """Whether a cell says that there is nothing to say."""
    return not text or text.casefold() in _nothing()


def is_title(word: str) -> bool:
    """Whether a word before a name is a title, such as Dr. or Znj."""
    return folded(word) in _meanings("titles")


def joins_people(word: str) -> bool:
    """Whether a word between names says that there are two people."""
    words = _words()["and"]["words"]
    assert isinstance(words, list)
    return word.casefold() in words
