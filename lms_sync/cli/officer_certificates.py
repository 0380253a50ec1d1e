"""The officer's verb certificates: what happens to awards after their issue, reviews, prior learning."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from authoring.messages import printable
from authoring.problems import Problem, Refused
from lms_sync.cli.officer import finish, print_report, report_json
from lms_sync.cli.officer_delivery import print_certificates, send
from lms_sync.cli.officer_preview import link, preview, publish
from lms_sync.cli.officer_profiles import profiles
from lms_sync.cli.options import dir_option, json_option, site_option
from lms_sync.cli.outcome import DONE, REFUSED, print_problems, say
from lms_sync.cli.register_place import CERTIFICATES, Place, as_text, confirmed, open_place
from lms_sync.clock import SystemClock, local_date

if TYPE_CHECKING:
    from certificates.issue import IssueReport
    from certificates.lifecycle import Changed
    from certificates.policy import Policy
    from certificates.register import Proposal

DAY = click.DateTime(formats=["%Y-%m-%d"])
STATUSES = ("valid", "expired", "suspended", "revoked", "superseded", "erased")

by_option = click.option("--by", required=True, help="Name of the person who decides; kept in the register.")
reason_option = click.option(
    "--reason", required=True, help="Why; kept in the register, not shown to the public."
)


@click.group(short_help="Suspend, revoke, correct, renew; what to review.")
def certificates() -> None:
    """The certificates that were issued, and what happens to them afterwards. Nothing issued is ever changed."""


for _verb in (preview, send, profiles, print_certificates, publish, link):
    certificates.add_command(_verb)


@certificates.command("list")
@click.option("--award", metavar="AWARD", help="Only this award.")
@click.option("--status", type=click.Choice(STATUSES), help="Only with this status.")
@click.option("--to-renew", is_flag=True, help="Only those that may be renewed now.")
@dir_option
@site_option
@json_option
def list_certificates(
    award: str | None,
    status: str | None,
    folder: Path,
    site_name: str | None,
    *,
    to_renew: bool,
    as_json: bool,
) -> int:
    """List every certificate with its status, its last valid day, and until when it may be renewed.

    \b
    Examples:
      lms-sync certificates list --dir academy
      lms-sync certificates list --award archive-trainer --to-renew
    """
    from certificates.listing import list_certificates as listed
    from certificates.policy import read_policies

    place = open_place(folder, site_name)
    shown = [
        one
        for one in listed(place.engine, place.site, read_policies(folder), SystemClock())
        if (award is None or one.award.policy == award)
        and (status is None or one.status == status)
        and (not to_renew or (one.phase in ("window", "grace") and one.status in ("valid", "expired")))
    ]
    if as_json:
        click.echo(as_text({"certificates": [one.as_json() for one in shown]}))
        return DONE
    if shown:
        click.echo(say("certificates.list-heading", place.language, n=len(shown)))
    numbers = max((len(one.award.serial) for one in shown), default=0)
    awards = max((len(one.award.policy) for one in shown), default=0)
    for one in shown:
        until = one.award.expires_on.isoformat() if one.award.expires_on else "–"
        status_said = say(f"portal.status-{one.status}", place.language)
        line = f"{one.award.serial:<{numbers}}  {one.award.policy:<{awards}}  {until:<10}  {status_said}"
        if one.successor:
            line += f" → {one.successor}"
        elif one.phase in ("window", "grace") and one.status in ("valid", "expired"):
            last = one.grace_ends if one.phase == "grace" else one.award.expires_on
            line += f" · {say('certificates.to-renew', place.language, day=last)}"
        click.echo(printable(f"{line}  {one.name}".rstrip()))
    if not shown:
        click.echo(say("certificates.none", place.language))
    return DONE


def about_a_certificate(change: Callable[..., Changed | None]) -> Callable[..., int]:
    """Makes a verb of what is done to one certificate: which, by whom, why and where it is.

    `change` gets the opened place, what was typed, and by, reason and clock; None from it means that nobody agreed.
    """

    @click.argument("certificate")
    @by_option
    @reason_option
    @dir_option
    @site_option
    @json_option
    @functools.wraps(change)
    def verb(
        certificate: str,
        by: str,
        reason: str,
        folder: Path,
        site_name: str | None,
        *,
        as_json: bool,
        **own: bool,
    ) -> int:
        place = open_place(folder, site_name)
        done = change(place, certificate, by=by, reason=reason, clock=SystemClock(), **own)
        if done is None:
            click.echo(say("certificates.not-done", place.language), err=True)
            return REFUSED
        return _changed(done, place, as_json=as_json)

    return verb


@certificates.command()
@about_a_certificate
def suspend(place: Place, certificate: str, **said: Any) -> Changed:
    """Suspend a CERTIFICATE, by its number or verification id, until it is resumed; the portal says so at once.

    What depends on it is put on the review list (`lms-sync certificates review`); nothing else changes.

    \b
    Example:
      lms-sync certificates suspend DPA-T-2026-0001 --by "Name Surname" --reason "Complaint 12 under examination"
    """
    from certificates.lifecycle import suspend as suspend_award

    return suspend_award(place.engine, place.site, certificate, **said)


@certificates.command()
@about_a_certificate
def resume(place: Place, certificate: str, **said: Any) -> Changed:
    """End the suspension of a CERTIFICATE.

    \b
    Example:
      lms-sync certificates resume DPA-T-2026-0001 --by "Name Surname" --reason "Complaint 12 unfounded"
    """
    from certificates.lifecycle import resume as resume_award

    return resume_award(place.engine, place.site, certificate, **said)


@certificates.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@about_a_certificate
def revoke(place: Place, certificate: str, *, yes: bool, **said: Any) -> Changed | None:
    """Revoke a CERTIFICATE for ever: on the portal at once, and in the status list that verifiers read.

    What depends on it is put on the review list (`lms-sync certificates review`); nothing else changes.

    \b
    Example:
      lms-sync certificates revoke DPA-2026-00001 --by "Name Surname" --reason "Decision 45: obtained by deceit"
    """
    from certificates.lifecycle import revoke as revoke_award

    issuer = place.issuer()  # first: the status list has to be signed
    if not yes and not confirmed("certificates.ask-revoke", place.language, serial=certificate):
        return None
    return revoke_award(place.engine, place.site, certificate, issuer, **said)


@certificates.command()
@click.argument("certificate")
@by_option
@reason_option
@click.option("--reword", is_flag=True, help="Also with today's wording of the policy.")
@click.option(
    "--even-if-same",
    is_flag=True,
    help="Also where the certificate would say the same: after a key was stolen, say.",
)
@dir_option
@site_option
@json_option
def correct(
    certificate: str,
    by: str,
    reason: str,
    folder: Path,
    site_name: str | None,
    *,
    reword: bool,
    even_if_same: bool,
    as_json: bool,
) -> int:
    """Issue a CERTIFICATE again with the name that the holder has today; the old one then leads to the new one.

    Dates stay. First mend the name in people/participants.csv and run `lms-sync apply`. Where the certificate would say
    the same as now, nothing is issued.

    \b
    Example:
      lms-sync certificates correct DPA-2026-00001 --by "Name Surname" --reason "Surname mistyped"
    """
    from certificates.issue import IssueReport
    from certificates.lifecycle import correct as correct_award
    from certificates.lifecycle import find_award_said
    from certificates.policy import read_policies
    from lms_sync.store.database import reading

    place = open_place(folder, site_name)
    issuer = place.issuing()
    policy: Policy | None = None
    if reword:
        with reading(place.engine) as connection:
            award = find_award_said(connection, place.site, certificate)
        policy = next((one for one in read_policies(folder) if one.id == award.policy), None)
        if policy is None:
            raise Refused("correct.no-policy", policy=award.policy)
    report = correct_award(
        place.engine,
        place.site,
        certificate,
        issuer,
        by=by,
        reason=reason,
        clock=SystemClock(),
        policy=policy,
        even_if_same=even_if_same,
    )
    if report is None:
        nothing = Problem("correct.nothing-changes", {"serial": certificate}, severity="warning")
        print_problems([nothing], place.language)
        report = IssueReport((), 0, ())
        if not as_json:
            return DONE
    return _issued(report, place, as_json=as_json)


@certificates.command()
@click.argument("certificate")
@by_option
@click.option("--reason", help="For the register: a remark.")
@click.option("--protocol", help="Number in the protocol book; kept in the register.")
@click.option(
    "--legal-basis", help="Law, decision or order on which the approval rests; kept in the register."
)
@dir_option
@site_option
@json_option
def renew(
    certificate: str,
    by: str,
    reason: str | None,
    protocol: str | None,
    legal_basis: str | None,
    folder: Path,
    site_name: str | None,
    *,
    as_json: bool,
) -> int:
    """Approve and issue the renewal of a CERTIFICATE whose holder has done what the policy asks for.

    The same as approving the renewal that `lms-sync certify` proposes. Where something is missing, it is told and
    nothing is done.

    \b
    Example:
      lms-sync certificates renew DPA-T-2026-0001 --by "Name Surname" --protocol 88
    """
    from certificates.policy import read_policies
    from certificates.register import Basis, agree, issue_approved
    from certificates.renew import proposed_renewal
    from lms_sync.programme_files import programmes_by_id

    place = open_place(folder, site_name)
    issuer = place.issuing()
    clock = SystemClock()
    proposal = proposed_renewal(
        place.engine,
        place.site,
        certificate,
        read_policies(folder),
        clock,
        programmes=programmes_by_id(folder),
    )
    basis = Basis(protocol, legal_basis, reason)
    agreed = agree(place.engine, place.site, [proposal.grant_key], by=by, clock=clock, basis=basis)
    if agreed.first:
        place.keep_head()
        click.echo(say("approve.first", place.language, n=agreed.first, by=by))
        return DONE
    return _issued(issue_approved(place.engine, place.site, issuer, clock), place, as_json=as_json)


@certificates.command()
@click.argument("numbers", nargs=-1, type=int)
@click.option("--by", help="Name of the person who has looked at them.")
@click.option("--outcome", help="What came of it; kept in the register.")
@click.option("--all", "everything", is_flag=True, help="Also what was looked at before.")
@dir_option
@site_option
@json_option
def review(
    numbers: tuple[int, ...],
    by: str | None,
    outcome: str | None,
    folder: Path,
    site_name: str | None,
    *,
    everything: bool,
    as_json: bool,
) -> int:
    """List what depends on certificates that were suspended or revoked, for somebody to look at.

    With NUMBERS from the list, --by and --outcome, say what came of it. Nothing changes by itself: whoever wants to
    suspend or revoke one of them does so.

    \b
    Examples:
      lms-sync certificates review --dir academy
      lms-sync certificates review 1 2 --by "Name Surname" --outcome "Stands: a colleague led as well"
    """
    from certificates.register import close_review, to_review

    place = open_place(folder, site_name)
    if numbers:
        n = close_review(
            place.engine, place.site, numbers, by=by or "", outcome=outcome or "", clock=SystemClock()
        )
        click.echo(as_text({"closed": n}) if as_json else say("review.closed", place.language, n=n))
        return DONE
    found = to_review(place.engine, place.site, closed=everything)
    if as_json:
        click.echo(as_text({"to_review": [one.as_json() for one in found]}))
        return DONE
    before = None
    for one in found:
        trigger = (one.trigger, one.event)
        if trigger != before:
            said = say(
                f"review.because-{one.event}", place.language, serial=one.trigger, name=one.trigger_name
            )
            click.echo(click.style(printable(said), bold=True))
            before = trigger
        because = say(f"review.{one.because}", place.language, days=", ".join(one.days))
        number = one.serial or say("review.proposed", place.language)
        click.echo(printable(f"  {one.id:>4}  {number}  {one.policy}  {one.name} · {because}"))
        if one.outcome:
            click.echo(printable(f"        ✓ {one.outcome} ({one.closed_by})"))
    if not found:
        click.echo(say("review.nothing", place.language))
    return DONE


@certificates.command("to-sign")
@click.option("--award", metavar="AWARD", help="Only this award.")
@dir_option
@site_option
@json_option
def to_sign(award: str | None, folder: Path, site_name: str | None, *, as_json: bool) -> int:
    """Write the list of what is proposed as a PDF to sign, one for each award, into build/to-sign.

    \b
    Example:
      lms-sync certificates to-sign --dir academy
    """
    from certificates.policy import read_policies
    from certificates.register import proposals
    from certificates.to_sign import list_to_sign
    from lms_sync.write_files import refuse_links, write_durably

    place = open_place(folder, site_name)
    policies = {policy.id: policy for policy in read_policies(folder)}
    waiting: dict[str, list[Proposal]] = {}
    for one in proposals(place.engine, place.site):
        if one.policy in policies and award in (None, one.policy):
            waiting.setdefault(one.policy, []).append(one)
    written = []
    for name, some in waiting.items():
        policy = policies[name]
        today = local_date(SystemClock().now(), policy.timezone)
        path = folder / "build" / "to-sign" / f"{name}-{today.isoformat()}.pdf"
        refuse_links(path, below=folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        made = list_to_sign(place.engine, place.site, policy, some, language=place.language, today=today)
        write_durably(path, made, mode=0o600)  # it names people
        written.append(path.relative_to(folder).as_posix())
    if as_json:
        click.echo(as_text({"files": written}))
    elif not written:
        click.echo(say("approve.nothing", place.language))
    for name in () if as_json else written:
        click.echo(say("to-sign.written", place.language, file=name))
    return DONE


@certificates.command("prior-learning")
@click.argument("person")
@click.argument("kind")
@click.option("--evidence", required=True, metavar="TEXT|FILE", help="What proves it: words, or a scan.")
@click.option("--by", required=True, help="Name of the person who records; kept with the fact.")
@click.option(
    "--on", "on", type=DAY, metavar="DATE", help="The day on which it was recognised (default: today)."
)
@click.option("--undo", is_flag=True, help="Say that it was not recognised after all; --evidence says why.")
@dir_option
@site_option
@json_option
def prior_learning(
    person: str,
    kind: str,
    evidence: str,
    by: str,
    on: datetime.datetime | None,
    folder: Path,
    site_name: str | None,
    *,
    undo: bool,
    as_json: bool,
) -> int:
    """Record that prior learning of a PERSON is recognised, of a KIND that a policy asks for, with evidence.

    PERSON is an idnumber, an e-mail address or a whole name. A file is copied into evidence/ of the academy and named
    in the fact with its SHA-256. Recording the same again changes nothing; another day or other evidence corrects it.

    \b
    Example:
      lms-sync certificates prior-learning AO-0001 archive-diploma --evidence diploma.pdf --by "Name Surname"
    """
    from certificates.policy import read_policies
    from certificates.prior_learning import record_prior_learning

    place = open_place(folder, site_name)
    done = record_prior_learning(
        place.engine,
        place.site,
        folder,
        read_policies(folder),
        person,
        kind,
        evidence=evidence,
        by=by,
        clock=SystemClock(),
        on=on.date() if on else None,
        recognised=not undo,
    )
    if as_json:
        click.echo(as_text(done.as_json()))
        return DONE
    code = "known" if not done.new else "recorded" if done.recognised else "undone"
    said = say(
        f"prior-learning.{code}", place.language, name=done.name, kind=done.kind, day=done.on.isoformat()
    )
    click.echo(printable(said))
    if done.file:
        click.echo(say("milestones.kept", place.language, file=done.file))
    return DONE


def _changed(done: Changed, place: Place, *, as_json: bool) -> int:
    place.keep_head()
    if as_json:
        result = {"serial": done.serial, "event": done.event, "to_review": done.to_review}
        click.echo(as_text(result))
        return DONE
    click.echo(say(f"certificates.{done.event}", place.language, serial=done.serial))
    if done.to_review:
        click.echo(say("review.opened", place.language, n=done.to_review))
    return DONE


def _issued(report: IssueReport, place: Place, *, as_json: bool) -> int:
    from certificates.register import write_certificates

    write_certificates(place.engine, place.site, place.folder / CERTIFICATES)
    place.keep_head()
    if as_json:
        click.echo(as_text(report_json(report)))
    else:
        print_report(report, place.language)
    return finish(report, place.language)
