"""Where a programme is played: a site that learners reach, and a time that goes from act to act."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Mapping
from typing import Protocol
from zoneinfo import ZoneInfo

from lms_sync.clock import Clock, SystemClock
from lms_sync.learners import PracticeLearner, mobile_token
from lms_sync.moodle.client import MoodleClient


class Stage(Protocol):
    """A site with accounts, and a clock."""

    @property
    def clock(self) -> Clock:
        """What the product takes for the present moment."""

    def go_to(self, day: datetime.date) -> None:
        """Lets time pass until this day, where the site lets it."""

    def before_pull(self) -> None:
        """Lets the site count completions, and a second pass: a pull leaves the running one to the next pull."""

    def learner(self, username: str) -> PracticeLearner:
        """Somebody who logs in as the mobile app does."""

    def trainer(self) -> PracticeLearner:
        """Somebody who may mark in the programme's courses."""


class MovedClock:
    """The machine's clock, moved by as much as it is told."""

    def __init__(self) -> None:
        self.own = SystemClock()
        self.moved_by = datetime.timedelta()

    def now(self) -> datetime.datetime:
        """The moment that is played, aware, in UTC."""
        return self.own.now() + self.moved_by


class StandInStage:
    """A stand-in Moodle: its time and the product's go together, to the afternoon of each day."""

    def __init__(
        self,
        url: str,
        passwords: Mapping[str, str],
        trainer: str,
        timezone: str,
        set_clock: Callable[[int], None],
    ) -> None:
        self.url = url
        self.clock = MovedClock()
        self._passwords = passwords
        self._trainer = trainer
        self._zone = ZoneInfo(timezone)
        self._set_clock = set_clock
        self._began = False

    def go_to(self, day: datetime.date) -> None:
        """To the afternoon of a day; never back, once the play has begun."""
        then = datetime.datetime.combine(day, datetime.time(16), self._zone)
        by = then - self.clock.own.now()
        self._move(max(by, self.clock.moved_by) if self._began else by)
        self._began = True

    def back_to_now(self) -> None:
        """To the machine's own time, from the past."""
        self._move(datetime.timedelta())

    def before_pull(self) -> None:
        """Completions are counted at once; two seconds pass and nobody waits."""
        self._move(self.clock.moved_by + datetime.timedelta(seconds=2))

    def _move(self, moved_by: datetime.timedelta) -> None:
        self.clock.moved_by = moved_by
        self._set_clock(int(self.clock.now().timestamp()))

    def learner(self, username: str) -> PracticeLearner:
        """Somebody of the seed."""
        return PracticeLearner(
            MoodleClient(self.url, mobile_token(self.url, username, self._passwords[username]))
        )

    def trainer(self) -> PracticeLearner:
        """The seed's trainer."""
        return self.learner(self._trainer)


class RealStage:
    """A real Moodle, where everything happens today."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        passwords: Mapping[str, str],
        trainer: str,
        cron: Callable[[], None],
    ) -> None:
        self.url = url
        self.clock = clock
        self._passwords = passwords
        self._trainer = trainer
        self._cron = cron

    def go_to(self, day: datetime.date) -> None:
        """Nothing: a site's time cannot be moved."""

    def before_pull(self) -> None:
        """Runs the site's cron, which completes courses, and waits."""
        self._cron()
        time.sleep(1.1)

    def learner(self, username: str) -> PracticeLearner:
        """Somebody with a password."""
        return PracticeLearner(
            MoodleClient(self.url, mobile_token(self.url, username, self._passwords[username]))
        )

    def trainer(self) -> PracticeLearner:
        """The one who may mark."""
        return self.learner(self._trainer)
