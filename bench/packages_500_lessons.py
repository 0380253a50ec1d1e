"""How long a SCORM package of 500 lessons takes to build, beside simple-scorm-packager and mkdocs.

    python bench packages_500_lessons

The course: 500 lessons of 9 kB Markdown with directives, 100 pictures in their final size (22 MB), one language. Ours is the whole
command `lms-sync build`, with all checks and the conformance check. simple-scorm-packager is given the lessons as
HTML that is already rendered, and packs them; mkdocs renders the same texts into a site and packs nothing.
All are timed in the same run, median of three; peers are installed into a temporary folder.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from authoring.read_markdown import Picture, render

ROOT = Path(__file__).resolve().parents[1]
LESSONS = 500
PICTURES = 100
LESSON_BYTES = 9_000
PICTURE_BYTES = 220_000

_WORDS = [
    "archive",
    "register",
    "folder",
    "citizen",
    "request",
    "protocol",
    "officer",
    "mayor",
    "document",
    "number",
    "deadline",
    "answer",
    "copy",
    "seal",
    "signature",
    "inventory",
    "shelf",
    "box",
    "year",
    "retention",
    "commission",
    "transfer",
    "list",
    "counter",
    "envelope",
    "stamp",
    "date",
    "subject",
    "sender",
    "recipient",
    "fraction",
    "original",
    "annex",
    "decision",
    "council",
    "law",
    "regulation",
    "order",
    "case",
    "rule",
    "reason",
    "step",
]


def _sentence(rng: random.Random) -> str:
    words = [rng.choice(_WORDS) for _ in range(rng.randint(8, 18))]
    words[rng.randrange(len(words))] = f"**{rng.choice(_WORDS)}**"
    return " ".join(words).capitalize() + "."


def _paragraph(rng: random.Random) -> str:
    return " ".join(_sentence(rng) for _ in range(rng.randint(3, 5)))


def lesson_text(number: int) -> str:
    """A lesson as trainers write it: headings, lists, a table, call-outs, in every second one a check."""
    rng = random.Random(number)
    steps = "\n".join(f"{n}. {_sentence(rng)}" for n in range(1, 6))
    points = "\n".join(f"- {_sentence(rng)}" for _ in range(5))
    rows = "\n".join(f"| {rng.choice(_WORDS)} {n} | {rng.choice(_WORDS)} | {n * 7} |" for n in range(6))
    picture = f"![A {rng.choice(_WORDS)} on a {rng.choice(_WORDS)}](../../media/picture-{number % PICTURES:03}.webp)"
    check = f"""
:::check id=question-{number:03} kind=single graded=yes
{_sentence(rng)} What do you do?
- [ ] {_sentence(rng)}
  > {_sentence(rng)}
- [x] {_sentence(rng)}
  > {_sentence(rng)}
- [ ] {_sentence(rng)}
> {_sentence(rng)}
:::
"""
    law = (
        f':::law act="Law no. {9000 + number} on archives" article="{number % 90 + 1}" date=2003-11-06 in-force=2026-01-01 checked=yes\n'
        f"{_sentence(rng)} See [the text in force](https://example.org/law/{number}).\n:::"
    )
    parts = [
        f"---\ntitle: Lesson {number} about the {rng.choice(_WORDS)}\nobjectives:\n  - Know the {rng.choice(_WORDS)}\n---",
        "## Monday, 8:30",
        _paragraph(rng),
        _paragraph(rng),
        picture,
        "## The steps",
        steps,
        f":::tip\n{_paragraph(rng)}\n:::",
        _paragraph(rng),
        "### What is where",
        f"| What | Where | How many |\n|---|---|--:|\n{rows}",
        law,
        points,
        f":::warning\n{_paragraph(rng)}\n:::",
        f":::practice\n{_paragraph(rng)}\n:::",
    ]
    if number % 2:
        parts.append(check.strip())
    parts.append("## Afterwards")
    text = "\n\n".join(parts) + "\n\n"
    while len(text) < LESSON_BYTES:
        text += _paragraph(rng) + "\n\n"
    return text


def write_academy(folder: Path) -> None:
    """An academy with the one course."""
    course = folder / "courses" / "large"
    for number in range(LESSONS):
        lesson = course / "lessons" / f"lesson-{number:03}" / "lesson.en.md"
        lesson.parent.mkdir(parents=True)
        lesson.write_text(lesson_text(number), encoding="utf-8")
    entries = "\n".join(f"  - {{id: lesson-{number:03}, minutes: 10}}" for number in range(LESSONS))
    (course / "course.yaml").write_text(
        f"""schema: course/1
id: large
version: "1.0"
title: A large course
summary: Five hundred lessons.
languages: {{default: en, offered: [en]}}
owner: {{name: An institution, contact: name@example.org}}
license: CC-BY-4.0
category: {{id: large, title: Large}}
passing: {{score: 70}}
lessons:
{entries}
sections:
  - id: learn
    title: Learn
    activities:
      - {{id: package, kind: package, title: Lessons, completion: passed}}
""",
        encoding="utf-8",
    )
    write_pictures(course / "media")


def write_pictures(folder: Path) -> None:
    """Pictures of 1280 × 720 as they leave a camera's program, about 220 kB each."""
    from PIL import Image

    folder.mkdir(parents=True)
    for number in range(PICTURES):
        rng = random.Random(number)
        coarse = Image.frombytes("RGB", (640, 360), rng.randbytes(640 * 360 * 3))
        picture = coarse.resize((1280, 720), Image.Resampling.BILINEAR)
        picture.save(folder / f"picture-{number:03}.webp", quality=26, method=0)


# --- measuring

_COMMAND = "from lms_sync.cli import main; main()"
_AFTER_START = """
import atexit, time
from lms_sync.cli import main, trainer_build
started = time.perf_counter()
atexit.register(lambda: print(f"after start-up {time.perf_counter() - started:.4f}"))
main()
"""
_PACK = """
require("simple-scorm-packager")({
  version: "1.2", organization: "An institution", title: "Large", language: "en", identifier: "large", masteryScore: 70,
  startingPage: "index.html", source: process.argv[2],
  package: {version: "1.0", zip: true, outputFolder: process.argv[3]},
}, () => process.exit(0));
"""


@dataclass(frozen=True)
class Run:
    """A program that has ended: its wall time in seconds, the most memory that one process held in MB, what it said.

    `processor` is the time of all its processes, which says more than the wall where the machine does other work beside.
    """

    seconds: float
    peak_mb: float
    said: str
    processor: float = 0.0


def _environment() -> dict[str, str]:
    """Ours as it is installed: with its bytecode, which pip writes for every package (the peers have theirs)."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def memory_of_all(*command: str, cwd: Path) -> float:
    """The most memory in MB that a program and its processes held together; what they share counts once (Linux)."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    most = 0.0
    while process.poll() is None:
        most = max(most, sum(_share(pid) for pid in _family(process.pid)) / 1024)
        time.sleep(0.005)
    return most


def _family(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        return [pid, *(one for child in children for one in _family(int(child)))]
    return []


def _share(pid: int) -> int:
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("Pss:")).split()[1])
    return 0


def run(*command: str, cwd: Path) -> Run:
    """Runs a program; stops the measurement where it fails."""
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, env=_environment(), stdout=said, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{command[:3]} failed:\n{text[-2000:]}")
    return Run(seconds, usage.ru_maxrss / 1024, text, usage.ru_utime + usage.ru_stime)


def median(values: Iterable[float]) -> float:
    """The middle one of three."""
    return statistics.median(values)


def ours(folder: Path) -> dict[str, list[Run]]:
    """Three builds of each kind: whole commands, and the same after their start-up (`_AFTER_START`), which is all for nothing."""
    academy = folder / "academy"
    lesson = academy / "courses/large/lessons/lesson-007/lesson.en.md"
    text = lesson.read_text("utf-8")
    whole = (sys.executable, "-c", _COMMAND, "build", "--dir", str(academy))
    started = (sys.executable, "-c", _AFTER_START, *whole[3:])
    runs: dict[str, list[Run]] = {}

    def note(kind: str, command: tuple[str, ...]) -> None:
        runs.setdefault(kind, []).append(run(*command, cwd=folder))

    run(*whole, cwd=folder)  # writes the bytecode
    for number in range(3):
        for after, command in (("", whole), (" after start-up", started)):
            shutil.rmtree(academy / "build", ignore_errors=True)
            shutil.rmtree(academy / ".lms-sync", ignore_errors=True)
            note(f"cold{after}", command)
            lesson.write_text(text.replace("## Afterwards", f"## Afterwards {number}{after}"), "utf-8")
            note(f"one{after}", command)
        time.sleep(2.5)  # until the times of the files tell that nothing can have changed since
        run(*whole, cwd=folder)
        note("nothing after start-up", started)
        lesson.write_text(text, "utf-8")
    return runs


def after_start_up(runs: Iterable[Run]) -> float:
    """Seconds that builds took once the command had been loaded, as they say themselves."""
    return median(float(one.said.rpartition("after start-up ")[2]) for one in runs)


def watched(folder: Path) -> list[float]:
    """Seconds from a save to the line that says that the package is there, three times, of `build --watch` that runs already."""
    academy = folder / "academy"
    lesson = academy / "courses/large/lessons/lesson-007/lesson.en.md"
    text = lesson.read_text("utf-8")
    command = (sys.executable, "-u", "-c", _COMMAND, "build", "--watch", "--dir", str(academy))
    found: list[float] = []
    with subprocess.Popen(
        command, cwd=folder, env=_environment(), stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        try:
            lines = iter(process.stdout.readline, "")
            next(line for line in lines if "Ctrl+C" in line)
            for number in range(3):
                time.sleep(3)
                started = time.perf_counter()
                lesson.write_text(text.replace("## Afterwards", f"## Afterwards {number}"), "utf-8")
                next(line for line in lines if "✓" in line)
                found.append(time.perf_counter() - started)
        finally:
            lesson.write_text(text, "utf-8")
            process.send_signal(signal.SIGINT)
    return found


def packager(folder: Path) -> list[Run]:
    """Three runs of simple-scorm-packager over the lessons as HTML."""
    tools = folder / "npm"
    tools.mkdir()
    run(
        "npm",
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--prefix",
        str(tools),
        "simple-scorm-packager@0.2.7",
        cwd=tools,
    )
    (tools / "pack.js").write_text(_PACK, encoding="utf-8")
    pages = folder / "pages"
    shutil.copytree(folder / "academy/courses/large/media", pages / "media")
    for number in range(LESSONS):
        body = lesson_text(number).split("\n---\n", 1)[1]
        made = render(body, file="", find_picture=lambda source, place: Picture(source)).html
        page = f"<!DOCTYPE html><title>Lesson {number}</title>{made}"
        (pages / f"lesson-{number:03}.html").write_text(page, encoding="utf-8")
    (pages / "index.html").write_text("<!DOCTYPE html><title>Large</title>", encoding="utf-8")
    found = []
    for number in range(3):
        out = folder / f"packed-{number}"
        out.mkdir()
        found.append(run("node", "pack.js", str(pages), str(out), cwd=tools))
        if not list(out.glob("*.zip")):
            sys.exit("simple-scorm-packager wrote no zip")
    return found


def mkdocs(folder: Path) -> list[Run]:
    """Three runs of mkdocs over the same texts."""
    venv.create(folder / "venv", with_pip=True)
    python = str(folder / "venv/bin/python")
    run(python, "-m", "pip", "install", "--quiet", "mkdocs<2", cwd=folder)
    docs = folder / "site/docs"
    shutil.copytree(folder / "academy/courses/large/media", docs / "media")
    for number in range(LESSONS):
        text = lesson_text(number).replace("../../media/", "media/")
        (docs / f"lesson-{number:03}.md").write_text(text, encoding="utf-8")
    (docs / "index.md").write_text("# Large\n", encoding="utf-8")
    (folder / "site/mkdocs.yml").write_text("site_name: Large\n", encoding="utf-8")
    return [run(python, "-m", "mkdocs", "build", "--quiet", "--clean", cwd=folder / "site") for _ in range(3)]


def measure() -> list[dict[str, object]]:
    """The figures, for bench/results.json."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_academy(folder / "academy")
        time.sleep(2.5)
        runs = ours(folder)
        cold = median(one.seconds for one in runs["cold"])
        changed = median(one.seconds for one in runs["one"])
        saved = median(watched(folder))
        cold_started, changed_started, nothing = (
            after_start_up(runs[f"{kind} after start-up"]) for kind in ("cold", "one", "nothing")
        )
        for kind, each in runs.items():
            processor = median(one.processor for one in each)
            print(f"processor time of all processes, {kind}: {processor:.2f} s", file=sys.stderr)
        memory = max(one.peak_mb for each in runs.values() for one in each)
        if sys.platform == "linux":
            shutil.rmtree(folder / "academy/.lms-sync")
            shutil.rmtree(folder / "academy/build")
            command = (sys.executable, "-c", _COMMAND, "build", "--dir", str(folder / "academy"))
            memory = max(memory, memory_of_all(*command, cwd=folder))
        figures: list[dict[str, object]] = [
            {
                "id": "packages.500-lessons-one-changed",
                "value": round(changed, 2), "unit": "s",
                "peer": "the same, begun anew", "peer_value": round(cold, 2), "ratio": round(cold / changed, 1),
                "goal": 5, "goal_of": "ratio", "met": cold / changed >= 5,
            },
            {
                "id": "packages.500-lessons-one-changed-after-start-up",
                "value": round(changed_started, 2), "unit": "s after start-up",
                "peer": "the same, begun anew, after start-up", "peer_value": round(cold_started, 2),
                "ratio": round(cold_started / changed_started, 1),
                "goal": 5, "goal_of": "ratio", "met": cold_started / changed_started >= 5,
            },
            {
                "id": "packages.500-lessons-one-changed-watched",
                "value": round(saved, 2), "unit": "s from the save",
                "peer": "the same, begun anew", "peer_value": round(cold, 2), "ratio": round(cold / saved, 1),
                "goal": 5, "goal_of": "ratio", "met": cold / saved >= 5,
            },
            {
                "id": "packages.500-lessons-nothing-changed",
                "value": round(nothing, 3), "unit": "s after start-up",
                "peer": "the same, begun anew", "peer_value": round(cold, 2), "ratio": round(cold / nothing),
                "goal": 0.05, "goal_of": "value", "met": nothing <= 0.05,
            },
        ]  # fmt: skip
        if shutil.which("npm") is None:
            print("packages.500-lessons: npm is not there; not compared with a peer", file=sys.stderr)
        else:
            peers = packager(folder)
            peer, peer_memory = median(one.seconds for one in peers), max(one.peak_mb for one in peers)
            figures += [
                {
                    "id": "packages.500-lessons-cold",
                    "value": round(cold, 2), "unit": "s",
                    "peer": "simple-scorm-packager 0.2.7, SCORM 1.2, given HTML", "peer_value": round(peer, 2),
                    "ratio": round(peer / cold, 1), "goal": 2.5, "goal_of": "ratio", "met": peer / cold >= 2.5,
                },
                {
                    "id": "packages.500-lessons-memory",
                    "value": round(memory), "unit": "MB at most",
                    "peer": "simple-scorm-packager 0.2.7", "peer_value": round(peer_memory),
                    "ratio": round(peer_memory / memory, 1), "goal": 100, "goal_of": "value", "met": memory <= 100,
                },
            ]  # fmt: skip
        site = median(one.seconds for one in mkdocs(folder))
        figures.append(
            {
                "id": "packages.500-lessons-beside-mkdocs",
                "value": round(cold, 2), "unit": "s",
                "peer": "mkdocs 1, a site and no package", "peer_value": round(site, 2),
                "ratio": round(site / cold, 1), "goal": 2.5, "goal_of": "ratio", "met": site / cold >= 2.5,
            }
        )  # fmt: skip
        return figures
