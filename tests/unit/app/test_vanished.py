"""What becomes of the calls that an earlier run left open? Those that Asterisk has no more end, and once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from app.handlers import HANDLERS
from app.state import Centre
from app.vanished import Vanished
from calls.call import CallState
from calls.commands import Command
from calls.events import AlarmRaised, CallEnded, CallVanished, ChannelSeen, EndedBy, Event, SnapshotTaken
from config.load import load
from storage.errors import DatabaseAway
from tests.builders import NOON, seconds
from tests.e2e.centre import SAMPLE


def a_vanished(call_id: str, **given: Any) -> CallVanished:
    vanished = CallVanished(
        at=NOON, call_id=call_id, node="node1", line="emergency", queue="emergency", state=CallState.WAITING,
        started_at=NOON, agent_id=None, number="+442079460999",
    )  # fmt: skip
    return replace(vanished, **given)


def a_snapshot(*call_ids: str) -> SnapshotTaken:
    calls = tuple(
        ChannelSeen(
            call_id=call_id, channel="c", line="emergency", lang="ru", queue="emergency", needs=(), agent_id=None,
            state=CallState.WAITING, queued_at=NOON, number="", started_at=NOON,
        )
        for call_id in call_ids
    )  # fmt: skip
    return SnapshotTaken(at=NOON, node="node1", calls=calls, reachable=frozenset(), in_use=frozenset())


async def test_the_calls_that_the_first_snapshot_does_not_hold_are_told_as_vanished() -> None:
    answers = [DatabaseAway("not yet"), [a_vanished("gone"), a_vanished("there")]]

    async def left_open() -> list[CallVanished]:
        answer = answers.pop(0)
        if isinstance(answer, DatabaseAway):
            raise answer
        return answer

    told: list[Event] = []
    caught_up = asyncio.Event()
    vanished = Vanished(retry_seconds=0.01)
    telling = asyncio.create_task(vanished.tell(caught_up.wait, left_open, told.append))
    vanished.observe(a_snapshot("there"))
    vanished.observe(a_snapshot("gone"))  # a later one changes nothing
    await asyncio.sleep(0)
    assert not told, "history has not caught up"
    caught_up.set()
    await telling
    assert [event.call_id for event in told if isinstance(event, CallVanished)] == ["gone"]


def test_a_vanished_emergency_caller_whom_nobody_answered_is_an_alarm() -> None:
    centre = Centre(configuration=load(SAMPLE), agents={})
    said = run(centre, a_vanished("gone", at=NOON - seconds(60)))
    [ended] = [event for event in said if isinstance(event, CallEnded)]
    assert (ended.at, ended.by) == (NOON - seconds(60), EndedBy.SYSTEM)
    assert [event.call_id for event in said if isinstance(event, AlarmRaised)] == ["gone"]
    assert centre.alarms["gone"].number == "+442079460999" and not centre.calls


def test_a_vanished_talk_is_no_alarm() -> None:
    centre = Centre(configuration=load(SAMPLE), agents={})
    assert not [e for e in run(centre, a_vanished("gone", state=CallState.TALK)) if isinstance(e, AlarmRaised)]
    assert not centre.alarms and not centre.calls


def run(centre: Centre, event: Event) -> list[Command | Event]:
    """What follows from the event, and from what follows."""
    said: list[Command | Event] = []
    pending = [event]
    while pending:
        fact = pending.pop(0)
        for result in HANDLERS[type(fact)](centre, fact) if type(fact) in HANDLERS else ():
            said.append(result)
            if isinstance(result, Event):
                pending.append(result)
    return said
