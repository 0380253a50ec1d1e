"""A new academy to start from: one small, real course with a quiz and a certificate, in the languages asked for.

The folder appears whole or not at all: it is made beside its place and moved there at the end.
"""

from __future__ import annotations

import contextlib
import importlib.resources
import json
import os
import shutil
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path

import jinja2

from authoring.problems import LmsSyncError, Place

LANGUAGES = ("sq", "ro", "en")
SLUG = "answering-citizens"
IGNORED = ".lms-sync/\nbuild/\nreports/\npeople/matches.csv\n"
"""What Git leaves out: secrets and state, what is built anew, and files that name people."""
LESSON = "from-request-to-answer"
_TIMEZONES = {"sq": "Europe/Tirane", "ro": "Europe/Bucharest", "en": "Europe/Tirane"}


class CannotBegin(LmsSyncError):
    """There is no room for a new academy: its folder holds something already."""


def write_starter_academy(folder: Path, languages: Sequence[str], config: str) -> list[str]:
    """Writes the academy into `folder`, which must not exist or be empty; the names of its files.

    `languages` are those of the course, the first being its default; `config` is the text of config.yaml.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CannotBegin("init.not-empty", Place(), folder=str(folder))
    files = starter_files(languages)
    files["config.yaml"] = config.encode("utf-8")
    files[".gitignore"] = IGNORED.encode("utf-8")
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".new-academy-", dir=folder.parent))
    try:
        for name, content in files.items():
            path = made / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        made.chmod(0o755)  # mkdtemp's own 0700 would shut out colleagues
        if folder.exists():
            folder.rmdir()
        os.replace(made, folder)
    except BaseException:
        with contextlib.suppress(OSError):
            shutil.rmtree(made)
        raise
    return sorted(files)


def starter_files(languages: Sequence[str]) -> dict[str, bytes]:
    """The course, the quiz and the policy of its certificate by file name, without config.yaml."""
    course = f"courses/{SLUG}"
    files = {
        f"{course}/course.yaml": _filled("course.yaml.j2", languages).encode("utf-8"),
        f"quizzes/{SLUG}.yaml": _filled("quiz.yaml.j2", languages).encode("utf-8"),
        "quizzes/quiz.schema.json": _source("quiz.schema.json").read_bytes(),  # for editors
        "theme/theme.yaml": _source("theme.yaml").read_bytes(),
        "theme/theme.schema.json": _source("theme.schema.json").read_bytes(),
        f"certificates/{SLUG}/policy.yaml": _filled("policy.yaml.j2", languages).encode("utf-8"),
        f"{course}/media/answer.svg": _source("answer.svg").read_bytes(),
    }
    for language in languages:
        text = _source(f"lesson.{language}.md").read_bytes()
        files[f"{course}/lessons/{LESSON}/lesson.{language}.md"] = text
    return files


def _source(name: str) -> Traversable:
    return importlib.resources.files("authoring") / "starter" / name


def _filled(template: str, languages: Sequence[str]) -> str:
    texts: Mapping[str, Mapping[str, str]] = tomllib.loads(_source("texts.toml").read_text(encoding="utf-8"))

    def text(key: str) -> str:
        """A YAML flow map of language to text; JSON strings are YAML strings."""
        pairs = (
            f"{language}: {json.dumps(texts[language][key], ensure_ascii=False)}" for language in languages
        )
        return "{" + ", ".join(pairs) + "}"

    def text_of(key: str) -> str:
        """A YAML string in the first language."""
        return json.dumps(texts[languages[0]][key], ensure_ascii=False)

    # Not HTML: every value above is quoted as a YAML string.
    environment = jinja2.Environment(
        autoescape=False,  # noqa: S701
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    source = _source(template).read_text(encoding="utf-8")
    return environment.from_string(source).render(
        text=text, text_of=text_of, languages=list(languages), timezone=_TIMEZONES[languages[0]]
    )
