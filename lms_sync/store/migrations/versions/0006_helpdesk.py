"""Questions to the help desk: who asked and when, who answers and until when. The words stay in Moodle."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"

moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "helpdesk_question",
        sa.Column("site", sa.String(64), primary_key=True),
        sa.Column("discussion", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("forum", sa.String(100), nullable=False),
        sa.Column("person_id", sa.String(36), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("changed_at", moment, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("owner", sa.String(200)),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("answered_at", moment),
        sa.Column("closed_by_hand", sa.Boolean, nullable=False),
    )
    op.create_index("ix_helpdesk_question_person_id", "helpdesk_question", ["person_id"])
