"""What a run or sweep waits for before a slot is asked for it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("runs", "sweeps"):
        op.add_column(table, sa.Column("after", sa.String(), nullable=False, server_default="[]"))
        op.add_column(
            table, sa.Column("is_held", sa.Boolean, nullable=False, server_default=sa.false())
        )
