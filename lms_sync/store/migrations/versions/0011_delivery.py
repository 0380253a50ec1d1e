"""Certificates by e-mail: each is queued, and handed over, once."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "delivery",
        sa.Column("issue_id", sa.String(36), sa.ForeignKey("issue.id"), primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("queued_at", moment, nullable=False),
        sa.Column("not_before", moment),
        sa.Column("changed_at", moment, nullable=False),
        sa.Column("error", sa.String(200)),
    )
    op.create_index("ix_delivery_site_state", "delivery", ["site", "state"])
