"""Dates, time limits and attempts that are other for an institution or a person. Pure; names and units are Moodle's.

Moodle keeps no value that the quiz has anyway, and takes nought for "as the quiz says", except for attempts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from fractions import Fraction

from authoring.languages import multilang as multilang_text
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
    """The overrides of a quiz, without those that would say nothing else than the quiz.

    `extra_time` is what part of the time limit people get in addition (1/4 for 25 %), by their key; `groups` are
    the institutions of these people: who gets more time gets it on top of what the institution has. What a person's
    override leaves open Moodle takes from the group's, so that it holds nothing but the time limit.
    """
    usual = {
        **quiz_times(quiz, zone),
        "timelimit": quiz.settings.time_limit,
        "attempts": quiz.settings.attempts,
    }
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
        allowed = longer(limit, part)
        if own is not None and own.timelimit is not None and allowed == quiz.settings.time_limit:
            allowed += 60  # what the quiz says Moodle would not keep, and the institution's shorter limit would count
        people.append(WantedOverride(group=None, person=person, timelimit=allowed))
    found = [_unlike(one, usual) for one in (*_in_order(by_institution.values()), *people)]
    return tuple(one for one in found if one.as_moodle())


def _in_order(found: Iterable[WantedOverride]) -> list[WantedOverride]:
    return sorted(found, key=lambda one: one.group or "")


def _unlike(one: WantedOverride, usual: Mapping[str, int]) -> WantedOverride:
    """The override without what the quiz says anyway."""
    same = {name: None for name, value in one.as_moodle().items() if value == usual[name]}
    return replace(one, **same)


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


def quiz_sections(quiz: Quiz, *, multilang: bool = True) -> list[dict[str, object]]:
    """The sections: the first slot of each (from 1, as Moodle counts), its heading and whether it is shuffled.

    None for a quiz that is all one part and stays in its order. With `multilang` a heading has all languages.
    """
    found: list[dict[str, object]] = []
    number = 1
    languages = quiz.languages.offered if multilang else (quiz.languages.default,)
    for slot in quiz.slots:
        if slot.section is not None or slot.shuffle is not None:
            heading = multilang_text(slot.section, languages) if slot.section else ""
            found.append({"first": number, "heading": heading, "shuffle": int(bool(slot.shuffle))})
        number += slot.draw or 1
    if found and found[0]["first"] != 1:
        found.insert(0, {"first": 1, "heading": "", "shuffle": 0})
    one_part = found == [{"first": 1, "heading": "", "shuffle": 0}]
    return [] if one_part else found
