"""What is a supervisor told of a caller's wait? Whole stories, each from stored rows alone; the sample is in Moscow."""

from __future__ import annotations

from dataclasses import replace

from app.followed import Followed
from app.past import at_start
from calls.events import (
    AgentAnswered,
    AgentRinging,
    AnsweredElsewhere,
    CallerQueued,
    Decided,
    Duty,
    DutyChanged,
    Event,
    FallbackEntered,
    LastResortEntered,
    PhoneInUse,
    ServiceStarted,
    TalkEnded,
    WrapUpEnded,
)
from storage.codec import decode
from tests.builders import NOON
from tests.unit.app.played import CONFIGURATION, Played, a_played, follow


def test_everybody_is_busy_then_needs_relax_then_a_ring_is_not_answered() -> None:
    centre = Played("galina", "ivan", "farid")
    ready = DutyChanged(at=NOON, agent_id="kirill", duty=Duty.READY)
    centre.happens(0.5, ready, replace(ready, duty=Duty.PAUSED, reason="lunch"))
    centre.talks(1, "one", "doctors", line="doctors")
    centre.talks(2, "two", "doctors", line="doctors")
    centre.calls(3, "call", "doctors", line="doctors")
    centre.happens(30, DutyChanged(at=NOON, agent_id="elena", duty=Duty.READY))
    centre.passes(48.2)
    centre.rings(48.3, "call")
    centre.does_not_answer(68.3, "call")
    centre.puts_down(69, "one")
    centre.passes(89.2)
    centre.rings(89.3, "call")
    centre.answers(93, "call")
    centre.puts_down(120, "call")
    assert centre.retold("call") == [
        "15:00:03.0  called Clinic doctors",
        "15:00:03.0  queued for Clinic doctors (needs Russian 3, Referrals and approvals 5), next; "
        "3 people could serve: Galina Volkova talking since 15:00:01, Ivan Sokolov talking since 15:00:02, "
        "Kirill Lebedev on a break (lunch) since 15:00:00, 2 more off duty",
        "15:00:48.0  from now on needs only Russian 3, Referrals and approvals 4; 4 people could serve: "
        "Elena Smirnova free since 15:00:30, Galina Volkova talking since 15:00:01, "
        "Ivan Sokolov talking since 15:00:02, Kirill Lebedev on a break (lunch) since 15:00:00, 2 more off duty",
        "15:00:48.1  rung: Elena Smirnova, the only one to be had; waited 45 s, 2.3 times the target",
        "15:01:08.3  Elena Smirnova did not answer within 20 s",
        "15:01:29.1  rung: Galina Volkova, the least wanted by other callers, or the longest idle of several alike; "
        "free besides: Elena Smirnova; waited 86 s, 4.3 times the target",
        "15:01:33.0  answered by Galina Volkova after 90.0 s of waiting for Clinic doctors, against a target of 20 s",
        "15:02:00.0  the talk with Galina Volkova ended, by the agent",
        "15:02:00.0  the call ended, by the agent",
    ]


def test_several_were_rung_together_and_one_answered() -> None:
    direct = replace(CONFIGURATION.queues["direct"], ring_at_once=3)
    several = replace(CONFIGURATION, queues={**CONFIGURATION.queues, "direct": direct})
    centre = Played("anna", "boris", "clara", "elena", configuration=several)
    centre.calls(3, "call", "direct", line="direct")
    [decided] = [one for one in centre.events if isinstance(one, Decided)]
    together = (decided.agent_id, *decided.besides)
    assert len(together) == 3
    about = {"at": NOON, "call_id": "call", "attempt": centre.centre.last_attempt}
    centre.happens(3.1, *(AgentRinging(agent_id=str(one), **about) for one in together))
    stopped = (AnsweredElsewhere(agent_id=str(one), **about) for one in together if one != "boris")
    centre.happens(7, *stopped, AgentAnswered(at=NOON, call_id="call", agent_id="boris"))
    assert centre.retold("call")[2:] == [
        "15:00:03.0  rung together: Anna Petrova, Boris Ivanov, Clara Weiss, the least wanted by other callers, or the "
        "longest idle of several alike",
        "15:00:07.0  answered by Boris Ivanov after 4.0 s of waiting for Direct number, against a target of 20 s",
    ]


def test_who_got_free_was_rung_for_somebody_who_had_waited_longer() -> None:
    centre = Played("nina")
    centre.talks(1, "one", "operator")
    centre.calls(3, "before", "operator")
    centre.calls(10, "call", "claims")
    centre.puts_down(20, "one")
    centre.passes(35.5)
    centre.hangs_up(36, "call")
    assert centre.retold("call")[2:] == [
        "15:00:35.4  Nina Frolova was free, but a caller of Operator came first, having waited longer against the "
        "target (1.6 times it, this caller 1.3)",
        "15:00:36.0  the call ended, by the caller, after 26.0 s of waiting in vain (target 20 s)",
    ]


def test_who_is_free_is_kept_for_emergencies_and_taken_by_one() -> None:
    centre = Played("elena")
    centre.calls(1, "call", "operator")
    centre.calls(5, "urgent", "emergency", line="emergency")
    assert centre.retold("call")[1:] == [
        "15:00:01.0  queued for Operator (needs Russian 3, General questions 1), next; "
        "1 person could serve: Elena Smirnova free since 14:00:00, 5 more off duty",
        "15:00:01.0  Elena Smirnova was free, but kept for emergencies",
        "15:00:05.0  Elena Smirnova was free, but an emergency caller came first",
    ]
    assert centre.retold("urgent")[2] == "15:00:05.0  rung: Elena Smirnova, the only one to be had"


def test_a_caller_waits_for_the_agent_they_prefer_and_is_no_longer_rung_for_when_an_emergency_needs_them() -> None:
    centre = Played("elena", "farid", "galina", "ivan")
    centre.talks(1, "one", "approvals", preferred="galina")
    centre.calls(2, "call", "doctors", line="doctors", preferred="galina")
    centre.happens(4, TalkEnded(at=NOON, call_id="one", agent_id="galina", by="agent"))  # type: ignore[arg-type]
    centre.passes(24.1)
    centre.rings(24.2, "call")
    for agent_id in ("elena", "farid", "ivan"):
        centre.happens(25, PhoneInUse(at=NOON, agent_id=agent_id, in_use=True))
    centre.calls(26, "urgent", "emergency", line="emergency")
    assert [line.partition("; ")[0] for line in centre.retold("call")[1:]] == [
        "15:00:02.0  queued for Clinic doctors (needs Russian 3, Referrals and approvals 5), next",
        "15:00:02.0  Ivan Sokolov was free, but the caller waited for the agent they prefer",
        "15:00:24.0  rung: Galina Volkova, the agent whom the caller prefers",
        "15:00:26.0  Galina Volkova was needed for Emergency, and no longer rung for this caller",
    ]
    assert "whose phone rang for a call that is no emergency, and which waits on" in centre.retold("urgent")[2]


def test_who_is_in_need_waits_for_no_language_that_nobody_on_duty_speaks() -> None:
    centre = Played("elena")
    centre.calls(2, "call", "emergency", "lang:az=3", line="emergency")
    assert centre.retold("call")[1:] == [
        "15:00:02.0  queued for Emergency (needs Azerbaijani 3, a nurse or higher), next; "
        "nobody on duty could serve (2 off duty)",
        "15:00:02.0  from now on needs only a nurse or higher and an interpreter; "
        "1 person could serve: Elena Smirnova free since 14:00:00, 7 more off duty",
        "15:00:02.0  rung: Elena Smirnova, the only one to be had",
    ]


def test_with_nobody_on_duty_the_last_resort_answers() -> None:
    centre = Played()
    centre.calls(2, "call", "emergency", line="emergency")
    centre.happens(3, LastResortEntered(at=NOON, call_id="call", queue="emergency"))
    mobile = {"at": NOON, "call_id": "call", "agent_id": "last_resort_emergency"}
    centre.happens(5, AgentRinging(**mobile, attempt=None))  # type: ignore[arg-type]
    centre.happens(8, AgentAnswered(**mobile))  # type: ignore[arg-type]
    assert centre.retold("call")[1:] == [
        "15:00:02.0  queued for Emergency (needs Russian 3, a nurse or higher), next; "
        "nobody on duty could serve (8 off duty)",
        "15:00:02.0  sent to the last resort. It is an emergency call and nobody who can serve it is ready or has "
        "answered in time, so the last resort is tried.",
        "15:00:03.0  the last resort had the caller: a mobile, then voicemail",
        "15:00:05.0  Asterisk rang the last resort's mobile by itself",
        "15:00:08.0  answered by the last resort's mobile after 6.0 s of waiting for Emergency, "
        "against a target of 5 s",
    ]


def test_what_the_service_slept_through_and_what_never_began_is_told() -> None:
    centre = Played("nina")
    centre.calls(1, "call", "claims")
    centre.passes(5)
    centre.happens(6, FallbackEntered(at=NOON, call_id="call", reason="stale"))
    assert centre.retold("call")[2:] == [
        "15:00:01.0  rung: Nina Frolova, the only one to be had",
        "15:00:04.9  Nina Frolova could not be rung: Asterisk did not begin it within 4 s",
        "15:00:04.9  rung: Nina Frolova, the only one to be had; waited 4 s, 0.2 times the target",
        "15:00:06.0  Asterisk rang people by itself: the service gave no sign of life",
    ]


def facts(centre: Played) -> list[Event]:
    return [event for event in map(decode, centre.rows()) if event]


def test_a_stored_decision_that_comes_out_otherwise_is_told_and_followed_as_it_was() -> None:
    kept = facts(a_played())
    [_, ring] = [event for event in kept if isinstance(event, Decided)]
    forged = replace(ring, agent_id="clara", reason="emergency")
    followed = follow([forged if event is ring else event for event in kept])
    [difference] = followed.differences
    assert (difference.call_id, difference.then, difference.now) == ("two", forged, ring)
    assert followed.decisions == 2


def test_a_decision_that_was_not_stored_or_that_nothing_explains_is_told_once() -> None:
    kept = facts(a_played())
    [first, ring] = [event for event in kept if isinstance(event, Decided)]
    [missing] = follow([event for event in kept if event is not ring]).differences
    assert (missing.then, missing.now) == (None, ring)
    made_up = replace(ring, at=first.at.replace(second=10))
    at = next(index for index, event in enumerate(kept) if event.at > made_up.at)
    differences = follow([*kept[:at], made_up, *kept[at:]]).differences
    assert (differences[0].then, differences[0].now) == (made_up, None)


def test_without_the_end_of_a_wrap_up_the_decision_is_not_found_again() -> None:
    kept = [event for event in facts(a_played()) if not isinstance(event, WrapUpEnded)]
    assert [difference.now for difference in follow(kept).differences] == [None]


def test_a_fact_that_cannot_be_handled_costs_nothing_but_itself() -> None:
    started = ServiceStarted(at=NOON, duties=(("nobody", Duty.READY, "", NOON),))
    followed = Followed(at_start(CONFIGURATION, started))
    followed.follow([AgentAnswered(at=NOON, call_id="unknown", agent_id="anna")])
    assert followed.differences == [] and not followed.centre.calls


def test_who_comes_back_from_a_ring_is_not_said_to_queue_again() -> None:
    centre = Played("nina", "clara")
    centre.calls(1, "call", "claims")
    centre.rings(1.1, "call")
    centre.does_not_answer(21, "call")
    lines = centre.retold("call")
    assert sum("queued for" in line for line in lines) == 1 and any("did not answer within 20 s" in x for x in lines)
    assert sum("rung:" in line for line in lines) == 2
    assert not any("+44" in line for line in lines)
    assert any(isinstance(event, CallerQueued) and event.number for event in centre.events)
