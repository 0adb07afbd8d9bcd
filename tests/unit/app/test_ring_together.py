"""Are all who ring together for one caller taken, and whoever was not the quickest let go with nothing missed?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.deciding import decide
from app.state import Centre
from calls.call import CallState
from calls.commands import ReturnToWaiting, RingAgent
from calls.events import AgentAnswered, AgentNotReached, AgentRinging, AnsweredElsewhere, CallerQueued, Decided, Tick
from routing.agent import AgentState
from tests.builders import NOON, a_call, an_agent, seconds
from tests.unit.app.test_handlers import CONFIGURATION, handle

NAMES = ("anna", "boris", "clara")
S = AgentState


def a_team(grade: str = "dispatcher") -> tuple[Centre, RingAgent]:
    """Three phones ring for a caller on the direct line."""
    queues = CONFIGURATION.queues
    three = replace(queues["direct"], ring_at_once=3, needs=())
    call = a_call("one", state=CallState.WAITING, queue="direct", line="direct", queued_at=NOON, waiting_since=NOON)
    centre = Centre(
        configuration=replace(
            CONFIGURATION, queues={**queues, "direct": three, "emergency": replace(queues["emergency"], reserve=0)}
        ),
        agents={name: an_agent(name, "lang:ru=9", grade) for name in NAMES},
        calls={"one": call},
        nodes={"pbx1": ()},
    )
    told, ring = decide(centre, Tick(at=NOON + seconds(1)))
    assert isinstance(ring, RingAgent) and isinstance(told, Decided)
    assert (told.agent_id, told.besides) == (ring.agent_id, ring.besides) == ("anna", ("boris", "clara"))
    return centre, ring


def all_ring(centre: Centre, ring: RingAgent) -> dict[str, Any]:
    about: dict[str, Any] = {"at": NOON + seconds(1), "call_id": "one", "attempt": ring.attempt}
    for name in NAMES:
        handle(centre, AgentRinging(agent_id=name, **about))
    return about


def states(centre: Centre) -> list[AgentState]:
    return [centre.agents[name].state for name in NAMES]


def test_all_are_taken_before_the_first_phone_rings_and_stay_so_as_one_after_the_other_does() -> None:
    centre, ring = a_team()
    assert states(centre) == [S.RINGING] * 3
    all_ring(centre, ring)
    assert states(centre) == [S.RINGING] * 3
    assert (centre.calls["one"].agent_id, centre.calls["one"].state) == ("anna", CallState.RINGING)


def test_whoever_was_not_the_quickest_is_free_at_once_and_has_missed_nothing() -> None:
    centre, ring = a_team()
    about = all_ring(centre, ring)
    for name in ("anna", "clara"):
        handle(centre, AnsweredElsewhere(agent_id=name, **about))
    assert states(centre) == [S.READY, S.RINGING, S.READY], "while boris still hears the whisper"
    assert {(centre.agents[name].misses, centre.agents[name].not_before) for name in NAMES} == {(0, None)}
    assert centre.agents["anna"].missed == ""
    handle(centre, AgentAnswered(at=NOON, call_id="one", agent_id="boris"))
    handle(centre, AnsweredElsewhere(agent_id="boris", **about))
    assert states(centre) == [S.READY, S.TALKING, S.READY], "news that comes late ends no talk"


def test_a_busy_phone_leaves_the_others_ringing_and_each_has_missed_whom_nobody_answered() -> None:
    centre, ring = a_team()
    about = all_ring(centre, ring)
    handle(centre, AgentNotReached(agent_id="anna", dial_status="BUSY", **about))
    assert states(centre) == [S.READY, S.RINGING, S.RINGING]
    for name in ("boris", "clara"):
        handle(centre, AgentNotReached(agent_id=name, dial_status="NOANSWER", **about))
    assert [centre.agents[name].misses for name in NAMES] == [0, 1, 1]
    assert [centre.agents[name].missed for name in NAMES] == ["one"] * 3


def test_two_emergencies_that_need_two_of_the_phones_end_the_ring_by_one_command() -> None:
    centre, ring = a_team("nurse")
    all_ring(centre, ring)
    for call_id in ("two", "three"):
        needs = (("grade:nurse", 1), ("lang:ru", 1))
        urgent = {"queue": "emergency", "line": "emergency", "needs": needs, "queued_at": NOON, "waiting_since": NOON}
        centre.calls[call_id] = a_call(call_id, state=CallState.WAITING, **urgent)
    results = list(decide(centre, Tick(at=NOON + seconds(2))))
    assert [one.call_id for one in results if isinstance(one, ReturnToWaiting)] == ["one"]
    back = CallerQueued(
        at=NOON + seconds(2), call_id="one", node="pbx1", channel="PJSIP/trunk-one", line="direct", queue="direct",
        lang="ru", needs=(), queued_at=NOON,
    )  # fmt: skip
    rung = [one for one in handle(centre, back) if isinstance(one, RingAgent)]
    assert sorted(one.call_id for one in rung) == ["three", "two"] and len({one.agent_id for one in rung}) == 2
    assert sorted(str(centre.agents[name].call_id) for name in NAMES) == ["None", "three", "two"]
