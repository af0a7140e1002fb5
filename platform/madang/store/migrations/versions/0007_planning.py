"""What a run or sweep repeats, in which order slots take them, and results that are reused."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _text(name: str, length: int = 48) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False, server_default="")


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default="0", autoincrement=False)


def upgrade() -> None:
    for column in (
        _text("origin"),
        _count("priority"),
        _text("fingerprint", 64),
        _text("reused_from"),
    ):
        op.add_column("runs", column)
    op.create_index("ix_runs_fingerprint", "runs", ["fingerprint"])
    for column in (_text("origin"), _count("priority"), _count("reused")):
        op.add_column("sweeps", column)
