"""What is said with a submit beside the snapshot: how often runs are saved, and who is told."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("runs", "sweeps"):
        op.add_column(
            table,
            sa.Column("checkpoint_after_ms", sa.Integer(), nullable=False, server_default="0"),
        )
    op.add_column("sweeps", sa.Column("notify", sa.Boolean(), nullable=True))
