"""The templates of reports that are one page of HTML: escaped, and strict about what is missing."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2


@cache
def templates(folder: Path) -> jinja2.Environment:
    """Jinja's environment for the templates in `folder`; a name that is not given raises UndefinedError."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
