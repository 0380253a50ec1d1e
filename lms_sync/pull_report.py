"""What a pull says of itself, and how it can end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from authoring.problems import LmsSyncError, Problem


class WrongPage(LmsSyncError):
    """The site's answer breaks the rules of `get_changes`; nothing of it was stored."""


class AnotherSite(LmsSyncError):
    """Another Moodle answers than the one whose results are kept under the site's name; nothing was stored."""


class PullInterrupted(LmsSyncError):
    """The pull was asked to stop; what was read so far is stored."""


@dataclass(frozen=True)
class UnlistedAccount:
    """An account that learns in our courses and is in no people file."""

    user_id: int
    username: str


@dataclass(frozen=True)
class PullReport:
    """What a pull did: new facts by stream, pages read, seconds, accounts seen for the first time, warnings.

    `gone`: of the new facts those that say that something is no longer on the site.
    """

    new: Mapping[str, int]
    pages: int
    rows: int
    seconds: float
    unlisted: tuple[UnlistedAccount, ...] = ()
    warnings: tuple[Problem, ...] = ()
    reader: str = "plugin"  # or "in batches", "by person"
    gone: int = 0
    cannot_see: Problem | None = None  # what this way of reading does not tell

    @property
    def facts(self) -> int:
        """New facts over all streams."""
        return sum(self.new.values())

    def as_json(self) -> dict[str, object]:
        """For `--json` and the run's record; without names."""
        return {
            "facts": self.facts,
            "new": dict(self.new),
            "gone": self.gone,
            "reader": self.reader,
            "cannot_see": None if self.cannot_see is None else self.cannot_see.code,
            "pages": self.pages,
            "rows": self.rows,
            "seconds": round(self.seconds, 2),
            "unlisted": [account.user_id for account in self.unlisted],
        }


Progress = Callable[[str, int, int], None]
"""Told after every stored page: the stream, its rows read so far, its new facts so far."""
