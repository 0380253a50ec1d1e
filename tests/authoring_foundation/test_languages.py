"""A text is a string or a map of languages, and reaches Moodle escaped, each language in its own span."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from authoring.languages import LocalizedText, multilang, multilang_html

WORDS = st.text(min_size=1, max_size=30).filter(str.strip)


def test_a_plain_text_is_the_same_in_every_language_and_lacks_none() -> None:
    text = LocalizedText("Kurs")
    assert (text.in_language("ro"), text.languages, text.missing(["sq", "en"])) == ("Kurs", (), ())


def test_a_text_falls_back_to_the_default_and_then_to_what_there_is() -> None:
    text = LocalizedText({"sq": "Kurs", "en": "Course"})
    assert [text.in_language(one) for one in ("sq", "en", "ro")] == ["Kurs", "Course", "Course"]
    assert text.in_language("ro", default="sq") == "Kurs"
    assert LocalizedText({"ro": "Curs"}).in_language("sq") == "Curs"


def test_what_is_offered_and_not_written_is_named() -> None:
    assert LocalizedText({"sq": "Kurs"}).missing(["sq", "en", "ro"]) == ("en", "ro")


@pytest.mark.parametrize(
    "value", ["", "  ", {}, {"sq": ""}, {"sq": "a", "en": " "}, {"SQ": "a"}, {"": "a"}, {"x": "a"}, 5]
)
def test_empty_texts_and_odd_language_names_are_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(LocalizedText).validate_python(value)


def test_one_text_for_all_languages_gets_no_spans() -> None:
    assert multilang(LocalizedText("A & B <x>"), ["sq", "en"]) == "A &amp; B &lt;x&gt;"
    assert multilang(LocalizedText({"sq": "Same", "en": "Same"}), ["sq", "en"]) == "Same"
    assert multilang(LocalizedText({"sq": "Kurs", "en": "Course"}), ["sq"]) == "Kurs"


def test_several_languages_get_a_span_each_in_the_order_offered() -> None:
    text = LocalizedText({"en": "Course", "sq": "Kurs"})
    assert multilang(text, ["sq", "en"]) == (
        '<span lang="sq" class="multilang">Kurs</span><span lang="en" class="multilang">Course</span>'
    )


@given(WORDS, WORDS)
def test_no_text_can_break_out_of_its_span(albanian: str, english: str) -> None:
    written = multilang(LocalizedText({"sq": albanian, "en": english}), ["sq", "en"])
    if albanian == english:
        assert html.unescape(written) == html.unescape(html.escape(albanian))
        return
    found = re.fullmatch(
        r'<span lang="sq" class="multilang">([^<>]*)</span><span lang="en" class="multilang">([^<>]*)</span>',
        written,
    )
    assert found
    assert found.groups() == (html.escape(albanian, quote=False), html.escape(english, quote=False))


def test_markup_stays_markup_where_the_texts_are_html() -> None:
    assert multilang_html({"sq": "<p>a</p>", "en": "<p>b</p>"}).count("<p>") == 2
    assert multilang_html({"sq": "<p>a</p>", "en": "<p>a</p>"}) == "<p>a</p>"
    assert multilang_html({}) == ""
