"""Plays the demonstration of every programme and has every credential of its register verified by others.

Usage: python tests/certificates/third_parties/campaign.py [ACADEMY_FOLDER …]   (folders that were played before)
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
PROGRAMMES = ("archive-officers", "inspectorate", "training-of-trainers")


def judge_register(folder: Path) -> tuple[int, int, list[str]]:
    """How many credentials a register holds, how many of them are revoked, and what others find wrong."""
    from sqlalchemy import select

    from certificates.keys import did_document, read_public_key
    from certificates.status import REVOKING
    from lms_sync.settings import database_url, load_settings
    from lms_sync.store import schema
    from lms_sync.store.database import open_database
    from tests.certificates.third_parties.judge import Case, of_documents, schema_errors, verdicts

    settings = load_settings(folder)
    engine = open_database(database_url(settings, folder))
    issue, document, event = schema.issue, schema.document, schema.status_event
    with engine.connect() as connection:
        rows = connection.execute(
            select(issue.c.id, issue.c.serial, issue.c.issued_at, document.c.content)
            .join(document, document.c.issue_id == issue.c.id)
            .where(document.c.kind == "credential")
            .order_by(issue.c.serial)
        ).all()
        revoked = set(
            connection.execute(select(event.c.issue_id).where(event.c.event.in_(REVOKING))).scalars()
        )
        lists = [
            json.loads(content)
            for content in connection.execute(select(schema.status_list.c.content)).scalars()
            if content
        ]
    did = settings.issuer.did
    assert did is not None
    world = of_documents([did_document(did, read_public_key(folder / settings.issuer.key_file)), *lists])
    rows = [row for row in rows if row.content]
    # The demonstration's clock runs ahead: each is looked at a day after it was issued, and no earlier than its list.
    latest = max((one["validFrom"] for one in lists), default="")
    cases = []
    for row in rows:
        day_after = (row.issued_at + timedelta(days=1)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        credential = json.loads(row.content)
        until = credential.get("validUntil", "9999")
        now = max(day_after, latest)
        cases.append(Case(credential, world, now if now <= until else day_after))
    wrong = []
    for row, case, said in zip(rows, cases, verdicts(cases), strict=True):
        if not said.verified or said.revoked is not (row.id in revoked):
            wrong.append(f"{row.serial}: {said}")
        wrong.extend(f"{row.serial}: {error}" for error in schema_errors(case.credential))
    return len(rows), sum(row.id in revoked for row in rows), wrong


def main(folders: list[str]) -> int:
    """1 where others find a credential wrong."""
    with tempfile.TemporaryDirectory() as temporary:
        for programme in PROGRAMMES if not folders else ():
            folder = Path(temporary) / programme
            subprocess.run(
                [
                    sys.executable,
                    "-c",
                    "import sys; from lms_sync.cli import main; sys.exit(main())",
                    "demo",
                    "--programme",
                    programme,
                    "--dir",
                    str(folder),
                ],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                check=True,
            )
            folders.append(str(folder))
        bad = False
        for one in folders:
            began = datetime.now(UTC)
            n, revoked, wrong = judge_register(Path(one))
            took = (datetime.now(UTC) - began).total_seconds()
            print(
                f"{Path(one).name}: {n} credentials, {revoked} of them revoked, verified by others in {took:.1f} s"
            )
            for line in wrong:
                print(f"  WRONG {line}")
            bad = bad or bool(wrong) or n == 0
    return int(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
