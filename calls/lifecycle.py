"""Which states can a call go through? One transition table and one ``apply``.

An event that the table does not know in the present state raises IllegalEvent and leaves the call as it was;
the engine then looks at Asterisk again, which holds the truth.
"""

from __future__ import annotations

from dataclasses import replace

from calls.call import HANDED_OVER, TALKS, Call, CallState
from calls.errors import IllegalEvent
from calls.events import (
    AgentAnswered,
    AgentNotReached,
    AgentRinging,
    CallEnded,
    CallerQueued,
    CallEvent,
    CallStarted,
    CallTransferred,
    FallbackEntered,
    LastResortEntered,
    MenuEntered,
    SurveyBegun,
    TalkEnded,
    VoicemailBegun,
)

S = CallState

TRANSITIONS: dict[type[CallEvent], dict[CallState, CallState]] = {
    MenuEntered: {S.MENU: S.MENU},
    CallerQueued: dict.fromkeys(
        [S.MENU, S.WAITING, S.RINGING, S.TALK, S.SURVEY, S.LAST_RESORT, S.VOICEMAIL, S.FALLBACK_TALK], S.WAITING
    ),
    AgentRinging: {
        S.WAITING: S.RINGING,
        S.RINGING: S.RINGING,
        S.TALK: S.RINGING,
        S.FALLBACK_TALK: S.RINGING,
        S.FALLBACK: S.FALLBACK,
        S.LAST_RESORT: S.RINGING,
    },
    AgentNotReached: {state: state for state in (S.RINGING, S.WAITING, S.TALK, S.FALLBACK, S.LAST_RESORT)},
    AgentAnswered: {
        S.WAITING: S.TALK,
        S.RINGING: S.TALK,
        S.LAST_RESORT: S.TALK,
        S.TALK: S.TALK,
        S.FALLBACK: S.FALLBACK_TALK,
        S.FALLBACK_TALK: S.FALLBACK_TALK,
    },
    TalkEnded: {S.TALK: S.TALK, S.FALLBACK_TALK: S.FALLBACK_TALK},
    SurveyBegun: {S.TALK: S.SURVEY},
    CallTransferred: {S.TALK: S.TALK, S.FALLBACK_TALK: S.FALLBACK_TALK},
    FallbackEntered: dict.fromkeys([S.MENU, S.WAITING, S.RINGING, S.LAST_RESORT, S.VOICEMAIL, S.FALLBACK], S.FALLBACK),
    LastResortEntered: {
        S.MENU: S.LAST_RESORT,
        S.WAITING: S.LAST_RESORT,
        S.LAST_RESORT: S.LAST_RESORT,
        S.FALLBACK: S.FALLBACK,
    },
    VoicemailBegun: dict.fromkeys([S.MENU, S.WAITING, S.LAST_RESORT, S.FALLBACK, S.VOICEMAIL], S.VOICEMAIL),
    CallEnded: dict.fromkeys([state for state in S if state is not S.ENDED], S.ENDED),
}


RUNG_BY_ASTERISK = frozenset({S.FALLBACK, S.LAST_RESORT})
"""Where Asterisk itself rings people, one after the other: such a ring has no attempt, and the call stays there."""


def start(event: CallStarted) -> Call:
    """The call that begins with this event."""
    return Call(
        call_id=event.call_id,
        node=event.node,
        channel=event.channel,
        line=event.line,
        lang=event.lang,
        number=event.number,
        state=S.MENU,
        started_at=event.at,
        state_since=event.at,
    )


def apply(call: Call, event: CallEvent) -> Call:
    """The call after the event; raises IllegalEvent when the table does not allow it."""
    try:
        state = TRANSITIONS[type(event)][call.state]
    except KeyError:
        raise IllegalEvent(f"{type(event).__name__} cannot happen to a call that is {call.state}") from None
    if isinstance(event, AgentRinging) and event.attempt is None and call.state in RUNG_BY_ASTERISK:
        state = call.state
    since = call.state_since if state is call.state else event.at
    changed = replace(call, state=state, state_since=since)
    match event:
        case CallerQueued():
            given_back = call.state in (S.LAST_RESORT, S.VOICEMAIL)
            sent_on = given_back or call.state in (S.WAITING, S.RINGING)
            goes_on = sent_on and event.queue == call.queue
            return replace(
                changed,
                channel=event.channel,
                queue=event.queue,
                lang=event.lang,
                needs=event.needs,
                caller=event.caller,
                queued_at=event.queued_at,
                waiting_since=(call.waiting_since if goes_on else None) or event.at,
                back_since=(event.at if given_back else call.back_since) if goes_on else None,
                agent_id=None,
                attempt=None,
                preferred=event.preferred,
                overflowed=call.overflowed if sent_on else frozenset(),
            )
        case AgentRinging():
            waiting_since = event.at if call.state in TALKS else call.waiting_since
            together = call.state is S.RINGING and event.attempt and event.attempt == call.attempt
            agent_id = call.agent_id if together else event.agent_id
            return replace(changed, agent_id=agent_id, attempt=event.attempt, waiting_since=waiting_since)
        case AgentAnswered():
            return replace(changed, agent_id=event.agent_id)
        case TalkEnded(handed_to=number) if number:
            return replace(changed, agent_id=None, attempt=HANDED_OVER)
        case CallTransferred():
            return replace(changed, agent_id=event.agent_id or call.agent_id, attempt=HANDED_OVER)
        case LastResortEntered():
            since = call.waiting_since or event.at
            queue = event.queue or call.queue
            return replace(changed, queue=queue, agent_id=None, attempt=None, waiting_since=since)
        case FallbackEntered():
            return replace(changed, agent_id=None, attempt=None, waiting_since=call.waiting_since or event.at)
    return changed
