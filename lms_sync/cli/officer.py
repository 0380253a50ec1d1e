"""Verbs of the officer: certify, approve, keys, serve."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from authoring.messages import printable
from authoring.problems import LmsSyncError, Refused
from lms_sync.cli.options import dir_option, json_option, site_option
from lms_sync.cli.outcome import DONE, PARTLY, print_problems, reader_language, say
from lms_sync.clock import SystemClock

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from certificates.policy import Policy
    from certificates.register import CertifySummary, Issued, Issuer, IssueReport, Listed, Proposal
    from lms_sync.settings import Settings

CERTIFICATES = Path("build") / "certificates"


@dataclass(frozen=True)
class _Place:
    """An academy folder, opened."""

    folder: Path
    settings: Settings
    site: str
    engine: Engine
    language: str

    def issuer(self) -> Issuer:
        from certificates.register import open_issuer

        return open_issuer(
            did=self.settings.issuer.did,
            base_url=self.settings.portal.base_url,
            key_file=self.folder / self.settings.issuer.key_file,
        )


def _open(folder: Path, site_name: str | None) -> _Place:
    from lms_sync.settings import database_url, load_settings
    from lms_sync.store.database import open_database

    settings = load_settings(folder)
    site, _ = settings.site(site_name)
    return _Place(
        folder, settings, site, open_database(database_url(settings, folder)), reader_language(folder)
    )


def listed_of(engine: Engine, site: str, folder: Path, policies: Iterable[Policy]) -> Listed:
    """By policy who is on the lists of its courses; one that looks at sessions is about whoever was there."""
    from lms_sync.listed_people import listed_people
    from lms_sync.store.database import reading

    with reading(engine) as connection:
        courses_of = {policy.id: () if policy.programmes else policy.courses for policy in policies}
        return listed_people(connection, site, folder, courses_of, as_of=SystemClock().now())


@click.command(short_help="Decide who has earned an award; propose.")
@click.option("--all", "everybody", is_flag=True, help="Decide about people who are on no list, too.")
@dir_option
@site_option
@json_option
def certify(*, everybody: bool, folder: Path, site_name: str | None, as_json: bool) -> int:
    """Decide by certificates/*/policy.yaml who has earned an award, and propose it for approval.

    Decided is about the people whom people/participants.csv lists for the course (for an adopted course: who is
    enrolled). Others who have learned in it are counted; --all decides about them too.

    What a policy with `approval: automatic` allows is issued at once. Run as often as you like: nothing is
    proposed or issued twice.

    \b
    Example:
      lms-sync certify --dir academy
    """
    from certificates.policy import read_policies
    from certificates.register import certify as decide_and_propose
    from certificates.register import issue_approved, proposals, write_certificates
    from lms_sync.assessment.files import materials
    from lms_sync.assessment.milestones import record_by_rule
    from lms_sync.programme_files import programmes_by_id

    policies = read_policies(folder)
    programmes = programmes_by_id(folder)
    place = _open(folder, site_name)
    automatic = any(policy.approval == "automatic" for policy in policies)
    issuer = place.issuer() if automatic else None  # before anything is approved
    record_by_rule(place.engine, place.site, materials(folder, policies), SystemClock().now())
    listed = listed_of(place.engine, place.site, folder, policies)
    summary = decide_and_propose(
        place.engine,
        place.site,
        policies,
        SystemClock(),
        listed=None if everybody else listed,
        programmes=programmes,
    )
    report = None if issuer is None else issue_approved(place.engine, place.site, issuer, SystemClock())
    waiting, others = _apart(proposals(place.engine, place.site), listed)
    if report is not None:
        write_certificates(place.engine, place.site, folder / CERTIFICATES)
    if as_json:
        click.echo(_as_text(_certify_json(summary, waiting, others, report)))
    else:
        _print_summary(summary, waiting, others, report, place.language)
    return _finish(report, place.language)


@click.command(short_help="Approve proposed awards and issue them.")
@click.argument("ids", nargs=-1)
@click.option(
    "--all", "everything", is_flag=True, help="Approve all that is proposed for people on the list."
)
@click.option("--by", required=True, help="Name of the person who approves; kept in the register.")
@click.option("--note", help="For the register: protocol number, legal basis.")
@dir_option
@site_option
@json_option
def approve(
    *,
    ids: tuple[str, ...],
    everything: bool,
    by: str,
    note: str | None,
    folder: Path,
    site_name: str | None,
    as_json: bool,
) -> int:
    """Approve proposed awards, by the IDS that `certify` lists or with --all, and issue them.

    --all leaves out who is on no list of the course: they are approved by id.

    Each gets a serial number, a signed credential and a certificate, which is written to build/certificates.
    What a stopped run left undone is completed.

    \b
    Examples:
      lms-sync approve --all --by "Name Surname"
      lms-sync approve 3f2a91c0 --by "Name Surname" --note "Protocol 12"
    """
    from certificates.policy import read_policies
    from certificates.register import approve as record_approval
    from certificates.register import issue_approved, proposals, write_certificates

    if everything == bool(ids):
        raise Refused("approve.nothing-chosen")
    place = _open(folder, site_name)
    issuer = place.issuer()  # first: what cannot be issued is not approved
    waiting = proposals(place.engine, place.site)
    if everything:
        listed = listed_of(place.engine, place.site, folder, read_policies(folder))
        waiting, others = _apart(waiting, listed)
        chosen = [one.grant_key for one in waiting]
    else:
        chosen, others = _whole_ids(ids, waiting), []
    approved = record_approval(place.engine, place.site, chosen, by=by, note=note, clock=SystemClock())
    report = issue_approved(place.engine, place.site, issuer, SystemClock())
    files = write_certificates(place.engine, place.site, folder / CERTIFICATES)
    if as_json:
        click.echo(_as_text({"approved": approved, **_report_json(report)}))
    else:
        if approved:
            click.echo(say("approve.done", place.language, n=approved, by=by))
        elif not report.issued and not report.completed:
            click.echo(say("approve.nothing", place.language))
        if others:
            click.echo(say("approve.not-listed", place.language, n=len(others)))
        _print_report(report, place.language)
        if files:
            click.echo(say("approve.files", place.language, n=len(files), folder=CERTIFICATES.as_posix()))
    return _finish(report, place.language)


@click.group(short_help="The institution's signing key.")
def keys() -> None:
    """The key with which the institution signs its credentials."""


@keys.command()
@click.option("--demo", is_flag=True, help="A key for demonstrations: everything signed with it says DEMO.")
@dir_option
@json_option
def init(demo: bool, folder: Path, as_json: bool) -> int:
    """Make the signing key; a key that exists is never overwritten.

    \b
    Example:
      lms-sync keys init --dir academy
    """
    from certificates.keys import make_key
    from lms_sync.settings import load_settings

    settings = load_settings(folder)
    language = reader_language(folder)
    public = make_key(folder / settings.issuer.key_file, demo=demo, clock=SystemClock())
    if as_json:
        click.echo(
            _as_text({"key_file": settings.issuer.key_file, "multikey": public.multikey, "demo": public.demo})
        )
    else:
        made = "keys.made-demo" if demo else "keys.made"
        click.echo(say(made, language, path=settings.issuer.key_file))
        click.echo(say("keys.did-hint", language, multikey=public.multikey))
    return DONE


@click.command(short_help="Serve the public verification portal.")
@click.option("--host", help="Address to listen on (default: config.yaml's).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on (default: config.yaml's).")
@dir_option
def serve(host: str | None, port: int | None, folder: Path) -> int:
    """Serve the verification portal: pages, credentials, status lists and did.json; read-only.

    \b
    Examples:
      lms-sync serve --dir academy
      lms-sync serve --dir academy --port 8090
    """
    import uvicorn

    from certificates.keys import KeyUnusable, PublicKey, read_public_key
    from certificates.portal.app import create_app
    from lms_sync.served import serving
    from lms_sync.settings import database_url, load_settings
    from lms_sync.store.database import open_database

    settings = load_settings(folder)
    language = reader_language(folder)
    public_keys: tuple[PublicKey, ...] = ()
    try:
        public_keys = (read_public_key(folder / settings.issuer.key_file),)
    except KeyUnusable as error:
        if error.code != "keys.missing":
            raise
        click.echo(say("serve.no-key", language), err=True)
    app = create_app(
        open_database(database_url(settings, folder)),
        did=settings.issuer.did,
        keys=public_keys,
        issuer_name=settings.issuer.name,
        language=settings.language,
        clock=SystemClock(),
        https=(settings.portal.base_url or "").startswith("https://"),
    )
    listening = _listen(host or settings.portal.host, settings.portal.port if port is None else port)
    address, bound = listening.getsockname()[:2]
    click.echo(
        say("serve.at", language, url=f"http://{f'[{address}]' if ':' in address else address}:{bound}/")
    )
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=False,
            limit_concurrency=100,  # what is above is told to come again, before memory runs out
            timeout_keep_alive=5,
        )
    )
    with serving(folder, address, bound), contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listening])  # ends properly and passes the signal on
    return DONE


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise LmsSyncError("serve.port-busy", host=host, port=port, reason=reason) from error


def _whole_ids(given: Sequence[str], waiting: Iterable[Proposal]) -> list[str]:
    """The full grant keys for the beginnings of them that a person typed."""
    known = [proposal.grant_key for proposal in waiting]
    found = []
    for beginning in given:
        matches = [key for key in known if key.startswith(beginning.lower())]
        if not matches:
            raise Refused("approve.not-proposed", id=beginning, n=1)
        if len(matches) > 1:
            raise Refused("approve.ambiguous", id=beginning)
        found.append(matches[0])
    return found


# --- printing ---------------------------------------------------------------------------------

_ID_SHOWN = 8


def _apart(waiting: Iterable[Proposal], listed: Listed) -> tuple[list[Proposal], list[Proposal]]:
    """Proposals for people on the lists, and for others."""
    ours: list[Proposal] = []
    others: list[Proposal] = []
    for one in waiting:
        on_list = listed.get(one.policy)
        (ours if on_list is None or one.person_id in on_list else others).append(one)
    return ours, others


def _print_proposals(proposals: Iterable[Proposal]) -> None:
    for proposal in proposals:
        key = proposal.grant_key[:_ID_SHOWN]
        click.echo(f"  {key}  {proposal.policy}  {proposal.earned_on}  {printable(proposal.name)}")


def _print_summary(
    summary: CertifySummary,
    waiting: list[Proposal],
    others: list[Proposal],
    report: IssueReport | None,
    language: str,
) -> None:
    if not summary.policies:
        click.echo(say("certify.nothing", language))
        return
    rows = [
        [p.title.in_language(language), str(p.eligible), str(p.pending), str(p.approved), str(p.issued)]
        for p in summary.policies
    ]
    _print_table(say("certify.heading", language).split(" | "), rows)
    if waiting:
        click.echo("\n" + say("certify.proposed", language))
        _print_proposals(waiting)
        click.echo("\n" + say("certify.next", language))
    if others:
        click.echo("\n" + say("certify.proposed-others", language))
        _print_proposals(others)
    if left_out := sum(policy.not_listed for policy in summary.policies):
        click.echo("\n" + say("certify.not-listed", language, n=left_out))
    if report is not None:
        _print_report(report, language)


def _print_report(report: IssueReport, language: str) -> None:
    if report.issued:
        click.echo(say("certify.issued-now", language, n=len(report.issued)))
    if report.completed:
        click.echo(say("certify.completed-now", language, n=report.completed))
    for award in report.issued:
        click.echo(f"  {award.serial}  {award.verification_url}")


def _print_table(heading: list[str], rows: list[list[str]]) -> None:
    widths = [max(len(row[column]) for row in [heading, *rows]) for column in range(len(heading))]
    for row in [heading, ["-" * width for width in widths], *rows]:
        first = row[0].ljust(widths[0])
        rest = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        click.echo(printable("  ".join([first, *rest]).rstrip()))


def _certify_json(
    summary: CertifySummary, waiting: list[Proposal], others: list[Proposal], report: IssueReport | None
) -> dict[str, Any]:
    return {
        "policies": [
            {
                "policy": p.policy,
                "eligible": p.eligible,
                "pending": p.pending,
                "approved": p.approved,
                "issued": p.issued,
                "new_decisions": p.new,
                "not_listed": p.not_listed,
            }
            for p in summary.policies
        ],
        "proposals": [
            {
                "id": p.grant_key,
                "policy": p.policy,
                "person": p.person_id,
                "name": p.name,
                "earned_on": p.earned_on.isoformat(),
                "expires_on": p.expires_on.isoformat() if p.expires_on else None,
                "listed": p not in others,
            }
            for p in [*waiting, *others]
        ],
        **(_report_json(report) if report is not None else {"issued": [], "completed": 0, "problems": []}),
    }


def _report_json(report: IssueReport) -> dict[str, Any]:
    return {
        "issued": [_issued_json(award) for award in report.issued],
        "completed": report.completed,
        "problems": [problem.as_json() for problem in report.problems],
    }


def _issued_json(award: Issued) -> dict[str, Any]:
    return {
        "serial": award.serial,
        "policy": award.policy,
        "person": award.person_id,
        "verification_id": award.verification_id,
        "verification_url": award.verification_url,
        "issued_on": award.issued_on.isoformat(),
        "expires_on": award.expires_on.isoformat() if award.expires_on else None,
    }


def _as_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _finish(report: IssueReport | None, language: str) -> int:
    if report is None or not report.problems:
        return DONE
    print_problems(report.problems, language)
    return PARTLY
