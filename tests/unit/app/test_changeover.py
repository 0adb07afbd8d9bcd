"""What becomes of callers and agents when another configuration comes into force?"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from app.changeover import NO_AGENT, obstacles
from app.deciding import decide
from app.state import Alarm, Centre, Ring
from calls.call import Call, CallState
from calls.commands import MirrorDuty, MoveToQueue
from calls.events import (
    AlarmRaised,
    CallEnded,
    CommandFailed,
    ConfigurationApplied,
    Duty,
    DutyChanged,
    EndedBy,
    Tick,
)
from calls.needs import Needs, parse_needs
from config.model import Configuration
from routing.agent import Agent, AgentProfile, AgentState
from tests.builders import NOON, a_call, an_agent, seconds
from tests.unit.app.test_handlers import CONFIGURATION, QUEUED, handle

LATER = NOON + seconds(60)


def without_claims(**given: Any) -> Configuration:
    """Another version: no queue for claims, and its callers go to the operator."""
    queues = {name: queue for name, queue in CONFIGURATION.queues.items() if name != "claims"}
    hotline = replace(CONFIGURATION.lines["hotline"], queue="operator")
    parts: dict[str, Any] = {"version": "two", "queues": queues, "lines": {**CONFIGURATION.lines, "hotline": hotline}}
    return replace(CONFIGURATION, **(parts | given))


def a_waiter(call_id: str, queue: str, **given: Any) -> Call:
    came = {"state": CallState.WAITING, "queue": queue, "queued_at": NOON, "waiting_since": NOON}
    return a_call(call_id, **(came | given))


def a_centre(*calls: Call, agents: tuple[Agent, ...] = ()) -> Centre:
    people = {agent.profile.agent_id: agent for agent in agents}
    centre = Centre(
        configuration=replace(CONFIGURATION, agents={name: agent.profile for name, agent in people.items()}),
        agents=people,
        calls={call.call_id: call for call in calls},
        nodes={"pbx1": ()},
    )
    list(decide(centre, Tick(at=NOON)))
    return centre


def applied(centre: Centre, proposed: Configuration) -> list[Any]:
    centre.proposed = proposed
    event = ConfigurationApplied(at=LATER, version=proposed.version, who="olena")
    return [*handle(centre, event), *decide(centre, event)]


def test_callers_keep_their_places_and_agents_what_they_are_at() -> None:
    busy = an_agent("anna", state=AgentState.TALKING, call_id="talk", duty=Duty.READY)
    talk = a_call("talk", state=CallState.TALK, queue="clinics", agent_id="anna")
    calls = [a_waiter("first", "clinics"), a_waiter("second", "clinics", queued_at=NOON + seconds(1)), talk]
    centre = a_centre(*calls, agents=(busy,))
    anna = replace(busy.profile, name="Anna Two")
    proposed = without_claims(agents={"anna": anna, "boris": CONFIGURATION.agents["boris"]})
    commands = applied(centre, proposed)
    assert centre.configuration is proposed
    assert [centre.floor.position(call_id) for call_id in ("first", "second")] == [1, 2]
    assert centre.agents["anna"] == replace(busy, profile=anna)
    assert (centre.agents["boris"].duty, centre.agents["boris"].since) == (Duty.OFF, LATER)
    assert [(one.agent_id, one.paused) for one in commands if isinstance(one, MirrorDuty)] == [
        ("anna", False),
        ("boris", True),
    ]
    assert not any(waiter.new for waiter in centre.floor.waiters.values())  # no overflow for those who come now


def renamed() -> Configuration:
    """Another version: the emergency queue has another name, which its lines know."""
    urgent = replace(CONFIGURATION.queues["emergency"], queue_id="urgent")
    queues = {"urgent": urgent, **{name: one for name, one in CONFIGURATION.queues.items() if name != "emergency"}}
    line = replace(CONFIGURATION.lines["emergency"], queue="urgent")
    return replace(
        CONFIGURATION, version="two", queues=queues, lines={**CONFIGURATION.lines, "emergency": line}, agents={}
    )


def test_who_pressed_nine_while_the_emergency_queue_was_renamed_stays_an_emergency() -> None:
    centre = a_centre()
    applied(centre, renamed())
    list(handle(centre, replace(QUEUED, queue="emergency", at=LATER, queued_at=LATER)))
    moved = [one for one in handle(centre, Tick(at=LATER)) if isinstance(one, MoveToQueue)]
    assert [one.queue for one in moved] == ["urgent"]


def test_who_gives_up_on_the_way_to_a_renamed_emergency_queue_is_an_alarm() -> None:
    centre = a_centre()
    applied(centre, renamed())
    list(handle(centre, replace(QUEUED, queue="emergency", at=LATER, queued_at=LATER)))
    gone = CallEnded(at=LATER, call_id="call-1", state=CallState.WAITING, cause=16, by=EndedBy.CALLER)
    assert AlarmRaised(at=LATER, call_id="call-1", queue="emergency") in list(handle(centre, gone))


def test_who_waits_in_a_queue_that_is_gone_is_led_on_once() -> None:
    centre = a_centre(a_waiter("one", "claims"), a_waiter("rung", "claims"))
    centre.rings["rung"] = Ring(agent_id="anna", attempt=1, asked_at=LATER)
    applied(centre, without_claims())
    assert "one" not in centre.floor.waiting
    [moved] = handle(centre, Tick(at=LATER))
    assert isinstance(moved, MoveToQueue)
    assert (moved.call_id, moved.queue) == ("one", "operator")
    assert handle(centre, Tick(at=LATER + seconds(1))) == []


APPROVALS = (("desk:approvals", 1), ("desk:claims", 1), ("lang:ru", 1))
"""What a caller asks for in claims after a menu that adds to what the queue asks for."""


def who_can(*, all_of_it: bool = True) -> dict[str, AgentProfile]:
    of_the_queue = (*CONFIGURATION.queues["claims"].needs, ("lang:ru", 1))
    able = {"boris": replace(CONFIGURATION.agents["boris"], skills=of_the_queue)}
    return able | ({"anna": replace(CONFIGURATION.agents["anna"], skills=APPROVALS)} if all_of_it else {})


def who_asks_in_vain(**given: Any) -> tuple[Centre, Configuration]:
    """A caller for whom Anna was the only one, and the configuration without her."""
    asks = {"needs": APPROVALS, "lang": "ru"}
    busy: dict[str, Any] = {"duty": Duty.READY, "state": AgentState.TALKING, "call_id": "another"}
    agents = tuple(replace(an_agent(name, **busy), profile=profile) for name, profile in who_can().items())
    centre = a_centre(a_waiter("one", "claims", **(asks | given)), agents=agents)
    return centre, replace(CONFIGURATION, version="two", agents=who_can(all_of_it=False))


def led_on(centre: Centre, at: datetime) -> list[tuple[str, str]]:
    """Who is sent where at this tick."""
    return [(one.call_id, one.queue) for one in handle(centre, Tick(at=at)) if isinstance(one, MoveToQueue)]


def waits_again(centre: Centre, needs: Needs) -> None:
    handle(centre, replace(QUEUED, call_id="one", needs=needs, queued_at=NOON, at=LATER))


def test_who_waits_for_what_nobody_is_left_for_asks_for_less_in_the_old_place() -> None:
    centre, proposed = who_asks_in_vain()
    assert led_on(centre, NOON) == []
    applied(centre, proposed)
    assert led_on(centre, LATER) == [("one", "claims")]
    assert led_on(centre, LATER + seconds(1)) == []
    waits_again(centre, parse_needs("desk:claims=1&lang:ru=1"))
    list(decide(centre, Tick(at=LATER)))
    assert centre.floor.waiting["one"].waiting_since == NOON
    assert led_on(centre, LATER + seconds(2)) == []


@pytest.mark.parametrize("state", [CallState.RINGING, CallState.LAST_RESORT])
def test_who_comes_back_to_waiting_asks_for_less_then(state: CallState) -> None:
    centre, proposed = who_asks_in_vain(state=state)
    applied(centre, proposed)
    assert led_on(centre, LATER) == []
    waits_again(centre, APPROVALS)
    assert led_on(centre, LATER) == [("one", "claims")]


def test_a_move_that_does_not_begin_is_asked_for_again() -> None:
    centre, proposed = who_asks_in_vain()
    applied(centre, proposed)
    assert led_on(centre, LATER) == [("one", "claims")]
    told = handle(centre, Tick(at=LATER + seconds(4)))
    [failed] = [one for one in told if isinstance(one, CommandFailed)]
    handle(centre, failed)
    assert led_on(centre, LATER + seconds(5)) == [("one", "claims")]


def test_who_asks_for_what_somebody_can_again_or_nobody_ever_could_is_left_alone() -> None:
    centre, proposed = who_asks_in_vain()
    applied(centre, proposed)
    applied(centre, replace(proposed, version="three", agents=who_can()))
    assert led_on(centre, LATER) == []
    centre, proposed = who_asks_in_vain(needs=(*APPROVALS, ("skill:none", 1)))
    applied(centre, proposed)
    assert led_on(centre, LATER) == []


def test_an_agent_whose_phone_is_taken_away_can_be_rung_on_the_mobile_and_of_a_new_phone_nothing_is_known() -> None:
    away = an_agent("anna", reachable=False, phone_in_use=True)
    outside = an_agent("boris")
    outside = replace(outside, profile=replace(outside.profile, extension=None, mobile="+447700900123"))
    centre = a_centre(agents=(away, outside))
    swapped = {
        "anna": replace(away.profile, extension=None, mobile="+447700900124"),
        "boris": replace(outside.profile, extension="102", mobile=None),
    }
    applied(centre, without_claims(agents=swapped))
    assert [(one.reachable, one.phone_in_use) for one in centre.agents.values()] == [(True, False), (False, False)]


def test_who_is_no_agent_any_more_finishes_the_talk_and_goes() -> None:
    busy = an_agent("anna", state=AgentState.TALKING, call_id="talk", duty=Duty.READY)
    idle = an_agent("boris", duty=Duty.READY)
    centre = a_centre(a_call("talk", state=CallState.TALK, queue="clinics", agent_id="anna"), agents=(busy, idle))
    told = [one for one in applied(centre, without_claims(agents={})) if isinstance(one, DutyChanged)]
    assert [(one.agent_id, one.duty, one.reason) for one in told] == [
        ("anna", Duty.OFF, NO_AGENT),
        ("boris", Duty.OFF, NO_AGENT),
    ]
    for one in told:
        handle(centre, one)
    handle(centre, Tick(at=LATER))
    assert list(centre.agents) == ["anna"]
    centre.agents["anna"] = replace(centre.agents["anna"], state=AgentState.OFFLINE, call_id=None)
    handle(centre, Tick(at=LATER))
    list(decide(centre, Tick(at=LATER)))
    assert not centre.agents


def test_what_was_learned_of_the_wait_stays() -> None:
    agents = (an_agent("anna", duty=Duty.READY, state=AgentState.TALKING, call_id="x", reachable=True),)
    centre = a_centre(a_waiter("one", "clinics"), agents=agents)
    [caller] = centre.floor.waiting.values()
    before = centre.estimator.estimate(caller, LATER)
    applied(centre, without_claims(agents=centre.configuration.agents))
    assert before is not None
    assert centre.estimator.estimate(caller, LATER) == before


def test_an_announcement_of_another_version_changes_nothing() -> None:
    centre = a_centre()
    centre.proposed = without_claims()
    assert handle(centre, ConfigurationApplied(at=LATER, version="three", who="olena")) == []
    assert centre.configuration.version == CONFIGURATION.version


def test_an_emergency_queue_with_callers_or_alarms_cannot_be_taken_out() -> None:
    proposed = replace(
        CONFIGURATION, queues={name: queue for name, queue in CONFIGURATION.queues.items() if name != "emergency"}
    )
    centre = a_centre()
    assert obstacles(centre, proposed) == []
    centre.calls["one"] = a_waiter("one", "emergency")
    [reason] = obstacles(centre, proposed)
    assert reason.startswith("queues.emergency: ")
    del centre.calls["one"]
    centre.alarms["one"] = Alarm(call_id="one", queue="emergency", at=NOON)
    assert len(obstacles(centre, proposed)) == 1
    assert obstacles(centre, without_claims()) == []
