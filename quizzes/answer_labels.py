"""What a question offers, in one language: its options with their scores, so that results can be put into words. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from authoring.languages import LocalizedText
from quizzes.gap_texts import placeholders
from quizzes.questions import (
    Blank,
    Cloze,
    Description,
    DragImage,
    DragMarkers,
    Essay,
    Gaps,
    Matching,
    MultipleChoice,
    NumberAnswer,
    Numerical,
    Option,
    Ordering,
    Question,
    Raw,
    ShortAnswer,
    ShortText,
    SingleChoice,
    TrueFalse,
)
from quizzes.quiz import Quiz
from quizzes.xml_out.choices import option_scores, scores_of
from quizzes.xml_out.gap_questions import numbers_of

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
    language: str = ""


def labels_of(quiz: Quiz, language: str, whole: Quiz | None = None) -> dict[str, QuestionLabels]:
    """The questions of a quiz by their idnumbers, in a language; `whole` is the file's, where it makes two quizzes."""
    found = {}
    places = {question.id: index for index, question in enumerate((whole or quiz).questions)}
    for question in quiz.questions:
        index = places[question.id]
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
            question.difficulty,
            language,
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

    Of a single choice the mean score of its options, of a matching question one by the number of its different choices, of
    gaps the mean of one by the number of words of their group; None for several right options, where Moodle does not
    try, for words that can be dragged without end, for markers, and for what only Moodle knows.
    """
    match question:
        case SingleChoice():
            return _guess_option(option_scores(question))
        case MultipleChoice() | DragMarkers() | Description() | Raw():
            return None
        case TrueFalse():
            return 0.5
        case Matching():
            choices = {_plain(pair.right) for pair in question.pairs} | {
                _plain(one) for one in question.extra
            }
            return 1 / len(choices) if choices else None
        case ShortText():
            return _guess_wording(question.answers)
        case Numerical():
            penalty = Fraction(1, 10) if question.unit_penalty is None else question.unit_penalty
            return _guess_number(question.accepted, penalty)
        case Gaps():
            words = {(_plain(one.text), one.group) for one in (*question.gaps.values(), *question.extra)}
            places = [question.gaps[name].group for name in gap_names(question)]
            return _guess_places(places, [group for _, group in words])
        case DragImage():
            if any(item.unlimited for item in question.items.values()):
                return None
            groups = [item.group for item in question.items.values()]
            return _guess_places([question.items[place.item].group for place in question.places], groups)
        case Cloze():
            weights = sum(blank.points for blank in question.blanks.values())
            return sum(map(_guess_blank, question.blanks.values())) / weights if weights else None
        case Ordering() | Essay():
            return 0.0


def gap_names(question: Gaps, language: str = "en") -> list[str]:
    """The names of the gaps in the order of the text, as often as they stand there; every language has the same."""
    return [name for name in placeholders(question.text.in_language(language)) if name in question.gaps]


def _guess_option(scores: Sequence[Fraction]) -> float | None:
    """Moodle stores scores with seven decimals, and takes the mean of what it has stored."""
    return sum(stored_fraction(one) for one in scores) / len(scores) if scores else None


def _guess_wording(answers: Sequence[ShortAnswer]) -> float:
    catch_all = [answer.score for answer in answers if "*" in _every_wording(answer.text)]
    return float(catch_all[0]) if catch_all else 0.0


def _guess_number(answers: Sequence[NumberAnswer], penalty: Fraction) -> float:
    every = [answer.score for answer in answers if answer.answer == "any"]
    return float(max(every[0] - penalty, Fraction(0))) if every else 0.0


def _guess_places(places: Sequence[int], groups: Sequence[int]) -> float | None:
    return sum(1 / groups.count(group) for group in places) / len(places) if places else None


def _guess_blank(blank: Blank) -> float:
    """Of one blank. Moodle adds them without their weights, and then divides by the sum of the weights."""
    if blank.options:
        options: tuple[Option, ...] = blank.options
        return 0.0 if blank.several else _guess_option(scores_of(options, several=False)) or 0.0
    if blank.answers:
        return _guess_wording(blank.answers)
    return _guess_number(numbers_of(blank), Fraction(1, 10))


def _plain(text: LocalizedText) -> tuple[str, ...]:
    return _every_wording(text)


def stored_fraction(score: Fraction) -> float:
    """A score as Moodle's database holds it: seven decimals."""
    return round(float(score), 7)
