"""Reads GIFT: what Moodle's importer reads, and a clear word with line and column where it would take nonsense.

Single and multiple choice, true/false, short answer, numerical, matching, essay, description. Percentages, feedback for
each answer, general feedback, names, `[id:…]`, `[tag:…]`, `$CATEGORY:` and the four text formats are taken over. The rules
are those of question/format/gift/format.php; where it guesses (a second answer section, a percentage that is none), this
refuses.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from authoring.problems import ContentError, Place, Problem, in_reading_order
from authoring.read_yaml import Pointer
from authoring.to_markdown import to_markdown
from quizzes.foreign_file import ForeignQuestion, ForeignQuiz, questions_with_ids, refuse_many, written_number
from quizzes.gift_text import Block, Piece, blocks
from quizzes.scores import as_authors_write, equal_split, legal_score, nearest_scores

_WEIGHT = re.compile(r"%(-?[^%\n]{0,20})%")
_FORMATS = ("html", "moodle", "plain", "markdown")
_TAGS = re.compile(r"</?[A-Za-z][^<>]*>")
_TRUE, _FALSE = ("T", "TRUE"), ("F", "FALSE")
_MARKDOWN_SIGNS = re.compile(r"([\\`*_\[\]<>|$])|(?m:^(\s*)([#+-]|\d+[.)])(?=\s))")


def read_gift(text: str, file: str, *, language: str) -> ForeignQuiz:
    """The questions of a GIFT file, its texts in `language`; raises ContentError with every problem found."""
    reader = _Reader(file, language)
    names = []
    for block in blocks(text, file):
        if block.text.signs.startswith("$CATEGORY:"):
            reader.category = block.text[10:].value()
            continue
        found = reader.question(block)
        if found is not None:
            reader.questions.append(found[0])
            names.append(found[1])
        refuse_many(len(reader.questions), file)
    if not reader.questions and not reader.problems:
        reader.problems.append(Problem("gift.empty", {}, Place(file)))
    if any(one.severity == "error" for one in reader.problems):
        raise ContentError(in_reading_order(reader.problems))
    questions_with_ids(reader.questions, names)
    return ForeignQuiz({}, tuple(reader.questions), file, tuple(reader.problems))


class _Reader:
    def __init__(self, file: str, language: str) -> None:
        self.file = file
        self.language = language
        self.category = ""
        self.questions: list[ForeignQuestion] = []
        self.problems: list[Problem] = []

    def problem(self, code: str, place: Place, **params: object) -> None:
        self.problems.append(Problem(f"gift.{code}", params, place))

    def question(self, block: Block) -> tuple[ForeignQuestion, str] | None:
        """The question of a block and what its id may be made of; None where it is broken."""
        text, name = self._named(block.text)
        if text is None:
            return None
        parts = self._answer_section(text)
        if parts is None:
            return None
        before, answers, after = parts
        asked = self._asked(before, after, answers)
        question = ForeignQuestion({}, block.first)
        feedback = None
        if answers is not None and (at := answers.signs.rfind("####")) >= 0:
            feedback, answers = answers[at + 4 :], answers[:at]
        # A format named before the question holds for its answers, too.
        own_format = self._format(text)
        body = self._body(answers, question, own_format, text)
        if body is None:
            return None
        data: dict[str, Any] = {"type": body.pop("type")}
        if name:
            data["name"] = name
        if block.tags:
            data["tags"] = list(block.tags)
        data["text"] = self._said(asked, own_format, question, ("text",))
        data |= body
        if feedback is not None and feedback.value():
            general = self._text(feedback, own_format, question, ("feedback", "general"))
            data["feedback"] = {"general": general}
        question.data = data
        return question, block.idnumber.rpartition(":")[2] or name or asked.value()

    def _named(self, text: Piece) -> tuple[Piece | None, str]:
        if not text.signs.startswith("::"):
            return text, ""
        end = text.find("::", 2)
        if end < 0:
            self.problem("name-open", text.place())
            return None, ""
        return text[end + 2 :].strip(), " ".join(text[2:end].value().split())

    def _answer_section(self, text: Piece) -> tuple[Piece, Piece | None, Piece] | None:
        """What stands before the braces, within and behind them; None within for a description."""
        start, end = text.find("{"), text.find("}")
        if start < 0 and end < 0:
            return text, None, text[len(text) :]
        if start < 0 or 0 <= end < start:
            self.problem("brace-not-opened", text.place(end))
            return None
        if end < 0:
            self.problem("brace-not-closed", text.place(start))
            return None
        inner = text.find("{", start + 1)
        if 0 <= inner < end:
            self.problem("brace-twice", text.place(inner))
            return None
        more = [at for at in (text.find("{", end + 1), text.find("}", end + 1)) if at >= 0]
        if more:
            self.problem("second-answers", text.place(min(more)))
            return None
        return text[:start], text[start + 1 : end], text[end + 1 :]

    def _asked(self, before: Piece, after: Piece, answers: Piece | None) -> Piece:
        if answers is None or not after.value():
            return before
        blank = Piece("\x00" * 5, list("_____"), [before.at[-1] if before.at else after.at[0]] * 5, self.file)
        real = [*before.real, *blank.real, *after.real]
        return Piece(
            before.signs + blank.signs + after.signs, real, [*before.at, *blank.at, *after.at], self.file
        )

    # --- the types ---------------------------------------------------------------------------------------

    def _body(
        self, answers: Piece | None, question: ForeignQuestion, form: str, whole: Piece
    ) -> dict[str, Any] | None:
        if answers is None:
            return {"type": "description"}
        answers = answers.strip()
        if not len(answers):
            return {"type": "essay"}
        if answers.signs.startswith("#"):
            return self._numerical(answers, question, form)
        if "~" in answers.signs:
            return self._choice(answers, question, form)
        if "=" in answers.signs and "->" in answers.signs:
            return self._matching(answers, question, form)
        word = answers.split("#", 1)[0].value()
        if word in _TRUE + _FALSE:
            return self._true_false(answers, word in _TRUE, question, form)
        return self._short(answers, question, form)

    def _true_false(
        self, answers: Piece, right: bool, question: ForeignQuestion, form: str
    ) -> dict[str, Any]:
        data: dict[str, Any] = {"type": "truefalse", "answer": right}
        _, *said = answers.split("#", 2)
        # Moodle puts the feedback for the wrong answer first.
        for key, piece in zip(("wrong", "right"), said, strict=False):
            if piece.value():
                name = "feedback_true" if (key == "right") == right else "feedback_false"
                data[name] = self._text(piece, form, question, (name,))
        return data

    def _choice(self, answers: Piece, question: ForeignQuestion, form: str) -> dict[str, Any] | None:
        single = "=" in answers.signs
        rows: list[dict[str, Any]] = []
        scores: list[Fraction | None] = []
        for sign, piece in self._marked(answers):
            # Behind "=" Moodle takes a percentage for text: the answer is right anyway.
            weight, rest = (None, piece) if sign == "=" else self._weight(piece)
            place: Pointer = ("options", len(rows))
            question.places[place] = piece.place()
            option = self._with_feedback(rest, form, question, place)
            rows.append(option)
            scores.append(Fraction(1) if sign == "=" else weight)
        if len(rows) < 2:
            self.problem("few-options", answers.place())
            return None
        positive = [score for score in scores if score is not None and score > 0]
        share = equal_split(len(positive)) if positive else None
        equal = not single and share is not None and all(self._is(score, share) for score in positive)
        for row, score in zip(rows, scores, strict=True):
            if score is None or score == 0:
                continue
            if single and score == 1:
                row["correct"] = True
            elif not single and score > 0:
                row["correct"] = True
                if not equal:
                    row["score"] = self._score(score)
            else:
                row["score"] = self._score(score)
        return {"type": "single" if single else "multiple", "options": rows}

    @staticmethod
    def _is(score: Fraction, share: Fraction) -> bool:
        return legal_score(score) == share

    def _short(self, answers: Piece, question: ForeignQuestion, form: str) -> dict[str, Any] | None:
        rows: list[dict[str, Any]] = []
        for _, piece in self._marked(answers):
            weight, rest = self._weight(piece)
            place: Pointer = ("answers", len(rows))
            question.places[place] = piece.place()
            row = self._with_feedback(rest, form, question, place, plain=True)
            if weight is not None:
                row["score"] = self._score(weight)
            rows.append(row)
        return {"type": "short", "answers": rows}

    def _matching(self, answers: Piece, question: ForeignQuestion, form: str) -> dict[str, Any] | None:
        pairs: list[dict[str, Any]] = []
        extra = []
        good = True
        for _, piece in self._marked(answers):
            arrow = piece.find("->")
            if arrow < 0:
                self.problem("no-arrow", piece.place())
                good = False
                continue
            left, right = piece[:arrow], piece[arrow + 2 :]
            choice = {self.language: right.value()}
            if not left.value():
                extra.append(choice)
                continue
            place: Pointer = ("pairs", len(pairs))
            question.places[place] = piece.place()
            pairs.append({"left": self._text(left, form, question, (*place, "left")), "right": choice})
        if not good:
            return None
        return {"type": "matching", "pairs": pairs, **({"extra": extra} if extra else {})}

    def _numerical(self, answers: Piece, question: ForeignQuestion, form: str) -> dict[str, Any] | None:
        begin = answers.place()
        answers = answers[1:]
        wrong = answers.find("~")
        other = None if wrong < 0 else answers[wrong + 1 :]
        rows: list[dict[str, Any]] = []
        good = True
        for _, piece in self._marked(answers if wrong < 0 else answers[:wrong]):
            weight, rest = self._weight(piece)
            said, *feedback = rest.split("#", 1)
            number = self._number(said)
            if number is None:
                good = False
                continue
            row: dict[str, Any] = {"answer": number[0]}
            if number[1]:
                row["tolerance"] = number[1]
            if weight is not None:
                row["score"] = self._score(weight)
            place: Pointer = ("answers", len(rows))
            question.places[place] = piece.place()
            if feedback and feedback[0].value():
                row["feedback"] = self._text(feedback[0], form, question, (*place, "feedback"))
            rows.append(row)
        if not rows and good:
            self.problem("no-number", begin)
            return None
        if other is not None and (parts := other.split("#", 1))[1:] and parts[1].value():
            told = self._text(parts[1], form, question, ("answers", len(rows), "feedback"))
            rows.append({"answer": "any", "score": "0%", "feedback": told})
        return {"type": "numerical", "answers": rows} if good else None

    def _number(self, said: Piece) -> tuple[int | float | str, int | float | str] | None:
        """The number and its tolerance: `a`, `a:t` or `low..high`."""
        text = said.value()
        try:
            if ".." in text:
                low, high = (Decimal(one.strip()) for one in text.split("..", 1))
                middle = (low + high) / 2
                return _plain(middle), _plain(high - middle)
            answer, _, tolerance = text.partition(":")
            number: int | float | str = "any" if answer.strip() == "*" else _plain(Decimal(answer.strip()))
            return number, _plain(Decimal(tolerance.strip() or "0"))
        except (InvalidOperation, ValueError):
            self.problem("not-a-number", said.strip().place(), text=text[:40])
            return None

    # --- the parts ---------------------------------------------------------------------------------------

    def _marked(self, answers: Piece) -> list[tuple[str, Piece]]:
        """The answers with the sign before each; what stands before the first sign is one, too."""
        starts = [number for number, sign in enumerate(answers.signs) if sign in "~="]
        found: list[tuple[str, Piece]] = []
        first = answers[: starts[0]] if starts else answers
        if first.value():
            found.append(("", first.strip()))
        for start, end in zip(starts, [*starts[1:], len(answers)], strict=False):
            found.append((answers.signs[start], answers[start + 1 : end].strip()))
        return found

    def _weight(self, piece: Piece) -> tuple[Fraction | None, Piece]:
        """The percentage before an answer as a share of one; None where there is none."""
        if not piece.signs.startswith("%"):
            return None, piece
        match = _WEIGHT.match(piece.signs)
        if match is None:
            self.problem("percent-open", piece.place())
            return None, piece
        try:
            weight = Fraction(Decimal(match[1])) / 100
        except InvalidOperation:
            self.problem("percent", piece.place(), text=match[1])
            return None, piece[match.end() :]
        if legal_score(weight) is None:
            nearest = ", ".join(as_authors_write(one) for one in nearest_scores(weight))
            self.problem("percent-unknown", piece.place(), text=match[1], nearest=nearest)
            return None, piece[match.end() :]
        return legal_score(weight), piece[match.end() :]

    @staticmethod
    def _score(score: Fraction) -> str:
        return as_authors_write(score)

    def _with_feedback(
        self, piece: Piece, form: str, question: ForeignQuestion, place: Pointer, *, plain: bool = False
    ) -> dict[str, Any]:
        said, *feedback = piece.split("#", 1)
        text: Any = (
            {self.language: said.value()} if plain else self._text(said, form, question, (*place, "text"))
        )
        row: dict[str, Any] = {"text": text}
        if feedback and feedback[0].value():
            row["feedback"] = self._text(feedback[0], form, question, (*place, "feedback"))
        return row

    def _text(self, piece: Piece, form: str, question: ForeignQuestion, pointer: Pointer) -> dict[str, str]:
        return self._said(piece.strip(), self._format(piece, form), question, pointer)

    def _format(self, piece: Piece, default: str = "moodle") -> str:
        match = re.match(r"\[(\w+)\]", piece.strip().signs)
        return match[1] if match and match[1] in _FORMATS else default

    def _said(self, piece: Piece, form: str, question: ForeignQuestion, pointer: Pointer) -> dict[str, str]:
        """A text as Markdown, by language; named where something of it cannot be said in Markdown."""
        piece = piece.strip()
        question.places[pointer] = piece.place()
        text = piece.value()
        if (match := re.match(r"\[(\w+)\]", piece.signs)) and match[1] in _FORMATS:
            text = piece[match.end() :].value()
        return {self.language: self._markdown(text, form, piece.place())}

    def _markdown(self, text: str, form: str, place: Place) -> str:
        if form == "markdown":
            return text
        if form in ("html", "moodle") and _TAGS.search(text):
            converted = to_markdown(text)
            if converted is not None:
                return converted
            self.problems.append(Problem("gift.html", {"tags": ", ".join(_names(text))}, place, "warning"))
            text = _TAGS.sub("", text)
        return _as_it_stands(text)


def _names(text: str) -> list[str]:
    return sorted({f"<{name.lower()}>" for name in re.findall(r"</?([A-Za-z][A-Za-z0-9]*)", text)})[:6]


def _as_it_stands(text: str) -> str:
    """Plain text as Markdown that says exactly this."""

    def escaped(match: re.Match[str]) -> str:
        return (
            f"\\{match[1]}"
            if match[1]
            else f"{match[2]}\\{match[3]}"
            if not match[3][0].isdigit()
            else (f"{match[2]}{match[3][:-1]}\\{match[3][-1]}")
        )

    return _MARKDOWN_SIGNS.sub(escaped, text)


def _plain(number: Decimal) -> int | float | str:
    if not number.is_finite():
        raise ValueError("not finite")
    return written_number(number)
