"""SCORM packages in an activity: replacing them, tracking and grading attempts.

Rules from moodle.md 9.2 to 9.4.
"""

from __future__ import annotations

from moodle_standin.completion import SCORE_ELEMENTS, set_grade, update_completion
from moodle_standin.records import Sco, Scorm, ScormAttempt, ScormValue, StoredFile
from moodle_standin.scorm_manifest import Reading
from moodle_standin.site import Call, Site, sha1

# --- storing a package


def store_package(call: Call, scorm: Scorm, package: StoredFile, reading: Reading) -> None:
    """Puts a read package into an activity. SCOs are matched by item identifier: a lost one loses its tracks.

    Everybody is graded again, completion is not looked at again: it stays, whatever became of the grade.
    """
    site = call.site
    old = {s.identifier: s for s in site.scoes.values() if s.scorm == scorm.id}
    scorm.package = package
    scorm.reference = package.filename
    scorm.sha1hash = sha1(package.content)
    scorm.revision += 1
    scorm.launch = 0
    if not reading.items:
        # Nothing was read: Moodle leaves version and SCOs alone and only forgets where to start.
        return
    scorm.version = reading.version
    ids: list[int] = []
    for order, item in enumerate(reading.items, start=1):
        before = old.pop(item.identifier, None)
        sco = Sco(
            id=before.id if before else site.next_id("scorm_scoes"),
            scorm=scorm.id,
            manifest=item.manifest,
            organization=item.organization,
            parent=item.parent,
            identifier=item.identifier,
            launch=item.launch,
            scormtype=item.scormtype,
            title=item.title,
            sortorder=order,
            data=dict(item.data),
        )
        site.scoes[sco.id] = sco
        ids.append(sco.id)
    for lost in old.values():
        del site.scoes[lost.id]
        for (scorm_id, _), attempts in site.scorm_attempts.items():
            for attempt in attempts if scorm_id == scorm.id else ():
                for key in [key for key in attempt.values if key[0] == lost.id]:
                    del attempt.values[key]
    if reading.launch is not None:
        scorm.launch = ids[reading.launch]
    for scorm_id, user_id in list(site.scorm_attempts):
        if scorm_id == scorm.id:
            update_grade(call, scorm, user_id)


# --- tracking


def find_attempt(site: Site, scorm_id: int, user_id: int, number: int) -> ScormAttempt | None:
    """The attempt with this number, if it was begun."""
    return next((a for a in site.scorm_attempts.get((scorm_id, user_id), []) if a.attempt == number), None)


def open_attempt(site: Site, scorm_id: int, user_id: int, number: int) -> ScormAttempt:
    """The attempt with this number; Moodle makes it when it is not there, whatever the number."""
    found = find_attempt(site, scorm_id, user_id, number)
    if found is None:
        found = ScormAttempt(site.next_id("scorm_attempt"), scorm_id, user_id, number)
        attempts = site.scorm_attempts.setdefault((scorm_id, user_id), [])
        attempts.append(found)
        attempts.sort(key=lambda a: a.attempt)
    return found


def tracks(attempt: ScormAttempt | None, sco_id: int) -> list[ScormValue]:
    """The values of one SCO in one attempt, by element."""
    if attempt is None:
        return []
    return sorted((v for v in attempt.values.values() if v.scoid == sco_id), key=lambda v: v.element)


def insert_track(call: Call, sco: Sco, attempt: ScormAttempt, element: str, value: str) -> int:
    """Stores one value; a score or a status that ends the SCO also writes the grade and the completion."""
    site = call.site
    scorm = site.scorms[sco.scorm]
    found = attempt.values.get((sco.id, element))
    if found is None:
        found = ScormValue(site.next_id("scorm_scoes_value"), sco.id, element, value, site.now())
        attempt.values[sco.id, element] = found
    elif element != "x.start.time" and found.value != value:
        found.value = value
        found.timemodified = site.now()
    is_score = element in SCORE_ELEMENTS
    is_status = element in ("cmi.completion_status", "cmi.core.lesson_status", "cmi.success_status")
    if is_score or (is_status and value in ("completed", "passed")):
        update_grade(call, scorm, attempt.userid)
        update_completion(call, site.module_of("scorm", scorm.id), attempt.userid)
    if is_score or (is_status and value in ("completed", "failed", "passed")):
        update_completion(call, site.module_of("scorm", scorm.id), attempt.userid)
    return found.id


def update_grade(call: Call, scorm: Scorm, user_id: int) -> None:
    """Grades one user by the activity's methods (grade of an attempt, which attempt counts)."""
    site = call.site
    attempts = site.scorm_attempts.get((scorm.id, user_id), [])
    item = site.grade_item_of("scorm", scorm.id)
    if not attempts or item is None:
        return
    scores = [_attempt_score(scorm, a) for a in attempts]
    if scorm.whatgrade == 1:
        grade = sum(scores) / len(scores)
    elif scorm.whatgrade == 2:
        grade = scores[0]
    elif scorm.whatgrade == 3:
        done = [s for s, a in zip(scores, attempts, strict=True) if _has_ended(a)]
        grade = done[-1] if done else scores[0]
    else:
        grade = max(scores)
    set_grade(call, item, user_id, grade)


def _has_ended(attempt: ScormAttempt) -> bool:
    return any(v.value in ("completed", "passed") for v in attempt.values.values())


def _attempt_score(scorm: Scorm, attempt: ScormAttempt) -> float:
    done, scores = 0, []
    for sco_id in {sco_id for sco_id, _ in attempt.values}:
        values = {v.element: v.value for v in tracks(attempt, sco_id)}
        status = values.get("cmi.core.lesson_status", values.get("cmi.completion_status"))
        done += status in ("completed", "passed")
        raw = values.get(
            "cmi.score.raw", values.get("cmi.core.score.raw")
        )  # of both, the last by name counts
        if raw:
            try:
                scores.append(round(float(raw), 2))
            except ValueError:
                scores.append(0.0)
    if scorm.grademethod == 0:
        return float(done)
    if scorm.grademethod == 2:
        return sum(scores) / len(scores) if scores else 0.0
    if scorm.grademethod == 3:
        return sum(scores)
    return max(scores, default=0.0)
