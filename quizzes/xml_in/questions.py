"""Questions of Moodle XML as the data of a quiz file. What is a default there is left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, get_args
from xml.etree.ElementTree import Element

from quizzes.numbers import plain
from quizzes.scores import as_authors_write, equal_split, legal_score
from quizzes.values import ONE_THIRD, Difficulty
from quizzes.xml_in.cloze_code import Alternative, BlankCode, blanks
from quizzes.xml_in.elements import (
    Kept,
    files_in,
    has,
    html_in,
    is_true,
    number_in,
    share_in,
    tags_in,
    text_in,
)
from quizzes.xml_in.meaning import type_of
from quizzes.xml_in.texts import Texts
from quizzes.xml_out.pairs import GRADINGS
from quizzes.xml_out.typed import UNIT_INPUTS
from quizzes.xml_out.ungraded import EDITORS

Data = dict[str, Any]

_OF_A_RANGE = re.compile(r"difficulty:[a-z]+\.\.[a-z]+")
_KEYS_OF_TAGS = ("objective", "difficulty", "category")


def question_data(element: Element, question_id: str, texts: Texts) -> Data:
    """A question as its author would have written it. Raises Kept where that is not possible."""
    kind = type_of(element)
    reader = _READERS.get(kind)
    if reader is None:
        raise Kept("type")
    data: Data = {"id": question_id}
    own = reader(element, texts)
    data["type"] = own.pop("type")
    _head(data, element, question_id, kind)
    data["text"] = own.pop("text", None) or texts.html(element.find("questiontext"))
    if data["text"] is None:
        raise Kept("no-text")
    data |= own
    if feedback := _feedback(element, texts, kind):
        data["feedback"] = feedback
    if hints := _hints(element, texts, kind):
        data["hints"] = hints
    return data


def head_data(element: Element, question_id: str) -> Data:
    """What also a question has that is kept as XML: name, tags and points."""
    data: Data = {}
    _head(data, element, question_id, "raw")
    return data


def _head(data: Data, element: Element, question_id: str, kind: str) -> None:
    name = text_in(element.find("name"))
    if name != question_id:
        if not name or " ".join(name.split()) != name:
            raise Kept("name")
        data["name"] = name
    _tags(data, tags_in(element))
    if kind in ("multianswer", "description"):
        return
    points = number_in(element.findtext("defaultgrade"), "1")
    if points != 1:
        data["points"] = _number(points)


def _tags(data: Data, tags: tuple[str, ...]) -> None:
    left = []
    for tag in tags:
        if _OF_A_RANGE.fullmatch(tag):
            continue  # made for a slot that draws from it
        key, _, value = tag.partition(":")
        allowed = key != "difficulty" or value in get_args(Difficulty)
        if key in _KEYS_OF_TAGS and value.strip() and key not in data and allowed:
            data[key] = value
        else:
            left.append(tag)
    if left:
        data["tags"] = left


def _number(value: Decimal) -> int | str:
    return int(value) if value == value.to_integral_value() else plain(value)


def _score(score: Fraction) -> str:
    legal = legal_score(score)
    if legal is None:
        raise Kept("score")
    return as_authors_write(legal)


def _put(data: Data, key: str, value: object, usual: object = None) -> None:
    """Adds a value, where it is not the usual one."""
    if value is not None and value != usual:
        data[key] = value


def _penalty(data: Data, element: Element, usual: Fraction = ONE_THIRD) -> None:
    value = Fraction(number_in(element.findtext("penalty"), "0.3333333"))
    if abs(value - ONE_THIRD) < Fraction(5, 1000):
        value = ONE_THIRD
    if value != usual:
        data["penalty"] = as_authors_write(value)


def _feedback(element: Element, texts: Texts, kind: str) -> Data:
    found: Data = {}
    _put(found, "general", texts.html(element.find("generalfeedback")))
    if kind in ("multichoice", "match", "ordering", "gapselect", "ddwtos", "ddimageortext", "ddmarker"):
        _put(found, "correct", texts.html(element.find("correctfeedback")))
        _put(found, "partial", texts.html(element.find("partiallycorrectfeedback")))
        _put(found, "incorrect", texts.html(element.find("incorrectfeedback")))
    return found


def _hints(element: Element, texts: Texts, kind: str) -> list[object]:
    if kind in ("essay", "description"):
        return []
    parts = kind not in ("truefalse", "shortanswer", "numerical")
    found: list[object] = []
    for hint in element.findall("hint"):
        text = texts.html(hint)
        flags = {
            ours: True
            for ours, moodles in (("show_count", "shownumcorrect"), ("clear_wrong", "clearwrong"))
            if parts and has(hint, moodles)
        }
        if text is None:
            if flags:
                raise Kept("hint")
            continue
        found.append({"text": text, **flags} if flags else text)
    return found


def _answer_feedback(data: Data, answer: Element, texts: Texts, key: str = "feedback") -> None:
    _put(data, key, texts.html(answer.find("feedback")))


# --- choices --------------------------------------------------------------------------------------


def _multichoice(element: Element, texts: Texts) -> Data:
    single = is_true(element.findtext("single"), default=True)
    nodes = [one for one in element.findall("answer") if text_in(one)]
    scores = [share_in(one.get("fraction")) for one in nodes]
    options = _options(
        [(texts.html(node), score) for node, score in zip(nodes, scores, strict=True)], single=single
    )
    for option, node in zip(options, nodes, strict=True):
        _answer_feedback(option, node, texts)
    data: Data = {"type": "single" if single else "multiple"}
    _penalty(data, element)
    _put(data, "shuffle", is_true(element.findtext("shuffleanswers"), default=False), usual=True)
    _put(data, "numbering", (element.findtext("answernumbering") or "abc").strip(), usual="abc")
    _put(data, "instruction", is_true(element.findtext("showstandardinstruction"), default=True), not single)
    _put(data, "show_count", has(element, "shownumcorrect"), usual=not single)
    data["options"] = options
    return data


def _options(found: list[tuple[Any, Fraction]], *, single: bool) -> list[Data]:
    """Options with their scores, left out where they follow from which are right."""
    right = [score for _, score in found if (score == 1 if single else score > 0)]
    share = None if single or not right else equal_split(len(right))
    shared = share is not None and all(legal_score(score) == share for score in right)
    options: list[Data] = []
    for text, score in found:
        option: Data = {"text": text}
        if score == 1 if single else score > 0:
            option["correct"] = True
            if not single and not shared:
                option["score"] = _score(score)
        elif score:
            option["score"] = _score(score)
        options.append(option)
    return options


def _truefalse(element: Element, texts: Texts) -> Data:
    answers = {text_in(one): one for one in element.findall("answer")}
    if set(answers) != {"true", "false"}:
        raise Kept("answers")
    data: Data = {"type": "truefalse"}
    _penalty(data, element, usual=Fraction(1))
    data["answer"] = share_in(answers["true"].get("fraction")) == 1
    for word, answer in answers.items():
        _answer_feedback(data, answer, texts, f"feedback_{word}")
    return data


# --- typed ----------------------------------------------------------------------------------------


def _shortanswer(element: Element, texts: Texts) -> Data:
    answers: list[object] = []
    for node in element.findall("answer"):
        score = share_in(node.get("fraction"))
        text = text_in(node)
        if not text or " ".join(text.split()) != text:
            raise Kept("answers")
        answer: Data = {"text": text}
        if score != 1:
            answer["score"] = _score(score)
        _answer_feedback(answer, node, texts)
        answers.append(answer if len(answer) > 1 else text)
    data: Data = {"type": "short"}
    _penalty(data, element)
    data["answers"] = answers
    _put(data, "case_sensitive", is_true(element.findtext("usecase"), default=False), usual=False)
    return data


def _numerical(element: Element, texts: Texts) -> Data:
    data: Data = {"type": "numerical"}
    _penalty(data, element)
    answers = []
    for node in element.findall("answer"):
        answer = _number_answer(
            text_in(node), node.findtext("tolerance") or "0", share_in(node.get("fraction"))
        )
        _answer_feedback(answer, node, texts)
        answers.append(answer)
    if len(answers) == 1 and not set(answers[0]) - {"answer", "tolerance"} and answers[0]["answer"] != "any":
        data |= answers[0]
    else:
        data["answers"] = [one if len(one) > 1 else one["answer"] for one in answers]
    if text_in(element.find("instructions")):
        raise Kept("instructions")
    _units(data, element)
    return data


def _number_answer(written: str, tolerance: str, score: Fraction) -> Data:
    answer: Data = {"answer": "any" if written == "*" else _number(number_in(written, ""))}
    far = number_in(tolerance, "0")
    if far and written != "*":
        answer["tolerance"] = _number(far)
    if score != 1:
        answer["score"] = _score(score)
    return answer


def _units(data: Data, element: Element) -> None:
    units: Data = {}
    for unit in element.findall("units/unit"):
        multiplier = number_in(unit.findtext("multiplier"), "1")
        name = (unit.findtext("unit_name") or "").strip()
        if multiplier <= 0 or not name or name in units:
            raise Kept("units")
        value = (1 / Fraction(multiplier)).limit_denominator(1_000_000)
        whole = value.denominator == 1
        units[name] = value.numerator if whole else f"{value.numerator}/{value.denominator}"
    if not units:
        return
    data["units"] = units
    asked = (element.findtext("showunits") or "0").strip()
    words = {moodles: ours for ours, moodles in UNIT_INPUTS.items()}
    if asked not in words:
        raise Kept("units")
    _put(data, "unit_input", words[asked], usual="typed")
    graded = (element.findtext("unitgradingtype") or "0").strip()
    if graded != "0":
        data["unit_penalty"] = as_authors_write(Fraction(number_in(element.findtext("unitpenalty"), "0.1")))
        _put(data, "unit_penalty_of", {"1": "response", "2": "question"}.get(graded), usual="response")
    _put(data, "unit_left", is_true(element.findtext("unitsleft"), default=False), usual=False)


# --- pairs and orders -----------------------------------------------------------------------------


def _match(element: Element, texts: Texts) -> Data:
    pairs, extra = [], []
    for node in element.findall("subquestion"):
        right = texts.plain(node.find("answer"))
        left = texts.html(node)
        if right is None:
            raise Kept("pairs")
        if left is None:
            extra.append(right)
        elif extra:
            raise Kept("pairs")  # the order of choices would not be the same
        else:
            pairs.append({"left": left, "right": right})
    data: Data = {"type": "matching"}
    _penalty(data, element)
    _put(data, "shuffle", is_true(element.findtext("shuffleanswers"), default=True), usual=True)
    _put(data, "show_count", has(element, "shownumcorrect"), usual=True)
    data["pairs"] = pairs
    _put(data, "extra", extra, usual=[])
    return data


def _ordering(element: Element, texts: Texts) -> Data:
    gradings = {moodles: ours for ours, moodles in GRADINGS.items()}
    grading = (element.findtext("gradingtype") or "").strip().upper()
    layout = (element.findtext("layouttype") or "VERTICAL").strip().lower()
    select = (element.findtext("selecttype") or "RANDOM").strip().upper()
    if grading not in gradings or layout not in ("vertical", "horizontal"):
        raise Kept("grading")
    data: Data = {"type": "ordering"}
    _penalty(data, element)
    data["items"] = [texts.html(one) for one in element.findall("answer")]
    if None in data["items"]:
        raise Kept("empty")
    _put(data, "grading", gradings[grading], usual="position")
    _put(data, "layout", layout, usual="vertical")
    if select != "ALL":
        data["show_items"] = int(element.findtext("selectcount") or 6)
        _put(data, "take", "together" if select == "CONTIGUOUS" else "anywhere", usual="anywhere")
    _put(data, "numbering", (element.findtext("numberingstyle") or "none").strip(), usual="none")
    hidden = (element.findtext("showgrading") or "1").strip().upper() in ("HIDE", "FALSE", "NO")
    _put(data, "show_grading", not hidden, usual=True)
    _put(data, "show_count", is_true(element.findtext("shownumcorrect"), default=True), usual=False)
    return data


# --- gaps and blanks ------------------------------------------------------------------------------


def _gaps(element: Element, texts: Texts) -> Data:
    drag = type_of(element) == "ddwtos"
    nodes = element.findall("dragbox" if drag else "selectoption")
    words: list[Data] = []
    for node in nodes:
        text = texts.plain(node)
        if text is None:
            raise Kept("gaps")
        word: Data = {"text": text}
        _put(word, "group", int(node.findtext("group") or 1), usual=1)
        _put(word, "unlimited", drag and has(node, "infinite"), usual=False)
        words.append(word)
    asked = element.find("questiontext")
    written = html_in(asked)
    numbers = [int(one) for one in re.findall(r"\[\[([1-9]\d*)\]\]", written)]
    order = list(dict.fromkeys(numbers))
    if not order or max(order) > len(words):
        raise Kept("gaps")
    # Our writer puts the gaps' words first, in the order of the gaps in the file, so they must stand so.
    used = sorted(order)
    if used != list(range(1, len(used) + 1)) or len({str(word) for word in words}) != len(words):
        raise Kept("gaps")
    several = {number for number, count in Counter(numbers).items() if count > 1}
    names = {number: f"gap{number}" for number in used}
    text = re.sub(r"\[\[([1-9]\d*)\]\]", lambda found: f"{{{{{names[int(found[1])]}}}}}", written)
    data: Data = {"type": "gaps", "text": texts.markdown(text, files_in(asked))}
    if several and by_language_repeats(written):
        raise Kept("gaps")
    if drag:
        data["input"] = "drag"
    _penalty(data, element)
    _put(data, "shuffle", is_true(element.findtext("shuffleanswers"), default=True), usual=True)
    _put(data, "show_count", has(element, "shownumcorrect"), usual=True)
    data["gaps"] = {names[number]: _short(words[number - 1]) for number in used}
    _put(data, "extra", [_short(word) for word in words[len(used) :]], usual=[])
    return data


def by_language_repeats(written: str) -> bool:
    """Whether gaps stand within multilang spans: then each language has its own, which is another question."""
    return bool(re.search(r'class="multilang"[^>]*>(?:(?!</span>).)*\[\[\d+\]\]', written, re.DOTALL))


def _short(word: Data) -> object:
    return word["text"] if len(word) == 1 else word


def _cloze(element: Element, texts: Texts) -> Data:
    node = element.find("questiontext")
    written = html_in(node)
    parts, found, at = [], {}, 0
    for number, (place, code) in enumerate(blanks(written), 1):
        parts += [written[at : place.start()], f"{{{{blank{number}}}}}"]
        at = place.end()
        found[f"blank{number}"] = _blank(code, texts)
    if not found:
        raise Kept("blanks")
    text = texts.markdown("".join((*parts, written[at:])), files_in(node))
    data: Data = {"type": "cloze", "text": text}
    _penalty(data, element)
    data["blanks"] = found
    return data


def _blank(code: BlankCode, texts: Texts) -> Data:
    data: Data = {}
    _put(data, "points", code.weight, usual=1)
    if code.kind == "NUMERICAL":
        _blank_numbers(data, code, texts)
    elif code.kind == "SHORTANSWER":
        data["answers"] = [_blank_answer(one, texts) for one in code.alternatives]
        _put(data, "case_sensitive", "C" in code.letters, usual=False)
    else:
        several = code.kind == "MULTIRESPONSE"
        scored = [(texts.markdown(one.answer, {}), one.score) for one in code.alternatives]
        options = _options(scored, single=not several)
        for option, one in zip(options, code.alternatives, strict=True):
            _told(option, one, texts)
        data["options"] = options
        _put(data, "several", several, usual=False)
        layout = {"H": "horizontal", "V": "vertical"}.get(code.letters[:1], "vertical" if several else "list")
        _put(data, "layout", layout, usual="vertical" if several else "list")
        _put(data, "shuffle", "S" in code.letters, usual=True)
    return data


def _told(data: Data, one: Alternative, texts: Texts) -> None:
    if one.feedback:
        data["feedback"] = texts.markdown(one.feedback, {})


def _blank_numbers(data: Data, code: BlankCode, texts: Texts) -> None:
    numbers = []
    for one in code.alternatives:
        number = _number_answer(one.answer.replace(",", "."), one.tolerance.replace(",", "."), one.score)
        _told(number, one, texts)
        numbers.append(number)
    if len(numbers) == 1 and "score" not in numbers[0] and numbers[0]["answer"] != "any":
        data["number"] = numbers[0].pop("answer")
        data |= numbers[0]
    else:
        data["numbers"] = [one if len(one) > 1 else one["answer"] for one in numbers]


def _blank_answer(one: Alternative, texts: Texts) -> object:
    if not one.answer.strip() or " ".join(one.answer.split()) != one.answer:
        raise Kept("blanks")
    answer: Data = {"text": one.answer}
    if one.score != 1:
        answer["score"] = _score(one.score)
    _told(answer, one, texts)
    return answer if len(answer) > 1 else one.answer


# --- images ---------------------------------------------------------------------------------------


def _drag_image(element: Element, texts: Texts) -> Data:
    data: Data = {"type": "dragimage", "image": texts.file(element)}
    _penalty(data, element)
    _put(data, "shuffle", has(element, "shuffleanswers"), usual=True)
    _put(data, "show_count", has(element, "shownumcorrect"), usual=True)
    items: Data = {}
    for number, drag in enumerate(element.findall("drag"), 1):
        if int(drag.findtext("no") or 0) != number:
            raise Kept("items")
        text = texts.plain(drag)
        item: Data = {"text": text}
        if drag.find("file") is not None:
            item["image"] = texts.file(drag)
        if text is None:
            raise Kept("items")
        _put(item, "group", int(drag.findtext("draggroup") or 1), usual=1)
        _put(item, "unlimited", has(drag, "infinite"), usual=False)
        items[f"item{number}"] = _short(item)
    data["items"] = items
    places = []
    for number, drop in enumerate(element.findall("drop"), 1):
        choice = f"item{int(drop.findtext('choice') or 0)}"
        if int(drop.findtext("no") or 0) != number or choice not in items:
            raise Kept("places")
        place: Data = {"item": choice, "x": _pixel(drop, "xleft"), "y": _pixel(drop, "ytop")}
        _put(place, "label", texts.plain(drop))
        places.append(place)
    data["places"] = places
    return data


def _pixel(drop: Element, tag: str) -> int:
    return int(number_in(drop.findtext(tag), "0"))


def _drag_markers(element: Element, texts: Texts) -> Data:
    data: Data = {"type": "dragmarkers", "image": texts.file(element)}
    _penalty(data, element)
    _put(data, "shuffle", has(element, "shuffleanswers"), usual=True)
    _put(data, "show_misplaced", has(element, "showmisplaced"), usual=False)
    _put(data, "show_count", has(element, "shownumcorrect"), usual=True)
    markers: Data = {}
    for number, drag in enumerate(element.findall("drag"), 1):
        text = texts.plain(drag)
        if int(drag.findtext("no") or 0) != number or text is None:
            raise Kept("items")
        marker: Data = {"text": text}
        _put(marker, "times", 0 if has(drag, "infinite") else int(drag.findtext("noofdrags") or 1), usual=1)
        markers[f"marker{number}"] = _short(marker)
    data["markers"] = markers
    data["zones"] = [_zone(drop, number, markers) for number, drop in enumerate(element.findall("drop"), 1)]
    return data


def _zone(drop: Element, number: int, markers: Mapping[str, object]) -> Data:
    marker = f"marker{int(drop.findtext('choice') or 0)}"
    shape = (drop.findtext("shape") or "").strip()
    coordinates = (drop.findtext("coords") or "").replace(" ", "")
    if int(drop.findtext("no") or 0) != number or marker not in markers:
        raise Kept("places")
    try:
        points = [[int(one) for one in part.split(",")] for part in coordinates.split(";")]
    except ValueError as error:
        raise Kept("places") from error
    if shape == "polygon":
        return {"marker": marker, "polygon": points}
    if shape in ("circle", "rectangle"):
        return {"marker": marker, shape: [one for part in points for one in part]}
    raise Kept("places")


# --- not graded by Moodle -------------------------------------------------------------------------


def _essay(element: Element, texts: Texts) -> Data:
    editors = {moodles: ours for ours, moodles in EDITORS.items()}
    editor = (element.findtext("responseformat") or "editor").strip()
    if editor not in editors:
        raise Kept("editor")
    data: Data = {"type": "essay"}
    _put(data, "editor", editors[editor], usual="rich")
    _put(data, "required", is_true(element.findtext("responserequired"), default=True), usual=True)
    _put(data, "lines", int(element.findtext("responsefieldlines") or 15), usual=15)
    least, most = (int(element.findtext(tag) or 0) for tag in ("minwordlimit", "maxwordlimit"))
    if least or most:
        data["words"] = f"{least or ''}..{most or ''}"
    number = int(element.findtext("attachments") or 0)
    files: Data = {}
    _put(files, "max", number, usual=1)
    _put(files, "required", int(element.findtext("attachmentsrequired") or 0), usual=0)
    types = [one for one in (element.findtext("filetypeslist") or "").replace(" ", "").split(",") if one]
    _put(files, "types", types, usual=[])
    size = int(element.findtext("maxbytes") or 0)
    _put(files, "size", _size(size), usual="none")
    if number or set(files) - {"max"}:
        data["attachments"] = files
    _put(data, "grader_info", texts.html(element.find("graderinfo")))
    _put(data, "template", texts.html(element.find("responsetemplate")))
    return data


def _size(size: int) -> str:
    for unit, bytes_ in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if size and size % bytes_ == 0:
            return f"{size // bytes_} {unit}"
    return f"{size} B" if size else "none"


def _description(_element: Element, _texts: Texts) -> Data:
    return {"type": "description"}


_READERS = {
    "multichoice": _multichoice,
    "truefalse": _truefalse,
    "shortanswer": _shortanswer,
    "numerical": _numerical,
    "match": _match,
    "ordering": _ordering,
    "gapselect": _gaps,
    "ddwtos": _gaps,
    "multianswer": _cloze,
    "ddimageortext": _drag_image,
    "ddmarker": _drag_markers,
    "essay": _essay,
    "description": _description,
}
