"""The programmes and questionnaires of an academy folder, checked against what else is in it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from authoring.problems import ContentError, Problem
from lms_sync.people import People
from programmes import Programme, Questionnaire, read_programmes, read_questionnaires
from programmes.programme import Known


@dataclass(frozen=True)
class ProgrammeFiles:
    """Every programme and questionnaire, by file name."""

    programmes: tuple[Programme, ...] = ()
    questionnaires: tuple[Questionnaire, ...] = ()

    def programme(self, programme_id: str) -> Programme | None:
        """The programme with this id."""
        return next((one for one in self.programmes if one.id == programme_id), None)

    def questionnaire(self, questionnaire_id: str) -> Questionnaire | None:
        """The questionnaire with this id."""
        return next((one for one in self.questionnaires if one.id == questionnaire_id), None)


def read_programme_files(
    folder: Path,
    *,
    keys: Collection[str] | None = None,
    quizzes: Collection[str] | None = None,
    awards: Collection[str] | None = None,
    people: People | None = None,
) -> ProgrammeFiles:
    """Reads `programmes/` and `questionnaires/` of `folder`; raises ContentError with the problems of all files.

    `keys` are those of courses and of activities (`<course>/<activity>`), `awards` the ids of policies. What is
    None is not compared: its own file has problems that say more.
    """
    problems: list[Problem] = []
    questionnaires: tuple[Questionnaire, ...] | None = None
    try:
        questionnaires = read_questionnaires(folder)
    except ContentError as error:
        problems.extend(error.problems)
    known = Known(
        courses=None if keys is None else {key for key in keys if "/" not in key},
        activities=None if keys is None else {key for key in keys if "/" in key},
        quizzes=quizzes,
        awards=awards,
        questionnaires=None if questionnaires is None else {one.id for one in questionnaires},
        institutions=None if people is None else {one.code for one in people.institutions},
        kinds=None if people is None else {one.kind for one in people.institutions if one.kind},
        participants=None if people is None else {one.idnumber for one in people.participants},
    )
    programmes: tuple[Programme, ...] = ()
    try:
        programmes = read_programmes(folder, known)
    except ContentError as error:
        problems.extend(error.problems)
    if problems:
        raise ContentError(problems)
    return ProgrammeFiles(programmes, questionnaires or ())


def programmes_by_id(folder: Path) -> dict[str, Programme]:
    """The programmes of an academy folder by id, for decisions; raises ContentError where one cannot be read."""
    return {programme.id: programme for programme in read_programmes(folder)}
