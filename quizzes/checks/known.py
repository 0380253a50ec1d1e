"""The checks that can be switched off, and the languages in which each works."""

from __future__ import annotations

from collections.abc import Mapping

from quizzes.checks.words import LANGUAGES

EVERY = ("*",)
"""Works whatever the language is."""

MAY_BE_IGNORED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "quiz.writing-all-or-none",
            "quiz.writing-negative-stem",
            "quiz.writing-absolute-words",
            "quiz.writing-grammar-cue",
        ),
        LANGUAGES,
    ),
    **dict.fromkeys(
        (
            "quiz.writing-longest-right",
            "quiz.writing-near-duplicate",
            "quiz.writing-ranges-overlap",
            "quiz.writing-key-position",
            "quiz.guess-passes",
            "quiz.ticking-all-wins",
            "quiz.star-is-wildcard",
            "quiz.language-not-offered",
            "quiz.numbers-differ",
            "quiz.media-differ",
            "quiz.formulas-differ",
            "quiz.numbers-overlap",
            "quiz.blank-markup",
            "quiz.cloze-without-points",
            "quiz.place-without-label",
            "quiz.markers-need-sight",
            "quiz.raw-type",
            "quiz.hints-unseen",
            "quiz.latex-brackets",
            "quiz.moodle-code-typed",
            "markdown.link-not-https",
            "markdown.heading-without-blank",
        ),
        EVERY,
    ),
}
"""Each code of a warning, and the languages it works for."""
