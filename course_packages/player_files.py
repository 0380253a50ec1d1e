"""The files of the player and of the lessons, as they stand in every package.

One player for all targets: `index.html` with the course's outline, scripts and style beside it, and one
file per lesson and language that the player loads when it is opened. Lessons are script files that hand
over one text, because a page that a phone's app opens from its own storage may load scripts but not data.
"""

from __future__ import annotations

import json

from babel import Locale
from babel.core import UnknownLocaleError

from authoring.course import Course
from authoring.lesson import Lesson
from course_packages.learner_state import code, shape, state_code_length
from course_packages.lesson_html import lesson_html, player_source, templates
from course_packages.manifest import LAUNCH_PAGE
from course_packages.words import all_words, words_in
from course_packages.zip_file import Content, Made

STATIC = ("player.css", "state.js", "player.js")


def player_files(course: Course, *, adapter: str) -> dict[str, Content]:
    """The page, the player, every lesson in every offered language, and the pictures they show.

    `adapter` names the script in `player/adapters` that talks with whoever keeps the learner's record.
    """
    files: dict[str, Content] = {LAUNCH_PAGE: launch_page(course), "player/lms.js": _lms_script(adapter)}
    for name in STATIC:
        files[f"player/{name}"] = _encoded(player_source(name).read_text(encoding="utf-8"))
    for lesson in course.lessons:
        for language in course.languages.offered:
            files[lesson_file(lesson, language)] = _lesson_content(lesson, language)
    for image in course.images:
        files[image.name] = image.path
    return files


def _lesson_content(lesson: Lesson, language: str) -> Content:
    digest = lesson.texts[language].digest
    return Made(
        digest and f"{digest} {lesson.id} {language}", lambda: _encoded(_lesson_script(lesson, language))
    )


def launch_page(course: Course) -> bytes:
    """The page that a platform opens, with the outline of the course in it."""
    return _encoded(_launch_page(course))


def _lms_script(adapter: str) -> bytes:
    """The session and the target's adapter in one file: a phone waits for every request."""
    parts = (player_source("lms.js"), player_source("adapters") / f"{adapter}.js")
    return _encoded("".join(part.read_text(encoding="utf-8") for part in parts))


def lesson_file(lesson: Lesson, language: str) -> str:
    """The name of a lesson's file in the package."""
    return f"lessons/{lesson.id}.{language}.js"


def _encoded(text: str) -> bytes:
    return text.replace("\r\n", "\n").encode("utf-8")


def _language_name(language: str) -> str:
    if language in all_words():
        return all_words()[language]["language_name"]
    try:
        name = Locale.parse(language, sep="-").get_display_name() or language
    except (UnknownLocaleError, ValueError):
        return language
    return name[:1].upper() + name[1:]


def _launch_page(course: Course) -> str:
    language = course.languages.default
    return (
        templates()
        .get_template("index.html.j2")
        .render(
            language=language,
            words=words_in(language),
            title=course.title.in_language(language),
            owner=course.owner.name.in_language(language) if course.owner else "",
            languages=[{"code": each, "name": _language_name(each)} for each in course.languages.offered],
            lesson_count=len(course.lessons),
            data=_outline(course),
        )
    )


def _outline(course: Course) -> dict[str, object]:
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
        "words": {language: words_in(language) for language in offered},
    }


def _lesson_outline(lesson: Lesson) -> dict[str, object]:
    return {
        "id": lesson.id,
        "code": code("lesson", lesson.id),
        "minutes": lesson.minutes,
        "titles": {language: text.title for language, text in lesson.texts.items()},
        "checks": [
            {
                "id": check.id,
                "code": code("check", check.id),
                "shape": shape(check.keeps),
                "kind": check.kind,
                "graded": check.graded,
                "options": len(check.options),
                "right": check.right,
            }
            for check in lesson.checks
        ],
    }


def _lesson_script(lesson: Lesson, language: str) -> str:
    text = lesson.texts[language]
    arguments = ", ".join(_script_text(value) for value in (lesson.id, language, lesson_html(text)))
    return f"LmsSync.lessonArrived({arguments});\n"


def _script_text(text: str) -> str:
    """A JavaScript string. Two line separators are legal in JSON but not in the JavaScript of 2017."""
    return json.dumps(text, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
