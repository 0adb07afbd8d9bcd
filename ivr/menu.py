"""What can a caller meet in a menu? The menus and lines of the configuration, as values.

A menu is a graph of nodes with names. Every node that asks has an end for callers who press nothing or the wrong thing,
``0`` reaches the node ``operator`` and ``emergency_key`` the node ``emergency`` from every node that asks, and while
the last words of a menu are said. A prompt is named by its id; its text and its audio in each language live elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from calls.hours import Hours
from calls.needs import Needs

OPERATOR_KEY = "0"

STANDARD_PROMPTS = ("not-heard", "not-understood", "pin-wrong", "please-wait")
"""Ids of the prompts that the machine says in any menu, so each language must have them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SayNode:
    """Says its prompts and goes on to the node ``next``."""

    kind: Literal["say"] = "say"
    prompts: tuple[str, ...]
    next: str


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
    """Asks for a number of ``shortest`` to ``longest`` digits, kept for this session under the name ``field``."""

    kind: Literal["gather"] = "gather"
    prompts: tuple[str, ...]
    field: str
    shortest: int
    longest: int
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PinNode:
    """Asks for the PIN of the clinic whose number was gathered as ``clinic_field``.

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
class HangupNode:
    """Ends the menu: says its prompts and hangs up; the caller has been served without an agent."""

    kind: Literal["hangup"] = "hangup"
    prompts: tuple[str, ...]


AskingNode = LanguageNode | ChoiceNode | GatherNode | PinNode
EndNode = QueueNode | LastResortNode | HangupNode
Node = SayNode | HoursNode | AskingNode | EndNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """One menu. ``start``, ``operator`` and ``emergency`` name nodes; the latter two are queue nodes.

    ``tries`` is how often one node may be answered by nothing or wrongly, or all nodes together by nothing, before the
    caller goes to ``operator`` (a PIN node has its own way out). ``wait_seconds`` is how long to wait for each digit
    once the prompts have been said.
    """

    menu_id: str
    start: str
    operator: str
    emergency: str
    nodes: Mapping[str, Node]
    emergency_key: str = "9"
    tries: int = 3
    wait_seconds: float = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a caller dials. ``languages``: the first is the default. ``needs`` are added to those of the queue.

    ``kind``: ``emergency`` and ``direct`` go straight to ``queue``; ``menu`` enters ``menu`` (and falls back to
    ``queue`` when the menu cannot be had). ``hours`` are those of the menu's hours nodes. ``greeting`` and ``whisper``
    are prompt ids: what the caller hears first in the menu, what the agent hears on answering. ``numbers`` are what the
    trunk sends as dialled.
    """

    line_id: str
    label: str
    numbers: tuple[str, ...]
    kind: Literal["emergency", "menu", "direct"]
    queue: str
    languages: tuple[str, ...]
    menu: str | None = None
    needs: Needs = ()
    hours: Hours | None = field(default=None, repr=False)
    record: bool = True
    greeting: str | None = None
    whisper: str | None = None
    region: str | None = None
