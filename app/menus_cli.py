"""What does a menu look like, and what would a caller hear in it? `assistline ivr draw` and `assistline ivr try`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from app.errors import AppFault
from app.settings import Settings, load_settings
from app.versions import in_force
from calls.needs import format_needs
from config.load import load
from config.model import Configuration
from ivr.dialogue import Ask, Chose, Command, End, HungUp, Input, Say, Started
from ivr.draw import mermaid, svg
from ivr.errors import NotUnderstood
from ivr.machine import begin, begin_survey, step
from ivr.menu import Line, Menu
from ivr.rehearsal import asked, heard, spoken
from ivr.session import MenuSession

ivr = typer.Typer(name="ivr", help="Voice menus: draw them, try them.", no_args_is_help=True)


@ivr.command()
def draw(
    output: Annotated[Path, typer.Option("-o", "--output", help="a file ending in .svg, or in .mmd for Mermaid")],
    line: Annotated[str | None, typer.Option("--line", help="only the menus of this line")] = None,
    days: Annotated[int, typer.Option(min=0, help="count who took each way in so many days")] = 0,
) -> None:
    """Draw the menus as SVG or Mermaid."""
    settings = load_settings()
    menus = _menus(load(in_force(settings)), line)
    taken = asyncio.run(_taken(settings, timedelta(days=days))) if days else {}
    match output.suffix:
        case ".svg":
            output.write_text(svg(menus, taken), encoding="utf-8")
        case ".mmd":
            output.write_text("\n".join(mermaid(menu, taken) for menu in menus), encoding="utf-8")
        case _:
            raise typer.BadParameter("a name ending in .svg or .mmd is expected", param_hint="-o")
    typer.echo(str(output))


@ivr.command("try")
def try_(
    line: Annotated[str, typer.Argument(help="the line that is dialled")],
    at: Annotated[datetime | None, typer.Option(help="at this time (UTC) instead of now")] = None,
    survey: Annotated[bool, typer.Option("--survey", help="the survey after the talk instead")] = False,
) -> None:
    """Walk through a line's menu with the keyboard as keypad; an empty line is silence, `hangup` hangs up."""
    from app.prompts import load_phrases

    configuration = load(in_force(load_settings()))
    session = _session(configuration, line, survey)
    texts: dict[str, dict[str, str]] = {lang: {} for lang in configuration.languages}
    for phrase in load_phrases():
        texts.setdefault(phrase.lang, {})[phrase.id] = " ".join(words for _, words in phrase.parts)
    rehearse(session, texts, _typed, typer.echo, (at or datetime.now(UTC)).replace(tzinfo=UTC))


def rehearse(
    session: MenuSession,
    texts: Mapping[str, dict[str, str]],
    read: Callable[[str], str | None],
    tell: Callable[[str], None],
    now: datetime,
) -> End:
    """Play the menu to its end; ``read`` is shown what is waited for and gives what is typed, None at its end."""
    given: Input = Started()
    while True:
        session, commands = step(session, given, now)
        for command in commands:
            for text in _shown(command, texts):
                tell(text)
        last = commands[-1]
        if isinstance(last, End):
            return last
        given = _understood(last, read, tell)


def _understood(command: Command, read: Callable[[str], str | None], tell: Callable[[str], None]) -> Input:
    while True:
        typed = read(asked(command))
        if typed is None:
            return HungUp()
        try:
            return heard(typed, command)
        except NotUnderstood as wrong:
            tell(f"? {wrong}")


def _shown(command: Command, texts: Mapping[str, dict[str, str]]) -> list[str]:
    match command:
        case Say() | Ask():
            return [f"{command.lang}: {text}" for text in spoken(command.lang, command.prompts, texts[command.lang])]
        case Chose():
            return [f"   ({command.choice})"]
        case End():
            known = {"queue": command.queue, "needs": format_needs(command.needs), "caller": command.caller}
            known |= {"preferred": command.preferred, "number": command.number}
            told = ", ".join(f"{name} {value}" for name, value in known.items() if value)
            return [f"-- {command.outcome}" + (f": {told}" if told else "")]
    return []


def _typed(prompt: str) -> str | None:
    typer.echo(f"[{prompt}] ", nl=False)
    line = sys.stdin.readline()
    return line.strip() if line else None


def _menus(configuration: Configuration, line: str | None) -> list[Menu]:
    if line is None:
        return list(configuration.menus.values())
    dialled = _line(configuration, line)
    return [configuration.menus[name] for name in (dialled.menu, dialled.survey) if name]


def _session(configuration: Configuration, line: str, survey: bool) -> MenuSession:
    dialled = _line(configuration, line)
    menu = dialled.survey if survey else dialled.menu
    if menu is None:
        raise AppFault(f"line {line} has no {'survey' if survey else 'menu'}")
    if survey:
        return begin_survey(dialled, configuration.menus[menu], dialled.languages[0])
    return begin(dialled, configuration.menus[menu])


def _line(configuration: Configuration, name: str) -> Line:
    if name not in configuration.lines:
        raise AppFault(f"there is no line {name}; take one of {', '.join(configuration.lines)}")
    return configuration.lines[name]


async def _taken(settings: Settings, back: timedelta) -> dict[tuple[str, str, str], int]:
    from storage.errors import DatabaseAway
    from storage.menu_choices import menu_choices
    from storage.schema import open_engine

    engine = open_engine(settings.database_url)
    try:
        return await menu_choices(engine, datetime.now(UTC) - back)
    except DatabaseAway:
        raise AppFault("the history cannot be read now: start its database, or draw without --days") from None
    finally:
        await engine.dispose()
