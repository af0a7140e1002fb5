"""Environments, their builds, and the environment that a run executes with."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
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
        "environments",
        _text("id", 48),
        _text("project", 48),
        _text("name", 64),
        _text("title"),
        _text("kind", 24),
        _text("person", 48),
        _big("created_ms"),
        _big("deleted_ms", null=True),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name="fk_environments_project"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_environments_person"),
        sa.PrimaryKeyConstraint("id", name="pk_environments"),
    )
    op.create_index(
        "uq_environments_name",
        "environments",
        ["project", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_ms IS NULL"),
        postgresql_where=sa.text("deleted_ms IS NULL"),
    )
    op.create_table(
        "revisions",
        _text("environment", 48),
        _count("n"),
        _text("spec"),
        _text("python", 16),
        _text("person", 48),
        _text("run", 48),
        _big("asked_ms"),
        _text("state", 24),
        _big("ended_ms", null=True),
        _big("superseded_ms", null=True),
        _big("size_bytes"),
        _count("packages"),
        _text("report_sha256", 64),
        _text("reason", 64),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment"], ["environments.id"], name="fk_revisions_environment"
        ),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_revisions_person"),
        sa.PrimaryKeyConstraint("environment", "n", name="pk_revisions"),
    )
    op.create_index("ix_revisions_state", "revisions", ["state"])
    op.create_index("ix_revisions_run", "revisions", ["run"])
    op.add_column(
        "runs", sa.Column("environment", sa.String(48), nullable=False, server_default="")
    )
    op.add_column(
        "runs",
        sa.Column(
            "environment_revision",
            sa.Integer,
            nullable=False,
            server_default="0",
            autoincrement=False,
        ),
    )
