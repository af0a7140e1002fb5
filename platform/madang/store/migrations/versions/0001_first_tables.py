"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SEGMENT = sa.text("lease <> '' AND kind IN ('charge', 'overhead', 'refund')")
NOTEBOOK = sa.text("kind = 'notebook' AND state <> 'ended'")


def _big(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=null, autoincrement=False)


def _int(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, autoincrement=False)


def _text(name: str, length: int | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text if length is None else sa.String(length), nullable=False)


def upgrade() -> None:
    _people_and_projects()
    _money()
    _leases()
    _ledger()
    _runs()
    _access()
    _records()


def _people_and_projects() -> None:
    op.create_table(
        "people",
        _text("id", 48),
        _text("hub_name"),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        _big("created_ms"),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("hub_name", name="uq_people_hub_name"),
    )
    op.create_table(
        "projects",
        _text("id", 48),
        _text("name", 128),
        _text("title"),
        _text("tier", 64),
        _int("weight"),
        sa.Column("quota", sa.JSON(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
        sa.UniqueConstraint("name", name="uq_projects_name"),
    )
    op.create_table(
        "members",
        _text("project", 48),
        _text("person", 48),
        _text("role", 24),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_members_person"),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name="fk_members_project"),
        sa.PrimaryKeyConstraint("project", "person", name="pk_members"),
    )
    op.create_index("ix_members_person", "members", ["person"])


def _money() -> None:
    op.create_table(
        "grants",
        _text("id", 48),
        _text("project", 48),
        _big("amount_microcredits"),
        _big("from_ms"),
        _big("until_ms"),
        _text("note"),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name="fk_grants_project"),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
    )
    op.create_index("ix_grants_project", "grants", ["project"])
    op.create_table(
        "budgets",
        _text("project", 48),
        _big("granted"),
        _big("reserved"),
        _big("used"),
        sa.CheckConstraint("granted >= 0", name=op.f("ck_budgets_granted_not_negative")),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_budgets_reserved_not_negative")),
        sa.CheckConstraint("used >= 0", name=op.f("ck_budgets_used_not_negative")),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name="fk_budgets_project"),
        sa.PrimaryKeyConstraint("project", name="pk_budgets"),
    )
    op.create_table(
        "reservations",
        _text("lease", 48),
        _int("attempt"),
        _text("project", 48),
        _big("microcredits"),
        _big("until_ms"),
        sa.CheckConstraint(
            "microcredits >= 0", name=op.f("ck_reservations_microcredits_not_negative")
        ),
        sa.ForeignKeyConstraint(["project"], ["budgets.project"], name="fk_reservations_project"),
        sa.PrimaryKeyConstraint("lease", "attempt", name="pk_reservations"),
    )
    op.create_index("ix_reservations_project", "reservations", ["project"])


def _leases() -> None:
    op.create_table(
        "leases",
        _text("id", 48),
        _text("person", 48),
        _text("project", 48),
        _text("kind", 24),
        _text("lease_class", 24),
        _text("flavor", 64),
        _int("devices"),
        _big("limit_ms"),
        _big("submitted_ms"),
        _text("name"),
        _text("state", 24),
        _text("target", 24),
        sa.Column("reason", sa.String(24), nullable=True),
        _int("attempt"),
        _big("admitted_ms", null=True),
        _big("started_ms", null=True),
        _big("ended_ms", null=True),
        _big("charged_to_ms", null=True),
        _big("claim_by_ms", null=True),
        _big("claimed_ms", null=True),
        _int("turns_missed"),
        sa.Column("held_back", sa.Boolean(), nullable=False),
        _big("rate_microcredits"),
        sa.Column("device_ids", sa.String(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.CheckConstraint("devices >= 0", name=op.f("ck_leases_devices_not_negative")),
        sa.CheckConstraint("limit_ms >= 0", name=op.f("ck_leases_limit_ms_not_negative")),
        sa.CheckConstraint(
            "rate_microcredits >= 0", name=op.f("ck_leases_rate_microcredits_not_negative")
        ),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_leases_person"),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name="fk_leases_project"),
        sa.PrimaryKeyConstraint("id", name="pk_leases"),
    )
    op.create_index("ix_leases_person_submitted_ms", "leases", ["person", "submitted_ms"])
    op.create_index("ix_leases_project_submitted_ms", "leases", ["project", "submitted_ms"])
    op.create_index("ix_leases_state_submitted_ms", "leases", ["state", "submitted_ms"])
    op.create_index(
        "uq_leases_unfinished_notebook",
        "leases",
        ["person", "name"],
        unique=True,
        sqlite_where=NOTEBOOK,
        postgresql_where=NOTEBOOK,
    )
    op.create_table(
        "attempts",
        _text("lease", 48),
        _int("n"),
        _big("admitted_ms"),
        sa.Column("device_ids", sa.String(), nullable=False),
        _big("rate_microcredits"),
        _big("started_ms", null=True),
        _big("ended_ms", null=True),
        _text("reason"),
        sa.ForeignKeyConstraint(["lease"], ["leases.id"], name="fk_attempts_lease"),
        sa.PrimaryKeyConstraint("lease", "n", name="pk_attempts"),
    )
    op.create_table(
        "clusters",
        _text("id", 48),
        _text("lease", 48),
        _text("person", 48),
        _text("project", 48),
        _text("name"),
        _int("workers"),
        _int("gpus_per_worker"),
        _int("threads_per_worker"),
        _big("created_ms"),
        sa.ForeignKeyConstraint(["lease"], ["leases.id"], name="fk_clusters_lease"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_clusters_person"),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name="fk_clusters_project"),
        sa.PrimaryKeyConstraint("id", name="pk_clusters"),
        sa.UniqueConstraint("lease", name="uq_clusters_lease"),
    )
    op.create_index("ix_clusters_person", "clusters", ["person"])
    op.create_index("ix_clusters_project", "clusters", ["project"])


def _ledger() -> None:
    op.create_table(
        "entries",
        _big("seq"),
        _text("kind", 24),
        _text("project", 48),
        _text("person", 48),
        _big("at_ms"),
        _text("lease", 48),
        _text("lease_kind", 24),
        _int("attempt"),
        _int("segment"),
        _text("flavor", 64),
        _int("devices"),
        _big("from_ms"),
        _big("to_ms"),
        _big("device_ms"),
        _big("used_device_ms"),
        _big("rate_microcredits"),
        _big("amount_microcredits"),
        _text("ref", 128),
        _text("prev_hash", 64),
        _text("hash", 64),
        sa.PrimaryKeyConstraint("seq", name="pk_entries"),
    )
    op.create_index("ix_entries_lease_attempt", "entries", ["lease", "attempt"])
    op.create_index("ix_entries_project_seq", "entries", ["project", "seq"])
    op.create_index(
        "uq_entries_segment",
        "entries",
        ["lease", "attempt", "segment", "kind"],
        unique=True,
        sqlite_where=SEGMENT,
        postgresql_where=SEGMENT,
    )
    op.create_table(
        "ledger_head",
        _int("id"),
        _big("seq"),
        _text("hash", 64),
        sa.CheckConstraint("id = 1", name=op.f("ck_ledger_head_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_head"),
    )
    # The chain starts from a head row, so that appending is always an UPDATE of one row.
    head = sa.table("ledger_head", sa.column("id"), sa.column("seq"), sa.column("hash"))
    op.bulk_insert(head, [{"id": 1, "seq": 0, "hash": "0" * 64}])


def _runs() -> None:
    op.create_table(
        "runs",
        _text("id", 48),
        _text("person", 48),
        _text("project", 48),
        _text("name"),
        _text("notebook_sha256", 64),
        sa.Column("parameters", sa.JSON(), nullable=False),
        _text("flavor", 64),
        _int("devices"),
        _big("limit_ms"),
        _big("submitted_ms"),
        _text("state", 24),
        _text("lease", 48),
        _int("attempt"),
        _big("started_ms", null=True),
        _big("ended_ms", null=True),
        _int("cells_done"),
        _int("cells_total"),
        _text("output_sha256", 64),
        _text("reason"),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_runs_person"),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name="fk_runs_project"),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_lease", "runs", ["lease"])
    op.create_index("ix_runs_project_submitted_ms", "runs", ["project", "submitted_ms"])
    op.create_index(
        "ix_runs_state_person_project_submitted_ms",
        "runs",
        ["state", "person", "project", "submitted_ms"],
    )


def _access() -> None:
    op.create_table(
        "keys",
        _text("person", 48),
        _text("key", 256),
        _text("fingerprint", 128),
        _text("result_id", 64),
        _big("at_ms"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_keys_person"),
        sa.PrimaryKeyConstraint("person", "key", name="pk_keys"),
    )
    op.create_index("ix_keys_at_ms", "keys", ["at_ms"])
    op.create_table(
        "tokens",
        _text("sha256", 64),
        _text("kind", 24),
        _text("person", 48),
        _text("project", 48),
        _text("lease", 48),
        _text("run", 48),
        _big("expires_ms"),
        sa.PrimaryKeyConstraint("sha256", name="pk_tokens"),
    )
    op.create_index("ix_tokens_lease", "tokens", ["lease"])
    op.create_index("ix_tokens_run", "tokens", ["run"])
    op.create_table(
        "sessions",
        _text("id_sha256", 64),
        _text("person", 48),
        sa.Column("hub_token_sealed", sa.LargeBinary(), nullable=False),
        _text("hub_session_id"),
        _text("csrf", 128),
        _big("created_ms"),
        _big("seen_ms"),
        _big("expires_ms"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_sessions_person"),
        sa.PrimaryKeyConstraint("id_sha256", name="pk_sessions"),
    )
    op.create_index("ix_sessions_expires_ms", "sessions", ["expires_ms"])


def _records() -> None:
    op.create_table(
        "audit",
        _text("id", 48),
        _big("at_ms"),
        _text("person", 48),
        _text("act", 64),
        _text("target", 128),
        _text("reason"),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_target", "audit", ["target"])
    op.create_table(
        "meta",
        _text("key", 128),
        sa.Column("value", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )
