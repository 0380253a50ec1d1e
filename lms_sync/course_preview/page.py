"""The preview's own page, and what it is told: everything in words, so that the page only shows it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2

from authoring.messages import remedy, text
from authoring.problems import Problem
from course_packages.words import all_words
from lms_sync.course_preview.shown_course import Look, ShownCourse

_WORDS = (
    "title",
    "language",
    "width",
    "phone",
    "tablet",
    "full",
    "leave",
    "forget",
    "course",
    "panel",
    "never",
    "broken",
    "problems",
    "none",
    "here",
    "elsewhere",
    "error",
    "warning",
    "show",
    "platform",
    "status",
    "score",
    "time",
    "state",
    "of-limit",
    "calls",
    "only-errors",
    "call",
    "answer",
    "session",
    "why-begun",
    "why-saved",
    "why-back",
    "why-forgot",
    "shown",
    "left",
    "forgot",
    "ended",
    "status-not-attempted",
    "status-incomplete",
    "status-completed",
    "status-passed",
    "status-failed",
    "status-browsed",
)


def page_html(look: Look, reader: str) -> str:
    """The page in the trainer's language; the course comes into it by itself."""
    words = {name: text(f"live.page-{name}", {}, reader) for name in _WORDS}
    return _template().render(words=words, reader=reader, title=look.title)


def state_of(course: ShownCourse, look: Look, reader: str) -> dict[str, object]:
    """What the page is told of a look at the course, as JSON will have it."""
    return {
        "number": look.number,
        "build": look.build,
        "broken": look.broken,
        "title": look.title,
        "titleLanguage": look.title_language,
        "languages": [{"code": one, "name": _language_name(one)} for one in look.languages],
        "changed": list(look.changed),
        "saved": look.saved_ms,
        "problems": [_problem(course, problem, reader) for problem in look.problems],
    }


def _problem(course: ShownCourse, problem: Problem, reader: str) -> dict[str, object]:
    lesson = course.lesson_of(problem)
    return {
        "code": problem.code,
        "severity": problem.severity,
        "place": str(problem.place) if problem.place.file else "",
        "what": text(problem.code, problem.params, reader),
        "remedy": remedy(problem.code, problem.params, reader) or "",
        "line": course.line_of(problem),
        "lesson": lesson[0] if lesson else "",
        "language": lesson[1] if lesson else "",
    }


def _language_name(language: str) -> str:
    return all_words().get(language, {}).get("language_name", language)


@cache
def _template() -> jinja2.Template:
    source = (Path(__file__).parent / "page.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    return environment.from_string(source)
