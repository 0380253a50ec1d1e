"""10,000 questions of all types in 100 files: read, check with every check on, write as Moodle XML. No cache.

Peer: moodle-tools (`make-questions`) on the same questions in its own format, as far as it has the type; what it has
not is left out for it. It is run in the same measurement, each three times in turn, medians compared. Its program is
looked for in PATH, or where MAKE_QUESTIONS says; without it the figures are told without a peer.

    python bench quizzes_10000
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILES = 100
PER_FILE = 100
RUNS = 3
WORDS = [
    "arkivi",
    "bashkia",
    "dosja",
    "firma",
    "gazeta",
    "kartela",
    "libri",
    "mali",
    "ndreqja",
    "orari",
    "porosia",
    "regjistri",
    "shkresa",
    "titullari",
    "ura",
    "vula",
    "zyra",
    "afati",
    "kopja",
    "numri",
    "kutia",
    "rafti",
    "çelësi",
    "fjala",
    "qyteti",
    "vendimi",
    "ankesa",
    "kërkesa",
    "përgjigjja",
    "seanca",
]

RUN = """
import resource, sys, time
from pathlib import Path
from lms_sync.quiz_files import build_all
begin = time.perf_counter()
count = build_all(Path(sys.argv[1]), Path(sys.argv[2]), cache=len(sys.argv) > 3)
taken = time.perf_counter() - begin
print(count, taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def phrase(number: int, length: int = 9) -> str:
    """Words that no other number gives in the same order."""
    found = []
    for place in range(length):
        found.append(WORDS[number % len(WORDS)])
        number = number // 3 + place * 7919
    return " ".join(found)


def both(number: int, length: int = 9) -> dict[str, str]:
    """A text in two languages."""
    return {
        "sq": f"{phrase(number, length)} **{number}**.".capitalize(),
        "en": f"About {phrase(number + 1, length)} **{number}**.",
    }


def questions(first: int, count: int) -> Iterator[dict[str, Any]]:
    """Questions of all types in turn; each is different."""
    for number in range(first, first + count):
        yield {"id": f"q{number}", **_own(number), "tags": [WORDS[number % 7]], "difficulty": ("easy", "medium", "hard")[number % 3],
               "feedback": {"general": both(number + 5, 5)}}  # fmt: skip


def _own(n: int) -> dict[str, Any]:
    text = {"text": both(n * 31)}
    options = [
        {"text": both(n * 7 + i, 3), "correct": i == n % 4, "feedback": both(n + i, 3)} for i in range(4)
    ]
    match n % 13:
        case 0 | 1 | 2:
            return {"type": "single", **text, "options": options}
        case 3:
            many = [
                {**one, "correct": i < 2, **({"score": "-50%"} if i > 1 else {})}
                for i, one in enumerate(options)
            ]
            return {"type": "multiple", **text, "options": many}
        case 4:
            return {"type": "truefalse", **text, "answer": n % 2 == 0, "feedback_true": both(n, 3)}
        case 5:
            return {
                "type": "short",
                **text,
                "answers": [f"{WORDS[n % 30]} {n}", {"text": f"{n}*", "score": "50%"}],
            }
        case 6:
            return {
                "type": "numerical",
                **text,
                "answer": n,
                "tolerance": 0.5,
                "units": {"vit": 1, "muaj": "1/12"},
            }
        case 7:
            pairs = [{"left": both(n + i, 3), "right": f"{WORDS[i]} {n}"} for i in range(3)]
            return {"type": "matching", **text, "pairs": pairs, "extra": [f"tjetër {n}"]}
        case 8:
            return {"type": "ordering", **text, "items": [both(n + i, 3) for i in range(4)]}
        case 9:
            gapped = {
                one: f"{written} {{{{a}}}} {WORDS[n % 30]} {{{{b}}}}" for one, written in both(n * 31).items()
            }
            return {"type": "gaps", "text": gapped, "gaps": {"a": f"x{n}", "b": f"y{n}"}, "extra": [f"z{n}"],
                    "input": "drag" if n % 2 else "select"}  # fmt: skip
        case 10:
            gapped = {
                one: f"{written} {{{{a}}}} {WORDS[n % 30]} {{{{b}}}}" for one, written in both(n * 31).items()
            }
            blanks = {"a": {"number": n}, "b": {"options": [{"text": "po", "correct": True}, {"text": "jo"}]}}
            return {"type": "cloze", "text": gapped, "blanks": blanks}
        case 11:
            return {"type": "essay", **text, "words": "50..150", "grader_info": both(n, 4)}
        case _:
            if n % 2:
                return {"type": "description", **text}
            items = {"a": f"x{n}", "b": f"y{n}"}
            places = [
                {"item": "a", "x": 1, "y": 1, "label": "l"},
                {"item": "b", "x": 9, "y": 9, "label": "k"},
            ]
            return {
                "type": "dragimage",
                **text,
                "image": "../media/map.gif",
                "items": items,
                "places": places,
            }


def write_academy(folder: Path, files: int) -> int:
    """The quiz files, in the form that people write; how many bytes they have."""
    from quizzes.write_yaml import quiz_text

    (folder / "quizzes").mkdir(parents=True)
    (folder / "media").mkdir()
    (folder / "media" / "map.gif").write_bytes(b"GIF89a\x90\x01\x2c\x01\x00\x00\x00;")
    size = 0
    for number in range(files):
        head = {"schema": "quiz/1", "id": f"quiz-{number}", "title": f"Quiz {number}",
                "languages": {"default": "sq", "offered": ["sq", "en"]}}  # fmt: skip
        text = quiz_text(head, questions(number * PER_FILE, PER_FILE))
        (folder / "quizzes" / f"quiz-{number}.yaml").write_text(text, encoding="utf-8")
        size += len(text.encode())
    return size


# --- the peer's format ----------------------------------------------------------------------------


def as_moodle_tools(question: dict[str, Any]) -> dict[str, Any] | None:
    """A question in the format of moodle-tools, in one language; None for a type that it does not have."""
    text = question["text"]["sq"]
    head = {
        "title": question["id"],
        "question": text,
        "general_feedback": question["feedback"]["general"]["sq"],
    }
    match question["type"]:
        case "single":
            answers = [
                {
                    "answer": one["text"]["sq"],
                    "points": 100 if one["correct"] else 0,
                    "feedback": one["feedback"]["sq"],
                }
                for one in question["options"]
            ]
            return {**head, "type": "multiple_choice", "answers": answers}
        case "truefalse":
            return {**head, "type": "true_false", "correct_answer": question["answer"]}
        case "short":
            return {**head, "type": "shortanswer", "answers": [question["answers"][0]]}
        case "numerical":
            answers = [{"answer": question["answer"], "tolerance": question["tolerance"]}]
            return {**head, "type": "numerical", "answers": answers}
        case "matching":
            pairs = [{"question": one["left"]["sq"], "answer": one["right"]} for one in question["pairs"]]
            return {**head, "type": "matching", "options": pairs}
        case "ordering":
            return {**head, "type": "ordering", "answers": [one["sq"] for one in question["items"]]}
        case "essay":
            words = {"min_words": 50, "max_words": 150, "required": True}
            return {**head, "type": "essay", "response_format": "editor", "text_response": words}
        case "description":
            return {**head, "type": "description"}
        case _:
            return None


# --- measuring ------------------------------------------------------------------------------------


def ours(folder: Path, out: Path, *, cache: bool = False) -> tuple[int, float, float]:
    """Questions, seconds of a whole process with its start, and megabytes of all its processes at their peaks."""
    begin = time.perf_counter()
    arguments = [sys.executable, "-c", RUN, str(folder), str(out), *(["cache"] if cache else [])]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, env=environment)
    taken = time.perf_counter() - begin
    count, _, own, child = done.stdout.split()
    workers = os.cpu_count() or 1
    return int(count), taken, (int(own) + (int(child) * workers if int(child) > 20_000 else 0)) / 1024


def peer_program() -> str | None:
    """The program of moodle-tools."""
    return os.environ.get("MAKE_QUESTIONS") or shutil.which("make-questions")


def peers(program: str, folder: Path) -> float:
    """Seconds that moodle-tools needs for its files."""
    files = sorted(str(path) for path in folder.glob("*.yml"))
    begin = time.perf_counter()
    subprocess.run(
        [program, "-s", "-i", *files, "-o", str(folder / "out.xml")], capture_output=True, check=True
    )
    return time.perf_counter() - begin


def measure() -> list[dict[str, Any]]:
    """The figures of this comparison."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        academy, out, theirs = folder / "academy", folder / "out", folder / "peer"
        size = write_academy(academy, FILES)
        theirs.mkdir()
        import yaml

        known = 0
        for number in range(FILES):
            converted = [one for q in questions(number * PER_FILE, PER_FILE) if (one := as_moodle_tools(q))]
            known += len(converted)
            (theirs / f"{number}.yml").write_text(
                "---\n".join(yaml.safe_dump(one, allow_unicode=True) for one in converted)
            )
        program = peer_program()
        own, other, memory = [], [], []
        for _ in range(RUNS):
            count, taken, peak = ours(academy, out)
            own.append(taken)
            memory.append(peak)
            if program:
                other.append(peers(program, theirs))
        ours(academy, out, cache=True)
        again = statistics.median(ours(academy, out, cache=True)[1] for _ in range(RUNS))
    seconds = statistics.median(own)
    theirs_seconds = statistics.median(other) * (FILES * PER_FILE / known) if other else None
    ratio = theirs_seconds / seconds if theirs_seconds else None
    print(
        f"{count} questions, {size / 1e6:.1f} MB of YAML; moodle-tools {known} of them: {other}",
        file=sys.stderr,
    )
    return [
        {
            "id": "quizzes.10000-questions",
            "value": round(seconds, 2),
            "unit": "s",
            "peer": "moodle-tools 1.1.0, per question it knows",
            "peer_value": round(theirs_seconds, 1) if theirs_seconds else None,
            "ratio": round(ratio, 2) if ratio else None,
            "goal": "at least 6 times as fast",
            "met": bool(ratio and ratio >= 6),
        },
        {
            "id": "quizzes.10000-questions-memory",
            "value": round(statistics.median(memory)),
            "unit": "MB",
            "peer": None,
            "peer_value": None,
            "ratio": None,
            "goal": "at most 350 MB over all processes",
            "met": statistics.median(memory) <= 350,
        },
        {
            "id": "quizzes.10000-questions-unchanged",
            "value": round(again, 2),
            "unit": "s",
            "peer": None,
            "peer_value": None,
            "ratio": None,
            "goal": "at most 1 s",
            "met": again <= 1,
        },
    ]


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
