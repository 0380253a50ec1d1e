"""The front matter of a lesson is taken at once where it plainly is one, and comes to the same as by its form."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import example, given, settings
from hypothesis import strategies as st

from authoring.front_matter import FrontMatter, form, front_matter
from authoring.problems import ContentError
from authoring.read_yaml import Document, load_model

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


def by_form(document: Document) -> FrontMatter:
    return FrontMatter(**dict(load_model(document, form())))


def outcome(read: Callable[[Document], FrontMatter], document: Document) -> object:
    try:
        return read(document)
    except ContentError as error:
        return error.problems
