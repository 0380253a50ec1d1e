"""The address at which the holder of a certificate finds it: private, because nobody can guess it.

It is made of the award's verification id and of a keyed hash over it (HMAC-SHA-256, 160 bits) with the award's own salt,
which stands in the register only. Erasing the holder deletes the salt, and the address leads nowhere from then on.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from sqlalchemy import Connection, select

from authoring.problems import Refused
from certificates.award import Award
from lms_sync.store import schema

_TOKEN_BYTES = 20


def holder_token(verification_id: str, salt: bytes) -> str:
    """32 small letters and digits."""
    mac = hmac.new(salt, b"holder's page of " + verification_id.encode("ascii"), hashlib.sha256).digest()
    return base64.b32encode(mac[:_TOKEN_BYTES]).decode("ascii").lower()


def holder_link(connection: Connection, award: Award) -> str:
    """The holder's address of an award. Raises Refused where the holder's data were erased."""
    salts = schema.register_salt
    salt = connection.execute(select(salts.c.salt).where(salts.c.issue_id == award.id)).scalar_one_or_none()
    if salt is None:
        raise Refused("holder-link.erased", serial=award.serial)
    return holder_address(award, bytes(salt))


def holder_address(award: Award, salt: bytes) -> str:
    """The holder's address of an award with its salt."""
    return (
        f"{award.wording.base_url}/holder/{award.verification_id}/{holder_token(award.verification_id, salt)}"
    )
