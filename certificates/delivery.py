"""Certificates by e-mail: queued in the database, handed to the mail server, each once.

A row of `delivery` is taken ("sending", committed) before the server gets anything, and marked "sent" when the server has
accepted the message. What the server refuses before it has all of it waits for another try, or is given up. Where a process
is killed, or the line breaks, between the last byte and the server's word, nobody can know whether the message went out: the
row stays "sending", nothing is sent a second time unasked, and the officer is told (see docs/decisions/0017). A message
that is sent again on purpose has the same Message-ID, by which mail programs know it.
"""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any, Protocol
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, func, insert, or_, select, update

from authoring.messages import text
from authoring.problems import Refused
from certificates.award import Award, award_from_row
from certificates.holder_link import holder_link
from certificates.holders import printed_names
from certificates.lifecycle import find_award_said, status_now
from lms_sync.clock import Clock
from lms_sync.store import schema
from lms_sync.store.database import moment_of, reading, single_statements

_TRIES = 6
_PAUSE = timedelta(minutes=10)  # before the second try; doubled before each further one
_LONGEST_PAUSE = _PAUSE * 2**_TRIES
_UNSURE_AFTER = timedelta(minutes=10)  # a server has answered long before

_delivery = schema.delivery


class OpensServer(Protocol):
    """Opens a connection to the mail server; raises OSError or smtplib's errors."""

    def __call__(self) -> AbstractContextManager[smtplib.SMTP]:
        """The connection, closed at the end."""


@dataclass(frozen=True)
class Queued:
    """How many certificates were queued now, and the numbers of those whose holder has no address."""

    n: int
    without_address: tuple[str, ...]


@dataclass(frozen=True)
class Sent:
    """What one run did: messages that the server accepted, put off, given up; and those of which nobody knows.

    `no_server` is what it said that took none, or the error with which it was away; "" where it took messages.
    """

    sent: int
    put_off: int
    refused: tuple[str, ...]
    unsure: tuple[str, ...]
    no_server: str = ""


def queue_certificates(engine: Engine, site: str, clock: Clock, *, award: str | None = None) -> Queued:
    """Queues every valid certificate that was never queued and whose holder has an address; `award`: only of this policy."""
    issue, document, person = schema.issue, schema.document, schema.person_data
    query = (
        select(issue, person.c.email)
        .join(document, (document.c.issue_id == issue.c.id) & (document.c.kind == "pdf"))
        .outerjoin(person, person.c.person_id == issue.c.person_id)
        .outerjoin(_delivery, _delivery.c.issue_id == issue.c.id)
        .where(issue.c.site == site, _delivery.c.issue_id.is_(None))
        .order_by(issue.c.issued_at, issue.c.serial)
    )
    if award is not None:
        query = query.where(issue.c.policy == award)
    n, without = 0, []
    with engine.begin() as connection:
        now = clock.now()
        for row in connection.execute(query).all():
            one = award_from_row(row)
            if status_now(connection, one, clock) != "valid":
                continue
            if not row.email:
                without.append(one.serial)
                continue
            connection.execute(
                insert(_delivery).values(
                    issue_id=one.id, site=site, state="waiting", tries=0, queued_at=now, changed_at=now
                )
            )
            n += 1
    return Queued(n, tuple(without))


def send_queued(
    engine: Engine,
    site: str,
    open_server: OpensServer,
    sender: str,
    clock: Clock,
    *,
    most: int = 500,
    stop: Callable[[], bool] = lambda: False,
) -> Sent:
    """Hands over what waits, at most so many, and until `stop` says so. Any number of processes may do this at once, and any may be killed."""
    sent = put_off = 0
    no_server = ""
    refused: list[str] = []
    for row in _taken(engine, site, clock, most, stop):
        award = award_from_row(row)
        with reading(engine) as connection:
            status = status_now(connection, award, clock)
            message = _message(connection, award, sender) if status == "valid" else None
        if message is None:
            _leave(engine, award, "refused", f"status {status}" if status != "valid" else "no address", clock)
            refused.append(award.serial)
            continue
        try:
            outcome = _hand_over(open_server, message)
        except _NobodyKnows:
            continue
        if outcome is None:
            _leave(engine, award, "sent", None, clock)
            sent += 1
        elif outcome.no_server:
            # It says nothing about this message, and would say the same to all others: none of them has used up a try.
            _leave(engine, award, "waiting", outcome.reason, clock, tries=row.tries)
            put_off += _waiting(engine, site, clock)
            no_server = outcome.reason
            break
        elif outcome.final or row.tries + 1 >= _TRIES:
            _leave(engine, award, "refused", outcome.reason, clock)
            refused.append(award.serial)
        else:
            _leave(engine, award, "waiting", outcome.reason, clock, pause=_PAUSE * 2**row.tries)
            put_off += 1
    return Sent(sent, put_off, tuple(refused), tuple(unsure(engine, site, clock)), no_server)


def unsure(engine: Engine, site: str, clock: Clock) -> list[str]:
    """The numbers of certificates of which nobody knows whether their message went out."""
    issue = schema.issue
    with reading(engine) as connection:
        before = moment_of(connection, clock) - _UNSURE_AFTER
        return list(
            connection.execute(
                select(issue.c.serial)
                .join(_delivery, _delivery.c.issue_id == issue.c.id)
                .where(
                    _delivery.c.site == site, _delivery.c.state == "sending", _delivery.c.changed_at <= before
                )
                .order_by(issue.c.serial)
            ).scalars()
        )


def send_again(engine: Engine, site: str, said: str, clock: Clock) -> str:
    """Queues a certificate once more, with the same Message-ID; its number. Raises Refused where it never was queued."""
    with engine.begin() as connection:
        award = find_award_said(connection, site, said)
        done = connection.execute(
            update(_delivery)
            .where(_delivery.c.issue_id == award.id, _delivery.c.state != "waiting")
            .values(state="waiting", tries=0, not_before=None, changed_at=clock.now(), error=None)
        )
        if done.rowcount == 0:
            raise Refused("send.not-queued", serial=award.serial)
    return award.serial


def _taken(
    engine: Engine, site: str, clock: Clock, most: int, stop: Callable[[], bool]
) -> Iterator[Row[Any]]:
    """Takes one waiting delivery after the other, so that no other process takes it too."""
    issue = schema.issue
    for _ in range(most):
        if stop():
            return
        with engine.begin() as connection:
            now = moment_of(connection, clock)
            row = connection.execute(
                select(issue, _delivery.c.tries)
                .join(_delivery, _delivery.c.issue_id == issue.c.id)
                .where(_may_be_taken(site, now))
                .order_by(_delivery.c.queued_at, issue.c.serial)
                .limit(1)
                .with_for_update(skip_locked=True, of=_delivery)
            ).first()
            if row is None:
                return
            connection.execute(
                update(_delivery)
                .where(_delivery.c.issue_id == row.id)
                .values(state="sending", tries=_delivery.c.tries + 1, changed_at=now)
            )
        yield row


def _may_be_taken(site: str, now: datetime) -> ColumnElement[bool]:
    passed = or_(
        _delivery.c.not_before <= now,
        _delivery.c.not_before > now + _LONGEST_PAUSE,  # reckoned by a clock that was ahead
    )
    may = or_(_delivery.c.not_before.is_(None), passed)
    return and_(_delivery.c.site == site, _delivery.c.state == "waiting", may)


def _waiting(engine: Engine, site: str, clock: Clock) -> int:
    with reading(engine) as connection:
        waiting = _may_be_taken(site, moment_of(connection, clock))
        return connection.execute(select(func.count()).select_from(_delivery).where(waiting)).scalar_one()


def _leave(
    engine: Engine,
    award: Award,
    state: str,
    error: str | None,
    clock: Clock,
    *,
    pause: timedelta | None = None,
    tries: int | None = None,
) -> None:
    """Notes how an attempt ended; with `tries`, that it does not count."""
    with single_statements(engine).begin() as connection:
        now = moment_of(connection, clock)
        connection.execute(
            update(_delivery)
            .where(_delivery.c.issue_id == award.id, _delivery.c.state == "sending")
            .values(
                state=state,
                error=error and error[:200],
                changed_at=now,
                not_before=pause and now + pause,
                tries=_delivery.c.tries if tries is None else tries,
            )
        )


# --- the message ------------------------------------------------------------------------------


def _message(connection: Connection, award: Award, sender: str) -> EmailMessage | None:
    """The message with the PDF, in each language of the certificate; None where there is no address any more."""
    person, document = schema.person_data, schema.document
    address = connection.execute(
        select(person.c.email).where(person.c.person_id == award.person_id)
    ).scalar_one_or_none()
    pdf = connection.execute(
        select(document.c.content).where(document.c.issue_id == award.id, document.c.kind == "pdf")
    ).scalar_one_or_none()
    if not address or not pdf:
        return None
    wording = award.wording
    name = printed_names(connection, [award.person_id]).get(award.person_id, "")
    link = holder_link(connection, award)

    def said(code: str, language: str) -> str:
        params = {
            "name": name,
            "title": wording.title.in_language(language),
            "issuer": wording.issuer_name.in_language(language),
            "serial": award.serial,
            "verify": f"{award.verification_url}?lang={language}",
            "holder": f"{link}?lang={language}",
        }
        return text(code, params, language)

    message = EmailMessage()
    message["From"] = sender
    message["To"] = address
    # A title may have several lines, as `title: |` in a policy makes it; a subject has one.
    message["Subject"] = " ".join(said("send.subject", wording.languages[0]).split())
    message["Message-ID"] = f"<certificate-{award.id}@{urlsplit(wording.base_url).hostname}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
    message["Content-Language"] = ", ".join(wording.languages)
    message.set_content(
        "\n\n---\n\n".join(said("send.text", language) for language in wording.languages) + "\n"
    )
    name_of_file = f"{award.serial.replace('/', '-')}.pdf"
    message.add_attachment(bytes(pdf), maintype="application", subtype="pdf", filename=name_of_file)
    return message


class _NobodyKnows(Exception):
    """The line broke after the message and before the server's word about it."""


@dataclass(frozen=True)
class _NotTaken:
    """The server has not taken the message; `final` where it never will; `no_server` where it did not get so far as to say."""

    reason: str
    final: bool
    no_server: bool = False


def _hand_over(open_server: OpensServer, message: EmailMessage) -> _NotTaken | None:
    """Hands a message to the server; None where it was accepted. Raises _NobodyKnows."""
    under_way = accepted = False
    no_server = (
        True  # away, busy, or one that refuses us: a password that has expired, a sender that is not ours
    )
    try:
        with open_server() as server:
            server.ehlo_or_helo_if_needed()
            _must(server.mail(_address(message["From"])), 250)
            no_server = False
            _must(server.rcpt(_address(message["To"])), 250, 251)
            under_way = True
            code, answer = server.data(message.as_bytes(policy=message.policy.clone(linesep="\r\n")))
            under_way, accepted = False, code == 250
            if not accepted:
                return _NotTaken(f"{code} {answer.decode('utf-8', 'replace')}", 500 <= code < 600)
        return None
    except smtplib.SMTPResponseException as error:
        if accepted:  # what follows, such as the farewell, does not count
            return None
        reason = error.smtp_error
        said = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        final = 500 <= error.smtp_code < 600 and not no_server
        return _NotTaken(f"{error.smtp_code} {said}", final, no_server)
    except (OSError, smtplib.SMTPException) as error:
        if accepted:
            return None
        if under_way:
            raise _NobodyKnows from error
        return _NotTaken(type(error).__name__, final=False, no_server=no_server)


def _must(answer: tuple[int, bytes], *codes: int) -> None:
    code, said = answer
    if code not in codes:
        raise smtplib.SMTPResponseException(code, said)


def _address(header: str) -> str:
    from email.utils import parseaddr

    return parseaddr(str(header))[1]
