"""The random world with the files of its academy, for reports."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.assessment.world import OTHERS, REGIONS, World, programme, random_world

LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><title>School</title>'
    '<rect width="40" height="20" fill="#24506b"/></svg>'
)
QUESTIONS = """\
title: {en: Questions, sq: Pyetje}
areas: [{id: book, title: {en: The book, sq: Libri}}]
questions:
  - {id: kept, area: book, type: choice, question: {en: Is it kept?, sq: A mbahet?},
     answers: [{text: {en: "No", sq: Jo}}, {text: {en: "Yes", sq: Po}, points: 2}]}
"""
CONFIG = """\
language: en
sites:
  home: {url: "https://moodle.example.org", token_env: LMS_SYNC_TOKEN, timezone: UTC}
database: {url: "sqlite:///state.db"}
"""


def random_academy(folder: Path, seed: int = 3, size: int = 60) -> World:
    """An academy folder with half a year of facts; the name of one institution begins as a formula does."""
    world = random_world(folder, seed, size)
    programme(folder)
    path = folder / "programmes" / "p.yaml"
    text = path.read_text(encoding="utf-8").replace(
        "institutions: {kinds",
        "partners:\n"
        "  - {id: school, role: owner, name: {en: The school, sq: Shkolla}, logo: programmes/logo.svg}\n"
        "  - {id: giver, role: donor, name: {en: The giver, sq: Dhuruesi}}\n"
        "institutions: {kinds",
        1,
    )
    path.write_text(text, encoding="utf-8")
    (folder / "programmes" / "logo.svg").write_text(LOGO, encoding="utf-8")
    (folder / "questionnaires").mkdir()
    for name, of in (("baseline", "institution"), ("opinion", "person")):
        head = f"schema: questionnaire/1\nid: {name}\nof: {of}\n"
        (folder / "questionnaires" / f"{name}.yaml").write_text(head + QUESTIONS, encoding="utf-8")
    (folder / "people").mkdir()
    rows = [f"{code},=Town {code},Qyteti {code},municipality,{region}" for code, region in REGIONS.items()]
    rows += [f"{code},Other {code},Tjetër {code},agency,{region}" for code, region in OTHERS.items()]
    (folder / "people" / "institutions.csv").write_text(
        "\n".join(["code,name_en,name_sq,kind,region", *rows, ""]), encoding="utf-8"
    )
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    return world


def example(tmp_path: Path, name: str) -> Path:
    """An example academy, copied, with a configuration."""
    folder = tmp_path / name
    shutil.copytree(Path(__file__).parents[2] / "examples" / name, folder)
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    return folder
