"""Notices and how people want to be told."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _big(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=null, autoincrement=False)


def _text(name: str, length: int | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text if length is None else sa.String(length), nullable=False)


def upgrade() -> None:
    op.create_table(
        "notices",
        _text("id", 48),
        _text("person", 48),
        _text("kind", 24),
        _text("channel", 24),
        _text("dedupe", 200),
        _big("at_ms"),
        _big("until_ms"),
        _big("due_ms"),
        sa.Column("data", sa.JSON(), nullable=False),
        _text("state", 24),
        sa.Column("tries", sa.Integer, nullable=False, autoincrement=False),
        _big("sent_ms", null=True),
        _text("problem", 64),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_notices_person"),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint("person", "channel", "dedupe", name="uq_notices_person_channel_dedupe"),
    )
    op.create_index("ix_notices_state_channel_due_ms", "notices", ["state", "channel", "due_ms"])
    op.create_index("ix_notices_person_at_ms", "notices", ["person", "at_ms"])
    op.create_table(
        "notice_settings",
        _text("person", 48),
        _text("mail", 320),
        _text("webhook_url"),
        sa.Column("webhook_secret_sealed", sa.LargeBinary, nullable=False),
        _text("lang", 8),
        sa.Column("kinds", sa.String, nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_notice_settings_person"),
        sa.PrimaryKeyConstraint("person", name="pk_notice_settings"),
    )
