"""Many quiz files at once: read and checked by several processes, written as Moodle XML; what has not changed is left alone.

A file is known by what is in it, by the images it names and by the release that read it. What was found is kept in
`<out>/quizzes.json`: a mistake is never kept, so that it is told each time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from authoring.problems import Problem

KNOWN = "quizzes.json"
FORM = 1
"""Of what is kept; a file of another form is not looked at."""
WORTH_A_PROCESS = 4
"""Files from which on starting processes pays."""


@dataclass(frozen=True)
class BuiltQuizzes:
    """What came of the files: how many questions, how many files were read anew, and what is wrong with them."""

    questions: int
    read: int
    problems: tuple[Problem, ...]


def build_quizzes(
    folder: Path, out: Path, *, cache: bool = True, processes: int | None = None
) -> BuiltQuizzes:
    """Writes `<slug>.moodle.xml` into `out` for every quiz of the academy `folder` that has no mistake."""
    out.mkdir(parents=True, exist_ok=True)
    known = _known(out) if cache else {}
    paths = sorted((folder / "quizzes").glob("*.yaml"))
    fresh = {path: entry for path in paths if (entry := _unchanged(path, folder, out, known)) is not None}
    changed = [path for path in paths if path not in fresh]
    made = dict(zip(changed, _made(changed, folder, out, processes), strict=True))
    found = {path: fresh.get(path) or made[path][0] for path in paths}
    problems = [one for path in changed for one in made[path][1]]
    if changed or known.keys() != {path.stem for path in paths}:
        kept = {path.stem: entry for path, entry in found.items() if entry is not None}
        _write(out / KNOWN, json.dumps({"form": FORM, "files": kept}, ensure_ascii=False).encode())
    if fresh:
        problems += [one for entry in fresh.values() for one in _warnings(entry)]
    count = sum(int(entry["questions"]) for entry in found.values() if entry is not None)
    return BuiltQuizzes(count, len(changed), tuple(problems))


def build_all(folder: Path, out: Path, *, cache: bool = True) -> int:
    """The same, for measuring: the number of questions. Raises ContentError where a file has a mistake."""
    built = build_quizzes(folder, out, cache=cache)
    errors = [one for one in built.problems if one.severity == "error"]
    if errors:
        from authoring.problems import ContentError

        raise ContentError(errors)
    return built.questions


_Made = tuple[dict[str, Any] | None, "list[Problem]"]


def _made(paths: list[Path], folder: Path, out: Path, processes: int | None) -> Iterable[_Made]:
    workers = min(processes or os.cpu_count() or 1, len(paths))
    if workers < 2 or len(paths) < WORTH_A_PROCESS:
        return [_make(path, folder, out) for path in paths]
    with ProcessPoolExecutor(workers, initializer=_begin) as pool:
        return list(pool.map(_make, paths, [folder] * len(paths), [out] * len(paths), chunksize=2))


def _begin() -> None:
    """A worker makes many small things that live as long as it does; looking for rubbish so often finds none."""
    import gc

    gc.set_threshold(100_000, 50, 50)


def _make(path: Path, folder: Path, out: Path) -> _Made:
    """Reads one file and writes its bank; what is to be kept of it, None where it has a mistake."""
    from authoring.problems import ContentError
    from quizzes import build_bank, read_quiz

    content = _digest(path.read_bytes())
    try:
        quiz = read_quiz(path, root=folder)
        bank = build_bank(quiz)
    except ContentError as error:
        return None, list(error.problems)
    xml = bank.xml
    _write(out / f"{path.stem}.moodle.xml", xml)
    files = {os.path.relpath(name, folder): digest for name, digest in quiz.texts.used.items()}
    entry = {
        "content": content,
        "files": files,
        "release": _release(),
        "xml": _digest(xml),
        "questions": len(bank.questions),
        "warnings": [one.as_json() for one in quiz.warnings],
    }
    return entry, list(quiz.warnings)


def _unchanged(path: Path, folder: Path, out: Path, known: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is known of a file, if all that it was made of, and what was made, are as they were."""
    entry: dict[str, Any] | None = known.get(path.stem)
    if entry is None or entry["release"] != _release():
        return None
    wanted = {path: entry["content"], out / f"{path.stem}.moodle.xml": entry["xml"]}
    wanted |= {folder / name: digest for name, digest in entry["files"].items()}
    try:
        same = all(_digest(one.read_bytes()) == digest for one, digest in wanted.items())
    except OSError:
        return None
    return entry if same else None


def _warnings(entry: Mapping[str, Any]) -> list[Problem]:
    from authoring.problems import Place, Problem

    return [
        Problem(one["code"], one["params"], Place(one["file"], one["line"], one["column"]), "warning")
        for one in entry["warnings"]
    ]


def _known(out: Path) -> dict[str, Any]:
    try:
        read = json.loads((out / KNOWN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    good = isinstance(read, dict) and read.get("form") == FORM and isinstance(read.get("files"), dict)
    return dict(read["files"]) if good else {}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _release() -> str:
    """The release of the product, and the state of its programs where it runs from its sources."""
    global _RELEASE  # noqa: PLW0603 - worked out once in a process
    if not _RELEASE:
        root = Path(__file__).parents[1]
        parts = [
            f"{path.name}:{path.stat().st_mtime_ns}:{path.stat().st_size}"
            for package in ("authoring", "quizzes")
            for path in sorted((root / package).rglob("*.py"))
        ]
        _RELEASE = _digest("\n".join(parts).encode())
    return _RELEASE


_RELEASE = ""


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)
