"""Former names with their time, and which two persons are one human being."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

moment = sa.DateTime(timezone=True)
number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "former_name",
        sa.Column("id", number, primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(36), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("given_name", sa.String(255)),
        sa.Column("family_name", sa.String(255)),
        sa.Column("until", moment, nullable=False),
    )
    op.create_index("ix_former_name_site_person_id", "former_name", ["site", "person_id"])
    op.create_table(
        "same_person",
        sa.Column("id", number, primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(36), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("same_as", sa.String(36), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("decided_at", moment, nullable=False),
        sa.Column("ended_at", moment),
    )
    op.create_index("ix_same_person_site", "same_person", ["site"])
