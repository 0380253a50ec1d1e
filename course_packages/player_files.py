"""The files of the player and of the lessons, as they stand in every package.

One player for all targets: `index.html` with the course's outline, scripts and style beside it, and one
file per lesson and language that the player loads when it is opened. Lessons are script files that hand
over one text, because a page that a phone's app opens from its own storage may load scripts but not data.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from authoring.blocks import Kept
from authoring.course import Course
from authoring.glossary import Definition, Glossary
from authoring.languages import Language
from authoring.lesson import Lesson, LessonText
from authoring.lesson_reader import Make
from authoring.problems import ContentError
from authoring.theme import Theme
from course_packages.learner_state import block_code, code, shape, state_code_length
from course_packages.lesson_html import (
    glossary_html,
    lesson_html,
    lesson_values,
    player_source,
    size_in_words,
    templates,
)
from course_packages.manifest import LAUNCH_PAGE
from course_packages.player_style import font_notes, style
from course_packages.words import all_words, words_in
from course_packages.zip_file import Content, Made, Packed, pack

PLAYER = ("page", "state", "questions", "work", "texts", "pages", "look", "player")
"""The parts of player.js, in the order in which they are joined."""

WORTH_TELLING = 300_000
"""Bytes of recordings and downloads from which on a lesson's size stands in the contents."""

FONT_NOTES = "theme/fonts.txt"
"""The licences of the fonts in a package."""

_LOGO_HEIGHT = 48

GLOSSARY = "_glossary"
"""What the page with all terms is called among the lessons, whose own ids hold no such sign."""


def player_files(course: Course, *, adapter: str) -> dict[str, Content]:
    """The page, the player, every lesson in every language that it has, and the media they show.

    `adapter` names the script in `player/adapters` that talks with whoever keeps the learner's record.
    """
    files: dict[str, Content] = {
        "player/lms.js": _lms_script(adapter),
        "player/player.js": player_script(),
        "player/player.css": style(course.theme, course.languages.offered),
        **course.theme.files,
    }
    if course.theme.families:
        files[FONT_NOTES] = font_notes(course.theme)
    for language in course.languages.offered:
        definitions = course.glossary.in_language(language, course.languages.default)
        if "lesson.html" in course.theme.templates:  # told by check, which renders no lessons
            first = next(lesson for lesson in course.lessons if language in lesson.texts)
            _lesson_html(first.texts[language], language, definitions, course.theme)
        for lesson in course.lessons:
            if language in lesson.texts:
                files[lesson_file(lesson, language)] = _lesson_content(
                    lesson, language, definitions, course.theme
                )
        if definitions:
            files[f"lessons/{GLOSSARY}.{language}.js"] = _arrival(
                GLOSSARY, language, _glossary_html(definitions, course.theme)
            )
    for image in course.images:
        files[image.name] = image.path
    for media in course.files:
        files[media.name] = media.path
    files[LAUNCH_PAGE] = launch_page(course, files)
    return files


def _lesson_content(
    lesson: Lesson, language: str, definitions: Sequence[Definition], theme: Theme
) -> Content:
    text = lesson.texts[language]
    made = _made_of_text(lesson.id, text, language, definitions, theme)
    if isinstance(text.made, _MadeAhead) and text.made.key == made.key:
        return replace(made, packed=text.made.packed)
    return made


def _made_of_text(
    lesson: str, text: LessonText, language: str, definitions: Sequence[Definition], theme: Theme
) -> Made:
    """The file of a lesson for readers of `language`."""
    terms = {use.id for use in text.terms}
    used = tuple(one for one in definitions if one.id in terms)
    key = text.digest and f"{text.digest} {lesson} {language} {used}"
    if own := theme.templates.get("lesson.html"):
        key = key and f"{key} {hashlib.sha256(own.text.encode()).hexdigest()}"
    return Made(key, lambda: _arrival(lesson, language, _lesson_html(text, language, used, theme)))


@dataclass(frozen=True)
class _MadeAhead:
    """The file of a lesson, packed by the process that has read it; `key` is that of `Made`."""

    key: str
    packed: Packed


def lessons_ahead(glossary: Glossary, theme: Theme, default: Language) -> Make | None:
    """What `read_course` is to make of each lesson: its file in a package. None where a template of the author's is to judge."""
    if "lesson.html" in theme.templates:
        return None
    definitions = cache(lambda language: glossary.in_language(language, default))

    def make(lesson: str, text: LessonText) -> _MadeAhead:
        made = _made_of_text(lesson, text, text.language, definitions(text.language), theme)
        return _MadeAhead(made.key, pack(_lesson_name(lesson, text.language), made))

    return make


def _lesson_html(text: LessonText, language: str, used: Sequence[Definition], theme: Theme) -> str:
    """The text of a lesson by the player's template or the author's own. Raises ContentError for one that will not do."""
    if "lesson.html" not in theme.templates:
        return lesson_html(text, language, used)
    from course_packages.judge_templates import lesson_problems
    from course_packages.own_templates import render_own

    values = lesson_values(text, language, used)
    html = render_own(theme, "lesson.html", values).strip()
    problems = lesson_problems(
        html,
        theme.templates["lesson.html"].file,
        blocks=str(values["show"](text.blocks)),
        terms=[one.id for one in used],
        other_language=text.language if text.language != language else "",
    )
    if problems:
        raise ContentError(problems)
    return html


def _glossary_html(definitions: Sequence[Definition], theme: Theme) -> str:
    if "glossary.html" not in theme.templates:
        return glossary_html(definitions)
    from course_packages.judge_templates import glossary_problems
    from course_packages.own_templates import render_own

    html = render_own(theme, "glossary.html", {"definitions": definitions}).strip()
    file = theme.templates["glossary.html"].file
    if problems := glossary_problems(html, file, [one.id for one in definitions]):
        raise ContentError(problems)
    return html


@cache
def player_script() -> bytes:
    """The parts of the player as one script; they share their names, and nothing with other scripts."""
    parts = [player_source(f"{part}.js").read_text(encoding="utf-8") for part in PLAYER]
    return _script('(function () {\n"use strict";\n' + "".join(parts) + "})();\n")


def _script(source: str) -> bytes:
    """A script without comments and indentation: it is read on phones more often than by people."""
    import rjsmin

    return _encoded(str(rjsmin.jsmin(source)))


@cache
def _lms_script(adapter: str) -> bytes:
    """The session and the target's adapter in one file: a phone waits for every request."""
    parts = (player_source("lms.js"), player_source("adapters") / f"{adapter}.js")
    return _script("".join(part.read_text(encoding="utf-8") for part in parts))


def lesson_file(lesson: Lesson, language: str) -> str:
    """The name of a lesson's file in the package."""
    return _lesson_name(lesson.id, language)


def _lesson_name(lesson: str, language: str) -> str:
    return f"lessons/{lesson}.{language}.js"


def _encoded(text: str) -> bytes:
    return text.replace("\r\n", "\n").encode("utf-8")


def _language_name(language: str) -> str:
    if language in all_words():
        return all_words()[language]["language_name"]
    from babel import Locale, UnknownLocaleError  # late: the player names its own languages

    try:
        name = Locale.parse(language, sep="-").get_display_name() or language
    except (UnknownLocaleError, ValueError):
        return language
    return name[:1].upper() + name[1:]


def launch_page(course: Course, files: Mapping[str, Content]) -> bytes:
    """The page that a platform opens, with the outline of the course in it; `files` are the others of the package."""
    language = course.languages.default
    words = words_in(language)
    sizes = _sizes(course, files)
    data = {**outline(course), "sizes": sizes}
    values = {
        "language": language,
        "words": words,
        "size": words["size_of_course"].format(size=sizes[language]),
        "title": course.title.in_language(language),
        "owner": course.owner.name.in_language(language) if course.owner else "",
        "languages": [{"code": each, "name": _language_name(each)} for each in course.languages.offered],
        "lesson_count": len(course.lessons),
        "partners": _partners(course),
        "data": data,
    }
    if "index.html" not in course.theme.templates:
        return _encoded(templates().get_template("index.html.j2").render(values))
    from course_packages.judge_templates import shell_problems
    from course_packages.own_templates import render_own

    page = render_own(course.theme, "index.html", values)
    problems = shell_problems(
        page,
        course.theme.templates["index.html"].file,
        language=language,
        languages=course.languages.offered,
        data=data,
        files=files.keys(),
    )
    if problems:
        raise ContentError(problems)
    return _encoded(page)


def _partners(course: Course) -> list[dict[str, Any]]:
    """The partners' logos for the page, in every language: an attribute has one language only."""
    default = course.languages.default
    rows = course.theme.partners

    def shown(language: str) -> list[dict[str, Any]]:
        return [
            {
                "label": row.label.in_language(language, default) if row.label else "",
                "logos": [
                    {
                        "name": logo.name,
                        "alt": logo.alt.in_language(language, default),
                        "width": round(logo.width * _LOGO_HEIGHT / logo.height),
                        "height": _LOGO_HEIGHT,
                    }
                    for logo in row.logos
                ],
            }
            for row in rows
        ]

    return [{"language": one, "rows": shown(one)} for one in course.languages.offered] if rows else []


def outline(course: Course) -> dict[str, object]:
    """What the player has to know before it opens a lesson."""
    length = state_code_length(course)
    offered = course.languages.offered
    return {
        "id": course.id,
        "version": course.version,
        "license": course.license,
        "passing": course.passing.score if course.passing else None,
        "codeLength": length,
        "defaultLanguage": course.languages.default,
        "titles": {language: course.title.in_language(language) for language in offered},
        "owners": {
            language: course.owner.name.in_language(language) if course.owner else "" for language in offered
        },
        "contact": course.owner.contact if course.owner else "",
        "lessons": [_lesson_outline(lesson) for lesson in course.lessons],
        "glossary": bool(course.glossary.terms),
        "words": {language: words_in(language) for language in offered},
    }


def _lesson_outline(lesson: Lesson) -> dict[str, object]:
    return {
        "id": lesson.id,
        "code": code("lesson", lesson.id),
        "minutes": lesson.minutes,
        "titles": {language: text.title for language, text in lesson.texts.items()},
        **_heavy(lesson),
        "kept": [_kept_outline(kept) for kept in lesson.kept],
    }


def _kept_outline(kept: Kept) -> dict[str, object]:
    """What the player has to know of a block to remember it; what is nought or empty is left out."""
    facts = {
        "graded": kept.graded,
        "asks": kept.asks,
        "n": kept.n,
        "groups": kept.groups,
        "bytes": kept.bytes,
        "right": kept.right,
    }
    return {
        "id": kept.id,
        "code": block_code(kept),
        "shape": shape(kept),
        "kind": kept.kind,
        "values": kept.values,
        **{name: value for name, value in facts.items() if value},
    }


def _sizes(course: Course, files: Mapping[str, Content]) -> dict[str, str]:
    """How much the whole course weighs, in words of each language: lessons count as they were written."""
    total = 0
    for content in files.values():
        if isinstance(content, Path):
            total += content.stat().st_size
        elif isinstance(content, bytes):
            total += len(content)
    lessons = os.fspath(course.folder / "lessons")
    for lesson in course.lessons:
        for language in lesson.texts:
            with contextlib.suppress(OSError):
                total += os.stat(f"{lessons}/{lesson.id}/lesson.{language}.md").st_size  # noqa: PTH116 - a Path takes long
    return {language: size_in_words(total, language) for language in course.languages.offered}


def _heavy(lesson: Lesson) -> dict[str, object]:
    """The size of a lesson's recordings and downloads by language, where it is worth telling."""
    sizes = {language: sum(file.size for file in text.files) for language, text in lesson.texts.items()}
    if max(sizes.values()) < WORTH_TELLING:
        return {}
    return {"sizes": {language: size_in_words(size, language) for language, size in sizes.items()}}


def _arrival(lesson: str, language: str, html: str) -> bytes:
    """A script that hands over the text of a lesson."""
    return b"LmsSync.lessonArrived(%s);\n" % b", ".join(map(_script_text, (lesson, language, html)))


_CONTROL = bytes(sorted(set(range(32)) - {10}))


def _script_text(text: str) -> bytes:
    """A JavaScript string in UTF-8, as `json.dumps` writes it; lessons are long, and here that takes a fifth of its time.

    Two line separators are legal in JSON but not in the JavaScript of 2017.
    """
    raw = text.encode("utf-8")
    if len(raw.translate(None, _CONTROL)) == len(raw):
        raw = b'"%s"' % raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    else:
        raw = _encoded(json.dumps(text, ensure_ascii=False))
    return raw.replace("\u2028".encode(), b"\\u2028").replace("\u2029".encode(), b"\\u2029")
