"""The sessions of programmes as calendar events of a course: one for each day, and each institution's group. Pure.

A session for certain institutions is an event of their groups, so that others do not see it; any other one is an
event of the whole course. Times are those of the programme's calendar; Moodle shows each reader their own.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from markupsafe import escape

from authoring.languages import LocalizedText, multilang, multilang_html
from authoring.messages import LANGUAGES, text
from authoring.problems import Place, Problem
from lms_sync.desired_wording import Fields
from lms_sync.plan import DesiredObject, Kind
from programmes.programme import Programme, Session, SessionDay

LONGEST_KEY = 100  # the companion plugin's column
_LONGEST_NAME = 1333


def session_events(
    programme: Programme,
    course: str,
    groups: Collection[str],
    people: Mapping[str, tuple[str, str]],
    *,
    language: str,
    use_multilang: bool,
    wrong: list[Problem],
) -> Iterator[DesiredObject]:
    """The events that a programme wants in one of its courses.

    `groups` are the codes of the institutions that have a group in the course: for the others nobody is there who
    could look. `people` gives name and institution of participants by idnumber. What Moodle cannot hold is added to
    `wrong`.
    """
    if not programme.calendar.sessions or course not in programme.courses:
        return
    spoken = programme.languages if use_multilang else (_one_language(programme, language),)
    for session in programme.sessions:
        if session.course not in (None, course):
            continue
        codes = _institutions(session, people)
        for number, day in enumerate(sorted(session.days, key=lambda one: one.date), 1):
            fields = _fields(programme, session, day, number, people, spoken, language)
            key = f"{programme.id}/{session.id}/{number}"
            if not codes:
                yield from _event(key, course, {**fields, "group": ""}, wrong)
                continue
            for code in codes:
                if code in groups:
                    told = {**fields, "group": f"{course}/{code}"}
                    yield from _event(f"{key}/{code}", course, told, wrong)


def _event(key: str, course: str, fields: Fields, wrong: list[Problem]) -> Iterator[DesiredObject]:
    programme, session = key.split("/")[:2]
    place = Place(f"programmes/{programme}.yaml")
    if len(key) > LONGEST_KEY:
        values = {"key": key, "n": len(key), "limit": LONGEST_KEY}
        wrong.append(Problem("desired.event-key-too-long", values, place))
    elif len(name := str(fields["name"])) > _LONGEST_NAME:
        values = {"text": session, "n": len(name), "limit": _LONGEST_NAME}
        wrong.append(Problem("desired.too-long", values, place))
    else:
        yield DesiredObject(Kind.EVENT, key, course, fields)


def _one_language(programme: Programme, language: str) -> str:
    return language if language in programme.languages else programme.default_language


def _institutions(session: Session, people: Mapping[str, tuple[str, str]]) -> tuple[str, ...]:
    """For whose people a session is; none where it is for everybody of the programme."""
    if session.institutions:
        return tuple(dict.fromkeys(session.institutions))
    return tuple(dict.fromkeys(people[who][1] for who in session.participants if who in people))


def _fields(
    programme: Programme,
    session: Session,
    day: SessionDay,
    number: int,
    people: Mapping[str, tuple[str, str]],
    spoken: Sequence[str],
    language: str,
) -> dict[str, object]:
    begin, end = _moment(day.date, day.from_, programme.zone), _moment(day.date, day.until, programme.zone)
    return {
        "name": multilang(_title(session, number, spoken), spoken),
        "description": multilang_html(
            {one: _description(programme, session, day, people, one) for one in spoken}
        ),
        # Moodle escapes a place: it cannot be in several languages.
        "location": _place(session, _one_language(programme, language)),
        "start": begin,
        "duration": end - begin,
        "visible": 1,
    }


def _moment(day: datetime.date, time: datetime.time, zone: ZoneInfo) -> int:
    return int(datetime.datetime.combine(day, time, zone).timestamp())


def _title(session: Session, number: int, spoken: Sequence[str]) -> LocalizedText:
    if len(session.days) == 1:
        return session.title
    part = f"({number}/{len(session.days)})"
    return LocalizedText({one: f"{session.title.in_language(one)} {part}" for one in spoken})


def _description(
    programme: Programme,
    session: Session,
    day: SessionDay,
    people: Mapping[str, tuple[str, str]],
    language: str,
) -> str:
    # Moodle cleans this text before its filter looks for languages: only what may stand in a span stays in it.
    lines = [f"{item.at:%H:%M} {escape(item.title.in_language(language))}" for item in day.agenda]
    names = [people[who][0] for who in session.leader if who in people]
    if programme.calendar.leader and names:
        words = language if language in LANGUAGES else "en"
        led = text("event.leader", {"n": len(names), "names": ", ".join(names)}, words)
        lines += ["", str(escape(led))] if lines else [str(escape(led))]
    return "<br />".join(lines)


def _place(session: Session, language: str) -> str:
    if session.place is None:
        return ""
    parts = (session.place.name.in_language(language), session.place.address)
    return ", ".join(part.strip() for part in parts if part.strip())
