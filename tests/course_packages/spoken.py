"""What a screen reader says of each block: written into speech/<language>.md by `python -m tests.course_packages.spoken`.

A virtual screen reader from npm reads the page as the player has set it up. It is a tool for developers: `npm install` in
tests/course_packages/speech brings it; the product and its other tests do without.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.course_packages.conftest import EVERY_BLOCK, Learner, Platform, serve

FOLDER = Path(__file__).parent / "speech"
LANGUAGES = ("en", "sq", "ro")

# Each block by its name, where it stands in the lesson, and what is done before it is read.
BLOCKS: dict[str, tuple[int, str, str]] = {
    "text, a term opened": (0, ".blocks > p", ".blocks .term"),
    "image": (0, ".blocks > figure", ""),
    "figure": (0, ".blocks > figure.small", ""),
    "table": (0, ".blocks > .table", ""),
    "law": (0, ".call-out.law", ""),
    "tip": (0, ".call-out.tip", ""),
    "warning": (0, ".call-out.warning", ""),
    "practice": (0, ".call-out.practice", ""),
    "accordion, one part open": (1, ".accordion", ".accordion summary"),
    "tabs": (1, ".tabs", ""),
    "cards": (1, ".cards", ""),
    "steps": (1, ".steps", ""),
    "flashcards, one turned": (1, ".flashcards", ".pile summary"),
    "video": (1, ".recording.video", ""),
    "audio, what is said opened": (1, ".recording.audio", ".audio summary"),
    "download": (1, ".download", ""),
    "check, before": (2, "[data-check=mayor]", ""),
    "check, answered": (2, "[data-check=mayor]", "#answer-mayor-0, [data-check=mayor] [type=submit]"),
    "check with several answers": (2, "[data-check=receipt]", ""),
    "true or false": (2, "[data-check=twice]", ""),
    "hotspot": (2, "[data-check=stamp]", ""),
    "order, before": (2, "[data-check=incoming]", ""),
    "order, moved and answered": (2, "[data-check=incoming]", "[data-check=incoming] [data-move='1'], [data-check=incoming] [type=submit]"),
    "sort": (2, "[data-check=where]", ""),
    "scenario, before": (3, ".scenario", ""),
    "scenario, at an end": (3, ".scenario", ".scenario [data-to]"),
    "exercise": (3, ".exercise", ""),
    "reflection": (3, ".reflection", ""),
    "helpful, asked why not": (3, ".helpful", ".yes-no button:last-of-type"),
}  # fmt: skip


def installed() -> bool:
    """Whether the tool is there."""
    return shutil.which("node") is not None and (FOLDER / "node_modules" / "@guidepup").is_dir()


def pages(browser: Any, files: Any, language: str) -> dict[str, str]:
    """The HTML of each block as the player has set it up."""
    found: dict[str, str] = {}
    with serve(Platform(files, language=language)) as platform:
        learner = Learner(browser, platform)
        frame = learner.open()
        at = 0
        for name, (lesson, selector, clicks) in BLOCKS.items():
            while at < lesson:
                frame.locator(".turn .on").click()
                frame.wait_for_function(
                    "n => document.querySelectorAll('#lesson-list li')[n].querySelector('[aria-current]')",
                    arg=at + 1,
                )
                at += 1
            for one in filter(None, clicks.split(", ")):
                frame.locator(one).last.click() if one == ".scenario [data-to]" else frame.locator(
                    one
                ).first.click()
            found[name] = frame.evaluate(OUTER, selector)
        learner.close()
    return found


# What is hidden by style is not read; the tool judges by attributes, so it is told.
OUTER = """selector => {
  const part = document.querySelector(selector), copy = part.cloneNode(true), copies = copy.querySelectorAll('*');
  part.querySelectorAll('*').forEach((each, at) => {
    if (!each.checkVisibility() && each.tagName !== 'TEMPLATE') { copies[at].setAttribute('hidden', ''); }
    if (each.tagName === 'INPUT' && each.checked) { copies[at].setAttribute('checked', ''); }
  });
  return copy.outerHTML;
}"""


def transcript(browser: Any, files: Any, language: str) -> str:
    """The transcript of one language, as Markdown."""
    done = subprocess.run(
        ["node", "speak.js"],
        input=json.dumps(pages(browser, files, language)),
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    parts = [f"# What a screen reader says: {language}\n"]
    for name, phrases in json.loads(done.stdout).items():
        parts.append(f"\n## {name}\n\n" + "\n".join(f"- {phrase}" for phrase in phrases) + "\n")
    return "".join(parts)


def main() -> None:
    """Writes the transcripts of all languages."""
    from playwright.sync_api import sync_playwright

    from authoring.course import read_course
    from course_packages import scorm12_files

    files = scorm12_files(read_course(EVERY_BLOCK / "courses" / "every-block", root=EVERY_BLOCK))
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--headless", "--no-sandbox"])
        for language in LANGUAGES:
            (FOLDER / f"{language}.md").write_text(transcript(browser, files, language), encoding="utf-8")
            sys.stdout.write(f"{language}.md\n")
        browser.close()


if __name__ == "__main__":
    main()
