"""Who is being served, for how long, and what happens to those who only knock? The FastAGI server on asyncio.Protocol.

Each connection that tells a whole header becomes a session: one task that runs the handler on its `AgiChannel`. What
the handler returns is left on the call together with `AGI_DONE=1`; whatever else happens to a session, `AGI_DONE` stays
unset and the dialplan goes on without us. A connection that tells no header costs a socket and a few hundred bytes for
at most `header_seconds`; when too many of them stand, the oldest go. One that does not know our dialplan's token is no
session: anybody on this machine could try PINs, or tell of calls that are none. Time limits are kept by one sweep over
all connections, so a command costs no timer; they are exact to `SWEEP` seconds.
"""

from __future__ import annotations

import asyncio
import hmac
import math
import traceback
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

import structlog

from agi_scripts.channel import SLACK, AgiChannel
from agi_scripts.errors import AgiFault, AgiHangup, AgiLate, AgiMalformed, AgiRefused
from agi_scripts.protocol import MAX_HEADER_BYTES, AgiCodec, Event, Header, Line, Malformed, Reply

SWEEP: Final = 0.25

OUTCOMES: Final[Mapping[type[AgiFault], str]] = {
    AgiHangup: "hangup",
    AgiLate: "late",
    AgiRefused: "refused",
    AgiMalformed: "malformed",
}
"""How a session ended that raised this; any other fault is ours: "failed"."""

log = structlog.get_logger()

Handler = Callable[[AgiChannel], Coroutine[Any, Any, Mapping[str, str]]]
"""Serves one call; returns the channel variables to leave on it (`AL_QUEUE`, `AL_LANG`, ...)."""


@dataclass(frozen=True, slots=True)
class AgiLimits:
    """`sessions` at once; `knocking`: connections without a header at once; seconds and bytes as named.

    `grace_seconds`: how long past a command's own longest duration and the guard's slack Asterisk may be silent.
    """

    sessions: int = 2000
    knocking: int = 256
    header_bytes: int = MAX_HEADER_BYTES
    header_seconds: float = 3.0
    grace_seconds: float = 2.0


class AgiObserver(Protocol):
    """Told what happens, for the metrics; must return at once.

    `outcome` is one of: done, hangup, late, refused, malformed, failed, cut. `reason` is one of: full, closed, late,
    malformed, stranger. `verb` is a command's name. Seconds are wall time.
    """

    def session_started(self) -> None: ...

    def session_ended(self, outcome: str, seconds: float) -> None: ...

    def command_answered(self, verb: str, seconds: float) -> None: ...

    def turned_away(self, reason: str) -> None: ...


class Unobserved:
    """An observer for those who need none."""

    def session_started(self) -> None: ...

    def session_ended(self, outcome: str, seconds: float) -> None: ...

    def command_answered(self, verb: str, seconds: float) -> None: ...

    def turned_away(self, reason: str) -> None: ...


class AgiServer:
    """Accepts Asterisk's FastAGI connections on the running loop and runs `handler` for each session.

    `token` is what the dialplan gives to AGI() as the argument behind the address.
    """

    def __init__(
        self,
        handler: Handler,
        limits: AgiLimits | None = None,
        observer: AgiObserver | None = None,
        token: str = "",
    ) -> None:
        self.handler = handler
        self.token = token.encode()
        self.limits = limits or AgiLimits()
        self.observer = observer or Unobserved()
        self.patience = SLACK + self.limits.grace_seconds
        self.knocking: dict[_Connection, None] = {}  # an ordered set: the oldest first
        self.sessions: dict[_Connection, asyncio.Task[None]] = {}
        self._listener: asyncio.Server | None = None
        self._next_look: asyncio.TimerHandle | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; the port that is listened on (useful where `port` is 0). `OSError` if it is taken."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: _Connection(self, loop), host, port, backlog=1024)
        self._look_round(loop)
        return int(self._listener.sockets[0].getsockname()[1])

    async def drain(self, seconds: float) -> None:
        """Accept nobody more, let sessions end for so many seconds, then cut those left and close everything."""
        if self._listener:
            self._listener.close()
        for connection in list(self.knocking):
            connection.turn_away("closed")
        if self.sessions:
            await asyncio.wait(self.sessions.values(), timeout=seconds)
        left = dict(self.sessions)
        for task in left.values():
            task.cancel()
        await asyncio.gather(*left.values(), return_exceptions=True)
        for connection in left:
            connection.close()
        if self._next_look:
            self._next_look.cancel()

    def _look_round(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in [one for among in (self.knocking, self.sessions) for one in among if one.deadline < now]:
            connection.overdue()
        self._next_look = loop.call_later(SWEEP, self._look_round, loop)


class _Connection(asyncio.Protocol):
    """One socket: the codec between it and the session's task."""

    __slots__ = ("_asked_at", "_codec", "_loop", "_over", "_server", "_transport", "_verb", "_waiter", "deadline")

    def __init__(self, server: AgiServer, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self._codec = AgiCodec(server.limits.header_bytes)
        self._waiter: asyncio.Future[Reply] | None = None
        self._over: AgiFault | None = None
        self._verb = ""
        self._asked_at = 0.0
        self.deadline = math.inf

    # What the socket tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        server = self._server
        self._transport = cast(asyncio.Transport, transport)
        self.deadline = self._loop.time() + server.limits.header_seconds
        server.knocking[self] = None
        if len(server.sessions) >= server.limits.sessions:
            self.turn_away("full")
        elif len(server.knocking) > server.limits.knocking:
            oldest = next(iter(server.knocking))
            if oldest.deadline < self.deadline - SWEEP:  # one that is younger may not have been read yet
                oldest.turn_away("late")

    def data_received(self, data: bytes) -> None:
        for event in self._codec.receive(data):
            if type(event) is Reply:
                self._answered(event)
            else:
                self._heard(event)

    def connection_lost(self, exc: Exception | None) -> None:
        self.data_received(b"")

    def _heard(self, event: Event) -> None:
        if isinstance(event, Header):
            self._begin(event)
        elif self in self._server.knocking:
            self.turn_away("malformed" if isinstance(event, Malformed) else "closed")
        elif self in self._server.sessions and not self._over:
            self._end(AgiMalformed(event.reason) if isinstance(event, Malformed) else AgiHangup("hung up"))

    def _begin(self, header: Header) -> None:
        if not hmac.compare_digest(header.env.get("arg_1", "").encode(), self._server.token):
            self.turn_away("stranger")
            return
        del self._server.knocking[self]
        self.deadline = math.inf
        self._server.sessions[self] = self._loop.create_task(self._serve(AgiChannel(header.env, self)))

    def _answered(self, reply: Reply) -> None:
        self.deadline = math.inf
        self._server.observer.command_answered(self._verb, self._loop.time() - self._asked_at)
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(reply)

    def _end(self, fault: AgiFault) -> None:
        """Nothing more will be said here; the handler learns it now, or at its next command."""
        self._over = fault
        self.deadline = self._loop.time() + SLACK
        if self._waiter and not self._waiter.done():
            self._waiter.set_exception(fault)

    # What the server and the session ask.

    def exchange(self, verb: str, line: Line, longest: float = 0.0) -> asyncio.Future[Reply]:
        """Send one command, await its one reply (`Wire`)."""
        if self._over:
            raise self._over
        self._codec.send(line)
        self._verb = verb
        self._asked_at = now = self._loop.time()
        self.deadline = now + longest + self._server.patience
        self._waiter = waiter = self._loop.create_future()
        self._transport.write(line)
        return waiter

    def overdue(self) -> None:
        """Past its deadline: a header, a reply, or a handler that goes on after the end."""
        if self in self._server.knocking:
            self.turn_away("late")
        elif self._over:
            self._server.sessions[self].cancel()
        else:
            self._end(AgiLate(self._verb))

    def turn_away(self, reason: str) -> None:
        """Close a connection that is no session; the dialplan behind it, if any, goes on without us."""
        del self._server.knocking[self]
        self._transport.abort()
        self._server.observer.turned_away(reason)
        log.debug("turned away", action="agi_turned_away", reason=reason)

    def close(self) -> None:
        """Forget the session and let Asterisk go on; the second time nothing happens."""
        self._server.sessions.pop(self, None)
        self._transport.close()

    async def _serve(self, channel: AgiChannel) -> None:
        started = self._loop.time()
        self._server.observer.session_started()
        outcome = "cut"
        try:
            await channel.finish(await self._server.handler(channel))
            outcome = "done"
        except AgiFault as fault:
            outcome = OUTCOMES.get(type(fault), "failed")
            if outcome != "hangup":
                log.warning("session given up", action="agi_session_lost", call_id=channel.call_id, fault=repr(fault))
        except Exception as error:
            outcome = "failed"
            # Where it happened, not its message: that may hold what a caller typed.
            where = "".join(traceback.format_tb(error.__traceback__))
            name = type(error).__name__
            log.error("session failed", action="agi_session_failed", call_id=channel.call_id, error=name, where=where)
        finally:
            self.close()
            self._server.observer.session_ended(outcome, self._loop.time() - started)
