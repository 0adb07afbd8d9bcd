"""What can a caller meet in a menu? The menus and lines of the configuration, as values.

A menu is a graph of nodes with names. Every node that asks has an end for callers who press nothing or the wrong thing,
``0`` reaches the node ``operator`` and ``emergency_key`` the node ``emergency`` from every node that asks, and while
the last words of a menu are said. A prompt is named by its id; its text and its audio in each language live elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

from calls.hours import Hours
from calls.needs import Needs

OPERATOR_KEY = "0"
YES, NO = "1", "2"
"""The keys that confirm a number read back, or ask for it again."""

STANDARD_PROMPTS = ("not-heard", "not-understood", "pin-wrong", "please-wait")
"""Ids of the prompts that the machine says in any menu, so each language must have them."""

CONFIRM_PROMPTS = ("you-entered", "confirm-or-again")
"""What stands around the digits that a gather node reads back."""

DIGIT_PROMPTS = tuple(f"digit-{digit}" for digit in "0123456789")
"""Digits read out one by one."""

DIGITS = "digits"
"""Among the prompts of an answer: the digits that were looked up are said here."""

OPENS = "opens"
"""Among the prompts of any other node: when the line opens again is said here, if it is closed and its hours tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SayNode:
    """Says its prompts and goes on to the node ``next``.

    ``answers``: hearing it is what the caller came for, so that who hangs up afterwards has served themselves.
    """

    kind: Literal["say"] = "say"
    prompts: tuple[str, ...]
    next: str
    answers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageNode:
    """Lets the caller choose a language for the whole call; who chooses none keeps the line's first language.

    ``options`` maps a digit to a language. The caller is asked in the first language, so the text of ``prompts`` offers
    each language in its own words.
    """

    kind: Literal["language"] = "language"
    prompts: tuple[str, ...]
    options: Mapping[str, str]
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceNode:
    """Lets the caller choose by one digit: ``options`` maps a digit to the name of a node."""

    kind: Literal["choice"] = "choice"
    prompts: tuple[str, ...]
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatherNode:
    """Asks for a number of ``shortest`` to ``longest`` digits, kept for this session under the name ``field``.

    ``pattern`` (``7XX.``) is what the whole number must match, ``check`` names its check digit, both as in
    `ivr.numbers`; a number that fails either is asked for again. ``confirm``: it is read back, and ``1`` confirms.
    """

    kind: Literal["gather"] = "gather"
    prompts: tuple[str, ...]
    field: str
    shortest: int
    longest: int
    next: str
    pattern: str | None = None
    check: str | None = None
    confirm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PinNode:
    """Asks for the PIN of the clinic whose number was gathered, or found, as ``clinic_field``.

    Right: node ``verified``. Wrong: node ``again`` (ask for the number once more), until ``Menu.tries`` are used up;
    then, and when the check fails or takes too long: node ``unverified``.
    """

    kind: Literal["pin"] = "pin"
    prompts: tuple[str, ...]
    clinic_field: str
    shortest: int
    longest: int
    again: str
    verified: str
    unverified: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursNode:
    """Goes on to ``open`` or ``closed`` by the hours of the line that was dialled; a line without hours is open."""

    kind: Literal["hours"] = "hours"
    open: str
    closed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupNode:
    """Looks the caller up by the number gathered as ``field``, or by the one they call from, and goes on.

    A language in the record is spoken from here on, if the line has it and the caller has not chosen one. ``failed`` is
    also for a lookup that takes too long.
    """

    kind: Literal["lookup"] = "lookup"
    field: str | None = None
    found: str
    unknown: str
    failed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchNode:
    """Goes on by what the lookup said of the caller: ``options`` maps a value of the record to a node.

    Of ``vip`` and ``doctor`` the values are ``yes`` and ``no``. What ``options`` lack goes on to ``otherwise``.
    """

    kind: Literal["branch"] = "branch"
    by: Literal["region", "language", "vip", "doctor"]
    options: Mapping[str, str]
    otherwise: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerNode:
    """Looks up the answer to ``about``, says it and goes on to ``next``; without an answer on to ``otherwise``.

    ``answers`` maps the name of each possible answer to its prompts; `DIGITS` among them says the digits looked up.
    ``fields`` are the gathered numbers that the lookup is told.
    """

    kind: Literal["answer"] = "answer"
    about: str
    fields: tuple[str, ...] = ()
    answers: Mapping[str, tuple[str, ...]]
    next: str
    otherwise: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyNode:
    """Asks for a mark from 1 to 5 and goes on to ``next``, also without one."""

    kind: Literal["survey"] = "survey"
    prompts: tuple[str, ...]
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueNode:
    """Ends the menu: says its prompts and queues the caller; ``needs`` come on top of those of queue and line."""

    kind: Literal["queue"] = "queue"
    queue: str
    needs: Needs = ()
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LastResortNode:
    """Ends the menu: says its prompts and hands the caller to the last resort of ``queue`` (mobile, then voicemail)."""

    kind: Literal["last-resort"] = "last-resort"
    queue: str
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailNode:
    """Ends the menu: says its prompts and records a message, on which somebody of ``queue`` rings back."""

    kind: Literal["voicemail"] = "voicemail"
    queue: str
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackNode:
    """Promises that somebody of ``queue`` rings back, says so by its prompts, and ends the menu.

    It is the number gathered as ``field`` that is rung, or the one they call from. A promise that cannot be kept is not
    made: the caller goes on to ``otherwise``.
    """

    kind: Literal["callback"] = "callback"
    queue: str
    prompts: tuple[str, ...]
    otherwise: str
    needs: Needs = ()
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferNode:
    """Ends the menu: says its prompts and rings ``number`` outside; who is not answered there waits in ``queue``."""

    kind: Literal["transfer"] = "transfer"
    number: str = field(repr=False)
    queue: str
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HangupNode:
    """Ends the menu: says its prompts and hangs up; the caller has been served without an agent."""

    kind: Literal["hangup"] = "hangup"
    prompts: tuple[str, ...]


AskingNode = LanguageNode | ChoiceNode | GatherNode | PinNode | SurveyNode
LookingNode = LookupNode | AnswerNode
EndNode = QueueNode | LastResortNode | VoicemailNode | CallbackNode | TransferNode | HangupNode
Node = SayNode | HoursNode | LookingNode | BranchNode | AskingNode | EndNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """One menu. ``start``, ``operator`` and ``emergency`` name nodes; the latter two are queue nodes.

    ``tries`` is how often one node may be answered by nothing or wrongly, or all nodes together by nothing, before the
    caller goes to ``operator`` (a PIN node has its own way out). ``wait_seconds`` is how long to wait for the first
    digit once the prompts have been said, ``between_seconds`` for each further one; after ``longest_seconds`` in the
    menu nothing more is asked, and the caller goes to ``operator`` too.
    """

    menu_id: str
    start: str
    operator: str
    emergency: str
    nodes: Mapping[str, Node]
    emergency_key: str = "9"
    tries: int = 3
    wait_seconds: float = 6.0
    between_seconds: float = 4.0
    longest_seconds: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a caller dials. ``languages``: the first is the default. ``needs`` are added to those of the queue.

    ``kind``: ``emergency`` and ``direct`` go straight to ``queue``; ``menu`` enters ``menu`` (and falls back to
    ``queue`` when the menu cannot be had). ``survey`` is the menu that asks for marks after the talk. ``hours`` are
    those of the menu's hours nodes; ``timezone`` replaces their own. ``greeting`` and ``whisper`` are prompt ids: what
    the caller hears first in the menu, what the agent hears on answering. ``numbers`` are what the trunk sends as
    dialled. ``coordinator`` is the id of the agent to try first, with the patience of the queue; ``coordinator_joins``
    the talk when somebody answers who is not of the ``region``. ``ambulance`` is the state's ambulance number there:
    whoever comes to an emergency queue from here hears it while waiting.
    """

    line_id: str
    label: str
    numbers: tuple[str, ...]
    kind: Literal["emergency", "menu", "direct"]
    queue: str
    languages: tuple[str, ...]
    menu: str | None = None
    survey: str | None = None
    needs: Needs = ()
    hours: Hours | None = field(default=None, repr=False)
    timezone: ZoneInfo | None = None
    record: bool = True
    greeting: str | None = None
    whisper: str | None = None
    region: str | None = None
    coordinator: str | None = None
    coordinator_joins: bool = False
    ambulance: str | None = None
