"""Questions of an attempt as HTML: Moodle's input names, ids and class names in markup of our own."""

from __future__ import annotations

from html import escape
from typing import Final, NamedTuple

from moodle_standin.formatting import multilang, shown_name
from moodle_standin.question_types import OTHER_TYPES
from moodle_standin.records import Question, QuizAttempt, SlotAttempt
from moodle_standin.site import Call

_STATE_CLASS: Final = {
    "todo": "notyetanswered",
    "complete": "answersaved",
    "invalid": "invalidanswer",
    "gaveup": "notanswered",
    "needsgrading": "requiresgrading",
    "finished": "complete",
    "gradedright": "correct",
    "gradedpartial": "partiallycorrect",
    "gradedwrong": "incorrect",
}
_STATUS: Final = {
    "todo": "Not yet answered",
    "complete": "Answer saved",
    "invalid": "Incomplete answer",
    "gaveup": "Not answered",
    "needsgrading": "Requires grading",
    "finished": "Complete",
    "gradedright": "Correct",
    "gradedpartial": "Partially correct",
    "gradedwrong": "Incorrect",
}


# What Moodle appends to a question's HTML for the page around it; a client has to pass over it.
_PAGE_SCRIPT: Final = '<script>\n//<![CDATA[\nM.util.js_pending("core/first");\n//]]>\n</script>\n'

REVIEW_DURING: Final = 0x10000
REVIEW_AFTER: Final = 0x01110


INFORMATION: Final = "i"


def number_of(call: Call, attempt: QuizAttempt, slot: SlotAttempt) -> str:
    """The number of a question among those that count; "i" for one that is only read."""
    counting = [
        one.slot for one in attempt.slots if call.site.questions[one.questionid].qtype != "description"
    ]
    return str(counting.index(slot.slot) + 1) if slot.slot in counting else INFORMATION


def state_class(slot: SlotAttempt) -> str:
    """The CSS class by which Moodle's pages and the app tell the state of a question."""
    return _STATE_CLASS[slot.state]


def status(slot: SlotAttempt) -> str:
    """The state of a question in words."""
    return _STATUS[slot.state]


class View(NamedTuple):
    """One question of one attempt as one person sees it."""

    call: Call
    usage: int
    slot: SlotAttempt
    question: Question
    review: bool
    number: str = ""

    @property
    def prefix(self) -> str:
        """Begins the name of every field: question usage and slot."""
        return f"q{self.usage}:{self.slot.slot}_"

    def text(self, html: str) -> str:
        """Text through the site's filters: of several languages only the learner's is shown."""
        if not self.call.site.settings.multilang_filter:
            return html
        return multilang(html, self.call.lang or self.call.user.lang)

    @property
    def question_text(self) -> str:
        """The text of the question in Moodle's wrapping."""
        return f'<div class="clearfix">{self.text(self.question.questiontext)}</div>'

    @property
    def label(self) -> str:
        """What a screen reader says of the question beside the label of a field."""
        return f'<span class="sr-only">Question {self.number}</span>'

    def flag(self, name: str, on: bool) -> str:
        """An attribute that is there or not."""
        return f' {name}="{name}"' if on else ""

    @property
    def disabled(self) -> str:
        """Fields of a finished attempt cannot be changed."""
        return self.flag("disabled", self.review)


def question_html(
    call: Call, attempt: QuizAttempt, slot: SlotAttempt, question: Question, *, review: bool = False
) -> str:
    """One question: number, state and flag, the text, and its input fields with what was answered."""
    view = View(call, attempt.uniqueid, slot, question, review, number_of(call, attempt, slot))
    kind = OTHER_TYPES.get(question.qtype)
    counts = view.number != INFORMATION
    title = f'Question <span class="qno">{view.number}</span>' if counts else "Information"
    flag = f"{view.prefix}:flagged"
    feedback = ""
    if review and question.generalfeedback:
        feedback = (
            '<div class="outcome clearfix"><h4 class="accesshide">Feedback</h4><div class="feedback">'
            f'<div class="generalfeedback">{view.text(question.generalfeedback)}</div></div></div>'
        )
    return (
        f'<div id="question-{attempt.uniqueid}-{slot.slot}" '
        f'class="que {question.qtype} {kind.behaviour if kind else "deferredfeedback"} {state_class(slot)}">'
        f'<div class="info"><h3 class="no">{title}</h3>'
        f'<div class="state">{status(slot) if counts else ""}</div>{_mark(view, attempt) if counts else ""}'
        f'<div class="questionflag editable"><input type="hidden" name="{flag}" value="0" />'
        f'<input type="hidden" value="qubaid={attempt.uniqueid}&amp;slot={slot.slot}&amp;newstate=" '
        'class="questionflagpostdata" />'
        f'<input type="checkbox" id="{flag}checkbox" name="{flag}" value="1"{view.flag("checked", slot.flagged)} />'
        f'<label id="{flag}label" for="{flag}checkbox"><span>Flag question</span></label>\n</div></div>'
        '<div class="content"><div class="formulation clearfix">'
        f'<h4 class="accesshide">{"Question" if counts else "Information"} text</h4>'
        f'<input type="hidden" name="{view.prefix}:sequencecheck" value="{slot.steps}" />'
        f"{kind.body(view) if kind else _BODIES[question.qtype](view)}</div>{feedback}</div></div>{_PAGE_SCRIPT}"
    )


def _mark(view: View, attempt: QuizAttempt) -> str:
    """The mark as far as the quiz's review options let it be seen at this time."""
    masks = view.call.site.quizzes[attempt.quiz].review
    when = REVIEW_AFTER if view.review else REVIEW_DURING
    slot = view.slot
    if masks.get("marks", 0) & when and view.review and slot.fraction is not None:
        words = f"Mark {slot.fraction * slot.maxmark:.2f} out of {slot.maxmark:.2f}"
    elif masks.get("maxmarks", 0) & when:
        words = f"Marked out of {slot.maxmark:.2f}"
    else:
        return ""
    return f'<div class="grade">{words}</div>'


def _multichoice(view: View) -> str:
    slot, options = view.slot, view.question.options
    rows = []
    for place, answer_place in enumerate(slot.order):
        if options["single"]:
            name, ident, kind, value = (
                f"{view.prefix}answer",
                f"{view.prefix}answer{place}",
                "radio",
                str(place),
            )
            chosen = slot.response.get("answer") == value
        else:
            name = ident = f"{view.prefix}choice{place}"
            kind, value = "checkbox", "1"
            chosen = slot.response.get(f"choice{place}", "0") not in ("0", "")
        hidden = (
            "" if options["single"] or view.review else f'<input type="hidden" name="{name}" value="0" />'
        )
        rows.append(
            f'<div class="r{place % 2}">{hidden}<input type="{kind}" name="{name}" value="{value}" id="{ident}" '
            f'aria-labelledby="{ident}_label"{view.flag("checked", chosen)}{view.disabled} />'
            f'<div class="d-flex w-auto" id="{ident}_label" data-region="answer-label">'
            f"{_number(place, options['answernumbering'])}"
            f'<div class="flex-fill ms-1">{view.text(view.question.answers[answer_place].text)}</div></div></div>'
        )
    if options["single"] and not view.review:
        none = view.flag("checked", "answer" not in slot.response)
        rows.append(
            f'<div id="{view.prefix}clearchoice" class="qtype_multichoice_clearchoice">'
            f'<input type="radio" name="{view.prefix}answer" id="{view.prefix}answer-1" value="-1" '
            f'class="sr-only" aria-hidden="true"{none} />'
            f'<label for="{view.prefix}answer-1">Clear my choice</label></div>'
        )
    return _choices(view, "Select one:" if options["single"] else "Select one or more:", "".join(rows))


def _choices(view: View, prompt: str, rows: str) -> str:
    return (
        f'<div class="qtext">{view.question_text}</div><fieldset class="ablock no-overflow visual-scroll-x">'
        f'<legend class="prompt h6 font-weight-normal">{view.label} {prompt}</legend>'
        f'<div class="answer">{rows}</div></fieldset>'
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


def _truefalse(view: View) -> str:
    name = f"{view.prefix}answer"
    chosen = view.slot.response.get("answer")
    rows = "".join(
        f'<div class="r{row}"><input type="radio" name="{name}" value="{value}" id="{name}{word.lower()}"'
        f"{view.flag('checked', chosen == value)}{view.disabled} />"
        f'<label for="{name}{word.lower()}" class="ms-1">{word}</label></div>'
        for row, (value, word) in enumerate((("1", "True"), ("0", "False")))
    )
    return _choices(view, "Select one:", rows)


def _text_field(view: View) -> str:
    name = f"{view.prefix}answer"
    size = 80 if view.question.qtype == "shortanswer" else 30
    given = view.slot.response.get("answer")
    value = "" if given is None else f' value="{escape(given)}"'
    field = (
        f'<span class="answer"><input type="text" name="{name}"{value} id="{name}" size="{size}" '
        f'class="form-control d-inline"{view.flag("readonly", view.review)} /></span>'
    )
    # In short answers the field stands inside the label, in numerical ones behind it.
    label = f'<label for="{name}">Answer: {view.label}'
    both = f"{label}{field}</label>" if view.question.qtype == "shortanswer" else f"{label}</label>{field}"
    return (
        f'<div class="qtext">{view.question_text}</div>'
        f'<div class="ablock d-flex flex-wrap align-items-center">{both}</div>'
    )


def _match(view: View) -> str:
    slot = view.slot
    rows = []
    for place, answer_place in enumerate(slot.order):
        name = f"{view.prefix}sub{place}"
        chosen = slot.response.get(f"sub{place}", "0")
        options = "".join(
            f'<option value="{number}"{view.flag("selected", chosen == str(number))}>'
            f"{shown_name(view.call, text)}</option>"
            for number, text in enumerate(slot.choices, start=1)
        )
        rows.append(
            f'<tr class="r{place % 2}"><td class="text" id="{name}_itemtext">'
            f'{view.text(view.question.answers[answer_place].text)}</td><td class="control">'
            f'<label class="accesshide" for="menu{name}">Answer {place + 1}</label>'
            f'<select class="select custom-select ms-1" id="menu{name}" name="{name}"{view.disabled}>'
            f'<option value="0"{view.flag("selected", chosen == "0")}>Choose...</option>{options}</select></td></tr>'
        )
    return (
        f'<div class="qtext" id="{view.prefix}qtext">{view.question_text}</div>'
        f'<div class="ablock"><table class="answer"><tbody>{"".join(rows)}</tbody></table></div>'
    )


_BODIES: Final = {
    "multichoice": _multichoice,
    "truefalse": _truefalse,
    "shortanswer": _text_field,
    "numerical": _text_field,
    "match": _match,
}
