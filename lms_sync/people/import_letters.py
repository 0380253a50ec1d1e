"""The letters of a cell put right: invisible characters, look-alikes, capitals. Each change is told.

Pure. Nothing is guessed that a reader of the sheet could not check: what cannot be put right for certain is
a finding that stops the row.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from lms_sync.people.import_words import is_title, joins_people

# Letters of other scripts that look like Latin ones (a selection of Unicode's confusables.txt: those on the
# keyboards of the region, and the Cyrillic ё that stands for the Albanian ë).
_LOOK_ALIKE = dict(
    zip(
        "аеорсхуіјѕԁһАВЕКМНОРСТХУІЈЅёЁΑΒΕΖΗΙΚΜΝΟΡΤΥΧοναι",
        "aeopcxyijsdhABEKMHOPCTXYIJSëËABEZHIKMNOPTYXovai",
        strict=True,
    )
)

_CEDILLA = str.maketrans("şţŞŢ", "șțȘȚ")
_TURKISH = re.compile("[ıİğĞöÖüÜ]")
_BROKEN = re.compile(r"[\u00c2-\u00c5][\u0080-\u00bf\u0152-\u0192\u02c6\u02dc\u2013-\u2122]")
_PARTS = re.compile(r"([^\W\d_]+)")

Severity = Literal["told", "stops"]


@dataclass(frozen=True)
class Finding:
    """Something about a cell: the end of a message code import.…, its values, and whether the row can go on."""

    code: str
    values: tuple[tuple[str, str], ...] = ()
    severity: Severity = "told"


@dataclass(frozen=True)
class Cleaned:
    """A cell's text as it is taken, and what was found on the way."""

    text: str
    findings: tuple[Finding, ...] = ()

    @property
    def stops(self) -> bool:
        """Whether the text cannot be taken."""
        return any(finding.severity == "stops" for finding in self.findings)


def found(code: str, severity: Severity = "told", **values: str) -> Finding:
    """A finding with named values."""
    return Finding(code, tuple(values.items()), severity)


def clean(text: str, *, romanian: bool = False) -> Cleaned:
    """A cell without what nobody sees: one Unicode form (NFC), plain single spaces, no zero-width characters.

    With `romanian`, ş and ţ with cedilla become ș and ț with comma, but not in words with Turkish letters.
    """
    findings: list[Finding] = []
    visible = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Co", "Cn"))
    if visible != text:
        findings.append(found("invisible"))
    spaced = re.sub(r"[^\S\n]+", " ", visible.replace("\r", "\n")).strip()
    spaced = re.sub(r" *\n\s*", "\n", spaced)
    composed = unicodedata.normalize("NFC", spaced)
    if romanian:
        before = composed
        composed = re.sub(
            r"\S+",
            lambda m: m[0] if _TURKISH.search(m[0]) else m[0].translate(_CEDILLA),
            composed,
        )
        if composed != before:
            findings.append(found("cedilla", text=composed))
    if "\ufffd" in composed:
        findings.append(found("letters-lost", "stops", text=composed))
    elif (mended := _unbroken(composed)) is not None:
        findings.append(found("mojibake", "stops", text=composed, proposed=mended))
    return Cleaned(composed, tuple(findings))


def _unbroken(text: str) -> str | None:
    """What a text was before UTF-8 was read as Windows-1252; None where it was not."""
    if not _BROKEN.search(text):
        return None
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return None


def in_latin(text: str) -> Cleaned:
    """Latin letters for their look-alikes of other scripts, in words that are Latin otherwise."""
    findings: list[Finding] = []

    def word(match: re.Match[str]) -> str:
        letters = match[0]
        foreign = [c for c in letters if c.isalpha() and not _is_latin(c)]
        if not foreign:
            return letters
        latin = "".join(_LOOK_ALIKE.get(c, c) for c in letters)
        if len(foreign) == len(letters) or any(not _is_latin(c) for c in latin):
            findings.append(found("other-script", "stops", text=letters))
            return letters
        names = ", ".join(dict.fromkeys(f"{c} U+{ord(c):04X}" for c in foreign))
        findings.append(found("look-alike", text=latin, letters=names))
        return latin

    return Cleaned(_PARTS.sub(word, text), tuple(findings))


def _is_latin(character: str) -> bool:
    return "LATIN" in unicodedata.name(character, "")


def name_case(name: str) -> str:
    """A name that is all capitals or all small letters, with a capital at the beginning of each part.

    "ÇELA" is "Çela", "FUSHË-ARRËZ" is "Fushë-Arrëz", "D'ANGELO" is "D'Angelo". Mixed spelling is meant, and stays.
    """

    def part(match: re.Match[str]) -> str:
        letters = match[0]
        if len(letters) > 1 and (letters.isupper() or letters.islower()):
            small = letters[1:].replace("İ", "i").replace("I", "ı" if _TURKISH.search(letters) else "i")
            return letters[0].upper() + small.lower()
        return letters

    letters_only = "".join(c for c in name if c.isalpha())
    if letters_only.isupper() or letters_only.islower():
        return _PARTS.sub(part, name)
    return " ".join(
        _PARTS.sub(part, word) if word.isupper() and len(word) > 2 else word for word in name.split(" ")
    )


@dataclass(frozen=True)
class PersonName:
    """Given and family name as they are to be printed, and what was found on the way."""

    given: str
    family: str
    findings: tuple[Finding, ...] = ()

    @property
    def stops(self) -> bool:
        """Whether nobody can be named by it."""
        return any(finding.severity == "stops" for finding in self.findings)


Order = Literal["given-family", "family-given", "unknown"]


def one_name(text: str) -> Cleaned:
    """One part of a name, from its own cell: letters, titles and capitals put right."""
    latin = in_latin(text)
    findings = list(latin.findings)
    name, dropped = without_titles(latin.text)
    if dropped:
        findings.append(found("title-dropped", title=dropped))
    findings += _no_name(name)
    cased = name_case(name)
    if cased != name and not any(f.severity == "stops" for f in findings):
        findings.append(found("capitals", text=cased))
    return Cleaned(cased, tuple(findings))


def without_titles(name: str) -> tuple[str, str]:
    """A name without the titles before it; both parts."""
    words = name.split(" ")
    dropped: list[str] = []
    while len(words) > 1 and is_title(words[0]):
        dropped.append(words.pop(0))
    return " ".join(words), " ".join(dropped)


def _no_name(name: str) -> list[Finding]:
    findings = []
    if _several_people(name):
        findings.append(found("several-people", "stops", text=name.replace("\n", " / ")))
    elif any(c.isdigit() for c in name):
        findings.append(found("digits-in-name", "stops", text=name))
    elif "?" in name:
        findings.append(found("letters-lost", "stops", text=name))
    elif name[:1] in "=+-@'":
        findings.append(found("formula-like", "stops", text=name))
    elif "@" in name:
        findings.append(found("not-a-name", "stops", text=name))
    return findings


def _several_people(text: str) -> bool:
    if "\n" in text or ";" in text or "/" in text:
        return True
    words = text.split(" ")
    if any(joins_people(word) for word in words[1:-1]):
        return True
    parts = [part.split() for part in text.split(",") if part.strip()]
    return len(parts) > 2 or (len(parts) == 2 and all(len(part) > 1 for part in parts))


def split_name(text: str, order: Order) -> PersonName:
    """A whole name in one cell. A comma or capitals show the family name; else `order` says where it stands.

    "Çela, Arjola" and "ÇELA Arjola" are clear whatever the order; "Arjola Çela" is not where it is unknown.
    """
    name, dropped = without_titles(text)
    titles = [found("title-dropped", title=dropped)] if dropped else []
    wrong = _no_name(name.replace(",", " ") if name.count(",") == 1 and not _several_people(name) else name)
    if any(f.severity == "stops" for f in wrong):
        return PersonName("", "", (*titles, *wrong))
    if "," in name:
        family, given = (part.strip() for part in name.split(",", 1))
        return _named(given, family, titles)
    words = name.split(" ")
    if len(words) < 2:
        return PersonName("", "", (*titles, found("one-word-name", "stops", text=name)))
    capitals = [word for word in words if len(word) > 1 and word.isupper()]
    if capitals and len(capitals) < len(words):
        begin = words[: len(capitals)] == capitals
        end = words[-len(capitals) :] == capitals
        if begin or end:
            rest = words[len(capitals) :] if begin else words[: -len(capitals)]
            return _named(" ".join(rest), " ".join(capitals), titles)
    if order == "unknown":
        return PersonName("", "", (*titles, found("name-order", "stops", text=name)))
    if order == "given-family":
        person = _named(" ".join(words[:-1]), words[-1], titles)
    else:
        person = _named(" ".join(words[1:]), words[0], titles)
    if len(words) > 2:
        said = found("name-split", given=person.given, family=person.family)
        return PersonName(person.given, person.family, (*person.findings, said))
    return person


def _named(given: str, family: str, findings: list[Finding]) -> PersonName:
    parts = [one_name(given), one_name(family)]
    every = (*findings, *(finding for part in parts for finding in part.findings))
    return PersonName(parts[0].text, parts[1].text, tuple(dict.fromkeys(every)))
