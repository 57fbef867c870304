"""Versions of tasks, keys of repeatable requests, tokens signed out, failed sign-ins."""

import sqlalchemy as sa
from alembic import op

from app.settings import SCHEMA

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def _expiring(table: str, column: str, *columns: sa.schema.SchemaItem) -> None:
    """A table whose rows lose their meaning at `column`; the index is for clearing them away."""
    op.create_table(table, *columns, sa.Column(column, TIME, nullable=False), schema=SCHEMA)
    op.create_index(op.f(f"ix_{SCHEMA}_{table}_{column}"), table, [column], schema=SCHEMA)


def upgrade() -> None:
    """Apply."""
    # The default stays: during a rolling update the version before this one still adds tasks.
    op.add_column("tasks", sa.Column("version", sa.Integer, nullable=False, server_default="1"), schema=SCHEMA)
    _expiring(
        "idempotency_keys",
        "expires_at",
        sa.Column("user_id", sa.BigInteger, sa.ForeignKey(f"{SCHEMA}.users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "key"),
    )
    _expiring("revoked_tokens", "expires_at", sa.Column("token_id", sa.String(64), primary_key=True))
    _expiring(
        "sign_in_failures",
        "expires_at",
        sa.Column("subject", sa.String(64), primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Undo."""
    for table in ("sign_in_failures", "revoked_tokens", "idempotency_keys"):
        op.drop_table(table, schema=SCHEMA)
    op.drop_column("tasks", "version", schema=SCHEMA)
