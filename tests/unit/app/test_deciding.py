"""Who is asked to ring after a fact, and is the agent taken from that moment on?"""

from __future__ import annotations

from typing import Any

import pytest

from app.deciding import DECISIVE, decide
from app.handlers import HANDLERS
from app.state import Centre
from calls.call import CallState
from calls.commands import GoToLastResort, RingAgent
from calls.events import AgentAnswered, Decided, Event, LastResortEntered, MenuEntered, Tick
from routing.agent import Agent, AgentState
from tests.builders import NOON, a_call, an_agent, seconds
from tests.unit.app.test_handlers import a_centre

NURSE = "lang:ru=9"


def a_waiting(call_id: str, **given: Any) -> Any:
    fields = {"state": CallState.WAITING, "queue": "emergency", "line": "emergency", "queued_at": NOON}
    return a_call(call_id, **{**fields, "waiting_since": NOON, **given})


def a_centre_of(*calls: Any, agents: tuple[Agent, ...] = ()) -> Centre:
    centre = a_centre(None, *agents)
    centre.calls.update({call.call_id: call for call in calls})
    return centre


def decided(centre: Centre, after: float = 1.0, event: Event | None = None) -> list[Any]:
    """The commands; the facts of what was decided are told besides."""
    told = list(decide(centre, event or Tick(at=NOON + seconds(after))))
    return [one for one in told if not isinstance(one, Decided)]


def test_an_agent_is_taken_from_the_moment_the_ring_is_asked_for() -> None:
    centre = a_centre_of(a_waiting("one"), a_waiting("two"), agents=(an_agent("elena", NURSE, "nurse"),))
    [ring] = decided(centre)
    assert isinstance(ring, RingAgent) and (ring.call_id, ring.agent_id) == ("one", "elena")
    elena = centre.agents["elena"]
    assert (elena.state, elena.call_id, elena.attempt) == (AgentState.RINGING, "one", ring.attempt)
    assert centre.rings["one"].attempt == ring.attempt
    assert decided(centre) == [], "neither the agent nor the call is asked for again"


def test_a_later_ring_has_a_greater_number() -> None:
    agents = (an_agent("elena", NURSE, "nurse"), an_agent("farid", NURSE, "nurse"))
    first, second = decided(a_centre_of(a_waiting("one"), a_waiting("two"), agents=agents))
    assert first.attempt < second.attempt and first.agent_id != second.agent_id


def test_with_nobody_on_duty_an_emergency_caller_goes_to_the_last_resort_once() -> None:
    centre = a_centre_of(a_waiting("one"))
    assert decided(centre) == [GoToLastResort(node="pbx1", call_id="one", channel="PJSIP/trunk-one")]
    assert centre.calls["one"].state is CallState.LAST_RESORT
    assert decided(centre) == []


def test_an_agent_who_gets_free_takes_the_call_out_of_the_last_resort_but_not_out_of_the_fallback() -> None:
    for state, rung in ((CallState.LAST_RESORT, True), (CallState.FALLBACK, False), (CallState.VOICEMAIL, False)):
        centre = a_centre_of(a_waiting("one", state=state), agents=(an_agent("elena", NURSE, "nurse"),))
        assert bool(decided(centre)) is rung, state


def test_a_caller_whom_the_last_resort_gave_back_is_not_sent_there_again_at_once() -> None:
    back = a_waiting("one", queue="direct", line="direct", back_since=NOON + seconds(70))
    assert decided(a_centre_of(back), after=129) == []
    assert [type(one) for one in decided(a_centre_of(back), after=130)] == [GoToLastResort]


@pytest.mark.parametrize(
    "event",
    [
        AgentAnswered(at=NOON, call_id="one", agent_id="anna"),
        MenuEntered(at=NOON, call_id="one", line="hotline", menu="hotline"),
        LastResortEntered(at=NOON, call_id="one"),
    ],
)
def test_what_frees_nobody_and_brings_nobody_is_no_reason_to_decide(event: Event) -> None:
    assert decided(a_centre_of(a_waiting("one"), agents=(an_agent("elena", NURSE, "nurse"),)), event=event) == []


def test_each_decision_is_told_with_its_reason() -> None:
    elena = an_agent("elena", NURSE, "nurse")
    [ring, _] = decide(a_centre_of(a_waiting("one"), agents=(elena,)), Tick(at=NOON))
    assert ring == Decided(
        at=NOON, call_id="one", decision="ring", reason="emergency", agent_id="elena", queue="emergency"
    )
    [left, _] = decide(a_centre_of(a_waiting("one")), Tick(at=NOON))
    assert (left.decision, left.reason, left.agent_id) == ("last-resort", "nobody-for-emergency", None)


def test_every_fact_that_decides_is_handled() -> None:
    assert set(HANDLERS) >= DECISIVE
