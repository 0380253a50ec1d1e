"""A policy file is read as a whole: every mistake at its place, and its own tests are run."""

from __future__ import annotations

from pathlib import Path

import pytest

from authoring.messages import LANGUAGES, describe, text
from authoring.problems import ContentError, Problem
from certificates.check_policy import check_policy
from certificates.policy import parse_policy, read_policies, read_policy
from lms_sync.package_data import example_academy


def problems_of(changed: str) -> list[Problem]:
    with pytest.raises(ContentError) as caught:
        parse_policy(changed, "policy.yaml")
    return list(caught.value.problems)


def test_a_policy_keeps_its_text_and_names_its_rules_by_it(policy_text: str) -> None:
    policy = parse_policy(policy_text, "policy.yaml")
    assert policy.text == policy_text
    assert policy.sha256 != parse_policy(policy_text.replace("70%", "71%"), "policy.yaml").sha256
    assert policy.courses == ("archive-officers",)


def test_the_tests_in_a_policy_file_pass(policy_text: str) -> None:
    assert check_policy(parse_policy(policy_text, "policy.yaml")) == []


def test_every_example_policy_is_sound() -> None:
    policies = read_policies(example_academy("archive-officers"))
    assert policies
    for policy in policies:
        assert check_policy(policy, known={"archive-officers", "archive-officers/final"}) == []


def test_a_failing_test_is_told_with_its_place_and_both_values(policy_text: str) -> None:
    policy = parse_policy(policy_text.replace("min: 70%", "min: 90%"), "policy.yaml")
    found = check_policy(policy)
    assert {problem.params["key"] for problem in found} == {"state", "earned_on", "expires_on"}
    line = (
        policy_text.splitlines().index(
            "    expect: {state: eligible, earned_on: 2026-03-04, expires_on: 2029-03-03}"
        )
        + 1
    )
    assert {problem.place.line for problem in found} == {line}
    assert "expects state: eligible, but the policy gives pending" in describe(found[-1], "en")


def test_a_policy_without_tests_is_a_warning(policy_text: str) -> None:
    (only,) = check_policy(parse_policy(policy_text.split("tests:", maxsplit=1)[0], "policy.yaml"))
    assert (only.code, only.severity) == ("policy.no-tests", "warning")


def test_a_requirement_that_can_never_be_met_is_told_with_the_nearest_key(policy_text: str) -> None:
    policy = parse_policy(
        policy_text.replace("course_completed: archive-officers\n", "course_completed: archive-oficers\n"),
        "p",
    )
    found = [
        p
        for p in check_policy(policy, known={"archive-officers", "archive-officers/final"})
        if p.code == "policy.never-met"
    ]
    assert [p.params["similar"] for p in found] == ["archive-officers"]


@pytest.mark.parametrize(
    ("old", "new", "code", "above"),
    [
        ("min: 70%", "min: 0.7", "policy.percent", 0),
        ("min: 70%", "min: 101%", "policy.percent", 0),
        ("as_of: 2026-03-05", "as_of: 5 March 2026", "policy.date", 0),
        ("as_of: 2026-03-05", "as_of: 2026-02-30", "policy.date", 0),
        ("validity: {months: 36}", "validity:", "policy.validity", 0),
        ("Europe/Tirane", "Europe/Tirana", "policy.timezone", 0),
        ("languages: [sq, en]", "languages: [sq, en, sq]", "policy.languages", 0),
        ("languages: [sq, en]", "languages: [sq, sq]", "policy.languages", 0),
        (", en: General Director}", "}", "policy.translation-missing", 0),
        (", Mban librin e protokollit]", "]", "policy.outcomes-differ", 1),
        ("- course_completed: archive-officers\n", "- {}\n", "policy.one-requirement", 0),
        ("  all:\n", "  any: []\n  all:\n", "policy.one-requirement", 1),
        ("activity: archive-officers/final, min", "activity: final, min", "policy.activity-key", 0),
        ("{n:05d}", "{m:05d}", "policy.serial", 0),
        ("{n:05d}", "", "policy.serial", 0),
        ("{n:05d}", "{n.__class__}", "policy.serial", 0),
        ("DPA-{year}", "DPA {year}", "policy.serial", 0),
        ("score: 82%, ", "", "policy.given", 0),
        ("hours: 16", "hourz: 16", "yaml.unknown-key-similar", 0),
        ("version: 1", "version: one", "yaml.needs-whole-number", 0),
        ("kind: achievement", "kind: achievment", "yaml.wrong-choice", 0),
        ("approval: manual", "approval: maybe", "yaml.wrong-choice", 0),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_line_in_three_languages(
    policy_text: str, old: str, new: str, code: str, above: int
) -> None:
    line = policy_text[: policy_text.index(old)].count("\n") + 1 - above
    found = {problem.code: problem for problem in problems_of(policy_text.replace(old, new, 1))}
    assert code in found
    assert found[code].place.line == line
    for language in LANGUAGES:
        words = describe(found[code], language)
        assert code not in words
        assert "{" not in words.replace("{n}", "").replace("{year}", "").replace("{n:05d}", "").replace(
            "{months: 36}", ""
        ).replace(new, "")


def test_all_mistakes_are_told_at_once(policy_text: str) -> None:
    changed = (
        policy_text.replace("Europe/Tirane", "Mars")
        .replace("{n:05d}", "")
        .replace(", en: General Director}", "}")
    )
    codes = [problem.code for problem in problems_of(changed)]
    assert codes == ["policy.translation-missing", "policy.timezone", "policy.serial"]


def test_an_award_may_be_valid_for_ever(policy_text: str) -> None:
    assert parse_policy(policy_text.replace("{months: 36}", "none"), "p").validity is None


def test_two_policies_with_one_id_are_refused(tmp_path: Path, policy_text: str) -> None:
    for slug in ("one", "two"):
        folder = tmp_path / "certificates" / slug
        folder.mkdir(parents=True)
        (folder / "policy.yaml").write_text(policy_text, encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        read_policies(tmp_path)
    assert [p.code for p in caught.value.problems] == ["policy.same-id"]
    assert caught.value.problems[0].place.file == "certificates/two/policy.yaml"


def test_an_academy_without_policies_has_none(tmp_path: Path) -> None:
    assert read_policies(tmp_path) == ()


def test_a_missing_file_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    with pytest.raises(ContentError):
        read_policy(tmp_path / "policy.yaml", root=tmp_path)


def test_hours_are_counted_by_the_rules_of_each_language() -> None:
    assert text("certificate.hours", {"n": 1}, "ro") == "1 oră de formare"
    assert text("certificate.hours", {"n": 16}, "ro") == "16 ore de formare"
    assert text("certificate.hours", {"n": 20}, "ro") == "20 de ore de formare"
    assert text("certificate.hours", {"n": 16}, "sq") == "16 orë trajnimi"
