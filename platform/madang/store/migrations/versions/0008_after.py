"""What a run or sweep waits for before a slot is asked for it, and schedules."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _text(name: str, length: int | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text if length is None else sa.String(length), nullable=False)


def _big(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=null, autoincrement=False)


def upgrade() -> None:
    for table in ("runs", "sweeps"):
        op.add_column(table, sa.Column("after", sa.String(), nullable=False, server_default="[]"))
        op.add_column(
            table, sa.Column("is_held", sa.Boolean, nullable=False, server_default=sa.false())
        )
    op.create_table(
        "schedules",
        _text("id", 48),
        _text("person", 48),
        _text("project", 48),
        _text("name"),
        _text("cron"),
        _text("zone", 64),
        _text("notebook_sha256", 64),
        _text("request_sha256", 64),
        sa.Column("is_sweep", sa.Boolean, nullable=False),
        sa.Column("is_overlapping", sa.Boolean, nullable=False),
        _big("submitted_ms"),
        _big("next_ms", null=True),
        sa.Column("files", sa.JSON(), nullable=False),
        _text("paused_for", 24),
        sa.Column("failures", sa.Integer, nullable=False, autoincrement=False),
        _big("last_ms", null=True),
        _text("last_id", 48),
        _text("last_problem", 64),
        sa.Column("was_late", sa.Boolean, nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_schedules_person"),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name="fk_schedules_project"),
        sa.PrimaryKeyConstraint("id", name="pk_schedules"),
    )
    for columns in (
        ["paused_for", "next_ms"],
        ["person", "submitted_ms"],
        ["project", "submitted_ms"],
    ):
        op.create_index(f"ix_schedules_{'_'.join(columns)}", "schedules", columns)
