"""When does an emergency caller whom nobody answered stand as an alarm, and can be rung back?"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from app.handlers import HANDLERS
from app.out_of_sight import call_spooled
from app.people import ring_back_answered, ring_back_asked
from app.state import Alarm, Centre
from calls.call import INTERNAL_LINE, CallState
from calls.commands import AnswerCode
from calls.events import AgentAnswered, AlarmCleared, AlarmRaised, CallSpooled, RingBackAnswered, RingBackAsked
from config.load import load
from tests.builders import NOON, a_call

NUMBER = "+442079461000"


@pytest.fixture
def centre() -> Centre:
    return Centre(configuration=load(Path("config/sample/assistline.yaml")), agents={})


def spooled(queue: str, state: str, voicemail: str = "") -> CallSpooled:
    told: dict[str, object] = {"queue": queue, "state": state, "number": NUMBER, "voicemail": voicemail}
    return CallSpooled(at=NOON, call_id="node1-1.1", payload=told)


@pytest.mark.parametrize(
    ("queue", "state", "raised"),
    [
        ("emergency", "fallback", True),
        ("emergency", "waiting", True),
        ("emergency", "ended", False),
        ("emergency", "fallback-talk", False),
        ("operator", "fallback", False),
    ],
)
def test_an_emergency_caller_who_gave_up_while_we_were_away_is_an_alarm(
    centre: Centre, queue: str, state: str, raised: bool
) -> None:
    told = list(call_spooled(centre, spooled(queue, state)))
    assert [type(one) for one in told] == ([AlarmRaised] if raised else [])


@pytest.mark.parametrize(("state", "voicemail"), [("voicemail", ""), ("voicemail", "1"), ("ended", "1")])
def test_an_emergency_caller_who_left_a_message_while_we_were_away_is_an_alarm(
    centre: Centre, state: str, voicemail: str
) -> None:
    """As one is who leaves it while we are there: nobody has talked with them."""
    told = list(call_spooled(centre, spooled("emergency", state, voicemail)))
    assert [type(one) for one in told] == [AlarmRaised]
    assert list(call_spooled(centre, spooled("operator", state, voicemail))) == []


def test_that_caller_can_be_rung_back_and_a_second_telling_raises_no_second_alarm(centre: Centre) -> None:
    list(call_spooled(centre, spooled("emergency", "fallback")))
    assert list(call_spooled(centre, spooled("emergency", "fallback"))) == []
    asked = RingBackAsked(at=NOON, agent_id="anna", node="node1", channel="PJSIP/anna-1")
    [answer] = ring_back_asked(centre, asked)
    assert isinstance(answer, AnswerCode) and (answer.answer, answer.number) == ("node1-1.1", NUMBER)


@pytest.mark.parametrize("sent", ["", "+", "1+1", "112", "5" * 32])
def test_a_number_that_cannot_be_rung_holds_up_nobody(centre: Centre, sent: str) -> None:
    """A caller sends what they like as their number, and the oldest alarm is rung back first."""
    for nth, number in enumerate([sent, NUMBER]):
        at = NOON + timedelta(seconds=nth)
        centre.alarms[str(nth)] = Alarm(call_id=str(nth), queue="emergency", at=at, number=number)
    [answer] = ring_back_asked(centre, RingBackAsked(at=NOON, agent_id="anna", node="node1", channel="PJSIP/anna-1"))
    assert isinstance(answer, AnswerCode) and (answer.answer, answer.number) == ("1", NUMBER)


# --- who calls again and again --------------------------------------------------------------------------------------


@pytest.fixture
def persistent(centre: Centre) -> Centre:
    """Two alarms of one number, one of another, and two of numbers withheld."""
    for nth, number in enumerate([NUMBER, NUMBER, "+442079461001", "", ""]):
        at = NOON + timedelta(seconds=nth)
        centre.alarms[str(nth)] = Alarm(call_id=str(nth), queue="emergency", at=at, number=number)
    return centre


def cleared(told: object) -> list[str]:
    assert isinstance(told, list) and all(type(one) is AlarmCleared and one.how == "answered" for one in told), told
    return [one.call_id for one in told]


def answered(centre: Centre, number: str, queue: str = "emergency", line: str = "emergency") -> list[str]:
    call = a_call("again", queue=queue, line=line, number=number, state=CallState.RINGING, agent_id="anna", attempt=7)
    centre.calls["again"] = call
    event = AgentAnswered(at=NOON, call_id="again", agent_id="anna")
    return cleared([one for one in HANDLERS[AgentAnswered](centre, event) if type(one) is AlarmCleared])


def test_all_alarms_of_who_is_answered_at_last_are_cleared(persistent: Centre) -> None:
    assert answered(persistent, NUMBER) == ["0", "1"]


@pytest.mark.parametrize(
    ("number", "queue", "line"),
    [
        ("", "emergency", "emergency"),
        ("+442079461002", "emergency", "emergency"),
        (NUMBER, "operator", "hotline"),
        (NUMBER, "emergency", INTERNAL_LINE),
    ],
)
def test_no_alarm_is_cleared_for_who_may_be_somebody_else(
    persistent: Centre, number: str, queue: str, line: str
) -> None:
    assert answered(persistent, number, queue, line) == []


def test_a_talk_after_ringing_back_clears_the_other_alarms_of_that_number(persistent: Centre) -> None:
    talked = RingBackAnswered(at=NOON, agent_id="anna", call_id="1")
    assert cleared(list(ring_back_answered(persistent, talked))) == ["0", "1"]
    unknown = RingBackAnswered(at=NOON, agent_id="anna", call_id="3")
    assert cleared(list(ring_back_answered(persistent, unknown))) == ["3"]


def test_nobody_is_rung_back_by_two_agents_at_once(persistent: Centre) -> None:
    def rung_back(agent_id: str) -> str:
        asked = RingBackAsked(at=NOON, agent_id=agent_id, node="node1", channel=f"PJSIP/{agent_id}-1")
        [answer] = ring_back_asked(persistent, asked)
        assert isinstance(answer, AnswerCode)
        return answer.answer

    assert [rung_back("anna"), rung_back("boris"), rung_back("anna"), rung_back("galina")] == ["0", "2", "0", "nobody"]
