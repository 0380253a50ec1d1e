"""Any text is a string or a map of language to text.

Pydantic is asked only where a file is checked: it takes longer to load than a small build does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

from authoring.checked_value import Checked

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

_TAG = re.compile(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")


def _language(value: str) -> str:
    if not _TAG.match(value):
        raise ValueError("language-code")
    return value


@lru_cache(maxsize=1000)
def is_language(value: str) -> bool:
    """Whether a text is the tag of a language. Asked for every text, of the same few languages."""
    return _TAG.match(value) is not None


def _root(text: LocalizedText) -> str | dict[str, str]:
    return text.root


Language = Annotated[str, Checked(_language)]
"""A BCP 47 language tag such as "sq" or "ro"."""


class LocalizedText:
    """A text in one language (a string: the same in every language) or in several; cannot be changed.

    Raises ValueError("text-empty") or ValueError("language-tag") where it is none. A model may have it as a field: then
    pydantic tells both, and values of another kind, with their places.
    """

    __slots__ = ("root",)

    root: str | dict[str, str]

    def __init__(self, root: str | dict[str, str]) -> None:
        if isinstance(root, str):
            if not root.strip():
                raise ValueError("text-empty")
        else:
            if not root or not all(map(str.strip, root.values())):
                raise ValueError("text-empty")
            if not all(map(is_language, root)):
                raise ValueError("language-tag")
        object.__setattr__(self, "root", root)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a text cannot be changed: {name}")

    def __repr__(self) -> str:
        return f"LocalizedText({self.root!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LocalizedText) and self.root == other.root

    def __hash__(self) -> int:
        return hash(self.root if isinstance(self.root, str) else tuple(sorted(self.root.items())))

    def __reduce__(self) -> tuple[type[LocalizedText], tuple[str | dict[str, str]]]:
        return LocalizedText, (self.root,)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema as form

        written = form.union_schema(
            [form.str_schema(), form.dict_schema(form.str_schema(), form.str_schema())]
        )
        return form.no_info_wrap_validator_function(
            lambda value, check: value if isinstance(value, cls) else cls(check(value)),
            written,
            ref=f"{cls.__module__}.{cls.__qualname__}:{id(cls)}",
            serialization=form.plain_serializer_function_ser_schema(_root, return_schema=form.any_schema()),
        )

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
    import html  # late: a build that has nothing to do needs none

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
