"""The kit for pilot sessions: slides, plan, tests and forms as PDF, with the sign-in sheet; for who holds the award."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from sqlalchemy import Connection, select

from authoring.problems import Refused
from certificates.held import Held
from certificates.policy import Policy
from lms_sync.people import Participant, People
from lms_sync.sessions.markdown_nodes import blocks, slides
from lms_sync.sessions.sheet import sheet_of
from lms_sync.sessions.sheet_pdf import partners_of, sheet_pdf
from lms_sync.sessions.typeset import typeset
from lms_sync.store import schema
from programmes import Programme

KIT = "pilot-kit"

_NAME = re.compile(r"^([a-z0-9-]+)\.([a-z]{2,3})\.md$")


def kit_award(programme: Programme) -> tuple[str, ...]:
    """The awards of which one opens the kit: those that the programme's pilot sessions ask their leader for."""
    asked = {one.leader_award for one in programme.sessions if one.kind == "pilot" and one.leader_award}
    return tuple(sorted(asked))


def may_have_kit(programme: Programme, held: Held, holder: str, today: datetime.date) -> bool:
    """Whether somebody holds an award today that opens the kit of a programme."""
    return any(held.valid_on(holder, award, today) for award in kit_award(programme))


def idnumber_of(connection: Connection, holder: str) -> str:
    """The idnumber of a holder; "" where there is none."""
    data = schema.person_data
    found = connection.execute(select(data.c.idnumber).where(data.c.person_id == holder)).scalar()
    return str(found or "")


def make_kit(
    folder: Path, programme: Programme, person: Participant, people: People, policies: Iterable[Policy]
) -> dict[str, bytes]:
    """The files of a kit by name: each Markdown file of `pilot-kit/` as PDF, and the sheets of the person's own pilots.

    Raises Refused where there is no kit, NotTypeset where a paper cannot be set.
    """
    sources = sorted(path for path in (folder / KIT).glob("*.md") if _NAME.match(path.name))
    if not sources:
        raise Refused("sessions.no-kit", folder=KIT)
    made: dict[str, bytes] = {}
    for path in sources:
        found = _NAME.match(path.name)
        assert found is not None
        name, language = found[1], found[2]
        if language in programme.languages:
            made[f"{name}.{language}.pdf"] = _paper(folder, path, programme, name, language)
    chosen = tuple(policies)
    for session in programme.sessions:
        if session.kind == "pilot" and person.idnumber in session.leader:
            language = programme.default_language
            sheet = sheet_of(programme, session, people, chosen, language)
            made[f"sign-in-{session.id}.{language}.pdf"] = sheet_pdf(sheet, folder, language)
    return made


def _paper(folder: Path, path: Path, programme: Programme, name: str, language: str) -> bytes:
    text = path.read_text(encoding="utf-8")
    partners, pictures = partners_of(programme, folder, language)
    data: Mapping[str, object] = {
        "lang": language,
        "title": next((line[2:] for line in text.splitlines() if line.startswith("# ")), name),
        "partners": partners,
        "disclaimer": "" if programme.disclaimer is None else programme.disclaimer.in_language(language),
    }
    dated = programme.dates.from_
    if name == "slides":
        return typeset("kit", {**data, "slides": slides(text)}, pictures, dated=dated, function="slides")
    return typeset("kit", {**data, "blocks": blocks(text)}, pictures, dated=dated, function="paper")
