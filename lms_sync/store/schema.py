"""All tables. Every row carries its site; times are aware UTC; people are opaque ids.

Personal data sit in `person_data` and `former_name` (and, as issued, in `document`), nowhere else, so that erasing a
person is deleting those rows. Facts, decisions, approvals and status events are only ever added.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts rows by itself only for a column of type INTEGER.
_Id = BigInteger().with_variant(Integer(), "sqlite")


class Moment(TypeDecorator[datetime]):
    """An aware UTC time; SQLite, which knows no zones, gets it without one and gives it back with UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times are stored aware")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """How a column is read; of SQLite's texts in a fifth of the time that SQLAlchemy's own reading and ours take."""
        return _moment if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(f"{text}+00:00")


# --- people -----------------------------------------------------------------------------------

person = (
    Table(  # a holder of facts and awards: a human being, or an institution that earns an award of its own
        "person",
        metadata,
        Column("id", String(36), primary_key=True),  # random UUID; says nothing about the person
        Column("site", String(64), nullable=False),
        Column("created_at", Moment, nullable=False),
        Column("kind", String(16), nullable=False, default="person", server_default="person"),
        Column("erased_at", Moment),  # since then nothing says who it was
    )
)

person_data = Table(
    "person_data",
    metadata,
    Column("person_id", String(36), ForeignKey("person.id"), primary_key=True),
    Column("site", String(64), nullable=False),
    Column("salt", LargeBinary, nullable=False),  # 32 random bytes; commitments to this person's data use it
    Column("idnumber", String(255)),
    Column("username", String(255)),
    Column("email", String(255)),
    Column("given_name", String(255)),
    Column("family_name", String(255)),
    Column("gender", String(32)),
    Column("language", String(16)),
    UniqueConstraint("site", "idnumber"),
)

former_name = Table(  # what a person was called, and until when; personal data, erased with person_data
    "former_name",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("site", String(64), nullable=False),
    Column("person_id", String(36), ForeignKey("person.id"), nullable=False),
    Column("given_name", String(255)),
    Column("family_name", String(255)),
    Column("until", Moment, nullable=False),
    Index(None, "site", "person_id"),
)

same_person = Table(  # two rows of `person` that are one human being; facts stay where they were observed
    "same_person",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("site", String(64), nullable=False),
    Column("person_id", String(36), ForeignKey("person.id"), nullable=False),
    Column("same_as", String(36), ForeignKey("person.id"), nullable=False),
    Column("decided_at", Moment, nullable=False),
    Column("ended_at", Moment),  # when somebody found that they are two after all
    Index(None, "site"),
)

account = Table(  # which Moodle account is whose
    "account",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("user_id", BigInteger, primary_key=True),
    Column("person_id", String(36), ForeignKey("person.id"), nullable=False),
    Column("created_by_us", Boolean, nullable=False),
    Column("matched_by", String(16), nullable=False),  # idnumber, username, email, hand, created
    Column("matched_at", Moment, nullable=False),
)

membership = Table(  # who belongs to which institution, and when
    "membership",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("site", String(64), nullable=False),
    Column("person_id", String(36), ForeignKey("person.id"), nullable=False),
    Column("institution", String(64), nullable=False),
    Column("valid_from", Moment, nullable=False),
    Column("valid_to", Moment),
    Index(None, "site", "person_id"),
)

# --- facts ------------------------------------------------------------------------------------

fact = Table(
    "fact",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("site", String(64), nullable=False),
    Column("stream", String(32), nullable=False),
    Column("source_id", String(128), nullable=False),
    Column("source_time", Moment, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("person_id", String(36), ForeignKey("person.id"), nullable=False),
    Column("course", String(100), nullable=False),  # the course's key
    Column("subject", String(100), nullable=False),  # the activity's key; "" for the course itself
    Column("value", JSON, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("run_id", BigInteger, ForeignKey("run.id")),
    UniqueConstraint("site", "stream", "source_id", "source_time", "content_hash"),
    Index(None, "site", "person_id", "course"),
    Index(None, "site", "course", "stream"),
)

state = Table(  # what held of whom from when until when: made from `fact`, and equal when made again
    "state",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("course", String(100), primary_key=True),
    Column("what", String(16), primary_key=True),  # started, completed, graded, tried, passed, enrolled
    Column("person_id", String(36), ForeignKey("person.id"), primary_key=True),
    Column("subject", String(100), primary_key=True),
    Column("source_id", String(128), primary_key=True),  # of the fact since which it holds
    Column("number", Integer, primary_key=True),
    Column("valid_from", Moment, nullable=False),
    Column("valid_to", Moment),  # it holds until before this moment
    Column("score", Float),  # percent
    Column("institutions", JSON(none_as_null=True)),  # of an enrolment: as Moodle names them
    Index(  # a report groups the grades of one activity by their percentages in the order in which they lie here
        "ix_state_grades",
        "site",
        "course",
        "subject",
        "valid_to",
        "score",
        "person_id",
        "valid_from",
        sqlite_where=text("what = 'graded'"),
        postgresql_where=text("what = 'graded'"),
    ),
    sqlite_with_rowid=False,
)

state_mark = Table(  # up to which fact the states have been made
    "state_mark",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("up_to", BigInteger, nullable=False),
    Column("making", String(36), nullable=False),  # who makes all of them anew at this moment; ""
)

cursor = Table(
    "cursor",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("stream", String(32), primary_key=True),
    Column("course", String(100), primary_key=True),  # each course its own: one added later begins at 0
    Column("since", BigInteger, nullable=False),  # epoch seconds of the source's clock
    Column("after_id", BigInteger, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("site", String(64), nullable=False),
    Column("verb", String(32), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("outcome", String(16)),  # done, failed, partly
    Column("summary", JSON),
)

journal = Table(  # what apply was about to do, has sent, has confirmed
    "journal",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("site", String(64), nullable=False),
    Column("run_id", BigInteger, ForeignKey("run.id"), nullable=False),
    Column("step", Integer, nullable=False),
    Column("action", String(16), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("key", String(400), nullable=False),
    Column("wanted_hash", String(80), nullable=False),
    Column("state", String(16), nullable=False),  # intent, sent, confirmed, failed, lost, superseded
    Column("remote_id", BigInteger),
    Column("detail", JSON),
    Column("intent_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("confirmed_at", Moment),
    UniqueConstraint("run_id", "step"),
)

applied = Table(  # what we last wrote and saw there afterwards: the base that drift is told from
    "applied",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("scope", String(120), primary_key=True),  # the course's key; "" for what belongs to the site
    Column("key", String(400), primary_key=True),
    Column("fields", JSON, nullable=False),
    Column("hash", String(80), nullable=False),  # as the site told it; "" where it tells none
    Column("run_id", BigInteger, ForeignKey("run.id"), nullable=False),
    Column("applied_at", Moment, nullable=False),
)

replaced = Table(  # what each run was about to replace, written before anything is sent; undo reads it
    "replaced",
    metadata,
    Column("run_id", BigInteger, ForeignKey("run.id"), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("scope", String(120), primary_key=True),
    Column("key", String(400), primary_key=True),
    Column("site", String(64), nullable=False),
    Column("action", String(16), nullable=False),
    Column("before", JSON),  # null: the run created it
    Column("before_hash", String(80), nullable=False),
    Column("after", JSON, nullable=False),
    Column("after_hash", String(80), nullable=False),
    Column("base", JSON, nullable=False),  # what counts as applied once this has landed
    Index(None, "site"),
)

# --- awards -----------------------------------------------------------------------------------

policy_text = (
    Table(  # every text that was ever decided by, so that an award can be explained and worded by its own
        "policy_text",
        metadata,
        Column("site", String(64), primary_key=True),
        Column("sha256", String(64), primary_key=True),
        Column("policy", String(64), nullable=False),
        Column("version", Integer, nullable=False),
        Column("text", Text, nullable=False),
        Column("first_used_at", Moment, nullable=False),
    )
)

decision = Table(  # what decide() said; a proposal while its state is "eligible" and nobody has approved
    "decision",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("site", String(64), nullable=False),
    Column("grant_key", String(64), nullable=False),  # sha256(policy id, person id, cycle)
    Column("policy", String(64), nullable=False),
    Column("policy_version", Integer, nullable=False),
    Column("policy_sha256", String(64), nullable=False),
    Column("person_id", String(36), ForeignKey("person.id"), nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("state", String(16), nullable=False),  # eligible, pending
    Column("earned_on", Date),
    Column("expires_on", Date),
    Column("why", JSON, nullable=False),  # each requirement with the fact that met it, or what is missing
    Column("decided_at", Moment, nullable=False),
    Column(
        "base_on", Date
    ),  # the period is `periods` times the policy's months from here; null: from earned_on
    Column("periods", Integer),
    Column("way", String(16)),  # full, renewal; null: full
    Index(None, "site", "grant_key"),
)

decided = (
    Table(  # up to where each policy has been decided: only whom something since has touched is decided again
        "decided",
        metadata,
        Column("site", String(64), primary_key=True),
        Column("policy", String(64), primary_key=True),
        Column("inputs", String(64), nullable=False),  # digest of what else decisions depend on
        Column(
            "facts_up_to", BigInteger, nullable=False
        ),  # the newest fact, how many there were up to it, its hash
        Column("facts_count", BigInteger, nullable=False),
        Column("facts_hash", String(64), nullable=False),
        Column("approvals_up_to", BigInteger, nullable=False),
        Column("events_up_to", BigInteger, nullable=False),
        Column("decided_on", Date, nullable=False),
    )
)

decided_holder = Table(  # where each holder stands; can be made again from facts, decisions and the register
    "decided_holder",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("policy", String(64), primary_key=True),
    Column("person_id", String(36), ForeignKey("person.id"), primary_key=True),
    Column(
        "state", String(16), nullable=False
    ),  # eligible, pending, passed-over; held, renewed, renewing; settled
    Column("look_again_on", Date),  # when the passing of time alone may change it
)

approval = Table(
    "approval",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("site", String(64), nullable=False),
    Column("grant_key", String(64), nullable=False, unique=True),
    Column("decision_id", BigInteger, ForeignKey("decision.id"), nullable=False),
    Column("approved_by", String(255), nullable=False),
    Column("approved_at", Moment, nullable=False),
    Column("automatic", Boolean, nullable=False),
    Column("note", Text),
    Column("protocol_number", String(100)),
    Column("legal_basis", Text),
    Column("first_by", String(255)),  # where two persons approve: the first of them
    Column("first_at", Moment),
    Column("supersedes", String(36)),  # the issue that a correction replaces
)

first_approval = Table(  # the first of two persons; a decision that changes wants both again
    "first_approval",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("site", String(64), nullable=False),
    Column("decision_id", BigInteger, ForeignKey("decision.id"), nullable=False, unique=True),
    Column("approved_by", String(255), nullable=False),
    Column("approved_at", Moment, nullable=False),
)

serial_counter = Table(
    "serial_counter",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("series", String(64), primary_key=True),  # issuer's pattern and year
    Column("last", Integer, nullable=False),
)

issue = Table(  # one issued award; never changed afterwards
    "issue",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("site", String(64), nullable=False),
    Column("grant_key", String(64), nullable=False, unique=True),
    Column("person_id", String(36), ForeignKey("person.id"), nullable=False),
    Column("policy", String(64), nullable=False),
    Column("policy_version", Integer, nullable=False),
    Column("series", String(64), nullable=False),
    Column("serial", String(64), nullable=False),
    Column("verification_id", String(64), nullable=False, unique=True),
    Column("status_list", Integer, nullable=False),
    Column("status_index", Integer, nullable=False),
    Column("issued_at", Moment, nullable=False),
    Column("issued_on", Date, nullable=False),  # the issuer's local calendar
    Column("expires_on", Date),
    Column("public", JSON, nullable=False),  # what the portal may show of the achievement; no personal data
    Column("supersedes", String(36)),  # the issue that this one replaced
    UniqueConstraint("site", "serial"),
    UniqueConstraint("site", "status_list", "status_index"),
)

document = Table(  # rendered once, kept by digest, never rendered again
    "document",
    metadata,
    Column("issue_id", String(36), ForeignKey("issue.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),  # holder (name as printed), credential, pdf
    Column("site", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("media_type", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),  # empty once the holder's data are erased
    Column("created_at", Moment, nullable=False),
)

status_event = Table(  # issued, suspended, resumed, revoked, superseded, erased
    "status_event",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("site", String(64), nullable=False),
    Column("issue_id", String(36), ForeignKey("issue.id"), nullable=False),
    Column("event", String(16), nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", String(255), nullable=False),
    Column("reason", Text),
    Column("successor", String(36)),  # of superseded: the issue that replaced it
    Index(None, "issue_id"),
)

review = Table(  # awards that depend on one that was suspended or revoked; somebody looks at them, nothing else happens
    "review",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("site", String(64), nullable=False),
    Column("event_id", BigInteger, ForeignKey("status_event.id"), nullable=False),
    Column("grant_key", String(64), nullable=False),  # what depends on it: issued, approved or only proposed
    Column("because", String(16), nullable=False),  # led, required
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("closed_by", String(255)),
    Column("outcome", Text),
    UniqueConstraint("event_id", "grant_key"),
)

register_head = Table(  # the last entry of each site's chain; locked while one is added
    "register_head",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)

register_entry = Table(  # the chain: what was approved, issued and written about awards, each entry bound to the one before
    "register_entry",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("kind", String(16), nullable=False),  # approved, issued, credential, pdf, and the events
    Column("subject", String(64), nullable=False),  # the grant key of an approval, else the issue's id
    Column("digest", String(64), nullable=False),  # SHA-256 of what the register says, without personal data
    Column("commitment", String(64)),  # HMAC-SHA-256 of the personal data with the issue's salt
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

register_salt = Table(  # without its salt a commitment says nothing: erasing a holder deletes it
    "register_salt",
    metadata,
    Column("issue_id", String(36), ForeignKey("issue.id"), primary_key=True),
    Column("site", String(64), nullable=False),
    Column("salt", LargeBinary, nullable=False),
)

status_list = Table(  # signed by the register, only handed out by the portal
    "status_list",
    metadata,
    Column(
        "number", Integer, primary_key=True, autoincrement=False
    ),  # one row of numbers for all sites: /status/<n>
    Column("site", String(64), nullable=False),
    Column("content", LargeBinary),  # the signed BitstringStatusListCredential; empty until first published
    Column("updated_at", Moment, nullable=False),
)

delivery = Table(  # a certificate that goes to its holder by e-mail; the address is read when it is sent and kept nowhere
    "delivery",
    metadata,
    Column("issue_id", String(36), ForeignKey("issue.id"), primary_key=True),
    Column("site", String(64), nullable=False),
    Column("state", String(16), nullable=False),  # waiting, sending, sent, refused
    Column("tries", Integer, nullable=False),
    Column("queued_at", Moment, nullable=False),
    Column("not_before", Moment),
    Column("changed_at", Moment, nullable=False),
    Column("error", String(200)),
    Index(None, "site", "state"),
)

# --- help desk --------------------------------------------------------------------------------

helpdesk_question = Table(  # a discussion in the help desk's forum; its words stay in Moodle
    "helpdesk_question",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("discussion", BigInteger, primary_key=True, autoincrement=False),
    Column("forum", String(100), nullable=False),  # the activity's key
    Column("person_id", String(36), ForeignKey("person.id"), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),  # of the last post; what has not changed is not read again
    Column("state", String(16), nullable=False),  # open, answered, closed
    Column("owner", String(200)),  # the colleague who answers
    Column("due_at", Moment, nullable=False),
    Column("answered_at", Moment),  # of the first post by somebody else
    Column("closed_by_hand", Boolean, nullable=False),
    Index(None, "person_id"),
)

# --- jobs -------------------------------------------------------------------------------------

job_run = Table(  # one row for each due time of a job: what was to be done, and how it went
    "job_run",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("site", String(64), nullable=False),
    Column("job", String(32), nullable=False),
    Column("course", String(100), nullable=False),  # "" for all courses of the site
    Column("due_at", Moment, nullable=False),
    Column("state", String(16), nullable=False),  # waiting, running, done, covered (by a later one), failed
    Column("asked_at", Moment, nullable=False),  # when it was put here, or gave way to others
    Column("missed", Integer, nullable=False),  # due times before it that passed while nothing ran
    Column(
        "starts", Integer, nullable=False
    ),  # how often it was begun: the number of the attempt that holds it
    Column("restarts", Integer, nullable=False),  # how often whoever held it was lost
    Column("failures", Integer, nullable=False),
    Column("not_before", Moment),  # after a failure
    Column("owner", String(200)),
    Column("lease_until", Moment),  # whoever holds it renews this; passed, it is taken over
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("covered_by", BigInteger),
    Column("error", String(100)),
    Column("summary", JSON),
    UniqueConstraint("site", "job", "course", "due_at"),
    Index(None, "state", "site"),
)

job_state = Table(  # whether a job works, and since when not; changes of it are told
    "job_state",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("job", String(32), primary_key=True),
    Column("course", String(100), primary_key=True),
    Column("failures", Integer, nullable=False),  # in a row
    Column("failing_since", Moment),
    Column("told", Boolean, nullable=False),  # that it fails
    Column("error", String(100)),
    Column("reason", Text),
    Column("done_at", Moment),  # when it last went well
    Column("done_due_at", Moment),  # the latest due time that went well
)

notice = Table(  # a change of state that somebody is to be told of, by each way
    "notice",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("site", String(64), nullable=False),
    Column("job", String(32), nullable=False),
    Column("course", String(100), nullable=False),
    Column("kind", String(16), nullable=False),  # failure, recovery
    Column("at", Moment, nullable=False),
    Column("since", Moment, nullable=False),
    Column("error", String(100)),
    Column("reason", Text),
    Column("way", String(16), nullable=False),  # email, webhook
    Column("state", String(16), nullable=False),  # waiting, sent, given-up
    Column("tries", Integer, nullable=False),
    Column("not_before", Moment),
    Index(None, "state"),
)
