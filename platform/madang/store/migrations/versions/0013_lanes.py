"""Several runs of a sweep at the same time in one slot."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "sweeps", sa.Column("runs_per_device", sa.Integer(), nullable=False, server_default="1")
    )
    op.add_column("runs", sa.Column("lane", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("runs", sa.Column("lanes", sa.Integer(), nullable=False, server_default="1"))
