"""`certificates send` is killed (SIGKILL) again and again while it sends. MAIL_KILLS=500: the long campaign of `make proofs`.

What the decision promises (docs/decisions/0017): nothing is sent twice, nothing is lost, and of what nobody knows the officer is told.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from certificates.delivery import queue_certificates, unsure
from certificates.documents import Document, keep_documents
from lms_sync.clock import FixedClock, SystemClock
from lms_sync.store import schema
from tests.certificates.test_delivery import MailServer, mail

__all__ = ["mail"]  # a fixture

KILLS = int(os.environ.get("MAIL_KILLS", "8"))
SEED = int(os.environ.get("SEED", "1"))
EACH = 3  # messages for each kill, so that there is always something to be killed at


def _addressed(academy: Any) -> dict[str, str]:
    """A register with awards whose holders have addresses: by the award's id its serial. What the PDFs say does not matter."""
    for number in range(KILLS * EACH):
        academy.add_person("Person", f"Numër {number}")
    academy.certify()
    academy.approve()
    made = academy.enter()
    sheets = [Document(award, "pdf", "application/pdf", b"%PDF " + award.id.encode()) for award in made]
    keep_documents(academy.engine, academy.site, sheets, academy.clock)
    data = schema.person_data
    with academy.engine.begin() as connection:
        connection.execute(update(data).values(email=data.c.person_id + "@example.org"))
    academy.engine.dispose()
    return {award.id: award.serial for award in made}


def _until_received(mail: MailServer, messages: int) -> None:
    """Waits a second at most."""
    for _ in range(1000):
        if len(mail.received) >= messages:
            return
        time.sleep(0.001)


def _waiting(academy: Any) -> bool:
    with academy.engine.connect() as connection:
        query = select(schema.delivery.c.issue_id).where(schema.delivery.c.state == "waiting")
        return connection.execute(query).first() is not None


def test_killed_at_random_moments_it_sends_nothing_twice_and_loses_nothing(
    new_academy: Any, mail: MailServer
) -> None:
    academy = new_academy()
    serials = _addressed(academy)
    chance = random.Random(SEED)

    def slow(number: int) -> str:
        time.sleep(chance.uniform(0, 0.01))  # so that some die between the message and the server's word
        return "250 taken"

    mail.then = slow
    worker = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "sending_worker.py"), academy.url, str(mail.port)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert worker.stdin is not None
    assert worker.stdout is not None
    kills = 0
    while True:
        worker.stdin.write("queue\n" if kills < 2 else "send\n")
        worker.stdin.flush()
        child = int(worker.stdout.readline())
        if kills < KILLS:
            _until_received(mail, len(mail.received) + chance.randrange(3))
            time.sleep(chance.uniform(0, 0.03))
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        status = int(worker.stdout.readline())
        if os.WIFSIGNALED(status):
            kills += 1
            if kills == 2:  # two die while they queue; the others are to die while they send
                queue_certificates(academy.engine, academy.site, SystemClock())
            continue
        assert os.waitstatus_to_exitcode(status) == 0
        if not _waiting(academy):  # a run hands over so many at most
            break
    worker.stdin.close()
    worker.wait()

    later = FixedClock(datetime.now(UTC) + timedelta(minutes=11))
    told = set(unsure(academy.engine, academy.site, later))
    got = Counter(str(message["Message-ID"]) for message in mail.received)
    with academy.engine.connect() as connection:
        rows = {row.issue_id: row.state for row in connection.execute(select(schema.delivery))}
    assert max(got.values()) == 1, "something was sent twice"
    assert set(rows) == set(serials)
    assert set(rows.values()) <= {"sent", "sending"}
    arrived = {issue: any(issue in one for one in got) for issue in serials}
    assert all(arrived[issue] for issue, state in rows.items() if state == "sent"), "something was lost"
    assert told == {serials[issue] for issue, state in rows.items() if state == "sending"}
    assert kills >= min(KILLS, 5)
    after = sum(arrived[issue] for issue, state in rows.items() if state == "sending")
    print(
        f"{kills} kills, {len(serials)} certificates: {len(told)} named as unknown, of which {after} had arrived; 0 twice, 0 lost"
    )
