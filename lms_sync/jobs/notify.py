"""Tells people that a job fails, and that it works again: by e-mail, by a web hook, once for each change of state.

What is to be told is a row of the table `notice`, written in the transaction that changed the state. It is sent from
there by whichever process looks first. A notice whose sender is killed between sending and writing that down is sent
again with the same id (`Message-ID`, `Idempotency-Key`), by which its receiver knows it.
"""

from __future__ import annotations

import json
import logging
import smtplib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from typing import Any, Protocol

import requests
from sqlalchemy import Engine, Row, or_, select, update

from authoring.messages import text
from lms_sync.clock import Clock
from lms_sync.mail_server import mail_server
from lms_sync.moodle.watched_connection import Watch, WatchedAdapter
from lms_sync.settings import EmailSettings, NotifySettings, Secret, read_secret
from lms_sync.store import schema
from lms_sync.store.database import moment_of, single_statements

log = logging.getLogger("lms_sync.jobs")

_TRIES = 8
_HELD = timedelta(minutes=2)  # for one attempt to send; longer than any timeout below
_TIMEOUT = 20.0  # as for mail servers
_AT_ONCE = 50

_notice = schema.notice


@dataclass(frozen=True)
class Notice:
    """What is told: of which job, what, since when and why; `id` is the same at every attempt."""

    id: str
    site: str
    job: str
    course: str
    kind: str
    at: str
    since: str
    error: str
    reason: str

    def subject(self, language: str) -> str:
        """One line in words."""
        return text(f"jobs.notice-{self.kind}", {"site": self.site, "job": self._job}, language)

    def body(self, language: str) -> str:
        """What happened and what to do, in words."""
        params = {"site": self.site, "job": self._job, "since": self.since, "at": self.at}
        said = text(f"jobs.notice-{self.kind}-text", params, language)
        return f"{said}\n\n{self.reason or self.error}\n" if self.kind == "failure" else f"{said}\n"

    @property
    def _job(self) -> str:
        return f"{self.job} ({self.course})" if self.course else self.job


class Way(Protocol):
    """A way to tell somebody; raises OSError or requests' errors where it does not get through."""

    def send(self, notice: Notice, language: str) -> None:
        """Sends a notice."""


@dataclass(frozen=True)
class ByEmail:
    """E-mail over one server; TLS unless the configuration says that the server is on this machine."""

    settings: EmailSettings
    password: Secret | None

    def send(self, notice: Notice, language: str) -> None:
        """Sends a notice to all addresses in one message."""
        message = EmailMessage()
        message["From"] = self.settings.sender
        message["To"] = ", ".join(self.settings.to)
        message["Subject"] = " ".join(notice.subject(language).split())
        message["Message-ID"] = f"<{notice.id}@lms-sync>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
        message.set_content(notice.body(language))
        with mail_server(self.settings, self.password) as server:
            server.send_message(message)


@dataclass(frozen=True)
class ByWebhook:
    """An HTTP POST with JSON."""

    url: Secret

    def send(self, notice: Notice, language: str) -> None:
        """Sends a notice; an answer other than 2xx is an error."""
        said = {
            "id": notice.id,
            "kind": notice.kind,
            "site": notice.site,
            "job": notice.job,
            "course": notice.course,
            "at": notice.at,
            "since": notice.since,
            "error": notice.error,
            "text": f"{notice.subject(language)}\n\n{notice.body(language)}",  # what chat services show
        }
        with requests.Session() as session, Watch(_TIMEOUT) as watch:
            session.mount("https://", WatchedAdapter())
            session.mount("http://", WatchedAdapter())
            with session.post(
                self.url.reveal(),
                data=json.dumps(said, ensure_ascii=False).encode("utf-8"),
                headers={"Content-Type": "application/json", "Idempotency-Key": notice.id},
                timeout=_TIMEOUT,
                allow_redirects=False,
                stream=True,  # what it says beside its status is nothing to us, however long that is
            ) as answer:
                status = answer.status_code
        if watch.passed:  # a head that is cut looks like one that ended
            raise TimeoutError
        if not 200 <= status < 300:
            raise OSError(f"HTTP {status}")


def ways_of(settings: NotifySettings) -> dict[str, Way]:
    """The ways that the configuration names; raises SettingsError where a secret is not where it says."""
    ways: dict[str, Way] = {}
    if settings.email.host is not None:
        named = settings.email.password_env
        ways["email"] = ByEmail(settings.email, read_secret(named) if named else None)
    if settings.webhook_env is not None:
        ways["webhook"] = ByWebhook(read_secret(settings.webhook_env))
    return ways


def send_waiting(engine: Engine, ways: Mapping[str, Way], clock: Clock, language: str) -> int:
    """Sends what waits; how many got through. What does not is tried again later, up to eight times."""
    sent = 0
    for _ in range(_AT_ONCE):
        row = _take(engine, clock)
        if row is None:
            break
        way = ways.get(row.way)
        if way is None:  # not configured any more; perhaps again before its tries are used up
            continue
        try:
            way.send(_read(row), language)
        except (OSError, requests.RequestException, smtplib.SMTPException) as error:
            params = {"way": row.way, "reason": type(error).__name__}  # an address may be a secret
            log.warning("%s", text("jobs.not-told", params, language))
            continue  # it waits until its time in `not_before`
        with single_statements(engine).begin() as connection:
            connection.execute(update(_notice).where(_notice.c.id == row.id).values(state="sent"))
        sent += 1
    return sent


def _take(engine: Engine, clock: Clock) -> Row[Any] | None:
    """Takes a notice for one attempt, so that no other process sends it meanwhile."""
    with single_statements(engine).begin() as connection:
        now = moment_of(connection, clock)
        passed = or_(
            _notice.c.not_before <= now,
            _notice.c.not_before > now + _HELD * 2**_TRIES,  # reckoned by a clock that was ahead
        )
        may = or_(_notice.c.not_before.is_(None), passed)
        query = select(_notice).where(_notice.c.state == "waiting", may).order_by(_notice.c.id).limit(1)
        row = connection.execute(query.with_for_update(skip_locked=True)).first()
        if row is None:
            return None
        tries = row.tries + 1
        connection.execute(
            update(_notice)
            .where(_notice.c.id == row.id)
            .values(
                tries=tries,
                not_before=now + _HELD * 2 ** (tries - 1),
                state="given-up" if tries >= _TRIES else "waiting",
            )
        )
        return row


def _read(row: Row[Any]) -> Notice:
    return Notice(
        f"notice-{row.id}-{row.at:%Y%m%dT%H%M%S}",
        row.site,
        row.job,
        row.course,
        row.kind,
        f"{row.at:%Y-%m-%d %H:%M} UTC",
        f"{row.since:%Y-%m-%d %H:%M} UTC",
        row.error or "",
        row.reason or "",
    )
