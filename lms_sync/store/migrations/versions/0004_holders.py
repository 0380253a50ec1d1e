"""Who holds facts and awards: a person, or an institution."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("person", sa.Column("kind", sa.String(16), nullable=False, server_default="person"))
