"""What other tools make of the mistakes in samples/swallowed.yaml: python tests/quizzes/peers.py FOLDER

FOLDER is a virtual environment with moodle-tools, text2qti and qti-package-maker:

    python -m venv FOLDER && FOLDER/bin/pip install moodle-tools==1.1.0 text2qti==0.8.0 qti-package-maker==26.7.14

Each mistake is written in a tool's own format where that format has a word for it, beside a sound question. A tool has
told it where it ends with an error or names the question in a warning; it has swallowed it where it writes a file without a
word. Where its format cannot say the mistake (no such type or key) it is not counted for it. The table is written between
the marks in docs/formats/quiz-peers.md.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "formats" / "quiz-peers.md"
BEGIN, END = "<!-- counts -->\n", "<!-- /counts -->"

QPM = """
import sys
from qti_package_maker.package_interface import QTIPackageInterface
package = QTIPackageInterface("trial", allow_mixed=True)
package.read_package(sys.argv[1], "bbq_text_upload")
print("ITEMS", len(package.item_bank))
package.save_package("canvas_qti_v1_2", sys.argv[2])
"""

Question = dict[str, Any]


class Cannot(Exception):
    """The tool's format has no word for it."""


def text(value: Any) -> str:
    """A text in the first of its languages."""
    return str(next(iter(value.values()), "")) if isinstance(value, dict) else str(value)


def texts(values: Any) -> list[str]:
    return [text(one["text"] if isinstance(one, dict) and "text" in one else one) for one in values]


# --- moodle-tools: YAML ---------------------------------------------------------------------------


def moodle_tools(question: Question) -> str:
    kind = question.get("type")
    data: Question = {
        "title": question.get("name", question.get("id", "q")),
        "question": text(question.get("text", "")),
    }
    if "points" in question:
        data["grade"] = question["points"]
    if "feedback" in question:
        data["general_feedback"] = text(question["feedback"].get("general", ""))
    if kind in ("single", "multiple"):
        data["type"] = "multiple_choice" if kind == "single" else "multiple_true_false"
        data["answers"] = [
            {"answer": text(one.get("text", "")), "points": points(one)}
            for one in question.get("options", [])
        ]
        if kind == "multiple":
            data["answers"] = [
                {"answer": one["answer"], "choice": "True" if one["points"] else "False", "feedback": "f"}
                for one in data["answers"]
            ]
    elif kind == "truefalse":
        data |= {"type": "true_false", "correct_answer": question.get("answer")}
    elif kind == "short":
        answers = [
            one if isinstance(one, dict) else {"answer": one} for one in scored(question.get("answers", []))
        ]
        data |= {"type": "shortanswer", "answers": answers}
    elif kind == "numerical":
        answers = question.get("answers") or ([question] if "answer" in question else [])
        data |= {"type": "numerical", "answers": [number(one) for one in answers]}
    elif kind == "matching":
        pairs = [
            {"question": text(one.get("left", "")), "answer": text(one.get("right", ""))}
            for one in question.get("pairs", [])
        ]
        data |= {"type": "matching", "options": pairs}
    elif kind == "ordering":
        data |= {"type": "ordering", "answers": texts(question.get("items", []))}
    elif kind == "essay":
        words = re.split(r"\.\.", str(question.get("words", "..")))
        limits = (
            {"required": True, "min_words": words[0], "max_words": words[-1]} if "words" in question else {}
        )
        data |= {
            "type": "essay",
            "response_format": question.get("editor", "editor"),
            **({"text_response": limits} if limits else {}),
        }
    elif kind == "gaps":
        found = re.sub(
            r"\{\{([^}]*)\}\}", lambda one: f"[[{gap_number(question, one[1])}]]", data["question"]
        )
        data |= {"type": "missing_words", "question": found,
                 "options": [{"answer": one, "group": 1} for one in texts([*question.get("gaps", {}).values(), *question.get("extra", [])])]}  # fmt: skip
    else:
        raise Cannot
    # Its strict check wants every feedback; then only the mistake can be what it speaks of.
    for answer in (
        data.get("answers", []) if data["type"] in ("multiple_choice", "shortanswer", "numerical") else []
    ):
        if isinstance(answer, dict):
            answer.setdefault("feedback", "f")
            if data["type"] != "multiple_choice" and "points" not in answer:
                answer["points"] = 100
    told = ["general_feedback"]
    if data["type"] not in ("numerical", "shortanswer", "essay"):
        told += ["correct_feedback", "incorrect_feedback"]
    if data["type"] in ("matching", "ordering", "missing_words"):
        told += ["partial_feedback"]
    if data["type"] == "multiple_choice":
        told += ["partially_correct_feedback"]
    if data["type"] == "essay":
        data.setdefault("grader_info", "g")
    if data["type"] == "ordering":
        data["subset_size"] = 2
    data = {**dict.fromkeys(told, "f"), **data}
    feedback = dict.fromkeys(("general_feedback", "correct_feedback", "incorrect_feedback"), "f")
    good = {"type": "true_false", "title": "good", "question": "Good?", "correct_answer": True, **feedback}
    return "---\n".join(json.dumps(one, ensure_ascii=False) + "\n" for one in (good, data))


def gap_number(question: Question, name: str) -> int:
    names = list(question.get("gaps", {}))
    return names.index(name) + 1 if name in names else 9


def points(option: Question) -> Any:
    if "score" in option:
        found = re.fullmatch(r"(-?\d+)%", option["score"])
        return int(found[1]) if found else option["score"]
    return 100 if option.get("correct") == "true" else option.get("correct", 0)


def scored(answers: list[Any]) -> list[Any]:
    return [
        {"answer": text(one["text"]), "points": points(one) or 100}
        if isinstance(one, dict) and "text" in one
        else text(one)
        for one in answers
    ]


def number(one: Any) -> Question:
    if not isinstance(one, dict):
        return {"answer": one}
    more = {"tolerance": one["tolerance"]} if "tolerance" in one else {}
    return {"answer": one.get("answer"), **more, **({"points": points(one)} if "score" in one else {})}


# --- text2qti: plain text -------------------------------------------------------------------------


def text2qti(question: Question) -> str:
    kind = question.get("type")
    stem = text(question.get("text", "")).replace("\n", "\n   ")
    lines = [f"Points: {question['points']}"] if "points" in question else []
    lines += [f"Title: {question['name']}"] if "name" in question else []
    lines += [f"1. {stem}"]
    if kind == "single":
        for letter, one in zip("abcdefghijklmnopqrstuvw", question.get("options", []), strict=False):
            lines.append(
                f"{'*' if one.get('correct') == 'true' else ''}{letter}) {text(one.get('text', ''))}"
            )
    elif kind == "multiple":
        lines += [
            f"[{'*' if one.get('correct') == 'true' else ' '}] {text(one.get('text', ''))}"
            for one in question.get("options", [])
        ]
    elif kind == "truefalse":
        right = question.get("answer") == "true"
        lines += [f"{'*' if right else ''}a) True", f"{'' if right else '*'}b) False"]
    elif kind == "short":
        lines += [f"* {one}" for one in texts(question.get("answers", []))]
    elif kind == "numerical":
        answers = question.get("answers") or [question]
        for one in answers:
            written = one if isinstance(one, dict) else {"answer": one}
            lines.append(f"= {written.get('answer', '')} +- {written.get('tolerance', '0')}")
    elif kind == "essay":
        lines.append("____")
    else:
        raise Cannot
    return "1. Good?\n*a) yes\nb) no\n\n" + "\n".join(lines) + "\n"


# --- qti-package-maker: lines with tabs -----------------------------------------------------------


def qti_package_maker(question: Question) -> str:
    kind = question.get("type")
    stem = text(question.get("text", "")).replace("\n", " ")
    options = question.get("options", [])
    marked = [
        part
        for one in options
        for part in (text(one.get("text", "")), "Correct" if one.get("correct") == "true" else "Incorrect")
    ]
    if kind == "single":
        row = ["MC", stem, *marked]
    elif kind == "multiple":
        if marked.count("Correct") < 2:
            raise Cannot  # it takes no such question, however sound
        row = ["MA", stem, *marked]
    elif kind == "truefalse":
        right = question.get("answer") == "true"
        row = [
            "MC",
            stem,
            "True",
            "Correct" if right else "Incorrect",
            "False",
            "Incorrect" if right else "Correct",
        ]
    elif kind == "short":
        row = ["FIB", stem, *texts(question.get("answers", []))]
    elif kind == "numerical":
        one = (question.get("answers") or [question])[0]
        written = one if isinstance(one, dict) else {"answer": one}
        row = ["NUM", stem, str(written.get("answer", "")), str(written.get("tolerance", "0"))]
    elif kind == "matching":
        row = [
            "MAT",
            stem,
            *(text(one.get(side, "")) for one in question.get("pairs", []) for side in ("left", "right")),
        ]
    else:
        raise Cannot
    return "MC\tGood?\tyes\tCorrect\tno\tIncorrect\n" + "\t".join(row) + "\n"


# --- running --------------------------------------------------------------------------------------

# The keys whose values each format can say; a mistake in another one cannot be made there.
SAYS = {
    "moodle-tools": {"type", "text", "name", "points", "options", "correct", "score", "answer", "answers", "tolerance",
                     "pairs", "left", "right", "items", "words", "editor", "gaps", "extra", "a", "b"},
    "text2qti": {"type", "text", "name", "points", "options", "correct", "answer", "answers", "tolerance"},
    "qti-package-maker": {"type", "text", "options", "correct", "answer", "answers", "tolerance", "pairs", "left", "right"},
}  # fmt: skip
WRITERS = {"moodle-tools": moodle_tools, "text2qti": text2qti, "qti-package-maker": qti_package_maker}


def keys_of(quiz: str) -> set[str]:
    """The keys on the line of the mistake, or the one that the line's item belongs to."""
    lines = quiz.split("\n")
    number = next(n for n, line in enumerate(lines) if line.endswith("# !"))
    found = set(re.findall(r"([A-Za-z_]+):(?=\s|$)", lines[number]))
    while not found and number:
        number -= 1
        found = set(re.findall(r"([A-Za-z_]+):(?=\s|$)", lines[number]))
    return found


def outcome(tool: str, case: Question, environment: Path, folder: Path) -> str:
    """told, swallowed or cannot."""
    if not keys_of(case["quiz"]) <= SAYS[tool]:
        return "cannot"
    try:
        question = yaml.load(case["quiz"], yaml.BaseLoader)["questions"][
            -1 if "id: q\n" not in case["quiz"] else 0
        ]
        written = WRITERS[tool](question)
    except (Cannot, KeyError, AttributeError, TypeError, yaml.YAMLError):
        return "cannot"
    program = environment / "bin"
    source = folder / ("case.yml" if tool == "moodle-tools" else "case.txt")
    source.write_text(written, encoding="utf-8")
    if tool == "moodle-tools":
        command = [str(program / "make-questions"), "-i", str(source), "-o", str(folder / "out.xml")]
    elif tool == "text2qti":
        command = [str(program / "text2qti"), str(source)]
    else:
        command = [str(program / "python"), "-c", QPM, str(source), str(folder / "out.zip")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, timeout=60)
    said = done.stdout + done.stderr
    if done.returncode or "Traceback" in said:
        return "told"
    if tool == "qti-package-maker":
        return "swallowed" if "ITEMS 2" in said else "lost"
    return (
        "told"
        if re.search(r"(?i)warning|error|not consistent|did not pass", said)
        and "imported correctly" not in said
        else "swallowed"
    )


def main(environment: Path) -> int:
    cases = yaml.safe_load((HERE / "samples" / "swallowed.yaml").read_text("utf-8"))
    rows, details = [], []
    for tool in WRITERS:
        with tempfile.TemporaryDirectory() as folder:
            found = {case["case"]: outcome(tool, case, environment, Path(folder)) for case in cases}
        counts = Counter(found.values())
        said = len(cases) - counts["cannot"]
        rows.append(f"| {tool} | {said} | {counts['told']} | {counts['swallowed']} | {counts['lost']} |")
        details.append(
            f"{tool} swallows: " + "; ".join(name for name, one in found.items() if one == "swallowed") + "."
        )
    table = "\n".join(
        [
            f"{len(cases)} mistakes:\n",
            "| tool | can be made there | told | swallowed | the question is left out without an error |",
            "| --- | --- | --- | --- | --- |",
            f"| lms-sync | {len(cases)} | {len(cases)} | 0 | 0 |",
            *rows,
            "",
            *("\n".join(details).split("\n")),
            "",
        ]
    )
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    PAGE.write_text(before + BEGIN + table + END + rest.partition(END)[2], encoding="utf-8")
    print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
