"""Alembic's entry: runs the migrations on the connection that ``storage.migrate`` hands in, in its transaction."""

from __future__ import annotations

from alembic import context
from sqlalchemy import text

from storage.schema import metadata

connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    # Two services that start at once migrate one after the other; the number is ours alone ("assistline").
    connection.execute(text("SELECT pg_advisory_xact_lock(7235421879)"))
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
