"""Who rings besides the agent whom a caller is given, where a queue has several phones ring at once?"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from routing.agent import Agent
from routing.assign import Ring, assign
from routing.explain import Reason
from routing.floor import Floor
from routing.waiting import WaitingCall
from tests.builders import NOON, a_profile, a_queue, a_waiting_call, an_agent, seconds

QUEUES = {
    "general": a_queue("general"),
    "team": a_queue("team", ring_at_once=3, preferred_seconds=20.0),
}


def rung(waiting: Iterable[WaitingCall], *agents: Agent) -> list[Ring]:
    floor = Floor(QUEUES, agents)
    for call in waiting:
        floor.put(call)
    return [one for one in assign(floor, NOON) if isinstance(one, Ring)]


def test_several_are_rung_together_the_longest_idle_first() -> None:
    idle = [an_agent(name, since=NOON - seconds(since)) for name, since in zip("abcd", (10, 40, 30, 20), strict=True)]
    [ring] = rung([a_waiting_call(queue="team")], *idle)
    assert ring == Ring("call-1", "b", Reason.MOST_ENDANGERED, besides=("c", "d"))


def test_nobody_rings_besides_whom_another_caller_can_have() -> None:
    waiting = [a_waiting_call("first", queue="team", waited=20), a_waiting_call("second", waited=10)]
    found = rung(waiting, an_agent("anna"), an_agent("boris"), an_agent("clara"))
    assert [(one.call_id, one.besides) for one in found] == [("first", ("clara",)), ("second", ())]


@pytest.mark.parametrize(
    ("agents", "preferred", "together"),
    [
        ([an_agent("anna"), an_agent("boris", profile=a_profile("boris", extension=None))], None, ("anna", ())),
        ([an_agent("anna", profile=a_profile("anna", extension=None)), an_agent("boris")], None, ("anna", ())),
        ([an_agent("anna"), an_agent("boris")], "boris", ("boris", ())),
        ([an_agent("anna"), an_agent("boris", missed="call-1"), an_agent("clara")], None, ("anna", ("clara", "boris"))),
        ([an_agent("anna"), an_agent("boris", not_before=NOON + seconds(3))], None, ("anna", ())),
    ],
    ids=["nobody outside besides", "who is outside alone", "who is preferred alone", "who missed it last", "no rest"],
)
def test_who_rings_together(agents: list[Agent], preferred: str | None, together: tuple[str, tuple[str, ...]]) -> None:
    [ring] = rung([a_waiting_call(queue="team", preferred=preferred)], *agents)
    assert (ring.agent_id, ring.besides) == together


def test_the_reserve_for_emergencies_does_not_ring_besides() -> None:
    queues = {**QUEUES, "emergency": a_queue("emergency", emergency=True, reserve=1)}
    floor = Floor(queues, [an_agent("anna"), an_agent("boris"), an_agent("clara")])
    floor.put(a_waiting_call(queue="team"))
    [ring] = assign(floor, NOON)
    assert isinstance(ring, Ring) and (ring.agent_id, ring.besides) == ("anna", ("boris",))
