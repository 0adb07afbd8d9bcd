"""What did the runs of the service see, and what comes of it when it is followed? From SQL and the spool."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from app.errors import AppFault
from app.followed import FOLLOWED, Difference, Followed
from app.past import at_start
from app.settings import Settings
from app.witness import Witness
from calls.events import Decided, Event, HistoryLost, ServiceStarted
from config.errors import ConfigurationFaults
from config.load import load
from config.model import Configuration
from storage import runs
from storage.codec import StoredEvent, decode

TYPES: Final = frozenset(kind.__name__ for kind in (*FOLLOWED, ServiceStarted, HistoryLost))


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
        """Follow the run from its beginning to the end of the moment of its fact number ``last``; raises AppFault."""
        rows = self._rows(run_id, call_id)
        first = await anext(rows)
        started = decode(first)
        if not isinstance(started, ServiceStarted):
            raise AppFault("the run of the service that had it is of a version that did not store all that is needed.")
        retold = await self._begun(first, started)
        followed = Followed(at_start(retold.configuration, started), witness)
        together: list[Event] = []
        async for row in rows:
            event = self._read(row, first, retold)
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
        followed.follow(together)
        retold.differences = followed.differences
        return retold

    async def _begun(self, first: StoredEvent, started: ServiceStarted) -> Retold:
        """With the configuration that was in force, if it can still be had."""
        file, today = self._settings.config, started.at.date()
        text = await runs.configuration_text(self._engine, first.config_version)
        try:
            if text is not None:
                return Retold(load(file, today, text), [])
            now = load(file, today)
        except ConfigurationFaults:
            now = load(file, today)
        differs = f"configuration {first.config_version} is not at hand or not understood; {now.version} stands for it"
        return Retold(now, [] if now.version == first.config_version else [differs])

    @staticmethod
    def _read(row: StoredEvent, first: StoredEvent, retold: Retold) -> Event | None:
        event, warning = decode(row), ""
        if event is None:
            warning = f"facts of the type {row.type} are of another version and were passed over"
        elif isinstance(event, HistoryLost):
            warning = "the history has a hole: not all facts could be stored"
        elif row.config_version != first.config_version:
            warning = f"the configuration changed to {row.config_version} in the midst of it, and was not followed"
        if warning and warning not in retold.warnings:
            retold.warnings.append(warning)
        return event
