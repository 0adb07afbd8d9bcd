"""What follows when someone on duty dials a code, or their phone comes and goes?"""

from __future__ import annotations

from pathlib import Path

import pytest

from app import people
from app.handlers import HANDLERS
from app.state import Alarm, Centre
from calls.call import CallState
from calls.commands import AnswerCode, LogQueue, MirrorDuty
from calls.events import (
    AgentMissedRings,
    AgentNotReached,
    AlarmCleared,
    Duty,
    DutyChanged,
    Event,
    PhoneInUse,
    PhoneReachable,
    RingBackAnswered,
    RingBackAsked,
    Tick,
    WrapUpEnded,
)
from config.load import load
from routing.agent import AgentState, reserve
from tests.builders import NOON, a_call, a_paused_agent, an_agent, seconds

CONFIGURATION = load(Path(__file__).parents[3] / "config" / "sample" / "assistline.yaml")
FIRST, SECOND = "+442079461000", "+442079461001"


def a_centre(*nodes: str) -> Centre:
    agents = {"anna": an_agent("anna"), "nina": a_paused_agent("nina")}
    return Centre(configuration=CONFIGURATION, agents=agents, nodes=dict.fromkeys(nodes or ("pbx1",), ()))


def dialled(agent_id: str, duty: Duty, reason: str = "") -> DutyChanged:
    return DutyChanged(at=NOON, agent_id=agent_id, duty=duty, reason=reason, channel="PJSIP/x-1", node="pbx1")


def asks(centre: Centre, agent_id: str) -> tuple[str, str]:
    """What the phone that dialled *9 is told: the call, and the number to ring."""
    asked = RingBackAsked(at=NOON, agent_id=agent_id, node="pbx1", channel=f"PJSIP/{agent_id}-1")
    [answer] = people.ring_back_asked(centre, asked)
    assert isinstance(answer, AnswerCode) and answer.channel == asked.channel
    return answer.answer, answer.number


@pytest.mark.parametrize(
    ("agent_id", "duty", "logged", "paused"),
    [
        ("anna", Duty.OFF, ["AGENTLOGOFF"], True),
        ("anna", Duty.PAUSED, [], True),
        ("anna", Duty.READY, [], False),
        ("nina", Duty.READY, [], False),
    ],
)
def test_a_duty_is_mirrored_answered_and_kept(agent_id: str, duty: Duty, logged: list[str], paused: bool) -> None:
    centre = a_centre()
    results = list(people.duty_changed(centre, dialled(agent_id, duty, "lunch" if duty is Duty.PAUSED else "")))
    assert [one.event for one in results if isinstance(one, LogQueue)] == logged
    assert [one.paused for one in results if isinstance(one, MirrorDuty)] == [paused]
    assert results[-1] == AnswerCode(node="pbx1", channel="PJSIP/x-1", answer=f"agent-{duty}")
    assert centre.agents[agent_id].duty is duty


def test_every_connected_node_is_told_of_a_duty_and_no_other() -> None:
    centre = a_centre("pbx1", "pbx2", "pbx3")
    centre.nodes["pbx3"] = None
    results = list(people.duty_changed(centre, DutyChanged(at=NOON, agent_id="anna", duty=Duty.OFF)))
    assert [one.node for one in results if isinstance(one, MirrorDuty)] == ["pbx1", "pbx2"]
    assert not any(isinstance(one, AnswerCode) for one in results), "nobody at a phone waits for an answer"


def test_a_phone_of_nobody_is_told_so() -> None:
    results = list(people.duty_changed(a_centre(), dialled("ghost", Duty.READY)))
    assert results == [AnswerCode(node="pbx1", channel="PJSIP/x-1", answer="agent-not-known")]


def test_a_call_goes_on_when_its_agent_goes_off_duty() -> None:
    centre = a_centre()
    centre.agents["anna"] = an_agent("anna", state=AgentState.TALKING, call_id="call-1")
    list(people.duty_changed(centre, dialled("anna", Duty.OFF)))
    assert centre.agents["anna"].state is AgentState.TALKING


def test_what_asterisk_says_of_a_phone_is_kept() -> None:
    centre = a_centre()
    list(people.phone_reachable(centre, PhoneReachable(at=NOON, agent_id="anna", reachable=False)))
    list(people.phone_in_use(centre, PhoneInUse(at=NOON, agent_id="anna", in_use=True)))
    assert (centre.agents["anna"].reachable, centre.agents["anna"].phone_in_use) == (False, True)
    for happening in (people.phone_reachable, people.phone_in_use):
        assert list(happening(centre, PhoneInUse(at=NOON, agent_id="ghost", in_use=True))) == []  # type: ignore[arg-type]


def two_alarms() -> Centre:
    centre = a_centre()
    for nth, number in enumerate((SECOND, FIRST)):
        at = NOON - seconds(nth)
        centre.alarms[number] = Alarm(call_id=number, queue="emergency", at=at, number=number)
    return centre


def test_two_agents_ring_back_two_callers_the_oldest_first() -> None:
    centre = two_alarms()
    assert asks(centre, "anna") == (FIRST, FIRST)
    assert asks(centre, "anna") == (FIRST, FIRST), "who asks again means the same one"
    assert asks(centre, "nina") == (SECOND, SECOND)
    assert asks(centre, "boris") == ("nobody", "")


def test_who_puts_down_without_an_answer_leaves_the_alarm_to_others() -> None:
    centre = two_alarms()
    asks(centre, "anna")
    list(people.phone_in_use(centre, PhoneInUse(at=NOON, agent_id="anna", in_use=False)))
    assert asks(centre, "nina") == (FIRST, FIRST)


def test_an_alarm_is_cleared_when_the_caller_answers_and_only_once() -> None:
    centre = two_alarms()
    asks(centre, "anna")
    answered = RingBackAnswered(at=NOON, agent_id="anna", call_id=FIRST)
    [cleared] = people.ring_back_answered(centre, answered)
    assert cleared == AlarmCleared(at=NOON, call_id=FIRST, how="answered", agent_id="anna")
    list(people.alarm_cleared(centre, cleared))
    assert (list(centre.alarms), centre.ring_backs) == ([SECOND], {})
    assert list(people.ring_back_answered(centre, answered)) == []


def missed(centre: Centre, dial_status: str = "NOANSWER") -> list[Event]:
    """What follows from one more ring of anna's that was not answered."""
    centre.calls["one"] = a_call("one", state=CallState.RINGING, queue="operator", queued_at=NOON)
    centre.agents["anna"] = reserve(centre.agents["anna"], "one", 1, NOON)
    told = AgentNotReached(at=NOON, call_id="one", agent_id="anna", attempt=1, dial_status=dial_status)
    return [fact for fact in HANDLERS[AgentNotReached](centre, told) if isinstance(fact, Event)]


def test_who_does_not_answer_twice_in_a_row_is_paused_and_the_supervisor_told() -> None:
    centre = a_centre()
    assert missed(centre) == []
    assert missed(centre, "CANCEL") == [], "the caller gave up"
    told, paused = missed(centre)
    assert told == AgentMissedRings(at=NOON, agent_id="anna", misses=2)
    assert paused == DutyChanged(at=NOON, agent_id="anna", duty=Duty.PAUSED, reason="no-answer")
    assert list(HANDLERS[DutyChanged](centre, paused))[-1] == MirrorDuty(
        node="pbx1", agent_id="anna", paused=True, reason="no-answer"
    )
    assert (centre.agents["anna"].state, centre.agents["anna"].misses) == (AgentState.PAUSED, 0)
    assert missed(centre) == [], "who is on a break already is not paused again"


def test_the_last_who_is_ready_for_emergencies_is_told_of_but_not_paused_whatever_the_phone_rings_for() -> None:
    away = an_agent("nina", grade="doctor", reachable=False)
    for other, duties in ((away, 0), (an_agent("nina", grade="doctor"), 1), (an_agent("nina"), 0)):
        centre = a_centre()
        centre.agents.update(anna=an_agent("anna", grade="nurse"), nina=other)
        missed(centre)
        assert [type(fact) for fact in missed(centre)] == [AgentMissedRings] + [DutyChanged] * duties, other


def test_a_faulty_trunk_pauses_nobody() -> None:
    centre = a_centre()
    statuses = ("BUSY", "CHANUNAVAIL", "CONGESTION", "CHANUNAVAIL", "BUSY")
    assert [missed(centre, dial_status) for dial_status in statuses] == [[]] * 5


def test_wrap_up_that_is_over_is_told_once() -> None:
    centre = a_centre()
    centre.agents["anna"] = an_agent("anna", state=AgentState.WRAP_UP, wrap_up_until=NOON)
    assert list(HANDLERS[Tick](centre, Tick(at=NOON))) == [WrapUpEnded(at=NOON, agent_id="anna")]
    assert list(HANDLERS[Tick](centre, Tick(at=NOON + seconds(1)))) == []
