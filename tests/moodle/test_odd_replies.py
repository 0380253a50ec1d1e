"""Odd replies of a server, on real sockets: each ends in one typed error or a retry that can do no harm.

A read may be asked again. A write is asked again only where it cannot have landed; else the error says that nobody
knows (UnknownOutcome), and who called reads back. Nothing that is said or logged holds the token.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import socket
import struct
import threading
import time
import traceback
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from authoring.messages import LANGUAGES, describe
from lms_sync.moodle.client import Limits, MoodleClient
from lms_sync.moodle.errors import (
    AccessRefused,
    CallRefused,
    FunctionMissing,
    MoodleError,
    SiteBusy,
    UnknownOutcome,
)
from lms_sync.settings import Secret

CANARY = "c0ffee00c0ffee00c0ffee00c0ffee00"
READ, WRITE = False, True
ROW = {"id": 7, "idnumber": "k", "name": "Bashkia"}
GOOD = json.dumps([ROW]).encode()  # as an answer to the read and to the write
ARGUMENTS: dict[str, object] = {"cohorts": [{"name": "Bashkia", "idnumber": "k"}]}

PATIENT = Limits(connect=5, read=20, write=20, whole=30, reply_bytes=200_000)
HASTY = Limits(connect=5, read=0.15, write=0.15, whole=0.2, reply_bytes=200_000)

Script = Callable[["Peer"], None]


@dataclass
class Peer:
    """The server's end of a connection, with the request that arrived on it."""

    socket: socket.socket
    body: bytes
    over: threading.Event
    stays_open: bool = False

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def drip(self, piece: bytes) -> None:
        while not self.over.wait(0.03):
            self.send(piece)

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@dataclass
class OddServer:
    """Answers each request with the next script, the last one for ever."""

    scripts: list[Script] = field(default_factory=list)
    requests: int = 0
    bodies: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.over = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def start(self, *scripts: Script) -> None:
        self.over.set()  # what still drips ends
        self.over = threading.Event()
        self.scripts, self.requests, self.bodies = list(scripts), 0, []

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            while connection.recv(1, socket.MSG_PEEK):  # a request begins to arrive
                self.requests += 1
                script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
                body = b"" if script is reset_before_reading else self._read(connection)
                peer = Peer(connection, body, self.over)
                script(peer)
                if not peer.stays_open:
                    break

    def _read(self, connection: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        while len(body) < length:
            body += connection.recv(65536)
        self.bodies.append(body)
        return body

    def close(self) -> None:
        self.over.set()
        self.listener.close()


@pytest.fixture(scope="module")
def server() -> Iterator[OddServer]:
    running = OddServer()
    yield running
    running.close()


# --- what a server may send ------------------------------------------------------------------------------------


def http(
    body: bytes = b"", status: str = "200 OK", *headers: str, kind: str = "application/json", short: int = 0
) -> Script:
    length = len(body) - short
    head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {length}", *headers]
    whole = "\r\n".join([*head, "", ""]).encode("latin-1") + body

    def script(peer: Peer) -> None:
        peer.send(whole)
        peer.stays_open = True

    return script


def raw(data: bytes) -> Script:
    return lambda peer: peer.send(data)


def unsized(body: bytes, *headers: str) -> Script:
    return raw("\r\n".join(["HTTP/1.1 200 OK", *headers, "", ""]).encode() + body)


def page(status: str, *headers: str) -> Script:
    return http(b"<!DOCTYPE html><html><body>Sorry</body></html>", status, *headers, kind="text/html")


def value(answer: object) -> Script:
    return http(json.dumps(answer).encode())


def exception(errorcode: object, message: object = "said", **more: object) -> Script:
    return value({"exception": "moodle_exception", "errorcode": errorcode, "message": message, **more})


def reset_before_reading(peer: Peer) -> None:
    peer.reset()


def reset_after_reading(peer: Peer) -> None:
    peer.reset()


def close_at_once(peer: Peer) -> None:
    pass


def silence(peer: Peer) -> None:
    peer.over.wait(2)


def half_and_silence(peer: Peer) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[1, 2")
    peer.over.wait(2)


def dripping_head(peer: Peer) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    peer.drip(b"a")


def dripping_body(peer: Peer) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    peer.drip(b" ")


def dripping_until_closed(peer: Peer) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\n\r\n" + GOOD)
    peer.drip(b" ")


def dripping_chunk_size(peer: Peer) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    peer.drip(b"0")


def continues_for_ever(peer: Peer) -> None:
    peer.drip(b"HTTP/1.1 100 Continue\r\n\r\n")


def endless_chunks(peer: Peer) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(1000):
        peer.send(b"10000\r\n" + b"a" * 65536 + b"\r\n")


def endless_body(peer: Peer) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(1000):
        peer.send(b" " * 65536)


def endless_line(peer: Peer) -> None:
    peer.send(b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 1_000_000)


def echo_as_page(peer: Peer) -> None:
    http(b"<html>" + peer.body + b"</html>", kind="text/html")(peer)


def echo_everywhere(peer: Peer) -> None:
    http(b"[", "200 OK", f"X-Token: {CANARY}", kind=f"text/{CANARY}")(peer)


def _token_in_a_query(**more: object) -> Script:
    said = f"SELECT * FROM mdl_external_tokens WHERE token = ? [array (0 => '{CANARY}')]"
    return exception("dmlreadexception", debuginfo=said, **more)


def chunked(*pieces: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + end


GZIP = "Content-Encoding: gzip"
CHUNKS = "Transfer-Encoding: chunked"
XML = b'<?xml version="1.0" encoding="UTF-8" ?>\n<EXCEPTION><ERRORCODE>%s</ERRORCODE></EXCEPTION>'
NOTICE = b"<br />\n<b>Notice</b>:  Undefined index [0] in <b>lib.php</b> on line <b>5</b><br />\n"
BOMB = gzip.compress(b" " * 3_000_000)


# --- what has to become of it ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ending:
    """A typed error (or None: the value), and how many requests were sent. The client may try once more."""

    kind: type[MoodleError] | None
    code: str = ""
    requests: int = 1
    asks_why: int = 0  # afterwards, which capabilities the account lacks


@dataclass(frozen=True)
class Odd:
    """A reply, what a read and what a write make of it, and whether it takes so long that time runs out."""

    script: Script
    read: Ending
    write: Ending
    slow: bool = False


def unknown(script: Script, code: str, *, slow: bool = False) -> Odd:
    """Nobody knows: a read is asked again, a write is not."""
    code = f"moodle.{code}"
    return Odd(script, Ending(UnknownOutcome, code, 2), Ending(UnknownOutcome, code), slow)


def final(script: Script, code: str, kind: type[MoodleError] = UnknownOutcome) -> Odd:
    """Asking again would not help."""
    ending = Ending(kind, f"moodle.{code}")
    return Odd(script, ending, ending)


def busy(script: Script, code: str, requests: int = 2) -> Odd:
    """The site says that it did nothing: both are asked again."""
    ending = Ending(SiteBusy, f"moodle.{code}", requests)
    return Odd(script, ending, ending)


def fine(script: Script) -> Odd:
    """Odd, and an answer."""
    return Odd(script, Ending(None), Ending(None))


ODD: dict[str, Odd] = {
    # the web server, a proxy, a firewall
    "web page": unknown(page("200 OK"), "not-json-html"),
    "login page": unknown(http(b"<html><form action='/login/index.php'>", kind="text/html"), "not-json-html"),
    "firewall 403": final(page("403 Forbidden"), "http-status"),
    "empty 403": final(http(b"", "403 Forbidden"), "web-services-off", AccessRefused),
    "401 of a proxy": final(page("401 Unauthorized", "WWW-Authenticate: Basic"), "http-status"),
    "404": final(page("404 Not Found"), "http-status"),
    "400 plain HTTP to HTTPS": final(page("400 Bad Request"), "http-status"),
    "413": final(page("413 Too Large"), "body-dropped", CallRefused),
    "429": busy(page("429 Too Many Requests"), "overloaded"),
    "429 in two seconds": busy(page("429 Too Many Requests", "Retry-After: 2"), "overloaded"),
    "429 in an hour": busy(page("429 Too Many Requests", "Retry-After: 3600"), "overloaded", 1),
    "429 at a date": busy(page("429 Slow", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT"), "overloaded"),
    "500": final(http(b"", "500 Internal Server Error"), "http-status"),
    "500 with an answer": final(http(GOOD, "500 Internal Server Error"), "http-status"),
    "502": unknown(page("502 Bad Gateway"), "gateway"),
    "503": busy(page("503 Service Unavailable"), "maintenance"),
    "503 in five minutes": busy(page("503 Service Unavailable", "Retry-After: 300"), "maintenance"),
    "504": unknown(page("504 Gateway Timeout"), "gateway"),
    "204": final(raw(b"HTTP/1.1 204 No Content\r\n\r\n"), "http-status"),
    "206 partial": final(http(b"[", "206 Partial Content"), "http-status"),
    "304": final(raw(b"HTTP/1.1 304 Not Modified\r\n\r\n"), "redirect"),
    "103 hints only": final(raw(b"HTTP/1.1 103 Early Hints\r\n\r\n"), "http-status"),
    "redirect to login": final(page("303 See Other", "Location: /login/index.php"), "redirect"),
    "redirect loop": final(page("302 Found", "Location: /webservice/rest/server.php"), "redirect"),
    "redirect to https": final(page("301 Moved", "Location: https://127.0.0.1:9/"), "redirect"),
    "redirect nowhere": final(page("307 Temporary Redirect"), "redirect"),
    # no HTTP, or broken HTTP
    "TLS": unknown(raw(b"\x15\x03\x03\x00\x02\x02\x46"), "connection-lost"),
    "SSH": unknown(raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "connection-lost"),
    "HTTP/2": unknown(raw(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + b"\x00" * 18), "connection-lost"),
    "no status": unknown(raw(b"HTTP/1.1 abc OK\r\n\r\n[]"), "connection-lost"),
    "half a status line": unknown(raw(b"HTTP/1.1 2"), "connection-lost"),
    "too many headers": unknown(
        raw(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 300 + b"\r\n[]"), "connection-lost"
    ),
    "a header line without end": unknown(endless_line, "connection-lost"),
    "two lengths": unknown(
        unsized(GOOD, "Content-Length: 3", f"Content-Length: {len(GOOD)}"), "connection-lost"
    ),
    "reset before reading": unknown(reset_before_reading, "connection-lost"),
    "reset after reading": unknown(reset_after_reading, "connection-lost"),
    "closed at once": unknown(close_at_once, "connection-lost"),
    "cut in the body": unknown(unsized(b'[{"id": 1', "Content-Length: 1000"), "connection-lost"),
    "cut in a chunk": unknown(unsized(b"400\r\n[1", CHUNKS), "connection-lost"),
    "cut between chunks": unknown(unsized(chunked(GOOD, end=b""), CHUNKS), "connection-lost"),
    "a chunk of no size": unknown(unsized(b"xyz\r\n[]", CHUNKS), "connection-lost"),
    "length too short": unknown(http(GOOD, short=9), "not-json-other"),
    "broken gzip": unknown(http(b"this is no gzip", "200 OK", GZIP), "connection-lost"),
    "gzip cut short": unknown(http(gzip.compress(GOOD)[:-12], "200 OK", GZIP), "not-json-other"),
    "gzip bomb": final(http(BOMB, "200 OK", GZIP), "reply-too-large"),
    "gzip in gzip": unknown(http(gzip.compress(BOMB), "200 OK", f"{GZIP}, gzip"), "connection-lost"),
    "unknown encoding": unknown(http(GOOD, "200 OK", "Content-Encoding: br"), "connection-lost"),
    "endless chunks": final(endless_chunks, "reply-too-large"),
    "endless body": final(endless_body, "reply-too-large"),
    # time
    "silence": unknown(silence, "no-answer", slow=True),
    "half, then silence": unknown(half_and_silence, "no-answer", slow=True),
    "dripping head": unknown(dripping_head, "no-answer", slow=True),
    "dripping body": unknown(dripping_body, "no-answer", slow=True),
    "dripping until closed": unknown(dripping_until_closed, "no-answer", slow=True),
    "dripping chunk size": unknown(dripping_chunk_size, "no-answer", slow=True),
    "100 Continue for ever": unknown(continues_for_ever, "no-answer", slow=True),
    # an answer that is none
    "empty": unknown(http(), "not-json-empty"),
    "blank": unknown(http(b" \r\n "), "not-json-empty"),
    "truncated": unknown(http(GOOD[:-9]), "not-json-other"),
    "truncated at a bracket": unknown(http(b'[{"id": 7, "name": "a [1]'), "not-json-other"),
    "truncated at an object": unknown(http(b'[{"id": 6}, {"id": 7, "idnumber": "k"}'), "not-json-other"),
    "two answers": unknown(http(GOOD + GOOD), "not-json-other"),
    "lines of JSON": unknown(http(GOOD + b"\n" + GOOD), "not-json-other"),
    "duplicate keys": unknown(http(b'[{"id": 7, "id": 8, "idnumber": "k", "name": "A"}]'), "not-json-other"),
    "NaN": unknown(http(b'[{"id": NaN, "idnumber": "k", "name": "A"}]'), "not-json-other"),
    "infinity by exponent": unknown(http(GOOD.replace(b'"k"', b'"k", "x": 1e999')), "not-json-other"),
    "a number beyond 64 bits": unknown(http(GOOD.replace(b"7", b"9" * 30)), "not-json-other"),
    "a number of a million digits": unknown(http(GOOD.replace(b"7", b"9" * 100_000)), "not-json-other"),
    "single quotes": unknown(http(str([ROW]).encode()), "not-json-other"),
    "trailing comma": unknown(http(GOOD[:-1] + b",]"), "not-json-other"),
    "NUL bytes": unknown(http(b"\0" * 20 + GOOD), "not-json-other"),
    "UTF-16": unknown(http(GOOD.decode().encode("utf-16")), "not-json-other"),
    "Latin-1": unknown(http(GOOD.replace(b"Bashkia", "Këlcyra".encode("latin-1"))), "not-json-other"),
    "half a surrogate pair": unknown(http(GOOD.replace(b"Bashkia", rb"\ud83d")), "not-json-other"),
    "nested without end": unknown(http(b"[" * 100_000), "not-json-other"),
    "fatal error": unknown(
        http(b"Fatal error: Allowed memory size exhausted", kind="text/html"), "not-json-other"
    ),
    "printed before and after": unknown(http(NOTICE + GOOD + NOTICE), "not-json-other"),
    "an error after the answer": unknown(
        http(GOOD + b'\n{"exception":"e","errorcode":"x"}'), "not-json-other"
    ),
    "echo": unknown(echo_as_page, "not-json-html"),
    "echo in the headers": unknown(echo_everywhere, "not-json-other"),
    # JSON of another form
    "null": unknown(value(None), "unexpected-shape"),
    "true": unknown(value(True), "unexpected-shape"),
    "a number": unknown(value(5), "unexpected-shape"),
    "JSON in a string": unknown(value(json.dumps([ROW])), "unexpected-shape"),
    "an object for a list": unknown(value({}), "unexpected-shape"),
    "a list of nothing": unknown(value([None]), "unexpected-shape"),
    "a row without id": unknown(value([{"idnumber": "k", "name": "A"}]), "unexpected-shape"),
    "a word for an id": unknown(value([{**ROW, "id": "seven"}]), "unexpected-shape"),
    "null for an id": unknown(value([{**ROW, "id": None}]), "unexpected-shape"),
    "a list for a key": unknown(value([{**ROW, "idnumber": ["k"]}]), "unexpected-shape"),
    "[]": Odd(value([]), Ending(None), Ending(UnknownOutcome, "moodle.count-differs")),
    "a row too many": Odd(value([ROW, ROW]), Ending(None), Ending(UnknownOutcome, "moodle.count-differs")),
    # errors of Moodle with status 200
    "wrong token": final(exception("invalidtoken"), "invalid-token", AccessRefused),
    "access exception": final(exception("accessexception"), "service-refused", AccessRefused),
    "capability missing": Odd(
        exception("nopermissions"),
        Ending(AccessRefused, "moodle.no-capability", asks_why=1),
        Ending(AccessRefused, "moodle.no-capability", asks_why=1),
    ),
    "function missing": final(
        exception("invalidrecord", "… table external_functions."), "function-missing", FunctionMissing
    ),
    "maintenance": busy(exception("sitemaintenance"), "maintenance"),
    "upgrade running": busy(exception("upgraderunning"), "maintenance"),
    "a sentence for an error code": unknown(exception("Could not send the mail"), "odd-error"),
    "an exception of odd types": final(exception(["x"], {"a": 1}), "refused", CallRefused),
    "an exception after print": final(
        http(NOTICE + b'{"exception":"e","errorcode":"invalidtoken","message":"m"}'),
        "invalid-token",
        AccessRefused,
    ),
    "debugging": final(_token_in_a_query(), "refused", CallRefused),
    "XML, body dropped": final(
        http(XML % b"invalidtoken", kind="application/xml"), "body-dropped", CallRefused
    ),
    "XML, another error": final(http(XML % b"codingerror", kind="application/xml"), "refused", CallRefused),
    # odd, and an answer
    "printed before": fine(http(NOTICE + GOOD)),
    "printed after": fine(http(GOOD + b"\n" + NOTICE)),
    "printed in Latin-1": fine(http("<p>Këlcyra</p>".encode("latin-1") + GOOD)),
    "byte order mark": fine(http(b"\xef\xbb\xbf" + GOOD)),
    "called a picture": fine(http(GOOD, kind="image/png")),
    "no length": fine(unsized(GOOD)),
    "no headers": fine(raw(b"HTTP/1.0 200\r\n\r\n" + GOOD)),
    "a length that is none": fine(unsized(GOOD, "Content-Length: many")),
    "100 Continue first": fine(raw(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n" + GOOD)),
    "small chunks": fine(unsized(chunked(*(GOOD[at : at + 1] for at in range(len(GOOD)))), CHUNKS)),
    "gzip": fine(http(gzip.compress(GOOD), "200 OK", GZIP)),
    "deflate": fine(http(zlib.compress(GOOD), "200 OK", "Content-Encoding: deflate")),
    "emoji in halves": fine(http(GOOD.replace(b"Bashkia", rb"\ud83d\ude00"))),
}


def test_there_are_enough_odd_replies_and_no_two_are_the_same_thing() -> None:
    assert len(ODD) >= 40
    assert len({id(odd.script) for odd in ODD.values()}) == len(ODD)


@dataclass
class Waits:
    """Takes the place of sleeping: notes how long it would have been."""

    slept: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


def _client(server: OddServer, *, slow: bool = False) -> MoodleClient:
    limits = HASTY if slow else PATIENT
    return MoodleClient(server.url, Secret(CANARY), waits=(1.0,), sleep=Waits(), limits=limits)


def _call(client: MoodleClient, write: bool) -> object:
    if write:
        return client.call("core_cohort_create_cohorts", ARGUMENTS, write=True)
    return client.call("core_cohort_get_cohorts")


def _all_that_shows(error: MoodleError, client: MoodleClient, caplog: pytest.LogCaptureFixture) -> str:
    shown = [str(error), repr(error), repr(error.problem), repr(client), caplog.text, *client.warnings]
    shown += [repr(record.__dict__) for record in caplog.records]
    shown += ["".join(traceback.format_exception(error))]
    shown += [describe(error.problem, language) for language in LANGUAGES]
    return "\n".join(shown)


@pytest.mark.parametrize("write", [READ, WRITE], ids=["read", "write"])
@pytest.mark.parametrize("name", ODD)
def test_an_odd_reply_ends_in_a_typed_error_or_an_answer_and_never_shows_the_token(
    server: OddServer, name: str, write: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    odd = ODD[name]
    wanted = odd.write if write else odd.read
    server.start(odd.script)
    client = _client(server, slow=odd.slow)
    started = time.monotonic()
    if wanted.kind is None:
        _call(client, write)
    else:
        with pytest.raises(MoodleError) as caught:
            _call(client, write)
        error = caught.value
        assert (type(error), error.code) == (wanted.kind, wanted.code)
        assert CANARY not in _all_that_shows(error, client, caplog)
        said = {describe(error.problem, language) for language in LANGUAGES}
        assert len(said) == len(LANGUAGES)
    client.close()
    assert server.requests == wanted.requests + wanted.asks_why
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("write", [READ, WRITE], ids=["read", "write"])
@pytest.mark.parametrize("name", [name for name, odd in ODD.items() if not odd.slow])
def test_after_one_odd_reply_the_next_answer_counts_where_asking_again_is_safe(
    server: OddServer, name: str, write: bool
) -> None:
    odd = ODD[name]
    wanted = odd.write if write else odd.read
    server.start(odd.script, http(GOOD))
    client = _client(server)
    if wanted.kind is None or wanted.requests > 1:
        answer = _call(client, write)
        assert not wanted.kind or answer == [ROW]
    else:
        with pytest.raises(wanted.kind):
            _call(client, write)
    client.close()
    assert server.requests == wanted.requests + wanted.asks_why


@pytest.mark.parametrize(
    ("told", "waited"), [("Retry-After: 2", [2.0]), ("Retry-After: 300", [1.0]), ("X-Other: 2", [1.0])]
)
def test_a_busy_site_is_given_the_time_that_it_asks_for_when_that_is_short(
    server: OddServer, told: str, waited: list[float]
) -> None:
    server.start(page("503 Service Unavailable", told), http(GOOD))
    client = _client(server)
    assert _call(client, WRITE) == [ROW]
    assert client._sleep.slept == waited  # type: ignore[attr-defined]


def test_a_redirect_does_not_carry_the_token_to_another_host(server: OddServer) -> None:
    elsewhere = OddServer([http(GOOD)])
    try:
        for status in ("301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"):
            server.start(page(status, f"Location: {elsewhere.url}/webservice/rest/server.php"))
            with pytest.raises(UnknownOutcome):
                _call(_client(server), READ)
        assert elsewhere.requests == 0
    finally:
        elsewhere.close()


def test_what_is_left_of_an_answer_is_not_taken_for_the_next_one(server: OddServer) -> None:
    stale = json.dumps([{**ROW, "id": 666}]).encode()

    def with_a_short_length(peer: Peer) -> None:
        peer.send(
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(GOOD) + GOOD + b"HTTP/1.1 200 OK\r\n"
        )
        peer.send(b"Content-Length: %d\r\n\r\n%s" % (len(stale), stale))
        peer.over.wait(0.1)

    server.start(with_a_short_length, http(GOOD))
    client = _client(server)
    assert _call(client, READ) == [ROW]
    assert _call(client, READ) == [ROW]
    client.close()


def test_a_printed_text_is_kept_as_a_warning_wherever_it_stands(server: OddServer) -> None:
    client = _client(server)
    for name in ("printed before", "printed after", "printed in Latin-1"):
        server.start(ODD[name].script)
        assert _call(client, WRITE) == [ROW]
    server.start(http(NOTICE + b"null"))
    assert client.call("core_group_add_group_members", {}, write=True) is None
    assert len(client.warnings) == 4
    assert "Undefined index" in client.warnings[1]
    "\n".join(client.warnings).encode("utf-8")
