"""What was last applied, and what each run replaced."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "applied",
        sa.Column("site", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("scope", sa.String(120), primary_key=True),
        sa.Column("key", sa.String(400), primary_key=True),
        sa.Column("fields", sa.JSON, nullable=False),
        sa.Column("hash", sa.String(80), nullable=False),
        sa.Column("run_id", sa.BigInteger, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("applied_at", moment, nullable=False),
    )
    op.create_table(
        "replaced",
        sa.Column("run_id", sa.BigInteger, sa.ForeignKey("run.id"), primary_key=True),
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("scope", sa.String(120), primary_key=True),
        sa.Column("key", sa.String(400), primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("before", sa.JSON),
        sa.Column("before_hash", sa.String(80), nullable=False),
        sa.Column("after", sa.JSON, nullable=False),
        sa.Column("after_hash", sa.String(80), nullable=False),
        sa.Column("base", sa.JSON, nullable=False),
    )
    op.create_index("ix_replaced_site", "replaced", ["site"])
