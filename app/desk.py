"""What can a program on this machine ask of the engine? Answers web/api's questions from the engine's memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from app.applying import Applied, Refused
from app.engine import Engine
from app.errors import InboxFull
from app.live import agent_view, call_view, live
from app.menus import handover_view
from calls.events import AlarmCleared, CallbackDone, Duty, DutyChanged, Event
from metrics.service_level import Figures
from web.errors import (
    ConfigurationRefused,
    NotNow,
    UnknownAgent,
    UnknownAlarm,
    UnknownCall,
    UnknownCallback,
    UnknownReason,
)


class EngineDesk:
    """The desk of a live engine; ``faults`` says why the switch or the history cannot serve, ``apply``
    puts a configuration in force."""

    def __init__(
        self,
        engine: Engine,
        figures: Figures,
        node: str,
        since: datetime,
        faults: Callable[[], list[str]],
        apply: Callable[[str, str], Awaitable[Applied]],
    ) -> None:
        self._engine = engine
        self._figures = figures
        self._node = node
        self._since = since
        self._faults = faults
        self._apply = apply

    def live(self) -> Mapping[str, object]:
        return live(self._engine.centre, self._figures, self._node, self._since, datetime.now(UTC))

    def readiness(self) -> list[str]:
        return self._faults()

    async def set_duty(self, agent_id: str, duty: Duty, reason: str) -> Mapping[str, object]:
        centre = self._engine.centre
        if agent_id not in centre.agents:
            raise UnknownAgent("no agent has this id")
        if reason and reason not in centre.configuration.pause_reasons.values():
            raise UnknownReason(f"the reasons are: {', '.join(centre.configuration.pause_reasons.values())}")
        await self._handled(DutyChanged(at=datetime.now(UTC), agent_id=agent_id, duty=duty, reason=reason))
        return agent_view(centre.agents[agent_id])

    def call(self, call_id: str) -> Mapping[str, object]:
        centre = self._engine.centre
        if call_id not in centre.calls:
            raise UnknownCall("no call of this id is in the house")
        handover = centre.handovers.get(call_id)
        shown = call_view(centre, centre.calls[call_id], datetime.now(UTC))
        return {**shown, "handover": handover_view(handover) if handover else None}

    async def finish_callback(self, callback_id: str, by: str, note: str) -> None:
        promise = self._engine.centre.callbacks.get(callback_id)
        if promise is None:
            raise UnknownCallback("nobody is to be rung back under this id")
        now = datetime.now(UTC)
        await self._handled(CallbackDone(at=now, call_id=promise.call_id, callback_id=callback_id, by=by, note=note))

    async def clear_alarm(self, call_id: str) -> None:
        if call_id not in self._engine.centre.alarms:
            raise UnknownAlarm("no alarm stands for this call")
        await self._handled(AlarmCleared(at=datetime.now(UTC), call_id=call_id, how="by hand"))

    async def apply(self, text: str, who: str) -> Mapping[str, object]:
        try:
            applied = await self._apply(text, who)
        except Refused as fault:
            raise ConfigurationRefused(str(fault)) from None
        return {"version": applied.version, "remarks": applied.remarks}

    async def _handled(self, event: Event) -> None:
        """Return when the engine has handled the event; NotNow when its inbox is full."""
        try:
            done: asyncio.Future[None] = self._engine.post_and_tell(event)
        except InboxFull:
            raise NotNow("more is happening than can be handled") from None
        await done
