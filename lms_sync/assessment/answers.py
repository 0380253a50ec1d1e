"""Answers to questionnaires: recorded from a filled-in form, and compared, baseline with follow-up."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, select

from authoring.problems import ContentError, Place, Problem, Refused
from lms_sync.clock import local_date
from lms_sync.facts import ANSWER, Fact, facts_of, latest_of_each, store_told, told_source_id
from lms_sync.people import Institution, People, institutions_by_code, meet_institution, remember_people
from lms_sync.programme_files import ProgrammeFiles
from lms_sync.store import schema
from lms_sync.store.database import reading
from programmes import Programme, Questionnaire, Score, score_answers
from programmes.attendance import Cells
from programmes.questionnaire_form import FormHead, FormTold, read_form, read_head


@dataclass(frozen=True)
class RecordedAnswers:
    """What was recorded; `new` is False where the same was known already."""

    programme: Programme
    questionnaire: Questionnaire
    whose: str
    code: str
    told: FormTold
    score: Score
    new: bool

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "programme": self.programme.id,
            "questionnaire": self.questionnaire.id,
            "holder": self.code,
            "on": self.told.on.isoformat(),
            "answers": len(self.told.answers),
            "score": self.score.whole,
            "areas": dict(self.score.areas),
            "new": self.new,
        }


def questionnaire_of(
    files: ProgrammeFiles, slug: str, programme: str | None
) -> tuple[Programme, Questionnaire]:
    """A questionnaire with the programme it is of; raises Refused where there is none, or several programmes."""
    questionnaire = files.questionnaire(slug)
    if questionnaire is None:
        known = ", ".join(one.id for one in files.questionnaires) or "-"
        raise Refused("questionnaire.unknown", questionnaire=slug, known=known)
    of = [
        one
        for one in files.programmes
        if slug in one.questionnaires and (programme is None or one.id == programme)
    ]
    if len(of) != 1:
        known = ", ".join(one.id for one in files.programmes if slug in one.questionnaires) or "-"
        code = "questionnaire.several-programmes" if of else "questionnaire.no-programme"
        raise Refused(code, questionnaire=slug, known=known)
    return of[0], questionnaire


def record_answers(
    engine: Engine,
    site: str,
    files: ProgrammeFiles,
    people: People,
    cells: Cells,
    *,
    by: str,
    now: datetime.datetime,
) -> RecordedAnswers:
    """Stores what a filled-in form says; raises ContentError with every problem of the form, and then stores nothing.

    There is one answer of a holder to a questionnaire: another form corrects it, the same one adds nothing.
    """
    if not by.strip():
        raise Refused("questionnaire.nobody")
    head = read_head(cells)
    if head.columns_at < 0:
        raise ContentError([Problem("form.no-head", {}, Place(cells.file, 1))])
    if not head["questionnaire"]:
        raise ContentError([Problem("form.no-questionnaire", {}, Place(cells.file, 1))])
    programme, questionnaire = questionnaire_of(files, head["questionnaire"], head["programme"] or None)
    problems: list[Problem] = []
    institution, number = _whose(head, questionnaire, programme, people, cells.file, problems)
    told: FormTold | None = None
    try:
        told = read_form(cells, questionnaire, today=local_date(now, programme.timezone))
    except ContentError as error:
        problems += error.problems
    if problems or told is None:
        raise ContentError(problems)
    score = score_answers(questionnaire, told.answers)
    value: dict[str, object] = {
        "answers": dict(sorted(told.answers.items())),
        "score": score.whole,
        "areas": dict(score.areas),
        "on": told.on.isoformat(),
        "recorded_by": by.strip(),
    }
    with engine.begin() as connection:
        if institution is not None:
            name = institution.name(programme.default_language)
            holder = meet_institution(connection, site, institution.code, name, now)
        else:
            holder = _person(connection, site, people, number, now)
        source_id = told_source_id(programme.id, questionnaire.id, holder)
        fact = Fact(ANSWER, source_id, now, holder, programme.id, questionnaire.id, value)
        new = store_told(connection, site, [fact], now, None)
    code = number if institution is None else institution.code
    whose = (
        next(one.name for one in people.participants if one.idnumber == number)
        if institution is None
        else institution.name(programme.default_language)
    )
    return RecordedAnswers(programme, questionnaire, whose, code, told, score, bool(new))


def _whose(
    head: FormHead,
    questionnaire: Questionnaire,
    programme: Programme,
    people: People,
    file: str,
    problems: list[Problem],
) -> tuple[Institution | None, str]:
    """The institution, or the person's idnumber, whose form it is."""
    key = questionnaire.of
    said = head[key]
    place = head.cells.get(key, Place(file, 1))
    if not said:
        problems.append(Problem(f"form.no-{key}", {}, place))
        return None, ""
    if key == "institution":
        here = [one for one in people.institutions if programme.takes_part(one.code, one.kind)]
        found = [one for one in here if said.casefold() in {one.code.casefold(), *_names(one)}]
        if len(found) == 1:
            return found[0], ""
        problems.append(Problem("form.unknown-institution", {"value": said}, place))
        return None, ""
    known = [one.idnumber for one in people.participants if one.idnumber.casefold() == said.casefold()]
    if len(known) == 1:
        return None, known[0]
    problems.append(Problem("form.unknown-person", {"value": said}, place))
    return None, ""


def _names(institution: Institution) -> set[str]:
    return {name.casefold() for name in institution.names.values()}


def _person(connection: Connection, site: str, people: People, number: str, now: datetime.datetime) -> str:
    data = schema.person_data
    query = select(data.c.person_id).where(data.c.site == site, data.c.idnumber == number)
    known = connection.execute(query).scalar()
    if known is None:
        remember_people(connection, site, people.participants, {}, now)
        known = connection.execute(query).scalar_one()
    return str(known)


# --- compared ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class AnswerScore:
    """One answer of an institution: its day, its score, and those of its areas."""

    on: datetime.date
    score: float | None
    areas: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class ComparedInstitution:
    """An institution's scores by questionnaire; `change` is from the first to the last that it has, where two are."""

    institution: Institution
    scores: Mapping[str, AnswerScore]

    @property
    def change(self) -> float | None:
        """How many points it has gained from the first of its questionnaires to the last."""
        known = [
            one.score for one in sorted(self.scores.values(), key=lambda one: one.on) if one.score is not None
        ]
        return None if len(known) < 2 else round(known[-1] - known[0], 1)

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "institution": self.institution.code,
            "questionnaires": {
                name: {"on": one.on.isoformat(), "score": one.score, "areas": dict(one.areas)}
                for name, one in self.scores.items()
            },
            "change": self.change,
        }


def compared(
    engine: Engine,
    site: str,
    files: ProgrammeFiles,
    programme: Programme,
    people: People,
    as_of: datetime.date,
) -> tuple[tuple[Questionnaire, ...], list[ComparedInstitution]]:
    """The questionnaires of institutions in a programme, and every institution's scores in them up to a day."""
    asked = tuple(
        one
        for name in programme.questionnaires
        if (one := files.questionnaire(name)) is not None and one.of == "institution"
    )
    wanted = {one.id for one in asked}
    with reading(engine) as connection:
        told = latest_of_each(
            fact
            for fact in facts_of(connection, site, course=programme.id)
            if fact.stream == ANSWER and fact.subject in wanted
        )
        code_of = {holder: code for code, holder in institutions_by_code(connection, site).items()}
    scores: dict[str, dict[str, AnswerScore]] = defaultdict(dict)
    for fact in told:
        on = datetime.date.fromisoformat(str(fact.value["on"]))
        score, areas = fact.value.get("score"), fact.value.get("areas")
        if on <= as_of and fact.person_id in code_of:
            scores[code_of[fact.person_id]][fact.subject] = AnswerScore(
                on,
                float(score) if isinstance(score, int | float) else None,
                areas if isinstance(areas, Mapping) else {},
            )
    rows = [
        ComparedInstitution(one, {name: scores[one.code][name] for name in sorted(scores[one.code])})
        for one in people.institutions
        if programme.takes_part(one.code, one.kind)
    ]
    return asked, rows
