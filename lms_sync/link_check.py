"""Whether the addresses that lessons link to still answer. The only check of texts that uses the network; asked for by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from authoring.course import Course
from authoring.problems import ContentError, Place, Problem
from authoring.read_yaml import read_text, relative_name

AT_ONCE = 8
SECONDS = 10.0
_LINK = re.compile(r"(?:\]\(|<|^\[[^\]]+\]:\s*)(https?://[^\s)>\"]+)", re.MULTILINE)

Ask = Callable[[str], str]
"""What is wrong with an address, or an empty text."""


def link_problems(courses: Iterable[Course], root: Path, ask: Ask | None = None) -> list[Problem]:
    """A warning for every place that links to what is no longer there. Each address is asked once."""
    places: dict[str, list[Place]] = {}
    for course in courses:
        for link, place in _links(course, root):
            places.setdefault(link, []).append(place)
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        answers = dict(zip(places, pool.map(ask or _ask, places), strict=True))
    return [
        Problem("link.gone", {"link": link, "reason": reason}, place, "warning")
        for link, reason in answers.items()
        if reason
        for place in places[link]
    ]


def _links(course: Course, root: Path) -> Iterator[tuple[str, Place]]:
    files = [*course.folder.glob("lessons/*/lesson.*.md"), *course.folder.glob("pages/*.md")]
    for path in sorted(files):
        try:
            text = read_text(path, root=root)
        except ContentError:
            continue  # told by check
        for found in _LINK.finditer(text):
            line = text.count("\n", 0, found.start(1)) + 1
            yield found[1], Place(relative_name(path, root), line)


def _ask(link: str) -> str:
    import requests

    try:
        answer = requests.head(link, timeout=SECONDS, allow_redirects=True)
        if answer.status_code in (403, 405, 501):  # many servers answer only to who wants the page
            with requests.get(link, timeout=SECONDS, stream=True) as page:
                answer = page
    except requests.RequestException as error:
        return type(error).__name__
    # Anything but "not there" may be the server's mood of the day.
    return f"HTTP {answer.status_code}" if answer.status_code in (404, 410) else ""
