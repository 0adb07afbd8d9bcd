"""Keeps one AMI link to one Asterisk node alive, and tells its owner what happens there, in order, from a snapshot on.

After each login the link looks at the contexts, asks for all channels and device states, and delivers them as one
`Connected`; events follow it. `deliver` is called from the reader and must only enqueue. If it raises (a full inbox),
the owner has a hole: the link withholds all events until it has delivered a fresh snapshot.

An event may tell of something that the snapshot before it already shows, since Asterisk queues events behind its own
state; applied after it, it changes nothing or is followed by the event that puts it right.
"""

from __future__ import annotations

import asyncio
import random
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from telephony.connection import Account, AmiConnection, Headers, Reply, answer_in
from telephony.delivery import AccountRefused, Connected, Delivery, Disconnected, LinkState, Received, Snapshot
from telephony.errors import AmiDown, AmiRefused, AmiTimeout, TelephonyError
from telephony.framing import AmiMessage, FrameFault

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. A waiting caller finds us dead after 3 s, so a lost link is mended in tenths of one."""

    login: float = 3.0
    boot: float = 3.0
    answer: float = 5.0
    ping_every: float = 3.0
    ping_answer: float = 2.0
    retry_first: float = 0.1
    retry_most: float = 1.0
    refused_first: float = 1.0
    refused_most: float = 60.0
    resync_after_overflow: float = 0.2

    def retry(self, failures: int, refused: bool, draw: float) -> float:
        """How long to wait after so many failures in a row (from 1); `draw` in [0, 1) spreads it by half."""
        first, most = (self.refused_first, self.refused_most) if refused else (self.retry_first, self.retry_most)
        return min(most, first * 2.0 ** min(failures - 1, 30)) * (0.5 + draw / 2)


NORMAL_PACE = Pace()


class AmiLink:
    """The link to one node. Everything runs in the event loop that called `start`.

    `contexts` are checked after each login. `draw` gives the jitter of the retries.
    """

    def __init__(
        self,
        account: Account,
        deliver: Callable[[Delivery], None],
        *,
        contexts: Sequence[str] = (),
        pace: Pace = NORMAL_PACE,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.state = LinkState.CONNECTING
        self._account = account
        self._deliver = deliver
        self._contexts = tuple(contexts)
        self._pace = pace
        self._draw = draw
        self._log = log.bind(node=account.node)
        self._connection: AmiConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._following = False  # everything since the last snapshot was delivered
        self._listing: asyncio.Future[Reply] | None = None  # the channels of a snapshot that is being taken
        self._held: list[AmiMessage] = []  # events that came after those channels
        self._booted = asyncio.Event()
        self._lost = False
        self._resync = False
        self._wake = asyncio.Event()

    async def start(self) -> None:
        """Begin to connect, and keep at it until `close`; returns at once."""
        self._task = asyncio.create_task(self._run(), name=f"ami-{self._account.node}")

    async def close(self) -> None:
        """Close the link for good; whoever waits for an answer gets `AmiDown`, and nothing is delivered any more."""
        self.state = LinkState.CLOSED
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def post(self, headers: Headers) -> asyncio.Future[Reply]:
        """Send an action at once, in the order of the calls; the whole answer comes as the future's result.

        Raises `AmiDown` or `AmiUnsafe` if it was not sent. An action is sent once: never again after a reconnect.
        """
        if self._connection is None or self.state is not LinkState.UP:
            raise AmiDown(f"no link to {self._account.node}: {self.state.value}")
        return self._connection.post(headers)

    async def send(self, headers: Headers, *, timeout: float | None = None) -> Reply:
        """Send an action and await its answer, a list with all its events, at most `timeout` seconds.

        Raises `AmiDown` and `AmiTimeout` (it may have been done), `AmiRefused`, `AmiUnsafe` (it was not).
        """
        answer = self.post(headers)
        return await answer_in(answer, self._pace.answer if timeout is None else timeout, str(headers["Action"]))

    def resync(self) -> None:
        """Ask for a fresh snapshot; it is delivered as `Connected`, in order with the events."""
        self._resync = True
        self._wake.set()

    async def _run(self) -> None:
        failures = 0
        lost_by: TelephonyError
        while True:
            try:
                await self._serve()
            except TelephonyError as error:
                lost_by = error
            except Exception as fault:  # whatever it is, a node must not be left without a link for good
                where = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(fault.__traceback__)]
                self._log.error("AMI link failed", action="ami.failed", fault=type(fault).__name__, where=where)
                lost_by = AmiDown(f"a fault of our own: {type(fault).__name__}")
            failures = 1 if self.state is LinkState.UP else failures + 1
            self._down(lost_by)
            await asyncio.sleep(self._pace.retry(failures, self.state is LinkState.REFUSED, self._draw()))

    def _down(self, error: TelephonyError) -> None:
        was, refused = self.state, isinstance(error, AmiRefused)
        self.state = LinkState.REFUSED if refused else LinkState.CONNECTING
        reason = str(error)
        if was is LinkState.UP:
            self._log.warning("AMI link lost", action="ami.lost", reason=reason)
            self._hand_over(Disconnected(_now(), reason))
        if refused and was is not LinkState.REFUSED:
            self._log.error("AMI account refused", action="ami.refused", reason=reason)
            self._hand_over(AccountRefused(_now(), reason))

    async def _serve(self) -> None:
        """One connection's life; ends by raising why it ended."""
        self._lost = self._resync = self._following = False
        self._booted.clear()
        self._connection = AmiConnection(self._account, self._item, self._gone)
        try:
            await self._connection.open(self._pace.login)
            await self._fully_booted()
            missing = await self._missing_contexts()
            await self._take_snapshot(missing)
            self._log.info("AMI link up", action="ami.up", missing_contexts=missing)
            while True:
                await self._keep(missing)
        finally:
            self._connection.close()
            self._connection, self._listing, self._held = None, None, []

    async def _fully_booted(self) -> None:
        """A starting Asterisk lets us log in before it knows all actions and contexts."""
        try:
            async with asyncio.timeout(self._pace.boot):
                await self._booted.wait()
        except TimeoutError:
            raise AmiTimeout(f"Asterisk was not fully booted within {self._pace.boot:g} s") from None
        if self._lost:
            raise AmiDown("the connection was lost while Asterisk booted")

    async def _keep(self, missing: tuple[str, ...]) -> None:
        """Wait until the link is lost (raise), a snapshot is wanted (take it), or it is time to ping."""
        try:
            async with asyncio.timeout(self._pace.ping_every):
                await self._wake.wait()
        except TimeoutError:
            await self._ask({"Action": "Ping"}, self._pace.ping_answer)
            return
        self._wake.clear()
        if self._lost:
            raise AmiDown("the connection was lost")
        if self._resync:
            self._resync = False
            await self._take_snapshot(missing)
        if not self._following:
            await asyncio.sleep(self._pace.resync_after_overflow)
            self.resync()

    async def _ask(self, headers: Headers, timeout: float) -> Reply:
        assert self._connection is not None
        return await answer_in(self._connection.post(headers), timeout, str(headers["Action"]))

    async def _missing_contexts(self) -> tuple[str, ...]:
        missing = []
        for context in self._contexts:
            try:
                await self._ask({"Action": "ShowDialPlan", "Context": context}, self._pace.answer)
            except AmiRefused:
                missing.append(context)
        return tuple(missing)

    async def _take_snapshot(self, missing: tuple[str, ...]) -> None:
        """Ask for both lists in one breath; events that come after the channels are held until both are here."""
        assert self._connection is not None
        self._listing = self._connection.post({"Action": "CoreShowChannels"})
        devices = self._connection.post({"Action": "DeviceStateList"})
        try:
            channels = await answer_in(self._listing, self._pace.answer, "CoreShowChannels")
            states = await answer_in(devices, self._pace.answer, "DeviceStateList")
        finally:
            devices.cancel()
        self.state, self._following = LinkState.UP, True
        self._hand_over(Connected(_now(), Snapshot(channels.events, states.events, missing)))
        held, self._held, self._listing = self._held, [], None
        for message in held:
            self._hand_over(Received(_now(), message))

    def _item(self, item: AmiMessage | FrameFault) -> None:
        """From the reader: every event and framing fault of the present connection, in order."""
        if isinstance(item, FrameFault):
            self._log.warning("AMI bytes dropped", action="ami.fault", reason=item.reason)
            self.resync()
        elif item.event == "FullyBooted":
            self._booted.set()
        elif self._listing is not None and self._listing.done():
            self._held.append(item)
        else:
            self._hand_over(Received(_now(), item))

    def _hand_over(self, delivery: Delivery) -> None:
        """Deliver, unless the owner has a hole that only a snapshot mends."""
        if self.state is LinkState.CLOSED or (isinstance(delivery, Received) and not self._following):
            return
        try:
            self._deliver(delivery)
        except Exception as error:
            self._log.error("delivery not taken", action="ami.overflow", reason=type(error).__name__)
            self._following = False
            self._wake.set()

    def _gone(self) -> None:
        self._lost = True
        self._wake.set()
        self._booted.set()


def _now() -> datetime:
    return datetime.now(UTC)
