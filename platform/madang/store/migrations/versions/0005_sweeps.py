"""Sweeps, and the place of a run in one."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _big(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=null, autoincrement=False)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, autoincrement=False)


def _text(name: str, length: int | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text if length is None else sa.String(length), nullable=False)


def upgrade() -> None:
    op.create_table(
        "sweeps",
        _text("id", 48),
        _text("person", 48),
        _text("project", 48),
        _text("name"),
        _text("notebook_sha256", 64),
        _text("flavor", 64),
        _count("devices"),
        _big("limit_ms"),
        _count("max_parallel"),
        _big("submitted_ms"),
        sa.Column("is_paused", sa.Boolean, nullable=False),
        _big("ended_ms", null=True),
        sa.Column("files", sa.JSON(), nullable=False),
        _text("environment", 48),
        sa.Column("summary", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_sweeps_person"),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name="fk_sweeps_project"),
        sa.PrimaryKeyConstraint("id", name="pk_sweeps"),
    )
    op.create_index("ix_sweeps_ended_ms", "sweeps", ["ended_ms"])
    op.create_index("ix_sweeps_person_submitted_ms", "sweeps", ["person", "submitted_ms"])
    op.create_index("ix_sweeps_project_submitted_ms", "sweeps", ["project", "submitted_ms"])
    op.add_column("runs", sa.Column("sweep", sa.String(48), nullable=False, server_default=""))
    op.add_column(
        "runs",
        sa.Column("position", sa.Integer, nullable=False, server_default="0", autoincrement=False),
    )
    op.add_column(
        "runs", sa.Column("is_superseded", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.create_index("ix_runs_sweep", "runs", ["sweep", "is_superseded", "state", "position"])
