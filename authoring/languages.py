"""Any text is a string or a map of language to text."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, RootModel, model_validator

_TAG = re.compile(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")


def _language(value: str) -> str:
    if not _TAG.match(value):
        raise ValueError("language-code")
    return value


@lru_cache(maxsize=1000)
def _is_tag(value: str) -> bool:
    """Asked for every text, of the same few languages."""
    return _TAG.match(value) is not None


Language = Annotated[str, AfterValidator(_language)]
"""A BCP 47 language tag such as "sq" or "ro"."""


class LocalizedText(RootModel):  # type: ignore[type-arg]  # a class of its own for the argument takes a while to make
    """A text in one language (a string: the same in every language) or in several."""

    model_config = {"frozen": True, "defer_build": True}

    root: str | dict[str, str]

    @model_validator(mode="after")
    def _has_text(self) -> LocalizedText:
        root = self.root
        if isinstance(root, str):
            if not root.strip():
                raise ValueError("text-empty")
            return self
        if not root or not all(map(str.strip, root.values())):
            raise ValueError("text-empty")
        if not all(map(_is_tag, root)):
            raise ValueError("language-tag")
        return self

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages it is written in; empty for a text that is the same in all."""
        return () if isinstance(self.root, str) else tuple(self.root)

    def in_language(self, language: str, default: str = "en") -> str:
        """The text in `language`, else in `default`, else in the first language it has."""
        if isinstance(self.root, str):
            return self.root
        return self.root.get(language) or self.root.get(default) or next(iter(self.root.values()))

    def missing(self, offered: Iterable[str]) -> tuple[str, ...]:
        """Offered languages that it lacks."""
        if isinstance(self.root, str):
            return ()
        return tuple(language for language in offered if language not in self.root)


def multilang(text: LocalizedText, offered: Sequence[str]) -> str:
    """The text for Moodle, HTML-escaped: as it is where all languages agree, else in multilang spans.

    The form is that of Moodle's multi-language content filter: neighbouring
    `<span lang="xx" class="multilang">` elements, of which the filter shows one.
    """
    texts = {language: text.in_language(language) for language in offered}
    if len(set(texts.values())) <= 1:
        return html.escape(text.in_language(offered[0] if offered else "en"), quote=False)
    return multilang_html({language: html.escape(value, quote=False) for language, value in texts.items()})


def multilang_html(texts: dict[str, str]) -> str:
    """The same for texts that are HTML already, by language, in the order given."""
    if len(set(texts.values())) <= 1:
        return next(iter(texts.values()), "")
    return "".join(
        f'<span lang="{language}" class="multilang">{value}</span>' for language, value in texts.items()
    )
