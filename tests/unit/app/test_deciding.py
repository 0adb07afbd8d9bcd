"""Who is asked to ring after a fact, and is the agent taken from that moment on?

Longer than 300 lines, since it is a list of decisions, each read by itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.deciding import DECISIVE, decide
from app.handlers import HANDLERS
from app.preferred import CUT_OFF_FOR, CutOffTalks, preferred
from app.state import Centre
from app.time_alone import BEGINS_WITHIN
from calls.call import CallState
from calls.commands import GoToLastResort, MoveToQueue, OfferVoicemail, ReturnToWaiting, RingAgent
from calls.events import (
    AgentAnswered,
    AgentRinging,
    CallEnded,
    CallerQueued,
    CommandFailed,
    Decided,
    EndedBy,
    Event,
    LastResortEntered,
    MenuEntered,
    Tick,
)
from routing.agent import Agent, AgentState
from routing.pace import Pace
from routing.waiting import Overflow, Target, When
from tests.builders import NOON, a_call, an_agent, seconds
from tests.unit.app.test_handlers import CONFIGURATION, a_centre

NURSE = "lang:ru=9"


class Counted:
    """A rate of the estimate that tells what has happened."""

    def __init__(self, rate: Any, name: str, told: list[str]) -> None:
        self._rate, self._name, self._told = rate, name, told

    def happened(self, moment: float) -> None:
        self._told.append(self._name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rate, name)


def a_waiting(call_id: str, **given: Any) -> Any:
    fields = {"state": CallState.WAITING, "queue": "emergency", "line": "emergency", "queued_at": NOON}
    return a_call(call_id, **{**fields, "waiting_since": NOON, **given})


def a_centre_of(*calls: Any, agents: tuple[Agent, ...] = ()) -> Centre:
    centre = a_centre(None, *agents)
    centre.calls.update({call.call_id: call for call in calls})
    return centre


def decided(centre: Centre, after: float = 1.0, event: Event | None = None) -> list[Any]:
    """The commands; the facts of what was decided are told besides."""
    told = list(decide(centre, event or Tick(at=NOON + seconds(after))))
    return [one for one in told if not isinstance(one, Decided)]


def test_an_agent_is_taken_from_the_moment_the_ring_is_asked_for() -> None:
    centre = a_centre_of(a_waiting("one"), a_waiting("two"), agents=(an_agent("elena", NURSE, "nurse"),))
    [ring] = decided(centre)
    assert isinstance(ring, RingAgent) and (ring.call_id, ring.agent_id) == ("one", "elena")
    elena = centre.agents["elena"]
    assert (elena.state, elena.call_id, elena.attempt) == (AgentState.RINGING, "one", ring.attempt)
    assert centre.rings["one"].attempt == ring.attempt
    assert decided(centre) == [], "neither the agent nor the call is asked for again"


def test_a_later_ring_has_a_greater_number() -> None:
    agents = (an_agent("elena", NURSE, "nurse"), an_agent("farid", NURSE, "nurse"))
    first, second = decided(a_centre_of(a_waiting("one"), a_waiting("two"), agents=agents))
    assert first.attempt < second.attempt and first.agent_id != second.agent_id


def test_with_nobody_on_duty_an_emergency_caller_goes_to_the_last_resort_once() -> None:
    centre = a_centre_of(a_waiting("one"))
    assert decided(centre) == [GoToLastResort(node="pbx1", call_id="one", channel="PJSIP/trunk-one")]
    assert centre.calls["one"].state is CallState.LAST_RESORT
    assert decided(centre) == []


def test_an_agent_who_gets_free_takes_the_call_out_of_the_last_resort_but_not_out_of_the_fallback() -> None:
    for state, rung in ((CallState.LAST_RESORT, True), (CallState.FALLBACK, False), (CallState.VOICEMAIL, False)):
        centre = a_centre_of(a_waiting("one", state=state), agents=(an_agent("elena", NURSE, "nurse"),))
        assert bool(decided(centre)) is rung, state


def test_a_caller_whom_the_last_resort_gave_back_is_not_sent_there_again_at_once() -> None:
    back = a_waiting("one", queue="direct", line="direct", back_since=NOON + seconds(70))
    assert decided(a_centre_of(back), after=129) == []
    assert [type(one) for one in decided(a_centre_of(back), after=130)] == [GoToLastResort]


def test_a_caller_whom_the_last_resort_gave_back_asks_for_no_more_than_before() -> None:
    english = (("grade:nurse", 1), ("lang:en", 1))
    back = a_waiting("one", needs=english, back_since=NOON + seconds(35))
    [ring] = decided(a_centre_of(back, agents=(an_agent("elena", NURSE, "nurse"),)), after=36)
    assert (ring.call_id, ring.agent_id) == ("one", "elena")


@pytest.mark.parametrize(
    "event",
    [
        AgentAnswered(at=NOON, call_id="one", agent_id="anna"),
        MenuEntered(at=NOON, call_id="one", line="hotline", menu="hotline"),
        LastResortEntered(at=NOON, call_id="one"),
    ],
)
def test_what_frees_nobody_and_brings_nobody_is_no_reason_to_decide(event: Event) -> None:
    assert decided(a_centre_of(a_waiting("one"), agents=(an_agent("elena", NURSE, "nurse"),)), event=event) == []


def test_each_decision_is_told_with_its_reason() -> None:
    elena = an_agent("elena", NURSE, "nurse")
    [ring, _] = decide(a_centre_of(a_waiting("one"), agents=(elena,)), Tick(at=NOON))
    assert ring == Decided(
        at=NOON, call_id="one", decision="ring", reason="emergency", agent_id="elena", queue="emergency"
    )
    [left, _] = decide(a_centre_of(a_waiting("one")), Tick(at=NOON))
    assert (left.decision, left.reason, left.agent_id) == ("last-resort", "nobody-for-emergency", None)


def test_every_fact_that_decides_is_handled() -> None:
    assert set(HANDLERS) >= DECISIVE


FULL = Overflow(when=When.NOBODY, to=Target.QUEUE, queue="operator", after_seconds=10)
MESSAGE = Overflow(when=When.LONG, to=Target.VOICEMAIL, after_seconds=20)


def overflowing(*rules: Overflow) -> Centre:
    """One caller who waits in a queue with these rules, for whom nobody is on duty."""
    queues = {**CONFIGURATION.queues, "kazan": replace(CONFIGURATION.queues["kazan"], overflow=rules)}
    centre = Centre(
        configuration=replace(CONFIGURATION, queues=queues),
        agents={},
        calls={"one": a_waiting("one", queue="kazan", line="kazan")},
        nodes={"pbx1": ()},
    )
    return centre


def test_a_caller_whose_queue_overflows_is_moved_once_and_decided_upon_when_there() -> None:
    centre = overflowing(FULL)
    assert decided(centre, after=9) == []
    told, command = decide(centre, Tick(at=NOON + seconds(10)))
    assert (told.decision, told.reason, told.queue) == ("queue", "nobody-logged-in", "operator")
    assert command == MoveToQueue(node="pbx1", call_id="one", channel="PJSIP/trunk-one", queue="operator")
    assert decided(centre, after=11) == [] and "one" not in centre.floor.waiting
    back = CallerQueued(
        at=NOON + seconds(11), call_id="one", node="pbx1", channel="c", line="kazan", queue="operator", lang="ru",
        needs=(("desk:operator", 1),), queued_at=NOON,
    )  # fmt: skip
    list(HANDLERS[CallerQueued](centre, back))
    assert decided(centre, event=back) == []
    assert centre.floor.waiting["one"].queue == "operator" and centre.floor.waiting["one"].queued_at == NOON
    assert centre.floor.waiting["one"].overflowed == {Target.QUEUE}


def test_a_move_that_never_shows_is_looked_into() -> None:
    centre = overflowing(FULL)
    list(decide(centre, Tick(at=NOON + seconds(10))))
    [failed] = HANDLERS[Tick](centre, Tick(at=NOON + seconds(10) + BEGINS_WITHIN + seconds(1)))
    assert isinstance(failed, CommandFailed)
    list(HANDLERS[CommandFailed](centre, failed))
    centre.keep_floor(NOON)
    assert centre.suspects == {"one"} and "one" in centre.floor.waiting


@pytest.mark.parametrize("rule", [FULL, MESSAGE])
@pytest.mark.parametrize("refused", [True, False])
def test_a_move_that_has_failed_is_tried_again_when_it_would_have_shown(rule: Overflow, refused: bool) -> None:
    centre = overflowing(rule)
    [first] = decided(centre, after=20)
    if refused:
        said = CommandFailed(
            at=NOON + seconds(20), node="pbx1", command=type(first).__name__, reason="refused", call_id="one"
        )
        list(HANDLERS[CommandFailed](centre, said))
        assert decided(centre, event=said) == [] and centre.suspects == {"one"}, "not at once, and again and again"
    centre.calls["one"] = replace(centre.calls["one"], state=CallState.WAITING)  # as a look at Asterisk shows
    [failed] = HANDLERS[Tick](centre, Tick(at=NOON + seconds(20) + BEGINS_WITHIN + seconds(1)))
    assert failed.command == type(first).__name__
    list(HANDLERS[CommandFailed](centre, failed))
    assert decided(centre, event=failed) == [first]
    assert decided(centre, event=failed) == []


def test_whom_we_cannot_see_for_a_moment_has_not_given_up_and_does_not_come_anew() -> None:
    centre = a_centre_of(a_waiting("one", queue="direct"), a_waiting("two", queue="direct"))
    told: list[str] = []
    lost, came = Pace.losing, Pace.coming
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pace, "losing", lambda pace, queue, at: Counted(lost(pace, queue, at), "lost", told))
        patch.setattr(Pace, "coming", lambda pace, kind, at: Counted(came(pace, kind, at), "came", told))
        centre.keep_floor(NOON)
        assert told == ["came", "came"]
        for node in (None, ()):
            centre.nodes["pbx1"] = node
            centre.keep_floor(NOON + seconds(1))
            assert bool(centre.floor.waiting) is (node is not None) and told == ["came", "came"]
        centre.calls["one"] = replace(centre.calls["one"], queue="operator")
        del centre.calls["two"]
        centre.keep_floor(NOON + seconds(2))
    assert told == ["came", "came", "came", "lost", "lost"]


def test_a_caller_who_is_offered_voicemail_is_taken_by_nobody_meanwhile() -> None:
    centre = overflowing(MESSAGE)
    assert decided(centre, after=20) == [OfferVoicemail(node="pbx1", call_id="one", channel="PJSIP/trunk-one")]
    centre.agents["leila"] = an_agent("leila", "desk:region=9&region:kazan=9&lang:ru=9", "doctor")
    assert decided(centre, after=21) == []


def test_a_caller_is_given_to_whom_a_lookup_named_then_to_whom_he_was_cut_off_from_then_to_the_coordinator() -> None:
    cut_off = CutOffTalks()
    talk = a_call("before", state=CallState.TALK, agent_id="boris", number="+442079461000")
    ended = CallEnded(at=NOON, call_id="before", state=CallState.TALK, cause=16, by=EndedBy.CALLER)
    cut_off.ended(talk, ended)
    again = a_call("again", line="kazan", number="+442079461000", queued_at=NOON + CUT_OFF_FOR)
    assert preferred(replace(again, preferred="anna"), cut_off, CONFIGURATION) == ("anna", True)
    assert preferred(again, cut_off, CONFIGURATION) == ("boris", False), "others may share the number"
    assert preferred(replace(again, number="+442079461001"), cut_off, CONFIGURATION) == ("leila", True)
    late = replace(again, queued_at=NOON + CUT_OFF_FOR + seconds(1))
    assert preferred(late, cut_off, CONFIGURATION) == ("leila", True)
    assert preferred(replace(late, line="hotline", preferred="nobody"), cut_off, CONFIGURATION)[0] is None


@pytest.mark.parametrize(
    ("state", "by", "number"),
    [
        (CallState.TALK, EndedBy.AGENT, "+442079461000"),
        (CallState.WAITING, EndedBy.CALLER, "+442079461000"),
        (CallState.TALK, EndedBy.CALLER, ""),
    ],
)
def test_only_a_talk_that_the_agent_has_not_ended_is_remembered(state: CallState, by: EndedBy, number: str) -> None:
    cut_off = CutOffTalks()
    talk = a_call("before", state=state, agent_id="boris", number=number)
    cut_off.ended(talk, CallEnded(at=NOON, call_id="before", state=state, cause=16, by=by))
    assert cut_off.agent_of(a_call("again", number=number, queued_at=NOON)) is None


def test_who_waited_already_when_another_talk_of_the_same_number_was_cut_off_is_somebody_else() -> None:
    cut_off = CutOffTalks()
    talk = a_call("before", state=CallState.TALK, agent_id="boris", number="+442079460100")
    cut_off.ended(talk, CallEnded(at=NOON, call_id="before", state=CallState.TALK, cause=16, by=EndedBy.CALLER))
    assert cut_off.agent_of(a_call("again", number=talk.number, queued_at=NOON + seconds(9))) == "boris"
    assert cut_off.agent_of(a_call("other", number=talk.number, queued_at=NOON - seconds(9))) is None


def a_ring_that_gives_way() -> tuple[Centre, list[Any]]:
    """Elena's phone rings for a caller on the direct line, and an emergency caller comes."""
    ours = a_waiting("one", queue="direct", line="direct", needs=(("lang:ru", 1),))
    emergency = replace(CONFIGURATION.queues["emergency"], reserve=0)
    centre = Centre(
        configuration=replace(CONFIGURATION, queues={**CONFIGURATION.queues, "emergency": emergency}),
        agents={"elena": an_agent("elena", NURSE, "nurse")},
        calls={"one": ours},
        nodes={"pbx1": ()},
    )
    [ring] = decided(centre)
    list(HANDLERS[AgentRinging](centre, AgentRinging(at=NOON, call_id="one", agent_id="elena", attempt=ring.attempt)))
    centre.calls["two"] = a_waiting("two")
    return centre, list(decide(centre, Tick(at=NOON + seconds(2))))


def test_a_ring_for_somebody_in_no_emergency_is_ended_and_the_phone_rings_anew_when_it_is_silent() -> None:
    centre, (told, command) = a_ring_that_gives_way()
    assert (told.decision, told.reason, told.agent_id, told.call_id) == ("ring", "gave-way", "elena", "two")
    assert command == ReturnToWaiting(node="pbx1", call_id="one", channel="PJSIP/trunk-one")
    assert centre.agents["elena"].call_id == "two", "taken, though the phone rings for another still"
    assert decided(centre, after=2.1) == []
    back = CallerQueued(
        at=NOON + seconds(2), call_id="one", node="pbx1", channel="PJSIP/trunk-one", line="direct", queue="direct",
        lang="ru", needs=(("lang:ru", 1),), queued_at=NOON,
    )  # fmt: skip
    rung = [one for one in HANDLERS[CallerQueued](centre, back) if isinstance(one, RingAgent)]
    assert [(one.call_id, one.agent_id, one.attempt) for one in rung] == [("two", "elena", centre.rings["two"].attempt)]
    assert decided(centre, event=back) == [], "the other waits on, in the old place"
    assert centre.floor.waiting["one"].queued_at == NOON


def test_the_phone_rings_anew_also_when_the_other_caller_hangs_up_meanwhile() -> None:
    centre, _ = a_ring_that_gives_way()
    gone = CallEnded(at=NOON, call_id="one", state=CallState.RINGING, cause=16, by=EndedBy.CALLER)
    rung = [one for one in HANDLERS[CallEnded](centre, gone) if isinstance(one, RingAgent)]
    assert [(one.call_id, one.agent_id) for one in rung] == [("two", "elena")]


@pytest.mark.parametrize("meanwhile", [AgentRinging, AgentAnswered])
def test_an_agent_whose_ring_begins_or_is_answered_while_it_gives_way_is_taken_all_the_same(meanwhile: Any) -> None:
    centre, _ = a_ring_that_gives_way()
    about = {"at": NOON + seconds(2), "call_id": "one"}
    attempt = {"attempt": 1} if meanwhile is AgentRinging else {}
    list(HANDLERS[meanwhile](centre, meanwhile(**about, agent_id="elena", **attempt)))
    back = CallerQueued(
        **about, node="pbx1", channel="PJSIP/trunk-one", line="direct", queue="direct", lang="ru",
        needs=(("lang:ru", 1),), queued_at=NOON,
    )  # fmt: skip
    list(HANDLERS[CallerQueued](centre, back))
    assert (centre.agents["elena"].state, centre.agents["elena"].call_id) == (AgentState.RINGING, "two")
    assert decided(centre, event=back) == []


def test_a_ring_of_app_queue_and_one_for_another_emergency_give_no_way() -> None:
    for queue, attempt in (("direct", None), ("emergency", 7)):
        centre = a_centre_of(
            a_waiting("one", state=CallState.RINGING, queue=queue), agents=(an_agent("elena", NURSE, "nurse"),)
        )
        ringing = AgentRinging(at=NOON, call_id="one", agent_id="elena", attempt=attempt)
        list(HANDLERS[AgentRinging](centre, ringing))
        centre.calls["two"] = a_waiting("two")
        assert decided(centre, after=2) == []
