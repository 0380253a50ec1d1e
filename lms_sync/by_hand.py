"""What a person has to do in Moodle where the companion plugin is missing. Pure."""

from __future__ import annotations

from dataclasses import replace

from lms_sync.plan import Action, Change, Kind, Plan

MADE_BY_CORE = frozenset({Kind.CATEGORY, Kind.COURSE, Kind.COHORT, Kind.GROUP})
"""Kinds of which every owned field is written, and read back, by core's functions."""

_CONTENT = {Kind.QUESTION_CATEGORY, Kind.QUESTION, Kind.ACTIVITY, Kind.CRITERIA}
_WORK = {Action.CREATE, Action.UPDATE, Action.MOVE, Action.HIDE}


def by_hand(plan: Plan) -> Plan:
    """The plan for a site without the companion plugin.

    Core's functions make course categories, courses with their sections, cohorts, groups and enrolments. They
    name the sections of a course that is being made, and change nothing else of what stands on a course page.
    """
    new = {
        change.key for change in plan.changes if change.kind is Kind.COURSE and change.action is Action.CREATE
    }
    return replace(plan, changes=tuple(_divided(change, new) for change in plan.changes))


def _divided(change: Change, new_courses: set[str]) -> Change:
    named_by_us = (
        change.kind is Kind.SECTION and change.action is Action.CREATE and change.scope in new_courses
    )
    theirs = change.kind in _CONTENT or (change.kind is Kind.SECTION and not named_by_us)
    if theirs and change.action in _WORK:
        return replace(change, action=Action.BY_HAND, reason="plan.by-hand")
    return change
