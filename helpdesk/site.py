"""HelpDesk → the files of a static site: pages for each language, search index, service worker, manifest.

The same input gives the same bytes: no clock, no machine, no order of a disk is in them. Pages name their neighbours
by relative addresses and file names, so that the site also works below any folder of a server and from a disk.
"""

from __future__ import annotations

import datetime
import hashlib
import html as html_escapes
import importlib.resources
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
import nh3
from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date
from markupsafe import Markup

from authoring.course import Course
from authoring.lesson import CallOut, Check, LawReference, LessonText, Prose
from authoring.problems import Place, Problem
from authoring.read_image import Image, find_image
from authoring.theme import Theme, default_theme
from authoring.theme.css import theme_css
from helpdesk.desk import AnswerText, DownloadFile, HelpDesk, NewsText, Useful
from programmes import Programme

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'"
)
ROLES = ("owner", "implementer", "partner", "donor")
MAX_KEPT = 200_000
"""Bytes of a download that is kept for reading without a connection; a larger one is when it has been opened."""

Words = Mapping[str, str]


@dataclass(frozen=True)
class Site:
    """A site as files by name, and what was found while building it."""

    files: Mapping[str, bytes]
    pages: tuple[str, ...]
    warnings: tuple[Problem, ...] = ()

    @property
    def digest(self) -> str:
        """A hash over all names and contents."""
        whole = hashlib.sha256()
        for name in sorted(self.files):
            whole.update(f"{name}\0{hashlib.sha256(self.files[name]).hexdigest()}\n".encode())
        return whole.hexdigest()


def build_site(
    desk: HelpDesk,
    programme: Programme | None,
    course: Course | None,
    *,
    root: Path,
    theme: Theme | None = None,
) -> Site:
    """The whole site. `course` is the manual's, where the manual is made from lessons; `root` the academy folder.

    It has the colours of the academy's `theme`, and of its fonts those that devices have.
    """
    return _Builder(desk, programme, course, root, theme or default_theme()).build()


# --- words ----------------------------------------------------------------------------------------


@cache
def _all_words() -> Mapping[str, Words]:
    return tomllib.loads(_source("words.toml"))


def words_in(language: str) -> Words:
    """What the pages say; English where they do not speak the language of the answers."""
    every = _all_words()
    return {**every["en"], **(every.get(language) or every.get(language.partition("-")[0]) or {})}


def language_name(language: str) -> str:
    """A language in its own words."""
    if language in _all_words():
        return _all_words()[language]["language_name"]
    try:
        name = Locale.parse(language, sep="-").get_display_name() or language
    except (UnknownLocaleError, ValueError):
        return language
    return name[:1].upper() + name[1:]


def date_in_words(day: datetime.date, language: str) -> str:
    """A date such as "4 mars 2026"; ISO 8601 where the language is not known."""
    try:
        return format_date(day, "d MMMM y", locale=Locale.parse(language, sep="-"))
    except (UnknownLocaleError, ValueError):
        return day.isoformat()


def _counted(words: Words, name: str, n: int, language: str) -> str:
    try:
        form = Locale.parse(language, sep="-").plural_form(n)
    except (UnknownLocaleError, ValueError):
        form = "other"
    return words.get(f"{name}_{form}", words[f"{name}_other"]).format(n=n)


def _size(size: int, language: str) -> str:
    number = f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{max(1, round(size / 1000))} kB"
    return number if language.startswith("en") else number.replace(".", ",")


# --- templates ------------------------------------------------------------------------------------


def _source(name: str) -> str:
    text = (importlib.resources.files("helpdesk") / "pages" / name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_source),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["author_html"] = author_html
    environment.filters["kind"] = lambda block: type(block).__name__
    return environment


_PICTURE = re.compile(r'<img src="media/')
_TERM = re.compile(r'<a href="#term-[^>]*>(.*?)</a>', re.DOTALL)


def author_html(html: str, root: str, words: Words, folder: str = "course") -> Markup:
    """HTML that `authoring.read_markdown` has rendered and sanitised, fit for a page.

    Its pictures are found from a page in `root`; tables, which may be wider than a screen, can be reached with keys.
    Terms of a course's glossary are words like others here.
    """
    label = html_escapes.escape(words["table"])
    table = f'<div class="table" tabindex="0" role="group" aria-label="{label}">'
    found = _PICTURE.sub(f'<img src="{root}media/{folder}/', _TERM.sub(r"\1", html.strip()))
    return Markup(found.replace('<div class="table">', table))  # noqa: S704


def plain_text(html: str) -> str:
    """The words of HTML, for the search."""
    apart = re.sub(r"</(?:p|li|h[1-6]|td|th|figcaption|blockquote)>|<br>", " ", html)
    return " ".join(html_escapes.unescape(nh3.clean(apart, tags=set())).split())


# --- building -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _LessonPage:
    id: str
    minutes: int | None
    text: LessonText


@dataclass(frozen=True)
class _TopicPage:
    id: str
    title: str
    count: str
    answers: Sequence[Any]


@dataclass
class _Builder:
    desk: HelpDesk
    programme: Programme | None
    course: Course | None
    root: Path
    theme: Theme
    files: dict[str, bytes] = field(default_factory=dict)
    pages: list[str] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    media: dict[str, set[str]] = field(default_factory=dict)
    """By language, the pictures that its pages show."""

    def build(self) -> Site:
        self.assets = self._assets()
        self.partners = {language: self._partners(language) for language in self.desk.languages}
        for download in self.desk.downloads:
            self.files[f"downloads/{download.name}"] = download.path.read_bytes()
        for language in self.desk.languages:
            self._language(language)
        first = self.desk.languages[0]
        self.files["index.html"] = _encoded(
            _templates()
            .get_template("choose.html.j2")
            .render(
                language=first,
                languages=self._languages("index.html"),
                site_title=self.desk.file.title.in_language(first),
                assets=self.assets,
                policy=POLICY,
            )
        )
        self.files["sw.js"] = self._service_worker()
        return Site(dict(sorted(self.files.items())), tuple(sorted(self.pages)), tuple(self.warnings))

    def _assets(self) -> dict[str, Any]:
        """Style, script, icon and each language's search index, under names that change with their content."""
        assets: dict[str, Any] = {"index": {}}
        style = theme_css(replace(self.theme, faces=())) + _source("style.css")
        icon = _source("icon.svg").replace(default_theme().light["main"], self.theme.light["main"])
        for name, source, text in (
            ("style", "style.css", style),
            ("script", "site.js", _source("site.js")),
            ("icon", "icon.svg", icon),
        ):
            assets[name] = self._hashed(source, text)
        assets["colour"] = self.theme.light["main"]
        for language in self.desk.languages:
            index = json.dumps(self._index(language), ensure_ascii=False, separators=(",", ":"))
            script = f"window.helpdeskIndex({_script_text(index)});\n"
            assets["index"][language] = self._hashed(f"search.{language}.js", script)
        return assets

    def _hashed(self, name: str, text: str) -> str:
        stem, _, suffix = name.rpartition(".")
        content = _encoded(text)
        full = f"assets/{stem}.{_short_hash(content)}.{suffix}"
        self.files[full] = content
        return full

    def _partners(self, language: str) -> list[dict[str, Any]]:
        """Who stands behind the programme, by role, in the programme's order."""
        if self.programme is None:
            return []
        words = words_in(language)
        groups = []
        for role in ROLES:
            shown = []
            for partner in self.programme.partners:
                if partner.role != role:
                    continue
                logo = None
                if partner.logo:
                    logo = find_image(partner.logo, beside=self.root, inside=self.root, place=Place())
                entry: dict[str, Any] = {
                    "name": partner.name.in_language(language),
                    "url": partner.url if re.match(r"https?://", partner.url) else "",
                    "logo": "",
                }
                if isinstance(logo, Image):
                    name = f"logos/{partner.id}{logo.path.suffix.lower()}"
                    self.files[name] = logo.path.read_bytes()
                    entry |= {"logo": name, "width": logo.width, "height": logo.height}
                shown.append(entry)
            if shown:
                groups.append({"title": words[role], "partners": shown})
        return groups

    # --- one language ---------------------------------------------------------------------------

    def _language(self, language: str) -> None:
        desk, words = self.desk, words_in(language)
        topics = self._topics(language)
        self._page(
            "index.html", "home.html.j2", language, desk.file.title.in_language(language), topics=topics
        )
        self._page("questions.html", "questions.html.j2", language, words["all_questions"], topics=topics)
        self._page("search.html", "search.html.j2", language, words["search_page"])
        self._page("contacts.html", "contacts.html.j2", language, words["contacts"])
        if self._has_downloads:
            self._page(
                "downloads.html",
                "downloads.html.j2",
                language,
                words["downloads"],
                files=self._files(language),
            )
        for topic in topics:
            self._page(f"topics/{topic.id}.html", "topic.html.j2", language, topic.title, topic=topic)
            for answer in topic.answers:
                self._answer(answer, topic, language)
        if desk.news:
            self._page("news/index.html", "news.html.j2", language, words["news"])
        for item in desk.news:
            text = item.text(language)
            page = f"news/{item.id}.html"
            html = self._desk_html(text, page, language)
            self._page(page, "news_item.html.j2", language, text.title, item=item, text=text, html=html)
        self._manual(language)
        self._page("offline.html", "message.html.j2", language, words["offline"], kind="offline")
        self._page("404.html", "message.html.j2", language, words["nothing_here"], kind="nothing_here")
        self._web_manifest(language)

    def _topics(self, language: str) -> list[_TopicPage]:
        words = words_in(language)
        found = []
        for topic in self.desk.topics:
            answers = self.desk.of_topic(topic.id)
            if answers:
                count = _counted(words, "answers", len(answers), language)
                found.append(_TopicPage(topic.id, topic.title.in_language(language), count, answers))
        return found

    def _answer(self, answer: Any, topic: _TopicPage, language: str) -> None:
        text = answer.text(language)
        page = f"answers/{answer.id}.html"
        related = [one for one in topic.answers if one.id != answer.id]
        place = next((n for n, one in enumerate(topic.answers) if one.id == answer.id), 0)
        near = (related[place:] + related[:place])[:4]
        self._page(
            page,
            "answer.html.j2",
            language,
            text.question,
            description=plain_text(text.html)[:155],
            answer=answer,
            text=text,
            topic=topic,
            html=self._desk_html(text, page, language),
            see_page=self._see_page(text),
            useful=self._useful(answer.id, text, language),
            related=near,
        )

    def _see_page(self, text: AnswerText) -> str:
        """The page of the manual that "See:" points to, or ""."""
        lessons = self._lessons(text.language)
        if lessons:
            found = re.search(r"\b(?:lesson|mësimi|lecția|lecţia) (\d{1,3})\b", text.see, re.IGNORECASE)
            if found and 1 <= int(found[1]) <= len(lessons):
                return f"manual/{lessons[int(found[1]) - 1].id}.html"
            if found:
                values = {"number": found[1], "n": len(lessons)}
                warning = Problem("helpdesk.see-unknown-lesson", values, Place(text.file), "warning")
                if warning not in self.warnings:
                    self.warnings.append(warning)
        elif text.see and self.desk.manual:
            return "manual/index.html"
        return ""

    def _useful(self, answer_id: str, text: AnswerText, language: str) -> dict[str, Any] | None:
        """The two links of "was this useful?": an e-mail that the reader sends, or a page elsewhere."""
        words = words_in(language)
        useful = self.desk.file.useful
        if mailto := self.desk.mailto:
            links = {}
            for answer in ("yes", "no"):
                subject = words["useful_subject"].format(id=answer_id, answer=words[answer])
                body = words[f"useful_body_{answer}"].format(question=text.question)
                links[answer] = f"mailto:{mailto}?subject={quote(subject)}&body={quote(_crlf(body))}"
            return {**links, "elsewhere": False}
        if not isinstance(useful, Useful):
            return None
        if useful.forum:
            return {"yes": useful.forum, "no": useful.forum, "elsewhere": True}
        if useful.form:
            return {
                answer: useful.form.replace("{id}", quote(answer_id)).replace("{answer}", answer)
                for answer in ("yes", "no")
            } | {"elsewhere": True}
        return None

    def _files(self, language: str) -> list[dict[str, str]]:
        words = words_in(language)

        def shown(file: DownloadFile) -> dict[str, str]:
            kind = file.path.suffix.removeprefix(".").upper()
            return {
                "name": file.name,
                "title": file.title.in_language(language),
                "size": words["size"].format(kind=kind, size=_size(file.size, language)),
            }

        return [shown(file) for file in self.desk.downloads]

    @property
    def _has_downloads(self) -> bool:
        return bool(self.desk.downloads or self.desk.file.links)

    # --- the manual -----------------------------------------------------------------------------

    def _lessons(self, language: str) -> list[_LessonPage]:
        if self.course is None:
            return []
        default = self.course.languages.default
        return [
            _LessonPage(one.id, one.minutes, one.texts.get(language) or one.texts[default])
            for one in self.course.lessons
        ]

    def _manual(self, language: str) -> None:
        words = words_in(language)
        if text := self.desk.manual.get(language) or next(iter(self.desk.manual.values()), None):
            html = self._desk_html(text, "manual/index.html", language)
            self._page("manual/index.html", "manual.html.j2", language, text.title, page_text=text, html=html)
            return
        lessons = self._lessons(language)
        if self.course is None or not lessons:
            return
        title = self.course.title.in_language(language, self.course.languages.default)
        foreign = language not in (*self.course.title.languages, *self.course.languages.offered)
        title_lang = Markup(f' lang="{self.course.languages.default}"') if foreign else ""  # noqa: S704
        self._page(
            "manual/index.html",
            "manual.html.j2",
            language,
            title,
            page_text=None,
            lessons=lessons,
            manual_title=title,
            title_lang=title_lang,
        )
        for number, lesson in enumerate(lessons):
            self._take_images(lesson.text.images, "course", language)
            self._page(
                f"manual/{lesson.id}.html",
                "lesson.html.j2",
                language,
                lesson.text.title,
                number=number + 1,
                lessons=lessons,
                text=lesson.text,
                before=lessons[number - 1] if number else None,
                after=lessons[number + 1] if number + 1 < len(lessons) else None,
                citation=lambda law, words=words, language=language: _citation(law, words, language),
            )

    # --- pieces ---------------------------------------------------------------------------------

    def _desk_html(self, text: AnswerText | NewsText, page: str, language: str) -> Markup:
        self._take_images(text.images, "desk", language)
        return author_html(text.html, _way_up(page), words_in(language), "desk")

    def _take_images(self, images: Iterable[Image], folder: str, language: str) -> None:
        for image in images:
            name = f"media/{folder}/{image.name.removeprefix('media/')}"
            if name not in self.files:
                self.files[name] = image.path.read_bytes()
            self.media.setdefault(language, set()).add(name)

    def _languages(self, page: str) -> list[dict[str, str]]:
        """The same page in every language."""
        up = _way_up(page)
        return [
            {"code": code, "name": language_name(code), "href": f"{up}{code}/{page}"}
            for code in self.desk.languages
        ]

    def _menu(self, page: str, language: str) -> list[dict[str, Any]]:
        words = words_in(language)
        parts: list[tuple[str, str, tuple[str, ...]]] = [
            ("questions", "questions.html", ("topics/", "answers/"))
        ]
        if self.course is not None or self.desk.manual:
            parts.append(("manual", "manual/index.html", ("manual/",)))
        if self.desk.news:
            parts.append(("news", "news/index.html", ("news/",)))
        if self._has_downloads:
            parts.append(("downloads", "downloads.html", ()))
        parts.append(("contacts", "contacts.html", ()))
        return [
            {"name": words[name], "page": target, "here": page.startswith(below) if below else False}
            for name, target, below in parts
        ]

    def _page(self, page: str, template: str, language: str, title: str, **values: object) -> None:
        programme = self.programme
        disclaimer = programme.disclaimer if programme else None
        full = f"{language}/{page}"
        self.files[full] = _encoded(
            _templates()
            .get_template(template)
            .render(
                {
                    "description": "",
                    **values,
                    "page": page,
                    "page_title": title,
                    "root": _way_up(page),
                    "language": language,
                    "languages": self._languages(page),
                    "words": words_in(language),
                    "menu": self._menu(page, language),
                    "site_title": self.desk.file.title.in_language(language),
                    "desk": self.desk,
                    "assets": self.assets,
                    "policy": POLICY,
                    "partners": self.partners[language],
                    "programme": programme.title.in_language(language) if programme else "",
                    "disclaimer": disclaimer.in_language(language) if disclaimer else "",
                    "date": lambda day: date_in_words(day, language),
                    "name_of": language_name,
                }
            )
        )
        self.pages.append(full)

    # --- search, service worker, manifest -------------------------------------------------------

    def _index(self, language: str) -> list[list[str]]:
        """What the search looks through: page, title, where it stands, text."""
        words = words_in(language)
        topics = {topic.id: topic.title.in_language(language) for topic in self.desk.topics}
        rows = []
        for answer in self.desk.answers:
            text = answer.text(language)
            row = [f"answers/{answer.id}.html", text.question, topics[answer.topic], plain_text(text.html)]
            rows.append(row)
        for number, lesson in enumerate(self._lessons(language), start=1):
            where = f"{words['manual']}, {words['lesson'].format(n=number)}"
            rows.append([f"manual/{lesson.id}.html", lesson.text.title, where, _lesson_words(lesson.text)])
        if manual := self.desk.manual.get(language) or next(iter(self.desk.manual.values()), None):
            rows.append(["manual/index.html", manual.title, words["manual"], plain_text(manual.html)])
        for item in self.desk.news:
            news = item.text(language)
            where = f"{words['news']}, {date_in_words(item.day, language)}"
            rows.append([f"news/{item.id}.html", news.title, where, plain_text(news.html)])
        rows.extend(
            ["downloads.html", file.title.in_language(language), words["downloads"], file.name]
            for file in self.desk.downloads
        )
        return rows

    def _web_manifest(self, language: str) -> None:
        title = self.desk.file.title.in_language(language)
        manifest = {
            "name": title,
            "short_name": title.partition(":")[0][:24].strip(),
            "lang": language,
            "dir": "ltr",
            "id": "../",
            "start_url": "index.html",
            "scope": "../",
            "display": "minimal-ui",
            "background_color": self.theme.light["paper"],
            "theme_color": self.theme.light["main"],
            "icons": [{"src": f"../{self.assets['icon']}", "sizes": "any", "type": "image/svg+xml"}],
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
        self.files[f"{language}/site.webmanifest"] = _encoded(text)

    def _service_worker(self) -> bytes:
        hashes = {name: _short_hash(self.files[name]) for name in sorted(self.files)}
        shared = [name for name in hashes if name.startswith(("assets/", "logos/"))]
        shared.append("index.html")
        indices = set(self.assets["index"].values())
        files = [f"downloads/{one.name}" for one in self.desk.downloads if one.size <= MAX_KEPT]
        also = {
            language: sorted(
                {
                    *(name for name in shared if name not in indices),
                    self.assets["index"][language],
                    *self.media.get(language, ()),
                    *files,
                }
            )
            for language in self.desk.languages
        }
        start = {language: f"{language}/offline.html" for language in self.desk.languages}
        values = {
            name: Markup(_script_text(json.dumps(value, ensure_ascii=False, indent=0)))  # noqa: S704
            for name, value in (("files", hashes), ("also", also), ("start", start))
        }
        return _encoded(_templates().get_template("sw.js.j2").render(values))


def _way_up(page: str) -> str:
    """From a page of a language to the root of the site."""
    return "../" * (page.count("/") + 1)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8")


def _short_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _script_text(json_text: str) -> str:
    """JSON as it may stand in a script; two line separators are legal in JSON only."""
    return json_text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _crlf(text: str) -> str:
    return text.replace("\n", "\r\n")  # RFC 6068, section 5


def _citation(law: LawReference, words: Words, language: str) -> str:
    act = (
        words["law_date"].format(act=law.act, date=date_in_words(law.date, language)) if law.date else law.act
    )
    # Some acts have points or chapters: only a bare number is called an article.
    article = words["law_article"].format(article=law.article) if law.article[:1].isdigit() else law.article
    return ", ".join(part for part in (act, article) if part)


def _lesson_words(text: LessonText) -> str:
    """What a lesson is found by: its objectives, headings and call-outs; its whole text would weigh too much."""
    parts = list(text.objectives)
    for block in text.blocks:
        if isinstance(block, Prose):
            parts.extend(
                plain_text(found) for found in re.findall(r"<h[2-6]>(.*?)</h[2-6]>", block.html, re.DOTALL)
            )
        elif isinstance(block, CallOut):
            parts.extend(plain_text(one.html) for one in block.blocks if isinstance(one, Prose))
        elif isinstance(block, Check):
            parts.append(plain_text(block.question_html))
    return " ".join(parts)
