"""What happens in each of the three example programmes: who passes, who misses a day, what an institution shows.

Everything else (sessions, places, leaders, institutions, quizzes, awards) comes from the programme's own files.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from authoring.languages import LocalizedText


@dataclass(frozen=True)
class Way:
    """How somebody does: the package's status and score, and the share of right answers in the final quiz."""

    package: str
    score: int | None
    right: float | None

    @property
    def outcome(self) -> str:
        """passed, failed or stopped."""
        if self.right is None:
            return "stopped"
        return "passed" if self.package == "passed" and self.right >= PASS else "failed"


PASS = 0.7
RIGHT_BEFORE = 0.4
"""The share of right answers in a test before the training."""

FAILS_QUIZ = Way("passed", 100, 0.5)
FAILS_PACKAGE = Way("failed", 40, 0.75)
STOPS = Way("incomplete", None, None)
PASSES = (Way("passed", 95, 1.0), Way("passed", 90, 0.9), Way("passed", 80, 0.85), Way("passed", 85, 0.95))

MIXED: tuple[Way, ...] = (
    *PASSES[:3], FAILS_QUIZ, PASSES[3], STOPS, Way("passed", 75, 0.8), FAILS_PACKAGE,
)  # fmt: skip
"""How eight neighbours in a list do."""


@dataclass(frozen=True)
class Shown:
    """A milestone that somebody saw with their own eyes: what it rests on, and when."""

    institution: str
    milestone: str
    on: datetime.date
    evidence: LocalizedText


@dataclass(frozen=True)
class Answered:
    """A questionnaire that comes back on a day: from institutions, or from so many of those who learn.

    Without names of institutions all of them that have learners answer. `good` tells how good the answers are, 0 to 1.
    """

    questionnaire: str
    on: datetime.date
    good: float
    institutions: tuple[str, ...] = ()
    people: int = 0


@dataclass(frozen=True)
class Asked:
    """A question at the help desk; without an answer it stays open."""

    who: str
    subject: str
    message: str
    answer: str = ""


@dataclass(frozen=True)
class Scenario:
    """One example and what happens in it; dates are those of the programme file."""

    example: str
    programme: str
    pushed: datetime.date
    before: datetime.date
    """The tests before the training are taken."""
    learned: tuple[datetime.date, datetime.date]
    """People finish their lessons, exercises and quizzes between these days; on the last, work is marked."""
    awarded: tuple[datetime.date, ...]
    """The days on which awards are decided, approved and issued."""
    last: datetime.date
    """As far as the programme is played."""
    ways: tuple[Way, ...] = PASSES
    otherwise: Mapping[str, Way] = field(default_factory=dict)
    """Ways by idnumber, where somebody does not do as their place in the list says."""
    missed: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(session, idnumber) → which of its days, counted from 1, somebody missed."""
    refused: frozenset[tuple[str, str]] = frozenset()
    """(exercise, idnumber): work that was not accepted."""
    of_leaders: frozenset[str] = frozenset()
    """Exercises that those who led hand in, not those who attended."""
    elsewhere: frozenset[str] = frozenset()
    """Exercises that are accepted in Moodle, not in a session."""
    shown: tuple[Shown, ...] = ()
    answered: tuple[Answered, ...] = ()
    asked_on: datetime.date = datetime.date.min
    asked: tuple[Asked, ...] = ()
    """What is asked at the help desk on that day; it is answered two days later."""
    explained: tuple[tuple[str, str], ...] = ()
    """(idnumber or institution, award): whose state is explained at the end."""

    def way_of(self, idnumber: str, place: int) -> Way:
        """How somebody does, by their place in the list of those who learn."""
        return self.otherwise.get(idnumber) or self.ways[place % len(self.ways)]


def _day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def _shown(institution: str, steps: Mapping[str, tuple[str, Mapping[str, str]]]) -> tuple[Shown, ...]:
    return tuple(
        Shown(institution, milestone, _day(on), LocalizedText(dict(evidence)))
        for milestone, (on, evidence) in steps.items()
    )


_DELIVERY: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "manual": ("2026-03-31", {"sq": "Fletë marrje, e nënshkruar", "en": "Signed receipt"}),
    "supplies": ("2026-10-20", {"sq": "Fletëdorëzim nr. 14", "en": "Delivery note no. 14"}),
}
_AUDIT: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "audit": (
        "2026-11-12",
        {"sq": "Raport kontrolli, 30 nga 30 dosje", "en": "Audit report, 30 of 30 folders"},
    ),
}

SCENARIOS: Mapping[str, Scenario] = {
    one.example: one
    for one in (
        Scenario(
            "archive-officers",
            "archive-61",
            pushed=_day("2026-01-19"),
            before=_day("2026-01-19"),
            learned=(_day("2026-01-26"), _day("2026-02-13")),
            awarded=(_day("2026-02-16"), _day("2026-03-17"), _day("2026-11-18")),
            last=_day("2026-11-18"),
            ways=MIXED,
            missed={
                ("tot-tirane", "AO-0002"): 3,
                ("diber-1", "AO-0006"): 2,
                ("vlore-1", "AO-0024"): 1,
            },
            shown=(
                *_shown("dimal", {**_DELIVERY, **_AUDIT}),
                *_shown("korce", {**_DELIVERY, **_AUDIT}),
                *_shown("lushnje", _DELIVERY),
                *_shown("has", _DELIVERY),
                *_shown("shkoder", _DELIVERY),
            ),
            answered=(
                Answered("staff-needs", _day("2026-01-22"), 0.4, people=6),
                Answered("baseline", _day("2026-02-05"), 0.35),
                Answered("opinion", _day("2026-09-21"), 0.8, people=8),
                Answered("follow-up", _day("2026-11-10"), 0.75, ("dimal", "korce", "lushnje")),
            ),
            asked_on=_day("2026-04-20"),
            asked=(
                Asked(
                    "AO-0004",
                    "Shkresë pa datë",
                    "Na erdhi një shkresë pa datë dhe pa numër nga një ndërmarrje. Çfarë date shkruaj në libër?",
                    "Datën kur e morët në dorë. Në shënim shkruani „pa datë, pa numër”; datë të dërguesit mos shpikni.",
                ),
                Asked(
                    "AO-0011",
                    "Dy kopje të së njëjtës kërkesë",
                    "Qytetari e solli kërkesën edhe me postë, edhe në sportel. A marrin dy numra?",
                    "Një numër: e dyta lidhet me të parën dhe vihet në të njëjtën praktikë, me shënim.",
                ),
                Asked("AO-0020", "Kuti të lagura", "Tri kuti u lagën nga tubi. Kujt i raportojmë?"),
            ),
            explained=(
                ("AO-0019", "archive-trainer"),
                ("AO-0002", "archive-trainer"),
                ("dimal", "certified-municipality"),
            ),
        ),
        Scenario(
            "training-of-trainers",
            "migration-governance",
            pushed=_day("2026-02-02"),
            before=_day("2026-02-16"),
            learned=(_day("2026-03-06"), _day("2026-03-25")),
            awarded=(_day("2026-03-27"), _day("2026-06-29")),
            last=_day("2026-10-01"),
            otherwise={
                "MG-0005": FAILS_QUIZ,
                "MG-0008": FAILS_PACKAGE,
                "MG-0016": STOPS,
            },
            missed={("tot-tirana", "MG-0010"): 2},
            refused=frozenset({("migration-governance/micro-teaching", "MG-0011")}),
            of_leaders=frozenset({"migration-governance/pilot-report"}),
            shown=(
                *_shown(
                    "korce",
                    {
                        "referral-card": (
                            "2026-09-16",
                            {"en": "Card seen at both counters", "sq": "Karta u pa në të dy sportelet"},
                        ),
                        "in-induction": (
                            "2026-09-16",
                            {"en": "Order of the head of staff", "sq": "Urdhër i drejtorit të personelit"},
                        ),
                    },
                ),
            ),
            answered=(
                Answered("needs", _day("2026-02-10"), 0.4, people=8),
                Answered("capacity", _day("2026-02-12"), 0.4),
                Answered("opinion", _day("2026-03-05"), 0.85, people=8),
                Answered(
                    "capacity", _day("2026-09-17"), 0.75, ("korce", "shkoder", "vlore", "kukes", "naes")
                ),
            ),
            asked_on=_day("2026-03-10"),
            asked=(
                Asked(
                    "MG-0006",
                    "An expired permit at the counter",
                    "A woman comes with a permit that expired last week and a job that she may lose. Where do I send her?",
                    "To the migration counter of the regional directorate, with the date of her application in writing; "
                    "note who received her there.",
                ),
                Asked(
                    "MG-0013", "Interpreter for a short visit", "May a neighbour interpret for ten minutes?"
                ),
            ),
            explained=(
                ("MG-0003", "governance-trainer-practised"),
                ("MG-0024", "pilot-session-attendance"),
                ("MG-0001", "governance-trainer-practised"),
            ),
        ),
        Scenario(
            "inspectorate",
            "communication",
            pushed=_day("2026-02-17"),
            before=_day("2026-02-20"),
            learned=(_day("2026-03-02"), _day("2026-05-15")),
            awarded=(_day("2026-05-18"),),
            last=_day("2026-10-05"),
            otherwise={
                "COM-0004": FAILS_QUIZ,
                "COM-0012": STOPS,
                "COM-0017": FAILS_PACKAGE,
            },
            elsewhere=frozenset({"communication/practical"}),
            missed={("nord-1", "COM-0006"): 2, ("centru-1", "COM-0019"): 1},
            shown=(
                *_shown(
                    "dr-nord",
                    {
                        "notices": (
                            "2026-09-15",
                            {"ro": "Trei anunțuri fotografiate", "en": "Three notices photographed"},
                        ),
                        "privacy": (
                            "2026-09-15",
                            {"ro": "Linia văzută la vizită", "en": "Line seen at the visit"},
                        ),
                    },
                ),
                *_shown(
                    "dr-centru",
                    {
                        "notices": (
                            "2026-09-17",
                            {"ro": "Trei anunțuri fotografiate", "en": "Three notices photographed"},
                        )
                    },
                ),
            ),
            answered=(
                Answered("needs-staff", _day("2026-02-24"), 0.4, people=8),
                Answered("counter-baseline", _day("2026-02-26"), 0.4),
                Answered("opinion", _day("2026-04-30"), 0.8, people=8),
                Answered("counter-follow-up", _day("2026-09-23"), 0.75, ("dr-nord", "dr-centru", "dr-sud")),
            ),
            asked_on=_day("2026-04-06"),
            asked=(
                Asked(
                    "COM-0003",
                    "Programare ratată",
                    "Un domn a venit cu o zi mai târziu decât programarea. Îl primim?",
                    "Da, dacă există loc liber; altfel îi dați data nouă în scris, înainte să plece.",
                ),
                Asked(
                    "COM-0018",
                    "Telefon de la o rudă",
                    "Sora întreabă dacă fratele ei a depus cererea. Ce spun?",
                ),
            ),
            explained=(
                ("COM-0001", "communication-attendance"),
                ("COM-0006", "communication-attendance"),
            ),
        ),
    )
}

_C = SCENARIOS["archive-officers"]
FULL: Mapping[str, Scenario] = {
    "archive-officers": replace(_C, awarded=(*_C.awarded, _day("2027-06-07")), last=_day("2027-06-07"))
}
"""The programme of the 61 municipalities to its last visit."""
