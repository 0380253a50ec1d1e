"""What a question offers, in one language: its options with their scores, so that results can be put into words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from authoring.languages import LocalizedText
from quizzes.moodle_xml import option_scores
from quizzes.quiz import (
    Matching,
    MultipleChoice,
    Numerical,
    Question,
    Quiz,
    ShortText,
    SingleChoice,
    TrueFalse,
)

_LONGEST = 160


@dataclass(frozen=True)
class Label:
    """One option at its place: what it says, its score (1 for all of the mark), and whether it is right."""

    text: str
    score: float
    right: bool


@dataclass(frozen=True)
class QuestionLabels:
    """One question as results name it.

    `options` in the order in which Moodle holds them; of a matching question they are its choices, and `stems` its
    statements, each with the place of its right choice. `accepted`: short entries that earn marks, with their score.
    `guess` is the share of the mark that blind guessing earns (None: cannot be said), `index` its place in the file.
    """

    key: str
    id: str
    type: str
    text: str
    index: int
    guess: float | None
    options: tuple[Label, ...] = ()
    stems: tuple[tuple[str, int], ...] = ()
    accepted: Mapping[str, float] | None = None
    difficulty: str | None = None


def labels_of(quiz: Quiz, language: str) -> dict[str, QuestionLabels]:
    """The questions of a quiz by their idnumbers, in a language."""
    found = {}
    for index, question in enumerate(quiz.questions):
        key = quiz.key_of(question.id)
        say = _Say(language, quiz.languages.default)
        options, stems, accepted = _offered(question, say)
        found[key] = QuestionLabels(
            key,
            question.id,
            question.type,
            say(question.text),
            index,
            guess_score(question),
            options,
            stems,
            accepted,
            getattr(question, "difficulty", None),
        )
    return found


@dataclass(frozen=True)
class _Say:
    language: str
    default: str

    def __call__(self, text: LocalizedText) -> str:
        words = " ".join(text.in_language(self.language, self.default).split())
        return words if len(words) <= _LONGEST else words[: _LONGEST - 1].rstrip() + "…"


def _offered(
    question: Question, say: _Say
) -> tuple[tuple[Label, ...], tuple[tuple[str, int], ...], Mapping[str, float] | None]:
    match question:
        case SingleChoice() | MultipleChoice():
            scores = option_scores(question)
            return (
                tuple(
                    Label(say(option.text), float(score), score > 0)
                    for option, score in zip(question.options, scores, strict=True)
                ),
                (),
                None,
            )
        case TrueFalse():
            words = (("true", question.answer), ("false", not question.answer))
            return tuple(Label(word, float(right), right) for word, right in words), (), None
        case Matching():
            rights = [say(pair.right) for pair in question.pairs]
            choices = [*rights, *(say(choice) for choice in question.extra)]
            share = 1 / len(question.pairs) if question.pairs else 0.0
            return (
                tuple(Label(choice, share, place < len(rights)) for place, choice in enumerate(choices)),
                tuple(
                    (say(pair.left), rights.index(right))
                    for pair, right in zip(question.pairs, rights, strict=True)
                ),
                None,
            )
        case ShortText():
            wordings = {
                text: float(answer.score)
                for answer in question.answers
                for text in _every_wording(answer.text)
            }
            return (), (), wordings
        case Numerical():
            return (), (), {str(answer.answer): float(answer.score) for answer in question.accepted}
    return (), (), None


def _every_wording(text: LocalizedText) -> tuple[str, ...]:
    return (text.root,) if isinstance(text.root, str) else tuple(text.root.values())


def guess_score(question: Question) -> float | None:
    """The share of the mark that blind guessing earns, by each type's get_random_guess_score() in Moodle 4.5.

    Of a single choice the mean score of its options, of a matching question one by the number of its different
    choices; None for several right options, where Moodle does not try, and for types of which this does not know.
    """
    match question:
        case SingleChoice():
            # Moodle stores scores with seven decimals, and takes the mean of what it has stored.
            scores = [round(float(score), 7) for score in option_scores(question)]
            return sum(scores) / len(scores) if scores else None
        case MultipleChoice():
            return None
        case TrueFalse():
            return 0.5
        case Matching():
            choices = {_plain(pair.right) for pair in question.pairs} | {
                _plain(one) for one in question.extra
            }
            return 1 / len(choices) if choices else None
        case ShortText():
            catch_all = [answer.score for answer in question.answers if "*" in _every_wording(answer.text)]
            return float(catch_all[0]) if catch_all else 0.0
        case Numerical():
            return 0.0
    return None


def _plain(text: LocalizedText) -> tuple[str, ...]:
    return _every_wording(text)


def stored_fraction(score: Fraction) -> float:
    """A score as Moodle's database holds it: seven decimals."""
    return round(float(score), 7)
