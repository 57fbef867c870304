"""Questions that answers asked, turns in order, requests that may be repeated, how much each person writes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.settings import SCHEMA

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def _expiring(table: str, *columns: sa.schema.SchemaItem) -> None:
    """A table whose rows lose their meaning at `expires_at`; the index is for clearing them away."""
    op.create_table(table, *columns, sa.Column("expires_at", TIME, nullable=False), schema=SCHEMA)
    op.create_index(op.f(f"ix_{SCHEMA}_{table}_expires_at"), table, ["expires_at"], schema=SCHEMA)


def upgrade() -> None:
    """Apply."""
    # The version before this one, which still runs during a rolling update, knows nothing of these and needs nothing:
    # what it writes asks no question.
    op.add_column("messages", sa.Column("question", JSONB), schema=SCHEMA)
    conversation = sa.ForeignKey(f"{SCHEMA}.conversations.id", ondelete="CASCADE")
    _expiring(
        "turns",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("conversation_id", sa.String(64), conversation, nullable=False),
    )
    op.create_index("turns_of_conversation", "turns", ["conversation_id", "id"], schema=SCHEMA)
    _expiring(
        "requests",
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("conversation_id", sa.String(64)),
        sa.Column("changing", sa.Boolean, nullable=False),
        sa.Column("answer", sa.Text),
        sa.Column("held_until", TIME, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "key"),
    )
    _expiring(
        "message_allowances",
        sa.Column("user_id", sa.BigInteger, primary_key=True),
        sa.Column("left", sa.Float, nullable=False),
        sa.Column("counted_at", TIME, nullable=False),
    )


def downgrade() -> None:
    """Undo."""
    for table in ("message_allowances", "requests", "turns"):
        op.drop_table(table, schema=SCHEMA)
    op.drop_column("messages", "question", schema=SCHEMA)
