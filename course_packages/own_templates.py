"""An author's own templates in the place of the player's, in a sandbox: they show values and call nothing but `show`."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from authoring.problems import ContentError, Place, Problem
from authoring.theme import Theme
from authoring.theme.theme import Template
from course_packages.judge_templates import forbidden_in_source
from course_packages.lesson_html import AUTHOR_HTML, Show, author_html

_FOREIGN = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Knows the values that it is given; of what can be called, only `show`, macros and counting."""

    def is_safe_callable(self, obj: Any) -> bool:
        return isinstance(obj, Show | jinja2.runtime.Macro) or obj is self.globals.get("range")


def render_own(theme: Theme, name: str, values: Mapping[str, object]) -> str:
    """The page that the author's own template `name` ("lesson.html") makes. Raises ContentError where it makes none."""
    template = theme.templates[name]
    environment = _Sandbox(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    environment.filters[AUTHOR_HTML] = author_html
    try:
        syntax = environment.parse(template.text)
    except jinja2.TemplateSyntaxError as error:
        raise _broken(template, error, error.lineno) from error
    if foreign := next(syntax.find_all(_FOREIGN), None):
        place = Place(template.file, foreign.lineno)
        what = {"what": f"{{% {type(foreign).__name__.lower().replace('from', '')} %}}"}
        raise ContentError([Problem("theme.template-forbidden", what, place)])
    if problems := forbidden_in_source(template):
        raise ContentError(problems)
    try:
        code = environment.compile(template.text, filename=template.file)
        return jinja2.Template.from_code(environment, code, dict(environment.globals)).render(values)
    except (
        jinja2.TemplateError,
        ArithmeticError,
        LookupError,
        TypeError,
        ValueError,
        RecursionError,
    ) as error:
        frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename == template.file]
        raise _broken(template, error, (frames[-1].lineno if frames else 0) or 0) from error


def _broken(template: Template, error: Exception, line: int) -> ContentError:
    reason = str(getattr(error, "message", None) or error)[:200]
    return ContentError([Problem("theme.template-broken", {"reason": reason}, Place(template.file, line))])
