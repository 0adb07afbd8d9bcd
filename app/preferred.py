"""Whom shall the router try first for this caller? Someone who knows them: their doctor, the last agent, a coordinator.

Talks that were cut off are remembered by the caller's number, in memory only and for minutes; the number goes nowhere.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from calls.call import TALKS, Call
from calls.events import CallEnded, EndedBy
from config.model import Configuration

CUT_OFF_FOR: Final = timedelta(minutes=5)
"""Who rings again within it goes on with the same agent. Who ended a talk properly cannot be told from who was cut off,
so every talk counts that the agent has not ended."""


class CutOffTalks:
    """The last agent of each number whose talk ended a short while ago, and when."""

    def __init__(self) -> None:
        self._talks: dict[str, tuple[str, datetime]] = {}

    def ended(self, call: Call, event: CallEnded) -> None:
        """Remember the talk, if there was one and it was not the agent who ended it."""
        self._talks = {number: talk for number, talk in self._talks.items() if event.at - talk[1] <= CUT_OFF_FOR}
        if call.state in TALKS and event.by is not EndedBy.AGENT and call.number and call.agent_id:
            self._talks[call.number] = (call.agent_id, event.at)

    def agent_of(self, call: Call) -> str | None:
        """Whom the caller talked to until a short while before this call was queued."""
        agent_id, at = self._talks.get(call.number, (None, call.started_at))
        return agent_id if call.queued_at is None or at <= call.queued_at <= at + CUT_OFF_FOR else None


def preferred(call: Call, cut_off: CutOffTalks, configuration: Configuration) -> tuple[str | None, bool]:
    """The id of the agent to try first: whom a lookup named, of a talk that was cut off, the line's coordinator; and
    whether the caller waits for that agent: not for a talk that was cut off, since others may share the number."""
    line = configuration.lines.get(call.line)
    known = (call.preferred, line.coordinator if line else None)
    wished = (call.preferred, cut_off.agent_of(call), line.coordinator if line else None)
    first = next((agent_id for agent_id in wished if agent_id and agent_id in configuration.agents), None)
    return first, first in known
