"""How the kernel of a run came to be, and what it inherited."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "runs", sa.Column("fresh_reason", sa.String(200), nullable=False, server_default="")
    )
    op.add_column("runs", sa.Column("warm", sa.String(32), nullable=False, server_default=""))
    op.add_column(
        "runs",
        sa.Column(
            "shared_ms", sa.BigInteger, nullable=False, server_default="0", autoincrement=False
        ),
    )
