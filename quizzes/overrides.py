"""Dates, time limits and attempts that are other for an institution or a person. Pure.

Moodle 4.5 takes them through its own web services (`mod_quiz_save_overrides`); names and units are its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from fractions import Fraction

from quizzes.quiz import Quiz


@dataclass(frozen=True)
class WantedOverride:
    """One override: for a group or a person, by their keys; times in seconds since 1970, the limit in seconds.

    None leaves what the quiz says.
    """

    group: str | None
    person: str | None
    timeopen: int | None = None
    timeclose: int | None = None
    timelimit: int | None = None
    attempts: int | None = None

    def as_moodle(self) -> dict[str, int]:
        """The values that are set."""
        names = ("timeopen", "timeclose", "timelimit", "attempts")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


def wanted_overrides(
    quiz: Quiz,
    zone: tzinfo,
    *,
    extra_time: Mapping[str, Fraction] | None = None,
    groups: Mapping[str, str] | None = None,
) -> tuple[WantedOverride, ...]:
    """The overrides of a quiz.

    `extra_time` is what part of the time limit people get in addition (1/4 for 25 %), by their key; `groups` are
    the institutions of these people: who gets more time gets it on top of what the institution has. Moodle looks
    at a person's override only, so it repeats the institution's.
    """
    by_institution = {
        one.institution: WantedOverride(
            group=one.institution,
            person=None,
            timeopen=one.opens.begins(zone) if one.opens else None,
            timeclose=one.closes.ends(zone) if one.closes else None,
            timelimit=one.time_limit,
            attempts=one.attempts,
        )
        for one in quiz.overrides
    }
    people = []
    for person, part in sorted((extra_time or {}).items()):
        own = by_institution.get((groups or {}).get(person, ""))
        limit = quiz.settings.time_limit if own is None or own.timelimit is None else own.timelimit
        if not limit:
            continue  # without a limit there is nothing to add to
        people.append(
            WantedOverride(
                group=None,
                person=person,
                timeopen=own.timeopen if own else None,
                timeclose=own.timeclose if own else None,
                timelimit=longer(limit, part),
                attempts=own.attempts if own else None,
            )
        )
    return (*_in_order(by_institution.values()), *people)


def _in_order(found: Iterable[WantedOverride]) -> list[WantedOverride]:
    return sorted(found, key=lambda one: one.group or "")


def longer(limit: int, part: Fraction) -> int:
    """A time limit with a part of it in addition, in whole minutes, rounded up for the learner."""
    return -(-(limit + limit * part) // 60) * 60


def quiz_times(quiz: Quiz, zone: tzinfo) -> dict[str, int]:
    """When the quiz opens and closes, in seconds since 1970; 0 for never."""
    opens, closes = quiz.settings.opens, quiz.settings.closes
    return {
        "timeopen": opens.begins(zone) if opens else 0,
        "timeclose": closes.ends(zone) if closes else 0,
    }


def quiz_sections(quiz: Quiz) -> list[dict[str, object]]:
    """The sections: the first slot of each (from 1, as Moodle counts), its heading and whether it is shuffled."""
    found: list[dict[str, object]] = []
    number = 1
    default = quiz.languages.default
    for slot in quiz.slots:
        if slot.section is not None or slot.shuffle is not None:
            heading = slot.section.in_language(default) if slot.section else ""
            found.append(
                {"firstslot": number, "heading": heading, "shufflequestions": int(bool(slot.shuffle))}
            )
        number += slot.draw or 1
    if found and found[0]["firstslot"] != 1:
        found.insert(0, {"firstslot": 1, "heading": "", "shufflequestions": 0})
    return found
