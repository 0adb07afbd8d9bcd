"""How does another configuration come into force while calls go on? Proved, written, read anew, and only then told.

Whatever refuses does so before anything has changed, or what has is undone, and the old one stays in force. From then
on nothing refuses: an Asterisk or a database that is away makes a remark, and has what it lacks at its next start; so
does a table with faults, which is read again when it changes, and whatever else cannot take it over. Callers in a menu
go on in the version in which they began; what becomes of all others is in app/changeover.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog

from agi_scripts.sources.tables import table_faults
from app import asterisk_files, runtime
from app.changeover import obstacles
from app.engine import Engine
from app.errors import AppFault, InboxFull
from app.house import furnish
from app.settings import Settings
from app.versions import put_in_force
from calls.events import ConfigurationApplied
from config.errors import ConfigurationFaults
from config.load import load
from config.model import Configuration
from storage import reading
from storage.errors import DatabaseAway
from storage.history import History

log = structlog.get_logger()

KEPT_WITHIN: Final = 5.0
"""Seconds that the database has to take a text in; a frozen one keeps no change of hours from coming into force."""

SPOKEN_WITHIN: Final = 30.0

ROOM_AGAIN_AFTER: Final = 0.05


class Refused(AppFault):
    """This configuration is not taken, and the old one stays in force; each line of the message is a reason."""


@dataclass(frozen=True, slots=True)
class Applied:
    """The version that is in force now, and what is to be known of it."""

    version: str
    remarks: tuple[str, ...] = ()


class Applying:
    """Puts configurations in force, one after the other. ``adopt`` is told of each as soon as the engine goes by it."""

    def __init__(
        self, settings: Settings, engine: Engine, history: History, adopt: Callable[[Configuration], Awaitable[None]]
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._history = history
        self._adopt = adopt
        self._one_at_a_time = asyncio.Lock()
        self._under_way: set[asyncio.Task[Applied]] = set()

    async def apply(self, text: str, who: str) -> Applied:
        """Prove this text and put it in force; raises Refused. Whoever gives up waiting leaves nothing half done."""
        task = asyncio.create_task(self._apply(text, who))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def _apply(self, text: str, who: str) -> Applied:
        async with self._one_at_a_time:
            found = await asyncio.to_thread(self._proved, text)
            if reasons := obstacles(self._engine.centre, found):
                raise Refused("\n".join(reasons))
            folder = self._settings.home / "asterisk" / "etc"
            before = await asyncio.to_thread(asterisk_files.contents, folder)
            await asyncio.to_thread(self._written, found, text)
            after = await asyncio.to_thread(asterisk_files.contents, folder)
            now = datetime.now(UTC)
            tables = await asyncio.to_thread(table_faults, found, self._settings.config.parent)
            remarks = [
                *map(str, tables),
                *await self._kept(found.version, text, who, now),
                *await self._read_anew(asterisk_files.changed(before, after)),
                *await self._switched_over(found, who),
            ]
            log.info("configuration applied", action="configuration.applied", version=found.version)
            return Applied(found.version, tuple(remarks))

    def _proved(self, text: str) -> Configuration:
        try:
            found = load(self._settings.config, text=text)
        except ConfigurationFaults as faults:
            raise Refused(str(faults)) from None
        if unspoken(found):
            speak()
        if lacking := unspoken(found):
            raise Refused(f"prompts without sound: {', '.join(lacking)}; make them with `python -m app.prompts`")
        return found

    def _written(self, found: Configuration, text: str) -> None:
        """All files or, as far as they can be written, those of before: what Asterisk has not read must not look so."""
        try:
            furnish(self._settings, found)
            put_in_force(self._settings, text)
        except (AppFault, OSError) as fault:
            with suppress(AppFault, OSError):
                furnish(self._settings, self._engine.centre.configuration)
            raise Refused(f"it cannot be written: {fault}") from None

    async def _kept(self, version: str, text: str, who: str, now: datetime) -> list[str]:
        try:
            async with asyncio.timeout(KEPT_WITHIN):
                await reading.keep_configuration(self._history.writer.engine, version, text, who, now)
        except (DatabaseAway, TimeoutError):
            log.warning("configuration not kept: database away", action="configuration.not_kept")
            return ["its text is not among the versions: the database is away"]
        return []

    async def _read_anew(self, names: list[str]) -> list[str]:
        try:
            await asterisk_files.reload(self._settings.home / "asterisk" / "etc", names)
        except AppFault as fault:
            log.warning("Asterisk did not read its files anew", action="configuration.not_reloaded")
            return [str(fault)]
        return []

    async def _switched_over(self, found: Configuration, who: str) -> list[str]:
        """The engine goes by it whatever becomes of the rest, since Asterisk and the next start do."""
        self._engine.centre.proposed = found
        self._history.config_version = found.version
        remarks = []
        try:
            await self._adopt(found)
        except Exception as error:  # only its name: a message may quote an address with its password
            name = type(error).__name__
            log.error("configuration not adopted everywhere", action="configuration.not_adopted", error=name)
            remarks = [f"lookups and figures may still be those of before ({name}): apply it again"]
        await self._told(ConfigurationApplied(at=datetime.now(UTC), version=found.version, who=who))
        return remarks

    async def _told(self, event: ConfigurationApplied) -> None:
        """Too late to refuse: an engine that is flooded is told when there is room."""
        while True:
            try:
                await self._engine.post_and_tell(event)
                return
            except InboxFull:
                await asyncio.sleep(ROOM_AGAIN_AFTER)


def speak() -> None:
    """Make the sounds that are lacking, as set-up does; in a process of its own, since the tools are large."""
    with suppress(subprocess.TimeoutExpired):  # whatever is still lacking is told by its name
        subprocess.run(
            [sys.executable, "-m", "app.prompts"],
            cwd=runtime.TREE,
            capture_output=True,
            check=False,
            timeout=SPOKEN_WITHIN,
        )


def unspoken(configuration: Configuration) -> list[str]:
    """The phrases, as LANGUAGE/ID, that have no sound where Asterisk looks for it."""
    from app.prompts import load_phrases  # what makes sounds is loaded only where they are looked at

    sounds = runtime.asterisk_dirs().sounds
    return [
        f"{phrase.lang}/{phrase.id}"
        for phrase in load_phrases()
        if phrase.lang in configuration.languages and not (sounds / phrase.lang / "al" / f"{phrase.id}.wav").exists()
    ]
