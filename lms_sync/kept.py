"""Keeps what was pushed, so that a later run's replacement of it can be undone: files named by their content."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from authoring.problems import LmsSyncError
from lms_sync.desired import DesiredState
from lms_sync.plan import Action, Kind, Plan
from lms_sync.write_files import write_durably
from quizzes import BankQuestion

FOLDER = Path(".lms-sync") / "kept"


class NotKept(LmsSyncError):
    """What an undo needs is not in the folder of kept files."""


def keep_pushed(folder: Path, plan: Plan, desired: DesiredState) -> None:
    """Keeps every file and question that a plan is about to push, before anything is sent."""
    questions = {
        (scope, question.key): question
        for scope, content in desired.content.items()
        for _quiz, bank in content.quizzes.values()
        for question in bank.questions
    }
    for change in plan.doing(Action.CREATE, Action.UPDATE):
        if change.kind is Kind.ACTIVITY and change.key in desired.files:
            for one in change.differences:
                if one.name == "sha1":
                    _keep_file(folder, desired.files[change.key], str(one.after))
        elif change.kind is Kind.QUESTION and (change.scope, change.key) in questions:
            _keep_question(folder, questions[change.scope, change.key])


def _keep_file(folder: Path, source: Path, sha1: str) -> None:
    target = folder / FOLDER / sha1 / source.name
    if target.is_file():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    if source.is_relative_to(folder / "build"):
        _link_or_copy(source, part)
    else:  # an author's own file, which may be changed in place
        shutil.copyfile(source, part)
    part.replace(target)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        # A build replaces its files and never changes them, so a second name costs no room on the disk.
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _keep_question(folder: Path, question: BankQuestion) -> None:
    target = folder / FOLDER / f"{question.hash}.xml"
    if not target.is_file():
        write_durably(target, question.xml.encode("utf-8"))


def kept_file(folder: Path, sha1: str) -> Path:
    """The file with this SHA-1; raises NotKept where it is not there or is not what its folder says."""
    there = folder / FOLDER / sha1
    for path in sorted(there.glob("*")):
        with path.open("rb") as file:
            found = hashlib.file_digest(file, lambda: hashlib.sha1(usedforsecurity=False)).hexdigest()
        if found == sha1:
            return path
    raise NotKept("undo.not-kept", file=sha1)


def kept_question(folder: Path, key: str, digest: str) -> BankQuestion:
    """The question with this content hash, under its key; raises NotKept where it is not there."""
    path = folder / FOLDER / f"{digest}.xml"
    try:
        xml = path.read_text(encoding="utf-8")
    except OSError as error:
        raise NotKept("undo.not-kept", file=path.name) from error
    return BankQuestion(key, "", xml, digest, ())
