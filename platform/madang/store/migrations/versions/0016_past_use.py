"""What each project has used, as fair shares count it, kept up to date instead of summed anew."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "past_use",
        sa.Column("project", sa.String(48), nullable=False),
        sa.Column("device_ms", sa.Double(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project", name="pk_past_use"),
    )
