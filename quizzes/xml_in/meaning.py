"""What a question in Moodle XML means, to be compared: by meaning, never by bytes.

Moodle's export writes every default, gives numbers decimals, sorts and renames. Two elements with the same
meaning ask, accept, grade and tell the same.
"""

from __future__ import annotations

import hashlib
from xml.etree.ElementTree import Element

from authoring.html_tree import Meaning
from quizzes.xml_in.cloze_code import blanks
from quizzes.xml_in.elements import (
    file_content,
    files_in,
    has,
    html_in,
    html_meaning,
    is_true,
    number_in,
    share_in,
    tags_in,
    text_in,
)

TYPES = {"matching": "match", "cloze": "multianswer"}
"""What Moodle calls these types within."""

UNDERSTOOD = frozenset(
    (
        *("multichoice", "truefalse", "shortanswer", "numerical", "match", "ordering", "gapselect", "ddwtos"),
        *("multianswer", "ddimageortext", "ddmarker", "essay", "description"),
    )
)

_COMBINED = ("correctfeedback", "partiallycorrectfeedback", "incorrectfeedback")
_SHOWS_PARTS = frozenset(
    ("multichoice", "match", "ordering", "gapselect", "ddwtos", "multianswer", "ddimageortext", "ddmarker")
)


def type_of(element: Element) -> str:
    """The type of a question as Moodle calls it within."""
    written = element.get("type", "")
    return TYPES.get(written, written)


def meaning_of(element: Element) -> Meaning:
    """The meaning of a `<question>` element; raises Kept where a part cannot be read."""
    kind = type_of(element)
    common: list[object] = [
        kind,
        text_in(element.find("name")),
        _html(element.find("questiontext")) if kind != "multianswer" else (),
        _html(element.find("generalfeedback")),
        (element.findtext("idnumber") or ""),
        tuple(
            sorted(
                {
                    tag.casefold()
                    for tag in tags_in(element)
                    if ".." not in tag or not tag.startswith("difficulty:")
                }
            )
        ),
    ]
    if kind not in ("multianswer", "description"):
        common.append(number_in(element.findtext("defaultgrade"), "1"))
    if kind not in ("description", "essay"):
        common.append(_penalty(element))
        common.append(tuple(_hint(hint, kind) for hint in element.findall("hint") if _says(hint)))
    if kind in _SHOWS_PARTS - {"multianswer"}:
        common.append(tuple(_html(element.find(one)) for one in _COMBINED))
    return (*common, *_own(element, kind))


def _penalty(element: Element) -> object:
    value = number_in(element.findtext("penalty"), "0.3333333")
    return "1/3" if abs(float(value) - 0.3333333) < 0.005 else value


def _html(element: Element | None) -> Meaning:
    return html_meaning(html_in(element), files_in(element))


def _says(hint: Element) -> bool:
    return bool(text_in(hint)) or has(hint, "shownumcorrect") or has(hint, "clearwrong")


def _hint(hint: Element, kind: str) -> Meaning:
    parts = kind in _SHOWS_PARTS
    return (_html(hint), parts and has(hint, "shownumcorrect"), parts and has(hint, "clearwrong"))


def _word(element: Element, tag: str, default: str) -> str:
    found = element.findtext(tag)
    return default if found is None else found.strip()


def _own(element: Element, kind: str) -> Meaning:
    match kind:
        case "multichoice":
            return _multichoice(element)
        case "truefalse":
            answers = {text_in(one): one for one in element.findall("answer")}
            return tuple(
                (word, share_in(answers[word].get("fraction")) == 1, _html(answers[word].find("feedback")))
                for word in ("true", "false")
                if word in answers
            )
        case "shortanswer":
            return (is_true(element.findtext("usecase"), default=False), *_answers(element, plain=True))
        case "numerical":
            return _numerical(element)
        case "match":
            return (is_true(element.findtext("shuffleanswers"), default=True), has(element, "shownumcorrect"),
                *((_html(one), html_meaning(text_in(one.find("answer")), {}))
                  for one in element.findall("subquestion")))  # fmt: skip
        case "ordering":
            return _ordering(element)
        case "gapselect" | "ddwtos":
            return _gaps(element, kind)
        case "multianswer":
            return _cloze(element)
        case "ddimageortext" | "ddmarker":
            return _image(element, kind)
        case "essay":
            return _essay(element)
        case "description":
            return ()
        case _:
            return (hashlib.sha256(_as_it_is(element).encode()).hexdigest(),)


def _as_it_is(element: Element) -> str:
    inner = "".join(_as_it_is(child) for child in element if child.tag not in ("hidden", "idnumber"))
    return f"{element.tag}{sorted(element.attrib.items())}{(element.text or '').strip()}{inner}"


def _multichoice(element: Element) -> Meaning:
    return (
        is_true(element.findtext("single"), default=True),
        is_true(element.findtext("shuffleanswers"), default=False),
        _word(element, "answernumbering", "abc"),
        is_true(element.findtext("showstandardinstruction"), default=True),
        has(element, "shownumcorrect"),
        *_answers(element, plain=False),
    )


def _answers(element: Element, *, plain: bool) -> Meaning:
    """The answers in their order; Moodle drops one with an empty text."""
    return tuple(
        (
            share_in(one.get("fraction")),
            text_in(one) if plain else _html(one),
            _html(one.find("feedback")),
        )
        for one in element.findall("answer")
        if text_in(one)
    )


def _numerical(element: Element) -> Meaning:
    answers = tuple(
        (
            share_in(one.get("fraction")),
            "*" if text_in(one) == "*" else number_in(text_in(one), ""),
            number_in(one.findtext("tolerance"), "0"),
            _html(one.find("feedback")),
        )
        for one in element.findall("answer")
    )
    units = tuple(
        ((one.findtext("unit_name") or "").strip(), round(number_in(one.findtext("multiplier"), "1"), 15))
        for one in element.findall("units/unit")
    )
    graded = _word(element, "unitgradingtype", "0")
    asked: Meaning = ()
    if units:
        asked = (
            graded,
            number_in(element.findtext("unitpenalty"), "0.1") if graded != "0" else None,
            _word(element, "showunits", "0"),
            is_true(element.findtext("unitsleft"), default=False),
        )
    return (answers, units, asked, _html(element.find("instructions")))


def _ordering(element: Element) -> Meaning:
    items = tuple(_html(one) for one in element.findall("answer"))
    select = _word(element, "selecttype", "RANDOM").upper()
    return (
        _word(element, "layouttype", "VERTICAL").upper(),
        select,
        None if select == "ALL" else _word(element, "selectcount", "6"),
        _word(element, "gradingtype", "").upper(),
        _word(element, "showgrading", "1").upper() not in ("HIDE", "FALSE", "NO"),
        _word(element, "numberingstyle", "none"),
        is_true(element.findtext("shownumcorrect"), default=True),
        items,
    )


def _gaps(element: Element, kind: str) -> Meaning:
    tag = "dragbox" if kind == "ddwtos" else "selectoption"
    return (
        is_true(element.findtext("shuffleanswers"), default=True),
        has(element, "shownumcorrect"),
        *(
            (
                html_meaning(text_in(one), {}),
                _word(one, "group", "1"),
                kind == "ddwtos" and has(one, "infinite"),
            )
            for one in element.findall(tag)
        ),
    )


def _cloze(element: Element) -> Meaning:
    node = element.find("questiontext")
    written = html_in(node)
    found = []
    rest, at = [], 0
    for number, (place, code) in enumerate(blanks(written)):
        rest.append(written[at : place.start()])
        rest.append(f"\N{OBJECT REPLACEMENT CHARACTER}{number}\N{OBJECT REPLACEMENT CHARACTER}")
        at = place.end()
        choice = code.kind.startswith("MULTI")
        found.append(
            (
                code.kind,
                code.letters,
                code.weight,
                tuple(
                    (
                        f"{float(one.score):.5f}",
                        _blank_answer(one.answer, choice=choice, number=code.kind == "NUMERICAL"),
                        number_in(one.tolerance, "0"),
                        html_meaning(one.feedback or "", {}),
                    )
                    for one in code.alternatives
                ),
            )
        )
    return (html_meaning("".join((*rest, written[at:])), files_in(node)), tuple(found))


def _blank_answer(answer: str, *, choice: bool, number: bool) -> object:
    if choice:
        return html_meaning(answer, {})
    return number_in(answer, "") if number and answer != "*" else answer


def _image(element: Element, kind: str) -> Meaning:
    drags = tuple(
        (
            _word(one, "no", "0"),
            html_meaning(text_in(one), {}),
            has(one, "infinite"),
            _word(one, "draggroup", "1") if kind == "ddimageortext" else None,
            _word(one, "noofdrags", "1") if kind == "ddmarker" and not has(one, "infinite") else None,
            _sums(one),
        )
        for one in element.findall("drag")
    )
    tags = (
        ("no", "choice", "xleft", "ytop") if kind == "ddimageortext" else ("no", "shape", "coords", "choice")
    )
    drops = tuple(
        (*(_word(one, tag, "") for tag in tags), html_meaning(text_in(one), {}))
        for one in element.findall("drop")
    )
    return (
        has(element, "shuffleanswers"),
        kind == "ddmarker" and has(element, "showmisplaced"),
        has(element, "shownumcorrect"),
        _sums(element),
        drags,
        drops,
    )


def _sums(element: Element) -> tuple[str, ...]:
    return tuple(hashlib.sha256(file_content(one)).hexdigest() for one in element.findall("file"))


def _essay(element: Element) -> Meaning:
    return (
        _word(element, "responseformat", "editor"),
        _word(element, "responserequired", "1"),
        _word(element, "responsefieldlines", "15"),
        _word(element, "minwordlimit", "") or "0",
        _word(element, "maxwordlimit", "") or "0",
        _word(element, "attachments", "0"),
        _word(element, "attachmentsrequired", "0"),
        _word(element, "maxbytes", "") or "0",
        _word(element, "filetypeslist", ""),
        _html(element.find("graderinfo")),
        html_meaning(html_in(element.find("responsetemplate")), {}),
    )
