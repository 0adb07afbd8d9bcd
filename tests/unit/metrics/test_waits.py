"""Is each wait measured from the queue to its end, whatever happens between?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from calls.call import CallState
from calls.events import (
    AgentAnswered,
    AgentNotReached,
    AgentRinging,
    CallEnded,
    CallerQueued,
    CallSpooled,
    CallStarted,
    ChannelSeen,
    EndedBy,
    Event,
    FallbackEntered,
    LastResortEntered,
    MenuEntered,
    SnapshotTaken,
    TalkEnded,
    VoicemailLeft,
)
from metrics.waits import CallResult, Ended, Journeys, Outcome, Wait, WaitEnd

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def started(seconds: float, line: str = "hotline") -> CallStarted:
    return CallStarted(at=at(seconds), call_id="c1", node="n1", channel="PJSIP/t-1", line=line)


def queued(seconds: float, queue: str = "general") -> CallerQueued:
    return CallerQueued(
        at=at(seconds),
        call_id="c1",
        node="n1",
        channel="PJSIP/t-1",
        line="hotline",
        queue=queue,
        lang="ru",
        needs=(),
        queued_at=at(seconds),
    )


def ringing(seconds: float) -> AgentRinging:
    return AgentRinging(at=at(seconds), call_id="c1", agent_id="anna", attempt=1)


def not_reached(seconds: float) -> AgentNotReached:
    return AgentNotReached(at=at(seconds), call_id="c1", agent_id="anna", attempt=1, dial_status="NOANSWER")


def answered(seconds: float, by_fallback: bool = False) -> AgentAnswered:
    return AgentAnswered(at=at(seconds), call_id="c1", agent_id="anna", by_fallback=by_fallback)


def ended(seconds: float, state: CallState) -> CallEnded:
    return CallEnded(at=at(seconds), call_id="c1", state=state, cause=16, by=EndedBy.CALLER)


def seen(state: CallState, queue: str = "general", queued_at: float | None = 0) -> ChannelSeen:
    return ChannelSeen(
        call_id="c1",
        channel="PJSIP/t-1",
        line="hotline",
        lang="ru",
        queue=queue,
        needs=(),
        state=state,
        queued_at=None if queued_at is None else at(queued_at),
        agent_id=None,
        number="",
        started_at=at(0),
    )


def snapshot(seconds: float, *calls: ChannelSeen, node: str = "n1") -> SnapshotTaken:
    return SnapshotTaken(at=at(seconds), node=node, calls=calls, reachable=frozenset(), in_use=frozenset())


def outcomes_of(*events: Event) -> list[Outcome]:
    journeys = Journeys()
    return [outcome for event in events for outcome in journeys.observe(event)]


def a_wait(seconds: float, end: WaitEnd, ended_at: float, queue: str = "general") -> Wait:
    return Wait(queue, seconds, at(ended_at), end)


def test_a_wait_goes_on_through_a_ring_without_answer() -> None:
    assert outcomes_of(
        started(0),
        queued(2),
        ringing(3),
        not_reached(23),
        queued(23),
        ringing(24),
        answered(30),
        ended(90, CallState.TALK),
    ) == [a_wait(28, WaitEnd.ANSWERED, 30), Ended("hotline", CallResult.ANSWERED)]


def test_a_wait_goes_on_through_fallback_and_last_resort() -> None:
    fallback = FallbackEntered(at=at(3), call_id="c1", reason="stale")
    resort = LastResortEntered(at=at(40), call_id="c1")
    assert outcomes_of(started(0), queued(0), fallback, resort, answered(50, by_fallback=True)) == [
        a_wait(50, WaitEnd.ANSWERED, 50)
    ]


@pytest.mark.parametrize(
    ("left_after", "end"),
    [(4.999, WaitEnd.SHORT_ABANDONED), (5.0, WaitEnd.ABANDONED), (60.0, WaitEnd.ABANDONED)],
)
def test_a_caller_who_leaves_within_five_seconds_is_a_short_abandon(left_after: float, end: WaitEnd) -> None:
    assert outcomes_of(started(0), queued(0), ended(left_after, CallState.WAITING)) == [
        a_wait(left_after, end, left_after),
        Ended("hotline", CallResult.ABANDONED),
    ]


def test_a_caller_who_hangs_up_while_an_agent_rings_abandons() -> None:
    assert outcomes_of(started(0), queued(0), ringing(8), ended(9, CallState.RINGING)) == [
        a_wait(9, WaitEnd.ABANDONED, 9),
        Ended("hotline", CallResult.ABANDONED),
    ]


def test_a_call_that_ends_in_the_menu_has_no_wait() -> None:
    menu = MenuEntered(at=at(0), call_id="c1", line="hotline", menu="main")
    assert outcomes_of(started(0), menu, ended(9, CallState.MENU)) == [Ended("hotline", CallResult.MENU)]


def test_a_message_ends_the_wait_and_names_the_call() -> None:
    message = VoicemailLeft(at=at(80), call_id="c1", recording_id="r1")
    assert outcomes_of(started(0), queued(0), message, ended(81, CallState.LAST_RESORT)) == [
        a_wait(80, WaitEnd.MOVED, 80),
        Ended("hotline", CallResult.MESSAGE),
    ]


def test_a_transfer_to_a_queue_begins_a_wait_of_its_own() -> None:
    talk_over = TalkEnded(at=at(100), call_id="c1", agent_id="anna", by=EndedBy.AGENT)
    assert outcomes_of(started(0), queued(0), answered(10), talk_over, queued(100, "doctors"), answered(107)) == [
        a_wait(10, WaitEnd.ANSWERED, 10),
        a_wait(7, WaitEnd.ANSWERED, 107, "doctors"),
    ]


def test_a_move_to_another_queue_while_waiting_ends_the_first_wait() -> None:
    assert outcomes_of(started(0), queued(0), queued(30, "doctors"), answered(31)) == [
        a_wait(30, WaitEnd.MOVED, 30),
        a_wait(1, WaitEnd.ANSWERED, 31, "doctors"),
    ]


def test_a_second_agent_who_joins_a_talk_ends_no_wait() -> None:
    assert outcomes_of(started(0), queued(0), answered(10), answered(60)) == [a_wait(10, WaitEnd.ANSWERED, 10)]


def test_clocks_that_disagree_never_make_a_negative_wait() -> None:
    assert outcomes_of(started(0), queued(5), answered(4.9)) == [a_wait(0, WaitEnd.ANSWERED, 4.9)]


def test_a_call_found_waiting_after_a_restart_has_waited_since_it_was_queued() -> None:
    assert outcomes_of(snapshot(60, seen(CallState.WAITING)), answered(65)) == [a_wait(65, WaitEnd.ANSWERED, 65)]


def test_a_regular_snapshot_changes_no_wait() -> None:
    assert outcomes_of(started(0), queued(2), snapshot(30, seen(CallState.WAITING)), answered(32)) == [
        a_wait(30, WaitEnd.ANSWERED, 32)
    ]


def test_a_call_that_vanished_while_the_link_was_down_is_unseen() -> None:
    assert outcomes_of(started(0), queued(0), snapshot(60)) == [
        a_wait(60, WaitEnd.UNSEEN, 60),
        Ended("hotline", CallResult.UNSEEN),
    ]


def test_a_snapshot_of_another_node_ends_nothing() -> None:
    assert outcomes_of(started(0), queued(0), snapshot(60, node="n2")) == []


def test_a_caller_answered_while_the_link_was_down_has_a_wait_of_unseen_end() -> None:
    assert outcomes_of(started(0), queued(0), snapshot(60, seen(CallState.TALK)), ended(90, CallState.TALK)) == [
        a_wait(60, WaitEnd.UNSEEN, 60),
        Ended("hotline", CallResult.ANSWERED),
    ]


def test_a_talk_transferred_while_the_link_was_down_waits_from_when_we_see_it() -> None:
    again = seen(CallState.WAITING, "doctors", queued_at=0)
    assert outcomes_of(started(0), queued(0), answered(10), snapshot(60, again), answered(66)) == [
        a_wait(10, WaitEnd.ANSWERED, 10),
        a_wait(6, WaitEnd.ANSWERED, 66, "doctors"),
    ]


def test_a_call_whose_end_a_snapshot_shows_first_ends_as_the_hangup_tells() -> None:
    hung_up = snapshot(9, seen(CallState.ENDED))
    assert outcomes_of(started(0), queued(0), hung_up, ended(9, CallState.WAITING)) == [
        a_wait(9, WaitEnd.ABANDONED, 9),
        Ended("hotline", CallResult.ABANDONED),
    ]


def test_a_caller_of_a_closed_line_found_in_the_last_resort_waits_in_no_queue() -> None:
    closed = seen(CallState.LAST_RESORT, queued_at=None)
    assert outcomes_of(snapshot(5, closed), ended(9, CallState.LAST_RESORT)) == [Ended("hotline", CallResult.MENU)]


def test_a_spooled_call_is_unseen_and_ends_once() -> None:
    spooled = CallSpooled(at=at(70), call_id="c1", payload={"line": "emergency"})
    assert outcomes_of(spooled) == [Ended("emergency", CallResult.UNSEEN)]
    assert outcomes_of(started(0), spooled, ended(71, CallState.TALK)) == [Ended("hotline", CallResult.UNSEEN)]


def test_an_ended_call_is_forgotten() -> None:
    end = ended(9, CallState.MENU)
    assert outcomes_of(started(0), end, end, answered(10), snapshot(20)) == [Ended("hotline", CallResult.MENU)]


def test_events_of_unknown_calls_change_nothing() -> None:
    assert outcomes_of(answered(1), ended(2, CallState.WAITING)) == []
