"""What stands on the sign-in sheet of a session, whether printed or as a spreadsheet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from authoring.problems import NONE_YET, Refused
from certificates.policy import Policy
from lms_sync.people import Institution, Participant, People
from programmes import Programme, Session
from programmes.sessions import session_key


@dataclass(frozen=True)
class Sheet:
    """A sign-in sheet: who leads, who is expected from which institution, which exercises are accepted here."""

    programme: Programme
    session: Session
    leaders: tuple[Participant, ...]
    expected: tuple[tuple[Institution, tuple[Participant, ...]], ...]
    exercises: tuple[str, ...]
    institutions: tuple[Institution, ...] = ()  # all there are

    def institution_name(self, code: str, language: str) -> str:
        """The name of an institution; its code where no file has it."""
        return next((one.name(language) for one in self.institutions if one.code == code), code)

    @property
    def key(self) -> str:
        """`<programme>/<session>`."""
        return session_key(self.programme.id, self.session.id)

    @property
    def people(self) -> tuple[Participant, ...]:
        """Everybody expected, in the order of the sheet."""
        return tuple(person for _, people in self.expected for person in people)

    @property
    def text_id(self) -> str:
        """Names this very list: another person, day or leader gives another. The language is not part of it."""
        said = [
            self.key,
            [day.date.isoformat() for day in self.session.days],
            [person.idnumber for person in self.leaders],
            sorted(person.idnumber for person in self.people),
        ]
        digest = hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()
        return f"{self.key} · {digest[:4]}-{digest[4:8]}"


def find_session(programmes: Mapping[str, Programme], name: str) -> tuple[Programme, Session]:
    """The session called `<programme>/<session>`, or `<session>` where one programme alone has it; raises Refused."""
    found = [
        (programme, session)
        for programme in programmes.values()
        for session in programme.sessions
        if name in (session.id, session_key(programme.id, session.id))
    ]
    if not found:
        known = [session.id for programme in programmes.values() for session in programme.sessions]
        raise Refused("sessions.unknown", session=name, known=", ".join(known[:20]) or NONE_YET)
    if len(found) > 1:
        keys = ", ".join(session_key(programme.id, session.id) for programme, session in found)
        raise Refused("sessions.ambiguous", session=name, keys=keys)
    return found[0]


def sheet_of(
    programme: Programme, session: Session, people: People, policies: Iterable[Policy], language: str = ""
) -> Sheet:
    """The sheet of a session: the participants it names, else everybody of its institutions, in alphabetical
    order of the institutions in a language.

    Exercises are those asked for by the policies that look at this session.
    """
    known = {one.idnumber: one for one in people.participants}
    leaders = tuple(known[number] for number in session.leader if number in known)
    wanted = [one for one in invited(programme, session, people) if one not in leaders]
    by_code = {one.code: one for one in people.institutions}
    expected = []
    for code in sorted({one.institution for one in wanted}, key=lambda code: _name(by_code, code, language)):
        institution = by_code.get(code) or Institution(code, {"": code})
        of_it = [one for one in wanted if one.institution == code]
        expected.append(
            (institution, tuple(sorted(of_it, key=lambda one: (one.lastname, one.firstname, one.idnumber))))
        )
    exercises = exercises_of(programme, (one for one in policies if _looks_at(one, programme, session)))
    return Sheet(programme, session, leaders, tuple(expected), tuple(exercises), people.institutions)


def exercises_of(programme: Programme, policies: Iterable[Policy]) -> tuple[str, ...]:
    """The exercises that the awards of a programme ask for, as far as their course is one of the programme's."""
    found = {
        leaf.exercise
        for policy in policies
        if policy.id in programme.awards
        for leaf in policy.require.leaves()
        if leaf.exercise is not None and leaf.exercise.split("/", 1)[0] in programme.courses
    }
    return tuple(sorted(found))


def _looks_at(policy: Policy, programme: Programme, session: Session) -> bool:
    for leaf in policy.require.leaves():
        if leaf.attendance is not None and leaf.attendance.programme == programme.id:
            if session.id in leaf.attendance.sessions or session.kind == leaf.attendance.kind:
                return True
        elif (
            leaf.pilot_led is not None
            and leaf.pilot_led.programme == programme.id
            and session.kind == "pilot"
        ):
            return True
    return False


def invited(programme: Programme, session: Session, people: People) -> tuple[Participant, ...]:
    """Who is expected: the participants that a session names, else all of its institutions, else of the programme's."""
    if session.participants:
        return tuple(one for one in people.participants if one.idnumber in session.participants)
    codes = set(session.institutions) or {
        one.code for one in people.institutions if programme.takes_part(one.code, one.kind)
    }
    return tuple(one for one in people.participants if one.institution in codes)


def _name(institutions: Mapping[str, Institution], code: str, language: str) -> str:
    return institutions[code].name(language).casefold() if code in institutions else code
