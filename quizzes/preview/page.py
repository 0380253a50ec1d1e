"""The preview as one HTML page: no network, no storing; its one script marks as Moodle would and is bound by its hash."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from authoring.messages import text
from quizzes.preview.shown import DECIMAL_COMMA, never_asked, shown_questions, slots_of
from quizzes.quiz import Quiz
from quizzes.scores import decimal

if TYPE_CHECKING:
    import jinja2

FOLDER = Path(__file__).parent


def preview_html(quiz: Quiz, languages: tuple[str, ...]) -> bytes:
    """The page with the quiz in the given languages, the first one shown; the same quiz gives the same bytes."""
    from markupsafe import Markup

    script = "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in ("marking.js", "preview.js"))
    style = (FOLDER / "preview.css").read_text(encoding="utf-8")
    shown = {language: shown_questions(quiz, language) for language in languages}
    data: dict[str, Any] = {
        "slots": slots_of(quiz),
        "rules": {language: [one.body.rules for one in questions] for language, questions in shown.items()},
        "words": {language: _script_words(language) for language in languages},
    }
    html = (
        _environment()
        .get_template("preview.html.j2")
        .render(
            title={one: quiz.title.in_language(one, quiz.languages.default) for one in languages},
            languages=languages,
            shown=shown,
            settings=quiz.settings,
            passed={one: _percent(quiz.settings.pass_mark, one) for one in languages},
            never_asked=never_asked(quiz),
            say={one: _say(one) for one in languages},
            policy=f"default-src 'none'; img-src data:; media-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'",
            style=Markup(style),  # noqa: S704 - ours
            script=Markup(script),  # noqa: S704 - ours
            data=Markup(_in_script(data)),  # noqa: S704 - escaped
            html=Markup,  # rendered from Markdown, which lets no tag of others through
        )
    )
    return html.encode("utf-8")


def _say(language: str) -> Callable[..., str]:
    return lambda code, **params: text(f"preview.{code}", params, language)


def _percent(mark: Fraction, language: str) -> str:
    """A pass mark in percent as the language writes numbers: 66,7 in Romanian."""
    return decimal(100 * mark, 1).replace(".", "," if language in DECIMAL_COMMA else ".")


def _script_words(language: str) -> dict[str, str]:
    say = _say(language)
    point = "," if language in DECIMAL_COMMA else "."
    return {"point": point} | {
        code: say(code) for code in ("right", "partial", "wrong", "none", "open", "mark", "total")
    }


def _hash(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode('utf-8')).digest()).decode('ascii')}"


def _in_script(data: object) -> str:
    """JSON that cannot end the element it stands in."""
    plain = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return plain.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
