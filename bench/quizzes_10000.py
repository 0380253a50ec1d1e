"""How long 10,000 questions of all types in 100 files take to build, beside moodle-tools; and whether 100,000 take ten times that.

    python bench quizzes_10000

Ours is the whole command `lms-sync build`: files read, every check on, a bank written as Moodle XML for each file. It begins without
anything that an earlier build has left. moodle-tools (`make-questions`) is given the same questions in its own format, in one
language, as far as it has the type; its time is reckoned for all of them by their number. Both are timed in the same run, median of
three; moodle-tools is installed into a temporary folder, or is where MAKE_QUESTIONS says.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packages_500_lessons import Run, median, memory_of_all, run

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

_BUILD = (sys.executable, "-c", "from lms_sync.cli import main; main()", "build", "--dir")


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


def ours(academy: Path, *, anew: bool = True) -> Run:
    """One build; `anew` without what an earlier one has left."""
    if anew:
        shutil.rmtree(academy / "build", ignore_errors=True)
        shutil.rmtree(academy / ".lms-sync", ignore_errors=True)
    return run(*_BUILD, str(academy), cwd=academy)


def moodle_tools(folder: Path) -> str:
    """The program of moodle-tools."""
    if known := os.environ.get("MAKE_QUESTIONS"):
        return known
    venv.create(folder / "venv", with_pip=True)
    run(str(folder / "venv/bin/python"), "-m", "pip", "install", "--quiet", "moodle-tools==1.1.0", cwd=folder)
    return str(folder / "venv/bin/make-questions")


def write_theirs(folder: Path, files: int) -> int:
    """The questions that moodle-tools has the types of, in its format; how many they are."""
    import yaml

    folder.mkdir()
    known = 0
    for number in range(files):
        converted = [one for q in questions(number * PER_FILE, PER_FILE) if (one := as_moodle_tools(q))]
        known += len(converted)
        text = "---\n".join(yaml.safe_dump(one, allow_unicode=True) for one in converted)
        (folder / f"{number}.yml").write_text(text, encoding="utf-8")
    return known


def measure() -> list[dict[str, object]]:
    """The figures, for bench/results.json."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        academy, theirs = folder / "academy", folder / "theirs"
        write_academy(academy, FILES)
        share = write_theirs(theirs, FILES) / (FILES * PER_FILE)
        program = moodle_tools(folder)
        names = sorted(str(path) for path in theirs.glob("*.yml"))
        time.sleep(2.5)  # until the times of the files tell that nothing can have changed since
        own, other = [], []
        ours(academy)  # writes the bytecode
        for _ in range(RUNS):
            own.append(ours(academy))
            other.append(run(program, "-s", "-i", *names, "-o", str(folder / "theirs.xml"), cwd=folder))
        ours(academy, anew=False)
        again = [ours(academy, anew=False) for _ in range(RUNS)]
        seconds = median(one.seconds for one in own)
        peer = median(one.seconds for one in other) / share
        memory = max(one.peak_mb for one in own)
        if sys.platform == "linux":
            shutil.rmtree(academy / "build")
            shutil.rmtree(academy / ".lms-sync")
            memory = max(memory, memory_of_all(*_BUILD, str(academy), cwd=folder))
        many = folder / "many"
        write_academy(many, FILES * 10)
        times = ours(many).seconds / seconds
    unchanged = median(one.seconds for one in again)
    return [
        {
            "id": "quizzes.10000-questions",
            "value": round(seconds, 2), "unit": "s",
            "peer": f"moodle-tools 1.1.0, measured on the {share:.0%} of the questions that it has types for",
            "peer_value": round(peer, 1), "ratio": round(peer / seconds, 1),
            "goal": 6, "goal_of": "ratio", "met": peer / seconds >= 6,
        },
        {
            "id": "quizzes.10000-questions-memory",
            "value": round(memory), "unit": "MB at most",
            "peer": "moodle-tools 1.1.0", "peer_value": round(max(one.peak_mb for one in other)),
            "ratio": round(max(one.peak_mb for one in other) / memory, 1),
            "goal": 350, "goal_of": "value", "met": memory <= 350,
        },
        {
            "id": "quizzes.10000-questions-unchanged",
            "value": round(unchanged, 2), "unit": "s",
            "peer": "the same, begun anew", "peer_value": round(seconds, 2),
            "ratio": round(seconds / unchanged, 1), "goal": 1, "goal_of": "value", "met": unchanged <= 1,
        },
        {
            "id": "quizzes.100000-questions",
            "value": round(times, 1), "unit": "times the time of 10,000 questions, measured once",
            "peer": None, "peer_value": None, "ratio": None,
            "goal": 12, "goal_of": "value", "met": times <= 12,
        },
    ]  # fmt: skip
