"""In which language a page answers, and whether a page or JSON is wanted."""

from __future__ import annotations

import re
from collections.abc import Iterator

from authoring.messages import LANGUAGES

NAMES = {"sq": "Shqip", "ro": "Română", "en": "English"}
_ITEM = re.compile(r"^\s*([A-Za-z0-9*/+.-]+)\s*(?:;.*?\bq=([0-9.]{1,5}))?")


def page_language(asked: str | None, accepted: str, default: str) -> str:
    """`?lang=` where it is one of ours, else the best of Accept-Language, else the portal's own."""
    if asked in LANGUAGES:
        return asked
    for tag, weight in sorted(_weighted(accepted), key=lambda item: -item[1]):
        language = tag.lower().split("-", 1)[0]
        if weight > 0 and language in LANGUAGES:
            return language
    return default


def wants_json(accepted: str) -> bool:
    """Whether an Accept header prefers application/json to a page (RFC 9110, section 12.5.1, as far as needed)."""
    weights = dict(_weighted(accepted))
    json_weight = weights.get("application/json", 0.0)
    return json_weight > 0 and json_weight > weights.get("text/html", 0.0)


def _weighted(header: str) -> Iterator[tuple[str, float]]:
    for part in header[:1000].split(","):
        if found := _ITEM.match(part):
            try:
                yield found.group(1).lower(), float(found.group(2) or 1)
            except ValueError:
                continue
