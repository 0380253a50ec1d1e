"""The register of awards: propose, approve, issue, revoke. What the rest of the suite calls.

The way of an award, and who calls what::

    certify(engine, site, policies, clock, listed=)     -> CertifySummary   decides and stores; proposes
    proposals(engine, site)                             -> list[Proposal]   what waits for a person
    approve(engine, site, grant_keys, by=, clock=)      -> int              a person agrees; None = all proposed
    open_issuer(did=, base_url=, key_file=)             -> Issuer           the opened key; Refused without did or URL
    issue_approved(engine, site, issuer, clock)         -> IssueReport      serials, credentials, certificates
    issued(engine, site)                                -> list[Issued]     what there is
    read_document(engine, issue_id, "credential"|"pdf") -> bytes            exactly as issued
    write_certificates(engine, site, folder)            -> list[Path]       the PDFs as files, for printing
    revoke(engine, site, verification_id, issuer, by=, reason=, clock=)

Issuing is exactly once: the grant key (policy, person, cycle) is unique, and serial, verification id and
status index are given in the same transaction in which the award is entered. Its documents are made after
that, one by one, each written once; what a crash left undone the next run completes.
"""

from certificates.approve import Agreed, Basis, agree, approve
from certificates.documents import find_document, read_document, write_certificates
from certificates.grant import grant_key
from certificates.issue import Issued, IssueReport, issue_approved, issued
from certificates.issuer import Issuer, open_issuer
from certificates.lifecycle import correct, resume, revoke, suspend
from certificates.proposals import Proposal, proposals
from certificates.propose import CertifySummary, Listed, PolicySummary, certify
from certificates.review import close_review, to_review
from certificates.status_lists import publish_status_lists

__all__ = [
    "Agreed",
    "Basis",
    "CertifySummary",
    "IssueReport",
    "Issued",
    "Issuer",
    "Listed",
    "PolicySummary",
    "Proposal",
    "agree",
    "approve",
    "certify",
    "close_review",
    "correct",
    "find_document",
    "grant_key",
    "issue_approved",
    "issued",
    "open_issuer",
    "proposals",
    "publish_status_lists",
    "read_document",
    "resume",
    "revoke",
    "suspend",
    "to_review",
    "write_certificates",
]
