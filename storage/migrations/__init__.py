"""How does a database come to this version's schema? ``migrate(url)``, by alembic, as often as one likes."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from storage.errors import DatabaseAway
from storage.schema import open_engine


def migrate(url: str) -> None:
    """Bring the database to the newest schema; raises DatabaseAway when that cannot be done now.

    Blocks for as long as it takes: in a running event loop call it through ``asyncio.to_thread``.
    """
    try:
        asyncio.run(_migrate(url))
    except Exception as fault:  # the drivers, SQLAlchemy and alembic each have a family of their own
        raise DatabaseAway(f"the database could not be brought up to date: {type(fault).__name__}") from fault


async def _migrate(url: str) -> None:
    engine = open_engine(url)
    if engine.dialect.name == "sqlite":
        # The file holds callers' numbers: it is made for its owner only, and SQLite gives its journal the same mode.
        os.close(os.open(str(engine.url.database), os.O_CREAT | os.O_RDWR, 0o600))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
