"""The signing key is made once, is private, and says when it is only for a demonstration."""

from __future__ import annotations

import contextlib
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from authoring.problems import Refused
from certificates.keys import (
    DEMO_MARK,
    KeyUnusable,
    did_document,
    make_key,
    public_file,
    read_public_key,
    read_public_keys,
    rotate_key,
)
from certificates.signing import open_signer
from lms_sync.clock import FixedClock

CLOCK = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
DID = "did:web:verify.example.org"


def test_a_key_is_a_private_file_and_its_public_half_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "issuer-key.pem"
    public = make_key(path, demo=False, clock=CLOCK)
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert public.multikey.startswith("z6Mk")
    assert read_public_key(path) == public
    assert "PRIVATE" not in public_file(path).read_text(encoding="utf-8")
    assert open_signer(path, DID).public == public


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    make_key(path, demo=False, clock=CLOCK)
    before = path.read_bytes(), public_file(path).read_bytes()
    with pytest.raises(Refused) as caught:
        make_key(path, demo=True, clock=CLOCK)
    assert caught.value.code == "keys.exists"
    assert before == (path.read_bytes(), public_file(path).read_bytes())


def test_a_half_that_is_left_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    make_key(path, demo=False, clock=CLOCK)
    left = public_file(path).read_bytes()
    path.unlink()
    with pytest.raises(Refused) as caught:
        make_key(path, demo=False, clock=CLOCK)
    assert (caught.value.code, caught.value.problem.params["path"]) == ("keys.exists", public_file(path).name)
    assert public_file(path).read_bytes() == left
    assert not path.exists()


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
def test_the_folder_of_a_key_is_private_and_a_link_to_nowhere_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "k.pem"
    make_key(path, demo=False, clock=CLOCK)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    public_file(tmp_path / "other.pem").symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(Refused):
        make_key(tmp_path / "other.pem", demo=False, clock=CLOCK)
    assert not (tmp_path / "elsewhere.json").exists()


def test_a_demo_key_cannot_pass_as_a_real_one(tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    assert make_key(path, demo=True, clock=CLOCK).demo
    assert path.read_text(encoding="ascii").startswith(DEMO_MARK)
    described = public_file(path)
    described.write_text(described.read_text(encoding="utf-8").replace("true", "false"), encoding="utf-8")
    assert open_signer(path, DID).demo


def test_an_unusable_key_is_told_by_its_reason(tmp_path: Path) -> None:
    def code() -> str:
        with pytest.raises(KeyUnusable) as caught:
            open_signer(path, DID)
        return caught.value.code

    path = tmp_path / "k.pem"
    assert code() == "keys.missing"
    make_key(path, demo=False, clock=CLOCK)
    whole = path.read_bytes()
    if os.name == "posix":
        path.chmod(0o640)
        assert code() == "keys.open-to-others"
        path.chmod(0o600)
    path.write_bytes(whole[:40])
    assert code() == "keys.unreadable"
    other = tmp_path / "other.pem"
    make_key(other, demo=False, clock=CLOCK)
    path.write_bytes(other.read_bytes())
    assert code() == "keys.halves-differ"
    public_file(path).write_text("{}", encoding="utf-8")
    assert code() == "keys.unreadable"
    path.unlink()
    public_file(path).write_bytes(public_file(other).read_bytes())
    assert code() == "keys.missing"


def test_a_key_signs_only_for_its_own_did_key(tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    public = make_key(path, demo=False, clock=CLOCK)
    assert open_signer(path, f"did:key:{public.multikey}").did.endswith(public.multikey)
    with pytest.raises(Refused) as caught:
        open_signer(path, "did:key:z6MkotherotherotherotherotherotherotherotherotherT")
    assert caught.value.code == "keys.not-of-did"


def test_the_private_key_does_not_show_itself(tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    make_key(path, demo=False, clock=CLOCK)
    assert "PRIVATE" not in repr(open_signer(path, DID))


def test_the_did_document_lists_the_current_key_first_and_keeps_old_ones(tmp_path: Path) -> None:
    new, old = (make_key(tmp_path / name, demo=False, clock=CLOCK) for name in ("new.pem", "old.pem"))
    document = did_document(DID, new, old)
    assert [method["publicKeyMultibase"] for method in document["verificationMethod"]] == [
        new.multikey,
        old.multikey,
    ]  # type: ignore[attr-defined,index]
    assert document["assertionMethod"] == [new.verification_method(DID), old.verification_method(DID)]


def test_a_new_key_leaves_the_former_one_known_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    first = make_key(path, demo=False, clock=CLOCK)
    old = path.read_bytes()
    second = rotate_key(path, CLOCK)
    third = rotate_key(path, CLOCK)
    assert read_public_keys(path) == (third, second, first)
    assert open_signer(path, DID).public == third
    kept = tmp_path / f"k-former-{first.multikey[-8:]}.pem"
    assert kept.read_bytes() == old
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    document = did_document(DID, *read_public_keys(path))
    assert document["assertionMethod"] == [one.verification_method(DID) for one in (third, second, first)]
    assert not list(tmp_path.glob("*.next.*"))


@pytest.mark.parametrize("stopped_at", range(1, 9))
def test_a_rotation_stopped_anywhere_is_finished_by_the_next(
    tmp_path: Path, stopped_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dies before its nth call that changes the disk; afterwards there is one new key, and all are known."""
    path = tmp_path / "k.pem"
    first = make_key(path, demo=False, clock=CLOCK)
    calls = 0

    class Died(BaseException):
        pass

    def counted(real: Any) -> Any:
        def call(*args: Any, **more: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == stopped_at:
                raise Died
            return real(*args, **more)

        return call

    with monkeypatch.context() as patch:
        for name in ("open", "replace", "fsync"):
            patch.setattr(os, name, counted(getattr(os, name)))
        with contextlib.suppress(Died):
            rotate_key(path, CLOCK)
    if read_public_keys(path) == (first,) or not _opens(path):
        rotate_key(path, CLOCK)
    assert len(read_public_keys(path)) == 2
    assert read_public_keys(path)[1] == first
    assert _opens(path)


def _opens(path: Path) -> bool:
    try:
        open_signer(path, DID)
    except KeyUnusable:
        return False
    return True
