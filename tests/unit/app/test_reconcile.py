"""When does a snapshot end a call? When it must be gone, and only once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from app.handlers import HANDLERS
from app.reconcile import snapshot_taken
from app.state import Centre
from calls.call import Call, CallState
from calls.events import CallEnded, EndedBy, SnapshotTaken
from config.load import load
from tests.builders import NOON, a_call, seconds
from tests.e2e.centre import SAMPLE
from tests.unit.app.test_vanished import a_snapshot

NODE = "node1"


def a_centre(*calls: Call, connected: bool) -> Centre:
    known = {call.call_id: replace(call, node=NODE) for call in calls}
    nodes: dict[str, tuple[str, ...] | None] = {NODE: () if connected else None}
    return Centre(configuration=load(SAMPLE), agents={}, calls=known, nodes=nodes)


def look(centre: Centre, snapshot: SnapshotTaken, at: datetime) -> list[CallEnded]:
    """The ends that a snapshot of this moment tells, which are handled then."""
    said = [event for event in snapshot_taken(centre, replace(snapshot, at=at)) if isinstance(event, CallEnded)]
    for event in said:
        list(HANDLERS[CallEnded](centre, event))
    return said


def test_a_call_that_is_not_there_after_a_lost_link_has_ended() -> None:
    centre = a_centre(a_call("gone", state=CallState.TALK), connected=False)
    [end] = look(centre, a_snapshot("other"), NOON + seconds(1))
    assert (end.call_id, end.state, end.by) == ("gone", CallState.TALK, EndedBy.SYSTEM)
    assert set(centre.calls) == {"other"}


def test_on_a_link_that_held_the_end_is_awaited_until_the_call_is_missed_again() -> None:
    """Asterisk drops a channel from its list a moment before it tells of the hang-up."""
    centre = a_centre(a_call("gone"), connected=True)
    assert not look(centre, a_snapshot(), NOON + seconds(1))
    assert centre.suspects == {"gone"}, "Asterisk is asked again within a second"
    assert [end.call_id for end in look(centre, a_snapshot(), NOON + seconds(2))] == ["gone"]
    assert not look(centre, a_snapshot(), NOON + seconds(3))


def test_a_call_that_hangs_up_at_this_moment_is_left_to_its_own_end() -> None:
    there = a_snapshot("ending")
    ending = replace(there, calls=tuple(replace(channel, state=CallState.ENDED) for channel in there.calls))
    for connected in (True, False):
        centre = a_centre(a_call("ending", state=CallState.TALK), connected=connected)
        assert not look(centre, ending, NOON + seconds(1)) and not look(centre, ending, NOON + seconds(2))
