"""Which run a retried one continues, and after which cell it went on."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("continues", sa.String(48), nullable=False, server_default=""))
    for name in ("resumed_after", "kept_cell"):
        column = sa.Column(
            name, sa.Integer, nullable=False, server_default="0", autoincrement=False
        )
        op.add_column("runs", column)
