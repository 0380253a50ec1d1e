"""The sessions of an academy with what has been recorded about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lms_sync.facts import ATTENDANCE, SESSION_LED, Fact, latest_of_each
from lms_sync.people import People
from lms_sync.sessions.sheet import invited
from programmes import Programme, Session
from programmes.sessions import session_key


@dataclass(frozen=True)
class ListedSession:
    """A session, how many are invited, and who was there: persons, their days (participations) and hours."""

    programme: Programme
    session: Session
    invited: int
    persons: int = 0
    participations: int = 0
    hours: float = 0.0
    led: int = 0  # people who led it

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "session": session_key(self.programme.id, self.session.id),
            "kind": self.session.kind,
            "days": [day.date.isoformat() for day in self.session.days],
            "leaders_planned": list(self.session.leader),
            "leader_award": self.session.leader_award,
            "invited": self.invited,
            "persons_present": self.persons,
            "participations": self.participations,
            "hours": round(self.hours, 2),
            "leaders_recorded": self.led,
        }


def listed_sessions(
    programmes: Mapping[str, Programme], people: People, facts: Iterable[Fact]
) -> list[ListedSession]:
    """Every session by its first day, with the numbers that stand by all facts given."""
    present: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    led: dict[tuple[str, str], set[str]] = defaultdict(set)
    for fact in latest_of_each(one for one in facts if one.stream in (ATTENDANCE, SESSION_LED)):
        if fact.value.get("present") is True:
            present[fact.course, fact.subject].append(fact)
        if fact.value.get("led") is True:
            led[fact.course, fact.subject].add(fact.person_id)
    found = []
    for programme in programmes.values():
        for session in programme.sessions:
            key = (programme.id, session.id)
            found.append(
                ListedSession(
                    programme,
                    session,
                    len(
                        [
                            one
                            for one in invited(programme, session, people)
                            if one.idnumber not in session.leader
                        ]
                    ),
                    len({fact.person_id for fact in present[key]}),
                    len(present[key]),
                    sum(float(str(fact.value.get("hours", 0))) for fact in present[key]),
                    len(led[key]),
                )
            )
    return sorted(found, key=lambda one: (one.session.days[0].date, one.programme.id, one.session.id))
