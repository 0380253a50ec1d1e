"""What the files of an academy say about its programmes, as reports and milestones need it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from authoring.problems import ContentError, Refused
from certificates.policy import Policy, read_policies
from lms_sync.assessment.observe import Material
from lms_sync.people import Institution, read_institutions
from lms_sync.programme_files import ProgrammeFiles, read_programme_files
from programmes import Programme, Questionnaire, read_programmes


def material_of(
    folder: Path,
    programme: Programme,
    *,
    institutions: Iterable[Institution] | None = None,
    policies: Iterable[Policy] | None = None,
    questionnaires: Iterable[Questionnaire] = (),
) -> Material:
    """What belongs to one programme, without pass marks. Raises ContentError."""
    institutions = read_institutions(folder) if institutions is None else institutions
    policies = read_policies(folder) if policies is None else policies
    return Material(
        programme,
        tuple(one for one in institutions if programme.takes_part(one.code, one.kind)),
        institution_awards=frozenset(one.id for one in policies if one.holder_kind == "institution"),
        institution_questionnaires=frozenset(one.id for one in questionnaires if one.of == "institution"),
    )


def materials(folder: Path, policies: Iterable[Policy]) -> tuple[Material, ...]:
    """Of every programme that has milestones, without pass marks; raises ContentError."""
    programmes = [one for one in read_programmes(folder) if one.milestones]
    if not programmes:
        return ()
    institutions, given = read_institutions(folder), tuple(policies)
    return tuple(material_of(folder, one, institutions=institutions, policies=given) for one in programmes)


def programme_files(folder: Path) -> ProgrammeFiles:
    """Programmes and questionnaires; what they name elsewhere is for `check` to tell. Raises ContentError."""
    return read_programme_files(folder)


def chosen_programme(files: ProgrammeFiles, name: str) -> Programme:
    """The programme called so; raises Refused where there is none."""
    programme = files.programme(name)
    if programme is None:
        known = ", ".join(one.id for one in files.programmes) or "-"
        raise Refused("assessment.no-programme", programme=name, known=known)
    return programme


def pass_marks(folder: Path, programme: Programme) -> dict[str, float]:
    """The pass marks of the quizzes in the programme's courses, in percent, by `<course>/<activity>`.

    A quiz without one, or whose file cannot be read, is left out: `check` tells what is wrong with it.
    """
    from authoring.course_file import CourseFile  # late: a database can work meanwhile
    from authoring.read_yaml import load_model, read_yaml
    from quizzes import read_quiz

    found: dict[str, float] = {}
    for slug in programme.courses:
        path = folder / "courses" / slug / "course.yaml"
        try:
            course = load_model(read_yaml(path, root=folder), CourseFile)
        except ContentError:
            continue  # an adopted course has no file
        for section in course.sections:
            for activity in section.activities:
                if activity.kind != "quiz":
                    continue
                try:
                    quiz = read_quiz(folder / "quizzes" / f"{activity.quiz}.yaml", root=folder)
                except ContentError:
                    continue
                if quiz.settings.pass_mark:
                    found[f"{course.id}/{activity.id}"] = float(quiz.settings.pass_mark * 100)
    return found
