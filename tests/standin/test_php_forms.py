"""How the stand-in reads forms and checks parameters: as PHP and Moodle do."""

from __future__ import annotations

from typing import Any

import pytest

from moodle_standin.errors import MoodleError
from moodle_standin.parameters import check_parameters, clean_text, nest, split_form, strip_tags


def test_brackets_become_nested_arrays_in_their_order() -> None:
    pairs = split_form(b"courses[0][fullname]=Fire%20safety&courses[0][id]=2&courses[1][id]=3&x=a+b", 100)
    assert nest(pairs) == {
        "courses": {"0": {"fullname": "Fire safety", "id": "2"}, "1": {"id": "3"}},
        "x": "a b",
    }


def test_empty_brackets_append_and_names_are_mangled_as_in_php() -> None:
    assert nest([("a[]", "x"), ("a[]", "y"), ("b.c d", "1"), ("e[f", "2"), ("g[h]i[j]", "3")]) == {
        "a": {"0": "x", "1": "y"},
        "b_c_d": "1",
        "e_f": "2",
        "g": {"h": "3"},
    }


def test_a_variable_named_twice_keeps_its_last_value() -> None:
    assert nest([("a", "1"), ("a", "2")]) == {"a": "2"}


def test_variables_beyond_the_limit_are_dropped_from_the_end() -> None:
    body = b"&".join(b"v[%d]=x" % n for n in range(20)) + b"&wstoken=t"
    form = nest(split_form(body, 15))
    assert len(form["v"]) == 15
    assert "wstoken" not in form


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a<b", "a"),
        ("a < b", "a < b"),
        ("<b>x</b>", "x"),
        ("<script>alert(1)</script>hi", "alert(1)hi"),
        ("plain", "plain"),
    ],
)
def test_tags_are_stripped_as_in_php(text: str, kept: str) -> None:
    assert strip_tags(text) == kept


def test_multilang_spans_survive_in_text_parameters_and_other_spans_do_not() -> None:
    titles = (
        '<span lang="sq" class="multilang">Arkivi</span><span lang="en" class="multilang">The archive</span>'
    )
    assert clean_text(titles) == titles
    assert clean_text('<span style="color:red">x</span>') == "x"
    assert (
        clean_text('<span class="multilang" lang="sq">x</span><b>y</b>')
        != '<span class="multilang" lang="sq">x'
    )


@pytest.mark.parametrize(
    ("kind", "value", "result"),
    [
        ("int", "12", 12),
        ("int", "-3", -3),
        ("int", 7, 7),
        ("bool", "1", True),
        ("bool", "0", False),
        ("float", "2.5", 2.5),
        ("raw", " any < thing ", " any < thing "),
        ("alphanumext", "ab_c-1", "ab_c-1"),
        ("username", "ana.hoxha@x", "ana.hoxha@x"),
    ],
)
def test_a_value_of_the_declared_type_passes(kind: str, value: Any, result: Any) -> None:
    assert check_parameters({"x": value}, {"x": {"type": kind}}) == {"x": result}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", "abc"),
        ("int", "01"),
        ("int", "1.5"),
        ("int", ""),
        ("bool", "true"),
        ("bool", "yes"),
        ("float", "1,5"),
        ("alpha", "a1"),
        ("username", "Ana"),
        ("text", "<b>x</b>"),
        ("int", {"0": "1"}),
    ],
)
def test_a_value_that_cleaning_would_change_is_refused(kind: str, value: Any) -> None:
    with pytest.raises(MoodleError) as caught:
        check_parameters({"x": value}, {"x": {"type": kind}})
    assert caught.value.errorcode == "invalidparameter"


def test_missing_unknown_and_default_parameters() -> None:
    declared: dict[str, Any] = {
        "need": {"type": "int"},
        "may": {"type": "int", "opt": "optional"},
        "rest": {"type": "raw", "opt": "default", "default": "none"},
        "list": {"list": {"type": "int"}, "opt": "default"},
    }
    assert check_parameters({"need": "1"}, declared) == {"need": 1, "rest": "none", "list": []}
    for given in ({}, {"need": "1", "other": "2"}):
        with pytest.raises(MoodleError):
            check_parameters(given, declared)
