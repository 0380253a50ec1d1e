"""The same course always makes the same bytes, and nothing that breaks a rule is written."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authoring.blocks.exercise import REASONS
from authoring.course import Course
from authoring.course_parts import CourseLanguages
from authoring.languages import LocalizedText
from authoring.lesson import CallOut, LawReference, Lesson, Prose
from authoring.problems import ContentError
from course_packages import build_scorm12, scorm12_files
from course_packages import player_files as player_files_module
from course_packages.learner_state import LIMIT, code, code_length, largest_state, shape
from course_packages.player_files import player_files
from course_packages.words import all_words, words_in
from course_packages.zip_file import read_content, zip_bytes

ROOT = Path(__file__).resolve().parents[2]
PLAYER = ROOT / "course_packages" / "player"

BUILD = """
import sys
from pathlib import Path
from authoring.course import read_course
from course_packages import build_scorm12
package = build_scorm12(read_course(Path(sys.argv[1]), root=Path(sys.argv[1]).parents[1]), Path(sys.argv[2]))
print(package.sha256, package.content_sha256)
"""


def test_same_input_same_bytes_in_another_folder_time_zone_and_process(
    small_course: Course, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The hash seed changes the order of sets, the folder and the time zone what a careless build writes down."""
    sums = set()
    for seed, zone in (("1", "Europe/Tirane"), ("2", "Pacific/Auckland")):
        other = tmp_path_factory.mktemp("elsewhere")
        shutil.copytree(small_course.folder, other / "academy" / "courses" / "small")
        done = subprocess.run(
            [sys.executable, "-c", BUILD, str(other / "academy" / "courses" / "small"), str(other / "a.zip")],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(ROOT), "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=True,
        )
        sums.add(done.stdout)
        sums.add(f"{hashlib.sha256((other / 'a.zip').read_bytes()).hexdigest()} {done.stdout.split()[1]}\n")
    here = build_scorm12(small_course, tmp_path_factory.mktemp("here") / "a.zip")
    sums.add(f"{here.sha256} {here.content_sha256}\n")
    assert len(sums) == 1


@given(st.text())
def test_a_script_hands_over_any_text_as_it_is(html: str) -> None:
    written = player_files_module._arrival("one", "sq", html).decode()
    arguments = written.removeprefix("LmsSync.lessonArrived(").removesuffix(");\n")
    assert json.loads(f"[{arguments}]") == ["one", "sq", html]
    assert not set(arguments) & {"\n", "\u2028", "\u2029"}


def test_what_is_said_of_a_package_is_what_lies_on_disk(example_course: Course, tmp_path: Path) -> None:
    package = build_scorm12(example_course, tmp_path / "build" / "a.zip")
    content = package.path.read_bytes()
    assert package.sha1 == hashlib.sha1(content).hexdigest()
    assert package.sha256 == hashlib.sha256(content).hexdigest()
    assert package.size == len(content)
    assert package.identifier == "course-archive-officers"
    assert package.languages == ("sq", "en")
    assert package.lessons == tuple(lesson.id for lesson in example_course.lessons)


def test_members_are_sorted_dated_alike_and_compressed_pictures_are_stored(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(
        zip_bytes({"b.txt": b"b" * 99, "a.png": b"p" * 99, "c/d.JPG": b"j" * 99, "a.svg": b"s" * 99})
    )
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        assert archive.testzip() is None
    assert [entry.filename for entry in entries] == ["a.png", "a.svg", "b.txt", "c/d.JPG"]
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {(entry.create_system, entry.external_attr >> 16, entry.extra) for entry in entries} == {
        (3, 0o100644, b"")
    }
    stored = [entry.filename for entry in entries if entry.compress_type == zipfile.ZIP_STORED]
    assert stored == ["a.png", "c/d.JPG"]


def test_identifiers_come_from_the_course_id_alone(small_course: Course) -> None:
    def identifiers(course: Course) -> list[bytes]:
        return re.findall(rb'identifier(?:ref)?="([^"]+)"', scorm12_files(course)["imsmanifest.xml"])

    changed = replace(small_course, version="9", lessons=small_course.lessons[::-1], slug="other")
    assert identifiers(changed) == identifiers(small_course)
    assert identifiers(replace(small_course, id="2024-course")) != identifiers(small_course)
    assert scorm12_files(replace(small_course, id="2024-course"))  # an id may begin with a digit


def test_no_mastery_score_stands_in_the_manifest_by_which_a_platform_would_close_a_failed_attempt(
    small_course: Course,
) -> None:
    assert small_course.passing is not None
    assert b"masteryscore" not in scorm12_files(small_course)["imsmanifest.xml"]


def test_titles_with_signs_of_xml_stay_titles(small_course: Course) -> None:
    odd = replace(small_course, title=LocalizedText('A & B <script>alert("x")</script>'))
    files = scorm12_files(odd)
    assert b"A &amp; B &lt;script&gt;" in files["imsmanifest.xml"]
    assert b"<script>alert" not in files["index.html"]


def test_a_state_that_would_not_fit_is_refused_with_what_each_part_costs(
    small_course: Course, tmp_path: Path
) -> None:
    lesson = small_course.lessons[0]
    many = tuple(Lesson(f"lesson-{n}", None, lesson.texts) for n in range(1500))
    with pytest.raises(ContentError) as error:
        build_scorm12(replace(small_course, lessons=many), tmp_path / "a.zip")
    problem = error.value.problem
    assert problem.code == "package.state-too-large"
    assert int(str(problem.params["n"])) > LIMIT
    assert not (tmp_path / "a.zip").exists()


def test_a_package_that_breaks_a_rule_is_not_written(small_course: Course, tmp_path: Path) -> None:
    with pytest.raises(ContentError):
        build_scorm12(replace(small_course, id="no name"), tmp_path / "a.zip")
    assert list(tmp_path.glob("*.zip")) == []


@given(names=st.sets(st.text("abc-0123456789", min_size=1, max_size=8), max_size=60))
def test_codes_tell_every_id_apart_and_grow_from_shorter_ones(names: set[str]) -> None:
    length = code_length(code("lesson", name) for name in names)
    assert len({code("lesson", name)[:length] for name in names}) == len(names)
    assert length >= 3


def test_a_check_that_was_changed_is_another_check(small_course: Course) -> None:
    check = small_course.checks[0]
    assert (
        len(
            {
                shape(check.keeps),
                shape(replace(check, options=check.options[:2]).keeps),
                shape(replace(check, kind="single").keeps),
            }
        )
        > 1
    )
    assert largest_state(small_course).total < 60


@pytest.mark.parametrize("adapter", ["scorm12", "scorm2004", "offline"])
def test_the_player_keeps_its_budget(small_course: Course, adapter: str) -> None:
    files = player_files(small_course, adapter=adapter)
    sizes = {
        name: len(read_content(content)) for name, content in files.items() if name.startswith("player/")
    }
    assert sum(size for name, size in sizes.items() if name.endswith(".js")) <= 40_000
    assert sum(size for name, size in sizes.items() if name.endswith(".css")) <= 30_000


class Inline(HTMLParser):
    """Finds script, style and handlers written into a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (
            tag == "script" and "src" not in names and names.get("type") != "application/json"
        ):
            self.found.append(tag)
        self.found += [name for name in names if name.startswith("on") or name == "style"]


def test_pages_and_lessons_carry_no_inline_script_or_style(example_files: Mapping[str, bytes]) -> None:
    page = example_files["index.html"].decode("utf-8")
    assert Inline(page).found == []
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in page
    assert "unsafe" not in page
    lessons = [name for name in example_files if name.startswith("lessons/")]
    assert len(lessons) == 14  # six lessons and the glossary in two languages
    for name in lessons:
        call = example_files[name].decode("utf-8")
        arguments = json.loads("[" + call.removeprefix("LmsSync.lessonArrived(").removesuffix(");\n") + "]")
        assert Inline(arguments[2]).found == []


def test_the_first_lesson_weighs_less_than_200_kilobytes(example_files: Mapping[str, bytes]) -> None:
    first = [name for name in example_files if name.startswith("player/") or name == "index.html"]
    first.append("lessons/receiving-documents.sq.js")
    pictures = re.findall(r'src=\\"(media/[^"\\]+)', example_files[first[-1]].decode("utf-8"))
    assert len(pictures) == 2
    assert sum(len(example_files[name]) for name in [*first, *pictures]) <= 200_000


def test_the_player_says_the_same_things_in_every_language() -> None:
    words = all_words()
    assert set(words) == {"en", "sq", "ro"}
    for language in ("sq", "ro"):
        assert list(words[language]) == list(words["en"])
        for key, text in words[language].items():
            assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", words["en"][key])), key
    assert not re.search("[şţŞŢ]", (PLAYER / "strings.toml").read_text(encoding="utf-8"))


def test_every_word_that_the_player_asks_for_is_there_and_none_is_left_over() -> None:
    known = set(tomllib.loads((PLAYER / "strings.toml").read_text(encoding="utf-8"))["en"])
    source = "".join(
        path.read_text(encoding="utf-8") for path in PLAYER.rglob("*") if path.suffix in (".js", ".j2")
    )
    for name in ("lesson_html.py", "player_files.py"):
        source += (ROOT / "course_packages" / name).read_text(encoding="utf-8")
    asked = set(
        re.findall(
            r'words\.(\w+)|say\("(\w+)"|words\["(\w+)"\]|data-(?:words|label)="(\w+)"|missing: "(\w+)"',
            source,
        )
    )
    names = {name for groups in asked for name in groups if name}
    names |= {
        f"status_{key}{end}" for key in ("open", "completed", "passed", "failed") for end in ("", "_text")
    }
    names |= {"law", "tip", "warning", "practice", "previous", "next", "language_name", "status_preview_text"}
    names |= {
        "no_connection",
        "preview",
        "review",
        "theme_auto",
        "theme_light",
        "theme_dark",
        "video",
        "audio",
    }
    names |= {f"end_{key}" for key in ("good", "fair", "bad")}
    names |= {f"helpful_{reason.replace('-', '_')}" for reason in REASONS}
    names -= {"status_", "end_", "helpful_", "in_force"}
    assert names == known


def test_a_language_without_words_of_the_players_own_is_spoken_to_in_english(small_course: Course) -> None:
    assert words_in("de") == words_in("en")
    assert words_in("sq-XK") == words_in("sq")
    texts = [lesson.texts["en"] for lesson in small_course.lessons]
    german = tuple(
        replace(lesson, texts={"de": replace(text, language="de")})
        for lesson, text in zip(small_course.lessons, texts, strict=True)
    )
    languages = CourseLanguages(default="de", offered=("de",))
    assert (
        b'lang="de"'
        in scorm12_files(replace(small_course, lessons=german, languages=languages))["index.html"]
    )


def test_statements_of_law_say_whether_they_were_checked_and_what_they_rest_on(small_course: Course) -> None:
    def shown(law: LawReference, language: str) -> str:
        lesson = small_course.lessons[0]
        block = CallOut("law", (Prose("Words.", "<p>Words.</p>"),), law)
        texts = {each: replace(text, blocks=(block,)) for each, text in lesson.texts.items()}
        course = replace(small_course, lessons=(replace(lesson, texts=texts),), passing=None)
        return scorm12_files(course)[f"lessons/first.{language}.js"].decode("utf-8")

    law = LawReference("Law no. 9154", "15", datetime.date(2003, 11, 6))
    assert "Sample, not legal advice" in shown(law, "en")
    assert "Law no. 9154 of 6 November 2003, article 15" in shown(law, "en")
    assert "Shembull, jo këshillë ligjore" in shown(law, "sq")
    assert "Law no. 9154, datë 6 nëntor 2003, neni 15" in shown(law, "sq")
    assert "Sample" not in shown(replace(law, checked=True), "en")
    assert "2003, pika 2" in shown(replace(law, article="pika 2"), "sq")
    assert ">Law no. 9154</p>" in shown(LawReference("Law no. 9154"), "en")
