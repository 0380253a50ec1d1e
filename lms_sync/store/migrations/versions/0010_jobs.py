"""Jobs: a row for each due time, which jobs fail since when, and whom to tell."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

moment = sa.DateTime(timezone=True)
number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "job_run",
        sa.Column("id", number, primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("job", sa.String(32), nullable=False),
        sa.Column("course", sa.String(100), nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("missed", sa.Integer, nullable=False),
        sa.Column("starts", sa.Integer, nullable=False),
        sa.Column("restarts", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("not_before", moment),
        sa.Column("owner", sa.String(200)),
        sa.Column("lease_until", moment),
        sa.Column("started_at", moment),
        sa.Column("finished_at", moment),
        sa.Column("covered_by", sa.BigInteger),
        sa.Column("error", sa.String(100)),
        sa.Column("summary", sa.JSON),
        sa.UniqueConstraint("site", "job", "course", "due_at"),
    )
    op.create_index("ix_job_run_state_site", "job_run", ["state", "site"])
    op.create_table(
        "job_state",
        sa.Column("site", sa.String(64), primary_key=True),
        sa.Column("job", sa.String(32), primary_key=True),
        sa.Column("course", sa.String(100), primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failing_since", moment),
        sa.Column("told", sa.Boolean, nullable=False),
        sa.Column("error", sa.String(100)),
        sa.Column("reason", sa.Text),
        sa.Column("done_at", moment),
        sa.Column("done_due_at", moment),
    )
    op.create_table(
        "notice",
        sa.Column("id", number, primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("job", sa.String(32), nullable=False),
        sa.Column("course", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("error", sa.String(100)),
        sa.Column("reason", sa.Text),
        sa.Column("way", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("not_before", moment),
    )
    op.create_index("ix_notice_state", "notice", ["state"])
