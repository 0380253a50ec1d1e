"""An academy whose quiz 120 made-up people of four institutions have taken, two of its questions with a planted fault."""

from __future__ import annotations

import random
import shutil
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from lms_sync.facts import Fact, store_facts
from lms_sync.store import schema
from lms_sync.store.database import open_database

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)

CONFIG = """\
sites:
  main: {url: https://moodle.example.org, token_env: NO_TOKEN, timezone: Europe/Tirane}
database: {url: "sqlite:///.lms-sync/state.db"}
language: en
"""

QUIZ = """\
# The final test of the course.
schema: quiz/1
id: archive-final
title: {en: Archive final, sq: Testi i arkivit}
languages: {default: en, offered: [en, sq]}
settings: {grading: highest}   # the best attempt counts
slots:
  - {use: seal}
  - {use: years}
  - {use: signed}
  - {use: place}
  - {use: word}
  - {draw: 2, tags: [pool]}
questions:
  - id: seal        # who has it
    type: single
    text: {en: "Who keeps the seal?", sq: "Kush e ruan vulën?"}
    options:
      - {text: {en: The registrar, sq: Protokollisti}, correct: true}
      - {text: {en: The mayor, sq: Kryetari}}
      - {text: {en: The citizen, sq: Qytetari}}
      - {text: {en: The seal itself, sq: Vetë vula}}   # hardly likely
  - id: years
    type: single
    text: {en: "How long is a payroll kept?", sq: "Sa ruhet lista e pagave?"}
    options:
      - {text: {en: 5 years, sq: 5 vjet}, correct: true}   # it is 50
      - {text: {en: 50 years, sq: 50 vjet}}
      - {text: {en: 2 years, sq: 2 vjet}}
  - id: signed
    type: truefalse
    text: {en: "A letter needs a signature.", sq: "Shkresa kërkon nënshkrim."}
    answer: true
  - id: place
    type: matching
    text: {en: "Where does it belong?", sq: "Ku e ka vendin?"}
    pairs:
      - {left: {en: Letter, sq: Shkresa}, right: {en: Register, sq: Libri}}
      - {left: {en: File, sq: Dosja}, right: {en: Box, sq: Kutia}}
    extra:
      - {en: Bin, sq: Koshi}
  - id: word
    type: short
    text: {en: "What holds the folders?", sq: "Çfarë i mban dosjet?"}
    answers: [{text: {en: box, sq: kutia}}]
  - {id: pool-a, type: truefalse, tags: [pool], text: {en: A is so., sq: A është.}, answer: true}
  - {id: pool-b, type: truefalse, tags: [pool], text: {en: B is so., sq: B është.}, answer: false}
  - {id: pool-c, type: truefalse, tags: [pool], text: {en: C is so., sq: C është.}, answer: true}
"""

COURSE = """\
schema: course/1
id: archive
title: {en: Archive}
languages: {default: en, offered: [en]}
version: "1"
summary: {en: All about archives.}
category: {id: trainings, title: {en: Trainings}}
lessons: [{id: one}]
sections:
  - id: end
    title: {en: End}
    activities:
      - {id: final, kind: quiz, quiz: archive-final, title: {en: Final}}
      - {id: pre, kind: quiz, quiz: archive-pre, title: {en: Before}}
complete_when: {all: [final]}
"""

INSTITUTIONS = {"berat": 60, "fier": 40, "has": 17, "kukes": 3}


class Taken:
    """Writes attempts into the fact log as a pull does."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.facts: list[Fact] = []
        self.serial = 0

    def attempt(
        self,
        person: str,
        activity: str,
        answers: list[dict[str, Any]],
        *,
        number: int = 1,
        at: datetime = NOW,
    ) -> None:
        """One finished attempt; `answers` are outcomes by slot, without what all of them have."""
        score = round(sum((one["fraction"] or 0) * one.get("max", 1.0) for one in answers), 5)
        most = sum(one.get("max", 1.0) for one in answers)
        self._add(
            "quiz_attempt", person, activity, at, attempt=number, state="finished", score=score, max=most
        )
        for slot, one in enumerate(answers, 1):
            value = {
                "slot": slot, "version": 1, "variant": 1, "max": 1.0, "chosen": None, "response": None, "right": None,
                "random": None, "outcome": "gaveup" if one["fraction"] is None else "graded", **one,
            }  # fmt: skip
            self._add("question_outcome", person, activity, at, attempt=number, state="finished", **value)

    def _add(self, stream: str, person: str, activity: str, at: datetime, **value: Any) -> None:
        self.serial += 1
        self.facts.append(
            Fact(stream, str(self.serial), at, person, activity.partition("/")[0], activity, value)
        )

    def store(self) -> None:
        """Stores what was gathered."""
        with self.engine.begin() as connection:
            store_facts(connection, "main", self.facts, NOW, None)
        self.facts = []


def people(engine: Engine) -> dict[str, str]:
    """Person → institution; those of Berat are written to in Albanian."""
    found = {}
    with engine.begin() as connection:
        for institution, count in INSTITUTIONS.items():
            for number in range(count):
                person = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{institution}{number}"))
                found[person] = institution
                connection.execute(insert(schema.person).values(id=person, site="main", created_at=NOW))
                connection.execute(
                    insert(schema.person_data).values(
                        person_id=person,
                        site="main",
                        salt=b"",
                        language="sq" if institution == "berat" else "en",
                    )
                )
                connection.execute(
                    insert(schema.membership).values(
                        site="main",
                        person_id=person,
                        institution=institution,
                        valid_from=NOW - timedelta(days=99),
                    )
                )
    return found


def chosen(key: str, place: int, right: int) -> dict[str, Any]:
    """An answer to a question with options."""
    kind = "truefalse" if key not in ("seal", "years") else "multichoice"
    fraction = float(place == right)
    return {
        "question": f"archive-final:{key}",
        "type": kind,
        "chosen": [place],
        "response": "x",
        "fraction": fraction,
    }


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The academy with everything in its database; not to be changed."""
    folder = tmp_path_factory.mktemp("items") / "academy"
    for name, content in (
        ("config.yaml", CONFIG),
        ("quizzes/archive-final.yaml", QUIZ),
        ("quizzes/archive-pre.yaml", QUIZ.replace("archive-final", "archive-pre")),
        ("courses/archive/course.yaml", COURSE),
        (
            "people/institutions.csv",
            "code,name_en,name_sq\nberat,Berat,Berati\nfier,Fier,Fieri\nhas,Has,Hasi\nkukes,Kukës,Kukësi\n",
        ),
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    engine = open_database(f"sqlite:///{folder / '.lms-sync' / 'state.db'}")
    taken = Taken(engine)
    draw = random.Random(7)
    for person, institution in people(engine).items():
        able = min(1.0, max(0.0, draw.gauss(0.6, 0.22)))
        for activity, skill in (("archive/pre", able * 0.6), ("archive/final", able)):
            taken.attempt(person, activity, _answers(draw, skill, institution))
    taken.store()
    engine.dispose()
    return folder


def _answers(draw: random.Random, able: float, institution: str) -> list[dict[str, Any]]:
    def knows(ease: float = 0.0) -> bool:
        return draw.random() < min(0.97, able + ease)

    # The key of "years" is wrong: who knows takes the second option. Nobody believes the seal's last option.
    answers = [
        chosen("seal", 0 if knows(0.1) else draw.choice([1, 1, 2]), 0),
        chosen("years", 1 if knows() else draw.choice([0, 2]), 0),
        chosen("signed", 0 if knows(0.2) else 1, 0),
    ]
    pairs: list[int | None] = [place if knows() else draw.choice([2, 1 - place, None]) for place in (0, 1)]
    right = sum(one == place for place, one in enumerate(pairs))
    blank = pairs == [None, None]
    answers.append(
        {
            "question": "archive-final:place", "type": "match", "fraction": None if blank else right / 2,
            "chosen": None if blank else pairs, "response": None if blank else "x",
        }
    )  # fmt: skip
    word = (
        ("Kutia" if institution == "berat" else "box ") if knows() else draw.choice(["shelf", "Shelf", "bag"])
    )
    wrong = word in ("shelf", "Shelf", "bag")
    answers.append(
        {
            "question": "archive-final:word",
            "type": "shortanswer",
            "fraction": float(not wrong),
            "response": word,
        }
    )
    for key in draw.sample(["pool-a", "pool-b", "pool-c"], 2):
        right_place = 1 if key == "pool-b" else 0
        one = chosen(key, right_place if knows() else 1 - right_place, right_place)
        answers.append({**one, "random": {"category": "archive-final", "tags": ["pool"]}})
    return answers


@pytest.fixture
def academy(played: Path, tmp_path: Path) -> Path:
    """A copy of the academy that may be changed."""
    folder = tmp_path / "academy"
    shutil.copytree(played, folder)
    return folder
