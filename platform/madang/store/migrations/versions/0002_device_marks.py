"""Devices that an administrator has taken out of the pool."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device_marks",
        sa.Column("device", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("person", sa.String(48), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False, autoincrement=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_device_marks_person"),
        sa.PrimaryKeyConstraint("device", name="pk_device_marks"),
    )
