"""Verification ids: 135 random bits in Crockford's base 32, with a check character.

The alphabet has no I, L, O and U, so that an id read from paper cannot be mistaken; the 28th character is
Crockford's check symbol (the value modulo 37). Of the 37 check symbols five are no letters or digits that
one likes to type: ids that would need one of them are not made.
"""

from __future__ import annotations

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 28
_GROUP = 4
_TYPED = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None, "\u2011": None, "\u2013": None})


def new_verification_id() -> str:
    """A fresh id from the system's random source, without separators."""
    while True:
        body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
        if (check := _check_value(body)) < len(ALPHABET):
            return body + ALPHABET[check]


def normal_form(typed: str) -> str | None:
    """The id that somebody typed or scanned, in its one stored form; None for what cannot be an id.

    Case, hyphens and spaces do not matter; O reads as 0, I and L as 1.
    """
    if len(typed) > LENGTH * 3:
        return None
    plain = typed.upper().translate(_TYPED)
    if len(plain) != LENGTH or any(character not in ALPHABET for character in plain):
        return None
    return plain if _check_value(plain[:-1]) == ALPHABET.index(plain[-1]) else None


def in_groups(verification_id: str) -> str:
    """The id as it is printed: seven groups of four."""
    return "-".join(
        verification_id[start : start + _GROUP] for start in range(0, len(verification_id), _GROUP)
    )


def _check_value(body: str) -> int:
    value = 0
    for character in body:
        value = (value * 32 + ALPHABET.index(character)) % 37
    return value
