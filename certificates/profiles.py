"""What people see of their awards in their Moodle profile: what was issued, and what is under way, requirement by requirement.

A document for each account holds words in every language and no date that depends on today: Moodle works out by itself
what has expired, so that the same register gives the same document and nothing has to be sent at midnight.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, select

from authoring.languages import LocalizedText
from authoring.messages import LANGUAGES, text
from certificates import decided
from certificates.dates import long_date
from certificates.grant import grant_key
from certificates.holder_link import holder_address
from certificates.listing import Certificate, list_certificates
from certificates.policy import Policy
from certificates.proposals import latest_decisions
from certificates.propose import erased_people
from certificates.reasons import Reason, group_parts
from certificates.standing import NEVER, read_standing
from lms_sync.clock import Clock, local_date
from lms_sync.same_person import one_person
from lms_sync.store import schema
from lms_sync.store.database import reading
from programmes.programme import Programme
from programmes.sessions import find_session

_UNDER_WAY = ("pending", "eligible", "renewing", "renewed")
_MET = {"yes": "yes", "no": "no", "not needed": "spare"}

Document = dict[str, Any]
"""What the companion plugin takes: `awards` and `underway`."""


@dataclass(frozen=True)
class Titles:
    """What courses and activities are called, by their keys; those that are missing go without a name."""

    courses: Mapping[str, LocalizedText] = field(default_factory=dict)
    activities: Mapping[str, LocalizedText] = field(default_factory=dict)
    programmes: Mapping[str, Programme] = field(default_factory=dict)


def profile_documents(
    engine: Engine, site: str, policies: Iterable[Policy], clock: Clock, titles: Titles
) -> dict[int, Document]:
    """The document of each account of a site whose person has awards, or is on the way to one; by Moodle's user id.

    What is under way is as the last `certify` has decided. Nothing is told of people whose data were erased.
    """
    known = {policy.id: policy for policy in policies}
    listed = list_certificates(engine, site, known.values(), clock)
    with reading(engine) as connection:
        one = one_person(connection, site)
        gone = erased_people(connection, site)
        accounts = _accounts(connection, site, one, gone)
        awards: dict[str, list[Document]] = {}
        salts = _salts(connection, site)
        for certificate in listed:
            holder = one.get(certificate.award.person_id, certificate.award.person_id)
            if certificate.status != "erased" and holder in accounts:
                awards.setdefault(holder, []).append(_award(certificate, salts.get(certificate.award.id)))
        under_way: dict[str, list[Document]] = {}
        for policy in known.values():
            if policy.holder_kind == "person":
                for holder, row in _decisions(connection, site, policy, one, clock):
                    if holder in accounts:
                        words = _Words(titles, known)
                        under_way.setdefault(holder, []).append(_not_issued(policy, row, words))
    return {
        user: {"awards": awards.get(holder, []), "underway": under_way.get(holder, [])}
        for holder, users in accounts.items()
        if holder in awards or holder in under_way
        for user in users
    }


def _accounts(
    connection: Connection, site: str, one: Mapping[str, str], gone: Collection[str]
) -> dict[str, list[int]]:
    table = schema.account
    found: dict[str, list[int]] = {}
    query = select(table.c.user_id, table.c.person_id).where(table.c.site == site).order_by(table.c.user_id)
    for row in connection.execute(query):
        holder = one.get(row.person_id, row.person_id)
        if holder not in gone and row.person_id not in gone:
            found.setdefault(holder, []).append(int(row.user_id))
    return found


def _salts(connection: Connection, site: str) -> dict[str, bytes]:
    table = schema.register_salt
    query = select(table.c.issue_id, table.c.salt).where(table.c.site == site)
    return {row.issue_id: bytes(row.salt) for row in connection.execute(query)}


# --- issued -----------------------------------------------------------------------------------


def _award(certificate: Certificate, salt: bytes | None) -> Document:
    award = certificate.award
    page = None if salt is None else holder_address(award, salt)
    stands = certificate.status in ("valid", "expired", "suspended")
    optional = {
        "expires": award.expires_on,
        "renewfrom": certificate.window_opens if stands else None,
        "renewuntil": certificate.grace_ends if stands else None,
        "successor": certificate.successor,
        "page": page,
        "pdf": None if page is None else f"{page}/certificate.pdf",
    }
    return {
        "title": by_language(award.wording.title),
        "issuer": by_language(award.wording.issuer_name),
        "serial": award.serial,
        # What has expired is told as it was written: Moodle knows the date itself.
        "state": "valid" if certificate.status == "expired" else certificate.status,
        "issued": award.issued_on.isoformat(),
        "timezone": award.wording.timezone,
        "verify": award.verification_url,
        **{
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in optional.items()
            if value is not None
        },
    }


# --- under way --------------------------------------------------------------------------------


def _decisions(
    connection: Connection, site: str, policy: Policy, one: Mapping[str, str], clock: Clock
) -> Iterator[tuple[str, Any]]:
    """Each holder who is on the way to an award of a policy, with the decision that says how far."""
    latest = latest_decisions(connection, site, policy.id)
    today = local_date(clock.now(), policy.timezone)
    standing = read_standing(connection, site, policy.id, one, today)
    for holder, state in sorted(decided.read_states(connection, site, policy.id)):
        cycle = standing.get(holder, NEVER).cycle
        if state in _UNDER_WAY and cycle is not None:
            row = latest.get(grant_key(policy.id, holder, cycle))
            if row is not None:
                yield holder, row
    approval, decision, issue = schema.approval, schema.decision, schema.issue
    waiting = (
        select(decision)
        .add_columns(approval.c.id.label("approved"))
        .join(approval, approval.c.decision_id == decision.c.id)
        .outerjoin(issue, issue.c.grant_key == approval.c.grant_key)
        .where(approval.c.site == site, decision.c.policy == policy.id, issue.c.id.is_(None))
        .order_by(decision.c.person_id, approval.c.id)
    )
    for row in connection.execute(waiting):
        yield one.get(row.person_id, row.person_id), row


def _not_issued(policy: Policy, row: Any, words: _Words) -> Document:
    return {
        "title": by_language(policy.title),
        "issuer": by_language(policy.issuer_name),
        "state": "approved" if "approved" in row._fields else row.state,
        "renewal": int(row.way == "renewal"),
        "requirements": words.tree([Reason.from_json(one) for one in row.why]),
    }


@dataclass(frozen=True)
class _Words:
    """Turns reasons into what their holder reads."""

    titles: Titles
    policies: Mapping[str, Policy]

    def tree(self, why: Sequence[Reason]) -> list[Document]:
        """The reasons below the groups that they belong to."""
        root: list[Document] = []
        places: dict[tuple[str, ...], list[Document]] = {(): root}
        for reason in why:
            for depth in range(len(reason.path)):
                path = reason.path[: depth + 1]
                if path not in places:
                    group: Document = {"words": _group_words(path[-1]), "items": []}
                    places[path[:-1]].append(group)
                    places[path] = group["items"]
            places[reason.path].append(self._leaf(reason))
        return root

    def _leaf(self, reason: Reason) -> Document:
        met = "met" if reason.met == "yes" else "not"

        def said(language: str) -> str:
            params = {
                "on": "–" if reason.on is None else long_date(reason.on, language),
                "score": reason.score or "–",
                "wanted": reason.wanted or "–",
                "subject": reason.subject,
            }
            return text(f"profile.{reason.requirement}-{met}", params, language)

        leaf: Document = {"words": _in_languages(said), "met": _MET[reason.met]}
        if (name := self._name(reason)) is not None:
            leaf["name"] = by_language(name)
        if reason.requirement == "course_completed":
            leaf["course"] = reason.subject
        elif reason.requirement in ("quiz", "exercise"):
            leaf["course"] = reason.subject.partition("/")[0]
            leaf["activity"] = reason.subject
        return leaf

    def _name(self, reason: Reason) -> LocalizedText | None:
        subject, titles = reason.subject, self.titles
        first, _, rest = subject.partition("/")
        programme = titles.programmes.get(first)
        match reason.requirement:
            case "course_completed":
                return titles.courses.get(subject)
            case "quiz" | "exercise":
                return titles.activities.get(subject)
            case "award":
                policy = self.policies.get(subject)
                return None if policy is None else policy.title
            case "milestone" if programme is not None:
                return next((one.title for one in programme.milestones if one.id == rest), None)
            case "attendance" if programme is not None:
                session = find_session(titles.programmes, subject)
                return programme.title if session is None else session.title
            case "pilot_led" if programme is not None:
                return programme.title
            case _:
                return None


def _group_words(name: str) -> dict[str, str]:
    kind, wanted = group_parts(name)
    return _in_languages(lambda language: text(f"explain.group-{kind}", {"n": wanted}, language))


def _in_languages(said: Callable[[str], str]) -> dict[str, str]:
    return {language: said(language) for language in LANGUAGES}


def by_language(said: LocalizedText) -> dict[str, str]:
    """A text by Moodle's codes of languages ("sr_latn"); what is the same in all stands under English."""
    if isinstance(said.root, str):
        return {"en": said.root}
    return {language.lower().replace("-", "_"): words for language, words in said.root.items()}
