"""What did the runs of the service see, and what comes of it when it is followed? From SQL and the spool."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from app.errors import AppFault
from app.followed import FOLLOWED, Difference, Followed
from app.past import at_start
from app.settings import Settings
from app.versions import in_force
from app.witness import Witness
from calls.events import ConfigurationApplied, Decided, Event, HistoryLost, ServiceStarted
from config.errors import ConfigurationFaults
from config.load import load
from config.model import Configuration
from storage import runs
from storage.codec import StoredEvent, decode

TYPES: Final = frozenset(kind.__name__ for kind in (*FOLLOWED, ServiceStarted, HistoryLost))


class NotFollowed(AppFault):
    """The history lacks what the decisions of a run followed from: it was stored by an earlier version."""


@dataclass
class Retold:
    """One run as it was followed: its configuration, every decision upon calls, and what came out otherwise."""

    configuration: Configuration
    warnings: list[str]
    decisions: list[Decided] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)


class Histories:
    """What SQL and the spool hold of all runs."""

    def __init__(self, settings: Settings, engine: AsyncEngine) -> None:
        self._settings = settings
        self._engine = engine
        self._spooled = runs.in_spool(settings.home / "spool" / "events.jsonl")

    async def of_call(self, call_id: str) -> dict[str, int]:
        """The runs that saw this call, the earliest first, each with the number of the last fact about it."""
        parts = await runs.of_call(self._engine, call_id)
        return self._with_spooled(parts, lambda row: row.call_id == call_id)

    async def between(self, since: datetime, until: datetime) -> dict[str, int]:
        """The same for all facts of that time."""
        parts = await runs.between(self._engine, since, until)
        return self._with_spooled(parts, lambda row: since <= row.at <= until)

    def _with_spooled(self, parts: Iterable[runs.Part], asked: Callable[[StoredEvent], bool]) -> dict[str, int]:
        last = {part.run_id: part.last for part in parts}
        for row in self._spooled:
            if asked(row):
                last[row.run_id] = max(row.seq, last.get(row.run_id, 0))
        return last

    async def _rows(self, run_id: str, call_id: str | None) -> AsyncIterator[StoredEvent]:
        seq = 0
        async for row in runs.facts(self._engine, run_id, TYPES, call_id):
            seq = row.seq
            yield row
        for row in self._spooled:
            if row.run_id == run_id and row.seq > seq and (row.type in TYPES or row.call_id == call_id):
                yield row

    async def follow(self, run_id: str, last: int, call_id: str | None, witness: Witness | None) -> Retold:
        """Follow the run from its beginning to the end of the moment of fact number ``last``; raises NotFollowed."""
        rows = self._rows(run_id, call_id)
        first = await anext(rows, None)
        started = decode(first) if first else None
        if first is None or not isinstance(started, ServiceStarted):
            raise NotFollowed("a run of an earlier version of the service cannot be followed: it did not store enough.")
        warnings: list[str] = []
        retold = Retold(await self._configuration(first.config_version, started.at, warnings), warnings)
        followed = Followed(at_start(retold.configuration, started), witness)
        together: list[Event] = []
        async for row in rows:
            event = _read(row, retold.warnings)
            if event is None:
                continue
            if together and event.at != together[-1].at:
                followed.follow(together)
                together.clear()
                if row.seq > last:
                    break
            together.append(event)
            if isinstance(event, Decided):
                retold.decisions.append(event)
            elif isinstance(event, ConfigurationApplied):
                followed.centre.proposed = await self._configuration(event.version, event.at, retold.warnings)
        followed.follow(together)
        retold.configuration = followed.centre.configuration
        retold.differences = followed.differences
        return retold

    async def _configuration(self, version: str, at: datetime, warnings: list[str]) -> Configuration:
        """The one that was in force, if it can still be had; else, with a warning, the one of now."""
        file, today = in_force(self._settings), at.date()
        text = await runs.configuration_text(self._engine, version)
        if text is not None:
            with suppress(ConfigurationFaults):
                return load(file, today, text)
        now = load(file, today)
        if now.version != version:
            warnings.append(f"configuration {version} is not at hand or not understood; {now.version} stands for it")
        return replace(now, version=version)


def _read(row: StoredEvent, warnings: list[str]) -> Event | None:
    event, warning = decode(row), ""
    if event is None:
        warning = f"facts of the type {row.type} are of another version and were passed over"
    elif isinstance(event, HistoryLost):
        warning = "the history has a hole: not all facts could be stored"
    if warning and warning not in warnings:
        warnings.append(warning)
    return event
