"""Users, their tasks, and the counter that numbers the tasks."""

import sqlalchemy as sa
from alembic import op

from app.settings import SCHEMA

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def _owner() -> sa.Column:
    return sa.Column("user_id", sa.BigInteger, sa.ForeignKey(f"{SCHEMA}.users.id", ondelete="CASCADE"), nullable=False)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.UniqueConstraint("email", name="users_email_key"),
        schema=SCHEMA,
    )
    op.create_table(
        "task_counters",
        _owner(),
        sa.Column("last_id", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
        schema=SCHEMA,
    )
    op.create_table(
        "tasks",
        _owner(),
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("description", sa.String(1000), nullable=False),
        sa.Column("due_date", sa.Date),
        sa.Column("completed", sa.Boolean, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id"),
        sa.CheckConstraint("id > 0", name="tasks_id_positive"),
        sa.CheckConstraint("title <> ''", name="tasks_title_not_empty"),
        schema=SCHEMA,
    )


def downgrade() -> None:
    """Undo."""
    for table in ("tasks", "task_counters", "users"):
        op.drop_table(table, schema=SCHEMA)
