"""What each agent did, from when until when."""

from __future__ import annotations

from dataclasses import replace

from calls.call import CallState
from calls.events import (
    AnsweredElsewhere,
    CallTransferred,
    Duty,
    DutyChanged,
    EndedBy,
    PhoneReachable,
    TalkEnded,
    WrapUpEnded,
)
from storage.rows import AgentStateRow
from tests.facts import answered, at, duty, ended, not_reached, queued, ringing, rows_after, started, states_after


def test_a_day_of_an_agent() -> None:
    events = (
        duty(0, Duty.READY),
        ringing(10),
        not_reached(25),
        duty(30, Duty.PAUSED, "lunch"),
        duty(90, Duty.READY),
        ringing(100),
        answered(104),
        TalkEnded(at=at(160), call_id="c", agent_id="anna", by=EndedBy.CALLER),
        duty(175, Duty.READY),
        duty(200, Duty.OFF),
    )
    assert states_after(*events) == [
        ("ready", 0.0, 10.0),
        ("ringing", 10.0, 25.0),
        ("ready", 25.0, 30.0),
        ("paused", 30.0, 90.0),
        ("ready", 90.0, 100.0),
        ("ringing", 100.0, 104.0),
        ("talk", 104.0, 160.0),
        ("wrap-up", 160.0, 175.0),
        ("ready", 175.0, 200.0),
        ("off", 200.0, None),
    ]


def test_phones_that_rang_together_come_to_rest_each_in_its_own_way() -> None:
    on_duty = [replace(duty(0, Duty.READY), agent_id=name) for name in ("anna", "boris", "clara")]
    rung = [ringing(10, "anna"), ringing(10, "boris"), ringing(10, "clara")]
    elsewhere = AnsweredElsewhere(at=at(14), call_id="c", agent_id="anna", attempt=1)
    rows = rows_after(started(), queued(2), *on_duty, *rung, elsewhere, queued(20))
    states = sorted((row.agent_id, row.state, row.since) for row in rows if isinstance(row, AgentStateRow))
    assert [one for one in states if one[1] == "ringing" or one[2] > at(10)] == [
        ("anna", "ready", at(14)),
        ("anna", "ringing", at(10)),
        ("boris", "ready", at(20)),
        ("boris", "ringing", at(10)),
        ("clara", "ready", at(20)),
        ("clara", "ringing", at(10)),
    ]


def test_what_an_agent_declares_during_a_talk_shows_after_it() -> None:
    events = (duty(0, Duty.READY), answered(5), duty(20, Duty.PAUSED, "lunch"), not_reached(30), duty(50, Duty.OFF))
    assert states_after(*events) == [("ready", 0.0, 5.0), ("talk", 5.0, None)]
    assert states_after(*events, ended(60, CallState.TALK))[-1] == ("wrap-up", 60.0, None)


def test_a_phone_out_of_reach_shows_only_while_its_agent_is_on_duty() -> None:
    gone = PhoneReachable(at=at(5), agent_id="anna", reachable=False)
    back = PhoneReachable(at=at(9), agent_id="anna", reachable=True)
    on_duty = states_after(duty(0, Duty.READY), gone, back)
    assert on_duty == [("ready", 0.0, 5.0), ("unreachable", 5.0, 9.0), ("ready", 9.0, None)]
    assert states_after(duty(0, Duty.OFF), gone) == [("off", 0.0, None)]


def test_the_end_of_a_call_frees_whoever_rang_for_it() -> None:
    events = (duty(0, Duty.READY), started(1), queued(2), ringing(3), ended(7, CallState.RINGING))
    assert states_after(*events)[-2:] == [("ringing", 3.0, 7.0), ("ready", 7.0, None)]


def test_a_transfer_frees_one_agent_and_occupies_the_other() -> None:
    events = (started(), answered(5), CallTransferred(at=at(20), call_id="c", agent_id="vera"))
    states = [row for row in rows_after(*events) if isinstance(row, AgentStateRow)]
    assert {(row.agent_id, row.state) for row in states if row.until is None} == {("anna", "wrap-up"), ("vera", "talk")}


def test_facts_that_come_late_make_no_state_that_ends_before_it_begins() -> None:
    states = [row for row in rows_after(duty(10, Duty.READY), ringing(9)) if isinstance(row, AgentStateRow)]
    assert [(row.state, row.since, row.until) for row in states] == [("ringing", at(10), None)]


def test_wrap_up_lasts_until_time_is_up() -> None:
    talked = (duty(0, Duty.READY), answered(5), ended(20, CallState.TALK))
    over = WrapUpEnded(at=at(35), agent_id="anna")
    assert states_after(*talked, over)[-2:] == [("wrap-up", 20.0, 35.0), ("ready", 35.0, None)]
    paused = DutyChanged(at=at(10), agent_id="anna", duty=Duty.PAUSED, reason="lunch")
    assert states_after(duty(0, Duty.READY), answered(5), paused, ended(20, CallState.TALK), over)[-1][0] == "paused"


def test_the_news_that_wrap_up_is_over_says_nothing_of_who_rings_again() -> None:
    rings = (duty(0, Duty.READY), answered(5), ended(20, CallState.TALK), ringing(30))
    assert states_after(*rings, WrapUpEnded(at=at(35), agent_id="anna"))[-1] == ("ringing", 30.0, None)
