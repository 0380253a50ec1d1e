"""Verbs of the officer: certify, approve, keys, serve."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from authoring.messages import printable
from authoring.problems import LmsSyncError, Refused
from lms_sync.cli.options import dir_option, json_option, site_option
from lms_sync.cli.outcome import DONE, PARTLY, print_problems, reader_language, say
from lms_sync.cli.register_place import CERTIFICATES, OFFLINE, as_text, listed_of, open_place
from lms_sync.cli.simulation_output import simulated
from lms_sync.clock import SystemClock

if TYPE_CHECKING:
    from certificates.register import CertifySummary, Issued, IssueReport, Listed, Proposal


@click.command(short_help="Decide who has earned an award; propose.")
@click.option("--all", "everybody", is_flag=True, help="Decide about people who are on no list, too.")
@click.option(
    "--anew", is_flag=True, help="Decide about everybody again, not only about whom something has touched."
)
@click.option(
    "--simulate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="POLICY",
    help="Show who would gain or lose by this policy file; write nothing.",
)
@dir_option
@site_option
@json_option
def certify(
    *,
    everybody: bool,
    anew: bool,
    simulate: Path | None,
    folder: Path,
    site_name: str | None,
    as_json: bool,
) -> int:
    """Decide by certificates/*/policy.yaml who has earned an award, and propose it for approval.

    Decided is about the people whom people/participants.csv lists for the course (for an adopted course: who is
    enrolled). Others who have learned in it are counted; --all decides about them too.

    What a policy with `approval: automatic` allows is issued at once. Run as often as you like: nothing is
    proposed or issued twice.

    \b
    Examples:
      lms-sync certify --dir academy
      lms-sync certify --simulate stricter.yaml --dir academy
    """
    from certificates.policy import read_policies
    from certificates.register import certify as decide_and_propose
    from certificates.register import issue_approved, proposals, write_certificates
    from lms_sync.assessment.files import materials
    from lms_sync.assessment.milestones import record_by_rule
    from lms_sync.programme_files import programmes_by_id

    policies = read_policies(folder)
    programmes = programmes_by_id(folder)
    place = open_place(folder, site_name)
    if simulate is not None:
        return simulated(place, policies, simulate, everybody=everybody, as_json=as_json)
    automatic = any(policy.approval == "automatic" for policy in policies)
    issuer = place.issuing() if automatic else None  # before anything is approved
    record_by_rule(place.engine, place.site, materials(folder, policies), SystemClock().now())
    listed = listed_of(place.engine, place.site, folder, policies)
    summary = decide_and_propose(
        place.engine,
        place.site,
        policies,
        SystemClock(),
        listed=None if everybody else listed,
        programmes=programmes,
        anew=anew,
    )
    report = None if issuer is None else issue_approved(place.engine, place.site, issuer, SystemClock())
    waiting, others = _apart(proposals(place.engine, place.site), listed)
    if report is not None:
        write_certificates(place.engine, place.site, folder / CERTIFICATES)
        place.keep_head()
    if as_json:
        click.echo(as_text(_certify_json(summary, waiting, others, report)))
    else:
        _print_summary(summary, waiting, others, report, place.language)
    return finish(report, place.language)


@click.command(short_help="Approve proposed awards and issue them.")
@click.argument("ids", nargs=-1)
@click.option(
    "--all", "everything", is_flag=True, help="Approve all that is proposed for people on the list."
)
@click.option("--by", required=True, help="Name of the person who approves; kept in the register.")
@click.option("--protocol", help="Number in the protocol book; kept in the register.")
@click.option(
    "--legal-basis", help="Law, decision or order on which the approval rests; kept in the register."
)
@click.option("--note", help="For the register: a remark.")
@dir_option
@site_option
@json_option
def approve(
    *,
    ids: tuple[str, ...],
    everything: bool,
    by: str,
    protocol: str | None,
    legal_basis: str | None,
    note: str | None,
    folder: Path,
    site_name: str | None,
    as_json: bool,
) -> int:
    """Approve proposed awards, by the IDS that `certify` lists or with --all, and issue them.

    --all leaves out who is on no list of the course: they are approved by id.

    Each gets a serial number, a signed credential and a certificate, which is written to build/certificates.
    What a stopped run left undone is completed. Where the policy wants two persons, the second to approve must be
    somebody else than the first. `lms-sync certificates to-sign` writes the list as a PDF to sign.

    \b
    Examples:
      lms-sync approve --all --by "Name Surname"
      lms-sync approve 3f2a91c0 --by "Name Surname" --protocol 12 --legal-basis "Law 9154, article 7"
    """
    from certificates.policy import read_policies
    from certificates.register import Basis, agree, issue_approved, proposals, write_certificates

    if everything == bool(ids):
        raise Refused("approve.nothing-chosen")
    place = open_place(folder, site_name)
    issuer = place.issuing()  # first: what cannot be issued is not approved
    waiting = proposals(place.engine, place.site)
    if everything:
        listed = listed_of(place.engine, place.site, folder, read_policies(folder))
        waiting, others = _apart(waiting, listed)
        chosen = [one.grant_key for one in waiting]
    else:
        chosen, others = _whole_ids(ids, waiting), []
    basis = Basis(protocol, legal_basis, note)
    agreed = agree(place.engine, place.site, chosen, by=by, clock=SystemClock(), basis=basis)
    approved = agreed.approved
    report = issue_approved(place.engine, place.site, issuer, SystemClock())
    files = write_certificates(place.engine, place.site, folder / CERTIFICATES)
    place.keep_head()
    if as_json:
        waits = agreed.first + agreed.by_same
        click.echo(as_text({"approved": approved, "wait_for_second": waits, **report_json(report)}))
    else:
        if agreed.first:
            click.echo(say("approve.first", place.language, n=agreed.first, by=by))
        if agreed.by_same:
            click.echo(say("approve.by-same", place.language, n=agreed.by_same, by=by))
        if approved:
            click.echo(say("approve.done", place.language, n=approved, by=by))
        elif agreed.first or agreed.by_same:
            pass
        elif not report.issued and not report.completed:
            click.echo(say("approve.nothing", place.language))
        if others:
            click.echo(say("approve.not-listed", place.language, n=len(others)))
        print_report(report, place.language)
        if files:
            click.echo(say("approve.files", place.language, n=len(files), folder=CERTIFICATES.as_posix()))
    return finish(report, place.language)


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

    from certificates.keys import KeyUnusable, PublicKey, read_public_keys
    from certificates.portal.app import create_app
    from lms_sync.served import serving
    from lms_sync.settings import database_url, load_settings
    from lms_sync.store.database import open_database

    settings = load_settings(folder)
    language = reader_language(folder)
    public_keys: tuple[PublicKey, ...] = ()
    try:
        public_keys = read_public_keys(folder / settings.issuer.key_file)
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
        offline=folder / OFFLINE,
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
        listening = socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise LmsSyncError("serve.port-busy", host=host, port=port, reason=reason) from error
    # Every answer goes out in two parts; without this the second waits 40 ms for the first to be acknowledged.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


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


def _print_proposals(proposals: Iterable[Proposal], language: str) -> None:
    for proposal in proposals:
        key = proposal.grant_key[:_ID_SHOWN]
        more = " · " + say("certify.renewal", language) if proposal.cycle > 1 else ""
        if proposal.first_by:
            more += " · " + say("certify.first-by", language, by=proposal.first_by)
        click.echo(f"  {key}  {proposal.policy}  {proposal.earned_on}  {printable(proposal.name + more)}")


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
        _print_proposals(waiting, language)
        click.echo("\n" + say("certify.next", language))
    if others:
        click.echo("\n" + say("certify.proposed-others", language))
        _print_proposals(others, language)
    if renewing := sum(policy.renewing for policy in summary.policies):
        click.echo("\n" + say("certify.renewing", language, n=renewing))
    if left_out := sum(policy.not_listed for policy in summary.policies):
        click.echo("\n" + say("certify.not-listed", language, n=left_out))
    if report is not None:
        print_report(report, language)


def print_report(report: IssueReport, language: str) -> None:
    """Tells what was issued."""
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
                "renewing": p.renewing,
                "looked_at": p.looked_at,
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
                "renewal": p.cycle > 1,
                "first_approved_by": p.first_by,
            }
            for p in [*waiting, *others]
        ],
        **(report_json(report) if report is not None else {"issued": [], "completed": 0, "problems": []}),
    }


def report_json(report: IssueReport) -> dict[str, Any]:
    """What was issued, for `--json`."""
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


def finish(report: IssueReport | None, language: str) -> int:
    """Tells the problems; the exit code."""
    if report is None or not report.problems:
        return DONE
    print_problems(report.problems, language)
    return PARTLY
