"""How long a SCORM package of 500 lessons takes to build, beside simple-scorm-packager and mkdocs.

    python bench packages_500_lessons

The course: 500 lessons of 9 kB Markdown with directives, 100 pictures in their final size (22 MB), one language. Ours is the whole
command `lms-sync build`, with all checks and the conformance check. simple-scorm-packager is given the lessons as
HTML that is already rendered, and packs them; mkdocs renders the same texts into a site and packs nothing.
All are timed in the same run, median of three; peers are installed into a temporary folder.
"""

from __future__ import annotations

import random
from pathlib import Path

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
        f':::law act="Law no. {9000 + number} on archives" article="{number % 90 + 1}" date=2003-11-06 checked=yes\n'
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
