"""Fills a site from a seed: the accounts, courses and tokens that were there before anything was pushed."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from moodle_standin.course_records import create_course_record
from moodle_standin.records import CourseCategory, Enrolment, Token, User
from moodle_standin.services import READING_CAPABILITIES, ROLE_CAPABILITIES
from moodle_standin.site import STUDENT_ROLE, Clock, Settings, Site


def default_seed() -> dict[str, Any]:
    """The built-in seed: a small site with people and a course of its own. It holds no token and no
    password.
    """
    text = (files("moodle_standin") / "seeds" / "default.json").read_text(encoding="utf-8")
    seed: dict[str, Any] = json.loads(text)
    return seed


def read_seed(path: Path) -> dict[str, Any]:
    """Reads a seed file; its groups replace those of the default seed that they name."""
    seed = default_seed()
    seed.update(json.loads(path.read_text(encoding="utf-8")))
    return seed


def build_site(seed: Mapping[str, Any] | None = None) -> Site:
    """Makes a site. A seed without a token for the service account gets one drawn at random."""
    seed = default_seed() if seed is None else seed
    wanted = dict(seed.get("site", {}))
    start = wanted.pop("now", None)
    random_seed = wanted.pop("random_seed", None)
    site = Site(settings=Settings(**wanted), clock=Clock())
    if start is not None:
        site.clock.set(int(start), frozen=False)
    if random_seed is not None:
        site.random.seed(random_seed)
    _fill_accounts(site, seed)
    _fill_courses(site, seed)
    site.log.clear()
    return site


def _fill_accounts(site: Site, seed: Mapping[str, Any]) -> None:
    _add_user(site, {"id": 1, "username": "guest", "firstname": "Guest user"})
    admin = _add_user(
        site,
        {"id": 2, "username": "admin", "firstname": "Admin", "lastname": "User", **seed.get("admin", {})},
    )
    admin.is_admin = True
    service = dict(seed.get("service_account", {}))
    token = service.pop("token", None) or secrets.token_hex(16)
    capabilities = service.pop("capabilities", None)
    removed = service.pop("without_capabilities", ())
    for wanted in seed.get("users", []):
        _add_user(site, wanted)
    account = _add_user(
        site, {"username": "lmssync", "firstname": "lms-sync", "lastname": "Service", **service}
    )
    site.capabilities[account.id] = set(ROLE_CAPABILITIES if capabilities is None else capabilities) - set(
        removed
    )
    site.tokens[token] = Token(token, account.id, "lmssync")
    if reader := seed.get("reading_account"):
        account = _add_user(
            site, {"username": "lmsread", "firstname": "lms-sync", "lastname": "Reader", **reader}
        )
        site.capabilities[account.id] = set(READING_CAPABILITIES) - set(
            reader.get("without_capabilities", ())
        )
        site.tokens[reader["token"]] = Token(reader["token"], account.id, "lmssync_read")
    for wanted in seed.get("tokens", []):
        user = site.user_by_name(wanted["username"])
        if user is None:
            raise ValueError(f"a token for {wanted['username']!r}, who is not among the users")
        site.tokens[wanted["token"]] = Token(
            wanted["token"],
            user.id,
            wanted.get("service", "lmssync"),
            int(wanted.get("validuntil", 0)),
            wanted.get("ip", ""),
        )
    for username, more in seed.get("capabilities", {}).items():
        user = site.user_by_name(username)
        if user is None:
            raise ValueError(f"capabilities for {username!r}, who is not among the users")
        site.capabilities.setdefault(user.id, set()).update(more)


def _add_user(site: Site, wanted: Mapping[str, Any]) -> User:
    username = wanted["username"]
    user_id = site.reserve_id("user", int(wanted["id"])) if "id" in wanted else site.next_id("user")
    if user_id in site.users or site.user_by_name(username):
        raise ValueError(f"two users with the id {user_id} or the name {username!r}")
    user = User(
        id=user_id,
        username=username,
        password=str(wanted.get("password", "")),
        firstname=wanted.get("firstname", username.capitalize()),
        lastname=wanted.get("lastname", ""),
        email=wanted.get("email", f"{username}@example.org"),
        idnumber=str(wanted.get("idnumber", "")),
        auth=wanted.get("auth", "manual"),
        suspended=bool(wanted.get("suspended", False)),
        confirmed=bool(wanted.get("confirmed", True)),
        lang=wanted.get("lang", "en"),
        department=wanted.get("department", ""),
        institution=wanted.get("institution", ""),
        maildisplay=int(wanted.get("maildisplay", 2)),
        timecreated=site.now(),
    )
    site.users[user.id] = user
    return user


def _fill_courses(site: Site, seed: Mapping[str, Any]) -> None:
    for wanted in seed.get("categories", [{"name": "Category 1"}]):
        category_id = site.next_id("course_categories")
        site.course_categories[category_id] = CourseCategory(
            id=category_id,
            name=wanted["name"],
            idnumber=wanted.get("idnumber", ""),
            description=wanted.get("description", ""),
            timemodified=site.now(),
        )
    site.reserve_id("course", 1)
    for wanted in seed.get("courses", []):
        names = {c.name: c.id for c in site.course_categories.values()}
        category = names.get(wanted.get("category", ""), min(site.course_categories))
        course = create_course_record(
            site,
            {
                "fullname": wanted["fullname"],
                "shortname": wanted["shortname"],
                "idnumber": wanted.get("idnumber", ""),
                "summary": wanted.get("summary", ""),
                "categoryid": category,
                "numsections": int(wanted.get("numsections", 4)),
                "visible": int(wanted.get("visible", 1)),
            },
        )
        for username in wanted.get("users", []):
            user = site.user_by_name(username)
            if user is None:
                raise ValueError(
                    f"the course {course.shortname!r} names {username!r}, who is not among the users"
                )
            enrolment_id = site.next_id("user_enrolments")
            site.enrol(
                Enrolment(
                    enrolment_id, course.id, user.id, "manual", roleid=STUDENT_ROLE, timecreated=site.now()
                )
            )
