"""The history: append-only events, their projections, and the accepted configurations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)

SQLITE_APPEND_ONLY = """
CREATE TRIGGER events_append_only_{verb} BEFORE {verb} ON events
BEGIN SELECT RAISE(ABORT, 'events is append-only'); END
"""

POSTGRESQL_APPEND_ONLY = (
    """
    CREATE FUNCTION events_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'events is append-only'; END $$
    """,
    """
    CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION events_append_only()
    """,
)


def upgrade() -> None:
    _events()
    _calls()
    _agents()
    op.create_table(
        "configurations",
        sa.Column("version", sa.Text(), primary_key=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("call_id", sa.Text()),
        sa.Column("agent_id", sa.Text()),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("config_version", sa.Text(), nullable=False),
        sa.UniqueConstraint("run_id", "seq", name="uq_events_run_id_seq"),
    )
    op.create_index("ix_events_call_id", "events", ["call_id"])
    op.create_index("ix_events_at", "events", ["at"])
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(SQLITE_APPEND_ONLY.format(verb=verb))
    else:
        for statement in POSTGRESQL_APPEND_ONLY:
            op.execute(statement)


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column("call_id", sa.Text(), primary_key=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("line", "number", "lang", "queue")),
        sa.Column("agent_id", sa.Text()),
        sa.Column("by_fallback", sa.Boolean(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("answered_at", TIME),
        sa.Column("ended_at", TIME),
        *(sa.Column(name, sa.Text()) for name in ("ended_by", "ended_state", "outcome")),
    )
    op.create_index("ix_calls_started_at", "calls", ["started_at"])
    op.create_table(
        "waits",
        sa.Column("call_id", sa.Text(), primary_key=True),
        sa.Column("nth", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("began", TIME, nullable=False),
        sa.Column("ended", TIME),
        sa.Column("result", sa.Text()),
        sa.Column("agent_id", sa.Text()),
        sa.Column("wait_seconds", sa.Float()),
        sa.Column("by_fallback", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_waits_began", "waits", ["began"])
    op.create_table(
        "recordings",
        sa.Column("recording_id", sa.Text(), primary_key=True),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("short_by", sa.Float(), nullable=False),
        sa.Column("created", TIME, nullable=False),
    )
    op.create_index("ix_recordings_call_id", "recordings", ["call_id"])
    op.create_table(
        "alarms",
        sa.Column("call_id", sa.Text(), primary_key=True),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("raised_at", TIME, nullable=False),
        sa.Column("cleared_at", TIME),
        sa.Column("how", sa.Text()),
        sa.Column("agent_id", sa.Text()),
    )


def _agents() -> None:
    op.create_table(
        "agents",
        sa.Column("agent_id", sa.Text(), primary_key=True),
        sa.Column("duty", sa.Text()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", TIME),
        sa.Column("reachable", sa.Boolean()),
    )
    op.create_table(
        "agent_states",
        sa.Column("agent_id", sa.Text(), primary_key=True),
        sa.Column("since", TIME, primary_key=True),
        sa.Column("until", TIME),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text()),
    )
    op.create_index("ix_agent_states_until", "agent_states", ["until"])
