"""A connection to the mail server that the configuration names; TLS unless it says that the server is on this machine."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Iterator

from lms_sync.settings import EmailSettings, Secret

_TIMEOUT = 20.0  # seconds


@contextlib.contextmanager
def mail_server(settings: EmailSettings, password: Secret | None) -> Iterator[smtplib.SMTP]:
    """An open, logged-in connection. Raises OSError and smtplib's errors."""
    context = ssl.create_default_context()
    host = settings.host or "localhost"
    server: smtplib.SMTP
    if settings.security == "tls":
        server = smtplib.SMTP_SSL(host, settings.port, timeout=_TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(host, settings.port, timeout=_TIMEOUT)
    with server:
        if settings.security == "starttls":
            server.starttls(context=context)
        if settings.user is not None and password is not None:
            server.login(settings.user, password.reveal())
        yield server
