"""The words by which the checks of item writing know what a text says, by language.

A language that is not here is not checked by them. Patterns see small letters and straight apostrophes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from re import Pattern

LANGUAGES = ("sq", "ro", "en")


@dataclass(frozen=True)
class Words:
    """What one language says.

    `all_or_none` is a whole option; `negation` stands in the part of a sentence that `asks`, `exception` anywhere;
    `absolute` says that something has no exception; `articles` are words that a stem may end with, and how an
    option begins that cannot follow them.
    """

    all_or_none: Pattern[str]
    negation: Pattern[str]
    exception: Pattern[str]
    asks: Pattern[str]
    absolute: Pattern[str]
    articles: dict[str, Pattern[str]]


WORDS = {
    "sq": Words(
        all_or_none=re.compile(
            r"(të gjitha|asnjë|asnjëra|asnjëri|asnjera|të dyja)"
            r"( përgjigjet| alternativat)?( nga| prej)?( (të|e|më) (mësipërme\w*|sipër\w*|lart\w*)| këto| këtyre| tyre)"
        ),
        negation=re.compile(r"\b(nuk|mos|as)\b|\bs'\w+"),
        exception=re.compile(r"\b(përveç|me përjashtim)\b"),
        asks=re.compile(r"\b(cil\w+|çfarë|ç'\w+|kush|kujt|kë|ku|kur|si|pse|sa)\b"),
        absolute=re.compile(
            r"\b(gjithmonë|gjithnjë|asnjëherë|kurrë|kurrsesi|absolutisht|patjetër|domosdoshmërisht)\b"
        ),
        articles={
            "një": re.compile(r"(të gjithë|të gjitha|shumë|disa|dy|tre|tri|katër|pesë)\b"),
            "disa": re.compile(r"një\b"),
            "dy": re.compile(r"një\b"),
        },
    ),
    "ro": Words(
        all_or_none=re.compile(
            r"(toate|niciuna|niciunul|nici una|nici unul|niciun|nicio|ambele)"
            r"( variantele?| răspunsurile?| răspuns| variantă)?( dintre| din)?( cele| variantele| răspunsurile| acestea)?"
            r"( de mai sus| anterioare| enumerate)?"
        ),
        negation=re.compile(r"\bnu\b|\bn-(am|ai|are|avem|aveți|au|ar|aș)\b|\bnici\b"),
        exception=re.compile(r"\b(cu excepția|exceptând|în afară de|mai puțin)\b"),
        asks=re.compile(r"\b(care|ce|cine|cui|unde|când|cum|cât\w*|câți)\b"),
        absolute=re.compile(r"\b(întotdeauna|mereu|totdeauna|niciodată|absolut|nicidecum|obligatoriu)\b"),
        articles={
            "un": re.compile(r"(o|două|doi|trei|mulți|multe|niște|toți|toate)\b"),
            "o": re.compile(r"(un|doi|două|trei|mulți|multe|niște|toți|toate)\b"),
            "unor": re.compile(r"(un|o)\b"),
        },
    ),
    "en": Words(
        all_or_none=re.compile(
            r"((all|none|both|neither)( of)?( the)? (above|these|those|them)( answers| options)?"
            r"|(all|none) of the (answers|options)( above)?)"
        ),
        negation=re.compile(r"\b(not|never|cannot)\b|n't\b"),
        exception=re.compile(r"\b(except|excluding)\b"),
        asks=re.compile(r"\b(which|what|who|whom|whose|where|when|how|why)\b"),
        absolute=re.compile(
            r"\b(always|never|absolutely|completely|invariably|under no circumstances|in all cases)\b"
        ),
        articles={
            "an": re.compile(r"[bcdfgjklmnpqrstvwxyz]"),
            "a": re.compile(r"[aeio](?!ne\b|uro|n?ew)|un(?!i)"),
        },
    ),
}

# A Romanian "toate" alone is no reference to the other options.
_REFERS = {"ro": re.compile(r"de mai sus|anterioare|enumerate|acestea")}


def is_all_or_none(language: str, option: str) -> bool:
    """Whether an option, seen as a reader does, means the other options."""
    words = WORDS.get(language)
    text = lowered(option).strip(" .")
    if words is None or not words.all_or_none.fullmatch(text):
        return False
    refers = _REFERS.get(language)
    return refers is None or bool(refers.search(text))


def lowered(text: str) -> str:
    """Small letters and straight apostrophes."""
    return text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").lower()
