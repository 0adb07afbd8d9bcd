"""What must a router know and say, so that a world can be run by it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from routing.agent import Agent
from routing.assign import Decision, assign
from routing.floor import Floor
from routing.waiting import Queue, WaitingCall


class Room(Protocol):
    """Who waits and who is free, as a router wants to be told; ``routing.floor.Floor`` is one."""

    @property
    def agents(self) -> MutableMapping[str, Agent]:
        """By id; setting one tells what they do now."""

    @property
    def waiting(self) -> Mapping[str, WaitingCall]:
        """By call id."""

    def put(self, call: WaitingCall) -> None:
        """A caller waits, or waits on, changed."""

    def drop(self, call_id: str) -> None:
        """A caller waits no more."""

    def next_deadline(self) -> datetime | None:
        """When to ask again though nothing has happened."""


class Routing(NamedTuple):
    """A way to decide: what makes its room, and what decides in it, as ``routing.assign.assign`` does."""

    room: Callable[[Mapping[str, Queue]], Room]
    assign: Callable[[Any, datetime], Sequence[Decision]]


OURS: Final = Routing(Floor, assign)
"""The very code that routes live calls."""
