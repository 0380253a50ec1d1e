"""A lesson's text as the player shows it: every block by its own template, `player/blocks/<template>.html.j2`."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import jinja2.runtime
from jinja2.bccache import Bucket
from markupsafe import Markup

from authoring.blocks import LawReference, Prose
from authoring.build_cache import program
from authoring.glossary import Definition
from authoring.lesson import LessonText
from course_packages.words import Words, words_in

if TYPE_CHECKING:
    from authoring.blocks import Block

_DECIMAL_SIGNS = {"en": ".", "sq": ",", "ro": ","}
# fmt: off
_MONTHS = {
    "en": ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"],
    "sq": ["janar", "shkurt", "mars", "prill", "maj", "qershor", "korrik", "gusht", "shtator", "tetor", "nëntor", "dhjetor"],
    "ro": ["ianuarie", "februarie", "martie", "aprilie", "mai", "iunie", "iulie", "august", "septembrie", "octombrie", "noiembrie", "decembrie"],
}
# fmt: on
"""Both for the languages that the player speaks, by CLDR 45, whose data take a while to load."""

AUTHOR_HTML = "author_html"
"""The filter that lets pass what was sanitised before."""


def lesson_html(text: LessonText, language: str, definitions: Sequence[Definition] = ()) -> str:
    """The HTML below the lesson's heading for readers of `language`. Equal input, equal output.

    `definitions` are those of the glossary; the lesson takes along what its own words point to.
    """
    return _rendered("lesson.html.j2", **lesson_values(text, language, definitions)).strip()


def lesson_values(text: LessonText, language: str, definitions: Sequence[Definition]) -> dict[str, Any]:
    """What the template of a lesson shows."""
    words = words_in(language)
    used = {use.id for use in text.terms}
    return {
        "text": text,
        "language": language,
        "words": words,
        "show": Show(words, language),
        "definitions": [one for one in definitions if one.id in used],
    }


@dataclass(frozen=True)
class Show:
    """Makes HTML of blocks, for readers of a language."""

    words: Words
    language: str

    def __call__(self, blocks: tuple[Block, ...]) -> Markup:
        return _blocks_html(blocks, words=self.words, language=self.language)


def glossary_html(definitions: Sequence[Definition]) -> str:
    """The page with all terms of a course."""
    return templates().get_template("glossary.html.j2").render(definitions=definitions).strip()


_PLAYER = Path(__file__).resolve().parent / "player"


def player_source(name: str) -> Path:
    """A file of the player."""
    return _PLAYER / name


class _Compiled(jinja2.FileSystemBytecodeCache):
    """Keeps compiled templates as Python keeps compiled modules, beside their source; where it may not write, it keeps none."""

    def __init__(self) -> None:
        super().__init__(str(_PLAYER / "__pycache__"), "template-%s.bin")

    def get_source_checksum(self, source: str) -> str:
        """Another one for other libraries, too: what one release of Jinja has compiled, another may not be able to run."""
        return hashlib.sha256(f"{program()} {source}".encode()).hexdigest()

    def dump_bytecode(self, bucket: Bucket) -> None:
        if not sys.dont_write_bytecode:
            with contextlib.suppress(OSError):
                os.makedirs(self.directory, exist_ok=True)  # noqa: PTH103 - the class of Jinja names it by a text
                super().dump_bytecode(bucket)


@cache
def templates() -> jinja2.Environment:
    """The templates of the player, compiled when they are first used."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: player_source(name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        bytecode_cache=_Compiled(),
    )
    environment.filters[AUTHOR_HTML] = author_html
    return environment


@cache
def _template(name: str) -> jinja2.Template:
    return templates().get_template(name)


def _rendered(name: str, **values: object) -> str:
    """A template of the player with these values, as `Template.render` gives it.

    Without what that does for each of a lesson's blocks anew, which takes longer than the block: it joins the values with
    the environment's own names.
    """
    template = _template(name)
    known = {**_own_names(), **values}
    context = jinja2.runtime.Context(template.environment, known, template.name, template.blocks)
    return "".join(template.root_render_func(context))


@cache
def _own_names() -> dict[str, object]:
    return dict(templates().globals)


def author_html(html: str) -> Markup:
    """HTML that authoring.read_markdown has rendered and sanitised; nothing else passes through here."""
    return Markup(html.strip())  # noqa: S704


def _blocks_html(blocks: tuple[Block, ...], *, words: Words, language: str) -> Markup:
    """The blocks one after the other."""
    show = Show(words, language)

    def cite(law: LawReference) -> str:
        return citation(law, words, language)

    def size(n: int) -> str:
        return size_in_words(n, language)

    parts = []
    for block in blocks:
        if isinstance(block, Prose):
            parts.append(author_html(block.html))
            continue
        shown = _rendered(
            f"blocks/{block.template}.html.j2",
            block=block,
            words=words,
            language=language,
            show=show,
            citation=cite,
            size=size,
        )
        parts.append(Markup(shown.strip()))  # noqa: S704
    return Markup("\n".join(parts))  # noqa: S704 - each of them is Markup


def citation(law: LawReference, words: Words, language: str) -> str:
    """An act and its article as they are cited in this language."""
    act = words["law_date"].format(act=law.act, date=_date(law.date, language)) if law.date else law.act
    # Some acts have points or chapters: only a bare number is called an article.
    article = words["law_article"].format(article=law.article) if law.article[:1].isdigit() else law.article
    in_force = words["law_in_force"].format(date=_date(law.in_force, language)) if law.in_force else ""
    until = words["law_until"].format(date=_date(law.until, language)) if law.until else ""
    return ", ".join(part for part in (act, article, in_force, until) if part)


def size_in_words(n: int, language: str) -> str:
    """Bytes as people say them: 120 kB, 3.4 MB, with the comma or point of the language."""
    if n < 1_000_000:
        return f"{max(1, round(n / 1000))}\u00a0kB"
    if (sign := _DECIMAL_SIGNS.get(language)) and n < 999_500_000:
        return (
            f"{f'{n / 1e6:.1f}'.removesuffix('.0') if n < 1e7 else round(n / 1e6)}".replace(".", sign)
            + "\u00a0MB"
        )
    from babel import Locale, UnknownLocaleError  # late, as below
    from babel.numbers import format_decimal

    try:
        number = format_decimal(round(n / 1e6, 1 if n < 1e7 else 0), locale=Locale.parse(language, sep="-"))
    except (UnknownLocaleError, ValueError):
        number = f"{n / 1e6:.1f}"
    return f"{number}\u00a0MB"


@lru_cache(maxsize=1000)
def _date(date: datetime.date, language: str) -> str:
    if months := _MONTHS.get(language):
        return f"{date.day} {months[date.month - 1]} {date.year}"
    from babel import Locale, UnknownLocaleError  # late, as above
    from babel.dates import format_date

    try:
        return format_date(date, "d MMMM y", locale=Locale.parse(language, sep="-"))
    except (UnknownLocaleError, ValueError):
        return date.isoformat()
