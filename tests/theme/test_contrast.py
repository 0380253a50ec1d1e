"""Colours that people could not read are told, with the pair, the ratio, the place, and a colour that would do."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authoring.contrast import contrast
from authoring.messages import LANGUAGES, describe
from authoring.theme.mix_colours import long_form, nearest
from authoring.theme.scheme import ON_PAPER, PAIRS, colouring
from authoring.theme.theme import SHIPPED, given_colours
from authoring.theme.theme_file import ThemeFile
from tests.theme.conftest import HEAD, ThemedAcademy


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_finished_theme_keeps_every_contrast(name: str, scheme: str) -> None:
    given_by = given_colours(ThemeFile(schema="theme/1", extends=name))  # type: ignore[arg-type]
    colours = colouring(given_by, scheme)  # type: ignore[arg-type]
    pairs = [*PAIRS, *((front, "sheet", needed) for front, needed in ON_PAPER)]
    assert [pair for pair in pairs if contrast(colours[pair[0]], colours[pair[1]]) < pair[2]] == []
    assert len(pairs) > 40


# The colours of an author; of the worst pair front and ground; what kind of pair it is.
POOR = {
    "pale text": ('light: {ink: "#8a8a8a"}', "ink", "bad_wash", ""),
    "pale captions": ('light: {quiet: "#9aa4ae"}', "quiet", "main_wash", ""),
    "yellow links": ('light: {main: "#e8b400"}', "main", "bad_wash", ""),
    "white on a pale button": ('light: {main: "#1f4f7f", on_main: "#6f97c0"}', "on_main", "main", ""),
    "dark paper under dark ink": ('light: {paper: "#44484c"}', "main", "paper", ""),
    "frames like the sheet": ('light: {edge: "#e2e2e2"}', "edge", "paper", "-sign"),
    "a pale law": ('light: {law: "#c9a44c"}', "law", "law_wash", ""),
    "a tip on its own colour": ('light: {tip_wash: "#1d5f4a"}', "tip", "tip_wash", ""),
    "a warning on orange": ('light: {warn_wash: "#ff9b52"}', "warn", "warn_wash", ""),
    "right answers in lime": ('light: {good: "#58c02c"}', "good", "good_wash", ""),
    "wrong answers in pink": ('light: {bad: "#f08a8a"}', "bad", "bad_wash", ""),
    "a grey band": ('light: {band: "#9a9a9a", on_band: "#ffffff"}', "on_band", "band_wash", ""),
    "progress like the band": ('light: {band: "#1f4f7f", accent: "#2b5f93"}', "accent", "band", "-sign"),
    "dark links in the dark": ('dark: {main: "#1f4f7f"}', "main", "main_wash", ""),
    "dark text in the dark": ('dark: {ink: "#5d6570"}', "ink", "main_wash", ""),
    "frames in the dark": ('dark: {edge: "#2a313a"}', "edge", "sheet", "-sign"),
    "a light sheet in the dark": ('dark: {sheet: "#e9e9e9"}', "ink", "sheet", ""),
}


@pytest.mark.parametrize("case", POOR)
def test_a_pair_that_is_too_much_alike_is_told_with_a_colour_that_would_do(
    academy: ThemedAcademy, case: str
) -> None:
    colours, front, ground, kind = POOR[case]
    academy.write_theme(f"{HEAD}colours:\n  {colours}\n")
    problems = academy.problems()
    scheme = colours.partition(":")[0]
    changed = re.findall(r"(\w+): \"", colours)
    told = problems[0]
    assert told.code == f"theme.contrast{kind}"
    assert str(told.params["front"]).startswith(f"{scheme}: {front} #")
    assert str(told.params["ground"]).startswith(f"{ground} #")
    assert float(str(told.params["found"])) < float(str(told.params["needed"]))
    assert told.severity == "error"
    assert (told.place.file, told.place.line) == ("courses/small/theme/theme.yaml", 4)
    assert told.place.column > 3
    # Each told colour once, and with what is proposed for them nothing is left to be said.
    keys = [str(one.params["key"]) for one in problems]
    assert sorted(set(keys)) == sorted(keys)
    for one in problems:
        name = str(one.params["key"]).rpartition(" ")[2]
        assert name in changed
        colours = re.sub(rf'\b{name}: "#\w+"', f'{name}: "{one.params["better"]}"', colours)
    academy.write_theme(f"{HEAD}colours:\n  {colours}\n")
    assert academy.problems() == []


GOOD = {
    "no colours": "",
    "another main colour; the rest is made of it": 'colours: {light: {main: "#7a1f2b"}}',
    "short form": 'colours: {light: {main: "#158"}}',
    "a black band": 'colours: {light: {band: "#101418"}}',
    "a band in the main colour": 'colours: {light: {main: "#0b5f5b", band: "#0b5f5b"}, dark: {band: "#0b3f3c"}}',
    "darker text than needed": 'colours: {light: {ink: "#000000", quiet: "#333333"}}',
    "white everywhere": 'colours: {light: {paper: "#ffffff", main_wash: "#ffffff", line: "#ffffff"}}',
    "a dark scheme that is all black": 'colours: {dark: {paper: "#000", sheet: "#000", line: "#000"}}',
    "the same colours, written out": 'colours: {light: {main: "#1F4F7F"}, dark: {main: "#93C1EE"}}',
    "exactly 4.5": 'colours: {light: {law: "#735014"}}',
}


@pytest.mark.parametrize("case", GOOD)
@pytest.mark.parametrize("name", SHIPPED)
def test_colours_that_can_be_read_are_left_in_peace(academy: ThemedAcademy, case: str, name: str) -> None:
    academy.write_theme(f"schema: theme/1\nextends: {name}\n{GOOD[case]}\n")
    assert academy.problems() == []


def test_colours_of_a_manual_are_judged_on_white_paper_where_one_is_printed(academy: ThemedAcademy) -> None:
    # Light colours on a dark sheet: good on the screen, not to be read on paper.
    washes = "".join(f'{name}_wash: "#10151b", ' for name in ("main", "law", "tip", "warn", "good", "bad"))
    tones = "".join(f'{name}: "#f2d9b0", ' for name in ("law", "tip", "warn", "good", "bad"))
    ground = 'paper: "#0d1014", sheet: "#10151b", edge: "#98a2ad", quiet: "#b6bfc9"'
    theme = f'{HEAD}colours: {{light: {{ink: "#f0eee8", main: "#9cc7f0", on_main: "#10202f", {washes}{tones}{ground}}}}}'
    academy.write_theme(theme)
    assert academy.problems() == []
    path = academy.course / "course.yaml"
    text = path.read_text().replace("lessons:", "targets: [{kind: scorm12}, {kind: manual}]\nlessons:")
    academy.write(path, text.encode())
    found = academy.problems()
    assert {one.code for one in found} == {"theme.contrast-manual"}
    assert {str(one.params["key"]).rpartition(" ")[2] for one in found} == {"ink", "quiet", "main"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_message_says_everything_in_three_languages(academy: ThemedAcademy, language: str) -> None:
    academy.write_theme(HEAD + 'colours: {light: {main: "#e8b400"}}\n')
    (told,) = academy.problems()
    words = describe(told, language)
    assert words.startswith("courses/small/theme/theme.yaml:3:25")
    for value in ("#e8b400", "bad_wash", "1.6", "4.5", str(told.params["better"]), "colours: light: main"):
        assert value in words


def test_what_is_proposed_keeps_the_hue_and_is_not_changed_more_than_needed() -> None:
    better = nearest("#e8b400", lambda colour: contrast(colour, "#ffffff") >= 4.5)
    assert better is not None
    assert 4.5 <= contrast(better, "#ffffff") < 4.75
    red, green, blue = (int(better[at : at + 2], 16) for at in (1, 3, 5))
    assert red > green > blue
    assert nearest("#777777", lambda colour: False) is None


COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(COLOURS, COLOURS)
def test_for_every_colour_there_is_a_readable_one_of_its_hue(colour: str, ground: str) -> None:
    needed = min(4.5, max(contrast("#000000", ground), contrast("#ffffff", ground)))
    found = nearest(colour, lambda one: contrast(one, ground) >= needed)
    assert found is not None
    assert contrast(found, ground) >= needed


@given(COLOURS)
def test_a_colour_that_is_good_already_stays_as_it_is_to_the_eye(colour: str) -> None:
    found = nearest(colour, lambda one: True)
    assert found is not None
    parts = zip(bytes.fromhex(found[1:]), bytes.fromhex(long_form(colour)[1:]), strict=True)
    assert max(abs(a - b) for a, b in parts) <= 1
