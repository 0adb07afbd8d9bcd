"""What can an administrator ask for on the command line? ``assistline --help`` lists it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated

import typer

from agi_scripts.sources.tables import table_faults
from app import logs
from app.asking import post
from app.callbacks_cli import callbacks
from app.errors import AppFault
from app.menus_cli import ivr
from app.settings import load_settings, secret, service_address
from app.simulating import simulate, staff
from app.versions_cli import apply, versions
from config.errors import ConfigurationFaults
from config.load import check as check_configuration
from config.load import load

cli = typer.Typer(
    name="assistline",
    help="The telephone side of a medical-insurance assistance service, on Asterisk.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.add_typer(ivr)
cli.add_typer(callbacks)


@cli.command()
def run() -> None:
    """Run the service beside an Asterisk that runs already (what systemd starts)."""
    from app.bootstrap import serve

    logs.to_stdout()
    _loop(serve(load_settings()))


@cli.command()
def up() -> None:
    """Run everything on this machine: Asterisk, the service, and the live board; Ctrl-C ends it."""
    from app.up import live_in

    _loop(live_in(load_settings()))


@cli.command()
def demo(
    calls_per_minute: Annotated[float, typer.Option(min=0.1, max=60, help="how many people call")] = 8.0,
) -> None:
    """Like `up`, with Redis and with synthetic callers and agents."""
    from app.up import live_in

    _loop(live_in(load_settings(), calls_per_minute))


@cli.command()
def check(file: Annotated[Path | None, typer.Argument(help="a configuration; default: AL_CONFIG")] = None) -> None:
    """Say what is wrong with a configuration, with file, line and reason; exit 1 if anything is."""
    path = file or load_settings().config
    faults = check_configuration(path) or table_faults(load(path), path.parent)
    for fault in faults:
        typer.echo(str(fault), err=True)
    if faults:
        raise typer.Exit(1)
    typer.echo(f"{path}: no faults")


@cli.command()
def render() -> None:
    """Write Asterisk's files for the present configuration into AL_HOME/asterisk/etc."""
    from app.house import furnish

    typer.echo(furnish(load_settings()))


@cli.command()
def top(once: Annotated[bool, typer.Option("--once", help="print one board and end")] = False) -> None:
    """Show the live board of a running service."""
    from app.top import watch

    settings = load_settings()
    _loop(watch(service_address(settings), secret(settings.home, "http"), once=once))


@cli.command()
def agent(
    name: Annotated[str, typer.Argument(help="the agent's id")],
    duty: Annotated[str, typer.Argument(help="ready, pause or off")],
    reason: Annotated[str, typer.Option(help="why paused")] = "",
) -> None:
    """Put an agent on duty, on pause or off duty."""
    word = {"ready": "ready", "pause": "paused", "paused": "paused", "off": "off"}.get(duty)
    if word is None:
        raise typer.BadParameter("ready, pause or off is expected", param_hint="DUTY")
    post(load_settings(), f"/api/v1/agents/{name}/duty", {"duty": word, "reason": reason})
    typer.echo(f"{name}: {word}")


@cli.command()
def clear(call_id: Annotated[str, typer.Argument(help="the alarm's call id, as `top` shows it")]) -> None:
    """Clear the alarm of an abandoned emergency call, when someone has rung back by other means."""
    post(load_settings(), f"/api/v1/alarms/{call_id}/clear", {})
    typer.echo(f"{call_id}: cleared")


cli.command()(apply)
cli.command()(versions)
cli.command()(simulate)
cli.command()(staff)


@cli.command()
def explain(
    call_id: Annotated[str | None, typer.Argument(help="the call's id, as the history has it")] = None,
    period: Annotated[
        tuple[datetime, datetime] | None,
        typer.Option("--check", metavar="SINCE UNTIL", help="make all decisions of that time again, and compare"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the same as JSON")] = False,
) -> None:
    """Say why a caller waited so long and why it was this agent; exit 1 if a decision comes out otherwise now."""
    from app.explaining import explained

    asked = call_id or period
    if asked is None or (call_id and period):
        raise typer.BadParameter("give either a call or --check with two times")
    if not asyncio.run(explained(load_settings(), asked, typer.echo, as_json=as_json)):
        raise typer.Exit(1)


@cli.command()
def version() -> None:
    """Print the version."""
    typer.echo(installed_version("assistline"))


def main() -> None:
    """The command line; faults that an operator can mend are said in a sentence, without a traceback.

    What it and its children make is for their owner only, in whatever folder.
    """
    os.umask(0o077)
    try:
        cli(standalone_mode=True)
    except ConfigurationFaults as faults:
        sys.exit(str(faults))
    except AppFault as fault:
        sys.exit(f"assistline: {fault}")


def _loop(work: Coroutine[None, None, None]) -> None:
    runner: Callable[..., None]
    try:
        import uvloop

        runner = uvloop.run
    except ImportError:
        runner = asyncio.run
    with contextlib.suppress(KeyboardInterrupt):
        runner(work)


if __name__ == "__main__":
    main()
