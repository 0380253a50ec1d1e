"""The part of the verb preview that shows a course: serves it, opens a browser, ends with Ctrl+C."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import webbrowser
from pathlib import Path

import click

from authoring.problems import Refused
from lms_sync.cli import outcome
from lms_sync.clock import SystemClock


def show_course(
    folder: Path, languages: tuple[str, ...], *, port: int | None, pdf: bool, browser: bool, as_json: bool
) -> int:
    """Shows the course in `folder` until Ctrl+C. Raises Refused where it cannot be, CannotServe where the port is taken."""
    from lms_sync.course_preview.server import HOST, PORT, Preview, listen, serve
    from lms_sync.course_preview.shown_course import ShownCourse

    root = folder.parent.parent
    reader = outcome.reader_language(root)
    if not (folder / "course.yaml").is_file():
        raise Refused("live.no-course", path=folder.relative_to(root).as_posix())
    if pdf:
        raise Refused("live.no-pdf")
    listening = listen(PORT if port is None else port)
    course = ShownCourse(folder, root, lambda: SystemClock().now().date(), languages)
    course.look()
    for language in languages:
        if course.now.build and language not in course.now.languages:
            raise Refused("live.no-language", language=language, known=", ".join(course.offered))
    preview = Preview(course, reader)
    url = f"http://{HOST}:{listening.getsockname()[1]}/{preview.token}/"
    if as_json:
        click.echo(json.dumps({"url": url}))
    else:
        click.echo(outcome.say("live.at", reader, url=url))
        click.echo(outcome.say("live.how-to-end", reader))
    sys.stdout.flush()  # who started this wants the address now
    if browser and _has_screen():
        webbrowser.open(url)
    with contextlib.suppress(KeyboardInterrupt):
        serve(preview, listening)
    if not as_json:
        click.echo("\n" + outcome.say("live.ended", reader))
    return outcome.DONE


def _has_screen() -> bool:
    """Whether a browser would open in a window: one in the terminal would take the place of the command."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
