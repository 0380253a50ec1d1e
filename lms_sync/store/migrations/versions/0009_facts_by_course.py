"""Facts are found by course and stream: the outcomes of questions are many, and a report wants those of one course."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_index("ix_fact_site_course_stream", "fact", ["site", "course", "stream"])
