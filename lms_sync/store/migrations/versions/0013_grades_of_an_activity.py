"""Grades of one activity are found beside one another, the last of everybody in the order of their percentages."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_GRADED = sa.text("what = 'graded'")


def upgrade() -> None:
    op.create_index(
        "ix_state_grades",
        "state",
        ["site", "course", "subject", "valid_to", "score", "person_id", "valid_from"],
        sqlite_where=_GRADED,
        postgresql_where=_GRADED,
    )
