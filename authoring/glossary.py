"""`courses/<slug>/glossary.yaml`: the terms of a course, explained in each language.

    schema: glossary/1
    terms:
      - id: protocol-number
        term: {sq: Numri i protokollit, en: Protocol number}
        definition: {sq: "…", en: "…"}

In a lesson, `[the number](term:protocol-number)` shows the definition where it is met.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from authoring.languages import LocalizedText
from authoring.lesson import TermUse
from authoring.localized_parts import localized_texts
from authoring.problems import Place, Problem, Severity
from authoring.read_markdown import render
from authoring.read_yaml import load_model, read_yaml

FILE = "glossary.yaml"
MAX_DEFINITION = 600


@dataclass(frozen=True)
class Term:
    """A term with its definition; the definition is Markdown in one paragraph."""

    id: str
    term: LocalizedText
    definition: LocalizedText


@dataclass(frozen=True)
class Definition:
    """A term in one language; `html` is safe and one paragraph's content."""

    id: str
    term: str
    html: str


@dataclass(frozen=True)
class Glossary:
    """The terms of a course."""

    terms: tuple[Term, ...] = ()

    def in_language(self, language: str, default: str) -> tuple[Definition, ...]:
        """The definitions in the order of the alphabet."""
        found = [
            Definition(
                term.id,
                term.term.in_language(language, default),
                render(term.definition.in_language(language, default), file=FILE, inline=True).html.strip(),
            )
            for term in self.terms
        ]
        return tuple(sorted(found, key=lambda one: (one.term.casefold(), one.id)))


def read_glossary(
    folder: Path, *, root: Path, languages: Sequence[str], severity: Severity = "error"
) -> tuple[Glossary, list[Problem]]:
    """The glossary of the course in `folder`, empty where it has none; `severity` is that of missing translations.

    Raises ContentError where the file has not the form of a glossary.
    """
    if not (folder / FILE).is_file():
        return Glossary(), []
    from authoring.glossary_file import GlossaryFile  # late, with pydantic: many courses have none

    document = read_yaml(folder / FILE, root=root)
    file = load_model(document, GlossaryFile)
    problems: list[Problem] = []
    seen: set[str] = set()
    for index, term in enumerate(file.terms):
        if term.id.casefold() in seen:
            problems.append(
                Problem("glossary.term-twice", {"id": term.id}, document.place(("terms", index, "id")))
            )
        seen.add(term.id.casefold())
        place = document.place(("terms", index, "definition"))
        for language in languages:
            text = term.definition.in_language(language)
            if len(text) > MAX_DEFINITION:
                values = {"id": term.id, "n": len(text), "limit": MAX_DEFINITION}
                problems.append(Problem("glossary.definition-too-long", values, place))
            rendered = render(text, file=document.file, inline=True)
            problems.extend(replace(problem, place=place) for problem in rendered.problems)
    for pointer, words in localized_texts(file, ()):
        for language in words.missing(languages):
            name = next((str(step) for step in reversed(pointer) if isinstance(step, str)), "")
            values = {"key": name, "language": language}
            problems.append(Problem("course.text-not-translated", values, document.place(pointer), severity))
    return Glossary(tuple(Term(one.id, one.term, one.definition) for one in file.terms)), problems


def undefined_terms(glossary: Glossary, uses: Iterable[TermUse], file: str) -> Iterator[Problem]:
    """A problem for every word that points to a term which the glossary lacks."""
    known = {term.id for term in glossary.terms}
    for use in uses:
        if use.id not in known:
            near = difflib.get_close_matches(use.id, known, n=1)
            code = "glossary.undefined-near" if near else "glossary.undefined"
            values = {"id": use.id[:60], "file": file, "near": near[0] if near else ""}
            yield Problem(code, values, Place(use.place.file, use.place.line))
