"""Who waits, for what, and since when?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from calls.needs import Needs


@dataclass(frozen=True, slots=True, kw_only=True)
class LastResort:
    """Where a queue's callers go when nobody who could serve them is on duty: a mobile first, then voicemail.

    ``after_seconds`` is how long a caller waits before that; callers of an emergency queue go at once.
    """

    mobile: str | None = field(default=None, repr=False)
    after_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Callers who wait for the same kind of help.

    ``target_share`` (0-1) of the offered calls shall be answered within ``target_seconds``. ``extension`` is the
    internal number that transfers a talk into this queue. ``ring_seconds`` is the length of one ring,
    ``wrap_up_seconds`` the agent's time after a talk. ``weight`` is only for the fallback: app_queue's own weight.
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
    last_resort: LastResort = field(default_factory=LastResort)
    weight: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingCall:
    """One call that wants an agent now.

    ``queued_at`` is the order key, kept through rings and transfers; ``waiting_since`` begins the present wait.
    ``in_fallback``: app_queue holds the call; it competes like any other, but we send it no command.
    ``in_last_resort``: the call has been sent to its queue's last resort, from which an agent who gets free takes it.
    """

    call_id: str
    queue: str
    needs: Needs
    queued_at: datetime
    waiting_since: datetime
    in_fallback: bool = False
    in_last_resort: bool = False
