"""A lesson's text as the player shows it: every block by its own template, `player/blocks/<template>.html.j2`."""

from __future__ import annotations

import datetime
import importlib.resources
from functools import cache, partial
from importlib.resources.abc import Traversable

import jinja2
from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date
from markupsafe import Markup

from authoring.blocks import Block, LawReference, Prose
from authoring.lesson import LessonText
from course_packages.words import Words, words_in


def lesson_html(text: LessonText) -> str:
    """The HTML below the lesson's heading. Equal input, equal output."""
    words = words_in(text.language)
    show = partial(_blocks_html, words=words, language=text.language)
    return templates().get_template("lesson.html.j2").render(text=text, words=words, show=show).strip()


def player_source(name: str) -> Traversable:
    """A file of the player."""
    return importlib.resources.files("course_packages") / "player" / name


@cache
def templates() -> jinja2.Environment:
    """The templates of the player, compiled once."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: player_source(name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["author_html"] = _author_html
    return environment


def _author_html(html: str) -> Markup:
    """HTML that authoring.read_markdown has rendered and sanitised; nothing else passes through here."""
    return Markup(html.strip())  # noqa: S704


def _blocks_html(blocks: tuple[Block, ...], *, words: Words, language: str) -> Markup:
    """The blocks one after the other."""
    show = partial(_blocks_html, words=words, language=language)

    def cite(law: LawReference) -> str:
        return citation(law, words, language)

    parts = []
    for block in blocks:
        if isinstance(block, Prose):
            parts.append(_author_html(block.html))
            continue
        template = templates().get_template(f"blocks/{block.template}.html.j2")
        parts.append(Markup(template.render(block=block, words=words, show=show, citation=cite).strip()))  # noqa: S704
    return Markup("\n").join(parts)


def citation(law: LawReference, words: Words, language: str) -> str:
    """An act and its article as they are cited in this language."""
    act = words["law_date"].format(act=law.act, date=_date(law.date, language)) if law.date else law.act
    # Some acts have points or chapters: only a bare number is called an article.
    article = words["law_article"].format(article=law.article) if law.article[:1].isdigit() else law.article
    return ", ".join(part for part in (act, article) if part)


def _date(date: datetime.date, language: str) -> str:
    try:
        return format_date(date, "d MMMM y", locale=Locale.parse(language, sep="-"))
    except (UnknownLocaleError, ValueError):
        return date.isoformat()
