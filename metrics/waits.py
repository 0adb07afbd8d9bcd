"""How long did each caller wait, and how did the wait and the call end?

A wait begins when a caller enters a queue and goes on through rings, the fallback and the last resort, until an agent
answers, the caller leaves or goes elsewhere (docs/glossary.md: wait, abandon, short abandon). Events go in, ended waits
and ended calls come out; live figures and Prometheus both count these, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from calls.call import SHORT_ABANDON_SECONDS, WAITS, CallState
from calls.events import (
    AgentAnswered,
    CallEnded,
    CallerQueued,
    CallSpooled,
    CallStarted,
    ChannelSeen,
    Event,
    SnapshotTaken,
    VoicemailLeft,
)


class WaitEnd(StrEnum):
    """How a wait ended. ``moved``: to another queue or a message; ``unseen``: while we were not looking."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    SHORT_ABANDONED = "short_abandoned"
    MOVED = "moved"
    UNSEEN = "unseen"


class CallResult(StrEnum):
    """What a whole call came to; ``menu``: it ended before any queue, ``message``: in a voicemail."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    MENU = "menu"
    MESSAGE = "message"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Wait:
    """One ended wait of one caller in one queue; ``seconds`` >= 0, ``ended_at`` aware UTC."""

    queue: str
    seconds: float
    ended_at: datetime
    end: WaitEnd


@dataclass(frozen=True, slots=True)
class Ended:
    """One ended call of one line."""

    line: str
    result: CallResult


Outcome = Wait | Ended


@dataclass(frozen=True, slots=True)
class _Journey:
    """One call on its way; ``waiting_since`` is None unless it waits, ``result`` what it would come to if it ended."""

    node: str
    line: str
    queue: str = ""
    waiting_since: datetime | None = None
    result: CallResult = CallResult.MENU

    def waiting(self, queue: str, since: datetime) -> _Journey:
        return replace(self, queue=queue, waiting_since=since, result=CallResult.ABANDONED)

    def wait(self, at: datetime, end: WaitEnd) -> tuple[Wait, ...]:
        """The wait that ends at this moment: one, or none when the caller was not waiting."""
        if self.waiting_since is None:
            return ()
        seconds = max(0.0, (at - self.waiting_since).total_seconds())
        if end is WaitEnd.ABANDONED and seconds < SHORT_ABANDON_SECONDS:
            end = WaitEnd.SHORT_ABANDONED
        return (Wait(self.queue, seconds, at, end),)


class Journeys:
    """Every call on its way, by call id. Feed each event once, in order."""

    def __init__(self) -> None:
        self._open: dict[str, _Journey] = {}

    def observe(self, event: Event) -> tuple[Outcome, ...]:
        """What ended with this event; an event about a call that is not known changes nothing."""
        step = STEPS.get(type(event))
        return step(self, event) if step else ()

    def _started(self, event: CallStarted) -> tuple[Outcome, ...]:
        self._open[event.call_id] = _Journey(event.node, event.line)
        return ()

    def _queued(self, event: CallerQueued) -> tuple[Outcome, ...]:
        """A caller who is back in the same queue after a ring goes on with the same wait."""
        journey = self._open.get(event.call_id) or _Journey(event.node, event.line)
        if journey.waiting_since is not None and journey.queue == event.queue:
            return ()
        self._open[event.call_id] = journey.waiting(event.queue, event.at)
        return journey.wait(event.at, WaitEnd.MOVED)

    def _answered(self, event: AgentAnswered) -> tuple[Outcome, ...]:
        return self._stop_waiting(event.call_id, event.at, WaitEnd.ANSWERED, CallResult.ANSWERED)

    def _message(self, event: VoicemailLeft) -> tuple[Outcome, ...]:
        return self._stop_waiting(event.call_id, event.at, WaitEnd.MOVED, CallResult.MESSAGE)

    def _ended(self, event: CallEnded) -> tuple[Outcome, ...]:
        journey = self._open.pop(event.call_id, None)
        if journey is None:
            return ()
        return (*journey.wait(event.at, WaitEnd.ABANDONED), Ended(journey.line, journey.result))

    def _spooled(self, event: CallSpooled) -> tuple[Outcome, ...]:
        journey = self._open.pop(event.call_id, None)
        line = journey.line if journey else str(event.payload.get("line", ""))
        return (Ended(line, CallResult.UNSEEN),)

    def _snapshot(self, event: SnapshotTaken) -> tuple[Outcome, ...]:
        """Asterisk holds the truth: drop calls that are gone, learn those that came, follow those that moved on."""
        held = {channel.call_id for channel in event.calls}
        outcomes: list[Outcome] = []
        for call_id in [c for c, j in self._open.items() if j.node == event.node and c not in held]:
            journey = self._open.pop(call_id)
            outcomes += [*journey.wait(event.at, WaitEnd.UNSEEN), Ended(journey.line, CallResult.UNSEEN)]
        for channel in event.calls:
            if channel.state is not CallState.ENDED:  # of those, CallEnded tells
                outcomes += self._seen(channel, event.node, event.at)
        return tuple(outcomes)

    def _seen(self, channel: ChannelSeen, node: str, at: datetime) -> tuple[Outcome, ...]:
        known = self._open.get(channel.call_id)
        journey = self._open[channel.call_id] = known or _Journey(node, channel.line)
        if channel.queued_at is None:
            return ()
        if channel.state not in WAITS:
            return self._stop_waiting(channel.call_id, at, WaitEnd.UNSEEN, CallResult.ANSWERED)
        if journey.waiting_since is not None and journey.queue == channel.queue:
            return ()
        since = at if known and known.result is not CallResult.MENU else channel.queued_at
        self._open[channel.call_id] = journey.waiting(channel.queue, since)
        return journey.wait(at, WaitEnd.UNSEEN)

    def _stop_waiting(self, call_id: str, at: datetime, end: WaitEnd, result: CallResult) -> tuple[Outcome, ...]:
        journey = self._open.get(call_id)
        if journey is None:
            return ()
        self._open[call_id] = replace(journey, waiting_since=None, result=result)
        return journey.wait(at, end)


STEPS: Mapping[type[Event], Callable[[Journeys, Any], tuple[Outcome, ...]]] = {
    CallStarted: Journeys._started,
    CallerQueued: Journeys._queued,
    AgentAnswered: Journeys._answered,
    VoicemailLeft: Journeys._message,
    CallEnded: Journeys._ended,
    CallSpooled: Journeys._spooled,
    SnapshotTaken: Journeys._snapshot,
}
