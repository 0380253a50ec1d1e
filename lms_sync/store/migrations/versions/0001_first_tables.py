"""First tables: people, facts and runs, awards.

Written out and never changed again: a later change of the schema is a migration of its own.
Constraints are named by the convention of lms_sync.store.schema.metadata, which Alembic applies.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

moment = sa.DateTime(timezone=True)
# SQLite counts rows by itself only for a column of type INTEGER.
number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    create_people()
    create_facts()
    create_awards()


def create_people() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("created_at", moment, nullable=False),
    )
    op.create_table(
        "person_data",
        sa.Column("person_id", sa.String(36), sa.ForeignKey("person.id"), primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("idnumber", sa.String(255)),
        sa.Column("username", sa.String(255)),
        sa.Column("email", sa.String(255)),
        sa.Column("given_name", sa.String(255)),
        sa.Column("family_name", sa.String(255)),
        sa.Column("gender", sa.String(32)),
        sa.Column("language", sa.String(16)),
        sa.UniqueConstraint("site", "idnumber"),
    )
    op.create_table(
        "account",
        sa.Column("site", sa.String(64), primary_key=True),
        sa.Column("user_id", sa.BigInteger, primary_key=True),
        sa.Column("person_id", sa.String(36), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("created_by_us", sa.Boolean, nullable=False),
        sa.Column("matched_by", sa.String(16), nullable=False),
        sa.Column("matched_at", moment, nullable=False),
    )
    op.create_table(
        "membership",
        sa.Column("id", number, primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(36), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("institution", sa.String(64), nullable=False),
        sa.Column("valid_from", moment, nullable=False),
        sa.Column("valid_to", moment),
    )
    op.create_index("ix_membership_site_person_id", "membership", ["site", "person_id"])


def create_facts() -> None:
    op.create_table(
        "run",
        sa.Column("id", number, primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("verb", sa.String(32), nullable=False),
        sa.Column("started_at", moment, nullable=False),
        sa.Column("finished_at", moment),
        sa.Column("outcome", sa.String(16)),
        sa.Column("summary", sa.JSON),
    )
    op.create_table(
        "fact",
        sa.Column("id", number, primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("stream", sa.String(32), nullable=False),
        sa.Column("source_id", sa.String(128), nullable=False),
        sa.Column("source_time", moment, nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(36), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("course", sa.String(100), nullable=False),
        sa.Column("subject", sa.String(100), nullable=False),
        sa.Column("value", sa.JSON, nullable=False),
        sa.Column("recorded_at", moment, nullable=False),
        sa.Column("run_id", sa.BigInteger, sa.ForeignKey("run.id")),
        sa.UniqueConstraint("site", "stream", "source_id", "source_time", "content_hash"),
    )
    op.create_index("ix_fact_site_person_id_course", "fact", ["site", "person_id", "course"])
    op.create_table(
        "cursor",
        sa.Column("site", sa.String(64), primary_key=True),
        sa.Column("stream", sa.String(32), primary_key=True),
        sa.Column("course", sa.String(100), primary_key=True),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("after_id", sa.BigInteger, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
    )
    op.create_table(
        "journal",
        sa.Column("id", number, primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("run_id", sa.BigInteger, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("key", sa.String(400), nullable=False),
        sa.Column("wanted_hash", sa.String(80), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("remote_id", sa.BigInteger),
        sa.Column("detail", sa.JSON),
        sa.Column("intent_at", moment, nullable=False),
        sa.Column("sent_at", moment),
        sa.Column("confirmed_at", moment),
        sa.UniqueConstraint("run_id", "step"),
    )


def create_awards() -> None:
    op.create_table(
        "policy_text",
        sa.Column("site", sa.String(64), primary_key=True),
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("policy", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("first_used_at", moment, nullable=False),
    )
    op.create_table(
        "decision",
        sa.Column("id", number, primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("grant_key", sa.String(64), nullable=False),
        sa.Column("policy", sa.String(64), nullable=False),
        sa.Column("policy_version", sa.Integer, nullable=False),
        sa.Column("policy_sha256", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(36), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("cycle", sa.Integer, nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("earned_on", sa.Date),
        sa.Column("expires_on", sa.Date),
        sa.Column("why", sa.JSON, nullable=False),
        sa.Column("decided_at", moment, nullable=False),
    )
    op.create_index("ix_decision_site_grant_key", "decision", ["site", "grant_key"])
    op.create_table(
        "approval",
        sa.Column("id", number, primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("grant_key", sa.String(64), nullable=False, unique=True),
        sa.Column("decision_id", sa.BigInteger, sa.ForeignKey("decision.id"), nullable=False),
        sa.Column("approved_by", sa.String(255), nullable=False),
        sa.Column("approved_at", moment, nullable=False),
        sa.Column("automatic", sa.Boolean, nullable=False),
        sa.Column("note", sa.Text),
    )
    op.create_table(
        "serial_counter",
        sa.Column("site", sa.String(64), primary_key=True),
        sa.Column("series", sa.String(64), primary_key=True),
        sa.Column("last", sa.Integer, nullable=False),
    )
    op.create_table(
        "issue",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("grant_key", sa.String(64), nullable=False, unique=True),
        sa.Column("person_id", sa.String(36), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("policy", sa.String(64), nullable=False),
        sa.Column("policy_version", sa.Integer, nullable=False),
        sa.Column("series", sa.String(64), nullable=False),
        sa.Column("serial", sa.String(64), nullable=False),
        sa.Column("verification_id", sa.String(64), nullable=False, unique=True),
        sa.Column("status_list", sa.Integer, nullable=False),
        sa.Column("status_index", sa.Integer, nullable=False),
        sa.Column("issued_at", moment, nullable=False),
        sa.Column("issued_on", sa.Date, nullable=False),
        sa.Column("expires_on", sa.Date),
        sa.Column("public", sa.JSON, nullable=False),
        sa.UniqueConstraint("site", "serial"),
        sa.UniqueConstraint("site", "status_list", "status_index"),
    )
    op.create_table(
        "document",
        sa.Column("issue_id", sa.String(36), sa.ForeignKey("issue.id"), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("media_type", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("created_at", moment, nullable=False),
    )
    op.create_table(
        "status_event",
        sa.Column("id", number, primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("issue_id", sa.String(36), sa.ForeignKey("issue.id"), nullable=False),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("reason", sa.Text),
    )
    op.create_index("ix_status_event_issue_id", "status_event", ["issue_id"])
    op.create_table(
        "status_list",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary),
        sa.Column("updated_at", moment, nullable=False),
    )
