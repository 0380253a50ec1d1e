"""States: what held of whom from when until when, made from the facts. Empty at first: the next pull or report makes them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "state",
        sa.Column("site", sa.String(64), primary_key=True),
        sa.Column("course", sa.String(100), primary_key=True),
        sa.Column("what", sa.String(16), primary_key=True),
        sa.Column("person_id", sa.String(36), sa.ForeignKey("person.id"), primary_key=True),
        sa.Column("subject", sa.String(100), primary_key=True),
        sa.Column("source_id", sa.String(128), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("valid_from", moment, nullable=False),
        sa.Column("valid_to", moment),
        sa.Column("score", sa.Float),
        sa.Column("institutions", sa.JSON),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "state_mark",
        sa.Column("site", sa.String(64), primary_key=True),
        sa.Column("up_to", sa.BigInteger, nullable=False),
        sa.Column("making", sa.String(36), nullable=False),
    )
