"""The schema that editors get is made from the models, and takes and refuses what the product does.

Completion and hover in a real yaml-language-server: editor_campaign.py, which `make proofs YAML_SERVER=…` runs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from authoring.read_yaml import parse_yaml
from quizzes.json_schema import quiz_schema, schema_text
from quizzes.key_words import SNIPPETS

REPOSITORY = Path(__file__).parents[2]
SHIPPED = REPOSITORY / "authoring" / "starter" / "quiz.schema.json"
SAMPLES = Path(__file__).parent / "samples"
HEAD = "schema: quiz/1\nid: trial\ntitle: Trial\nlanguages: {default: sq, offered: [sq, en]}\n"
SWALLOWED = yaml.load((SAMPLES / "swallowed.yaml").read_text("utf-8"), yaml.CSafeLoader)

# What is wrong with the form alone, so that an editor can tell it.
OF_THE_FORM = (
    *("yaml.missing-key", "yaml.unknown-key", "yaml.unknown-key-similar", "yaml.wrong-choice"),
    *("quiz.not-true-or-false", "quiz.gap-group", "quiz.blank-points", "quiz.order-count", "quiz.pixels"),
    *("quiz.marker-times", "quiz.attachments-range", "quiz.essay-lines", "quiz.score-not-score"),
)


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json.loads(SHIPPED.read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def test_shipped_schema_is_the_one_that_the_models_make() -> None:
    assert SHIPPED.read_text(encoding="utf-8") == schema_text(), "python -m quizzes.json_schema > " + str(
        SHIPPED
    )


@pytest.mark.parametrize(
    "path",
    [*REPOSITORY.glob("examples/*/quizzes/*.yaml"), *(SAMPLES / "quizzes").glob("*.yaml")],
    ids=lambda path: path.stem,
)
def test_schema_takes_every_quiz_that_the_product_takes(path: Path, validator: Any) -> None:
    data = parse_yaml(path.read_text(encoding="utf-8"), path.name).data
    assert [one.message for one in validator.iter_errors(data)] == []


@pytest.mark.parametrize(
    "case", [one for one in SWALLOWED if one.get("warning")], ids=lambda one: one["case"]
)
def test_schema_takes_what_is_only_a_warning(case: dict[str, str], validator: Any) -> None:
    assert validator.is_valid(parse_yaml(HEAD + case["quiz"], "").data)


@pytest.mark.parametrize(
    "case", [one for one in SWALLOWED if one["code"] in OF_THE_FORM], ids=lambda one: one["case"]
)
def test_schema_refuses_what_is_wrong_with_the_form(case: dict[str, str], validator: Any) -> None:
    assert not validator.is_valid(parse_yaml(HEAD + case["quiz"], "").data)


def test_every_type_has_a_form_and_a_snippet_that_fits_it(validator: Any) -> None:
    schema = quiz_schema()
    items = schema["properties"]["questions"]["items"]
    types = items["properties"]["type"]["enum"]
    assert set(types) == SNIPPETS.keys() == {one["label"] for one in items["defaultSnippets"]}
    for kind in types:
        assert schema["definitions"][kind]["additionalProperties"] is False
        body = json.loads(json.dumps(SNIPPETS[kind]).replace("$1", "a").replace("$3", "1").replace("$4", "1"))
        head = {
            "schema": "quiz/1",
            "id": "q",
            "title": "Q",
            "languages": {"default": "sq", "offered": ["sq"]},
        }
        assert [one.message for one in validator.iter_errors({**head, "questions": [body]})] == []


def test_every_key_says_what_it_is() -> None:
    def walk(schema: Any) -> None:
        if isinstance(schema, dict):
            for one in schema.get("properties", {}).values():
                if isinstance(one, dict) and "markdownDescription" not in one:
                    raise AssertionError(one)
            for one in schema.values():
                walk(one)

    for definition in quiz_schema()["definitions"].values():
        walk(definition)
