"""Which schema do promises to ring back need? A table of them; and each call tells how its menu ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "callbacks",
        sa.Column("callback_id", sa.Text(), primary_key=True),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("number", "line", "queue", "lang", "recording_id")),
        sa.Column("done_at", TIME),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
    )
    op.create_index("ix_callbacks_call_id", "callbacks", ["call_id"])
    op.create_index("ix_callbacks_done_at", "callbacks", ["done_at"])
    op.add_column("calls", sa.Column("menu_outcome", sa.Text()))
