"""A centre of the sample in which a test says what happens when, and what history would have of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from app.deciding import decide
from app.engine import Engine
from app.followed import Followed
from app.handlers import HANDLERS
from app.past import at_start
from app.reconcile import tells_news
from app.witness import Witness
from app.wording import Wording
from calls.call import CallState
from calls.events import (
    AgentAnswered,
    AgentNotReached,
    AgentRinging,
    CallEnded,
    CallerQueued,
    CallStarted,
    Decided,
    Duty,
    EndedBy,
    Event,
    ServiceStarted,
    SnapshotTaken,
    TalkEnded,
    Tick,
)
from calls.needs import parse_needs
from config.load import load
from config.model import Configuration
from storage.codec import StoredEvent, decode, encode, from_line, to_line
from tests.builders import NOON, seconds
from tests.e2e.centre import SAMPLE

CONFIGURATION = load(SAMPLE)


class Played:
    """``ready`` are on duty since an hour. Each method is something that happens so many seconds after noon; an agent
    who answers or not is the one whom the router has rung."""

    def __init__(self, *ready: str, configuration: Configuration = CONFIGURATION) -> None:
        self.configuration = configuration
        hour_ago = NOON - seconds(3600)
        started = ServiceStarted(at=NOON, duties=tuple((one, Duty.READY, "", hour_ago) for one in ready))
        self.events: list[Event] = [started]
        self.centre = at_start(configuration, started)
        self.engine = Engine(self.centre, HANDLERS, decide, lambda _: None, [self._keep], self)
        everybody = frozenset(CONFIGURATION.agents)
        self.happens(0, SnapshotTaken(at=NOON, node="n", calls=(), reachable=everybody, in_use=frozenset()))

    def _keep(self, event: Event) -> None:
        if type(event) is not Tick and (type(event) is not SnapshotTaken or tells_news(self.centre, event)):
            self.events.append(event)

    def handled(self, seconds: float) -> None: ...

    def handler_failed(self, event: Event) -> None:
        raise AssertionError(f"{type(event).__name__} was not handled")

    def happens(self, after: float, *events: Event) -> None:
        """After a tick of the engine, unless it is the very beginning."""
        if after:
            self.engine.step(Tick(at=NOON + seconds(after - 0.001)))
        for event in events:
            self.engine.step(replace(event, at=NOON + seconds(after)))

    def calls(self, after: float, call_id: str, queue: str, asked: str = "lang:ru=3", **given: Any) -> None:
        about = {"at": NOON, "call_id": call_id, "node": "n", "channel": f"PJSIP/{call_id}", "number": "+442079461000"}
        line = given.pop("line", "hotline")
        levels = parse_needs(asked) + CONFIGURATION.queues[queue].needs
        began = NOON + seconds(after)
        queued = CallerQueued(**about, line=line, queue=queue, lang="ru", needs=levels, queued_at=began, **given)
        self.happens(after, CallStarted(**about, line=line), queued)

    def _rung(self, call_id: str) -> tuple[str, int]:
        told = [one for one in self.events if isinstance(one, Decided) and one.call_id == call_id]
        return told[-1].agent_id or "", self.centre.last_attempt

    def rings(self, after: float, call_id: str) -> str:
        agent_id, attempt = self._rung(call_id)
        self.happens(after, AgentRinging(at=NOON, call_id=call_id, agent_id=agent_id, attempt=attempt))
        return agent_id

    def does_not_answer(self, after: float, call_id: str) -> None:
        call = self.centre.calls[call_id]
        missed = {"agent_id": call.agent_id or "", "attempt": call.attempt, "dial_status": "NOANSWER"}
        assert call.queued_at
        about: dict[str, Any] = {"node": "n", "channel": call.channel, "line": call.line, "lang": "ru"}
        back = CallerQueued(
            at=NOON, call_id=call_id, queue=call.queue, needs=call.needs, queued_at=call.queued_at, **about
        )
        self.happens(after, AgentNotReached(at=NOON, call_id=call_id, **missed), back)  # type: ignore[arg-type]

    def answers(self, after: float, call_id: str) -> None:
        agent_id, _ = self._rung(call_id)
        self.happens(after, AgentAnswered(at=NOON, call_id=call_id, agent_id=agent_id))

    def talks(self, after: float, call_id: str, queue: str, asked: str = "lang:ru=3", **given: Any) -> str:
        """Somebody calls, is rung for and answered at once."""
        self.calls(after, call_id, queue, asked, **given)
        agent_id = self.rings(after, call_id)
        self.answers(after, call_id)
        return agent_id

    def puts_down(self, after: float, call_id: str) -> None:
        agent_id = self.centre.calls[call_id].agent_id or ""
        ended = CallEnded(at=NOON, call_id=call_id, state=CallState.TALK, cause=16, by=EndedBy.AGENT)
        self.happens(after, TalkEnded(at=NOON, call_id=call_id, agent_id=agent_id, by=EndedBy.AGENT), ended)

    def hangs_up(self, after: float, call_id: str) -> None:
        state = self.centre.calls[call_id].state
        self.happens(after, CallEnded(at=NOON, call_id=call_id, state=state, cause=16, by=EndedBy.CALLER))

    def passes(self, after: float) -> None:
        self.happens(after)

    # --- what is left of it -----------------------------------------------------------------------------------------

    def rows(self) -> list[StoredEvent]:
        """As history stores them."""
        events = enumerate(self.events, 1)
        return [from_line(to_line(encode(event, "run", seq, CONFIGURATION.version))) for seq, event in events]

    def retold(self, call_id: str) -> list[str]:
        """The story of a call, made of the rows alone; each line begins with the seconds after noon, in Moscow."""
        witness, wording = Witness(call_id), Wording(self.configuration)
        events = [event for event in map(decode, self.rows()) if event]
        followed = follow(events, witness, self.configuration)
        assert followed.differences == []
        return [wording.line(fact) for fact in witness.facts]


def follow(
    events: Iterable[Event], witness: Witness | None = None, configuration: Configuration = CONFIGURATION
) -> Followed:
    """Follow the facts of a run from its first."""
    started, *others = events
    assert isinstance(started, ServiceStarted)
    followed = Followed(at_start(configuration, started), witness)
    followed.follow(others)
    return followed


def a_played() -> Played:
    """Two callers; the second is rung for when the first talk and the wrap-up are over."""
    centre = Played("nina")
    centre.talks(1, "one", "operator")
    centre.calls(3, "two", "operator")
    centre.puts_down(20, "one")
    centre.passes(35.5)
    centre.rings(35.6, "two")
    centre.answers(40, "two")
    return centre
