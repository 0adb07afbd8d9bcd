"""An AMI account used by hand: one action, one answer, and the events that come meanwhile."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable, Mapping
from types import TracebackType

from telephony.connection import Account
from telephony.framing import AmiMessage


class RawAmi:
    """Logged in from the beginning; `PermissionError` when the secret is refused."""

    def __init__(self, account: Account, secret: str | None = None) -> None:
        self._socket = socket.create_connection((account.host, account.port), timeout=10)
        self._numbers = itertools.count(1)
        self._left = b""
        self._events: list[AmiMessage] = []
        while b"\r\n" not in self._left:
            self._left += self._socket.recv(4096)
        self._left = self._left.partition(b"\r\n")[2]
        login = {"Action": "Login", "Username": account.username, "Secret": secret or account.secret}
        if self.ask(login).get("Response") != "Success":
            self._socket.close()
            raise PermissionError("AMI refused the login")

    def ask(self, action: Mapping[str, str]) -> AmiMessage:
        """The response to this action."""
        number = str(next(self._numbers))
        lines = [f"{name}: {value}\r\n" for name, value in {**action, "ActionID": number}.items()]
        self._socket.sendall(("".join(lines) + "\r\n").encode())
        while True:
            message = self._next()
            if not message.event and message.action_id == number:
                return message
            self._events.append(message)

    def until(self, last: Callable[[AmiMessage], bool]) -> list[AmiMessage]:
        """The events since the last call, up to one that is `last`."""
        while not any(map(last, self._events)):
            self._events.append(self._next())
        events, self._events = self._events, []
        return [event for event in events if event.event]

    def _next(self) -> AmiMessage:
        while b"\r\n\r\n" not in self._left:
            portion = self._socket.recv(65536)
            if not portion:
                raise ConnectionError("AMI closed the connection")
            self._left += portion
        message, _, self._left = self._left.partition(b"\r\n\r\n")
        return AmiMessage(f"\r\n{message.decode()}\r\n")

    def __enter__(self) -> RawAmi:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()
