"""When the output of a run was deleted, and stored bytes that no row names any more."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "runs",
        sa.Column("output_deleted_ms", sa.BigInteger, nullable=True, autoincrement=False),
    )
    op.add_column(
        "runs",
        sa.Column(
            "output_kept_days", sa.Integer, nullable=False, server_default="0", autoincrement=False
        ),
    )
    op.create_table(
        "doomed",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_doomed"),
    )
