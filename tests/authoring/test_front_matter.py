"""The front matter of a lesson is taken at once where it plainly is one, and comes to the same as by its form."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import example, given, settings
from hypothesis import strategies as st

from authoring.front_matter import FrontMatter, form, front_matter, plain_front_matter
from authoring.problems import ContentError
from authoring.read_yaml import Document, load_model, parse_yaml

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.sampled_from(["", "a", "a" * 200, "a" * 201]),
    st.lists(st.sampled_from(["", "a", 1, None, True]), max_size=3), st.just({}), st.just({"sq": "x"}),
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(data=st.one_of(VALUES, st.dictionaries(st.sampled_from(["title", "objectives", "titel"]), VALUES)))
@example(data={"title": "A lesson", "objectives": ["Know it"]})
@example(data={"title": "A lesson"})
def test_what_is_taken_at_once_is_what_the_form_takes(data: object) -> None:
    document = Document(data, "lesson.en.md")
    assert outcome(front_matter, document) == outcome(by_form, document)


WORDS = st.one_of(
    st.sampled_from(["null", "True", "no", "Law: new", "It's #3", "a, [b] {c}", "ë - ș", "„Word“", "2026", "a ", "-", "a\xa0b", ""]),
    st.text(max_size=8),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    title=WORDS,
    objectives=st.lists(WORDS, max_size=3),
    begin=st.sampled_from(["\n- ", "\n  - ", "\n   - "]),
    end=st.text("\n a:", max_size=2),
)
@example(title="Receiving documents", objectives=["Register every paper", "File it"], begin="\n  - ", end="")
def test_what_is_seen_to_be_plain_is_what_a_parser_of_yaml_finds(
    title: str, objectives: list[str], begin: str, end: str
) -> None:
    text = f"title: {title}\nobjectives:{''.join(begin + one for one in objectives)}{end}"
    plain = plain_front_matter(text)
    assert plain is None or plain == front_matter(parse_yaml(text, "lesson.en.md"))


def test_an_ordinary_front_matter_needs_no_parser() -> None:
    found = plain_front_matter("title: Receiving documents\nobjectives:\n  - Register them\n  - File them")
    assert found == FrontMatter("Receiving documents", ("Register them", "File them"))


def by_form(document: Document) -> FrontMatter:
    return FrontMatter(**dict(load_model(document, form())))


def outcome(read: Callable[[Document], FrontMatter], document: Document) -> object:
    try:
        return read(document)
    except ContentError as error:
        return error.problems
