"""Brings back what a run replaced: the fields, packages, files and question versions that were there before it.

Undo is a plan like any other, only that what is wanted comes from the run's own record and from the kept files.
It concerns the fields that the run changed, and only where they are still as the run left them.
What the run created stays: nothing is ever deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lms_sync.applied import Replaced
from lms_sync.course_content import CourseContent
from lms_sync.desired import DesiredState
from lms_sync.drift import Settled, as_pushed
from lms_sync.foreign_packages import items_of
from lms_sync.kept import NotKept, kept_file, kept_question
from lms_sync.moodle.observe import Observation
from lms_sync.plan import (
    Action,
    Change,
    DesiredObject,
    Difference,
    Kind,
    ObservedObject,
    PlanOptions,
    make_plan,
    same,
)
from lms_sync.push import Prepared
from quizzes import BankQuestion, QuestionBank, Quiz

# What a write of one of these must name, whatever else it changes.
_DEMANDED: Mapping[Kind, tuple[str, ...]] = {
    Kind.SECTION: ("name",),
    Kind.EVENT: ("name",),
    Kind.OVERRIDE: ("timeopen", "timeclose", "timelimit", "attempts"),
    Kind.ACTIVITY: ("name", "modname", "section", "sha1", "filename", "externalurl"),
}


class _Refused(Exception):
    def __init__(self, code: str, differences: tuple[Difference, ...] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.differences = differences


@dataclass
class _Wanted:
    """What the undo wants, as it is collected."""

    objects: list[DesiredObject] = field(default_factory=list)
    told: list[Change] = field(default_factory=list)  # what is refused, and what stays
    files: dict[str, Path] = field(default_factory=dict)
    questions: dict[tuple[str, str], list[BankQuestion]] = field(
        default_factory=dict
    )  # by course and quiz id


def prepare_undo(
    now: Prepared,
    rows: Sequence[Replaced],
    folder: Path,
    options: PlanOptions | None = None,
) -> Prepared:
    """The plan that takes a run back, with all that apply needs for it.

    `now` is the usual plan of the whole academy: the site as it was read, and what the files want of it.
    Nothing is written.
    """
    seen = {(one.kind, one.scope, one.key): one for one in now.observation.objects}
    files = {(one.kind, one.scope, one.key): one for one in now.judged.files}
    wanted = _Wanted()
    for row in rows:
        identity = (row.kind, row.scope, row.key)
        have = seen.get(identity)
        try:
            _want(row, have, files.get(identity), now.observation, folder, wanted)
        except _Refused as reason:
            wanted.told.append(_told(row, have, Action.REFUSE, reason.code, reason.differences))
        except NotKept:
            wanted.told.append(_told(row, have, Action.REFUSE, "undo.not-kept"))
    concerned = {(one.kind, one.scope, one.key) for one in wanted.objects}
    observed = tuple(replace(one, judged=True) for identity, one in seen.items() if identity in concerned)
    plan = make_plan(wanted.objects, observed, refused=wanted.told, options=options)
    settled = Settled(tuple(wanted.objects), tuple(wanted.objects), observed, now.judged.base)
    desired = DesiredState(
        tuple(wanted.objects), _contents(now.desired.content, wanted.questions), {}, wanted.files
    )
    return replace(now, plan=plan, desired=desired, whole=False, settled=settled)


def _told(
    row: Replaced,
    have: ObservedObject | None,
    action: Action,
    reason: str,
    differences: tuple[Difference, ...] = (),
) -> Change:
    return Change(
        action,
        row.kind,
        row.key,
        row.scope,
        differences,
        reason,
        seen_hash=have.hash if have else "",
        seen_state=have.state if have else "",
    )


def _want(
    row: Replaced,
    have: ObservedObject | None,
    file: DesiredObject | None,
    observation: Observation,
    folder: Path,
    wanted: _Wanted,
) -> None:
    """Adds what is wanted of one object; raises _Refused and NotKept."""
    if have is None:
        raise _Refused("undo.gone")
    if row.before is None:
        wanted.told.append(_told(row, have, Action.KEEP, "undo.was-new"))
        return
    if row.kind is Kind.QUESTION:
        _want_question(row, have, folder, wanted)
        return
    changed = {
        name: row.before.get(name) for name in row.after if not same(row.before.get(name), row.after[name])
    }
    edited = tuple(
        Difference(name, have.fields.get(name), before, row.after[name])
        for name, before in sorted(changed.items())
        if not same(have.fields.get(name), row.after[name]) and not same(have.fields.get(name), before)
    )
    if edited:
        raise _Refused("undo.changed-since", edited)
    if row.kind is Kind.COURSE and str(changed.get("category", "")) not in {"", *observation.category_ids}:
        raise _Refused("undo.was-elsewhere")
    if row.kind is Kind.ACTIVITY and changed.get("section") == "":
        raise _Refused("undo.was-elsewhere")
    tracked: frozenset[str] = frozenset()
    if changed.get("sha1") and not same(have.fields.get("sha1"), changed["sha1"]):
        wanted.files[row.key] = kept_file(folder, str(changed["sha1"]))
        if file and file.tracked:  # a package: it comes back with the SCOs that it had then
            tracked = items_of(wanted.files[row.key])
    demanded = {name: have.fields[name] for name in _DEMANDED.get(row.kind, ()) if name in have.fields}
    wanted.objects.append(
        DesiredObject(
            row.kind,
            row.key,
            row.scope,
            {**demanded, **changed},
            tracked=tracked,
            with_edits=bool(have.hash) and not as_pushed(have),
        )
    )


def _want_question(row: Replaced, have: ObservedObject, folder: Path, wanted: _Wanted) -> None:
    if have.hash not in (row.after_hash, row.before_hash):
        raise _Refused("undo.changed-since")
    if row.before_hash.startswith("drift:"):
        raise _Refused("undo.was-an-edit")
    question = kept_question(folder, row.key, row.before_hash)
    wanted.objects.append(DesiredObject(row.kind, row.key, row.scope, {}, hash=row.before_hash))
    wanted.questions.setdefault((row.scope, row.key.rsplit(":", 1)[0]), []).append(question)


def _contents(
    contents: Mapping[str, CourseContent], questions: Mapping[tuple[str, str], Iterable[BankQuestion]]
) -> dict[str, CourseContent]:
    """The courses with the questions that come back in place of their banks, and nothing else to send."""
    result = {}
    for scope, content in contents.items():
        banks: dict[str, tuple[Quiz, QuestionBank]] = {}
        for slug, (quiz, bank) in content.quizzes.items():
            back = tuple(questions.get((scope, bank.quiz_id), ()))
            banks[slug] = quiz, replace(bank, questions=back)
        result[scope] = replace(content, quizzes=banks)
    return result
