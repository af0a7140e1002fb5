"""Which of several replicas of the service leads."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "leadership",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("term", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("replica", sa.String(128), nullable=False),
        sa.Column("address", sa.String(262), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_leadership_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_leadership"),
    )
    # Terms start from a row, so that taking one is always an UPDATE of one row.
    row = sa.table(
        "leadership",
        *(sa.column(name) for name in ("id", "term", "replica", "address", "until_ms")),
    )
    op.execute(row.insert().values(id=1, term=0, replica="", address="", until_ms=0))
