"""local_lmssync: what people see of their certificates in their profiles."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from moodle_standin.errors import plugin_error
from moodle_standin.functions.registry import serves
from moodle_standin.plugin_data import DataReader, check_hash, check_key, decode_object
from moodle_standin.site import Call

CAPABILITY = "local/lmssync:setcertificates"
_MOST = 500
_MOST_LISTED = 10_000
_LONGEST = 300_000
_DEEPEST = 8
_STATES = ("valid", "suspended", "revoked", "superseded")
_ADDRESS = re.compile(r"https?://[^\s<>\"'\\\\]{1,1000}")


@serves("local_lmssync_get_certificates")
def get_certificates(call: Call, params: dict[str, Any]) -> Any:
    """Of whom a client has told certificates, by user id."""
    call.require(CAPABILITY)
    check_key(params["source"])
    if not 1 <= params["limit"] <= _MOST_LISTED:
        raise _too_many(_MOST_LISTED)
    found = [
        {"userid": user, "hash": known}
        for (source, user), (known, _) in sorted(call.site.certificates.items())
        if source == params["source"] and user > params["after"] and not call.site.users[user].deleted
    ][: params["limit"]]
    return {"people": found, "more": len(found) == params["limit"]}


@serves("local_lmssync_set_certificates")
def set_certificates(call: Call, params: dict[str, Any]) -> Any:
    """Stores, changes or takes away documents; none where one of them cannot be read."""
    call.require(CAPABILITY)
    source = params["source"]
    check_key(source)
    if len(params["people"]) > _MOST:
        raise _too_many(_MOST)
    wanted = []
    for person in params["people"]:
        check_hash(person["hash"])
        wanted.append((person["userid"], person["hash"], _read(person["data"])))
    return {
        "people": [
            {"userid": user, "action": _put(call, source, user, made, document)}
            for user, made, document in wanted
        ]
    }


def _put(call: Call, source: str, user: int, made: str, document: dict[str, Any]) -> str:
    known = call.site.certificates
    if not document:
        if known.pop((source, user), None) is None:
            return "unchanged"
        call.record("certificates", "removed", user=user)
        return "removed"
    found = call.site.users.get(user)
    if found is None or found.deleted:
        return "unknown"
    if known.get((source, user), ("",))[0] == made:
        return "unchanged"
    known[source, user] = (made, document)
    call.record("certificates", "set", user=user)
    return "set"


def _too_many(most: int) -> Exception:
    return plugin_error("badlimit", f"The limit must be between 1 and {most}.")


def _read(text: str) -> dict[str, Any]:
    if not text:
        return {}
    if len(text.encode("utf-8")) > _LONGEST:
        raise plugin_error("toolong", f'"data" has more than {_LONGEST} characters.')
    data = DataReader(decode_object(text))
    document = {
        "awards": [_award(one) for one in data.objects("awards")],
        "underway": [_under_way(one) for one in data.objects("underway")],
    }
    data.finish()
    return document


def _award(data: DataReader) -> dict[str, Any]:
    award: dict[str, Any] = {
        "title": data.languages("title"),
        "issuer": data.languages("issuer"),
        "serial": data.title("serial"),
        "state": data.word("state", _STATES),
        "issued": _day(data, "issued"),
        **{
            name: _day(data, name) if data.has(name) else ""
            for name in ("expires", "renewfrom", "renewuntil")
        },
        "timezone": _timezone(data, "timezone"),
        "successor": data.title("successor") if data.has("successor") else "",
        "verify": _address(data, "verify"),
        **{name: _address(data, name) if data.has(name) else "" for name in ("page", "pdf")},
    }
    data.finish()
    return award


def _under_way(data: DataReader) -> dict[str, Any]:
    award = {
        "title": data.languages("title"),
        "issuer": data.languages("issuer"),
        "state": data.word("state", ("pending", "eligible", "approved")),
        "renewal": data.integer("renewal", 0, 1),
        "requirements": _requirements(data, "requirements", _DEEPEST),
    }
    data.finish()
    return award


def _requirements(data: DataReader, name: str, depth: int) -> list[dict[str, Any]]:
    if not depth:
        raise data.wrong(name, "[]")
    found = []
    for one in data.objects(name):
        requirement: dict[str, Any] = {"words": one.languages("words")}
        if one.has("items"):
            requirement["items"] = _requirements(one, "items", depth - 1)
        else:
            requirement["met"] = one.word("met", ("yes", "no", "spare"))
            requirement["name"] = one.languages("name") if one.has("name") else {}
            for key in ("course", "activity"):
                requirement[key] = one.text(key) if one.has(key) else ""
                if requirement[key]:
                    check_key(requirement[key])
        one.finish()
        found.append(requirement)
    return found


def _day(data: DataReader, name: str) -> str:
    value = data.text(name)
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            raise ValueError
        date.fromisoformat(value)
    except ValueError:
        raise data.wrong(name, "YYYY-MM-DD") from None
    return value


def _timezone(data: DataReader, name: str) -> str:
    value = data.text(name)
    if value not in available_timezones():
        raise data.wrong(name, "Europe/Tirane …")
    return value


def _address(data: DataReader, name: str) -> str:
    value = data.text(name)
    if not _ADDRESS.fullmatch(value):
        raise data.wrong(name, "https://…")
    return value
