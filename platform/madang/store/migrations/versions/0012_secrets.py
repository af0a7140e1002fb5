"""Secrets of projects, and the names that runs and sweeps ask for."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "secrets",
        sa.Column("project", sa.String(48), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("set_by", sa.String(48), nullable=False),
        sa.Column("set_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name="fk_secrets_project"),
        sa.ForeignKeyConstraint(["set_by"], ["people.id"], name="fk_secrets_set_by"),
        sa.PrimaryKeyConstraint("project", "name", name="pk_secrets"),
    )
    for table in ("runs", "sweeps"):
        op.add_column(table, sa.Column("secrets", sa.String(), nullable=False, server_default="[]"))
