"""What does a caller do in a menu, and what is done for them? The machine's inputs and commands, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from calls.needs import Needs
from ivr.secret import Secret


class Outcome(StrEnum):
    """How a session ended: MenuEnded carries it."""

    QUEUED = "queued"
    LAST_RESORT = "last-resort"
    SERVED = "served"
    ABANDONED = "abandoned"


class Verdict(StrEnum):
    """What became of a PIN check."""

    RIGHT = "right"
    WRONG = "wrong"
    FAILED = "failed"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class Started:
    """The session owns the call: begin."""


@dataclass(frozen=True, slots=True)
class Digits:
    """The caller pressed something: up to the asked number of digits, or ``#`` alone."""

    typed: Secret


@dataclass(frozen=True, slots=True)
class Silence:
    """The caller pressed nothing in time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A PIN check came back; ``caller`` names who was verified (e.g. ``clinic:17``)."""

    verdict: Verdict
    caller: str = ""


@dataclass(frozen=True, slots=True)
class HungUp:
    """The caller is gone."""


Input = Started | Digits | Silence | Answer | HungUp


@dataclass(frozen=True, slots=True)
class Say:
    """Say the prompts, named by id, in this language and to their end."""

    lang: str
    prompts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """Say the prompts until a digit comes; ``digits`` at most, each within ``wait_seconds``; ``#`` ends early."""

    lang: str
    prompts: tuple[str, ...]
    digits: int
    wait_seconds: float


@dataclass(frozen=True, slots=True)
class CheckPin:
    """Find out whether this is the PIN of this clinic; comes back as Answer."""

    clinic: Secret
    pin: Secret


@dataclass(frozen=True, slots=True)
class Chose:
    """For the history: at this node of the menu the caller took this option, by its configured name."""

    node: str
    choice: str


@dataclass(frozen=True, slots=True)
class End:
    """The session is over; ``queue`` and ``needs`` are empty when the call ends here.

    ``needs`` are those of the line, of the choice and of the language; the queue's own come on top of them.
    """

    outcome: Outcome
    queue: str
    lang: str
    needs: Needs
    caller: str


Command = Say | Ask | CheckPin | Chose | End
