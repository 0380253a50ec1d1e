"""The command `lms-sync`: verbs grouped by the person who uses them; parse, call, print, exit code."""

from __future__ import annotations

from lms_sync.cli import interrupt  # first, see there

# isort: split
import importlib
import sys
from typing import Any, cast

import click

from lms_sync.cli.help_words import in_language
from lms_sync.cli.outcome import asked_language, run_command

__all__ = ["VERBS", "commands", "interrupt", "main"]

# verb → (module, function). Modules are loaded only when their verb is used, so that --help is quick.
VERBS: dict[str, dict[str, tuple[str, str]]] = {
    "trainer": {
        "init": ("trainer", "init"),
        "new": ("trainer_new", "new"),
        "check": ("trainer", "check"),
        "build": ("trainer", "build"),
        "inspect": ("trainer_inspect", "inspect_file"),
        "preview": ("trainer_preview", "preview"),
        "export": ("trainer_export", "export"),
    },
    "administrator": {
        "doctor": ("administrator", "doctor"),
        "adopt": ("administrator_adopt", "adopt"),
        "plan": ("administrator", "plan"),
        "apply": ("administrator", "apply"),
        "drift": ("administrator_drift", "drift"),
        "pull": ("administrator_pull", "pull"),
        "run": ("administrator_jobs", "run"),
        "worker": ("administrator_jobs", "worker"),
        "runs": ("administrator_drift", "runs"),
        "status": ("administrator_jobs", "status"),
        "backup": ("administrator_store", "backup"),
        "restore": ("administrator_store", "restore"),
        "plugin": ("administrator", "plugin"),
    },
    "officer": {
        "people": ("officer_people", "people"),
        "sessions": ("officer_sessions", "sessions"),
        "milestones": ("officer_milestones", "milestones"),
        "questionnaire": ("officer_questionnaire", "questionnaire"),
        "certify": ("officer", "certify"),
        "approve": ("officer", "approve"),
        "explain": ("officer_explain", "explain"),
        "certificates": ("officer_certificates", "certificates"),
        "audit": ("officer_audit", "audit"),
        "privacy": ("officer_privacy", "privacy"),
        "report": ("officer_report", "report"),
        "helpdesk": ("officer_helpdesk", "helpdesk"),
        "keys": ("officer", "keys"),
        "serve": ("officer", "serve"),
    },
    "everyone": {
        "demo": ("everyone", "demo"),
        "standin": ("everyone", "standin"),
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
                module, name = verbs[cmd_name]
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
        for person, verbs in VERBS.items():
            with formatter.section(f"For the {person}" if person != "everyone" else "For everyone"):
                rows = []
                for verb in verbs:
                    command = self.get_command(ctx, verb)
                    if command is not None:
                        rows.append((verb, command.get_short_help_str(70)))
                formatter.write_dl(rows)


@click.group(
    cls=VerbGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="lms-sync", message="lms-sync %(version)s")
def commands() -> None:
    """Courses, quizzes and verifiable certificates around an existing Moodle."""


def main() -> None:
    """Entry point: runs a verb, turns its errors into words and its outcome into an exit code."""
    sys.exit(run_command(commands))
