"""What pydantic says of a YAML file, in problems with their places."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from authoring.problems import Problem
from authoring.read_yaml import Document, Pointer

if TYPE_CHECKING:
    import pydantic
    from pydantic_core import ErrorDetails

MAX_PROBLEMS = 200
"""Of one file; looking for what each of a million wrong keys may have meant takes hours."""

# Kinds of pydantic's errors, by the code that says in people's words what is wanted instead.
_WANTED: Mapping[str, str] = {
    **dict.fromkeys(("string", "string_sub"), "yaml.needs-text"),
    **dict.fromkeys(("int", "int_from_float", "int_parsing_size"), "yaml.needs-whole-number"),
    **dict.fromkeys(("float", "decimal", "finite_number"), "yaml.needs-number"),
    "bool": "yaml.needs-true-or-false",
    **dict.fromkeys(("list", "tuple", "set", "frozen_set", "iterable"), "yaml.needs-list"),
    **dict.fromkeys(("dict", "mapping", "model", "model_attributes", "dataclass"), "yaml.needs-map"),
    "time_delta": "yaml.needs-duration",
    **dict.fromkeys(("date", "date_from_datetime"), "yaml.needs-date"),
}

# What a validator may raise as ValueError(code): the code "yaml.<code>" has its own text.
_VALUE_CODES = frozenset(
    {"text-empty", "language-tag", "identifier", "language-code", "slug", "moment", "web-address"}
)

_STRANGE_KEY = ("extra_forbidden", "unexpected_keyword_argument")


def model_problems(
    error: pydantic.ValidationError, document: Document, model: type[pydantic.BaseModel]
) -> list[Problem]:
    """The problems in a pydantic error, each at its place in the document; of very many the first and a count."""
    problems = list(itertools.islice(_each_problem(error, document, model), MAX_PROBLEMS + 1))
    if len(problems) > MAX_PROBLEMS:
        first_untold = problems.pop()
        values = {"n": error.error_count() - MAX_PROBLEMS}
        problems.append(Problem("yaml.more-problems", values, first_untold.place))
    return problems


def _each_problem(
    error: pydantic.ValidationError, document: Document, model: type[pydantic.BaseModel]
) -> Iterator[Problem]:
    items = list(_without_echoes(error.errors(include_url=False)))
    misspelt: set[Pointer] = set()  # keys that are needed and stand there with a slip: told once, as the slip
    strange = (item for item in items if item["type"] in _STRANGE_KEY)
    for item in itertools.islice(strange, MAX_PROBLEMS):
        at = _real_pointer(tuple(item["loc"]), document.data)
        near = difflib.get_close_matches(_named(at), _known_keys(model, document.data, at), n=1)
        misspelt.update((*at[:-1], one) for one in near)
    for item in items:
        pointer = _real_pointer(tuple(item["loc"]), document.data)
        place = document.place(pointer)
        key = _named(pointer) or document.file
        value = _shown(item.get("input"), whole=not pointer)
        context = item.get("ctx", {})
        match item["type"]:
            case "missing" if (
                *_real_pointer(tuple(item["loc"])[:-1], document.data),
                item["loc"][-1],
            ) in misspelt:
                pass
            case kind if kind in _STRANGE_KEY:
                known = _known_keys(model, document.data, pointer)
                similar = difflib.get_close_matches(key, known, n=1)
                if not known:
                    yield Problem("yaml.unknown-key-alone", {"key": key}, place)
                elif similar:
                    yield Problem("yaml.unknown-key-similar", {"key": key, "similar": similar[0]}, place)
                else:
                    yield Problem("yaml.unknown-key", {"key": key, "known": ", ".join(known)}, place)
            case "missing":
                missing = str(item["loc"][-1])
                yield Problem("yaml.missing-key", {"key": missing}, place)
            case "literal_error" | "enum":
                choices = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
                yield Problem("yaml.wrong-choice", {"key": key, "value": value, "choices": choices}, place)
            case "union_tag_invalid":
                choices = str(context.get("expected_tags", "")).replace("'", "")
                shown = str(context.get("tag", value))
                tag_key = str(context.get("discriminator", key)).strip("'")
                yield Problem(
                    "yaml.wrong-choice",
                    {"key": tag_key, "value": shown, "choices": choices},
                    document.place((*pointer, tag_key)),
                )
            case "union_tag_not_found":
                tag_key = str(context.get("discriminator", key)).strip("'")
                yield Problem("yaml.missing-key", {"key": tag_key}, place)
            case "value_error":
                message = str(context.get("error", item["msg"]))
                code = f"yaml.{message}"
                if message in _VALUE_CODES:
                    yield Problem(code, {"key": key, "value": value}, place)
                else:
                    yield Problem("yaml.wrong-value", {"key": key, "value": value, "reason": message}, place)
            case "greater_than" | "greater_than_equal":
                limit = context.get("ge", context.get("gt"))
                yield Problem("yaml.below-limit", {"key": key, "value": value, "limit": limit}, place)
            case "less_than" | "less_than_equal":
                limit = context.get("le", context.get("lt"))
                yield Problem("yaml.above-limit", {"key": key, "value": value, "limit": limit}, place)
            case "string_too_long":
                yield Problem("yaml.text-too-long", {"key": key, "limit": context.get("max_length")}, place)
            case "string_too_short":
                yield Problem("yaml.text-too-short", {"key": key}, place)
            case "too_short":
                yield Problem("yaml.list-too-short", {"key": key}, place)
            case code if "." in code:  # a validator's own message code, with its values
                yield Problem(code, context, place)
            case kind:
                wanted = _WANTED.get(kind.removesuffix("_type").removesuffix("_parsing"), "yaml.wrong-value")
                written = document.source(pointer) if pointer else None
                if wanted == "yaml.needs-text" and isinstance(item["input"], dict | list):
                    wanted = "yaml.needs-text-alone"
                elif wanted == "yaml.needs-text" and item["input"] is not None and written is not None:
                    value = _shown(written, whole=False)  # 1.10 and not 1.1
                if pointer and item["input"] is None:
                    wanted = "yaml.value-missing"
                yield Problem(wanted, {"key": key, "value": value}, place)


def _without_echoes(items: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Leaves out what only follows from another error: above all, what the branches of "a text, or a map of texts" say
    about a value of the other branch.
    """
    texts = {item["loc"][:-1] for item in items if item["type"] == "string_type"}
    inner = {item["loc"][:cut] for item in items for cut in range(1, len(item["loc"]))}
    for item in items:
        if item["type"] == "too_short" and item["loc"] in inner:
            continue  # what is wrong with its items is told; they were not counted for that alone
        parent, is_map = item["loc"][:-1], isinstance(item["input"], dict)
        if item["type"] == "dict_type" and not is_map and parent in texts:
            continue
        if item["type"] == "string_type" and is_map and (*parent, "dict[str,str]") in inner:
            continue
        yield item


def _named(pointer: Pointer) -> str:
    """What messages call the value at `pointer`: its key; an item of a list by that of the list and its number."""
    if pointer and isinstance(pointer[-1], int) and (of := _named(pointer[:-1])):
        return f"{of} ({pointer[-1] + 1})"
    return str(pointer[-1]) if pointer else ""


def _real_pointer(location: Pointer, data: object) -> Pointer:
    """Drops the parts of a pydantic location that name a union's branch, not a key of the data."""
    pointer: list[str | int] = []
    here: Any = data
    for step in location:
        if (isinstance(here, dict) and isinstance(step, str) and step in here) or (
            isinstance(here, list) and isinstance(step, int) and step < len(here)
        ):
            pointer.append(step)
            here = here[step]  # type: ignore[index]
    return tuple(pointer)


def _known_keys(model: type, data: object, pointer: Pointer) -> list[str]:
    """Field names of the model (or a nested one) in which an unknown key stands, as far as types tell."""
    candidates: list[type] = [model]
    here = data
    for step in pointer[:-1]:
        if isinstance(step, str):
            found: list[type] = []
            for candidate in candidates:
                own = _fields(candidate).get(step)
                if own is not None:
                    found.extend(_models_in(own[1]))
            candidates = found or candidates
        here = here[step] if isinstance(here, dict | list) else None  # type: ignore[index]
        candidates = [one for one in candidates if _may_be(one, here)] or candidates
    if isinstance(here, dict) and len(candidates) > 1:  # a union: keep the branches that fit best
        best = max(len(here.keys() & _fields(c).keys()) for c in candidates)
        candidates = [c for c in candidates if len(here.keys() & _fields(c).keys()) == best]
    return sorted({key for c in candidates for key, _ in _fields(c).values()})


@cache
def _fields(model: type) -> dict[str, tuple[str, Any]]:
    """The fields of a model or dataclass: the key in a file, and the type."""
    if is_dataclass(model):
        return {
            name: (name, of)
            for name, of in get_type_hints(model).items()
            if name in model.__dataclass_fields__
        }
    fields: Mapping[str, Any] = getattr(model, "model_fields", {})
    return {name: (info.alias or name, info.annotation) for name, info in fields.items()}


def _may_be(model: type, data: object) -> bool:
    """Whether data names this branch of a union: its discriminators have the words of the model."""
    return not isinstance(data, dict) or all(
        data[name] in get_args(of)
        for name, (_, of) in _fields(model).items()
        if name in data and get_origin(of) is Literal and isinstance(data[name], str)
    )


def _models_in(annotation: object) -> list[type]:
    if isinstance(annotation, type) and _fields(annotation):
        return [annotation]
    arguments = getattr(annotation, "__args__", ())
    return [found for argument in arguments for found in _models_in(argument)]


def _shown(value: object, *, whole: bool) -> str:
    """A value as messages show it; of a `whole` file only its form, because it may be a secret put in its place."""
    if isinstance(value, dict):
        return "{…}"
    if isinstance(value, list):
        return "[…]"
    text = "-" if value is None else str(value)
    if whole and value is not None:
        return '"…"' if isinstance(value, str) else "…"
    return text if len(text) <= 60 else text[:57] + "…"
