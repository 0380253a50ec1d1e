"""A theme is read from its folder, with its logos and fonts; what is wrong is told with its place."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from authoring.messages import LANGUAGES, describe
from authoring.problems import Problem
from authoring.read_yaml import parse_yaml
from authoring.theme import default_theme
from authoring.theme.json_schema import SHIPPED as SCHEMA
from authoring.theme.json_schema import schema_text
from authoring.theme.read_theme import MAX_LOGOS
from authoring.theme.read_ttf import NoFont, family_name, letters_missing
from tests.build.conftest import png
from tests.theme.conftest import HEAD, LOGO, ThemedAcademy, ttf

LOGOS = "partners: [{logos: [{file: %s, alt: A}]}]\n"
FONT = "fonts: {headings: Own, families: [{family: Own, licence: CC0, files: [{file: %s}]}]}\n"


def test_a_course_has_its_own_theme_else_that_of_the_academy_else_the_finished_one(
    academy: ThemedAcademy,
) -> None:
    assert academy.course_read().theme == default_theme()
    academy.write_theme("schema: theme/1\nextends: courtyard\n", of="academy")
    assert academy.course_read().theme.name == "courtyard"
    academy.write_theme('schema: theme/1\nextends: chancery\ncolours: {light: {ink: "#123"}}\n')
    theme = academy.course_read().theme
    assert (theme.name, theme.light["ink"]) == ("chancery", "#112233")
    assert theme.light["paper"] == default_theme().light["paper"]
    assert academy.problems() == []


def test_one_colour_is_enough_the_rest_is_made_of_it(academy: ThemedAcademy) -> None:
    academy.write_theme(HEAD + 'colours: {light: {main: "#7a1f2b"}}\n')
    theme = academy.course_read().theme
    assert theme.light["on_main"] == "#ffffff"
    assert theme.light["main_wash"] not in (default_theme().light["main_wash"], theme.light["main"])
    red, green, blue = bytes.fromhex(theme.dark["main"][1:])
    assert red > green
    assert red > blue
    assert theme.dark["main"] != default_theme().dark["main"]


WRONG: dict[str, tuple[str, str, int]] = {
    "another theme": ("schema: theme/1\nextends: baroque\n", "yaml.wrong-choice", 2),
    "no theme": ("schema: theme/1\n", "yaml.missing-key", 1),
    "a key that is none": (HEAD + "colors: {}\n", "yaml.unknown-key-similar", 3),
    "a colour without quotes": (HEAD + "colours:\n  light:\n    main: #1f4f7f\n", "theme.colour-unquoted", 5),
    "a colour by name": (HEAD + "colours: {light: {main: blue}}\n", "theme.colour", 3),
    "a colour of five digits": (HEAD + 'colours: {light: {main: "#12345"}}\n', "theme.colour", 3),
    "a font that nobody has": (HEAD + "fonts: {text: Comic}\n", "theme.unknown-font", 3),
    "a weight that is none": (
        HEAD + FONT.replace("files: [{file: %s}]", "files: [{file: fonts/aileron.ttf, weight: fat}]"),
        "theme.font-weight",
        3,
    ),
    "a family that is none": (
        HEAD + FONT.replace("family: Own", 'family: "x;}"') % "fonts/aileron.ttf",
        "theme.font-family",
        3,
    ),
    "a font without licence": (
        HEAD + FONT.replace("licence: CC0, ", "") % "fonts/aileron.ttf",
        "yaml.missing-key",
        3,
    ),
    "a font that is not there": (HEAD + FONT % "fonts/none.woff2", "theme.file-missing", 3),
    "a font that is a picture": (HEAD + FONT % "logos/b.png", "media.kind", 3),
    "a font that is no font": (HEAD + FONT % "fonts/false.woff2", "media.not-its-kind", 3),
    "a font that only begins as one": (HEAD + FONT % "fonts/cut.ttf", "media.not-its-kind", 3),
    "a font from elsewhere": (HEAD + FONT % "../../../../fonts.ttf", "theme.file-outside", 3),
    "more fonts than allowed": (
        HEAD + FONT.replace("{headings", "{budget_kb: 1, headings") % "fonts/aileron.ttf",
        "theme.fonts-heavy",
        3,
    ),
    "a logo that is not there": (HEAD + LOGOS % "logos/flag-of-2019.svg", "theme.file-missing", 3),
    "a logo with a slip": (HEAD + LOGOS % "logos/script1.svg", "image.missing-near", 3),
    "a logo that runs scripts": (HEAD + LOGOS % "logos/script.svg", "image.svg-unsafe", 3),
    "a logo that fetches": (HEAD + LOGOS % "logos/remote.svg", "image.svg-unsafe", 3),
    "a logo without size": (HEAD + LOGOS % "logos/nosize.svg", "theme.logo-size", 3),
    "a logo that is no picture": (HEAD + LOGOS % "logos/false.png", "image.not-its-kind", 3),
    "a logo that moves": (HEAD + LOGOS % "logos/moves.gif", "image.kind", 3),
    "a logo of the secrets": (HEAD + LOGOS % "../../../.lms-sync/a.svg", "theme.file-outside", 3),
    "a logo on a web site": (HEAD + LOGOS % '"https://example.org/a.svg"', "theme.file-missing", 3),
    "a logo without words": (
        HEAD + "partners: [{logos: [{file: logos/a.svg}]}]\n",
        "yaml.missing-key",
        3,
    ),
    "words in another language only": (
        HEAD + "partners: [{label: {sq: Nga}, logos: [{file: logos/a.svg, alt: A}]}]\n",
        "course.text-not-translated",
        3,
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_with_its_line_in_three_languages(academy: ThemedAcademy, case: str) -> None:
    text, code, line = WRONG[case]
    academy.write_files()
    logos = academy.course / "theme" / "logos"
    script = LOGO.replace(b"<path", b"<script>alert(1)</script><path")
    remote = LOGO.replace(b"<path", b'<image href="https://example.org/x.png"/><path')
    nosize = LOGO.replace(b' viewBox="0 0 200 100"', b"")
    for name, content in (("script", script), ("remote", remote), ("nosize", nosize)):
        academy.write(logos / f"{name}.svg", content)
    academy.write(logos / "false.png", b"no picture at all")
    academy.write(logos / "moves.gif", b"GIF89a\x02\0\x02\0" + bytes(20))
    academy.write(logos.parent / "fonts" / "false.woff2", b"no font at all")
    academy.write(logos.parent / "fonts" / "cut.ttf", ttf()[:40])
    academy.write_theme(text)
    problems = academy.problems()
    found = [one for one in problems if one.severity == "error"]
    assert [(one.code, one.place.line) for one in found] == [(code, line)], case
    assert found[0].place.file == "courses/small/theme/theme.yaml"
    for language in LANGUAGES:
        assert "{" not in describe(found[0], language).replace("{…}", "")


def test_a_theme_where_nobody_reads_it_is_told(academy: ThemedAcademy) -> None:
    academy.write(academy.course / "theme.yaml", HEAD.encode())
    (told,) = academy.problems()
    assert (told.code, told.place.file) == ("theme.misplaced", "courses/small/theme.yaml")


def test_what_is_heavy_or_left_over_is_told_as_a_warning(academy: ThemedAcademy) -> None:
    academy.write_files()
    academy.write(academy.course / "theme" / "logos" / "large.png", png(9, 9) + bytes(MAX_LOGOS))
    academy.write_theme(
        HEAD + LOGOS % "logos/large.png" + (FONT % "fonts/aileron.ttf").replace("headings: Own, ", "")
    )
    assert {(one.code, one.severity) for one in academy.problems()} == {
        ("theme.font-unused", "warning"),
        ("theme.logos-heavy", "warning"),
    }


def test_letters_that_a_font_lacks_are_told_for_the_languages_of_the_course(academy: ThemedAcademy) -> None:
    academy.write_files()
    academy.write_theme(HEAD + FONT % "fonts/aileron.ttf")
    assert academy.problems() == []
    path = academy.course / "course.yaml"
    academy.write(
        path, path.read_bytes().replace(b"offered: [en]", b"offered: [en, sq, ro], fallback: default")
    )
    told = [one for one in academy.problems() if one.code == "theme.font-letters"]
    assert [(one.params["language"], one.params["letters"]) for one in told] == [
        ("sq", "ë ç Ë Ç"),
        ("ro", "ă â î ș ț Ă Â Î Ș Ț"),
    ]


@given(st.binary(max_size=300), st.integers(0, 12_000), st.integers(0, 300))
def test_no_font_however_broken_stops_the_reader(noise: bytes, at: int, cut: int) -> None:
    whole = ttf()
    path = Path(tempfile.gettempdir()) / f"lms-sync-font-{os.getpid()}.ttf"
    path.write_bytes(whole[:at] + noise + whole[at + cut :])
    try:
        for read in (family_name, lambda one: letters_missing(one, "ëș")):
            with contextlib.suppress(NoFont):
                assert isinstance(read(path), str)
    finally:
        path.unlink()


def test_logos_may_lie_with_those_of_the_programme(academy: ThemedAcademy) -> None:
    academy.write(academy.folder / "programmes" / "logos" / "p.svg", LOGO)
    academy.write_theme(HEAD + LOGOS % "../../../programmes/logos/p.svg")
    assert academy.problems() == []
    (row,) = academy.course_read().theme.partners
    assert (row.logos[0].name, row.logos[0].width, row.logos[0].height) == ("theme/p.svg", 200, 100)


def test_two_files_of_one_name_have_two_names_in_the_package(academy: ThemedAcademy) -> None:
    academy.write_files()
    academy.write(academy.course / "theme" / "more" / "A.svg", LOGO)
    academy.write_theme(
        HEAD
        + "partners: [{logos: [{file: logos/a.svg, alt: A}, {file: more/A.svg, alt: B}, {file: logos/a.svg, alt: C}]}]\n"
    )
    names = [logo.name for row in academy.course_read().theme.partners for logo in row.logos]
    assert names[0] == names[2] == "theme/a.svg"
    assert len(set(names)) == 2


def test_the_schema_for_editors_is_made_from_the_models_and_takes_what_the_product_takes() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), (
        f"python -m authoring.theme.json_schema > {SCHEMA}"
    )
    schema = json.loads(schema_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    root = Path(__file__).parents[2]
    themes = [*root.glob("authoring/theme/shipped/*.yaml"), *root.glob("examples/**/theme/theme.yaml")]
    assert len(themes) >= 2
    for path in themes:
        assert list(validator.iter_errors(parse_yaml(path.read_text(encoding="utf-8"), path.name).data)) == []
    form = ("yaml.", "theme.colour", "theme.font-weight", "theme.font-family")
    for case, (text, code, _) in WRONG.items():
        told = list(validator.iter_errors(parse_yaml(text, "").data))
        assert bool(told) == code.startswith(form), case


def test_every_key_says_what_it_is() -> None:
    lacking = [
        f"{name}.{key}"
        for name, model in {"": json.loads(schema_text()), **json.loads(schema_text())["$defs"]}.items()
        for key, value in model.get("properties", {}).items()
        if "description" not in value
    ]
    assert lacking == []


def test_every_code_has_words_in_three_languages() -> None:
    import re

    root = Path(__file__).parents[2] / "authoring" / "theme"
    codes = {
        code
        for path in root.glob("*.py")
        for code in re.findall(r'"(theme\.[a-z-]+)"', path.read_text(encoding="utf-8"))
    } - {"theme.yaml"}
    assert len(codes) > 15
    for code in codes:
        for language in LANGUAGES:
            assert code not in describe(Problem(code, {}), language).replace("theme.yaml", ""), code
