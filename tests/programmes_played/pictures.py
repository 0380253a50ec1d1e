"""Pictures of what a trial on a real Moodle left behind: a learner's course page, the package in their browser, a PDF.

    MOODLE_URL=… python tests/programmes_played/pictures.py KEPT FOLDER

KEPT is the folder that real_moodle.py was given with --keep.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import subprocess
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

LEARNERS = {"archive-officers": "AO-0006", "training-of-trainers": "MG-0016", "inspectorate": "COM-0012"}


def log_in(page: Page, url: str, username: str, password: str) -> None:
    page.goto(f"{url}/login/index.php")
    page.fill("#username", username)
    page.fill("#password", password)
    page.click("#loginbtn")
    page.wait_for_load_state("networkidle")


def shoot(page: Page, target: Path, *, scroll: int = 0) -> None:
    page.evaluate(f"window.scrollTo(0, {scroll})")
    page.wait_for_timeout(500)
    page.screenshot(path=target)
    make_small(target)


def make_small(target: Path) -> None:
    """A third of the bytes by a palette; nobody sees the difference on a page with few colours."""
    with Image.open(target) as picture:
        small = picture.convert("RGB").quantize(160, dither=Image.Dither.NONE)
    small.save(target, optimize=True)
    print(target, target.stat().st_size)


def course_and_package(url: str, kept: Path, example: str, out: Path) -> None:
    """The course as a learner sees it, and the package that Moodle opens for them."""
    figures = json.loads((kept / f"{example}.json").read_text(encoding="utf-8"))
    passwords = json.loads((kept / f"{example}.passwords.json").read_text(encoding="utf-8"))
    with (kept / example / "people" / "participants.csv").open(encoding="utf-8", newline="") as stream:
        usernames = {row["idnumber"].partition("-")[2]: row["username"] for row in csv.DictReader(stream)}
    username = usernames[LEARNERS[example]]
    course = next(iter(figures["course_ids"].values()))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": 1000, "height": 850})
        log_in(page, url, username, passwords[username])
        page.goto(f"{url}/course/view.php?id={course}")
        page.wait_for_load_state("networkidle")
        tour = page.locator("[data-flexitour=container] [data-role=end]")
        if tour.count():  # Moodle greets newcomers
            tour.first.click()
        shoot(page, out / f"played-{example}-course.png")
        page.goto(str(page.locator("a[href*='/mod/scorm/view.php']").first.get_attribute("href")))
        page.wait_for_load_state("networkidle")
        enter = page.locator(
            "#scormviewform input[type=submit], input[value='Enter'], button:has-text('Enter')"
        )
        if enter.count():
            enter.first.click()
            page.wait_for_load_state("networkidle")
        page.wait_for_timeout(2500)
        shoot(page, out / f"played-{example}-package.png")
        browser.close()


def page_of(file: Path, target: Path, *, scroll: int = 0) -> None:
    """A page that was built, as a browser shows it from the disk."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": 1000, "height": 850})
        page.goto(file.resolve().as_uri())
        shoot(page, target, scroll=scroll)
        browser.close()


def certificate(pdf: Path, target: Path) -> None:
    """The first page of a certificate."""
    options = ["-png", "-r", "48", "-singlefile"]
    subprocess.run(["pdftoppm", *options, pdf, target.with_suffix("")], check=True)
    make_small(target)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kept", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", choices=LEARNERS, action="append")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for example in arguments.only or LEARNERS:
        if (arguments.kept / f"{example}.json").is_file():
            course_and_package(os.environ["MOODLE_URL"], arguments.kept, example, arguments.out)
            figures = json.loads((arguments.kept / f"{example}.json").read_text(encoding="utf-8"))
            page_of(Path(figures["coverage_report"]), arguments.out / f"played-{example}-coverage.png")
            certificate(Path(figures["certificate"]), arguments.out / f"played-{example}-certificate.png")


if __name__ == "__main__":
    main()
