"""What can be told of one caller's way through the centre? Facts, for app/wording to put into plain words.

Times are aware UTC. Numbers of callers are in none of them; agents are named by their ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from calls.needs import Needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that happened to the caller."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Able:
    """Somebody who could serve the caller, and what they were doing instead, since when; ``reason`` of a pause."""

    agent_id: str
    doing: str
    since: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Came(Fact):
    """The call began."""

    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chose(Fact):
    """An option of a menu, by its configured name."""

    choice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued(Fact):
    """The caller waited in a queue, all in all ``since`` then, in this ``place`` (1: next); ``able`` are all who could
    serve."""

    queue: str
    since: datetime
    needs: Needs
    place: int
    preferred: str | None
    able: tuple[Able, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxed(Fact):
    """So many ``steps`` of relaxation were in force, and left these needs."""

    needs: Needs
    steps: int
    interpreter: bool
    able: tuple[Able, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver(Fact):
    """Somebody who could serve the caller was rung for one of ``queue``; ``theirs`` and ``ours`` are wait / target."""

    agent_id: str
    queue: str
    emergency: bool
    reason: str
    theirs: float
    ours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RingTaken(Fact):
    """The phone stopped ringing for the caller, since an emergency caller needed the agent."""

    agent_id: str
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept(Fact):
    """Somebody who could serve the caller was free and not rung: ``reserve`` for emergencies, or the caller waited for
    the agent they prefer (``preferred``)."""

    agent_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung(Fact):
    """The router chose the agent, of several who could be had (``others`` besides); ``together`` with these. ``waited``
    are seconds, ``ratio`` what they were of the target."""

    agent_id: str
    reason: str
    steps: int
    waited: float
    ratio: float
    others: tuple[str, ...]
    together: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RungByAsterisk(Fact):
    """Asterisk's own queue, or the last resort, rang the agent."""

    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotReached(Fact):
    """The ring ended after so many ``seconds`` without a talk; ``dial_status`` as Asterisk calls it, empty if it never
    began."""

    agent_id: str
    dial_status: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Fact):
    """The wait ended with a talk: ``waited`` and ``target`` in seconds."""

    agent_id: str
    queue: str
    waited: float
    target: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SentOn(Fact):
    """The router sent the caller elsewhere: to another ``queue``, to voicemail, to the last resort; or woke reserve."""

    to: str
    queue: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftToAsterisk(Fact):
    """Asterisk rang people by itself: ``unseen`` or ``stale`` tells why; or the last resort had the caller (empty)."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording(Fact):
    """The caller left a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined(Fact):
    """A third party took part in the talk."""

    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Talked(Fact):
    """The talk with this agent was over."""

    agent_id: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Fact):
    """The call was over; ``waited`` seconds in vain, None if it did not wait then."""

    by: str
    waited: float | None
    target: float
