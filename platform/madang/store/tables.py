"""The tables, as SQLAlchemy Core metadata; migrations make them, a test compares the two.

Times are UTC milliseconds and money is micro-credits, all in BIGINT. The ledger's tables have no
foreign keys: an entry outlives the people and projects that it names by pseudonymous id.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from madang.domain.environment import BuildState, EnvironmentKind
from madang.domain.lease import EndReason, LeaseClass, LeaseKind, LeaseState, Target
from madang.domain.notice import Channel, NoticeKind, NoticeState
from madang.domain.project import Role
from madang.domain.run import RunState
from madang.ledger.entry import EntryKind
from madang.store.columns import ID_LENGTH, JSON_DATA, EnumText, TextTuple

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

SEGMENT_IS_UNIQUE = text("lease <> '' AND kind IN ('charge', 'overhead', 'refund')")
NOTEBOOK_IS_UNFINISHED = text("kind = 'notebook' AND state <> 'ended'")
ENVIRONMENT_IS_THERE = text("deleted_ms IS NULL")


def _id(name: str = "id", *more: ForeignKey, key: bool = False) -> Column[str]:
    return Column(name, String(ID_LENGTH), *more, primary_key=key, nullable=False)


def _count(name: str, *, key: bool = False) -> Column[int]:
    return Column(name, Integer, primary_key=key, nullable=False, autoincrement=False)


def _big(name: str, *, null: bool = False, key: bool = False) -> Column[int]:
    return Column(name, BigInteger, primary_key=key, nullable=null, autoincrement=False)


def _text(name: str, length: int | None = None) -> Column[str]:
    return Column(name, Text if length is None else String(length), nullable=False)


def _later_text(name: str, length: int = ID_LENGTH) -> Column[str]:
    """Return a column that came later than the first rows: the database has its default too."""
    return Column(name, String(length), nullable=False, server_default="")


def _later_count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, autoincrement=False, server_default="0")


def _later_names(name: str) -> Column[Any]:
    return Column(name, TextTuple, nullable=False, server_default="[]")


def _later_after() -> list[Column[Any]]:
    return [
        Column("after", TextTuple, nullable=False, server_default="[]"),
        Column("is_held", Boolean, nullable=False, server_default=false()),
    ]


def _not_negative(*names: str) -> list[CheckConstraint]:
    return [CheckConstraint(f"{name} >= 0", name=f"{name}_not_negative") for name in names]


people = Table(
    "people",
    metadata,
    _id(key=True),
    Column("hub_name", Text, nullable=False, unique=True),
    Column("is_admin", Boolean, nullable=False),
    _big("created_ms"),
)

projects = Table(
    "projects",
    metadata,
    _id(key=True),
    Column("name", String(128), nullable=False, unique=True),
    _text("title"),
    _text("tier", 64),
    _count("weight"),
    Column("quota", JSON_DATA, nullable=False),
    Column("is_open", Boolean, nullable=False),
)

members = Table(
    "members",
    metadata,
    _id("project", ForeignKey("projects.id"), key=True),
    _id("person", ForeignKey("people.id"), key=True),
    Column("role", EnumText(Role), nullable=False),
    Index(None, "person"),
)

grants = Table(
    "grants",
    metadata,
    _id(key=True),
    _id("project", ForeignKey("projects.id")),
    _big("amount_microcredits"),
    _big("from_ms"),
    _big("until_ms"),
    _text("note"),
    Index(None, "project"),
)

budgets = Table(
    "budgets",
    metadata,
    _id("project", ForeignKey("projects.id"), key=True),
    _big("granted"),
    _big("reserved"),
    _big("used"),
    *_not_negative("granted", "reserved", "used"),
)

reservations = Table(
    "reservations",
    metadata,
    _id("lease", key=True),
    _count("attempt", key=True),
    _id("project", ForeignKey("budgets.project")),
    _big("microcredits"),
    _big("until_ms"),
    *_not_negative("microcredits"),
    Index(None, "project"),
)

leases = Table(
    "leases",
    metadata,
    _id(key=True),
    _id("person", ForeignKey("people.id")),
    _id("project", ForeignKey("projects.id")),
    Column("kind", EnumText(LeaseKind), nullable=False),
    Column("lease_class", EnumText(LeaseClass), nullable=False),
    _text("flavor", 64),
    _count("devices"),
    _big("limit_ms"),
    _big("submitted_ms"),
    _text("name"),
    Column("state", EnumText(LeaseState), nullable=False),
    Column("target", EnumText(Target), nullable=False),
    Column("reason", EnumText(EndReason), nullable=True),
    _count("attempt"),
    _big("admitted_ms", null=True),
    _big("started_ms", null=True),
    _big("ended_ms", null=True),
    _big("charged_to_ms", null=True),
    _big("claim_by_ms", null=True),
    _big("claimed_ms", null=True),
    _count("turns_missed"),
    Column("held_back", Boolean, nullable=False),
    _big("rate_microcredits"),
    Column("device_ids", TextTuple, nullable=False),
    Column("options", JSON_DATA, nullable=False),
    *_not_negative("devices", "limit_ms", "rate_microcredits"),
    Index(None, "state", "submitted_ms"),
    Index(None, "project", "submitted_ms"),
    Index(None, "person", "submitted_ms"),
    Index(
        "uq_leases_unfinished_notebook",
        "person",
        "name",
        unique=True,
        sqlite_where=NOTEBOOK_IS_UNFINISHED,
        postgresql_where=NOTEBOOK_IS_UNFINISHED,
    ),
)

attempts = Table(
    "attempts",
    metadata,
    _id("lease", ForeignKey("leases.id"), key=True),
    _count("n", key=True),
    _big("admitted_ms"),
    Column("device_ids", TextTuple, nullable=False),
    _big("rate_microcredits"),
    _big("started_ms", null=True),
    _big("ended_ms", null=True),
    _text("reason"),
)

entries = Table(
    "entries",
    metadata,
    _big("seq", key=True),
    Column("kind", EnumText(EntryKind), nullable=False),
    _id("project"),
    _id("person"),
    _big("at_ms"),
    _id("lease"),
    _text("lease_kind", 24),
    _count("attempt"),
    _count("segment"),
    _text("flavor", 64),
    _count("devices"),
    _big("from_ms"),
    _big("to_ms"),
    _big("device_ms"),
    _big("used_device_ms"),
    _big("rate_microcredits"),
    _big("amount_microcredits"),
    _text("ref", 128),
    _text("prev_hash", 64),
    _text("hash", 64),
    Index(None, "project", "seq"),
    Index(None, "lease", "attempt"),
    Index(
        "uq_entries_segment",
        "lease",
        "attempt",
        "segment",
        "kind",
        unique=True,
        sqlite_where=SEGMENT_IS_UNIQUE,
        postgresql_where=SEGMENT_IS_UNIQUE,
    ),
)

ledger_head = Table(
    "ledger_head",
    metadata,
    _count("id", key=True),
    _big("seq"),
    _text("hash", 64),
    CheckConstraint("id = 1", name="one_row"),
)

runs = Table(
    "runs",
    metadata,
    _id(key=True),
    _id("person", ForeignKey("people.id")),
    _id("project", ForeignKey("projects.id")),
    _text("name"),
    _text("notebook_sha256", 64),
    Column("parameters", JSON_DATA, nullable=False),
    _text("flavor", 64),
    _count("devices"),
    _big("limit_ms"),
    _big("submitted_ms"),
    Column("state", EnumText(RunState), nullable=False),
    _id("lease"),
    _count("attempt"),
    _big("started_ms", null=True),
    _big("ended_ms", null=True),
    _count("cells_done"),
    _count("cells_total"),
    _text("output_sha256", 64),
    _text("reason"),
    Column("error", JSON_DATA, nullable=True),
    Column("files", JSON_DATA, nullable=False),
    # With a default in the database too: the columns came later than the first rows.
    Column("environment", String(ID_LENGTH), nullable=False, server_default=""),
    Column(
        "environment_revision",
        Integer,
        nullable=False,
        autoincrement=False,
        server_default="0",
    ),
    Column("sweep", String(ID_LENGTH), nullable=False, server_default=""),
    Column("position", Integer, nullable=False, autoincrement=False, server_default="0"),
    Column("is_superseded", Boolean, nullable=False, server_default=false()),
    Column("fresh_reason", String(200), nullable=False, server_default=""),
    Column("warm", String(32), nullable=False, server_default=""),
    Column("shared_ms", BigInteger, nullable=False, autoincrement=False, server_default="0"),
    _later_text("origin"),
    _later_count("priority"),
    _later_text("fingerprint", 64),
    _later_text("reused_from"),
    *_later_after(),
    Column("continues", String(ID_LENGTH), nullable=False, server_default=""),
    Column("resumed_after", Integer, nullable=False, autoincrement=False, server_default="0"),
    Column("kept_cell", Integer, nullable=False, autoincrement=False, server_default="0"),
    _big("output_deleted_ms", null=True),
    Column("output_kept_days", Integer, nullable=False, autoincrement=False, server_default="0"),
    Column("recorded", JSON_DATA, nullable=False, server_default="{}"),
    _later_names("secrets"),
    _later_count("lane"),
    Column("lanes", Integer, nullable=False, autoincrement=False, server_default="1"),
    _later_count("checkpoint_after_ms"),
    Index(None, "state", "person", "project", "submitted_ms"),
    Index(None, "project", "submitted_ms"),
    Index(None, "lease"),
    # Whatever is asked of a sweep, or of the runs that belong to none, starts here.
    Index("ix_runs_sweep", "sweep", "is_superseded", "state", "position"),
    Index(None, "fingerprint"),
)

# Stored bytes that a row named and names no more; they go once no other row needs them.
doomed = Table(
    "doomed",
    metadata,
    Column("sha256", String(64), primary_key=True, nullable=False),
    _big("since_ms"),
)

sweeps = Table(
    "sweeps",
    metadata,
    _id(key=True),
    _id("person", ForeignKey("people.id")),
    _id("project", ForeignKey("projects.id")),
    _text("name"),
    _text("notebook_sha256", 64),
    _text("flavor", 64),
    _count("devices"),
    _big("limit_ms"),
    _count("max_parallel"),
    _big("submitted_ms"),
    Column("is_paused", Boolean, nullable=False),
    _big("ended_ms", null=True),
    Column("files", JSON_DATA, nullable=False),
    _text("environment", ID_LENGTH),
    Column("summary", JSON_DATA, nullable=True),
    _later_text("origin"),
    _later_count("priority"),
    _later_count("reused"),
    *_later_after(),
    _later_names("secrets"),
    Column("runs_per_device", Integer, nullable=False, autoincrement=False, server_default="1"),
    _later_count("checkpoint_after_ms"),
    Column("notify", Boolean, nullable=True),
    Index(None, "ended_ms"),
    Index(None, "person", "submitted_ms"),
    Index(None, "project", "submitted_ms"),
)

schedules = Table(
    "schedules",
    metadata,
    _id(key=True),
    _id("person", ForeignKey("people.id")),
    _id("project", ForeignKey("projects.id")),
    _text("name"),
    _text("cron"),
    _text("zone", 64),
    _text("notebook_sha256", 64),
    _text("request_sha256", 64),
    Column("is_sweep", Boolean, nullable=False),
    Column("is_overlapping", Boolean, nullable=False),
    _big("submitted_ms"),
    _big("next_ms", null=True),
    Column("files", JSON_DATA, nullable=False),
    _text("paused_for", 24),
    _count("failures"),
    _big("last_ms", null=True),
    _text("last_id", ID_LENGTH),
    _text("last_problem", 64),
    Column("was_late", Boolean, nullable=False),
    Index(None, "paused_for", "next_ms"),
    Index(None, "person", "submitted_ms"),
    Index(None, "project", "submitted_ms"),
)

clusters = Table(
    "clusters",
    metadata,
    _id(key=True),
    Column("lease", String(ID_LENGTH), ForeignKey("leases.id"), nullable=False, unique=True),
    _id("person", ForeignKey("people.id")),
    _id("project", ForeignKey("projects.id")),
    _text("name"),
    _count("workers"),
    _count("gpus_per_worker"),
    _count("threads_per_worker"),
    _big("created_ms"),
    Index(None, "person"),
    Index(None, "project"),
)

environments = Table(
    "environments",
    metadata,
    _id(key=True),
    _id("project", ForeignKey("projects.id")),
    _text("name", 64),
    _text("title"),
    Column("kind", EnumText(EnvironmentKind), nullable=False),
    _id("person", ForeignKey("people.id")),
    _big("created_ms"),
    _big("deleted_ms", null=True),
    Index(
        "uq_environments_name",
        "project",
        "name",
        unique=True,
        sqlite_where=ENVIRONMENT_IS_THERE,
        postgresql_where=ENVIRONMENT_IS_THERE,
    ),
)

revisions = Table(
    "revisions",
    metadata,
    _id("environment", ForeignKey("environments.id"), key=True),
    _count("n", key=True),
    _text("spec"),
    _text("python", 16),
    _id("person", ForeignKey("people.id")),
    _id("run"),
    _big("asked_ms"),
    Column("state", EnumText(BuildState), nullable=False),
    _big("ended_ms", null=True),
    _big("superseded_ms", null=True),
    _big("size_bytes"),
    _count("packages"),
    _text("report_sha256", 64),
    _text("reason", 64),
    Column("versions", JSON_DATA, nullable=False),
    Index(None, "state"),
    Index(None, "run"),
)

# What was removed stays without its bytes, so that a name never has the same version twice.
secrets = Table(
    "secrets",
    metadata,
    _id("project", ForeignKey("projects.id"), key=True),
    Column("name", String(64), primary_key=True, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    _count("version"),
    _id("set_by", ForeignKey("people.id")),
    _big("set_at_ms"),
)

keys = Table(
    "keys",
    metadata,
    _id("person", ForeignKey("people.id"), key=True),
    Column("key", String(256), primary_key=True, nullable=False),
    _text("fingerprint", 128),
    _text("result_id", 64),
    _big("at_ms"),
    Index(None, "at_ms"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("sha256", String(64), primary_key=True, nullable=False),
    _text("kind", 24),
    _id("person"),
    _id("project"),
    _id("lease"),
    _id("run"),
    _big("expires_ms"),
    Index(None, "lease"),
    Index(None, "run"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id_sha256", String(64), primary_key=True, nullable=False),
    _id("person", ForeignKey("people.id")),
    Column("hub_token_sealed", LargeBinary, nullable=False),
    _text("hub_session_id"),
    _text("csrf", 128),
    _big("created_ms"),
    _big("seen_ms"),
    _big("expires_ms"),
    Index(None, "expires_ms"),
)

notices = Table(
    "notices",
    metadata,
    _id(key=True),
    _id("person", ForeignKey("people.id")),
    Column("kind", EnumText(NoticeKind), nullable=False),
    Column("channel", EnumText(Channel), nullable=False),
    _text("dedupe", 200),
    _big("at_ms"),
    _big("until_ms"),
    _big("due_ms"),
    Column("data", JSON_DATA, nullable=False),
    Column("state", EnumText(NoticeState), nullable=False),
    _count("tries"),
    _big("sent_ms", null=True),
    _text("problem", 64),
    UniqueConstraint("person", "channel", "dedupe"),
    Index(None, "state", "channel", "due_ms"),
    Index(None, "person", "at_ms"),
)

notice_settings = Table(
    "notice_settings",
    metadata,
    _id("person", ForeignKey("people.id"), key=True),
    _text("mail", 320),
    _text("webhook_url"),
    Column("webhook_secret_sealed", LargeBinary, nullable=False),
    _text("lang", 8),
    Column("kinds", TextTuple(), nullable=False),
)

audit = Table(
    "audit",
    metadata,
    _id(key=True),
    _big("at_ms"),
    _id("person"),
    _text("act", 64),
    _text("target", 128),
    _text("reason"),
    Column("details", JSON_DATA, nullable=False),
    Index(None, "target"),
)

meta = Table(
    "meta",
    metadata,
    Column("key", String(128), primary_key=True, nullable=False),
    Column("value", JSON_DATA, nullable=True),
)

past_use = Table(
    "past_use",
    metadata,
    _id("project", key=True),
    Column("device_ms", Double, nullable=False),
    _big("at_ms"),
)

leadership = Table(
    "leadership",
    metadata,
    _count("id", key=True),
    _big("term"),
    _text("replica", 128),
    _text("address", 262),
    _big("until_ms"),
    CheckConstraint("id = 1", name="one_row"),
)

device_marks = Table(
    "device_marks",
    metadata,
    Column("device", String(128), primary_key=True, nullable=False),
    _text("reason"),
    _id("person", ForeignKey("people.id")),
    _big("at_ms"),
)
