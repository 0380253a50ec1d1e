"""What people see of their certificates: told by hash, listed, changed, refused whole, taken away."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from ground import NOBODY, Ground, sha256, text_of
from sites import SiteUnderTest

from lms_sync.moodle.errors import CallRefused

AWARD = {
    "title": {"sq": "Zyrtar i certifikuar i arkivit", "ro": "Arhivist certificat", "en": "Certified archive officer"},
    "issuer": {"sq": "Drejtoria e Arkivave", "en": "Directorate of Archives"},
    "serial": "DPA-2026-00001",
    "state": "valid",
    "issued": "2026-03-05",
    "expires": "2029-03-04",
    "renewfrom": "2028-09-05",
    "renewuntil": "2029-04-03",
    "timezone": "Europe/Tirane",
    "verify": "https://verifiko.example.gov.al/verify/X",
    "page": "https://verifiko.example.gov.al/holder/X/y",
    "pdf": "https://verifiko.example.gov.al/holder/X/y/certificate.pdf",
}  # fmt: skip
LEAF = {"words": {"en": "Quiz: at least 70% needed"}, "met": "no", "course": "c", "activity": "c/final"}
UNDER_WAY = {
    "title": {"en": "Certified trainer"},
    "issuer": {"en": "Directorate of Archives"},
    "state": "pending",
    "renewal": 0,
    "requirements": [
        LEAF,
        {"words": {"en": "one of:"}, "items": [{**LEAF, "met": "spare", "name": {"en": "Final"}}]},
    ],
}


def source(ground: Ground) -> str:
    """A client of this run's own."""
    return f"{ground.academy.prefix}-certificates"


def tell(ground: Ground, user: int, *awards: dict[str, object], nothing: bool = False) -> str:
    data = "" if nothing else text_of({"awards": list(awards), "underway": [UNDER_WAY]})
    person = {"userid": user, "hash": sha256(data), "data": data}
    arguments = {"source": source(ground), "people": [person]}
    answer = ground.call("local_lmssync_set_certificates", arguments, write=True)
    (done,) = answer["people"]
    assert done["userid"] == user
    return str(done["action"])


def known(ground: Ground) -> Any:
    return ground.call("local_lmssync_get_certificates", {"source": source(ground), "after": 0, "limit": 100})


def test_certificates_are_told_once_changed_and_taken_away(site: SiteUnderTest, ground: Ground) -> None:
    user = ground.users[0]
    assert tell(ground, user, AWARD) == "set"
    site.keep("certificates-set")
    assert tell(ground, user, AWARD) == "unchanged"
    site.keep("certificates-unchanged")
    listed = known(ground)
    site.keep("certificates-listed")
    document = text_of({"awards": [AWARD], "underway": [UNDER_WAY]})
    assert listed == {
        "people": [{"userid": user, "hash": hashlib.sha256(document.encode()).hexdigest()}],
        "more": False,
    }
    assert tell(ground, user, {**AWARD, "state": "revoked"}) == "set"
    assert tell(ground, NOBODY, AWARD) == "unknown"
    site.keep("certificates-of-nobody")
    assert tell(ground, user, nothing=True) == "removed"
    site.keep("certificates-removed")
    assert known(ground) == {"people": [], "more": False}


@pytest.mark.parametrize(
    ("step", "changed", "code"),
    [
        ("certificates-refused-address", {"verify": "javascript:alert(1)"}, "datavalue"),
        ("certificates-refused-day", {"expires": "2026-02-30"}, "datavalue"),
        ("certificates-refused-value", {"note": "x"}, "dataunknown"),
    ],
)
def test_certificates_that_cannot_be_read_are_refused(
    step: str, changed: dict[str, object], code: str, site: SiteUnderTest, ground: Ground
) -> None:
    with pytest.raises(CallRefused) as caught:
        tell(ground, ground.users[0], {**AWARD, **changed})
    site.keep(step)
    assert caught.value.errorcode == code
    assert known(ground)["people"] == []
