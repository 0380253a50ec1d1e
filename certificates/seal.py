"""An institution's electronic seal: a key and its certificate from a PKCS#12 file, opened and checked before use."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from authoring.problems import LmsSyncError, Refused
from lms_sync.clock import Clock

if TYPE_CHECKING:
    from pyhanko.sign.signers.pdf_cms import Signer as CmsSigner


_SIGNATURE_ROOM = 3000  # for attributes and the longest RSA signature


class SealUnusable(LmsSyncError):
    """A seal's file is missing, cannot be opened, or holds nothing that can sign."""


@dataclass(frozen=True)
class SealFile:
    """Where a seal is, as configured: the PKCS#12 file and the environment variable with its password."""

    name: str
    path: Path
    password_env: str | None = None


@dataclass(frozen=True)
class Seal:
    """An opened seal. `sha256` is that of the certificate in DER, hexadecimal: it names the seal."""

    name: str
    subject: str
    sha256: str
    valid_from: datetime
    valid_until: datetime
    certificate: bytes = field(repr=False)
    room: int  # bytes that a signature takes at most, with its certificates
    cms_signer: CmsSigner = field(repr=False)


def open_seal(file: SealFile, clock: Clock) -> Seal:
    """Opens a seal. Raises SealUnusable, and Refused where its certificate is not valid today."""
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

    password = None
    if file.password_env is not None:
        said = os.environ.get(file.password_env)
        if said is None:
            raise SealUnusable("seal.no-password", seal=file.name, variable=file.password_env)
        password = said.encode("utf-8")
    try:
        content = file.path.read_bytes()
    except OSError as error:
        raise SealUnusable("seal.missing", seal=file.name, path=file.path.name) from error
    try:
        key, certificate, others = pkcs12.load_key_and_certificates(content, password)
    except ValueError as error:
        raise SealUnusable("seal.cannot-open", seal=file.name, path=file.path.name) from error
    if key is None or certificate is None:
        raise SealUnusable("seal.no-key", seal=file.name, path=file.path.name)
    begins, ends, now = certificate.not_valid_before_utc, certificate.not_valid_after_utc, clock.now()
    if now > ends:
        raise Refused("seal.expired", seal=file.name, until=ends.date())
    if now < begins:
        raise Refused("seal.not-yet", seal=file.name, since=begins.date())
    der = certificate.public_bytes(Encoding.DER)
    return Seal(
        file.name,
        _subject(certificate),
        hashlib.sha256(der).hexdigest(),
        begins,
        ends,
        der,
        _SIGNATURE_ROOM + len(der) + sum(len(one.public_bytes(Encoding.DER)) for one in others),
        _signer(key, der, [one.public_bytes(Encoding.DER) for one in others], file),
    )


def _subject(certificate: Any) -> str:
    """Whom the certificate names: the organisation, else the common name."""
    from cryptography.x509.oid import NameOID

    for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        if found := certificate.subject.get_attributes_for_oid(kind):
            return str(found[0].value)
    return str(certificate.subject.rfc4514_string())


def _signer(key: Any, der: bytes, others: list[bytes], file: SealFile) -> CmsSigner:
    """A signer that holds the opened key: pyHanko's own opens and checks it again for every signature."""
    from asn1crypto import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from pyhanko.sign.signers.pdf_cms import Signer as CmsSigner
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    if not isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)):
        raise SealUnusable("seal.other-key", seal=file.name)

    class Opened(CmsSigner):
        async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
            assert digest_algorithm == "sha256"
            if isinstance(key, ec.EllipticCurvePrivateKey):
                return key.sign(data, ec.ECDSA(hashes.SHA256()))
            return key.sign(data, padding.PKCS1v15(), hashes.SHA256())

    store = SimpleCertificateStore()
    certificate = x509.Certificate.load(der)
    store.register(certificate)
    store.register_multiple(x509.Certificate.load(one) for one in others)
    return Opened(signing_cert=certificate, cert_registry=store)
