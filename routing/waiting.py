"""Who waits, for what, and since when?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from calls.hours import Hours
from calls.needs import Needs


@dataclass(frozen=True, slots=True, kw_only=True)
class LastResort:
    """Where a queue's callers go when nobody who could serve them is on duty: a mobile first, then voicemail.

    ``after_seconds`` is how long a caller waits before that; callers of an emergency queue go at once.
    """

    mobile: str | None = field(default=None, repr=False)
    after_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxation:
    """After so many seconds of the present wait, these needs are lowered; a step raises none.

    In an emergency queue a step is in force at once while nobody on duty could serve the call before it.

    ``levels`` names skills (``lang:ru``) or kinds (``lang:*``) with the level that then suffices; 0 takes the need
    away. With ``interpreter`` whoever takes the call needs one drawn in.
    """

    after_seconds: float
    levels: tuple[tuple[str, int], ...]
    interpreter: bool = False


class When(StrEnum):
    """What makes a queue overflow."""

    FULL = "full"
    LONG = "long"
    NOBODY = "nobody"
    CLOSED = "closed"


class Target(StrEnum):
    """Where a call goes that overflows; reserve staff is woken and the call waits on."""

    QUEUE = "queue"
    RESERVE = "reserve"
    CALLBACK = "callback"
    VOICEMAIL = "voicemail"
    LAST_RESORT = "last-resort"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overflow:
    """What happens to a call for whom nobody is free.

    FULL: when it comes and ``limit`` calls of its queue wait before it. LONG: it has waited ``after_seconds``. NOBODY:
    nobody who could serve it is on duty, be it on a break. CLOSED: the queue's hours are over. All but FULL wait for
    ``after_seconds`` of the present wait. ``queue`` is where Target.QUEUE leads.
    """

    when: When
    to: Target
    queue: str = ""
    limit: int = 0
    after_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveStaff:
    """When people on call are woken for a queue, and when they may go again.

    Both bounds are ratios of the expected wait of the queue's last caller to its target. Who was woken is stood down
    when it has stayed below ``stand_down_at`` for ``stand_down_after_seconds``.
    """

    wake_at: float
    stand_down_at: float
    stand_down_after_seconds: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Callers who wait for the same kind of help.

    ``target_share`` (0-1) of the offered calls shall be answered within ``target_seconds``. ``extension`` is the
    internal number that transfers a talk into this queue. ``ring_seconds`` is the length of one ring, and
    ``ring_at_once`` how many phones ring together for one call (1-5), ``wrap_up_seconds`` the agent's time after a
    talk. ``weight`` is only for the fallback: app_queue's own weight.

    ``relaxation`` is sorted by time. A call waits ``preferred_seconds`` for its preferred agent while that agent is on
    duty and busy; in an emergency queue for nobody. ``reserve`` of an emergency queue: other callers take an agent who
    could serve it only while more than so many such agents are free. After ``misses_before_pause`` rings in a row that
    were not answered an agent is paused (0: never). ``overflow``: the first rule that applies is followed; an emergency
    queue knows only other queues and reserve staff. ``hours`` are for its rule CLOSED.
    """

    queue_id: str
    label: str
    extension: str
    target_seconds: float
    target_share: float
    emergency: bool = False
    needs: Needs = ()
    wrap_up_seconds: float = 0.0
    ring_seconds: float = 20.0
    ring_at_once: int = 1
    last_resort: LastResort = field(default_factory=LastResort)
    weight: int = 0
    relaxation: tuple[Relaxation, ...] = ()
    preferred_seconds: float = 0.0
    reserve: int = 0
    misses_before_pause: int = 0
    overflow: tuple[Overflow, ...] = ()
    hours: Hours | None = None
    reserve_staff: ReserveStaff | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingCall:
    """One call that wants an agent now.

    ``queued_at`` is the order key, kept through rings and transfers; ``waiting_since`` begins the present wait;
    ``back_since`` is when its last resort gave the caller back, who is sent there again only as long after it.
    ``in_fallback``: app_queue holds the call; it competes like any other, but we send it no command.
    ``in_last_resort``: the call has been sent to its queue's last resort, from which an agent who gets free takes it.
    ``preferred`` is the agent to try first: a trusted doctor, the last one; ``patient`` callers wait for that agent
    while the queue's patience lasts. ``overflowed``: where the call has been
    sent before; nothing is tried twice, so no call goes round.
    """

    call_id: str
    queue: str
    needs: Needs
    queued_at: datetime
    waiting_since: datetime
    back_since: datetime | None = None
    in_fallback: bool = False
    in_last_resort: bool = False
    preferred: str | None = None
    patient: bool = True
    overflowed: frozenset[Target] = frozenset()
