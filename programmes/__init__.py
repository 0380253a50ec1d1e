"""Programmes: what an institution runs around its courses – partners, sessions, milestones, questionnaires, indicators.

Reads the files that trainers and officers write, and counts; it knows neither network nor database.
"""

from programmes.programme import (
    Milestone,
    Partner,
    Programme,
    Session,
    SessionDay,
    read_programme,
    read_programmes,
)
from programmes.questionnaire import (
    Questionnaire,
    Score,
    read_questionnaire,
    read_questionnaires,
    score_answers,
)

__all__ = [
    "Milestone",
    "Partner",
    "Programme",
    "Questionnaire",
    "Score",
    "Session",
    "SessionDay",
    "read_programme",
    "read_programmes",
    "read_questionnaire",
    "read_questionnaires",
    "score_answers",
]
