"""The order of words in an index: Albanian and Romanian have letters of their own, of one sign or two."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

_LETTERS: Mapping[str, tuple[str, ...]] = {
    language: tuple(alphabet.split())
    for language, alphabet in {
        "sq": "a b c ç d dh e ë f g gj h i j k l ll m n nj o p q r rr s sh t th u v x xh y z zh",
        "ro": "a ă â b c d e f g h i î j k l m n o p q r s ș t ț u v w x y z",
    }.items()
}


def letters(word: str, language: str) -> tuple[tuple[int, str], ...]:
    """A key that sorts words as a dictionary of the language does; other signs stand before its letters."""
    alphabet = _LETTERS.get(language.partition("-")[0], ())
    places = {letter: number for number, letter in enumerate(alphabet, 1)}
    text = unicodedata.normalize("NFC", word).casefold()
    found: list[tuple[int, str]] = []
    at = 0
    while at < len(text):
        length = 2 if text[at : at + 2] in places else 1
        letter = text[at : at + length]
        at += length
        if letter in places:
            found.append((places[letter], ""))
            continue
        plain = unicodedata.normalize("NFD", letter)[0]
        if plain in places:
            found.append((places[plain], letter))
        elif not alphabet and plain.isalpha():
            found.append((1, plain))
        elif plain.isalnum():
            found.append((0, plain))
    return tuple(found)


def initial(word: str, language: str) -> str:
    """The letter under which a word stands, in capitals; # for what begins with no letter."""
    text = unicodedata.normalize("NFC", word).strip(" “”„\"'’(").casefold()
    alphabet = _LETTERS.get(language.partition("-")[0], ())
    for length in (2, 1):
        if text[:length] in alphabet:
            return text[:length].capitalize()
    plain = unicodedata.normalize("NFD", text[:1])[:1]
    return plain.upper() if plain.isalpha() else "#"
