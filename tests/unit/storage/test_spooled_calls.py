"""The failsafe spool fills what the engine did not see, and overrides nothing."""

from __future__ import annotations

import pytest

from calls.call import CallState
from calls.events import CallSpooled
from tests.facts import answered, at, call_after, ended, queued, rows_after, spooled, started, waits_after


@pytest.mark.parametrize(
    ("event", "outcome", "result", "seconds"),
    [
        (spooled(state="fallback"), "abandoned", "abandoned", 88.0),
        (spooled(6, state="fallback"), "short_abandoned", "abandoned", 4.0),
        (spooled(state="fallback-talk", agent="boris"), "answered", "answered", None),
        (spooled(state="ended", agent="boris", answered_at=str(at(12).timestamp())), "answered", "answered", 10.0),
        (spooled(state="ended", voicemail="1"), "voicemail", "last_resort", 88.0),
    ],
)
def test_a_call_known_only_from_the_spool(event: CallSpooled, outcome: str, result: str, seconds: float | None) -> None:
    call, [wait] = call_after(event), waits_after(event)
    assert (call.line, call.started_at, call.ended_at, call.outcome) == ("hotline", at(0), event.at, outcome)
    assert (wait.queue, wait.began, wait.result, wait.wait_seconds) == ("general", at(2), result, seconds)
    assert call.by_fallback == (outcome == "answered")


def test_a_spooled_call_that_never_waited_ended_in_the_menu() -> None:
    event = spooled(state="menu", queued_at="")
    assert call_after(event).outcome == "ended_in_menu"
    assert waits_after(event) == []


def test_the_spool_ends_a_call_whose_beginning_was_seen() -> None:
    call = call_after(started(), queued(2), spooled(40, state="fallback", line="another"))
    assert (call.line, call.number, call.outcome, call.ended_at) == ("hotline", "+380441234567", "abandoned", at(40))


def test_the_spool_never_overrides_an_end_that_was_seen() -> None:
    seen = (started(), queued(2), answered(5), ended(60, CallState.TALK))
    before = rows_after(*seen)
    after = rows_after(*seen, spooled(61, state="fallback", line="another"))
    assert after == before


def test_the_engines_word_on_the_end_wins_over_an_earlier_one_of_the_spool() -> None:
    call = call_after(started(), queued(2), spooled(61, state="fallback"), ended(60, CallState.FALLBACK_TALK))
    assert (call.ended_at, call.ended_state, call.outcome) == (at(60), "fallback-talk", "answered")
