"""The style of a package: the colours and fonts of a theme, the player's shapes, those of the theme."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count, product
from string import ascii_lowercase

from authoring.theme import Theme
from authoring.theme.css import theme_css
from course_packages.lesson_html import player_source

_QUOTED = re.compile(r'="([a-z]+)"\]')
_PROPERTY = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def style(theme: Theme, languages: Sequence[str]) -> bytes:
    """The style of a theme, written as scripts are; `languages` are those in which partners are named."""
    names = ["player.css", f"themes/{theme.name}.css", *(["partners.css"] if theme.partners else [])]
    parts = [theme_css(theme), *(player_source(name).read_text(encoding="utf-8") for name in names)]
    if theme.partners:
        shown = (f'html[lang="{language}"] .partners > [lang="{language}"]' for language in languages)
        parts.append(f"{','.join(shown)}{{display:block}}")
    return _made_small("".join(parts))


@lru_cache(maxsize=16)
def _made_small(text: str) -> bytes:
    import rcssmin

    small = str(rcssmin.cssmin(text.replace("\r\n", "\n")))
    small = _QUOTED.sub(r"=\1]", small.replace("::before", ":before").replace("::after", ":after"))
    # Custom properties have long names for who reads the source; nothing but this file uses them.
    names = Counter(_PROPERTY.findall(small))
    short = dict(zip(sorted(names, key=lambda name: (-names[name], name)), _short_names(), strict=False))
    return _PROPERTY.sub(lambda found: short[found[0]], small).encode("utf-8")


def _short_names() -> Iterator[str]:
    for length in count(1):
        yield from ("--" + "".join(letters) for letters in product(ascii_lowercase, repeat=length))


def font_notes(theme: Theme) -> bytes:
    """What a package says of the fonts in it: whose they are, and under which licence."""
    notes = (
        "\n".join(part for part in (one.name, one.licence, one.notice.strip()) if part)
        for one in theme.families
    )
    return ("\n\n".join(notes) + "\n").encode("utf-8")
