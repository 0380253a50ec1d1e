"""Runs after the other files: nothing that the product calls was left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from recordings import ALL_CALLED
from sites import SiteUnderTest

import lms_sync.learners
from lms_sync.moodle.functions import FUNCTIONS

LEARNER_FUNCTIONS = frozenset(
    re.findall(r'"(mod_[a-z_]+|core_[a-z_]+)"', Path(lms_sync.learners.__file__).read_text(encoding="utf-8"))
)


def test_every_function_of_the_product_was_called_and_answered(
    site: SiteUnderTest, request: pytest.FixtureRequest
) -> None:
    config = request.config
    if config.option.keyword or any("test_coverage" in one or "::" in one for one in config.args):
        pytest.skip("only a part of the suite runs")
    assert len(LEARNER_FUNCTIONS) >= 8
    assert not set(FUNCTIONS) - site.transcript.answered
    assert not LEARNER_FUNCTIONS - site.transcript.answered
    site.figures[ALL_CALLED] = (
        f"{len(FUNCTIONS)} of {len(FUNCTIONS)} of the product, {len(LEARNER_FUNCTIONS)} of {len(LEARNER_FUNCTIONS)} of learners"
    )
