"""The register as a chain, renewals, approvals by two persons, reviews, and up to where was decided."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0006"

moment = sa.DateTime(timezone=True)
number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("person", sa.Column("erased_at", moment))
    op.add_column("decision", sa.Column("base_on", sa.Date))
    op.add_column("decision", sa.Column("periods", sa.Integer))
    op.add_column("decision", sa.Column("way", sa.String(16)))
    op.add_column("approval", sa.Column("protocol_number", sa.String(100)))
    op.add_column("approval", sa.Column("legal_basis", sa.Text))
    op.add_column("approval", sa.Column("first_by", sa.String(255)))
    op.add_column("approval", sa.Column("first_at", moment))
    op.add_column("approval", sa.Column("supersedes", sa.String(36)))
    op.add_column("issue", sa.Column("supersedes", sa.String(36)))
    op.add_column("status_event", sa.Column("successor", sa.String(36)))
    create_decided()
    create_first_approval_and_review()
    create_chain()


def create_decided() -> None:
    op.create_table(
        "decided",
        sa.Column("site", sa.String(64), primary_key=True),
        sa.Column("policy", sa.String(64), primary_key=True),
        sa.Column("inputs", sa.String(64), nullable=False),
        sa.Column("facts_up_to", sa.BigInteger, nullable=False),
        sa.Column("facts_count", sa.BigInteger, nullable=False),
        sa.Column("facts_hash", sa.String(64), nullable=False),
        sa.Column("approvals_up_to", sa.BigInteger, nullable=False),
        sa.Column("events_up_to", sa.BigInteger, nullable=False),
        sa.Column("decided_on", sa.Date, nullable=False),
    )
    op.create_table(
        "decided_holder",
        sa.Column("site", sa.String(64), primary_key=True),
        sa.Column("policy", sa.String(64), primary_key=True),
        sa.Column("person_id", sa.String(36), sa.ForeignKey("person.id"), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("look_again_on", sa.Date),
    )


def create_first_approval_and_review() -> None:
    op.create_table(
        "first_approval",
        sa.Column("id", number, primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("decision_id", sa.BigInteger, sa.ForeignKey("decision.id"), nullable=False, unique=True),
        sa.Column("approved_by", sa.String(255), nullable=False),
        sa.Column("approved_at", moment, nullable=False),
    )
    op.create_table(
        "review",
        sa.Column("id", number, primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("event_id", sa.BigInteger, sa.ForeignKey("status_event.id"), nullable=False),
        sa.Column("grant_key", sa.String(64), nullable=False),
        sa.Column("because", sa.String(16), nullable=False),
        sa.Column("opened_at", moment, nullable=False),
        sa.Column("closed_at", moment),
        sa.Column("closed_by", sa.String(255)),
        sa.Column("outcome", sa.Text),
        sa.UniqueConstraint("event_id", "grant_key"),
    )


def create_chain() -> None:
    op.create_table(
        "register_head",
        sa.Column("site", sa.String(64), primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_table(
        "register_entry",
        sa.Column("site", sa.String(64), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("commitment", sa.String(64)),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_table(
        "register_salt",
        sa.Column("issue_id", sa.String(36), sa.ForeignKey("issue.id"), primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
    )
