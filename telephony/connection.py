"""One AMI connection, from dialling to loss: panoramisk's connection, login and actions, with its defects mended.

A connection is never used twice, so nothing can be sent again by itself. Everything that leaves goes through `checked`;
everything that arrives goes through `AmiFraming`. No other file imports panoramisk. What is mended, and why, is told by
`tests/unit/telephony/test_stock_defects.py`, where each test runs the stock class beside ours.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager

from telephony.errors import AmiDown, AmiRefused, AmiTimeout, AmiUnsafe, TelephonyError
from telephony.framing import AmiFraming, AmiMessage, FrameFault

MAX_LINE = 1000
"""Bytes of `Name: value`. Asterisk keeps lines in 1,025 bytes and throws longer ones away (manager.c, `inbuf`)."""
MAX_HEADERS = 100
"""Lines in one action. Asterisk ignores what comes after 128 (manager.h, AST_MAX_MANHEADERS)."""
MAX_UNSENT = 262_144
"""Bytes that may wait for an Asterisk that does not read."""

Headers = Mapping[str, str | Sequence[str]]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_FORBIDDEN = re.compile(r"[\r\n\0]")


@dataclass(frozen=True, slots=True)
class Account:
    """Where one Asterisk node listens for AMI, and as whom to log in (`manager.conf`)."""

    node: str
    host: str
    port: int
    username: str
    secret: str

    def __repr__(self) -> str:
        return f"Account({self.node} at {self.host}:{self.port})"


@dataclass(frozen=True, slots=True)
class Reply:
    """What an action was answered: the response, and the events of a list action."""

    response: AmiMessage
    events: tuple[AmiMessage, ...] = ()


def checked(headers: Headers) -> dict[str, str | list[str]]:
    """The choke point: the action as it may be sent.

    Raises `AmiUnsafe`, whose text names the header and never the value: that may be a caller's.
    """
    safe: dict[str, str | list[str]] = {}
    lines = 0
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise AmiUnsafe("a header's name has characters that AMI does not allow")
        if name.lower() == "actionid":
            raise AmiUnsafe("ActionID is set by the connection")
        values = [value] if isinstance(value, str) else list(value)
        for one in values:
            _check_value(name, one)
        lines += len(values)
        safe[name] = value if isinstance(value, str) else values
    if lines > MAX_HEADERS:
        raise AmiUnsafe(f"{lines} headers in one action, at most {MAX_HEADERS} are taken")
    if not safe.get("Action"):
        raise AmiUnsafe("an action without a name")
    return safe


def _check_value(name: str, value: str) -> None:
    if _FORBIDDEN.search(value):
        raise AmiUnsafe(f"{name} holds CR, LF or NUL")
    try:
        size = len(f"{name}: {value}".encode())
    except UnicodeEncodeError:
        raise AmiUnsafe(f"{name} is no valid text") from None
    if size > MAX_LINE:
        raise AmiUnsafe(f"{name} is {size} bytes long, at most {MAX_LINE} are taken")


class Request(Action):
    """panoramisk's action: its id, its text on the wire, its future. What completes it is decided here.

    Stock guesses from words in the answer, so that QueueAdd waits for ever; the rule of AMI is `EventList: start`.
    """

    def __init__(self, headers: Headers) -> None:
        super().__init__(checked(headers))
        self.complete = False
        self._response: AmiMessage | None = None
        self._listed: list[AmiMessage] = []

    def take(self, message: AmiMessage) -> bool:
        """Whether the message belongs to this request's answer.

        Events that only bear its id (UserEvent, OriginateResponse) do not.
        """
        if not message.event:
            self._response = message
            if message.get("EventList") != "start":
                self._finish()
        elif self._response is None:
            return False
        elif message.get("EventList") == "Complete":
            self._finish()
        elif not self.future.done():
            self._listed.append(message)
        return True

    def _finish(self) -> None:
        self.complete = True
        if self.future.done():  # nobody waits any more
            return
        assert self._response is not None
        if self._response.get("Response") == "Error":
            self.future.set_exception(AmiRefused(f"{self['Action']}: {self._response.get('Message')}"))
        else:
            self.future.set_result(Reply(self._response, tuple(self._listed)))


class _Protocol(AMIProtocol):
    """Bytes to messages and requests to bytes; knows which answer belongs to which request."""

    def __init__(self, on_item: Callable[[AmiMessage | FrameFault], None], on_lost: Callable[[], None]) -> None:
        self._on_item = on_item
        self._on_lost = on_lost
        self._framing = AmiFraming()

    def data_received(self, data: bytes) -> None:
        for item in self._framing.feed(data):
            if isinstance(item, FrameFault):
                self._on_item(item)
            else:
                self.handle_message(item)

    def handle_message(self, message: AmiMessage) -> None:
        request = self.responses.get(message.action_id)
        if request is not None and request.take(message):
            if request.complete:
                del self.responses[message.action_id]
        elif message.event:
            self._on_item(message)

    def send(self, data: Headers, as_list: bool | None = None) -> asyncio.Future[Reply]:
        request = Request(data)
        if self.closed or self.transport.is_closing():
            raise AmiDown("the connection is closed")
        if self.transport.get_write_buffer_size() > MAX_UNSENT:
            raise AmiDown("Asterisk does not read what it is sent")
        self.responses[request.id] = request
        self.transport.write(str(request).encode())
        return request.future

    def connection_lost(self, exc: Exception | None) -> None:
        """Asterisk's end is gone; the owner hears of it, unless it closed by itself."""
        if not self.closed:
            self.close()
            self._on_lost()

    def close(self) -> None:
        """Close, and tell all who still wait for an answer that they will get none."""
        if self.closed:
            return
        self.closed: bool = True
        self.transport.abort()
        for request in self.responses.values():
            if not request.future.done():
                request.future.set_exception(AmiDown(f"{request['Action']}: the connection was lost before the answer"))
        self.responses.clear()


class AmiConnection(Manager):
    """One connection.

    `on_item` gets every event and framing fault, in order, and must not raise; `on_lost` is told once when Asterisk's
    end goes. Neither is called after `close`.
    """

    def __init__(
        self, account: Account, on_item: Callable[[AmiMessage | FrameFault], None], on_lost: Callable[[], None]
    ) -> None:
        super().__init__(
            host=account.host,
            port=account.port,
            username=account.username,
            secret=account.secret,
            loop=asyncio.get_running_loop(),
            protocol_factory=lambda: _Protocol(on_item, on_lost),
        )

    async def open(self, timeout: float) -> None:
        """Connect and log in, within `timeout` seconds. Raises `AmiDown`, `AmiTimeout` or `AmiRefused`."""
        try:
            async with asyncio.timeout(timeout):
                await self.connect()
                await self.authenticated_future
        except TimeoutError:
            raise AmiTimeout(f"Asterisk did not let us log in within {timeout:g} s") from None
        except OSError as error:
            raise AmiDown(f"cannot connect: {error.strerror or type(error).__name__}") from None

    def post(self, headers: Headers) -> asyncio.Future[Reply]:
        """Send now; the whole answer is the future's result. Raises `AmiUnsafe` or `AmiDown` if it was not sent."""
        if self.protocol is None:
            raise AmiDown("the connection is not open")
        return self.protocol.send(headers)

    def connection_made(self, f: asyncio.Task[tuple[asyncio.Transport, _Protocol]]) -> None:
        """panoramisk's, which sends the login; a failure to connect is left to `open`, where stock starts anew."""
        if f.cancelled() or f.exception() is not None:
            return
        try:
            super().connection_made(f)
        except TelephonyError as error:
            self.authenticated_future = self.loop.create_future()
            self.authenticated_future.set_exception(error)

    def login(self, future: asyncio.Future[Reply]) -> None:
        """`open` awaits the answer; stock takes it in a callback, where a lost connection would raise for nobody."""

    def ping(self) -> None:
        """The owner pings and looks at the answer; stock only sends."""


async def answer_in(answer: asyncio.Future[Reply], timeout: float, action: str) -> Reply:
    """The answer, or `AmiTimeout` after `timeout` seconds: then the action may still be done."""
    try:
        async with asyncio.timeout(timeout):
            return await answer
    except TimeoutError:
        raise AmiTimeout(f"{action}: no answer within {timeout:g} s") from None
