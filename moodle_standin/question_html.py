"""Questions of an attempt as HTML: Moodle's input names, ids and class names in markup of our own."""

from __future__ import annotations

from html import escape
from typing import Final

from moodle_standin.records import Question, QuizAttempt, SlotAttempt

_STATE_CLASS: Final = {
    "todo": "notyetanswered",
    "complete": "answersaved",
    "invalid": "invalidanswer",
    "gaveup": "notanswered",
    "gradedright": "correct",
    "gradedpartial": "partiallycorrect",
    "gradedwrong": "incorrect",
}
_STATUS: Final = {
    "todo": "Not yet answered",
    "complete": "Answer saved",
    "invalid": "Incomplete answer",
    "gaveup": "Not answered",
    "gradedright": "Correct",
    "gradedpartial": "Partially correct",
    "gradedwrong": "Incorrect",
}


def state_class(slot: SlotAttempt) -> str:
    return _STATE_CLASS[slot.state]


def status(slot: SlotAttempt) -> str:
    return _STATUS[slot.state]


def question_html(
    attempt: QuizAttempt, slot: SlotAttempt, question: Question, *, review: bool = False
) -> str:
    """One question: number, state and flag, the text, and its input fields with what was answered."""
    prefix = f"q{attempt.uniqueid}:{slot.slot}_"
    body = _BODIES[question.qtype](prefix, slot, question, "disabled" if review else "")
    flag = f"{prefix}:flagged"
    checked = ' checked="checked"' if slot.flagged else ""
    feedback = ""
    if review and question.generalfeedback:
        feedback = (
            '<div class="outcome clearfix"><h4 class="accesshide">Feedback</h4>'
            f'<div class="feedback"><div class="generalfeedback">{question.generalfeedback}</div></div></div>'
        )
    mark = f"Marked out of {slot.maxmark:.2f}"
    if review and slot.fraction is not None:
        mark = f"Mark {slot.fraction * slot.maxmark:.2f} out of {slot.maxmark:.2f}"
    return (
        f'<div id="question-{attempt.uniqueid}-{slot.slot}" '
        f'class="que {question.qtype} deferredfeedback {state_class(slot)}">'
        f'<div class="info"><h3 class="no">Question <span class="qno">{slot.slot}</span></h3>'
        f'<div class="state">{status(slot)}</div><div class="grade">{mark}</div>'
        f'<div class="questionflag editable"><input type="hidden" name="{flag}" value="0">'
        f'<input type="checkbox" id="{flag}checkbox" name="{flag}" value="1"{checked}></div></div>'
        '<div class="content"><div class="formulation clearfix"><h4 class="accesshide">Question text</h4>'
        f'<input type="hidden" name="{prefix}:sequencecheck" value="{slot.steps}">'
        f"{body}</div>{feedback}</div></div>"
    )


def _multichoice(prefix: str, slot: SlotAttempt, question: Question, disabled: str) -> str:
    single = question.options["single"]
    rows = []
    for place, answer_place in enumerate(slot.order):
        answer = question.answers[answer_place]
        if single:
            name, ident, kind, value = f"{prefix}answer", f"{prefix}answer{place}", "radio", str(place)
            chosen = slot.response.get("answer") == value
        else:
            name = ident = f"{prefix}choice{place}"
            kind, value = "checkbox", "1"
            chosen = slot.response.get(f"choice{place}", "0") not in ("0", "")
        hidden = "" if single or disabled else f'<input type="hidden" name="{name}" value="0">'
        number = _number(place, question.options["answernumbering"])
        rows.append(
            f'<div class="r{place % 2}">{hidden}<input type="{kind}" name="{name}" value="{value}" id="{ident}" '
            f'aria-labelledby="{ident}_label"{_flag("checked", chosen)}{_flag("disabled", bool(disabled))}>'
            f'<div class="d-flex w-auto" id="{ident}_label" data-region="answer-label">{number}'
            f'<div class="flex-fill ms-1">{answer.text}</div></div></div>'
        )
    if single and not disabled:
        none = _flag("checked", "answer" not in slot.response)
        rows.append(
            f'<div id="{prefix}clearchoice" class="qtype_multichoice_clearchoice">'
            f'<input type="radio" name="{prefix}answer" id="{prefix}answer-1" value="-1" class="sr-only" '
            f'aria-hidden="true"{none}><label for="{prefix}answer-1">Clear my choice</label></div>'
        )
    prompt = "Select one:" if single else "Select one or more:"
    return (
        f'<div class="qtext">{question.questiontext}</div><fieldset class="ablock">'
        f'<legend class="prompt">{prompt}</legend><div class="answer">{"".join(rows)}</div></fieldset>'
    )


def _number(place: int, style: str) -> str:
    if style == "none":
        return ""
    text = {
        "abc": chr(97 + place % 26),
        "ABCD": chr(65 + place % 26),
        "123": str(place + 1),
        "iii": _roman(place + 1).lower(),
        "IIII": _roman(place + 1),
    }.get(style)
    return f'<span class="answernumber">{"ERR" if text is None else text + ". "}</span>'


def _roman(number: int) -> str:
    result = ""
    for value, letters in ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        while number >= value:
            result += letters
            number -= value
    return result


def _truefalse(prefix: str, slot: SlotAttempt, question: Question, disabled: str) -> str:
    name = f"{prefix}answer"
    chosen = slot.response.get("answer")
    rows = "".join(
        f'<div class="r{row}"><input type="radio" name="{name}" value="{value}" id="{name}{word.lower()}"'
        f"{_flag('checked', chosen == value)}{_flag('disabled', bool(disabled))}>"
        f'<label for="{name}{word.lower()}" class="ms-1">{word}</label></div>'
        for row, (value, word) in enumerate((("1", "True"), ("0", "False")))
    )
    return (
        f'<div class="qtext">{question.questiontext}</div><fieldset class="ablock">'
        f'<legend class="prompt">Select one:</legend><div class="answer">{rows}</div></fieldset>'
    )


def _text_field(prefix: str, slot: SlotAttempt, question: Question, disabled: str) -> str:
    name = f"{prefix}answer"
    size = 80 if question.qtype == "shortanswer" else 30
    readonly = ' readonly="readonly"' if disabled else ""
    value = escape(slot.response.get("answer", ""))
    return (
        f'<div class="qtext">{question.questiontext}</div><div class="ablock">'
        f'<label for="{name}">Answer:</label><span class="answer"><input type="text" name="{name}" '
        f'value="{value}" id="{name}" size="{size}" class="form-control d-inline"{readonly}></span></div>'
    )


def _match(prefix: str, slot: SlotAttempt, question: Question, disabled: str) -> str:
    rows = []
    for place, answer_place in enumerate(slot.order):
        name = f"{prefix}sub{place}"
        chosen = slot.response.get(f"sub{place}", "0")
        options = "".join(
            f'<option value="{number}"{_flag("selected", chosen == str(number))}>{escape(text, quote=False)}</option>'
            for number, text in enumerate(slot.choices, start=1)
        )
        rows.append(
            f'<tr class="r{place % 2}"><td class="text" id="{prefix}sub{place}_itemtext">'
            f'{question.answers[answer_place].text}</td><td class="control">'
            f'<label class="accesshide" for="menu{name}">Answer {place + 1}</label>'
            f'<select class="select custom-select ms-1" id="menu{name}" name="{name}"'
            f'{_flag("disabled", bool(disabled))}><option value="0"{_flag("selected", chosen == "0")}>Choose...'
            f"</option>{options}</select></td></tr>"
        )
    return (
        f'<div class="qtext" id="{prefix}qtext">{question.questiontext}</div><div class="ablock">'
        f'<table class="answer"><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _flag(name: str, on: bool) -> str:
    return f' {name}="{name}"' if on else ""


_BODIES: Final = {
    "multichoice": _multichoice,
    "truefalse": _truefalse,
    "shortanswer": _text_field,
    "numerical": _text_field,
    "match": _match,
}
