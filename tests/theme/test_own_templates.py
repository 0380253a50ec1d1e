"""An author's own template takes the place of the player's, if it keeps what player, people and security need."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from authoring.course import Course
from authoring.messages import LANGUAGES, describe
from authoring.problems import ContentError, Problem
from authoring.theme.theme import Template
from authoring.theme.theme_file import Colours, FontFamily, FontFile, Fonts, ThemeFile
from course_packages import scorm12_files
from course_packages.judge_templates import SHELL_IDS, policy
from course_packages.lesson_html import player_source
from course_packages.player_files import player_files
from course_packages.zip_file import read_content
from tests.theme.conftest import HEAD, ROOT, ThemedAcademy

FOLDER = "courses/small/theme/templates"


def own(name: str) -> str:
    """The player's own template."""
    return player_source(f"{name}.j2").read_text(encoding="utf-8")


SHELL, LESSON, GLOSSARY = own("index.html"), own("lesson.html"), own("glossary.html")


@pytest.fixture(scope="module")
def academy(tmp_path_factory: pytest.TempPathFactory) -> ThemedAcademy:
    """A course in two languages of which one is missing, with a glossary and a theme."""
    made = ThemedAcademy(tmp_path_factory.mktemp("themed").resolve() / "academy")
    path = made.course / "course.yaml"
    text = path.read_bytes().replace(b"offered: [en]", b"offered: [en, sq], fallback: default")
    made.write(path, text)
    terms = "schema: glossary/1\nterms: [{id: day, term: The day, definition: When it comes}]\n"
    made.write(made.course / "glossary.yaml", terms.encode())
    made.write_lesson("one", words="[the day](term:day)")
    made.write_theme(HEAD)
    return made


@pytest.fixture(scope="module")
def course(academy: ThemedAcademy) -> Course:
    return academy.course_read()


def files(course: Course, **templates: str) -> dict[str, bytes]:
    """The page and the lessons of a package with these templates of the author's."""
    own = {f"{name}.html": Template(f"{FOLDER}/{name}.html", text) for name, text in templates.items()}
    made = player_files(replace(course, theme=replace(course.theme, templates=own)), adapter="scorm12")
    return {
        name: read_content(content) for name, content in made.items() if name.startswith(("index", "less"))
    }


def told(course: Course, **templates: str) -> list[Problem]:
    with pytest.raises(ContentError) as caught:
        files(course, **templates)
    for problem in caught.value.problems:
        assert problem.code.startswith("theme.template-")
        assert problem.place.file.startswith(FOLDER)
        for language in LANGUAGES:
            assert problem.place.file in describe(problem, language)
    return list(caught.value.problems)


def lacking(course: Course, **templates: str) -> list[str]:
    problems = told(course, **templates)
    assert {one.code for one in problems} == {"theme.template-lacks"}
    return [str(one.params["what"]) for one in problems]


def forbidden(course: Course, **templates: str) -> list[tuple[str, int]]:
    problems = told(course, **templates)
    assert {one.code for one in problems} == {"theme.template-forbidden"}
    return [(str(one.params["what"]), one.place.line) for one in problems]


def test_the_players_templates_as_an_authors_own_make_the_same_package(
    academy: ThemedAcademy, course: Course
) -> None:
    before = scorm12_files(course)
    folder = academy.course / "theme" / "templates"
    for name, text in (("index", SHELL), ("lesson", LESSON), ("glossary", GLOSSARY)):
        academy.write(folder / f"{name}.html", text.encode())
    themed = academy.course_read()
    assert {name: one.text for name, one in themed.theme.templates.items()} == {
        "index.html": SHELL,
        "lesson.html": LESSON,
        "glossary.html": GLOSSARY,
    }
    assert scorm12_files(themed) == before
    academy.write(folder / "lessons.html", b"x")
    (problem,) = [one for one in academy.problems() if one.severity == "error"]
    assert problem.code == "theme.template-unknown"
    assert problem.params["known"] == "index.html, lesson.html, glossary.html"


def test_an_own_template_is_what_learners_see(course: Course) -> None:
    index = SHELL.replace("<header", '<p class="motto">{{ title | upper }} &amp; more</p>\n<header')
    lesson = "<p>{{ text.title }}, {{ words.objectives }}</p>" + LESSON
    made = files(course, index=index, lesson=lesson)
    assert '<p class="motto">SMALL COURSE &amp; more</p>' in made["index.html"].decode()
    assert "<p>Lesson one, What you will be able to do</p>" in made["lessons/one.en.js"].decode()


def test_a_page_without_the_elements_that_the_player_finds_by_id_is_refused_with_all_of_them(
    course: Course,
) -> None:
    bare = SHELL
    for name in SHELL_IDS:
        bare = bare.replace(f'id="{name}"', "")
    what = lacking(course, index=bare)
    for name in SHELL_IDS:
        assert sum(one.endswith((f'id="{name}"', f'id="{name}">')) for one in what) == 1, name
    assert lacking(course, index=SHELL.replace('id="turn"', "")) == ['id="turn"']


def test_every_id_that_the_player_asks_for_is_asked_of_templates() -> None:
    scripts = "".join(
        player_source(f"{part}.js").read_text(encoding="utf-8")
        for part in ("page", "state", "questions", "work", "texts", "pages", "look", "player", "lms")
    )
    assert set(re.findall(r'byId\("([\w-]+)"\)|getElementById\("([\w-]+)"\)', scripts)) <= {
        pair for name in SHELL_IDS for pair in ((name, ""), ("", name))
    }


LACKS = {
    "language of the page": ('<html lang="{{ language }}">', "<html>", '<html lang="en">'),
    "a language of its own": ('lang="{{ language }}"', 'lang="ro"', '<html lang="en">'),
    "policy": ('<meta http-equiv="Content-Security-Policy"', '<meta name="x"', policy()),
    "stricter words of the policy": ("default-src 'none'; ", "", policy()),
    "a policy that lets in": ("script-src 'self'", "script-src 'self' 'unsafe-inline'", policy()),
    "character set": ('<meta charset="utf-8">', "", '<meta charset="utf-8">'),
    "width of phones": ('content="width=device-width, initial-scale=1"', 'content="width=900"', "viewport"),
    "zooming": ("initial-scale=1", "initial-scale=1, user-scalable=no", "viewport"),
    "title": ("<title>{{ title }}</title>", "<title></title>", "<title>"),
    "style": ('<link rel="stylesheet" href="player/player.css">', "", "player/player.css"),
    "skip link": ('<a class="skip" href="#lesson"', '<a class="skip" href="#page"', 'class="skip"'),
    "skip link before the rest": ("<body>", '<body><a href="https://example.org">x</a>', 'class="skip"'),
    "a language": ('data-language="{{ each.code }}"', "", 'data-language="sq"'),
    "text sizes": ('("4", "170 %")', '("2", "170 %")', 'name="size" value="4"'),
    "colours of the screen": ('("dark", "theme_dark")', '("light", "theme_dark")', 'name="theme" value="dark"'),
    "look": ('<details class="look">', "<details>", 'class="look"'),
    "focus of the lesson": ('id="lesson" tabindex="-1"', 'id="lesson"', "tabindex"),
    "notices that are spoken": ('id="notices" role="status"', 'id="notices"', 'role="status"'),
    "an element of its kind": ('<ol id="lesson-list"></ol>', '<div id="lesson-list"></div>', "<ol"),
    "a script": ('<script src="player/lms.js"></script>', "", "player/lms.js"),
    "scripts in their order": ("player/lms.js", "player/player.js", "player/lms.js"),
    "outline": ("{{ data | tojson }}", "{}", "course-data"),
}  # fmt: skip


@pytest.mark.parametrize("case", LACKS)
def test_what_a_page_lacks_is_named(course: Course, case: str) -> None:
    old, new, named = LACKS[case]
    assert old in SHELL
    what = lacking(course, index=SHELL.replace(old, new))
    assert any(named in one for one in what), what
    assert len(what) <= 2


FORBIDDEN = {
    "script": ("<script>alert(1)</script>", "<script>"),
    "script from elsewhere": ('<script src="https://example.org/a.js"></script>', 'src="https://example.org/a.js"'),
    "handler": ('<p onclick="x()">a</p>', "onclick="),
    "style": ('<p style="color: red">a</p>', "style="),
    "picture from elsewhere": ('<img alt="" src="//example.org/a.png">', 'src="//example.org/a.png"'),
    "frame": ("<iframe></iframe>", "<iframe>"),
    "base": ('<base target="_top">', "<base>"),
    "letters of a script": ('<a href="javascript:alert(1)">a</a>', 'href="javascript:alert(1)"'),
    "what a condition hides": ("{% if false %}<object></object>{% endif %}", "<object>"),
    "another template": ("{% include 'player.js' %}", "{% include %}"),
}  # fmt: skip


@pytest.mark.parametrize("case", FORBIDDEN)
def test_what_must_not_stand_in_a_template_is_told_with_its_line(course: Course, case: str) -> None:
    text, named = FORBIDDEN[case]
    found = forbidden(course, index=SHELL.replace("<body>\n", f"<body>\n{text}\n", 1))
    line = SHELL[: SHELL.index("<body>")].count("\n") + 2
    assert (named, line) in found


def test_pictures_of_a_template_must_be_in_the_package(course: Course) -> None:
    assert forbidden(course, index=SHELL.replace("<main", '<img alt="" src="theme/none.svg"><main')) == [
        ('src="theme/none.svg"', 0)
    ]


BROKEN = {
    "syntax": ("{% if %}", 3),
    "unknown value": ("{{ nothing }}", 3),
    "inner parts of Python": ("{{ title.__class__ }}", 3),
    "calls": ("{{ title.upper() }}", 3),
    "files": ("{{ text.images[0].path.unlink() }}", 3),
    "endless": ("{% for a in range(999999999) %}{% endfor %}", 3),
    "by nothing": ("{{ 1 / 0 }}", 3),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_template_that_cannot_be_used_is_told_with_its_line(course: Course, case: str) -> None:
    text, line = BROKEN[case]
    (problem,) = told(
        course, lesson=f"<p>\n</p>\n{text}\n{{{{ show(text.blocks) }}}}\n" + "x" * (case == "files")
    )
    if case == "files":
        assert all(image.path.is_file() for image in course.images)
    assert (problem.code, problem.place.line) == ("theme.template-broken", line)


def test_what_a_lesson_and_a_glossary_lack_is_named(course: Course) -> None:
    assert lacking(course, lesson="<p>{{ text.title }}</p>") == [
        "{{ show(text.blocks) }}",
        '<div class="definitions" hidden>, data-term="{{ one.id }}"',
    ]
    shown = "{{ show(text.blocks) }}" + LESSON[LESSON.index("{%- if definitions %}") :]
    assert lacking(course, lesson=shown) == ['data-text-language="{{ text.language }}"']
    assert lacking(course, lesson=LESSON, glossary="<dl></dl>") == [
        '<dl class="glossary">, <div id="term-{{ one.id }}">'
    ]
    assert lacking(course, lesson=LESSON.replace(" hidden>", ">"), glossary=GLOSSARY) == [
        '<div class="definitions" hidden>, data-term="{{ one.id }}"'
    ]


def test_the_documentation_shows_the_templates_as_they_are_and_every_id() -> None:
    text = (ROOT / "docs" / "themes.md").read_text(encoding="utf-8")
    assert [f"```jinja\n{one.rstrip()}\n```" in text for one in (SHELL, LESSON, GLOSSARY)] == [True] * 3
    assert ", ".join(f"`{name}`" for name in SHELL_IDS) in text
    for model in (Colours, ThemeFile, Fonts, FontFamily, FontFile):
        for name, info in model.model_fields.items():
            assert f"`{info.alias or name}" in text or f".{name}`" in text or name == "schema_", name
