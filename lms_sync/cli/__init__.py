"""The command `lms-sync`: verbs grouped by the person who uses them; parse, call, print, exit code."""

from __future__ import annotations

from lms_sync.cli import interrupt  # first, see there

# isort: split
import gc
import importlib
import sys
from typing import Any, cast

import click

from lms_sync.cli.help_words import first_sentence, in_language
from lms_sync.cli.outcome import asked_language, run_command

__all__ = ["VERBS", "commands", "interrupt", "main"]

# verb → (module, function, what --help says of it). Modules are loaded only when their verb is used: --help loads none.
VERBS: dict[str, dict[str, tuple[str, str, str]]] = {
    "trainer": {
        "init": ("trainer", "init", "Begin a new academy: a small course with a quiz, ready to be changed."),
        "new": ("trainer_new", "new", "Begin a course, a lesson or a quiz."),
        "check": (
            "trainer",
            "check",
            "Read courses, quizzes, people, policies and programmes; list all mistakes with places and remedies.",
        ),
        "build": (
            "trainer_build",
            "build",
            "Write the course packages and question banks into the folder build.",
        ),
        "inspect": (
            "trainer_inspect",
            "inspect_file",
            "Look into a SCORM package from anyone: broken rules, pages, size, risky content. Nothing is unpacked.",
        ),
        "preview": ("trainer_preview", "preview", "See a course or a quiz as learners will."),
        "export": ("trainer_export", "export", "A quiz as GIFT, or as a workbook to fill in."),
    },
    "administrator": {
        "doctor": ("administrator", "doctor", "Say what a site lacks for the sync, and how to mend it."),
        "adopt": (
            "administrator_adopt",
            "adopt",
            "Take a course that is on the site already into pull, certify and report. Moodle is only read.",
        ),
        "import": (
            "administrator_import",
            "import_course_verb",
            "Write a course that is on the site already as files: sections, activities, quizzes with their questions.",
        ),
        "plan": ("administrator", "plan", "Show what apply would do on the site. Nothing is changed."),
        "apply": ("administrator", "apply", "Bring the site to what the files say, after showing the plan."),
        "drift": (
            "administrator_drift",
            "drift",
            "Show what somebody has changed in Moodle since our last apply.",
        ),
        "pull": (
            "administrator_pull",
            "pull",
            "Bring completions, grades, quiz attempts and SCORM results since the last pull.",
        ),
        "run": (
            "administrator_jobs",
            "run",
            "Run the configuration's schedule on this machine: pull, certify, report and backup of all sites.",
        ),
        "worker": (
            "administrator_jobs",
            "worker",
            "Run the schedule together with other workers, on as many machines as wanted. Needs PostgreSQL.",
        ),
        "runs": (
            "administrator_drift",
            "runs",
            "List what was run on a site, newest first: number, time, verb, outcome, counts.",
        ),
        "status": ("administrator_jobs", "status", "Say what is fresh, what is stale, and why."),
        "backup": (
            "administrator_store",
            "backup",
            "Write the whole state database into one file, while the schedule goes on.",
        ),
        "restore": (
            "administrator_store",
            "restore",
            "Put a backup into the state database that config.yaml names, of either kind.",
        ),
        "plugin": ("administrator", "plugin", "The companion plugin for Moodle."),
    },
    "officer": {
        "people": (
            "officer_people",
            "people",
            "Participants: import lists, see who is where, merge, print slips.",
        ),
        "sessions": ("officer_sessions", "sessions", "Sign-in sheets; attendance read back."),
        "milestones": (
            "officer_milestones",
            "milestones",
            "The path of each institution; steps recorded by hand.",
        ),
        "questionnaire": (
            "officer_questionnaire",
            "questionnaire",
            "Needs assessment: forms, answers, before and after.",
        ),
        "certify": ("officer", "certify", "Decide who has earned an award; propose."),
        "approve": ("officer", "approve", "Approve proposed awards and issue them."),
        "explain": ("officer_explain", "explain", "Why somebody has an award, or has not."),
        "certificates": (
            "officer_certificates",
            "certificates",
            "Suspend, revoke, correct, renew; what to review.",
        ),
        "audit": ("officer_audit", "audit", "Check the register; export it for the archive."),
        "privacy": ("officer_privacy", "privacy", "Export or erase a person; who is due by rule."),
        "report": ("officer_report", "report", "Numbers for the institution, the donor and the auditor."),
        "helpdesk": ("officer_helpdesk", "helpdesk", "The help desk: its site, its questions."),
        "keys": ("officer_keys", "keys", "The institution's signing key."),
        "serve": ("officer", "serve", "Serve the public verification portal."),
    },
    "everyone": {
        "demo": (
            "everyone",
            "demo",
            "Play a whole programme on this machine: course, stand-in Moodle, sessions, certificates, verification.",
        ),
        "standin": (
            "everyone",
            "standin",
            "Start the stand-in Moodle, to try things without a site. It forgets everything when it ends.",
        ),
    },
}


class VerbGroup(click.Group):
    """Loads a verb's module when it is needed and lists verbs by person."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, in the order of the table above."""
        return [verb for verbs in VERBS.values() for verb in verbs]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command, or None."""
        for verbs in VERBS.values():
            if cmd_name in verbs:
                module, name, _ = verbs[cmd_name]
                command: click.Command = getattr(importlib.import_module(f"lms_sync.cli.{module}"), name)
                return in_language(command, asked_language())
        return None

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """In the reader's language."""
        spoken = in_language(self, asked_language())
        return super(VerbGroup, cast("VerbGroup", spoken)).make_context(info_name, args, parent, **extra)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Verbs with their first help line, one section a person."""
        language = asked_language()
        for person, verbs in VERBS.items():
            with formatter.section(f"For the {person}" if person != "everyone" else "For everyone"):
                said = {
                    verb: in_language(click.Command(verb, help=verbs[verb][2]), language) for verb in verbs
                }
                formatter.write_dl([(verb, first_sentence(one)) for verb, one in said.items()])


@click.group(
    cls=VerbGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="lms-sync", message="lms-sync %(version)s")
def commands() -> None:
    """Courses, quizzes and verifiable certificates around an existing Moodle."""


def main() -> None:
    """Entry point: runs a verb, turns its errors into words and its outcome into an exit code."""
    # What a verb makes lives mostly as long as it does; Python's own threshold has it look for rubbish all the time.
    gc.set_threshold(100_000, 50, 50)
    outcome = run_command(commands)
    gc.freeze()  # nobody needs the memory after this; without it, Python's end looks through all of it three times
    sys.exit(outcome)
