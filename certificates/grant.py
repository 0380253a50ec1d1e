"""What may be granted once: a policy, a holder, and the how-manieth time."""

from __future__ import annotations

import hashlib
import json

FIRST_CYCLE = 1


def grant_key(policy_id: str, person_id: str, cycle: int = FIRST_CYCLE, correction: int = 0) -> str:
    """What may be issued once: SHA-256 over policy, person and cycle, and the number of the correction, if it is one.

    A cycle is the first award, each renewal, and each award that was earned anew after the last one was over.
    """
    said: list[str | int] = [policy_id, person_id, cycle]
    if correction:
        said.append(correction)
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode("utf-8")).hexdigest()
