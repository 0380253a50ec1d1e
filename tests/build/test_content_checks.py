"""What `check` says of courses that can be built: translations, media, citations, links; for people and for programs."""

from __future__ import annotations

import datetime
import http.server
import json
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from authoring.contrast import contrast
from authoring.course import read_course
from authoring.course_checks import course_checks, unused_media
from authoring.problems import Place, Problem
from authoring.translations import FILE, compare_translations, sections, write_lock
from lms_sync.cli import commands
from lms_sync.link_check import link_problems
from lms_sync.sarif import sarif
from tests.build.conftest import SmallAcademy, png

ENGLISH = """---
title: First
---
Before.

## Letters

They **arrive** every day.

## Parcels

They are heavy.
"""
ALBANIAN = """---
title: I pari
---
Më parë.

## Letrat

Ato **vijnë** çdo ditë.

## Pakot

Ato janë të rënda.
"""


@pytest.fixture
def academy(small_academy: SmallAcademy) -> SmallAcademy:
    """A course of one lesson in English, translated into Albanian."""
    small_academy.lessons = ["first"]
    small_academy.write_course()
    path = small_academy.course / "course.yaml"
    small_academy.write(path, path.read_bytes().replace(b"offered: [en]", b"offered: [en, sq]"))
    write(small_academy, "en", ENGLISH)
    write(small_academy, "sq", ALBANIAN)
    for name in ("one", "two", "three"):
        (small_academy.course / "lessons" / name / "lesson.en.md").unlink()
    for name in ("a", "b"):
        (small_academy.course / "media" / f"{name}.png").unlink()
    return small_academy


def write(academy: SmallAcademy, language: str, text: str) -> None:
    academy.write(academy.course / "lessons" / "first" / f"lesson.{language}.md", text.encode())


def stale(academy: SmallAcademy, *, keep: bool = True, accept: tuple[str, ...] = ()) -> list[tuple[str, int]]:
    """Codes and lines of what is wrong with the translations; `keep` writes the record, as a build does."""
    course = read_course(academy.course, root=academy.folder)
    found = compare_translations(course, academy.folder, accepted=accept)
    if keep:
        write_lock(course, found)
    return [(problem.code, problem.place.line) for problem in found.problems]


def test_a_translation_is_stale_when_its_source_has_changed_since_and_only_there(
    academy: SmallAcademy,
) -> None:
    assert stale(academy) == []
    write(academy, "en", ENGLISH.replace("They are heavy.", "They are heavy and large."))
    assert stale(academy) == [("translation.stale", 10)]
    assert stale(academy) == [("translation.stale", 10)]  # looking does not make it better
    write(academy, "sq", ALBANIAN.replace("të rënda.", "të rënda dhe të mëdha."))
    assert stale(academy) == []


def test_a_change_that_did_not_matter_is_accepted_by_name(academy: SmallAcademy) -> None:
    stale(academy)
    write(academy, "en", ENGLISH.replace("They are heavy.", "They're heavy."))
    assert stale(academy, accept=("first",)) == []
    assert stale(academy) == []


def test_text_that_is_only_set_anew_or_moved_makes_nothing_stale(academy: SmallAcademy) -> None:
    stale(academy)
    write(academy, "en", ENGLISH.replace("They **arrive** every day.", "They **arrive**\nevery   day."))
    assert stale(academy) == []
    first, letters, parcels = ENGLISH.split("\n## ")
    moved, albanian = f"{first}\n## {parcels}\n## {letters}", ALBANIAN.split("\n## ")
    write(academy, "en", moved)
    write(academy, "sq", f"{albanian[0]}\n## {albanian[2]}\n## {albanian[1]}")
    assert stale(academy) == []


def test_another_number_of_headings_is_told_and_nothing_is_forgotten(academy: SmallAcademy) -> None:
    stale(academy)
    write(academy, "en", ENGLISH.replace("heavy.", "large.") + "\n## New\n\nWords.\n")
    assert stale(academy) == [("translation.sections-differ", 0)]
    write(academy, "sq", ALBANIAN + "\n## E re\n\nFjalë.\n")
    assert stale(academy) == [("translation.stale", 10)]


def test_a_broken_record_is_told_and_never_overwritten_by_itself(academy: SmallAcademy) -> None:
    lock = academy.course / FILE
    lock.write_text("<<<<<<< HEAD\n")
    assert [code for code, _ in stale(academy)] == ["translation.lock-broken"]
    assert lock.read_text() == "<<<<<<< HEAD\n"


def test_headings_in_code_begin_no_section() -> None:
    assert len(sections("a\n```\n# no\n```\n## yes\n")) == 2


def test_media_that_nothing_shows_are_listed(academy: SmallAcademy) -> None:
    academy.write(academy.course / "media" / "left-over.png", png(2, 2))
    academy.write(academy.course / "media" / "film.sq.vtt", b"WEBVTT\n")
    (academy.course / "media" / ".DS_Store").write_bytes(b"")
    write(academy, "en", ENGLISH + "\n<!-- media/film.{lang}.vtt -->\n")
    course = read_course(academy.course, root=academy.folder)
    assert [problem.place.file for problem in unused_media(course, academy.folder)] == [
        "courses/small/media/left-over.png"
    ]


def test_more_megabytes_than_the_course_allows_itself_are_told_by_kind(academy: SmallAcademy) -> None:
    path = academy.course / "course.yaml"
    academy.write(path, path.read_bytes().replace(b"lessons:", b"media: {package_budget_mb: 1}\nlessons:"))
    academy.write(academy.course / "media" / "large.gif", b"GIF89a\x02\0\x02\0" + bytes(1_200_000))
    write(academy, "en", ENGLISH + "\n![Large](../../media/large.gif)\n")
    course = read_course(academy.course, root=academy.folder)
    problems, _ = course_checks(course, academy.folder, datetime.date(2026, 1, 1))
    (budget,) = [problem for problem in problems if problem.code == "course.budget"]
    assert budget.params["parts"] == "gif 1.2 MB"


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777", "#fff") == pytest.approx(4.48, abs=0.01)  # the example everybody knows


def test_addresses_that_are_gone_are_told_where_they_stand(academy: SmallAcademy) -> None:
    class Site(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response({"/there": 200, "/moved": 404}.get(self.path, 503))
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        write(academy, "en", f"{ENGLISH}\n[a]({base}/there) [b]({base}/moved)\n\n[c]({base}/tired)\n")
        course = read_course(academy.course, root=academy.folder)
        found = link_problems([course], academy.folder)
    finally:
        server.shutdown()
        server.server_close()
    assert [(problem.params["link"], problem.place.line) for problem in found] == [(f"{base}/moved", 14)]


def test_findings_as_sarif_have_rules_places_and_words() -> None:
    problems = [
        Problem("image.missing", {"image": "a b.png"}, Place("courses/x/lessons/ë b/lesson.en.md", 7, 3)),
        Problem("course.media-unused", {}, Place("courses/x/media/old.png"), "warning"),
        Problem("academy.empty", {"folder": "."}),
    ]
    report = sarif(problems, "sq")
    assert (report["version"], len(report["runs"])) == ("2.1.0", 1)
    (run,) = report["runs"]
    rules = run["tool"]["driver"]["rules"]
    for problem, result in zip(problems, run["results"], strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == problem.code
        assert result["level"] == problem.severity
        assert result["message"]["text"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "courses/x/lessons/%C3%AB%20b/lesson.en.md", "uriBaseId": "ACADEMY"},
        "region": {"startLine": 7, "startColumn": 3},
    }
    assert "region" not in run["results"][1]["locations"][0]["physicalLocation"]
    assert "locations" not in run["results"][2]


def typed(academy: SmallAcademy, *arguments: str) -> Result:
    return CliRunner().invoke(commands, [*arguments, "--dir", str(academy.folder)], standalone_mode=False)


def test_a_trainer_builds_changes_the_source_and_is_told_until_it_is_accepted(academy: SmallAcademy) -> None:
    typed(academy, "build", "--language", "en")
    write(academy, "en", ENGLISH.replace("They are heavy.", "They are light."))
    told = typed(academy, "build", "--language", "en").output
    assert "lesson.sq.md:10: warning: The source of this section has changed" in told
    report = json.loads(typed(academy, "check", "--format", "json").stdout)
    assert [problem["code"] for problem in report["problems"]] == ["translation.stale"]
    assert typed(academy, "check", "--format", "sarif").stdout.startswith("{")
    assert (
        "taken as up to date"
        in typed(academy, "check", "--language", "en", "--accept-translation", "first").output
    )
    assert json.loads(typed(academy, "check", "--json").stdout)["problems"] == []


def test_the_record_of_translations_is_a_small_file_that_can_be_read(academy: SmallAcademy) -> None:
    stale(academy)
    lines = (academy.course / FILE).read_text(encoding="utf-8").splitlines()
    assert lines[2:6] == ["schema: translations/1", "lessons:", "  first:", "    sq:"]
    assert len(lines) == 9
    assert not Path(academy.course / FILE).read_bytes().count(b"\r")
