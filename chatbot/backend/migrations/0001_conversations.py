"""Conversations and their messages."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.settings import SCHEMA

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("conversations_of_user", "conversations", ["user_id", "updated_at"], schema=SCHEMA)
    op.create_table(
        "messages",
        sa.Column("seq", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column(
            "conversation_id",
            sa.String(64),
            sa.ForeignKey(f"{SCHEMA}.conversations.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("tool_calls", JSONB, nullable=False),
        sa.Column("assistant", sa.String(200)),
        sa.Column("item", JSONB),
        sa.Column("created_at", TIME, nullable=False),
        sa.UniqueConstraint("id", name="messages_id_key"),
        schema=SCHEMA,
    )
    op.create_index("messages_of_conversation", "messages", ["conversation_id", "seq"], schema=SCHEMA)


def downgrade() -> None:
    """Undo."""
    for table in ("messages", "conversations"):
        op.drop_table(table, schema=SCHEMA)
