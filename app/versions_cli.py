"""How does an administrator change the configuration of a centre that is at work? `assistline apply`, `… versions`."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from app.asking import NobodyAnswers, post
from app.errors import AppFault
from app.house import furnish
from app.settings import Settings, load_settings
from app.versions import in_force, put_in_force
from config.errors import ConfigurationFaults
from config.load import load
from storage import reading, runs
from storage.errors import DatabaseAway
from storage.schema import open_engine

ANSWERS_WITHIN = 70.0
"""Seconds that a service may take to prove a configuration and to let Asterisk read it."""

T = TypeVar("T")


def apply(
    file: Annotated[Path | None, typer.Argument(help="a configuration; default: AL_CONFIG")] = None,
    version: Annotated[str | None, typer.Option("--version", help="one of `assistline versions` instead")] = None,
) -> None:
    """Prove a configuration and put it in force, while calls go on; a refused one leaves the old in force."""
    if file and version:
        raise typer.BadParameter("give either a file or a version")
    settings = load_settings()
    # Faults of a version of old are in no file that is there now.
    path = Path(f"version {version}") if version else file or settings.config
    text = _asked(settings, lambda engine: _text_of(engine, version)) if version else _read(path)
    found = load(path, text=text)
    try:
        applied = post(settings, "/api/v1/configuration", {"text": text, "who": getpass.getuser()}, ANSWERS_WITHIN)
    except NobodyAnswers:
        furnish(settings, found)
        put_in_force(settings, text)
        typer.echo(f"{found.version} is in force from the next start; no service answers now")
        return
    typer.echo(f"{applied['version']} is in force")
    for remark in applied["remarks"]:
        typer.echo(f"  {remark}")


def versions() -> None:
    """List the accepted configurations, the latest last; the one in force has a star."""
    settings = load_settings()
    try:
        now = load(in_force(settings)).version
    except ConfigurationFaults:
        now = ""
    for one in _asked(settings, reading.accepted_configurations):
        star = "*" if one.version == now else " "
        typer.echo(f"{star} {one.version}  {one.at.astimezone():%Y-%m-%d %H:%M:%S}  {one.who}")


async def _text_of(engine: AsyncEngine, asked: str) -> str:
    kept = await reading.accepted_configurations(engine)
    named = [one.version for one in kept if one.version.startswith(asked)]
    text = await runs.configuration_text(engine, named[0]) if len(named) == 1 else None
    if text is None:
        raise AppFault(f"{len(named)} accepted configurations begin with {asked}; `assistline versions` lists them")
    return text


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        load(file)  # says it with the file's name
        raise


def _asked(settings: Settings, ask: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    """What the history's database answers; AppFault if it is away."""

    async def run() -> T:
        engine = open_engine(settings.database_url)
        try:
            return await ask(engine)
        finally:
            await engine.dispose()

    try:
        return asyncio.run(run())
    except DatabaseAway as away:
        raise AppFault(f"the database of the history cannot be asked: {away}") from None
