"""What every demo has to leave behind, whichever programme it played: a folder and the summary of it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import yaml

AWARDS = {
    "archive-61": {
        "archive-officer": 15,
        "archive-trainer": 3,  # trainers are certified before the sessions that need them
        "certified-municipality": 2,
    },
    "migration-governance": {
        "governance-trainer": 11,  # thirteen pass; one missed a day, one's micro-teaching was not accepted
        "governance-trainer-practised": 6,  # the six who led a pilot session while they were trainers
        "migration-governance-participant": 13,
        "pilot-session-attendance": 8,  # not the one whose session was led too early
    },
    "communication": {"communication-attendance": 19, "communication-beneficiary": 19},
}
INSTITUTIONS = {"archive-61": 61, "migration-governance": 1, "communication": 1}
"""The lines that the completion report has at least."""


def pushed_learned_awarded_and_verified(folder: Path, summary: dict[str, Any]) -> None:
    programme = summary["programme"]
    assert summary["packages"] >= 1
    assert summary["questions"] >= 20
    assert summary["created"] > 0
    assert summary["second_apply_changes"] == 0
    assert summary["facts"] > 0
    assert summary["second_certify_issued"] == 0
    assert summary["verification"] == "valid"
    assert summary["awards"] == AWARDS[programme]
    assert summary["certificates"] == sum(summary["awards"].values())
    assert summary["institutions_certified"] == summary["awards"].get("certified-municipality", 0)
    assert summary["participations"] > 50
    assert summary["questionnaires"] >= 20
    assert summary["milestones"] >= 10
    assert summary["questions_asked"] > summary["questions_answered"] >= 1
    assert (summary["assignments_marked"] >= 15) == (programme != "archive-61")  # which asks for none
    assert "<html" in (folder.parent / summary["coverage_report"]).read_text(encoding="utf-8")
    assert (folder / "build" / "helpdesk" / "index.html").is_file()
    assert (folder.parent / summary["certificate"]).read_bytes().startswith(b"%PDF-")
    assert len(list((folder / "sheets").glob("*.xlsx"))) == summary["sessions"]


def reported(folder: Path, summary: dict[str, Any]) -> None:
    """The completion report has its institutions, also those from which nobody came."""
    report = next((folder / "reports").glob("completion-*.csv"))
    with report.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    assert len(rows) > INSTITUTIONS[summary["programme"]]


def configured(config: str, programme: str) -> None:
    """Language, time zone and issuer are the programme's."""
    settings = yaml.safe_load(config)
    language, zone, issuer = {
        "archive-61": ("sq", "Europe/Tirane", "Drejtoria e Përgjithshme e Arkivave"),
        "migration-governance": ("en", "Europe/Tirane", "Shkolla e Administratës Publike (shembull)"),
        "communication": ("ro", "Europe/Chisinau", None),
    }[programme]
    assert (settings["language"], settings["sites"]["main"]["language"]) == (language, language)
    assert settings["sites"]["main"]["timezone"] == zone
    names = settings["issuer"]["name"]
    assert issuer is None or any(issuer in name for name in names.values())
    assert ("Drejtoria" in str(names)) == (programme == "archive-61")
