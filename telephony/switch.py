"""One Asterisk node as the engine sees it: facts come in as `calls.events`, commands go out as `calls.commands`.

Commands are sent at once and in order; an answer that is an error, or does not come, returns as `CommandFailed`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

import structlog

from calls.commands import Command, LookAgain
from calls.events import CommandFailed, Event, PhoneInUse, SwitchLost
from telephony.actions import actions
from telephony.connection import Headers, Reply
from telephony.delivery import AccountRefused, Connected, Delivery, Disconnected, LinkState, Received
from telephony.errors import AmiTimeout, TelephonyError
from telephony.snapshot import snapshot_taken
from telephony.translate import Malformed, translate

log = structlog.get_logger()

ANSWER_SECONDS = 5.0
"""How long an action may take before it counts as failed. Asterisk answers in milliseconds."""


class Link(Protocol):
    """What a switch needs of `telephony.ami.AmiLink`, and what `telephony.fake` offers too."""

    @property
    def state(self) -> LinkState: ...
    async def start(self) -> None: ...
    async def close(self) -> None: ...
    def post(self, headers: Headers) -> asyncio.Future[Reply]: ...
    def resync(self) -> None: ...


class Switch:
    """A node, over a link that `connect` makes around the given `deliver`.

    `put` takes every event, at once and without waiting, from the reader of the link; if it raises, nothing more comes
    until it has taken a fresh `SnapshotTaken`.
    """

    def __init__(
        self, node: str, connect: Callable[[Callable[[Delivery], None]], Link], put: Callable[[Event], None]
    ) -> None:
        self.node = node
        self._put = put
        self._link = connect(self._take)
        self._waiting: set[asyncio.Future[Reply]] = set()
        self._refusal = ""
        self._in_use: dict[str, bool] = {}

    @property
    def up(self) -> bool:
        """Whether commands reach the node."""
        return self._link.state is LinkState.UP

    @property
    def fault(self) -> str:
        """Why the node is not up, for an operator; "" when it is."""
        return "" if self.up else self._refusal or self._link.state.value

    async def start(self) -> None:
        """Begin to connect; returns at once. The first event is `SnapshotTaken`."""
        await self._link.start()

    async def close(self) -> None:
        """Close the link; commands that still wait for their answers are forgotten."""
        for answer in self._waiting:
            answer.cancel()
        await self._link.close()

    def tell(self, command: Command) -> None:
        """Send a command. Never raises and never waits; what goes wrong is put as `CommandFailed`."""
        if isinstance(command, LookAgain):
            self._link.resync()
            return
        try:
            sent = [(str(headers["Action"]), self._link.post(headers)) for headers in actions(command)]
        except TelephonyError as error:
            self._failed(command, error)
            return
        answers = [answer for _, answer in sent]
        for action, answer in sent:
            overdue = answer.get_loop().call_later(ANSWER_SECONDS, _give_up, action, answer)
            answer.add_done_callback(partial(self._answered, command, answers, overdue))
        self._waiting.update(answers)

    def _answered(
        self,
        command: Command,
        answers: list[asyncio.Future[Reply]],
        overdue: asyncio.TimerHandle,
        answer: asyncio.Future[Reply],
    ) -> None:
        """One of a command's ``answers`` is here; the first that is an error is the command's failure."""
        overdue.cancel()
        self._waiting.discard(answer)
        if not answer.cancelled() and isinstance(error := answer.exception(), TelephonyError):
            for other in answers:
                other.cancel()
            self._failed(command, error)

    def _failed(self, command: Command, error: TelephonyError) -> None:
        name = type(command).__name__
        log.warning("command failed", action="switch.command", node=self.node, command=name, reason=str(error))
        failed = CommandFailed(
            at=datetime.now(UTC),
            node=self.node,
            command=name,
            reason=str(error),
            call_id=getattr(command, "call_id", None),
            agent_id=getattr(command, "agent_id", None),
        )
        try:
            self._put(failed)
        except Exception as full:
            log.error("event not taken", action="switch.overflow", node=self.node, reason=type(full).__name__)
            self._link.resync()

    def _take(self, delivery: Delivery) -> None:
        match delivery:
            case Received(at=at, message=message):
                event = translate(self.node, message, at)
                if isinstance(event, Malformed):
                    log.error("event not understood", action="switch.malformed", node=self.node, event_name=event.event,
                              call_id=event.call_id, reason=event.reason)  # fmt: skip
                elif event is not None and not (type(event) is PhoneInUse and self._is_known(event)):
                    self._put(event)
            case Connected(at=at, snapshot=snapshot):
                self._refusal = ""
                taken = snapshot_taken(self.node, snapshot, at)
                self._in_use = dict.fromkeys(taken.in_use, True)
                self._put(taken)
            case Disconnected(at=at):
                self._put(SwitchLost(at=at, node=self.node))
            case AccountRefused(reason=reason):
                self._refusal = f"account refused: {reason}"

    def _is_known(self, event: PhoneInUse) -> bool:
        """A phone that rings, and then talks, is in use all the while: the second event of Asterisk's tells nothing."""
        known = self._in_use.get(event.agent_id) is event.in_use
        self._in_use[event.agent_id] = event.in_use
        return known


def _give_up(action: str, answer: asyncio.Future[Reply]) -> None:
    if not answer.done():
        answer.set_exception(AmiTimeout(f"{action}: no answer within {ANSWER_SECONDS:g} s"))
