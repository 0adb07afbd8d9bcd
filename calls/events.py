"""What happened? Facts in the past tense, as they enter the engine and the history.

Every event has ``at`` (aware, UTC, when Asterisk or we saw it). Events about a call carry ``call_id``; events about a
person on duty carry ``agent_id``. They are made by telephony/translate, by the menu session and by the engine itself.

Longer than 300 lines, since it is one list of facts, looked up and not read through.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from calls.call import CallState, ThirdPartyMode
from calls.needs import Needs


class EndedBy(StrEnum):
    """Who ended a talk or a call."""

    CALLER = "caller"
    AGENT = "agent"
    SYSTEM = "system"


class Duty(StrEnum):
    """What an agent has declared by phone code, command line or page: registered is not ready."""

    READY = "ready"
    PAUSED = "paused"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Any fact; ``at`` is aware UTC."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvent(Event):
    """A fact about one call."""

    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted(CallEvent):
    """A caller's channel entered one of our lines."""

    node: str
    channel: str
    line: str
    lang: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuEntered(CallEvent):
    """The menu session took the call."""

    line: str
    menu: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuChosen(CallEvent):
    """The caller took an option (its configured name, never the digits typed)."""

    menu: str
    choice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuEnded(CallEvent):
    """The menu session let the call go: outcome ``queued``, ``hangup``, ``failed``, ``voicemail`` ...."""

    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuHandedOver(CallEvent):
    """What the menu leaves to whoever talks with the caller next; medical, so only history and that screen see it.

    ``chosen`` are pairs of a node and what was taken there, ``typed`` numbers by their fields, masked, ``heard`` ids of
    prompts; the rest is what a lookup said of the caller.
    """

    chosen: tuple[tuple[str, str], ...] = field(repr=False)
    typed: dict[str, str] = field(repr=False)
    heard: tuple[str, ...] = field(repr=False)
    region: str = field(repr=False)
    lang: str = field(repr=False)
    vip: bool = field(repr=False)
    doctor: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerQueued(CallEvent):
    """The caller is in the waiting room (also after a ring without answer and after a transfer to a queue).

    ``caller`` says who was recognized, ``preferred`` is the agent whom a lookup named to try first, and ``sent_by`` the
    one who has sent the caller to this queue.
    """

    node: str
    channel: str
    line: str
    queue: str
    lang: str
    needs: Needs
    queued_at: datetime
    number: str = ""
    caller: str = ""
    preferred: str = ""
    sent_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRinging(CallEvent):
    """An agent's phone is being rung for the call; ``attempt`` is None when app_queue rings it."""

    agent_id: str
    attempt: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAnswered(CallEvent):
    """The agent picked up (and pressed 1, where that is asked)."""

    agent_id: str
    by_fallback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentNotReached(CallEvent):
    """A ring ended without a talk: no answer, busy, declined, unreachable, or refused since the agent was taken."""

    agent_id: str
    attempt: int | None
    dial_status: str
    cause: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredElsewhere(CallEvent):
    """Another of the phones that rang together for the call was picked up first: this agent's rings no more."""

    agent_id: str
    attempt: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkEnded(CallEvent):
    """The talk between caller and agent is over; the call itself may go on.

    ``handed_to`` is the internal number to which the agent has sent the caller, if that is how it ended.
    """

    agent_id: str
    by: EndedBy
    handed_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackEntered(CallEvent):
    """The dialplan stopped waiting for us: reason ``unseen`` (not acknowledged), ``stale`` (heartbeat old) or
    ``no-queue`` (the caller was to go to a queue that it does not have)."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastResortEntered(CallEvent):
    """Nobody could be rung, or the line is closed: the last resort of ``queue`` has the caller."""

    queue: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailBegun(CallEvent):
    """The caller chose to leave a message, and is not to be disturbed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailLeft(CallEvent):
    """The caller left a message; ``recording_id`` names its file."""

    recording_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackAsked(CallEvent):
    """The caller was promised that somebody of ``queue`` rings back at ``number``, a secret."""

    queue: str
    lang: str
    number: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackDone(CallEvent):
    """Somebody has rung the caller back, or says why nobody will; ``by`` is who says so."""

    callback_id: str
    by: str
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyBegun(CallEvent):
    """The agent has put down, and the caller is asked for a mark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(CallEvent):
    """The caller's channel is gone; ``state`` is where it was, ``cause`` the Q.850 cause."""

    state: CallState
    cause: int
    by: EndedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSpooled(CallEvent):
    """A call that ended while we were away, read from the failsafe spool; ``payload`` is the spooled line."""

    payload: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRecorded(CallEvent):
    """What one party said is being written; ``party`` is ``caller`` or an agent's id, ``at`` its first sample."""

    party: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingReady(CallEvent):
    """Both parties stand in one stereo file (caller left, agents right).

    ``seconds`` is its length; ``short_by`` how many seconds the worst leg lacks against the clock (a full disk, lost
    audio).
    """

    recording_id: str
    path: str
    seconds: float
    short_by: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTransferred(CallEvent):
    """A talk went on with another party (attended transfer)."""

    agent_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThirdPartyAsked(CallEvent):
    """The agent in the talk dialled the code that draws in someone of ``queue``; ``channel`` waits for an answer."""

    agent_id: str
    queue: str
    node: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AmbulanceCalled(CallEvent):
    """The agent in the talk has the ambulance rung; it joins and leaves as the third party ``ambulance``."""

    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThirdPartyJoined(CallEvent):
    """An agent takes part in another's talk."""

    agent_id: str
    mode: ThirdPartyMode


@dataclass(frozen=True, slots=True, kw_only=True)
class ThirdPartyLeft(CallEvent):
    """The third party is out of the talk, which goes on unless it has ended itself."""

    agent_id: str
    mode: ThirdPartyMode


@dataclass(frozen=True, slots=True, kw_only=True)
class ThirdPartyNotReached(CallEvent):
    """Whoever was to join did not: DIALSTATUS, or ``REFUSED`` (rung or talks already), ``GONE`` (the talk was over)."""

    agent_id: str
    mode: ThirdPartyMode
    dial_status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRaised(CallEvent):
    """An emergency caller left while waiting; stands until someone has talked with them."""

    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmCleared(CallEvent):
    """Someone has talked with who called from that number (``how`` ``answered``) or said so (``by hand``)."""

    how: str
    agent_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentEvent(Event):
    """A fact about one agent."""

    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyChanged(AgentEvent):
    """The agent went ready, paused (with a reason) or off; ``channel`` waits for an acknowledgement when set."""

    duty: Duty
    reason: str = ""
    channel: str | None = None
    node: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveAccepted(AgentEvent):
    """The agent who was woken has pressed 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveDeclined(AgentEvent):
    """The agent will not come: DIALSTATUS, or ``DECLINED`` (pressed 2), ``UNCONFIRMED`` (another key or none, as of a
    voice mailbox), ``HUNGUP``."""

    dial_status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneReachable(AgentEvent):
    """The agent's phone can (or can no longer) be rung: registered and qualified."""

    reachable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneInUse(AgentEvent):
    """The agent's phone is (or is no longer) ringing or talking, whoever called."""

    in_use: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RingBackAsked(AgentEvent):
    """The agent dialled the code that rings back the oldest abandoned emergency caller."""

    node: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RingBackAnswered(AgentEvent):
    """The abandoned caller was reached."""

    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSeen:
    """One caller's channel in a snapshot; ``besides`` are rung together with the agent."""

    call_id: str
    channel: str
    line: str
    lang: str
    queue: str
    needs: Needs
    state: CallState
    queued_at: datetime | None
    agent_id: str | None
    number: str
    started_at: datetime
    preferred: str = ""
    besides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided(CallEvent):
    """The router has decided upon the call: ``ring``, ``last-resort``, or where it overflows to.

    ``reason`` is a routing reason, ``step`` the relaxation step in force (0: none), ``queue`` where it waited, or where
    it overflows to. ``besides`` are agents who are rung together with ``agent_id``.
    """

    decision: str
    reason: str
    agent_id: str | None = None
    queue: str = ""
    step: int = 0
    besides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapUpEnded(AgentEvent):
    """Time was up, and the agent can be rung again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentMissedRings(AgentEvent):
    """The agent has not answered so many rings in a row, and is paused for it."""

    misses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveWoken(AgentEvent):
    """Someone on call is rung to come on duty for a queue; ``reason`` says what has broken or is about to."""

    queue: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveStoodDown(AgentEvent):
    """Someone on call is needed no more."""

    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFound(CallEvent):
    """A snapshot holds a caller of whom we knew nothing: the call began, or went on, while we were away."""

    node: str
    line: str
    lang: str
    queue: str
    state: CallState
    started_at: datetime
    queued_at: datetime | None
    agent_id: str | None
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallVanished(CallEvent):
    """An earlier run of the service left this call open, and Asterisk has it no more: nobody saw its end.

    ``at`` is when that run was last heard of, ``state`` the last that it knew of the call.
    """

    node: str
    line: str
    queue: str
    state: CallState
    started_at: datetime
    agent_id: str | None
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotTaken(Event):
    """All that one Asterisk holds: enters as one event, later events apply after it.

    ``third_parties`` are pairs of an agent and the call of another's talk, in which the agent takes part.
    """

    node: str
    calls: tuple[ChannelSeen, ...]
    reachable: frozenset[str]
    in_use: frozenset[str]
    faults: tuple[str, ...] = field(default=())
    third_parties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStarted(Event):
    """A run of the service begins: its first fact. ``duties`` are agent, duty, reason and since when, as they go on."""

    duties: tuple[tuple[str, Duty, str, datetime], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationApplied(Event):
    """Another version of the configuration is in force; ``who`` is the login name of whoever applied it."""

    version: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchDoubted(Event):
    """We stood still, and what we believe of one Asterisk is old: nothing is decided there until a snapshot."""

    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchLost(Event):
    """The AMI link to one Asterisk is down; its callers are on their own until a snapshot."""

    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFailed(Event):
    """A command was refused, timed out or could not be sent; ``call_id`` or ``agent_id`` tells whom it was for."""

    node: str
    command: str
    reason: str
    call_id: str | None = None
    agent_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLost(Event):
    """``count`` events, from ``since`` to ``at``, could be kept nowhere: no database, no room on the disk."""

    count: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(Event):
    """Time passed; nothing else happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineReached(Event):
    """A moment at which time alone ends a wrap-up or changes what is decided, between two ticks."""
