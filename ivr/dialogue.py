"""What does a caller do in a menu, and what is done for them? The machine's inputs and commands, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from calls.needs import Needs
from ivr.secret import Secret

NOTHING = Secret("")


@dataclass(frozen=True, slots=True)
class Opening:
    """When the line opens again, in the wall-clock time of its hours."""

    at: datetime


Words = tuple[str | Secret | Opening, ...]
"""What is said, in order: prompts by their ids, digits (a Secret) one by one, and a moment."""


class Outcome(StrEnum):
    """How a session ended: MenuEnded carries it. The share of SELF_SERVED is what needed no agent."""

    QUEUED = "queued"
    LAST_RESORT = "last-resort"
    VOICEMAIL = "voicemail"
    CALLBACK = "callback"
    TRANSFERRED = "transferred"
    SELF_SERVED = "self-served"
    ABANDONED = "abandoned"
    RATED = "rated"
    UNRATED = "unrated"


class Verdict(StrEnum):
    """What became of a PIN check."""

    RIGHT = "right"
    WRONG = "wrong"
    FAILED = "failed"
    TIMEOUT = "timeout"


class Found(StrEnum):
    """What became of a lookup."""

    FOUND = "found"
    UNKNOWN = "unknown"
    FAILED = "failed"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class CallerRecord:
    """What the house knows of a caller; an empty text is what it does not know.

    ``doctor`` is the agent id of the trusted doctor. ``numbers`` are those the caller need not type any more, by the
    names of the fields that gather nodes would ask for (``policy``, ``clinic``).
    """

    region: str = ""
    lang: str = ""
    vip: bool = False
    doctor: str = ""
    numbers: Mapping[str, Secret] = field(default_factory=dict)


NOBODY = CallerRecord()


def known(record: CallerRecord, by: str) -> str:
    """The value that a branch by ``region``, ``language``, ``vip`` or ``doctor`` goes by; of the latter yes or no."""
    match by:
        case "region":
            return record.region
        case "language":
            return record.lang
        case "vip":
            return "yes" if record.vip else "no"
    return "yes" if record.doctor else "no"


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
class CallerFound:
    """The lookup of the caller came back; ``record`` counts when it is FOUND."""

    found: Found
    record: CallerRecord = NOBODY


@dataclass(frozen=True, slots=True)
class AnswerFound:
    """The lookup of an answer came back: its name in the menu, and digits to say with it (a number to ring)."""

    found: Found
    answer: str = ""
    digits: Secret = NOTHING


@dataclass(frozen=True, slots=True)
class CallbackTaken:
    """Whether the promise to ring back is kept where it cannot be lost."""

    kept: bool


@dataclass(frozen=True, slots=True)
class HungUp:
    """The caller is gone."""


Input = Started | Digits | Silence | Answer | CallerFound | AnswerFound | CallbackTaken | HungUp


@dataclass(frozen=True, slots=True)
class Say:
    """Say these words in this language and to their end."""

    lang: str
    prompts: Words


@dataclass(frozen=True, slots=True)
class Ask:
    """Say the words until a digit comes; ``digits`` at most, ``#`` ends early.

    The first is waited for ``wait_seconds`` once all has been said, each further one ``between_seconds``.
    """

    lang: str
    prompts: Words
    digits: int
    wait_seconds: float
    between_seconds: float


@dataclass(frozen=True, slots=True)
class CheckPin:
    """Find out whether this is the PIN of this clinic; comes back as Answer."""

    clinic: Secret
    pin: Secret


@dataclass(frozen=True, slots=True)
class FindCaller:
    """Look the caller up by the number typed into ``field``, or by the one they call from; -> CallerFound."""

    field: str = ""
    typed: Secret = NOTHING


@dataclass(frozen=True, slots=True)
class FindAnswer:
    """Look up what the answer to ``about`` is for this caller; comes back as AnswerFound."""

    about: str
    region: str
    typed: Mapping[str, Secret]


@dataclass(frozen=True, slots=True)
class TakeCallback:
    """Keep a promise to ring this caller back, at the number typed or the one they call from; -> CallbackTaken."""

    queue: str
    lang: str
    needs: Needs
    number: Secret


@dataclass(frozen=True, slots=True)
class Chose:
    """For the history: at this node of the menu the caller took this option, by its configured name."""

    node: str
    choice: str


@dataclass(frozen=True, slots=True)
class End:
    """The session is over; ``queue`` and ``needs`` are empty when the call ends here.

    ``needs`` are those of the line, of the choice and of the language; the queue's own come on top of them.
    ``preferred`` is the agent to try first, ``region`` where a lookup says the caller is. ``number`` is where a
    transfer goes; who is not answered there, is queued.
    """

    outcome: Outcome
    queue: str
    lang: str
    needs: Needs
    caller: str
    preferred: str = ""
    region: str = ""
    number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Handover:
    """What goes with the call to the agent: the choices by node, the numbers typed by field, the prompts heard."""

    chosen: tuple[tuple[str, str], ...]
    typed: Mapping[str, Secret]
    heard: tuple[str, ...]
    record: CallerRecord


Waited = Ask | CheckPin | FindCaller | FindAnswer | TakeCallback
Command = Say | Chose | Waited | End
