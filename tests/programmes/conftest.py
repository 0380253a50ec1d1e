"""A small programme and questionnaire to begin from; each test changes what it is about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

PROGRAMME = """\
schema: programme/1
id: counter
title: {sq: Sporteli, en: The counter}
languages: [sq, en]
timezone: Europe/Tirane
dates: {from: 2026-01-12, until: 2026-12-18}
partners:
  - {id: school, role: owner, short: {sq: SH, en: SC}, name: {sq: Shkolla, en: The school}}
disclaimer: {sq: Mendime të autorëve., en: The authors' views.}
courses: [counter]
awards: [clerk]
sessions:
  - id: berat-1
    title: {sq: Sesion në Berat, en: Session in Berat}
    days:
      - {date: 2026-03-12, from: "09:00", until: "15:30", hours: 5}
      - {date: 2026-03-13, from: "09:00", until: "12:30", hours: 3}
    leader: T-1
    leader_award: trainer
milestones:
  - {id: assessed, title: {sq: Vlerësuar, en: Assessed}, when: {questionnaire: baseline}}
  - {id: supplied, title: {sq: Furnizuar, en: Supplied}, by_hand: true}
questionnaires: [baseline]
indicators:
  - id: clerks
    title: {sq: Nëpunës, en: Clerks}
    definition: {sq: Kush e ka certifikatën., en: Who holds the certificate.}
    count: {certified: clerk}
    targets: [{by: 2026-06-30, value: 10}, {by: 2026-12-18, value: 20}]
    by: [gender, region]
"""

QUESTIONNAIRE = """\
schema: questionnaire/1
id: baseline
of: institution
title: {sq: Gjendja, en: The state}
areas:
  - {id: book, title: {sq: Libri, en: The book}}
questions:
  - id: kept
    area: book
    type: choice
    question: {sq: A mbahet?, en: Is it kept?}
    answers: [{text: {sq: Jo, en: "No"}}, {text: {sq: Po, en: "Yes"}, points: 2}]
  - id: order
    type: rating
    weight: 2
    question: {sq: Sa mirë?, en: How well?}
    scale: [{sq: Keq, en: Badly}, {sq: Mirë, en: Well}, {sq: Shumë mirë, en: Very well}]
  - {id: boxes, type: number, question: {sq: Sa kuti?, en: How many boxes?}, min: 0}
levels: [{from: 0, title: {sq: Fillim, en: Beginning}}, {from: 80, title: {sq: Gati, en: Ready}}]
"""


@pytest.fixture
def academy(tmp_path: Path) -> Callable[..., Path]:
    """Writes the programme and questionnaire with the named pieces replaced; the academy folder."""

    def write(*replacements: tuple[str, str]) -> Path:
        texts = {"programmes/counter.yaml": PROGRAMME, "questionnaires/baseline.yaml": QUESTIONNAIRE}
        for old, new in replacements:
            holders = [name for name, text in texts.items() if old in text]
            assert holders, old
            for name in holders:
                texts[name] = texts[name].replace(old, new, 1)
        for name, text in texts.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return write
