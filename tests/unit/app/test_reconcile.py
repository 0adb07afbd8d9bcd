"""Does a snapshot replace what we believed, and is what only we know kept?"""

from __future__ import annotations

from typing import Any

import pytest

from app.reconcile import JUST_ASKED, tells_news
from app.state import Centre, Ring
from calls.call import Call, CallState
from calls.commands import AcknowledgeCaller, MirrorDuty
from calls.events import AgentAnswered, CallEnded, CallFound, ChannelSeen, EndedBy, SnapshotTaken
from routing.agent import AgentState
from tests.builders import NOON, a_call, a_paused_agent, an_agent, seconds
from tests.unit.app.test_handlers import a_centre, handle

S, A = CallState, AgentState
LATER = NOON + seconds(60)


def seen(state: CallState, call_id: str = "call-1", **given: Any) -> ChannelSeen:
    fields: dict[str, Any] = {
        "channel": f"PJSIP/trunk-{call_id}",
        "line": "direct",
        "lang": "ru",
        "queue": "direct",
        "needs": (),
        "queued_at": NOON,
        "agent_id": "anna" if state in (S.RINGING, S.TALK, S.FALLBACK_TALK) else None,
        "number": "",
        "started_at": NOON,
    }
    return ChannelSeen(call_id=call_id, state=state, **{**fields, **given})


def a_snapshot(*calls: ChannelSeen, **given: Any) -> SnapshotTaken:
    fields: dict[str, Any] = {"at": LATER, "node": "pbx1", "reachable": frozenset({"anna"}), "in_use": frozenset()}
    return SnapshotTaken(calls=calls, **{**fields, **given})


@pytest.mark.parametrize("state", [state for state in S if state is not S.ENDED])
def test_a_caller_of_whom_we_knew_nothing_is_found_where_he_is(state: CallState) -> None:
    centre = a_centre(None, an_agent("anna"))
    results = handle(centre, a_snapshot(seen(state)))
    assert [one.state for one in results if isinstance(one, CallFound)] == [state]
    assert [one.call_id for one in results if isinstance(one, AcknowledgeCaller)] == ["call-1"] * (state is S.WAITING)
    assert (centre.calls["call-1"].state, centre.calls["call-1"].queued_at) == (state, NOON)
    engaged = {S.RINGING: A.RINGING, S.TALK: A.TALKING, S.FALLBACK_TALK: A.TALKING}.get(state, A.READY)
    assert centre.agents["anna"].state is engaged


@pytest.mark.parametrize("fresh", [True, False], ids=["after a connect", "on a link that has held"])
def test_a_call_that_asterisk_has_no_more_has_ended(fresh: bool) -> None:
    """On a link that has held, the news of its end may be on the way: it is missed twice first."""
    centre = a_centre(a_call(state=S.TALK, agent_id="anna"), an_agent("anna", state=A.TALKING, call_id="call-1"))
    if fresh:
        centre.nodes["pbx1"] = None
    else:
        assert not [one for one in handle(centre, a_snapshot()) if isinstance(one, CallEnded)]
        assert centre.suspects == {"call-1"}
    [ended] = [one for one in handle(centre, a_snapshot()) if isinstance(one, CallEnded)]
    assert (ended.call_id, ended.by, ended.state) == ("call-1", EndedBy.SYSTEM, S.TALK)


@pytest.mark.parametrize("given", [{"node": "pbx2"}, {"started_at": LATER}])
def test_a_call_of_another_node_or_one_that_began_after_the_look_goes_on(given: dict[str, Any]) -> None:
    centre = a_centre(a_call(**given))
    assert not [one for one in handle(centre, a_snapshot()) if isinstance(one, CallEnded)]


def test_a_channel_that_is_on_its_way_out_is_no_call() -> None:
    centre = a_centre()
    assert not [one for one in handle(centre, a_snapshot(seen(S.ENDED))) if isinstance(one, CallFound)]
    assert centre.calls == {}


def test_what_only_we_know_of_a_call_is_kept() -> None:
    known: Call = a_call(
        state=S.WAITING,
        number="+442079461000",
        caller="clinic:riverside",
        waiting_since=NOON + seconds(20),
        back_since=NOON + seconds(30),
        state_since=NOON + seconds(30),
    )
    centre = a_centre(known)
    handle(centre, a_snapshot(seen(S.WAITING)))
    call = centre.calls["call-1"]
    assert (call.number, call.caller) == (known.number, known.caller)
    assert (call.waiting_since, call.back_since, call.state_since) == (
        known.waiting_since,
        known.back_since,
        known.state_since,
    )


@pytest.mark.parametrize(("asked_before", "kept"), [(JUST_ASKED, True), (JUST_ASKED + seconds(0.1), False)])
def test_a_ring_asked_for_a_moment_ago_need_not_show_yet(asked_before: Any, kept: bool) -> None:
    rings = {"call-1": Ring(agent_id="anna", attempt=7, asked_at=LATER - asked_before)}
    anna = an_agent("anna", state=A.RINGING, call_id="call-1", attempt=7)
    centre: Centre = a_centre(a_call(state=S.WAITING), anna, rings=rings)
    handle(centre, a_snapshot(seen(S.WAITING)))
    assert bool(centre.rings) is kept
    assert (centre.agents["anna"].call_id == "call-1") is kept


def test_all_who_are_rung_together_ring() -> None:
    """Also when the service comes back in the middle of it; who answers is then the only one."""
    centre = a_centre(None, an_agent("anna"), an_agent("boris"), an_agent("clara"))
    handle(centre, a_snapshot(seen(S.RINGING, besides=("boris",)), reachable=frozenset({"anna", "boris", "clara"})))
    assert [centre.agents[one].state for one in ("anna", "boris", "clara")] == [A.RINGING, A.RINGING, A.READY]
    handle(centre, AgentAnswered(at=LATER, call_id="call-1", agent_id="boris"))
    assert [centre.agents[one].state for one in ("anna", "boris", "clara")] == [A.READY, A.TALKING, A.READY]


def test_those_of_a_ring_asked_for_a_moment_ago_stay_reserved() -> None:
    rings = {"call-1": Ring(agent_id="anna", attempt=7, asked_at=LATER, besides=("boris",))}
    agents = [an_agent(name, state=A.RINGING, call_id="call-1", attempt=7) for name in ("anna", "boris")]
    centre: Centre = a_centre(a_call(state=S.WAITING), *agents, rings=rings)
    handle(centre, a_snapshot(seen(S.WAITING), reachable=frozenset({"anna", "boris"})))
    assert [centre.agents[one].call_id for one in ("anna", "boris")] == ["call-1", "call-1"]


def test_an_agent_whom_no_call_holds_is_free_without_wrap_up() -> None:
    centre = a_centre(None, an_agent("anna", state=A.TALKING, call_id="gone"))
    handle(centre, a_snapshot())
    assert (centre.agents["anna"].state, centre.agents["anna"].wrap_up_until) == (A.READY, None)


def test_phones_are_as_asterisk_has_them() -> None:
    centre = a_centre(None, an_agent("anna"), an_agent("nina"))
    handle(centre, a_snapshot(in_use=frozenset({"anna"})))
    told = {name: (agent.reachable, agent.phone_in_use) for name, agent in centre.agents.items()}
    assert told == {"anna": (True, True), "nina": (False, False)}


def test_after_a_connect_and_only_then_app_queue_learns_who_is_on_duty() -> None:
    centre = a_centre(None, an_agent("anna"), a_paused_agent("nina"))
    centre.nodes["pbx1"] = None
    mirrored = [one for one in handle(centre, a_snapshot()) if isinstance(one, MirrorDuty)]
    assert [(one.agent_id, one.paused) for one in mirrored] == [("anna", False), ("nina", True)]
    assert not [one for one in handle(centre, a_snapshot()) if isinstance(one, MirrorDuty)]


def test_the_faults_of_a_snapshot_are_the_nodes() -> None:
    centre = a_centre()
    handle(centre, a_snapshot(faults=("context al-wait is missing",)))
    assert centre.nodes["pbx1"] == ("context al-wait is missing",)


def test_an_agent_whom_app_queue_rings_is_known_to_ring() -> None:
    centre = a_centre(None, an_agent("anna"))
    handle(centre, a_snapshot(seen(S.FALLBACK, agent_id="anna")))
    assert (centre.agents["anna"].state, centre.agents["anna"].call_id) == (A.RINGING, "call-1")
    handle(centre, a_snapshot(seen(S.FALLBACK)))
    assert (centre.agents["anna"].state, centre.agents["anna"].call_id) == (A.READY, None)


@pytest.mark.parametrize("fresh", [True, False], ids=["after a connect", "on a link that has held"])
def test_a_call_that_we_know_and_that_is_on_its_way_out_is_left_to_its_own_end(fresh: bool) -> None:
    centre = a_centre(a_call(state=S.TALK))
    if fresh:
        centre.nodes["pbx1"] = None
    for _ in range(2):
        assert not [one for one in handle(centre, a_snapshot(seen(S.ENDED))) if isinstance(one, CallEnded)]


NEWS = [
    ({}, False),
    ({"faults": ("context al-wait is missing",)}, True),
    ({"reachable": frozenset()}, True),
    ({"in_use": frozenset({"anna"})}, True),
    ({"node": "pbx2"}, True),
]


@pytest.mark.parametrize(("given", "news"), NEWS)
def test_a_snapshot_is_news_when_it_changes_what_we_believe(given: dict[str, Any], news: bool) -> None:
    centre = a_centre(None, an_agent("anna"))
    handle(centre, a_snapshot(seen(S.WAITING)))
    again = a_snapshot(seen(S.WAITING), **given)
    assert tells_news(centre, again) is news
    handle(centre, again)
    assert not tells_news(centre, again)


def test_a_caller_who_is_elsewhere_and_a_ring_that_shows_or_should_are_news() -> None:
    centre = a_centre(None, an_agent("anna"))
    handle(centre, a_snapshot(seen(S.WAITING)))
    assert tells_news(centre, a_snapshot(seen(S.TALK))) and tells_news(centre, a_snapshot(seen(S.WAITING, "call-2")))
    assert not tells_news(centre, a_snapshot()), "its end is told by itself"
    centre.rings["call-1"] = Ring(agent_id="anna", attempt=1, asked_at=LATER - JUST_ASKED)
    assert not tells_news(centre, a_snapshot(seen(S.WAITING)))
    centre.rings["call-1"] = Ring(agent_id="anna", attempt=1, asked_at=LATER - JUST_ASKED - seconds(1))
    assert tells_news(centre, a_snapshot(seen(S.WAITING)))
