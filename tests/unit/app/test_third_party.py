"""Is who takes part in another's talk as busy as they are?"""

from __future__ import annotations

from dataclasses import replace

from app.state import Centre
from calls.call import CallState, ThirdPartyMode
from calls.commands import AnswerCode, DrawIn
from calls.events import (
    AgentAnswered,
    Event,
    SnapshotTaken,
    ThirdPartyAsked,
    ThirdPartyJoined,
    ThirdPartyLeft,
    ThirdPartyNotReached,
)
from routing.agent import AgentState
from tests.builders import NOON, a_call, an_agent, seconds
from tests.unit.app.test_handlers import a_centre, handle
from tests.unit.app.test_reconcile import seen

TALK = ThirdPartyMode.TALK
ASKED = ThirdPartyAsked(
    at=NOON, call_id="call-1", agent_id="anna", queue="doctors", node="pbx1", channel="PJSIP/anna-9"
)


def a_talk(lang: str = "ru") -> Centre:
    """Anna talks; Galina and Ivan are doctors and free, Ivan alone speaks English."""
    call = a_call(state=CallState.TALK, agent_id="anna", lang=lang)
    return a_centre(
        call,
        an_agent("anna", state=AgentState.TALKING, call_id="call-1"),
        an_agent("galina", skills="desk:approvals=8&lang:ru=9", since=NOON - seconds(120)),
        an_agent("ivan", skills="desk:approvals=7&lang:en=7&lang:ru=9"),
    )


def test_somebody_of_the_queue_that_the_agent_asked_for_is_rung() -> None:
    centre = a_talk()
    drawn, answer = handle(centre, ASKED)
    assert drawn == DrawIn(node="pbx1", call_id="call-1", channel="PJSIP/trunk-call-1", agent_id="galina", mode=TALK)
    assert answer == AnswerCode(node="pbx1", channel="PJSIP/anna-9", answer="calling-in")
    assert centre.agents["galina"].state is AgentState.RINGING


def test_where_nobody_is_free_the_agent_is_told_so() -> None:
    [answer] = handle(a_talk("az"), ASKED)
    assert answer == AnswerCode(node="pbx1", channel="PJSIP/anna-9", answer="nobody-free")


def test_a_third_party_talks_and_is_free_again_and_the_talk_is_untouched() -> None:
    centre = a_talk()
    handle(centre, ASKED)
    handle(centre, ThirdPartyJoined(at=NOON, call_id="call-1", agent_id="galina", mode=TALK))
    assert centre.agents["galina"].state is AgentState.TALKING
    handle(centre, ThirdPartyLeft(at=NOON, call_id="call-1", agent_id="galina", mode=TALK))
    assert centre.agents["galina"].state is AgentState.READY
    assert (centre.calls["call-1"].state, centre.agents["anna"].state) == (CallState.TALK, AgentState.TALKING)


def test_whoever_did_not_pick_up_is_free_and_left_alone_for_a_while() -> None:
    centre = a_talk()
    handle(centre, ASKED)
    vain = ThirdPartyNotReached(at=NOON, call_id="call-1", agent_id="galina", mode=TALK, dial_status="NOANSWER")
    handle(centre, vain)
    galina = centre.agents["galina"]
    assert galina.state is AgentState.READY and galina.not_before is not None and galina.not_before > NOON


def an_english_caller_of_the_operators() -> Centre:
    """Anna answers and speaks no English; Boris and Nina do and are free, Clara speaks no Russian."""
    call = a_call(state=CallState.RINGING, agent_id="anna", lang="en", queue="operator")
    return a_centre(
        call,
        an_agent("anna", "lang:ru=9", state=AgentState.RINGING, call_id="call-1"),
        an_agent("boris", "lang:en=2&lang:ru=9", since=NOON - seconds(90)),
        an_agent("clara", "lang:en=9", since=NOON - seconds(120)),
        an_agent("galina", "lang:ru=9", since=NOON - seconds(120)),
        an_agent("nina", "lang:en=6&lang:ru=9"),
    )


def drawn(centre: Centre, event: Event) -> list[str]:
    return [one.agent_id for one in handle(centre, event) if isinstance(one, DrawIn)]


ANSWERED = AgentAnswered(at=NOON, call_id="call-1", agent_id="anna")


def test_an_interpreter_is_drawn_in_when_the_agent_does_not_speak_the_language_and_the_next_if_in_vain() -> None:
    centre = an_english_caller_of_the_operators()
    assert drawn(centre, ANSWERED) == ["boris"]
    vain = ThirdPartyNotReached(at=NOON, call_id="call-1", agent_id="boris", mode=TALK, dial_status="BUSY")
    assert drawn(centre, vain) == ["nina"]
    assert drawn(centre, replace(vain, agent_id="nina")) == []


def test_nobody_is_rung_twice_for_one_talk_but_for_the_next_one() -> None:
    centre = an_english_caller_of_the_operators()
    rung = drawn(centre, ANSWERED)
    vain = ThirdPartyNotReached(at=NOON, call_id="call-1", agent_id="boris", mode=TALK, dial_status="NOANSWER")
    for after in (30, 60, 600, 3600):
        rung += drawn(centre, replace(vain, at=NOON + seconds(after), agent_id=rung[-1]))
    assert rung == ["boris", "nina"]
    assert drawn(centre, replace(ANSWERED, at=NOON + seconds(7200))) == ["boris"]


def test_no_interpreter_is_drawn_in_where_the_agent_speaks_the_language_or_the_queue_does_not_promise_one() -> None:
    for change in ({"lang": "ru"}, {"lang": ""}, {"queue": "claims"}):
        centre = an_english_caller_of_the_operators()
        centre.calls["call-1"] = replace(centre.calls["call-1"], **change)
        assert drawn(centre, ANSWERED) == []


def test_a_coordinator_is_drawn_in_where_the_line_says_so_and_head_office_answers() -> None:
    call = a_call(state=CallState.RINGING, agent_id="anna", lang="ru", queue="operator", line="kazan")
    anna = an_agent("anna", "lang:ru=9", state=AgentState.RINGING, call_id="call-1")
    centre = a_centre(call, anna, an_agent("leila", "lang:ru=9&region:kazan=9"))
    lines = centre.configuration.lines
    assert drawn(centre, ANSWERED) == ["leila"]
    centre = a_centre(call, anna, an_agent("leila", "lang:ru=9&region:kazan=9"))
    off = {**lines, "kazan": replace(lines["kazan"], coordinator_joins=False)}
    centre.configuration = replace(centre.configuration, lines=off)
    assert drawn(centre, ANSWERED) == []


def test_who_did_not_answer_as_a_colleague_brings_no_second_interpreter() -> None:
    centre = an_english_caller_of_the_operators()
    assert drawn(centre, ANSWERED) == ["boris"]
    handle(centre, ThirdPartyJoined(at=NOON, call_id="call-1", agent_id="boris", mode=TALK))
    vain = ThirdPartyNotReached(at=NOON, call_id="call-1", agent_id="galina", mode=TALK, dial_status="BUSY")
    assert drawn(centre, vain) == []


def test_a_snapshot_keeps_and_finds_third_parties_and_frees_those_who_have_left() -> None:
    centre = a_talk()
    handle(centre, ASKED)

    def taken(*third: str) -> SnapshotTaken:
        everyone = frozenset(centre.agents)
        pairs = tuple((agent, "call-1") for agent in third)
        calls = (seen(CallState.TALK),)
        return SnapshotTaken(
            at=NOON, node="pbx1", calls=calls, reachable=everyone, in_use=frozenset(), third_parties=pairs
        )

    handle(centre, taken("galina", "ivan"))
    assert centre.agents["galina"].state is AgentState.RINGING, "asked for, and not known to have answered"
    assert centre.agents["ivan"].state is AgentState.TALKING, "unknown to us: there before we were"
    handle(centre, taken())
    assert [centre.agents[name].state for name in ("anna", "galina", "ivan")] == ["talking", "ready", "ready"]
