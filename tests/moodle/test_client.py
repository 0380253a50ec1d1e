"""A client against a server that does everything a server can do wrong: it ends, it tells, it never gives the token away."""

from __future__ import annotations

import gzip
import json
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from lms_sync.moodle.client import Limits, MoodleClient
from lms_sync.moodle.errors import (
    MoodleError,
    SiteUnreachable,
    UnknownOutcome,
)
from lms_sync.settings import Secret

CANARY = "c0ffee00c0ffee00c0ffee00c0ffee00"
READ, WRITE = False, True
Script = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.seen.append(Seen(self.path, dict(self.headers), body))
        script = self.server.scripts.pop(0) if len(self.server.scripts) > 1 else self.server.scripts[0]
        script(self)

    def reply(
        self, body: bytes, status: int = 200, content_type: str = "application/json", **headers: str
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *args: object) -> None:
        pass


@dataclass
class Seen:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def fields(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)


class Server(ThreadingHTTPServer):
    """Answers each request with the next script, the last one for ever."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.scripts: list[Script] = [answer([])]
        self.seen: list[Seen] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


@dataclass
class Waits:
    """Takes the place of sleeping: notes how long it would have been."""

    slept: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


PATIENT = Limits(connect=5, read=20, write=20, whole=30, reply_bytes=200_000)


def _client(server: Server, limits: Limits = PATIENT) -> MoodleClient:
    return MoodleClient(server.url, Secret(CANARY), waits=(1.0, 2.0), sleep=Waits(), limits=limits)


@pytest.fixture
def client(server: Server) -> Iterator[MoodleClient]:
    one = _client(server)
    yield one
    one.close()


# --- what a server may do ------------------------------------------------------------------------------------


def answer(value: object) -> Script:
    return lambda handler: handler.reply(json.dumps(value).encode())


def page(status: int, body: bytes = b"<html><body>Sorry</body></html>", **headers: str) -> Script:
    return lambda handler: handler.reply(body, status, "text/html; charset=utf-8", **headers)


def drop(handler: Handler) -> None:
    handler.drop()


def cut_in_the_middle(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'[{"id": 1')
    handler.wfile.flush()
    handler.drop()


EXCEPTION = {
    "exception": "core\\exception\\moodle_exception",
    "errorcode": "invalidtoken",
    "message": "Invalid",
}
BUSY = {**EXCEPTION, "errorcode": "upgraderunning"}


def failing(client: MoodleClient, *, write: bool) -> MoodleError:
    function = "core_cohort_create_cohorts" if write else "core_cohort_get_cohorts"
    with pytest.raises(MoodleError) as caught:
        client.call(function, {"a": 1}, write=write)
    return caught.value


@pytest.mark.parametrize("script", [page(503), answer(BUSY)])
@pytest.mark.parametrize("write", [READ, WRITE])
def test_a_short_maintenance_is_waited_out(
    server: Server, client: MoodleClient, script: Script, write: bool
) -> None:
    server.scripts = [script, script, answer([])]
    assert client.call("core_cohort_get_cohorts", write=write) == []
    assert client._sleep.slept == [1.0, 2.0]


def test_a_read_that_broke_once_succeeds_the_next_time(server: Server, client: MoodleClient) -> None:
    server.scripts = [drop, cut_in_the_middle, answer([{"id": 1, "idnumber": "", "name": "A"}])]
    assert client.call("core_cohort_get_cohorts")[0]["id"] == 1


def test_an_answer_in_gzip_or_in_chunks_is_read(server: Server, client: MoodleClient) -> None:
    def zipped(handler: Handler) -> None:
        handler.reply(gzip.compress(b"[]"), Content_Encoding="gzip")

    def chunked(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"1\r\n[\r\n1\r\n]\r\n0\r\n\r\n")

    server.scripts = [zipped, chunked, answer([])]
    assert [client.call("core_cohort_get_cohorts") for _ in range(3)] == [[], [], []]


def test_one_connection_serves_many_calls(server: Server, client: MoodleClient) -> None:
    sockets: set[int] = set()

    def note(handler: Handler) -> None:
        sockets.add(handler.client_address[1])
        handler.reply(b"[]")

    server.scripts = [note]
    for _ in range(5):
        client.call("core_cohort_get_cohorts")
    assert len(sockets) == 1


# --- the token -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_the_token_is_not_sent_on(
    server: Server, client: MoodleClient, status: int
) -> None:
    elsewhere = Server()
    threading.Thread(target=elsewhere.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        server.scripts = [page(status, b"", Location=f"{elsewhere.url}/webservice/rest/server.php")]
        assert failing(client, write=READ).code == "moodle.redirect"
        with pytest.raises(UnknownOutcome):
            client.upload_bytes(b"x", "a.txt")
        assert elsewhere.seen == []
        assert len(server.seen) == 2
    finally:
        elsewhere.shutdown()
        elsewhere.server_close()


def test_the_token_is_the_last_field_of_the_body_and_nowhere_else(
    server: Server, client: MoodleClient
) -> None:
    client.call("core_cohort_get_cohorts", {"a": {"b": [1, 2]}})
    server.scripts = [answer([{"itemid": 5}])]
    client.upload_bytes(b"content", "a.zip")
    call, upload = server.seen
    assert call.fields[-1] == ("wstoken", CANARY)
    assert call.body.count(CANARY.encode()) == 1
    assert upload.body.count(CANARY.encode()) == 1
    assert b"content" in upload.body.split(CANARY.encode())[0]
    for seen in (call, upload):
        assert CANARY not in seen.path
        assert CANARY not in str(seen.headers)


def test_proxies_and_netrc_of_the_machine_are_ignored(
    server: Server, client: MoodleClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login me password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert client.call("core_cohort_get_cohorts") == []
    assert "Authorization" not in server.seen[0].headers


# --- no connection ---------------------------------------------------------------------------------------------


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_an_address_where_nobody_answers_is_told_at_once() -> None:
    waits = Waits()
    client = MoodleClient(f"http://127.0.0.1:{_free_port()}", Secret(CANARY), sleep=waits)
    with pytest.raises(SiteUnreachable) as caught:
        client.call("core_cohort_get_cohorts")
    assert (caught.value.code, waits.slept) == ("moodle.no-connection", [])
    assert caught.value.problem.params["reason"] == "connection refused"


def test_a_name_that_nobody_knows_is_told() -> None:
    client = MoodleClient("http://moodle.invalid", Secret(CANARY), sleep=Waits())
    with pytest.raises(SiteUnreachable) as caught:
        client.call("core_cohort_get_cohorts")
    assert caught.value.code == "moodle.no-connection"


@pytest.mark.parametrize("write", [READ, WRITE])
def test_a_site_that_goes_away_in_between_is_tried_again(server: Server, write: bool) -> None:
    waits = Waits()
    client = MoodleClient(server.url, Secret(CANARY), waits=(1.0, 2.0), sleep=waits)
    server.scripts = [lambda handler: handler.reply(b"[]", Connection="close")]
    client.call("core_cohort_get_cohorts")
    server.shutdown()
    server.server_close()
    with pytest.raises(SiteUnreachable):
        client.call("core_cohort_get_cohorts", write=write)
    assert waits.slept == [1.0, 2.0]  # no connection: it cannot have landed


def test_a_write_whose_secured_connection_breaks_is_unknown_and_not_called_unsent(tmp_path: Path) -> None:
    pytest.importorskip("cryptography.x509")
    key_file, cert_file = _self_signed(tmp_path, None)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert_file, key_file)
    listener = socket.create_server(("127.0.0.1", 0))
    received = []

    def take_the_request_and_vanish() -> None:
        raw, _ = listener.accept()
        secured = context.wrap_socket(raw, server_side=True)
        received.append(secured.recv(65536))
        os.close(secured.detach())  # without the farewell of TLS

    threading.Thread(target=take_the_request_and_vanish, daemon=True).start()
    client = MoodleClient(f"https://127.0.0.1:{listener.getsockname()[1]}", Secret(CANARY), sleep=Waits())
    client._http.verify = str(cert_file)
    error = failing(client, write=WRITE)
    assert (type(error), error.code) == (UnknownOutcome, "moodle.connection-lost")
    assert len(received) == 1
    listener.close()


def test_a_server_without_tls_is_told_before_anything_is_sent(server: Server) -> None:
    client = MoodleClient(server.url.replace("http:", "https:"), Secret(CANARY), sleep=Waits())
    error = failing(client, write=WRITE)
    assert error.code == "moodle.bad-certificate"
    assert "https" in str(error.problem.params["reason"])
    assert server.seen == []


def test_a_certificate_that_nobody_vouches_for_is_refused_before_the_token_is_sent(tmp_path: Path) -> None:
    cryptography = pytest.importorskip("cryptography.x509")
    key_file, cert_file = _self_signed(tmp_path, cryptography)
    server = Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert_file, key_file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        client = MoodleClient(f"https://127.0.0.1:{server.server_address[1]}", Secret(CANARY), sleep=Waits())
        with pytest.raises(SiteUnreachable) as caught:
            client.call("core_cohort_get_cohorts")
        assert caught.value.code == "moodle.bad-certificate"
        assert server.seen == []
    finally:
        server.shutdown()
        server.server_close()


def _self_signed(folder: Path, x509: object) -> tuple[Path, Path]:
    from datetime import UTC, datetime, timedelta
    from ipaddress import ip_address

    from cryptography import x509 as certificates
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = certificates.Name([certificates.NameAttribute(certificates.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        certificates.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            certificates.SubjectAlternativeName([certificates.IPAddress(ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    key_file, cert_file = folder / "key.pem", folder / "cert.pem"
    private = serialization.PrivateFormat.PKCS8
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption()))
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return key_file, cert_file


# --- uploads ---------------------------------------------------------------------------------------------------


def test_a_file_is_streamed_whole_into_a_fresh_draft(
    server: Server, client: MoodleClient, tmp_path: Path
) -> None:
    content = os.urandom(300_000)
    path = tmp_path / "package.zip"
    path.write_bytes(content)
    server.scripts = [drop, answer([{"itemid": 77}])]
    assert client.upload(path) == 77
    assert len(server.seen) == 2  # a draft that nobody refers to does no harm
    assert content in server.seen[1].body
    assert b'name="itemid"\r\n\r\n0\r\n' in server.seen[1].body


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ([], "moodle.upload-dropped"),
        (None, "moodle.upload-dropped"),
        ({}, "moodle.upload-dropped"),
        ([{"error": "too big", "errortype": "fileoversized"}], "moodle.upload-refused"),
        ([{"nothing": 1}], "moodle.unexpected-shape"),
        (["text"], "moodle.unexpected-shape"),
        ({"error": "Invalid token", "errorcode": "invalidtoken"}, "moodle.invalid-token"),
    ],
)
def test_an_upload_that_did_not_arrive_is_told(
    server: Server, client: MoodleClient, value: object, code: str
) -> None:
    server.scripts = [answer(value)]
    with pytest.raises(MoodleError) as caught:
        client.upload_bytes(b"x", "a.zip")
    assert caught.value.code == code


def test_a_request_of_more_variables_than_php_takes_is_never_sent(
    server: Server, client: MoodleClient
) -> None:
    client.call("core_cohort_get_cohorts", {"values": list(range(896))})
    with pytest.raises(ValueError, match="variables"):
        client.call("core_cohort_get_cohorts", {"values": list(range(897))})
    assert len(server.seen) == 1


def test_what_moodle_printed_before_its_answer_is_kept_as_a_warning(
    server: Server, client: MoodleClient
) -> None:
    server.scripts = [lambda handler: handler.reply(b"<p>Notice: undefined</p>[]")]
    assert client.call("core_cohort_get_cohorts") == []
    assert client.warnings == ["core_cohort_get_cohorts: <p>Notice: undefined</p>"]
