"""Quiz attempts with deferred feedback: drawing, shuffling, taking answers, marking, grading.

The names of the fields and the words of the states are Moodle's; the marking follows its question types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from moodle_standin.completion import quiz_grade, set_grade, update_completion
from moodle_standin.errors import MoodleError
from moodle_standin.overrides import effective
from moodle_standin.question_bank import current_question, drawable
from moodle_standin.question_types import OTHER_TYPES
from moodle_standin.records import Question, Quiz, QuizAttempt, Slot, SlotAttempt, User
from moodle_standin.site import Call, Site
from moodle_standin.typed_answers import leading_number, numerical_fraction, shortanswer_fraction

IN_PROGRESS: Final = "inprogress"
FINISHED: Final = "finished"
GRACE_PERIOD_MIN: Final = 60
RIGHT: Final = 0.999999
NOTHING: Final = 0.000001


def attempts_by(site: Site, quiz_id: int, user_id: int) -> list[QuizAttempt]:
    """The user's attempts, previews included, in the order of their numbers."""
    found = [a for a in site.quiz_attempts.values() if a.quiz == quiz_id and a.userid == user_id]
    return sorted(found, key=lambda a: (a.attempt, a.id))


def has_attempts(site: Site, quiz_id: int) -> bool:
    """Whether anybody has an attempt; previews do not count."""
    return any(a.quiz == quiz_id and not a.preview for a in site.quiz_attempts.values())


# --- starting


def start(site: Site, quiz: Quiz, user: User, *, preview: bool) -> QuizAttempt:
    """Draws the random slots, fixes versions and orders, and opens the attempt."""
    number = 1 + len([a for a in attempts_by(site, quiz.id, user.id) if not a.preview])
    pages = page_of_slots(quiz)
    used = {slot.entry for slot in quiz.slots if slot.entry}
    slots = []
    for place, slot in enumerate(quiz.slots):
        question = _question_for(site, slot, used)
        taken = _open_slot(site, question, shuffles=bool(quiz.shuffleanswers))
        taken.slot, taken.page, taken.maxmark = place + 1, pages[place], slot.maxmark
        taken.id = site.next_id("question_attempts")
        slots.append(taken)
    layout = []
    for place, page in enumerate(pages):
        if place and page != pages[place - 1]:
            layout.append("0")
        layout.append(str(place + 1))
    layout.append("0")
    now = site.now()
    attempt = QuizAttempt(
        id=site.next_id("quiz_attempts"),
        quiz=quiz.id,
        userid=user.id,
        attempt=number,
        uniqueid=site.next_id("question_usages"),
        slots=slots,
        layout=",".join(layout),
        preview=int(preview),
        timestart=now,
        timemodified=now,
    )
    for taken in slots:
        taken.lastaction = now
    site.quiz_attempts[attempt.id] = attempt
    return attempt


def page_of_slots(quiz: Quiz) -> list[int]:
    """The page (from 0) of each slot; 0 questions a page means all on one."""
    if quiz.questionsperpage <= 0:
        return [0] * len(quiz.slots)
    return [place // quiz.questionsperpage for place in range(len(quiz.slots))]


def _question_for(site: Site, slot: Slot, used: set[int]) -> Question:
    if slot.entry:
        return current_question(site, site.bank_entries[slot.entry])
    candidates = [e for e in drawable(site, slot.category, slot.tags) if e.id not in used]
    if not candidates:
        raise MoodleError(
            "notenoughrandomquestions",
            "There are not enough questions in the category to create the question",
        )
    entry = site.random.choice(candidates)
    used.add(entry.id)
    return current_question(site, entry)


def _open_slot(site: Site, question: Question, *, shuffles: bool) -> SlotAttempt:
    if (kind := OTHER_TYPES.get(question.qtype)) is not None:
        shown = kind.opened(question, site.random, shuffles=shuffles)
        return SlotAttempt(0, 0, question.id, 0.0, [], shown=shown)
    order = list(range(len(question.answers)))
    choices: list[str] = []
    shuffles = shuffles and bool(question.options.get("shuffleanswers"))
    if question.qtype == "match":
        order = [place for place, answer in enumerate(question.answers) if answer.text]
        choices = list(dict.fromkeys(answer.right for answer in question.answers))
        if shuffles:
            site.random.shuffle(order)
        # Moodle shuffles the menu always, or it would give the answer away.
        site.random.shuffle(choices)
    elif question.qtype == "multichoice" and shuffles:
        site.random.shuffle(order)
    return SlotAttempt(0, 0, question.id, 0.0, order, choices)


# --- answering


def take_answers(site: Site, attempt: QuizAttempt, data: Mapping[str, str]) -> None:
    """Takes what a form of the attempt's page would send.

    A slot without its `:sequencecheck` is passed over silently, one with an old number is refused.
    """
    now = site.now()
    for slot in attempt.slots:
        prefix = f"q{attempt.uniqueid}:{slot.slot}_"
        check = data.get(f"{prefix}:sequencecheck")
        if check is None:
            continue
        if check != str(slot.steps):
            raise MoodleError(
                "submissionoutofsequencefriendlymessage",
                "You have entered data outside the normal sequence. This can occur if you use your browser's "
                "Back or Forward buttons; please don't use these during the test. It can also happen if you "
                "click on something while a page is loading. Click <strong>Continue</strong> to resume.",
            )
        question = site.questions[slot.questionid]
        response = {
            name: data[prefix + name] for name in field_names(question, slot) if prefix + name in data
        }
        flag = data.get(f"{prefix}:flagged")
        if flag is not None:
            slot.flagged = flag not in ("0", "")
        response = {name: value for name, value in response.items() if not _is_blank(question, name, value)}
        if response == slot.response:
            continue
        slot.response = response
        slot.state = response_state(question, slot)
        slot.steps += 1
        slot.lastaction = now
    attempt.timemodified = now


def field_names(question: Question, slot: SlotAttempt) -> list[str]:
    """The names of the answer fields of one question, without the prefix of usage and slot."""
    if (kind := OTHER_TYPES.get(question.qtype)) is not None:
        return kind.field_names(question, slot)
    if question.qtype == "match":
        return [f"sub{place}" for place in range(len(slot.order))]
    if question.qtype == "multichoice" and not question.options["single"]:
        return [f"choice{place}" for place in range(len(slot.order))]
    return ["answer"]


def _is_blank(question: Question, name: str, value: str) -> bool:
    if (kind := OTHER_TYPES.get(question.qtype)) is not None:
        return kind.is_blank(question, name, value)
    if name.startswith(("sub", "choice")):
        return value in ("", "0")
    return value == "" or (question.qtype == "multichoice" and value == "-1")


def response_state(question: Question, slot: SlotAttempt) -> str:
    """todo, complete, or invalid (begun but not enough to count as answered)."""
    if (kind := OTHER_TYPES.get(question.qtype)) is not None:
        return kind.state(question, slot)
    if not slot.response:
        return "todo"
    if question.qtype == "match" and len(slot.response) < len(slot.order):
        return "invalid"
    if question.qtype == "numerical" and leading_number(slot.response["answer"]) is None:
        return "invalid"
    return "complete"


# --- marking


def fraction_of(question: Question, slot: SlotAttempt) -> float | None:
    """The fraction earned by the response; None when there is nothing that could be graded."""
    if (kind := OTHER_TYPES.get(question.qtype)) is not None:
        return kind.fraction(question, slot)
    if not slot.response:
        return None
    if question.qtype == "multichoice":
        return _multichoice_fraction(question, slot)
    if question.qtype == "truefalse":
        return question.answers[0 if slot.response["answer"] not in ("0", "") else 1].fraction
    if question.qtype == "shortanswer":
        usecase = bool(question.options["usecase"])
        return shortanswer_fraction(question.answers, slot.response["answer"], minds_case=usecase)
    if question.qtype == "numerical":
        return numerical_fraction(question.answers, slot.response["answer"])
    right = 0
    for place, answer_place in enumerate(slot.order):
        chosen = slot.response.get(f"sub{place}", "0")
        if chosen.isdigit() and 1 <= int(chosen) <= len(slot.choices):
            right += slot.choices[int(chosen) - 1] == question.answers[answer_place].right
    return right / len(slot.order) if slot.order else 0.0


def _multichoice_fraction(question: Question, slot: SlotAttempt) -> float:
    if question.options["single"]:
        chosen = slot.response["answer"]
        if not chosen.isdigit() or int(chosen) >= len(slot.order):
            return 0.0
        return question.answers[slot.order[int(chosen)]].fraction
    total = sum(
        question.answers[slot.order[place]].fraction
        for place in range(len(slot.order))
        if slot.response.get(f"choice{place}", "0") not in ("0", "")
    )
    return min(max(total, 0.0), 1.0)


def graded_state(fraction: float | None) -> str:
    """The state of a marked question; None is a question without an answer."""
    if fraction is None:
        return "gaveup"
    if fraction > RIGHT:
        return "gradedright"
    return "gradedwrong" if fraction < NOTHING else "gradedpartial"


# --- finishing


def finish(call: Call, quiz: Quiz, attempt: QuizAttempt) -> None:
    """Marks all slots, sums the attempt, and writes grade and completion."""
    site = call.site
    now = site.now()
    for slot in attempt.slots:
        question = site.questions[slot.questionid]
        slot.fraction = fraction_of(question, slot)
        kind = OTHER_TYPES.get(question.qtype)
        slot.state = (kind and kind.finished(question, slot)) or graded_state(slot.fraction)
        slot.steps += 1
    attempt.sumgrades = sum_of_marks(attempt)
    attempt.state = FINISHED
    attempt.timefinish = attempt.timemodified = now
    call.record(
        "quiz_attempt", "finish", id=attempt.id, quiz=quiz.id, userid=attempt.userid, sumgrades=attempt.sumgrades,
        preview=attempt.preview,
    )  # fmt: skip
    if not attempt.preview:
        write_grade(call, quiz, attempt.userid)


def sum_of_marks(attempt: QuizAttempt) -> float | None:
    """The marks of all slots, or None while one waits for a teacher; what was not answered counts nothing."""
    if any(slot.state == "needsgrading" and slot.maxmark for slot in attempt.slots):
        return None
    return round(sum((slot.fraction or 0.0) * slot.maxmark for slot in attempt.slots), 5)


def write_grade(call: Call, quiz: Quiz, user_id: int) -> None:
    """The quiz grade of one user from all finished attempts, then the activity's completion."""
    site = call.site
    marks = [
        a.sumgrades for a in attempts_by(site, quiz.id, user_id) if a.state == FINISHED and not a.preview
    ]
    item = site.grade_item_of("quiz", quiz.id)
    if item is not None and marks:
        set_grade(call, item, user_id, quiz_grade(quiz, marks))
    update_completion(call, site.module_of("quiz", quiz.id), user_id)


def end_if_time_is_up(call: Call, quiz: Quiz, attempt: QuizAttempt) -> None:
    """An open attempt past its time limit is handed in as it stands."""
    end = end_of(call.site, quiz, attempt) if attempt.state == IN_PROGRESS else None
    if end is not None and call.site.now() >= end:
        finish(call, quiz, attempt)


def end_of(site: Site, quiz: Quiz, attempt: QuizAttempt, *, previews: bool = False) -> int | None:
    """When time is up for an attempt: at its limit or when the quiz closes for the user, or never.

    A preview does not end by itself; with `previews` it is told all the same.
    """
    if attempt.preview and not previews:
        return None
    holds = effective(site, quiz, attempt.userid)
    ends = [attempt.timestart + holds["timelimit"]] if holds["timelimit"] else []
    return min([*ends, holds["timeclose"]] if holds["timeclose"] else ends, default=None)
