"""What stands between the `---` lines at the top of a lesson."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from authoring.read_yaml import Document, load_model

if TYPE_CHECKING:
    from pydantic import BaseModel

LONGEST_TITLE = 200

# A word, and after it nothing in which YAML could see a sign of its own; on one line.
_PLAIN = r"[^\W\d_](?:[^:#\n]*[^:#\s])?"
_PLAINLY = (
    rf"title: ({_PLAIN})(?:\nobjectives:((?:\n- {_PLAIN})+|(?:\n  - {_PLAIN})+|(?:\n    - {_PLAIN})+))?\n*"
)
_NO_WORDS = frozenset(("null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE"))


@dataclass(frozen=True)
class FrontMatter:
    """The title of a lesson, and what who has read it can do."""

    title: str
    objectives: tuple[str, ...] = ()


def plain_front_matter(text: str) -> FrontMatter | None:
    """The front matter in a text, as a parser of YAML would find it there, where that plainly is one; else None.

    Most have a title and perhaps a list, in words: to see that takes a thirtieth of the time that a parser needs.
    """
    found = re.fullmatch(_PLAINLY, text)
    if found is None or not text.replace("\n", "").isprintable():
        return None
    objectives = tuple(line.strip().removeprefix("- ") for line in (found[2] or "").split("\n")[1:])
    if len(found[1]) > LONGEST_TITLE or not _NO_WORDS.isdisjoint((found[1], *objectives)):
        return None
    return FrontMatter(found[1], objectives)


def front_matter(document: Document) -> FrontMatter:
    """What a document says, which is the front matter of a lesson. Raises ContentError with all that is wrong.

    What plainly is one, as nearly every is, is taken at once; pydantic is asked where it may not be.
    """
    data = document.data
    if isinstance(data, dict) and data.keys() <= {"title", "objectives"}:
        title, objectives = data.get("title"), data.get("objectives", [])
        if (
            isinstance(title, str)
            and 1 <= len(title) <= LONGEST_TITLE
            and isinstance(objectives, list)
            and all(isinstance(one, str) for one in objectives)
        ):
            return FrontMatter(title, tuple(objectives))
    checked = load_model(document, form())
    return FrontMatter(**dict(checked))


@cache
def form() -> type[BaseModel]:
    """The form of a front matter, for what is wrong with one."""
    from pydantic import BaseModel, ConfigDict, Field

    class FrontMatterFile(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

        title: str = Field(min_length=1, max_length=LONGEST_TITLE)
        objectives: tuple[str, ...] = ()

    return FrontMatterFile
