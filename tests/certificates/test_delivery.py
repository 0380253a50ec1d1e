"""Certificates reach their holders by e-mail, each once, and their institutions as a ZIP."""

from __future__ import annotations

import contextlib
import email
import io
import json
import smtplib
import socketserver
import threading
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pypdf import PdfReader
from sqlalchemy import event, insert, select, update

from authoring.problems import Refused
from certificates import register
from certificates.delivery import queue_certificates, send_again, send_queued, unsure
from certificates.print_zip import institution_zips
from lms_sync.cli import commands
from lms_sync.store import schema
from lms_sync.store.database import open_database
from tests.certificates.conftest import NAMES


class MailServer:
    """A mail server of our own (RFC 5321, as far as a client needs it). `then` may break the line after a message."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.then: Callable[[int], str] = lambda number: "250 taken"
        self.refused: set[str] = set()
        outer = self

        class Session(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(ConnectionError):  # whoever speaks with us may be killed
                    self.talk()

            def talk(self) -> None:
                self.say("220 here")
                while line := self.rfile.readline():
                    word = line[:4].upper()
                    if word in (b"EHLO", b"HELO", b"MAIL", b"RSET"):
                        self.say("250 ok")
                    elif word == b"RCPT":
                        bad = any(one.encode() in line for one in outer.refused)
                        self.say("550 no such person" if bad else "250 ok")
                    elif word == b"DATA":
                        self.say("354 go on")
                        content = b""
                        while not content.endswith(b"\r\n.\r\n"):
                            line = self.rfile.readline()
                            if not line:
                                return
                            content += line
                        message = email.message_from_bytes(
                            content[:-3].replace(b"\r\n..", b"\r\n."), policy=default
                        )
                        outer.received.append(message)  # type: ignore[arg-type]
                        said = outer.then(len(outer.received))
                        if not said:
                            return
                        self.say(said)
                    else:
                        self.say("221 bye")
                        return

            def say(self, line: str) -> None:
                self.wfile.write(f"{line}\r\n".encode())

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()

    def open(self) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self.port, timeout=5)


@pytest.fixture
def mail() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def addressed(three_issued: Any) -> Any:
    """A register with three awards, all but the last for somebody with an address."""
    academy = three_issued
    with academy.engine.begin() as connection:
        for number, one in enumerate(register.issued(academy.engine, academy.site)[:2]):
            data = schema.person_data
            connection.execute(
                update(data)
                .where(data.c.person_id == one.person_id)
                .values(email=f"person{number}@example.org", given_name="Gëzim", family_name=f"Çela{number}")
            )
    academy.people = [one.person_id for one in register.issued(academy.engine, academy.site)]
    return academy


def send(academy: Any, mail: MailServer) -> Any:
    queue_certificates(academy.engine, academy.site, academy.clock)
    return send_queued(academy.engine, academy.site, mail.open, "office@example.org", academy.clock)


def test_every_holder_with_an_address_gets_the_certificate_once(addressed: Any, mail: MailServer) -> None:
    queued = queue_certificates(addressed.engine, addressed.site, addressed.clock)
    assert (queued.n, queued.without_address) == (2, ("DPA-2026-00003",))
    done = send(addressed, mail)
    assert (done.sent, done.put_off, done.refused, done.unsure) == (2, 0, (), ())
    assert send(addressed, mail).sent == 0
    assert [message["To"] for message in mail.received] == ["person0@example.org", "person1@example.org"]
    message = mail.received[0]
    assert "DPA-2026-00001" in message["Subject"]
    assert message["Auto-Submitted"] == "auto-generated"
    body = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    for words in ("I/e nderuar Gëzim Çela0,", "Dear Gëzim Çela0,", "/verify/", "/holder/"):
        assert words in body
    (attached,) = message.iter_attachments()
    issued = register.issued(addressed.engine, addressed.site)[0]
    assert attached.get_content() == addressed.document(issued, "pdf")
    assert attached.get_filename() == "DPA-2026-00001.pdf"


def test_a_revoked_certificate_and_an_address_that_does_not_exist_are_named(
    addressed: Any, mail: MailServer
) -> None:
    queue_certificates(addressed.engine, addressed.site, addressed.clock)
    register.suspend(
        addressed.engine, addressed.site, "DPA-2026-00001", by="O", reason="r", clock=addressed.clock
    )
    mail.refused.add("person1@example.org")
    done = send(addressed, mail)
    assert (done.sent, done.refused) == (0, ("DPA-2026-00001", "DPA-2026-00002"))
    assert mail.received == []
    mail.refused.clear()
    assert send_again(addressed.engine, addressed.site, "DPA-2026-00002", addressed.clock) == "DPA-2026-00002"
    assert send(addressed, mail).sent == 1
    with pytest.raises(Refused):
        send_again(addressed.engine, addressed.site, "DPA-2026-00003", addressed.clock)


def test_what_the_server_puts_off_is_tried_again_later(addressed: Any, mail: MailServer) -> None:
    mail.then = lambda number: "451 busy"
    assert send(addressed, mail).put_off == 2
    assert send(addressed, mail).put_off == 0  # not before its time
    mail.then = lambda number: "250 taken"
    addressed.clock.advance(timedelta(minutes=11))
    assert send(addressed, mail).sent == 2


@pytest.mark.parametrize(
    "why",
    [
        ConnectionRefusedError(),
        smtplib.SMTPAuthenticationError(535, b"the password has expired"),
        smtplib.SMTPConnectError(554, b"no service here"),
    ],
    ids=lambda why: type(why).__name__,
)
def test_a_server_that_is_away_or_refuses_us_uses_up_no_certificates_tries(
    addressed: Any, mail: MailServer, why: Exception
) -> None:
    asked = []

    def nobody() -> smtplib.SMTP:
        asked.append(1)
        raise why

    queue_certificates(addressed.engine, addressed.site, addressed.clock)
    for _ in range(8):  # a day
        done = send_queued(addressed.engine, addressed.site, nobody, "o@example.org", addressed.clock)
        assert (done.sent, done.put_off, done.refused) == (0, 2, ())
        assert type(why).__name__ in done.no_server or str(why.args[0]) in done.no_server
        addressed.clock.advance(timedelta(hours=3))
    assert len(asked) == 8  # nobody waits for it once for each certificate
    assert send(addressed, mail).sent == 2


def test_what_was_put_off_by_a_clock_that_was_ahead_is_sent(addressed: Any, mail: MailServer) -> None:
    addressed.clock.advance(timedelta(days=365))
    mail.then = lambda number: "451 busy"
    assert send(addressed, mail).put_off == 2
    addressed.clock.advance(-timedelta(days=365))
    mail.then = lambda number: "250 taken"
    assert send(addressed, mail).sent == 2


def test_a_line_that_breaks_after_the_message_is_told_and_nothing_is_sent_twice(
    addressed: Any, mail: MailServer
) -> None:
    mail.then = lambda number: "" if number == 1 else "250 taken"
    assert send(addressed, mail).sent == 1
    assert unsure(addressed.engine, addressed.site, addressed.clock) == []  # it may still be under way
    addressed.clock.advance(timedelta(minutes=11))
    done = send(addressed, mail)
    assert (done.sent, done.unsure) == (0, ("DPA-2026-00001",))
    send_again(addressed.engine, addressed.site, "DPA-2026-00001", addressed.clock)
    assert send(addressed, mail).sent == 1
    ids = [message["Message-ID"] for message in mail.received]
    assert len(ids) == 3
    assert ids[0] == ids[2] != ids[1]  # by which mail programs know it


class Died(BaseException):
    pass


def test_dying_at_any_statement_sends_nothing_twice_and_loses_nothing(
    addressed: Any, mail: MailServer
) -> None:
    """Dies before its nth statement, for every n; a new process goes on. What nobody knows is named, and only that."""
    issued = {one.serial: one.issue_id for one in register.issued(addressed.engine, addressed.site)}
    for n in range(1, 40):
        with addressed.engine.begin() as connection:
            connection.execute(schema.delivery.delete())
        mail.received.clear()
        engine = open_database(addressed.url, migrate=False)
        count = 0

        def dies(*_: object, n: int = n) -> None:
            nonlocal count
            count += 1
            if count == n:
                raise Died

        event.listen(engine, "before_cursor_execute", dies)
        died = False
        try:
            queue_certificates(engine, addressed.site, addressed.clock)
            send_queued(engine, addressed.site, mail.open, "o@example.org", addressed.clock)
        except Died:
            died = True
        engine.dispose()
        send(addressed, mail)
        addressed.clock.advance(timedelta(minutes=11))
        told = set(unsure(addressed.engine, addressed.site, addressed.clock))
        got = [str(message["Message-ID"]) for message in mail.received]
        assert len(got) == len(set(got)), n
        for serial in ("DPA-2026-00001", "DPA-2026-00002"):
            assert serial in told or any(issued[serial] in one for one in got), (n, serial)
        if not died:
            assert not told
            break
    else:
        pytest.fail("it never ran to its end")
    assert n > 10


def test_a_title_of_several_lines_has_one_in_the_subject_and_is_sent(
    addressed: Any, mail: MailServer
) -> None:
    issue = schema.issue
    with addressed.engine.begin() as connection:
        for row in connection.execute(select(issue.c.id, issue.c.public)).all():
            title = {**row.public["title"], "sq": "Zyrtar\r\nBcc: all@example.org\n"}
            connection.execute(
                update(issue).where(issue.c.id == row.id).values(public={**row.public, "title": title})
            )
    assert send(addressed, mail).sent == 2
    assert mail.received[0]["Subject"].endswith("Zyrtar Bcc: all@example.org (DPA-2026-00001)")
    assert mail.received[0]["Bcc"] is None


def test_an_institution_gets_its_certificates_in_one_zip(addressed: Any) -> None:
    with addressed.engine.begin() as connection:
        for person, where in zip(addressed.people, ("AL-ELB", "AL-ELB", "AL-TIR"), strict=False):
            connection.execute(
                insert(schema.membership).values(
                    site=addressed.site, person_id=person, institution=where, valid_from=addressed.clock.now()
                )
            )
    first, second = institution_zips(addressed.engine, addressed.site, addressed.clock)
    assert (first.institution, first.n, second.institution, second.n) == ("AL-ELB", 2, "AL-TIR", 1)
    archive = zipfile.ZipFile(io.BytesIO(first.content))
    assert archive.namelist() == ["DPA-2026-00001.pdf", "DPA-2026-00002.pdf", "list.csv"]
    assert len(PdfReader(io.BytesIO(archive.read("DPA-2026-00002.pdf"))).pages) == 1
    rows = archive.read("list.csv").decode("utf-8-sig").splitlines()
    assert rows[1].startswith("DPA-2026-00001,")
    assert any(
        f",{given} {family},Zyrtar i certifikuar" in rows[1] for given, family in NAMES
    )  # as it is printed
    again = list(institution_zips(addressed.engine, addressed.site, addressed.clock, institution="AL-ELB"))
    assert again == [first]
    register.suspend(
        addressed.engine, addressed.site, "DPA-2026-00003", by="O", reason="r", clock=addressed.clock
    )
    assert [
        one.institution for one in institution_zips(addressed.engine, addressed.site, addressed.clock)
    ] == ["AL-ELB"]


def test_the_verbs_send_and_print(addressed: Any, mail: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    folder: Path = addressed.folder
    config = (
        "sites: {main: {url: 'https://m.example.org', token_env: T}}\n"
        f"database: {{url: '{addressed.url}'}}\n"
        "issuer: {did: 'did:web:verifiko.example.gov.al'}\nportal: {base_url: 'https://verifiko.example.gov.al'}\n"
    )
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    monkeypatch.setenv("LMS_SYNC_LANGUAGE", "en")
    refused = CliRunner().invoke(
        commands, ["certificates", "send", "--dir", str(folder)], standalone_mode=False
    )
    assert isinstance(refused.exception, Refused)
    (folder / "config.yaml").write_text(
        config
        + f"notify: {{email: {{host: 127.0.0.1, port: {mail.port}, security: none, sender: o@example.org, to: [it@example.org]}}}}\n",
        encoding="utf-8",
    )
    told = CliRunner().invoke(
        commands, ["certificates", "send", "--dir", str(folder), "--json"], standalone_mode=False
    )
    assert json.loads(told.output)["sent"] == 2
    assert len(mail.received) == 2
    link = CliRunner().invoke(
        commands, ["certificates", "link", "DPA-2026-00001", "--dir", str(folder)], standalone_mode=False
    )
    assert link.output.strip() in mail.received[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    printed = CliRunner().invoke(
        commands, ["certificates", "print", "--dir", str(folder)], standalone_mode=False
    )
    assert printed.exit_code == 0
