"""What is known of one call, from its first ring in our house to its end?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from calls.needs import Needs


class CallState(StrEnum):
    """The values of the channel variable ``AL_STATE``; who owns the call in each is told in docs/call-states.md."""

    MENU = "menu"
    WAITING = "waiting"
    RINGING = "ringing"
    TALK = "talk"
    LAST_RESORT = "last-resort"
    VOICEMAIL = "voicemail"
    FALLBACK = "fallback"
    FALLBACK_TALK = "fallback-talk"
    SURVEY = "survey"
    ENDED = "ended"


class ThirdPartyMode(StrEnum):
    """How a third party takes part in a talk; the values of the channel variable ``AL_MODE``."""

    TALK = "talk"
    """All three hear each other: an interpreter, a coordinator."""
    WHISPER = "whisper"
    """Hears both, and is heard by the agent alone: a mentor."""


TALKS = frozenset({CallState.TALK, CallState.FALLBACK_TALK})
"""Where the caller talks with a person."""

WAITS = frozenset({CallState.WAITING, CallState.RINGING, CallState.FALLBACK, CallState.LAST_RESORT})
"""Where a queued caller has nobody to talk to."""

SHORT_ABANDON_SECONDS = 5.0
"""A caller who leaves a wait sooner dialled wrongly or thought better of it (the trade's usual 5 s, as in the
glossary)."""

HANDED_OVER = 0
"""The number of a ring that a colleague's transfer asked for, and of a talk that a colleague handed over."""

INTERNAL_LINE = "internal"
"""The line of a call that an agent makes to a queue, to consult someone."""


@dataclass(frozen=True, slots=True)
class Call:
    """One caller's call. Times are aware, UTC; ``queued_at`` is the order key and survives transfers and rings.

    ``waiting_since`` is when the wait in the present queue began (later than ``queued_at`` after a transfer or an
    overflow), and ``back_since`` when the last resort, or a message that was not left, gave the caller
    back to it. ``attempt`` numbers the present ring (HANDED_OVER: a colleague sent the caller). ``number`` is the
    caller's number: a secret, kept out of logs and labels. ``preferred`` is the agent whom a lookup named to try first,
    ``overflowed`` where it has been sent so far (routing.waiting.Target): nothing is tried twice.
    """

    call_id: str
    node: str
    channel: str
    line: str
    state: CallState
    started_at: datetime
    lang: str = ""
    queue: str = ""
    needs: Needs = ()
    number: str = ""
    caller: str = ""
    queued_at: datetime | None = None
    waiting_since: datetime | None = None
    back_since: datetime | None = None
    agent_id: str | None = None
    attempt: int | None = None
    state_since: datetime | None = None
    preferred: str = ""
    overflowed: frozenset[str] = frozenset()
