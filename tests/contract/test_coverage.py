"""Runs after the other files: nothing that the product calls was left out, by what stands in its code."""

from __future__ import annotations

import pytest
from called_functions import LISTS, ROOT, called_functions, functions_in
from recordings import ALL_CALLED
from sites import SiteUnderTest
from test_contract_without_plugin import CORE_SERVICE, NEW_PASSWORD

from lms_sync.moodle.functions import ADOPT_FUNCTIONS, FUNCTIONS, MANY_CALLS, READ_ONLY_FUNCTIONS


def called() -> frozenset[str]:
    """What is called; every process that collects the tests would read the product's code for it, so only a test does."""
    return frozenset(called_functions())


TRAINER = "trainer-marks"
WHERE_POSSIBLE = {
    CORE_SERVICE: {"core_update_inplace_editable", "core_course_get_course_module"},
    NEW_PASSWORD: {"core_user_update_users"},
    TRAINER: {"mod_assign_save_grade"},
}
"""No service of the site under test offers these to the account; where a step could not be run, it is counted by name."""


def test_every_function_of_the_product_was_called_and_answered(
    site: SiteUnderTest, request: pytest.FixtureRequest
) -> None:
    config = request.config
    if config.option.keyword or any("test_coverage" in one or "::" in one for one in config.args):
        pytest.skip("only a part of the suite runs")
    expected = called().difference(*(WHERE_POSSIBLE[step] for step in site.skipped if step in WHERE_POSSIBLE))
    assert not expected - site.transcript.answered
    answered = len(called() & site.transcript.answered)
    site.figures[ALL_CALLED] = f"{answered} of {len(called())} that stand in the product's code"


def test_what_the_product_calls_is_found_in_its_code() -> None:
    assert len(called()) >= 40
    for function, where in {
        "core_cohort_create_cohorts": "lms_sync/apply.py",
        "core_update_inplace_editable": "lms_sync/moodle/state_by_core.py",
        "gradereport_user_get_grade_items": "lms_sync/pull_by_person.py",
        "mod_scorm_insert_scorm_tracks": "lms_sync/learners.py",
        "local_lmssync_get_changes": "lms_sync/plugin_source.py",
        "local_lmssync_get_news": "lms_sync/plugin_source.py",
        MANY_CALLS: "lms_sync/moodle/many_calls.py",
    }.items():
        assert where in called_functions()[function]


def test_the_lists_of_what_a_service_must_offer_are_what_is_called() -> None:
    listed = functions_in(ROOT / LISTS)
    assert listed == {*FUNCTIONS, *READ_ONLY_FUNCTIONS, *ADOPT_FUNCTIONS} | (listed & called())
    assert set(FUNCTIONS) <= called()
    assert set(READ_ONLY_FUNCTIONS) <= called()
