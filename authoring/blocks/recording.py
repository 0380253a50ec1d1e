"""Figures, recordings and files to take along."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from authoring.blocks.block import LessonBlock, Printed
from authoring.blocks.reading import Readable, Readables, Reading, choice, no_directives_inside, place_of, yes
from authoring.directives import Directive, Signature
from authoring.problems import ContentError, Place
from authoring.read_image import Image
from authoring.read_media import MAX_CAPTIONS, Cue, MediaFile, read_captions
from authoring.read_yaml import read_text

if TYPE_CHECKING:
    from authoring.blocks import Block

FigureWidth = Literal["text", "wide", "small"]


@dataclass(frozen=True)
class Figure(LessonBlock):
    """A picture with its caption and who made it."""

    template: ClassVar[str] = "figure"

    image: Image
    alt: str
    caption_html: str = ""
    credit: str = ""
    width: FigureWidth = "text"
    place: Place = Place()

    def on_paper(self) -> Iterator[Printed]:
        """The picture, its caption below."""
        picture = f'<figure><img src="{escape(self.image.name)}" alt="{escape(self.alt)}">'
        words = " ".join(part for part in (self.caption_html, escape(self.credit)) if part)
        yield Printed(html=picture + (f"<figcaption>{words}</figcaption>" if words else "") + "</figure>")


@dataclass(frozen=True)
class Recording(LessonBlock):
    """A video or a sound recording, with captions and a transcript.

    `spoken` is false for a video in which nobody speaks. The transcript stands in `blocks`, or is what the
    captions say.
    """

    template: ClassVar[str] = "recording"

    kind: Literal["video", "audio"]
    file: MediaFile
    title: str
    captions: tuple[Cue, ...] = ()
    captions_file: MediaFile | None = None
    blocks: tuple[Block, ...] = ()
    poster: Image | None = None
    spoken: bool = True
    place: Place = Place()

    @property
    def inside(self) -> tuple[Block, ...]:
        """The transcript as written."""
        return self.blocks

    @property
    def cues_json(self) -> str:
        """The captions for the player: a page from a folder may not load a caption file."""
        return json.dumps([[cue.start, cue.end, cue.text] for cue in self.captions], ensure_ascii=False)

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """What the captions say, as paragraphs: a new one after a pause, and after a sentence when one grows long."""
        parts: list[str] = []
        last_end = 0.0
        for cue in self.captions:
            long = bool(parts) and len(parts[-1]) > 300 and parts[-1][-1:] in ".!?…"
            if parts and cue.start - last_end < 1.5 and not long:
                parts[-1] += " " + cue.text
            else:
                parts.append(cue.text)
            last_end = cue.end
        return tuple(parts)

    def on_paper(self) -> Iterator[Printed]:
        """Its title and what is said."""
        said = tuple(super().on_paper()) or tuple(
            Printed(html=f"<p>{escape(words)}</p>") for words in self.paragraphs
        )
        yield Printed("box", label=self.kind, title=escape(self.title), parts=said)


@dataclass(frozen=True)
class Download(LessonBlock):
    """A file to take along: a form, a template, a table."""

    template: ClassVar[str] = "download"

    file: MediaFile
    title: str
    html: str = ""
    place: Place = Place()

    @property
    def ending(self) -> str:
        """The kind of file as people call it."""
        return self.file.path.suffix[1:].upper()

    def on_paper(self) -> Iterator[Printed]:
        """Its title: the file itself is in the course."""
        yield Printed("box", label="download", title=escape(self.title), html=self.html)


def _read_figure(directive: Directive, reading: Reading) -> Figure | None:
    no_directives_inside(directive, reading)
    lines = directive.own_lines
    caption = "" if lines.blank else reading.html(lines).strip()
    if caption.startswith("<p>") and caption.endswith("</p>") and caption.count("<p>") == 1:
        caption = caption[3:-4]
    alt = directive.attributes.get("alt", "").strip()
    source = directive.attributes.get("src", "")
    image = reading.image(source, directive.line) if source else None
    if image is None:
        return None
    return Figure(
        image=image,
        alt=alt,
        caption_html=caption,
        credit=directive.attributes.get("credit", ""),
        width=cast("FigureWidth", choice(directive, "width", ("text", "wide", "small"), reading)),
        place=place_of(directive, reading),
    )


def _read_recording(directive: Directive, reading: Reading) -> Recording | None:
    kind = cast("Literal['video', 'audio']", directive.name)
    blocks = reading.blocks(directive.parts)
    file_and_cues = _captions(directive, reading)
    captions_file, captions = file_and_cues or (None, [])
    spoken = yes(directive, "speech", reading, otherwise="yes")
    if spoken and kind == "video" and file_and_cues is None:
        reading.report("media.captions-missing", directive.line, language=reading.language)
    elif spoken and not captions and not blocks:
        reading.report("media.transcript-missing", directive.line)
    elif not spoken and not blocks:
        reading.report("media.silent-without-words", directive.line)
    poster = directive.attributes.get("poster")
    image = reading.image(poster, directive.line) if poster else None
    source = directive.attributes.get("src", "").replace("{lang}", reading.language)
    file = reading.media(source, directive.line, (kind,)) if source else None
    if file is None:
        return None
    title = directive.attributes.get("title", "")
    return Recording(
        kind=kind,
        file=file,
        title=title,
        captions=tuple(captions),
        captions_file=captions_file,
        blocks=blocks,
        poster=image,
        spoken=spoken,
        place=place_of(directive, reading),
    )


def _captions(directive: Directive, reading: Reading) -> tuple[MediaFile | None, list[Cue]] | None:
    """The caption file and what it says; None where none is named."""
    source = directive.attributes.get("captions")
    if not source:
        return None
    found = reading.media(source.replace("{lang}", reading.language), directive.line, ("captions",))
    if found is None:
        return None, []
    try:
        text = read_text(found.path, root=found.path.parent, limit=MAX_CAPTIONS)
    except ContentError as error:
        reading.report("media.unreadable", directive.line, file=source, reason=error.code)
        return found, []
    cues, problems = read_captions(text, found.name)
    for problem in problems:
        reading.report(
            problem.code, directive.line, **{**problem.params, "file": source, "line": problem.place.line}
        )
    return found, cues


def _read_download(directive: Directive, reading: Reading) -> Download | None:
    no_directives_inside(directive, reading)
    lines = directive.own_lines
    html = "" if lines.blank else reading.html(lines)
    source = directive.attributes.get("src", "").replace("{lang}", reading.language)
    file = reading.media(source, directive.line, ("document",)) if source else None
    if file is None:
        return None
    return Download(file, directive.attributes.get("title", ""), html, place_of(directive, reading))


_RECORDING = Signature(("src", "title", "captions", "poster", "speech"), ("src", "title"))

READABLES: Readables = {
    "figure": Readable(Signature(("src", "alt", "credit", "width"), ("src", "alt")), _read_figure),
    "video": Readable(_RECORDING, _read_recording),
    "audio": Readable(Signature(("src", "title", "captions"), ("src", "title")), _read_recording),
    "download": Readable(Signature(("src", "title"), ("src", "title")), _read_download),
}
