"""How the texts of the files are written for a site. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from authoring.languages import LocalizedText, multilang_html
from authoring.read_markdown import render

Fields = dict[str, object]


@dataclass(frozen=True)
class Wording:
    """How texts are written for a site: titles with all languages in one, checked for length; its clock."""

    offered: Sequence[str]
    title: Callable[[LocalizedText], str]
    zone: ZoneInfo
    multilang: bool

    def html(self, text: LocalizedText | None) -> str:
        """Markdown as HTML, all languages in one."""
        if text is None:
            return ""
        return multilang_html(
            {one: render(text.in_language(one), file="").html.strip() for one in self.offered}
        )
