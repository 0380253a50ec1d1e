"""The form of quiz files as a JSON Schema for editors: completion, hover and marks while one types.

Made from the models, and shaped for yaml-language-server: `type` is an enum on top with `if`/`then` for each type,
because it does not read pydantic's `discriminator`, and `oneOf` narrows what it offers. What the schema cannot say
(sums, references, scores that Moodle has) `lms-sync check` says.
"""

from __future__ import annotations

import inspect
import json
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from authoring.languages import LocalizedText
from quizzes import values
from quizzes.key_words import KEYS, SNIPPETS
from quizzes.questions import Question
from quizzes.quiz import Quiz

DIALECT = "http://json-schema.org/draft-07/schema#"
NAME = "quiz.schema.json"

Schema = dict[str, Any]

_SCALAR = ["string", "number", "boolean"]
_TEXT: Schema = {
    "anyOf": [
        {"type": _SCALAR},
        {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"},
            "additionalProperties": {"type": _SCALAR},
        },
    ]
}
_NUMBER: Schema = {"type": ["number", "string"]}

_SHARE = "^\\s*[-+\N{MINUS SIGN}]?(\\d{1,6}(\\.\\d{1,20})?\\s*%|\\d{1,6}\\s*/\\s*\\d{1,6}|0)\\s*$"

# What each validator of quizzes/values.py takes; it says the rest itself.
_BY_VALIDATOR: Mapping[str, Schema] = {
    "_number": _NUMBER,
    "_tolerance": _NUMBER,
    "_points": _NUMBER,
    "_penalty": _NUMBER,
    "_ratio": _NUMBER,
    "_score": {"anyOf": [{"const": 0}, {"type": "string", "pattern": _SHARE}]},
    "_flag": {"type": "boolean"},
    "_question_id": {"type": ["string", "number"], "pattern": "^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"},
    "_quiz_id": {"type": ["string", "number"], "pattern": "^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$", "maxLength": values.MAX_QUIZ_ID},
    "_seconds": {"type": ["string", "null"]},
    "_percent": {"type": ["string", "null"]},
    "_words": {"type": "string", "pattern": "\\.\\."},
    "_bytes": {"type": "string"},
    "_difficulties": {"type": "string", "pattern": "^(easy|medium|hard)(\\.\\.(easy|medium|hard))?$"},
    "_one_line": {"type": _SCALAR},
    "_moment": {"type": "string"},
    "_language": {"type": "string"},
}  # fmt: skip
_IN_SHORT = {"text_in_short": _TEXT, "number_in_short": {"type": ["number", "string"]}}


def quiz_schema() -> Schema:
    """The schema of `quizzes/<slug>.yaml`."""
    walk = _Walk()
    root = walk.model(Quiz)
    root["properties"]["questions"] = walk.questions()
    return {
        "$schema": DIALECT,
        "$id": f"urn:lms-sync:{NAME}",
        "title": "A quiz",
        **root,
        "definitions": dict(sorted(walk.definitions.items())),
    }


def schema_text() -> str:
    """The file as it is shipped."""
    return json.dumps(quiz_schema(), ensure_ascii=False, indent=1) + "\n"


class _Walk:
    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}

    def questions(self) -> Schema:
        """The list of questions: the type decides which keys there are."""
        models = list(get_args(get_args(Question)[0]))
        names: list[str] = []
        branches: list[Schema] = []
        for model in models:
            (name,) = get_args(model.model_fields["type"].annotation)
            names.append(name)
            self.definitions[name] = self.model(model)
            branches.append(
                {
                    "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
                    "then": {"$ref": f"#/definitions/{name}"},
                }
            )
        kinds = {
            "enum": names,
            "markdownDescription": KEYS["type"],
            "enumDescriptions": [_first_line(model) for model in models],
            "markdownEnumDescriptions": [_first_line(model) for model in models],
        }
        return {
            "type": "array",
            "markdownDescription": KEYS["questions"],
            "items": {
                "type": "object",
                "properties": {
                    "id": {**_BY_VALIDATOR["_question_id"], "markdownDescription": KEYS["id"]},
                    "type": kinds,
                },
                "required": ["id", "type"],
                "allOf": branches,
                "defaultSnippets": [
                    {"label": name, "description": _first_line(model), "body": SNIPPETS[name]}
                    for name, model in zip(names, models, strict=True)
                ],
            },
        }

    def model(self, model: type[BaseModel]) -> Schema:
        """An object with the keys of a model and no others."""
        properties: Schema = {}
        required: list[str] = []
        for name, info in model.model_fields.items():
            key = info.alias or name
            properties[key] = {**self.field(info), "markdownDescription": _about(model, key)}
            if info.is_required():
                required.append(key)
        schema: Schema = {
            "type": "object",
            "markdownDescription": _first_line(model),
            "properties": properties,
            "additionalProperties": False,
        }
        return {**schema, "required": required} if required else schema

    def field(self, info: FieldInfo) -> Schema:
        """What a field takes."""
        return self._with(info.annotation, info.metadata)

    def _with(self, annotation: Any, metadata: typing.Sequence[Any]) -> Schema:
        short: Schema | None = None
        for one in metadata:
            name = getattr(getattr(one, "func", None), "__name__", "")
            if name in _BY_VALIDATOR:
                return dict(_BY_VALIDATOR[name])
            if name in _IN_SHORT:
                short = _IN_SHORT[name]
            elif name == "check":  # a count within limits
                limits = inspect.getclosurevars(one.func).nonlocals
                return {"type": "integer", "minimum": limits["lowest"], "maximum": limits["highest"]}
        found = self.annotation(annotation)
        if short is _TEXT:
            self.definitions["Text"] = _TEXT
            short = {"$ref": "#/definitions/Text"}
        return {"anyOf": [short, found]} if short is not None else found

    def annotation(self, annotation: Any) -> Schema:
        """The schema of a type."""
        origin, args = get_origin(annotation), get_args(annotation)
        if origin is typing.Annotated:
            return self._with(args[0], args[1:])
        if annotation is LocalizedText:
            self.definitions["Text"] = _TEXT
            return {"allOf": [{"$ref": "#/definitions/Text"}]}
        if origin is Literal:
            return {"enum": list(args)}
        if origin in (Union, types.UnionType):
            parts = [self.annotation(one) for one in args if one is not type(None)]
            return parts[0] if len(parts) == 1 else {"anyOf": parts}
        if origin is tuple:
            return {"type": "array", "items": self.annotation(args[0])}
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self.annotation(args[1])}
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            name = annotation.__name__
            if name not in self.definitions:
                self.definitions[name] = {}
                self.definitions[name] = self.model(annotation)
            return {"allOf": [{"$ref": f"#/definitions/{name}"}]}  # beside a bare $ref nothing else counts
        if annotation is str:
            return {"type": _SCALAR}
        if annotation is int:
            return {"type": "integer"}
        raise TypeError(annotation)


def _first_line(model: Callable[..., object]) -> str:
    return inspect.cleandoc(model.__doc__ or "").split("\n\n")[0].replace("\n", " ")


def _about(model: type[BaseModel], key: str) -> str:
    return KEYS.get(f"{model.__name__}.{key}") or KEYS[key]


if __name__ == "__main__":
    import sys

    sys.stdout.write(schema_text())
