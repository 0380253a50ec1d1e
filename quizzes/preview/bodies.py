"""What each type of question asks, shows and counts as right, for the preview and the print-out."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from html import escape
from typing import Any

from quizzes.answer_labels import gap_names
from quizzes.gap_texts import PLACEHOLDER, placeholders
from quizzes.preview.shown import DECIMAL_COMMA, Body, ShownOption, Speaker
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
from quizzes.xml_out.choices import option_scores, scores_of
from quizzes.xml_out.gap_questions import numbers_of
from quizzes.xml_out.images import shape_of
from quizzes.xml_out.typed import number_text, wordings


def body_of(question: Question, speaker: Speaker) -> Body:
    """What a question asks."""
    match question:
        case SingleChoice() | MultipleChoice():
            return _choice(question, speaker)
        case TrueFalse():
            return _true_false(question, speaker)
        case ShortText():
            return _short(question, speaker)
        case Numerical():
            return _numerical(question, speaker)
        case Matching():
            return _matching(question, speaker)
        case Ordering():
            return _ordering(question, speaker)
        case Gaps():
            return _gaps(question, speaker)
        case Cloze():
            return _cloze(question, speaker)
        case DragImage():
            return _drag_image(question, speaker)
        case DragMarkers():
            return _markers(question, speaker)
        case Essay():
            return Body("essay")
        case Description():
            return Body("none")
        case Raw():
            return Body("unmarked")


def percent(score: float) -> str:
    """A score behind an answer, where it is not the whole mark."""
    return "" if score == 1 else f"({100 * score:.5g} %)"


def _stored(scores: Sequence[Fraction]) -> list[float]:
    return [round(float(score), 7) for score in scores]  # as Moodle's database holds them


def _choice(question: SingleChoice | MultipleChoice, speaker: Speaker) -> Body:
    scores = _stored(option_scores(question))
    both = list(zip(question.options, scores, strict=True))
    options = tuple(
        ShownOption(speaker.html(option.text), speaker.html(option.feedback), score > 0, score)
        for option, score in both
    )
    key = tuple(
        f"{speaker.say(option.text)} {'' if option.score is None else percent(score)}".strip()
        for option, score in both
        if score > 0
    )
    control = "radio" if question.type == "single" else "checkbox"
    rules = {"type": question.type, "options": [{"score": score} for score in scores]}
    return Body(control, options, (), rules, key)


def _true_false(question: TrueFalse, speaker: Speaker) -> Body:
    words = ("true", "false")
    rights = (question.answer, not question.answer)
    told = (speaker.html(question.feedback_true), speaker.html(question.feedback_false))
    options = tuple(
        ShownOption(word, text, right, float(right))
        for word, text, right in zip(words, told, rights, strict=True)
    )
    rules = {"type": "truefalse", "options": [{"score": float(right)} for right in rights]}
    return Body("truefalse", options, (), rules, (words[0 if question.answer else 1],))


def _short(question: ShortText, speaker: Speaker) -> Body:
    united = wordings(question.answers, speaker.quiz.languages.offered)
    told = tuple(ShownOption("", speaker.html(question.answers[index].feedback)) for _, index in united)
    rules = {
        "type": "short",
        **_short_rules(question.answers, speaker, case_sensitive=question.case_sensitive),
    }
    return Body("text", told, (), rules, _short_key(question.answers, speaker))


def _short_rules(answers: Sequence[ShortAnswer], speaker: Speaker, *, case_sensitive: bool) -> dict[str, Any]:
    united = wordings(answers, speaker.quiz.languages.offered)
    patterns = [{"pattern": one, "score": round(float(answers[index].score), 7)} for one, index in united]
    return {"answers": patterns, "caseSensitive": case_sensitive}


def _short_key(answers: Sequence[ShortAnswer], speaker: Speaker) -> tuple[str, ...]:
    united = wordings(answers, speaker.quiz.languages.offered)
    return tuple(
        f"{one} {percent(float(answers[index].score))}".strip()
        for one, index in united
        if answers[index].score > 0
    )


def _numerical(question: Numerical, speaker: Speaker) -> Body:
    told = tuple(ShownOption("", speaker.html(one.feedback)) for one in question.accepted)
    rules = {"type": "numerical", **_number_rules(question.accepted, speaker)}
    if question.units:
        rules["units"] = [{"name": name, "factor": float(value)} for name, value in question.units.items()]
        rules["unitLeft"] = question.unit_left
        if question.unit_penalty is not None:
            rules["unitPenalty"] = float(question.unit_penalty)
            rules["unitPenaltyOf"] = question.unit_penalty_of
    chosen = question.unit_input in ("choice", "list")
    key = _number_key(question.accepted, next(iter(question.units), ""))
    return Body("number", told, tuple(question.units) if chosen else (), rules, key)


def _number_rules(answers: Sequence[NumberAnswer], speaker: Speaker) -> dict[str, Any]:
    values = [
        {
            "value": None if one.answer == "any" else float(one.answer),
            "tolerance": float(one.tolerance),
            "score": round(float(one.score), 7),
        }
        for one in answers
    ]
    return {"answers": values, "point": "," if speaker.language in DECIMAL_COMMA else "."}


def _number_key(answers: Sequence[NumberAnswer], unit: str = "") -> tuple[str, ...]:
    return tuple(
        " ".join(
            part
            for part in (
                number_text(one.answer),
                f"± {number_text(one.tolerance)}" if one.tolerance else "",
                unit,
                percent(float(one.score)),
            )
            if part
        )
        for one in answers
        if one.score > 0
    )


def _matching(question: Matching, speaker: Speaker) -> Body:
    rights = [speaker.plain(pair.right) for pair in question.pairs]
    choices = [*rights, *(speaker.plain(text) for text in question.extra)]
    stems = tuple(ShownOption(speaker.html(pair.left)) for pair in question.pairs)
    rules = {
        "type": "matching",
        "choices": choices,
        "stems": [{"right": place} for place in range(len(stems))],
    }
    key = tuple(
        f"{speaker.say(pair.left)} → {right}" for pair, right in zip(question.pairs, rights, strict=True)
    )
    return Body("menus", stems, tuple(dict.fromkeys(choices)), rules, key)


def _ordering(question: Ordering, speaker: Speaker) -> Body:
    items = tuple(ShownOption(speaker.html(item)) for item in question.items)
    key = tuple(f"{number}. {speaker.say(item)}" for number, item in enumerate(question.items, 1))
    rules: dict[str, Any] = {"type": "ordering", "grading": question.grading}
    if question.show_items is not None and question.show_items < len(items):
        rules |= {"show": question.show_items, "together": question.take == "together"}
    return Body("order", items, (), rules, key)


def _gaps(question: Gaps, speaker: Speaker) -> Body:
    words = list(
        dict.fromkeys(
            (speaker.plain(one.text), one.group) for one in (*question.gaps.values(), *question.extra)
        )
    )
    # A name that stands there twice is two gaps.
    there = [question.gaps[name] for name in gap_names(question, speaker.language)]
    menus = [
        _menu(place, [(number, said) for number, (said, group) in enumerate(words) if group == one.group])
        for place, one in enumerate(there)
    ]
    rights = [words.index((speaker.plain(one.text), one.group)) for one in there]
    key = tuple(speaker.plain(one.text) for one in there)
    rules = {"type": "gaps", "gaps": rights}
    html = _with_fields(question, speaker, menus)
    return Body("fields", (), tuple(said for said, _ in words), rules, key, html)


def _with_fields(question: Gaps | Cloze, speaker: Speaker, fields: Sequence[str]) -> str:
    """The text with its fields in their order; on paper with the numbers of the key."""
    html = speaker.html(question.text, paragraph=True)
    shown = iter(fields if speaker.inside else [f"[{number}]" for number in range(1, len(fields) + 1)])
    known = question.gaps if isinstance(question, Gaps) else question.blanks
    return PLACEHOLDER.sub(lambda name: next(shown) if name[1] in known else name[0], html)


def _menu(place: int, choices: Sequence[tuple[int, str]]) -> str:
    options = "".join(f'<option value="{number}">{escape(said)}</option>' for number, said in choices)
    return (
        f'<select data-field="{place}" aria-label="{place + 1}"><option value=""></option>{options}</select>'
    )


def _cloze(question: Cloze, speaker: Speaker) -> Body:
    names = [
        name for name in placeholders(question.text.in_language(speaker.language)) if name in question.blanks
    ]
    parts = [_blank(place, question.blanks[name], speaker) for place, name in enumerate(names)]
    key = tuple(f"[{place}] {' / '.join(said)}" for place, (_, _, said) in enumerate(parts, 1))
    rules = {"type": "cloze", "blanks": [rule for _, rule, _ in parts]}
    return Body(
        "fields", (), (), rules, key, _with_fields(question, speaker, [field for field, _, _ in parts])
    )


def _blank(place: int, blank: Blank, speaker: Speaker) -> tuple[str, dict[str, Any], tuple[str, ...]]:
    """A blank's field, its rules, and what is right in it."""
    weight = {"weight": blank.points}
    entry = f'<input type="text" data-field="{place}" aria-label="{place + 1}" size="10" autocomplete="off">'
    if blank.options:
        options: tuple[Option, ...] = blank.options
        scores = _stored(scores_of(options, several=blank.several))
        said = [speaker.say(option.text) for option in options]
        rule = {
            "kind": "several" if blank.several else "single",
            "options": [{"score": score} for score in scores],
        }
        key = tuple(
            f"{text} {'' if option.score is None else percent(score)}".strip()
            for text, score, option in zip(said, scores, options, strict=True)
            if score > 0
        )
        if not blank.several:
            return _menu(place, list(enumerate(said))), {**rule, **weight}, key
        boxes = "".join(
            f'<label><input type="checkbox" data-field="{place}" value="{number}"> {escape(text)}</label> '
            for number, text in enumerate(said)
        )
        return (
            f'<span class="boxes" role="group" aria-label="{place + 1}">{boxes}</span>',
            {**rule, **weight},
            key,
        )
    if blank.answers:
        rule = {"kind": "text", **_short_rules(blank.answers, speaker, case_sensitive=blank.case_sensitive)}
        return entry, {**rule, **weight}, _short_key(blank.answers, speaker)
    numbers = numbers_of(blank)
    return entry, {"kind": "number", **_number_rules(numbers, speaker), **weight}, _number_key(numbers)


def _drag_image(question: DragImage, speaker: Speaker) -> Body:
    names = list(question.items)
    labels = [
        speaker.plain(place.label) if place.label else f"{place.x} × {place.y}" for place in question.places
    ]
    said = [speaker.plain(item.text) for item in question.items.values()]
    menus = tuple(
        ShownOption(
            f"{escape(label)} "
            + _menu(
                number,
                [(at, said[at]) for at, name in enumerate(names) if _same_group(question, name, place.item)],
            )
        )
        for number, (label, place) in enumerate(zip(labels, question.places, strict=True))
    )
    rules = {"type": "dragimage", "gaps": [names.index(place.item) for place in question.places]}
    key = tuple(
        f"{label} → {said[names.index(place.item)]}"
        for label, place in zip(labels, question.places, strict=True)
    )
    return Body("places", menus, tuple(said), rules, key, image=speaker.file(question.image))


def _markers(question: DragMarkers, speaker: Speaker) -> Body:
    """Each marker as often as it can be placed; an unlimited one as often as there are zones, and once more."""
    names = list(question.markers)
    copies = [
        (number, speaker.plain(marker.text))
        for number, marker in enumerate(question.markers.values())
        for _ in range(marker.times or len(question.zones) + 1)
    ]
    zones = []
    for zone in question.zones:
        shape, coordinates = shape_of(zone)
        corners = [[int(one) for one in part.split(",")] for part in coordinates.split(";")]
        zones.append({"marker": names.index(zone.marker), "shape": shape, "at": corners})
    key = tuple(
        f"{speaker.plain(question.markers[zone.marker].text)} → {shape_of(zone)[1]}"
        for zone in question.zones
    )
    return Body(
        "markers",
        tuple(ShownOption(escape(said)) for _, said in copies),
        tuple(str(number) for number, _ in copies),
        {"type": "dragmarkers", "markers": len(names), "zones": zones},
        key,
        image=speaker.file(question.image),
    )


def _same_group(question: DragImage, one: str, other: str) -> bool:
    return question.items[one].group == question.items[other].group
