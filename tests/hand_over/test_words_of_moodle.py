"""What the kit's page names in Moodle is there, under that name, in Moodle 4.5.

`forms_4.5.6.json` holds the groups, labels and short lists of choices of Moodle's forms as a browser showed them;
`words_4.5.6.json` the other words with the strings of Moodle's English language pack that read so.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from authoring.messages import LANGUAGES
from lms_sync.academy import build_academy, read_academy
from lms_sync.hand_over.forms import (
    MODULES,
    Line,
    activity_lines,
    bank_lines,
    criteria_lines,
    item_lines,
    quiz_pass_lines,
    section_lines,
    visible_line,
)
from lms_sync.plan import DesiredObject, Kind
from tests.pushed_academy import COURSE

if TYPE_CHECKING:
    from tests.cli.conftest import Ended
    from tests.pushed_academy import Push

HERE = Path(__file__).parent
FORMS: dict[str, dict[str, dict[str, list[str]]]] = json.loads(
    (HERE / "forms_4.5.6.json").read_text(encoding="utf-8")
)
WORDS: dict[str, list[str]] = json.loads((HERE / "words_4.5.6.json").read_text(encoding="utf-8"))
ZONE = ZoneInfo("Europe/Tirane")

MORE: Sequence[Mapping[str, object]] = (
    {"id": "law", "kind": "url", "url": "https://example.org/", "text": "A law.", "completion": "viewed"},
    {"id": "welcome", "kind": "label", "text": "**Welcome**", "completion": "marked"},
    {"id": "task", "kind": "assignment", "text": "Write.", "points": 20, "pass": 12, "due": "2030-04-01", "cutoff": "2030-04-09",
     "completion": "passed", "groups": "separate", "submit": ["text", "files"], "max_files": 2},
    {"id": "essay", "kind": "assignment", "text": "Write.", "completion": "submitted", "submit": ["text"]},
    {"id": "talk", "kind": "forum", "subscription": "forced", "due": "2030-04-01", "completion": "posted"},
    {"id": "words", "kind": "glossary", "duplicates": True, "comments": True, "completion": "contributed"},
    {"id": "opinion", "kind": "feedback", "anonymous": False, "repeat": True, "completion": "viewed",
     "questions": [{"id": "say", "type": "text", "question": "What was missing?"}]},
    {"id": "slides", "kind": "page", "text": "Text.", "due": "2030-05-01", "completion": "viewed"},
)  # fmt: skip


@pytest.fixture
def wanted(without_plugin: Push) -> dict[str, DesiredObject]:
    """Activities of every kind and many settings, and sections, by key."""
    file = without_plugin.folder / "courses" / COURSE / "course.yaml"
    course = yaml.safe_load(file.read_text(encoding="utf-8"))
    course["sections"][1]["activities"] += [{"title": "Title", **one} for one in MORE]
    file.write_text(yaml.safe_dump(course, allow_unicode=True, sort_keys=False), encoding="utf-8")
    without_plugin.built = build_academy(read_academy(without_plugin.folder))
    objects = without_plugin.prepare().desired.objects
    return {one.key: one for one in objects if one.kind in (Kind.ACTIVITY, Kind.SECTION)}


def strange(form: str, lines: Sequence[Line]) -> list[str]:
    """Lines of the kit that the form does not have, or whose value cannot be chosen there."""
    found = []
    for line in lines:
        group = FORMS[form].get(line.group)
        if line.group == "Restrict access":
            continue  # a dialogue of its own
        if group is None or line.label not in group:
            found.append(f"{form}: {line.group} / {line.label}")
        elif line.group == "Review options":
            boxes = FORMS[form][line.label]
            found += [part for part in line.value.split(", ") if part[2:].replace("\u00a0", " ") not in boxes]
        elif (group[line.label] and not line.copied and line.value not in group[line.label]) or (
            line.value.startswith("✓ ") and line.value[2:] not in group and not line.value[2:].isdigit()
        ):
            found.append(f"{form}: {line.group} / {line.label} = {line.value}")
    return found


def test_every_line_of_every_activity_is_on_the_form_of_moodle(wanted: dict[str, DesiredObject]) -> None:
    seen = set()
    for want in wanted.values():
        if want.kind is Kind.ACTIVITY:
            module = str(want.fields["modname"])
            seen.add(module)
            lines = [*activity_lines(want, "file", ZONE), visible_line(want)]
            assert strange(module, lines) == []
    assert seen == set(MODULES)


def test_the_lines_of_the_other_forms_are_on_them_too(wanted: dict[str, DesiredObject]) -> None:
    quiz = next(one for one in wanted.values() if one.fields.get("modname") == "quiz")
    assert strange("quiz", quiz_pass_lines(quiz, ZONE)) == []
    section = next(one for one in wanted.values() if one.kind is Kind.SECTION)
    assert strange("section", section_lines(section)) == []
    assert strange("import", bank_lines("file")) == []
    lines = criteria_lines(
        [("quiz", "Final quiz"), ("scorm", "Lessons: from the counter to the state archive")]
    )
    assert strange("criteria", lines) == []
    opinion = next(one for one in wanted.values() if one.key.endswith("/evaluation"))
    items: Any = opinion.fields["items"]
    forms = {"rating": "multichoicerated", "choice": "multichoice", "text": "textarea", "number": "numeric"}
    number = {"key": "n", "type": "number", "name": "How many?", "required": 0, "options": ["0", "9"]}
    for item in [*items, number]:
        lines = [
            Line(one.group.split(". ")[1], one.label, one.value, copied=one.copied)
            for one in item_lines([item])
        ]
        assert strange(f"feedback {forms[item['type']]}", lines) == []


def test_a_line_that_no_form_has_is_found() -> None:
    assert strange("forum", [Line("General", "Name", "x", copied=True)]) == ["forum: General / Name"]
    assert strange("scorm", [Line("Grade", "Grading method", "Best")]) != []


def bracketed(language: str) -> dict[str, list[str]]:
    catalogue = tomllib.loads((files("lms_sync.messages") / f"{language}.toml").read_text(encoding="utf-8"))
    return {
        code: sorted(re.findall(r"\[([^\]]+)\]", entry["what"]))
        for code, entry in catalogue.items()
        if code.startswith("hand-over.") and isinstance(entry["what"], str)
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_of_the_menus_are_those_of_the_language_pack_in_every_language(language: str) -> None:
    in_english, here = bracketed("en"), bracketed(language)
    legend = "hand-over.words"  # shows how such words look
    assert {code: words for code, words in here.items() if code != legend} == {
        code: words for code, words in in_english.items() if code != legend
    }
    used = {word for code, words in here.items() for word in words if code != legend}
    assert used - set(WORDS) == {"{module}"}


def test_the_links_lead_to_the_forms_and_switch_moodle_to_english(
    without_plugin: Push, command: Callable[..., Ended]
) -> None:
    command("apply", "--dir", without_plugin.folder, "--yes")
    page = (without_plugin.folder / "build" / "hand-over" / COURSE / "index.html").read_text(encoding="utf-8")
    links = [one.replace("&amp;", "&") for one in re.findall(r'class="link" href="([^"]+)"', page)]
    course = without_plugin.course().id
    paths = {link.removeprefix(without_plugin.url).split("?")[0] for link in links}
    assert paths == {
        "/course/view.php", "/course/editsection.php", "/course/modedit.php", "/course/completion.php",
        "/question/bank/importquestions/import.php",
    }  # fmt: skip
    assert all(link.endswith("lang=en") for link in links)
    assert (
        f"{without_plugin.url}/course/modedit.php?add=scorm&course={course}&section=2&return=0&lang=en"
        in links
    )
