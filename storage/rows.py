"""What do the projections of the history hold? One frozen row per thing; schema.py makes a table of each.

Times are aware, UTC. Every row can be made again from ``events``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    """What became of a call.

    ``answered``: a person talked to the caller (``by_fallback`` tells whether app_queue had found them);
    ``abandoned``: the caller left a wait, ``short_abandoned`` within its first 5 s; ``fallback``: the call was ended by
    the system while the fallback or the last resort had it; ``voicemail``: a message was left;
    ``ended_in_menu``: it never waited.
    """

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    SHORT_ABANDONED = "short_abandoned"
    FALLBACK = "fallback"
    VOICEMAIL = "voicemail"
    ENDED_IN_MENU = "ended_in_menu"


class WaitResult(StrEnum):
    """How a wait ended; ``last_resort`` and ``fallback`` when it ended there without a person."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    TRANSFERRED = "transferred"
    LAST_RESORT = "last_resort"
    FALLBACK = "fallback"


class Doing(StrEnum):
    """What an agent is doing; ``wrap-up`` follows a talk until the agent is rung or heard of again."""

    READY = "ready"
    PAUSED = "paused"
    OFF = "off"
    UNREACHABLE = "unreachable"
    RINGING = "ringing"
    TALK = "talk"
    WRAP_UP = "wrap-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """One call. ``number`` is a secret, kept to ring back; ``queue`` and ``agent_id`` are the last ones.

    ``menu_outcome`` is how the menu before any agent ended (ivr.dialogue.Outcome).
    """

    call_id: str
    line: str = ""
    number: str = ""
    lang: str = ""
    queue: str = ""
    agent_id: str | None = None
    by_fallback: bool = False
    started_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    ended_state: str | None = None
    outcome: str | None = None
    menu_outcome: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitRow:
    """One wait of one call in one queue, counted from 1. ``wait_seconds`` from ``began`` to ``ended``."""

    call_id: str
    nth: int
    queue: str
    began: datetime
    ended: datetime | None = None
    result: str | None = None
    agent_id: str | None = None
    wait_seconds: float | None = None
    by_fallback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRow:
    """One agent: what they declared last, and whether their phone can be rung (None: never heard)."""

    agent_id: str
    duty: str | None = None
    reason: str = ""
    since: datetime | None = None
    reachable: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStateRow:
    """What an agent did from ``since`` until ``until`` (None: still); ``call_id`` for ringing, talk and wrap-up."""

    agent_id: str
    since: datetime
    until: datetime | None = None
    state: str
    reason: str = ""
    call_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRow:
    """One kept recording; ``path`` as the recording pipeline gave it."""

    recording_id: str
    call_id: str
    path: str
    seconds: float
    short_by: float
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    """One abandoned emergency call, open until ``cleared_at``."""

    call_id: str
    queue: str
    raised_at: datetime
    cleared_at: datetime | None = None
    how: str | None = None
    agent_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRow:
    """One promise to ring back, open until ``done_at``. ``number`` is a secret; a message has its ``recording_id``."""

    callback_id: str
    call_id: str
    kind: str
    asked_at: datetime
    number: str = ""
    line: str = ""
    queue: str = ""
    lang: str = ""
    recording_id: str = ""
    done_at: datetime | None = None
    done_by: str = ""
    note: str = ""


Row = CallbackRow | CallRow | WaitRow | AgentRow | AgentStateRow | RecordingRow | AlarmRow

KEYS: dict[type, tuple[str, ...]] = {
    CallRow: ("call_id",),
    WaitRow: ("call_id", "nth"),
    AgentRow: ("agent_id",),
    AgentStateRow: ("agent_id", "since"),
    RecordingRow: ("recording_id",),
    AlarmRow: ("call_id",),
    CallbackRow: ("callback_id",),
}
"""The columns by which each row is known."""
