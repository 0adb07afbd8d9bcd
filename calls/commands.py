"""What shall be done? Imperative values that telephony/actions turns into AMI actions.

Every command names the node it is for. Nothing in a command was typed by a caller except ``number``,
which the choke point of telephony checks again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from calls.call import ThirdPartyMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Any command; ``node`` is the Asterisk that shall carry it out."""

    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SayAlive(Command):
    """Write the heartbeat: the global ``AL_ALIVE`` becomes ``at`` as epoch seconds."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeCaller(Command):
    """Tell the waiting room that the engine knows this caller: ``AL_SEEN=1``."""

    call_id: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce(Command):
    """Say these prompts, in the caller's language, to the caller in the waiting room, between two turns of music."""

    call_id: str
    channel: str
    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RingAgent(Command):
    """Redirect the waiting caller to ``al-ring``, extension ``<agent>-<attempt>``; if others are rung ``besides``, to
    ``al-together``, extension ``<agent>.<agent>-<attempt>``."""

    call_id: str
    channel: str
    agent_id: str
    attempt: int
    besides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GoToLastResort(Command):
    """Redirect the waiting caller to the last resort of the queue, since nobody can be rung."""

    call_id: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveToQueue(Command):
    """Let the waiting caller wait in another queue, in the old place."""

    call_id: str
    channel: str
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferVoicemail(Command):
    """Redirect the waiting caller to where a message can be left, or not."""

    call_id: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnToWaiting(Command):
    """End the ring for this caller, who waits on in the old place: a more pressing one needs the agent."""

    call_id: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawIn(Command):
    """Ring an agent, in the house or outside, who then joins the talk of this caller (``channel``)."""

    call_id: str
    channel: str
    agent_id: str
    mode: ThirdPartyMode


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeReserve(Command):
    """Ring an agent off duty, at home: who presses 1 comes on duty, since ``queue`` needs help."""

    agent_id: str
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorDuty(Command):
    """Pause or unpause the agent in app_queue, so that the fallback rings only people on duty."""

    agent_id: str
    paused: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCode(Command):
    """Tell the phone that dialled a code what became of it: ``AL_ANSWER=<answer>`` (and ``AL_NUMBER`` to ring back)."""

    channel: str
    answer: str
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameAgent(Command):
    """Tell the caller's channel who talks there now, after a transfer that the dialplan does not see: ``AL_AGENT``."""

    call_id: str
    channel: str
    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQueue(Command):
    """Write one line of queue_log in Asterisk's own vocabulary."""

    queue: str
    event: str
    call_id: str = "NONE"
    agent_id: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAgain(Command):
    """Take a fresh snapshot of this node."""
