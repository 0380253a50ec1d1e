"""Reads `helpdesk/` of an academy folder: every problem at once, each with its place."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from authoring.checked_value import MAX_ID
from authoring.localized_parts import localized_texts
from authoring.problems import ContentError, Place, Problem, in_reading_order
from authoring.read_image import Image, find_image
from authoring.read_markdown import Picture, heading_problems, render
from authoring.read_yaml import Document, load_model, read_text, read_yaml, relative_name
from helpdesk.desk import (
    FOLDER,
    Answer,
    AnswerText,
    DownloadFile,
    HelpDesk,
    HelpDeskFile,
    News,
    NewsText,
)

MAX_BYTES = 400_000
MAX_DOWNLOAD = 20_000_000

_HEADING = re.compile(r"^#[ \t]+(.*\S)[ \t]*$")
_SEE = re.compile(r"^See:[ \t]*(.*\S)[ \t]*$")
_SEE_TRANSLATED = re.compile(r"^(Shih|Shiko|Vezi|Vedeți):", re.IGNORECASE)
_NAME = re.compile(
    r"(?P<id>[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)\.(?P<language>[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\.md"
)
_NEWS_ID = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)-(?P<rest>[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)")


def read_helpdesk(
    folder: Path, *, activities: Collection[str] | None = None, programmes: Collection[str] | None = None
) -> HelpDesk | None:
    """Reads the help desk of the academy in `folder`; None where there is none.

    `activities` are the keys `<course>/<activity>` that a forum and a glossary may name, `programmes` the ids of
    programmes; what is None is not compared. Raises ContentError with every problem of all files; warnings do
    not stop it and are in `HelpDesk.warnings`.
    """
    desk_folder = folder / FOLDER
    if not desk_folder.is_dir():
        return None
    document, file = _read_file(folder)
    reader = _Reader(folder, desk_folder, file, document)
    reader.judge_file(activities, programmes)
    answers = reader.answers()
    news = reader.news()
    downloads = reader.downloads()
    manual = reader.manual()
    problems = in_reading_order(reader.problems)
    if any(problem.severity == "error" for problem in problems):
        raise ContentError(problems)
    return HelpDesk(file, answers, news, downloads, manual, desk_folder, tuple(problems))


def read_helpdesk_file(folder: Path) -> HelpDeskFile | None:
    """`helpdesk.yaml` alone, whatever the answers are like; None where there is none. Raises ContentError."""
    return _read_file(folder)[1] if (folder / FOLDER).is_dir() else None


def _read_file(folder: Path) -> tuple[Document, HelpDeskFile]:
    document = read_yaml(folder / FOLDER / "helpdesk.yaml", root=folder)
    try:
        return document, load_model(document, HelpDeskFile)
    except ContentError as error:
        raise ContentError([_own_code(problem) for problem in error.problems]) from error


def _own_code(problem: Problem) -> Problem:
    """The validators of this package name their message code in place of a reason."""
    reason = str(problem.params.get("reason", ""))
    if problem.code == "yaml.wrong-value" and reason.startswith("helpdesk."):
        return Problem(reason, {k: v for k, v in problem.params.items() if k != "reason"}, problem.place)
    return problem


@dataclass
class _Page:
    """A Markdown file with a title: what is common to answers, news and the manual."""

    title: str
    html: str
    see: str
    images: tuple[Image, ...]
    file: str


@dataclass
class _Reader:
    root: Path
    folder: Path
    file: HelpDeskFile
    document: Document
    problems: list[Problem] = field(default_factory=list)

    def report(self, code: str, place: Place, /, *, warning: bool = False, **params: object) -> None:
        self.problems.append(Problem(code, params, place, "warning" if warning else "error"))

    def at(self, code: str, *pointer: str | int, **params: object) -> None:
        self.problems.append(Problem(code, params, self.document.place(pointer)))

    # --- helpdesk.yaml ------------------------------------------------------------------------

    def judge_file(self, activities: Collection[str] | None, programmes: Collection[str] | None) -> None:
        file = self.file
        for pointer, text in localized_texts(file, ()):
            for language in text.missing(file.languages):
                name = next((str(step) for step in reversed(pointer) if isinstance(step, str)), "")
                self.at("helpdesk.text-not-translated", *pointer, key=name, language=language)
        for language, count in Counter(file.languages).items():
            if count > 1:
                self.at("helpdesk.language-twice", "languages", language=language)
        seen: set[str] = set()
        for index, topic in enumerate(file.topics):
            if topic.id.casefold() in seen:
                self.at("helpdesk.topic-twice", "topics", index, "id", id=topic.id)
            seen.add(topic.id.casefold())
        for index, contact in enumerate(file.contacts):
            if not (contact.email or contact.phone):
                self.at("helpdesk.contact-without-way", "contacts", index)
        if file.useful == "mailto" and not any(contact.email for contact in file.contacts):
            self.at("helpdesk.useful-nobody", "useful")
        if programmes is not None and file.programme not in programmes:
            place = self.document.place(("programme",))
            self.report("helpdesk.programme-missing", place, warning=True, what=file.programme)
        for name in ("forum", "glossary"):
            key = getattr(file, name)
            if activities is not None and key is not None and key not in activities:
                near = [one for one in activities if one.partition("/")[0] == key.partition("/")[0]]
                self.at("helpdesk.unknown", name, what=key, known=_list(near or activities))
        course = file.manual and self.root / "courses" / file.manual.course / "course.yaml"
        if file.manual and course and not course.is_file():
            there = {path.parent.name for path in (self.root / "courses").glob("*/course.yaml")}
            self.at("helpdesk.unknown", "manual", "course", what=file.manual.course, known=_list(there))

    # --- answers ------------------------------------------------------------------------------

    def answers(self) -> tuple[Answer, ...]:
        texts: dict[str, dict[str, AnswerText]] = {}
        topics: dict[str, str] = {}
        known = {topic.id for topic in self.file.topics}
        for path in sorted((self.folder / "answers").rglob("*.md")):
            place = Place(relative_name(path, self.root))
            inside = path.relative_to(self.folder / "answers").parts
            if len(inside) != 2:
                self.report("helpdesk.answer-place", place)
                continue
            topic = inside[0]
            if topic not in known:
                self.report("helpdesk.unknown-topic", place, what=topic, known=_list(known))
            named = self._named(path, place)
            if named is None:
                continue
            answer_id, language = named
            if topics.setdefault(answer_id, topic) != topic:
                self.report("helpdesk.answer-twice", place, id=answer_id, other=topics[answer_id])
                continue
            page = self._page(path, see=True)
            if page is not None:
                texts.setdefault(answer_id, {})[language] = AnswerText(
                    language, page.title, page.html, page.see, page.images, page.file
                )
        for answer_id, by_language in texts.items():
            self._judge_languages(answer_id, {code: text.file for code, text in by_language.items()})
        if not texts and not self.problems:
            self.report("helpdesk.no-answers", Place(relative_name(self.folder, self.root)))
        order = {topic.id: number for number, topic in enumerate(self.file.topics)}
        return tuple(
            Answer(answer_id, topics[answer_id], self._ordered(texts[answer_id]))
            for answer_id in sorted(texts, key=lambda one: (order.get(topics[one], len(order)), one))
        )

    def _named(self, path: Path, place: Place) -> tuple[str, str] | None:
        found = _NAME.fullmatch(path.name)
        if found is None or len(found["id"]) > MAX_ID:
            self.report("helpdesk.file-name", place, name=path.name)
            return None
        if found["language"] not in self.file.languages:
            self.report("helpdesk.other-language", place, language=found["language"])
            return None
        return found["id"], found["language"]

    def _ordered(self, texts: dict[str, AnswerText]) -> dict[str, AnswerText]:
        return {language: texts[language] for language in self.file.languages if language in texts}

    def _judge_languages(self, item: str, files: dict[str, str]) -> None:
        for language in self.file.languages:
            if language not in files:
                other, file = next(iter(files.items()))
                self.report(
                    "helpdesk.not-translated",
                    Place(file),
                    warning=True,
                    id=item,
                    language=language,
                    other=other,
                )

    # --- news, manual, downloads --------------------------------------------------------------

    def news(self) -> tuple[News, ...]:
        texts: dict[str, dict[str, NewsText]] = {}
        days: dict[str, datetime.date] = {}
        for path in sorted((self.folder / "news").glob("*.md")):
            place = Place(relative_name(path, self.root))
            found = _NAME.fullmatch(path.name)
            dated = _NEWS_ID.fullmatch(found["id"]) if found else None
            try:
                day = datetime.date.fromisoformat(dated["day"]) if dated else None
            except ValueError:
                day = None
            if found is None or day is None:
                self.report("helpdesk.news-name", place, name=path.name)
                continue
            if found["language"] not in self.file.languages:
                self.report("helpdesk.other-language", place, language=found["language"])
                continue
            page = self._page(path)
            if page is not None:
                days[found["id"]] = day
                texts.setdefault(found["id"], {})[found["language"]] = NewsText(
                    found["language"], page.title, page.html, page.images, page.file
                )
        for news_id, by_language in texts.items():
            self._judge_languages(news_id, {code: text.file for code, text in by_language.items()})
        return tuple(
            News(
                news_id,
                days[news_id],
                {code: texts[news_id][code] for code in self.file.languages if code in texts[news_id]},
            )
            for news_id in sorted(texts, reverse=True)
        )

    def manual(self) -> dict[str, NewsText]:
        pages: dict[str, NewsText] = {}
        if self.file.manual is not None:
            return pages
        for language in self.file.languages:
            path = self.folder / f"manual.{language}.md"
            page = self._page(path) if path.is_file() else None
            if page is not None:
                pages[language] = NewsText(language, page.title, page.html, page.images, page.file)
        if pages:
            self._judge_languages("manual", {code: page.file for code, page in pages.items()})
        return pages

    def downloads(self) -> tuple[DownloadFile, ...]:
        found: list[DownloadFile] = []
        inside = (self.folder / "downloads").resolve()
        for index, download in enumerate(self.file.downloads):
            # Both ways of writing it are meant well: from the folder of the file, and from that of downloads.
            path = self.folder / "downloads" / download.file.removeprefix("downloads/")
            if "\\" in download.file or not path.resolve().is_relative_to(inside) or not path.is_file():
                self.at("helpdesk.no-download", "downloads", index, "file", file=download.file)
                continue
            name = path.resolve().relative_to(inside).as_posix()
            if not re.fullmatch(r"[A-Za-z0-9._/-]+", name):
                self.at("helpdesk.download-name", "downloads", index, "file", file=download.file)
                continue
            if (size := path.stat().st_size) > MAX_DOWNLOAD:
                self.at(
                    "helpdesk.download-too-large",
                    "downloads",
                    index,
                    "file",
                    file=download.file,
                    limit=f"{MAX_DOWNLOAD // 1_000_000} MB",
                )
                continue
            found.append(DownloadFile(download.title, path, name, size))
        return tuple(found)

    # --- a Markdown file ----------------------------------------------------------------------

    def _page(self, path: Path, *, see: bool = False) -> _Page | None:
        file = relative_name(path, self.root)
        try:
            text = read_text(path, root=self.root, limit=MAX_BYTES)
        except ContentError as error:
            self.problems.extend(error.problems)
            return None
        lines = text.split("\n")
        first = next((number for number, line in enumerate(lines) if line.strip()), None)
        heading = _HEADING.match(lines[first]) if first is not None else None
        if first is None or heading is None:
            self.report("helpdesk.no-title", Place(file, 1 if first is None else first + 1))
            return None
        last = max(number for number, line in enumerate(lines) if line.strip())
        pointed = ""
        if see and last > first:
            if found := _SEE.match(lines[last]):
                pointed = found[1]
                del lines[last:]
            elif found := _SEE_TRANSLATED.match(lines[last]):
                self.report("helpdesk.see-word", Place(file, last + 1), word=found[1])
            for number, line in enumerate(lines[first + 1 : last], start=first + 1):
                if number < len(lines) and _SEE.match(line):
                    self.report("helpdesk.see-not-last", Place(file, number + 1))
        body = "\n".join(lines[first + 1 :])
        if not body.strip():
            self.report("helpdesk.no-text", Place(file, first + 1))
            return None
        images: list[Image] = []

        def find_picture(source: str, place: Place) -> Picture | list[Problem]:
            image = find_image(source, beside=path.parent, inside=self.folder, place=place)
            if isinstance(image, Image):
                images.append(image)
                return Picture(image.name, image.width, image.height)
            return image

        rendered = render(body, file=file, first_line=first + 2, find_picture=find_picture)
        self.problems.extend(rendered.problems)
        self.problems.extend(heading_problems(rendered.heading_levels))
        return _Page(heading[1], rendered.html, pointed, tuple(images), file)


def _list(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "-"
