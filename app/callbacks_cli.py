"""Whom are we to ring back, and who has done it? `assistline callbacks list` and `assistline callbacks done`."""

from __future__ import annotations

import asyncio
import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer

from app.asking import post
from app.errors import AppFault
from app.settings import Settings, load_settings
from storage.errors import DatabaseAway
from storage.open_callbacks import open_callbacks
from storage.rows import CallbackRow
from storage.schema import open_engine

callbacks = typer.Typer(name="callbacks", help="Whom to ring back: list them, mark them done.", no_args_is_help=True)


@callbacks.command("list")
def list_() -> None:
    """List whom to ring back, the oldest first, with the number to ring."""
    rows = asyncio.run(_open(load_settings()))
    for row in rows:
        typer.echo(told(row, datetime.now(UTC)))
    if not rows:
        typer.echo("nobody is to be rung back")


@callbacks.command()
def done(
    name: Annotated[str, typer.Argument(metavar="ID", help="as `callbacks list` shows it")],
    note: Annotated[str, typer.Option(help="what came of it, without names and numbers")] = "",
) -> None:
    """Mark somebody as rung back."""
    post(load_settings(), f"/api/v1/callbacks/{name}/done", {"by": getpass.getuser(), "note": note})
    typer.echo(f"{name}: done")


def told(row: CallbackRow, now: datetime) -> str:
    """One line: since when, whom, why, and the message that was left."""
    minutes = max(0, int((now - row.asked_at).total_seconds() // 60))
    age = f"{minutes // 60} h {minutes % 60:02} min"
    message = f"  {row.recording_id}" if row.recording_id else ""
    number = row.number or "(number withheld)"
    return f"{row.callback_id}  {age}  {number}  {row.line} {row.queue} {row.lang}{message}"


async def _open(settings: Settings) -> list[CallbackRow]:
    engine = open_engine(settings.database_url)
    try:
        return await open_callbacks(engine)
    except DatabaseAway:
        raise AppFault("the promises cannot be read now: start the database, and the service once") from None
    finally:
        await engine.dispose()
