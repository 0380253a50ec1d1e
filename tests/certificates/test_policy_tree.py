"""Requirements as a tree: n of several, within months, prior learning, equivalences, versions; and what can never be met."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from authoring.messages import LANGUAGES, describe
from authoring.problems import ContentError, Problem
from certificates.check_policy import check_policies, check_policy
from certificates.decide import decide, decide_by_version
from certificates.held import Held, HeldAward
from certificates.policy import Policy, parse_policy, read_policies
from certificates.reasons import Reason
from lms_sync.facts import PRIOR_LEARNING, Fact
from programmes.programme import Programme, read_programme

COMMON = """\
schema: policy/1
id: award
version: 1
kind: achievement
title: T
description: D
criteria: C
hours: 8
issuer_name: I
signatory: {name: N, role: R}
timezone: Europe/Tirane
languages: [en]
approval: manual
serial: {pattern: "A-{n}"}
"""
FAR = date(2400, 1, 1)


def policy(rest: str, validity: str = "validity: none") -> Policy:
    return parse_policy(f"{COMMON}{validity}\n{rest}", "policy.yaml")


def at(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC)


def course(day: str, name: str = "a") -> Fact:
    return Fact("course_completion", f"c{name}{day}", at(day), "p", name, "", {"complete": True})


def quiz(day: str, points: float = 80, activity: str = "a/final") -> Fact:
    value = {"item": "mod", "grade": points, "max": 100.0}
    return Fact(
        "grade", f"g{day}{activity}", at(day), "p", activity.split("/", maxsplit=1)[0], activity, value
    )


def prior(day: str, kind: str = "diploma", *, recognised: bool = True, told: str | None = None) -> Fact:
    value = {"recognised": recognised, "on": day, "evidence": "e", "recorded_by": "O"}
    return Fact(PRIOR_LEARNING, kind, at(told or day), "p", "", kind, value)


def earned(one: Policy, *facts: Fact, as_of: date = FAR, held: Held | None = None) -> date | None:
    return decide(one, facts, as_of, holder="p", held=held or Held()).earned_on


N_OF = policy("require: {n_of: {n: 2, of: [{course_completed: a}, {quiz: {activity: a/final, min: 70%}}, {prior_learning: diploma}]}}")  # fmt: skip
WITHIN = policy("require: {within: {months: 3, require: {all: [{course_completed: a}, {quiz: {activity: a/final, min: 70%}}]}}}")  # fmt: skip


def test_n_of_several_is_met_on_the_day_of_the_nth() -> None:
    assert earned(N_OF, course("2026-03-01")) is None
    assert earned(N_OF, course("2026-03-01"), prior("2026-05-01")) == date(2026, 5, 1)
    all_three = (course("2026-03-01"), prior("2026-05-01"), quiz("2026-04-01"))
    assert earned(N_OF, *all_three) == date(2026, 4, 1)
    found = decide(N_OF, [course("2026-03-01"), quiz("2026-04-01")], FAR)
    assert [reason.met for reason in found.why] == ["yes", "yes", "not needed"]
    assert {reason.path for reason in found.why} == {("n_of:2:0",)}
    assert [Reason.from_json(reason.as_json()) for reason in found.why] == list(found.why)


def test_within_months_counts_the_last_valid_day_and_the_best_window() -> None:
    assert earned(WITHIN, course("2026-01-31"), quiz("2026-04-29")) == date(2026, 4, 29)
    assert earned(WITHIN, course("2026-01-31"), quiz("2026-04-30")) is None  # three months end on 29 April
    assert earned(WITHIN, course("2026-01-31"), quiz("2026-06-01"), course("2026-07-01")) == date(2026, 7, 1)
    # The earliest way counts, and what comes later takes nothing away.
    facts = (quiz("2026-01-01"), course("2026-02-01"), quiz("2026-03-01"), course("2027-01-01"))
    assert earned(WITHIN, *facts) == date(2026, 2, 1)


def test_what_is_missing_within_months_is_told_for_the_months_that_still_run() -> None:
    facts = [course("2026-01-31")]
    running = decide(WITHIN, facts, date(2026, 4, 29))
    assert [(reason.requirement, reason.met) for reason in running.why] == [
        ("course_completed", "yes"),
        ("quiz", "no"),
    ]
    assert running.look_again_on == date(2026, 4, 30)
    over = decide(WITHIN, facts, date(2026, 4, 30))
    assert [reason.met for reason in over.why] == ["no", "no"]


def test_prior_learning_is_recognised_and_taken_back_like_attendance() -> None:
    one = policy("require: {any: [{course_completed: a}, {prior_learning: diploma}]}")
    assert one.prior_learning == ("diploma",)
    assert earned(one, prior("2026-03-01")) == date(2026, 3, 1)
    assert earned(one, prior("2026-03-01", "another")) is None
    back = prior("2026-03-01", recognised=False, told="2026-04-01")
    assert earned(one, prior("2026-03-01"), back) is None
    assert earned(one, prior("2026-03-01"), back, as_of=date(2026, 3, 31)) == date(2026, 3, 1)


def test_what_counts_as_well_stands_for_what_is_asked_for() -> None:
    one = policy("""\
require: {all: [{course_completed: a}, {quiz: {activity: a/final, min: 70%}}, {award: basics}]}
equivalences:
  course_completed: {a: [old]}
  quiz: {a/final: old/test}
  award: {basics: [former-basics]}
""")
    assert one.courses == ("a", "old")
    assert one.awards == ("basics", "former-basics")
    held = Held([HeldAward("p", "former-basics", date(2026, 1, 1))])
    facts = (course("2026-03-01", "old"), quiz("2026-03-02", 75, "old/test"))
    assert earned(one, *facts, held=held) == date(2026, 3, 2)
    why = decide(one, facts, FAR, holder="p", held=held).why
    assert why[2].notes[0].award == "former-basics"
    assert earned(one, *facts) is None


def test_a_version_counts_while_it_is_in_effect_and_the_first_that_was_met_decides(tmp_path: Path) -> None:
    folder = tmp_path / "certificates" / "award"
    folder.mkdir(parents=True)
    old = f"{COMMON}validity: none\nrequire: {{course_completed: a}}\neffective: {{until: 2026-06-30}}\n"
    new = f"{COMMON}validity: none\nrequire: {{quiz: {{activity: a/final, min: 70%}}}}\neffective: {{from: 2026-07-01}}\n"
    (folder / "policy-1.yaml").write_text(old, encoding="utf-8")
    (folder / "policy.yaml").write_text(new.replace("version: 1", "version: 2"), encoding="utf-8")
    (one,) = read_policies(tmp_path)
    assert (one.version, [version.version for version in one.versions]) == (2, [1, 2])

    def by(*facts: Fact, as_of: date = FAR) -> tuple[int, str, date | None]:
        version, found = decide_by_version(one, facts, as_of)
        return version.version, found.state, found.earned_on

    assert by(course("2026-06-30")) == (1, "eligible", date(2026, 6, 30))
    assert by(course("2026-07-01")) == (2, "pending", None)
    assert by(quiz("2026-03-01")) == (2, "eligible", date(2026, 7, 1))  # met before: from the first day
    assert by(quiz("2026-03-01"), as_of=date(2026, 6, 30)) == (1, "pending", None)
    waiting = decide_by_version(one, [quiz("2026-03-01")], date(2026, 6, 30))[1]
    assert waiting.look_again_on == date(2026, 7, 1)
    (folder / "policy-1.yaml").write_text(old.replace("2026-06-30", "2026-07-01"), encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        read_policies(tmp_path)
    assert [problem.code for problem in caught.value.problems] == ["policy.version-overlap"]


def test_before_and_after_its_days_a_policy_says_that_it_is_not_in_effect() -> None:
    one = policy(
        "require: {course_completed: a}\neffective: {from: 2026-03-01}", "validity: {until: 2026-12-31}"
    )
    before = decide(one, [course("2026-02-01")], date(2026, 2, 28))
    assert [reason.requirement for reason in before.missing] == ["effective"]
    late = decide(one, [course("2027-01-01")], date(2027, 1, 1))
    assert [reason.requirement for reason in late.missing] == ["course_completed", "effective"]
    assert decide(one, [course("2026-12-31")], FAR).expires_on == date(2026, 12, 31)


# --- bad input --------------------------------------------------------------------------------


def problems_of(rest: str, validity: str = "validity: none") -> list[Problem]:
    try:
        return [one for one in check_policy(policy(rest, validity)) if one.severity == "error"]
    except ContentError as error:
        return list(error.problems)


@pytest.mark.parametrize(
    ("rest", "validity", "code"),
    [
        ("require: {n_of: {n: 3, of: [{course_completed: a}, {award: b}]}}", "validity: none", "policy.n-of-fewer"),
        ("require: {course_completed: a}\neffective: {from: 2026-03-02, until: 2026-03-01}", "validity: none", "policy.dates-contradict"),
        ("require: {course_completed: a}\neffective: {from: 2026-03-02}", "validity: {until: 2026-03-01}", "policy.dates-contradict"),
        ("require: {course_completed: a}", "validity: {months: 3, until: 2026-03-01}", "policy.validity"),
        ("require: {course_completed: a}", "validity: {ends_on: 2026-03-01}", "policy.validity"),
        ("require: {course_completed: a}\nrenewal: {window_months: 1}", "validity: none", "policy.renewal-without-end"),
        ("require: {course_completed: a}\nrenewal: {window_months: 13}", "validity: {months: 12}", "policy.window-too-long"),
        ("require: {course_completed: a}\nequivalences: {quiz: {a/final: b/final}}", "validity: none", "policy.equivalence-unused"),
        ("require: {course_completed: a}\nequivalences: {course_completed: {a: a}}", "validity: none", "policy.equivalence-empty"),
        ("require: {within: {months: 2, require: {}}}", "validity: none", "policy.one-requirement"),
    ],
)  # fmt: skip
def test_a_policy_that_contradicts_itself_is_told_in_three_languages(
    rest: str, validity: str, code: str
) -> None:
    found = {problem.code: problem for problem in problems_of(rest, validity)}
    assert code in found
    assert found[code].place.line > 0
    for language in LANGUAGES:
        assert code not in describe(found[code], language)


def _programme(days: list[str]) -> dict[str, Programme]:
    from lms_sync.package_data import example_academy

    source = example_academy("archive-officers") / "programmes"
    (file,) = list(source.glob("*.yaml"))
    programme = read_programme(file, root=source.parent)
    sessions = [
        session.model_copy(
            update={"days": (session.days[0].model_copy(update={"date": date.fromisoformat(day)}),)}
        )
        for session, day in zip(programme.sessions, days, strict=False)
    ]
    return {programme.id: programme.model_copy(update={"sessions": tuple(sessions)})}


def test_sessions_too_far_apart_or_after_the_end_are_found_before_anybody_is_decided() -> None:
    programmes = _programme(["2026-03-02", "2026-12-02"])
    (programme,) = programmes.values()
    one, two = (session.id for session in programme.sessions)
    both = f"{{attendance: {{programme: {programme.id}, sessions: [{one}, {two}]}}}}"

    def codes(rest: str) -> list[str]:
        found = check_policy(policy(rest), programmes=programmes)
        return [problem.code for problem in found if problem.severity == "error"]

    assert codes(f"require: {both}") == []
    assert codes(f"require: {{within: {{months: 6, require: {both}}}}}") == ["policy.never-met-together"]
    assert codes(f"require: {{within: {{months: 10, require: {both}}}}}") == []
    assert codes(f"require: {both}\neffective: {{until: 2026-11-30}}") == ["policy.never-met-together"]
    either = f"require: {{n_of: {{n: 2, of: [{both}, {{course_completed: a}}, {{prior_learning: d}}]}}}}"
    assert codes(f"{either}\neffective: {{until: 2026-11-30}}") == []


def test_prerequisites_that_lead_back_are_found_through_every_kind_of_group() -> None:
    one = parse_policy(
        f"{COMMON}validity: none\nrequire: {{n_of: {{n: 1, of: [{{award: other}}]}}}}\n", "one"
    )
    other = parse_policy(
        f"{COMMON.replace('id: award', 'id: other')}validity: none\nrequire: {{within: {{months: 2, require: {{award: award}}}}}}\n",
        "other",
    )
    assert {problem.code for problem in check_policies([one, other])} >= {"policy.cycle"}


def test_a_policys_own_tests_may_be_about_renewals() -> None:
    one = policy(
        """\
require: {course_completed: a}
renewal: {window_months: 6, grace_days: 30, require: {quiz: {activity: a/final, min: 70%}}}
tests:
  - given: [{award: award, on: 2026-03-04}, {quiz: a/final, score: 70%, on: 2027-01-10}]
    as_of: 2027-01-10
    expect: {state: eligible, way: renewal, earned_on: 2027-01-10, expires_on: 2028-03-03}
  - given: [{award: award, on: 2026-03-04}]
    as_of: 2026-09-03
    expect: {state: held}
  - given: [{award: award, on: 2026-03-04}]
    as_of: 2026-09-04
    expect: {state: pending, missing: [quiz]}
  - given: [{award: award, on: 2026-03-04, revoked_on: 2026-05-01}, {course_completed: a, on: 2026-04-01}]
    as_of: 2026-05-02
    expect: {state: pending, way: full, missing: [course_completed]}
""",
        "validity: {months: 12}",
    )
    assert check_policy(one) == []
