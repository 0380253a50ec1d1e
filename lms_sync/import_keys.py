"""A course that was written down as files is known from now on by its keys: in Moodle, and in the state database.

What the files say otherwise than Moodle counts as edited there: it stays, `drift` names it, and nothing is planned.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from authoring.problems import LmsSyncError
from lms_sync.academy import Academy, read_academy
from lms_sync.applied import write_applied
from lms_sync.clock import Clock
from lms_sync.drift import Applied, Id
from lms_sync.import_course import CannotImport, Given, ImportedCourse
from lms_sync.journal import Journal
from lms_sync.moodle.observe import Caller
from lms_sync.plan import Kind, differences
from lms_sync.push import Prepared
from lms_sync.write_files import refuse_links, write_durably

KEYS = "local_lmssync_give_keys"

_KINDS = {"section": Kind.SECTION, "activity": Kind.ACTIVITY, "question": Kind.QUESTION}


def write_imported(imported: ImportedCourse, folder: Path, then: Callable[[], None]) -> Academy:
    """Writes the files of an imported course, and does what is to be done `then`; the academy as it reads.

    Nothing that is there is overwritten: CannotImport names it. Where the academy does not read with the new files, or
    `then` fails, they are taken away again: files without keys in Moodle would make everything a second time.
    """
    new: dict[Path, bytes] = {}
    for name, content in imported.files.items():
        path = folder / name
        refuse_links(path, below=folder)
        if not path.exists():
            new[path] = content
        elif not (name.startswith("media/") and path.read_bytes() == content):
            raise CannotImport("course-import.exists", file=name)
    written: list[Path] = []
    try:
        for path, content in new.items():
            written.append(path)
            write_durably(path, content)
        academy = read_academy(folder)
        then()
        return academy
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise


def give_keys(
    client: Caller,
    course_id: int,
    given: Sequence[Given],
    hashes: Mapping[tuple[str, str], str] | None = None,
) -> Mapping[str, Any]:
    """Gives the objects their keys, and those with a hash (by kind and key) count as pushed; raises MoodleError."""
    data: dict[str, list[dict[str, object]]] = {}
    for one in given:
        row: dict[str, object] = {"id": one.id, "key": one.key}
        if told := (hashes or {}).get((one.kind, one.key)):
            row["hash"] = told
        data.setdefault(one.kind, []).append(row)
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    answer: Mapping[str, Any] = client.call(KEYS, {"courseid": course_id, "data": text}, write=True)
    return answer


def hashes_of(prepared: Prepared, given: Sequence[Given]) -> dict[tuple[str, str], str]:
    """The hashes of those objects of which the files say exactly what Moodle has; all questions are read so."""
    wanted = {(one.kind, one.key): one for one in prepared.judged.files}
    seen = {(one.kind, one.key): one for one in prepared.observation.objects}
    found = {}
    for one in given:
        kind = _KINDS.get(one.kind)
        want = wanted.get((kind, one.key)) if kind else None
        have = seen.get((kind, one.key)) if kind else None
        if want is None or have is None:
            continue
        if kind is Kind.QUESTION or not differences(have.fields, want.fields):
            found[one.kind, one.key] = want.wanted_hash
    return found


def remember_imported(
    engine: Engine, site: str, prepared: Prepared, course: str, clock: Clock
) -> Mapping[Id, Applied]:
    """Counts what the files say as applied, so that what Moodle has otherwise is an edit of somebody, and stays."""
    seen = {(one.kind, one.scope, one.key): one for one in prepared.observation.objects}
    found: dict[Id, Applied] = {}
    for want in prepared.judged.files:
        identity = (want.kind, want.scope, want.key)
        have = seen.get(identity)
        if have is None or (course not in (want.scope, want.key) and want.kind is not Kind.CATEGORY):
            continue
        fields = have.fields if want.kind is Kind.QUESTION else want.fields
        found[identity] = Applied(dict(fields), want.wanted_hash)
    journal = Journal(engine, site, "import", clock)
    write_applied(engine, site, journal.run_id, found, clock)
    journal.finish("done", {"imported": len(found)})
    return found


__all__ = ["CannotImport", "LmsSyncError", "give_keys", "hashes_of", "remember_imported", "write_imported"]
