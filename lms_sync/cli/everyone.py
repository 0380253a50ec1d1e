"""Everyone's verbs: demo, standin."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click

from authoring.messages import text
from lms_sync.cli import outcome
from lms_sync.clock import SystemClock

EXAMPLES = ("archive-officers", "training-of-trainers", "inspectorate")


@click.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=None,
    help="Where to play (default: ./demo-academy); replaced only when an earlier demo made it.",
)
@click.option(
    "--programme",
    "example",
    type=click.Choice(EXAMPLES),
    default=EXAMPLES[0],
    show_default=True,
    help="Which of the example programmes to play.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Machine-readable output: what is also in summary.json."
)
@click.option(
    "--full",
    is_flag=True,
    help="Play all 61 municipalities with 600 made-up participants (archive-officers only; takes minutes).",
)
def demo(folder: Path | None, example: str, full: bool, as_json: bool) -> int:
    """Play a whole programme on this machine: course, stand-in Moodle, sessions, certificates, verification.

    \b
    Examples:
      lms-sync demo
      lms-sync demo --programme training-of-trainers --dir trial --json
    """
    from lms_sync.demo import DEFAULT_FOLDER, run_demo

    language = outcome.reader_language()
    folder = folder or Path(DEFAULT_FOLDER)

    def said(code: str, /, **params: object) -> None:
        if not as_json:
            if "status" in params:
                params["status"] = text(f"portal.status-{params['status']}", {}, language)
            click.echo(f"{click.style('✓', fg='green', bold=True)} {text(code, params, language)}")

    summary = run_demo(folder, SystemClock(), said, example=example, full=full)
    if as_json:
        click.echo(json.dumps(summary.as_json(), ensure_ascii=False, indent=2))
        return outcome.DONE
    click.echo()
    rows = (
        ("packages", summary.packages),
        ("questions", summary.questions),
        ("created", summary.created),
        ("second-apply", summary.second_apply_changes),
        ("facts", summary.facts),
        ("participations", summary.participations),
        ("milestones", summary.milestones),
        ("institutions-certified", summary.institutions_certified),
        ("questions-answered", summary.questions_answered),
        ("certificates", summary.certificates),
        ("second-certify", summary.second_certify_issued),
        ("verification", text(f"portal.status-{summary.verification}", {}, language)),
        ("seconds", summary.seconds),
    )
    labels = {name: text(f"demo.row-{name}", {}, language) for name, _ in rows}
    width = max(map(len, labels.values()))
    for name, value in rows:
        click.echo(f"  {labels[name]:<{width}}  {value}")
    click.echo()
    reports = folder / "reports"
    for code, where in (
        ("demo.file-academy", folder),
        ("demo.file-package", next((folder / "build").glob("*/*.zip"))),
        ("demo.file-certificate", Path(summary.certificate)),
        ("demo.file-report", min(reports.glob("completion-*.xlsx"), default=reports)),
        ("demo.file-coverage", Path(summary.coverage_report)),
        ("demo.file-helpdesk", next((folder / "build" / "helpdesk").rglob("index.html"))),
        ("demo.file-explained", Path(summary.explained)),
    ):
        click.echo(f"  {text(code, {}, language)}: {where}")
    click.echo()
    click.echo(text("demo.next", {"folder": str(folder), "url": summary.verification_url}, language))
    return outcome.DONE


@click.command()
@click.option(
    "--port", type=int, default=8080, help="Port to listen on (default: 8080); 0 chooses a free one."
)
@click.option(
    "--seed",
    type=click.Path(path_type=Path, exists=True),
    help="JSON file with accounts and courses (default: none).",
)
def standin(port: int, seed: Path | None) -> int:
    """Start the stand-in Moodle, to try things without a site. It forgets everything when it ends.

    \b
    Example:
      lms-sync standin --port 8090
    """
    command = [sys.executable, "-m", "moodle_standin", "--port", str(port), "--show-token"]
    if seed is not None:
        command += ["--seed", str(seed)]
    command.append("--stop-with-stdin")  # so that it ends with us, however we end
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait(10)
        return outcome.DONE
