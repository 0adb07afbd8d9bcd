"""A TCP server that speaks enough AMI for a test to say what Asterisk does next, to our link and to the stock one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

Headers = dict[str, str]

SUCCESS = "Response: Success\r\nActionID: {ActionID}\r\nMessage: done\r\n\r\n"
EMPTY_LIST = (
    "Response: Success\r\nActionID: {ActionID}\r\nEventList: start\r\n\r\n"
    "Event: {Action}Complete\r\nActionID: {ActionID}\r\nEventList: Complete\r\nListItems: 0\r\n\r\n"
)
REFUSAL = "Response: Error\r\nActionID: {ActionID}\r\nMessage: Authentication failed\r\n\r\n"
BOOTED = "Event: FullyBooted\r\nStatus: Fully Booted\r\n\r\n"


class ScriptedAmi:
    """Answers as `answers` says, by action name: text with `{Header}` to fill in, or "" for no answer at all."""

    def __init__(self) -> None:
        self.answers = {"CoreShowChannels": EMPTY_LIST, "DeviceStateList": EMPTY_LIST, "Login": SUCCESS + BOOTED}
        self.actions: list[Headers] = []
        self.logins = 0
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []
        self._changed = asyncio.Condition()

    async def say(self, text: str | bytes) -> None:
        """Send to the newest connection."""
        self._writers[-1].write(text.encode() if isinstance(text, str) else text)
        await self._writers[-1].drain()

    def hang_up(self) -> None:
        """Drop the newest connection."""
        self._writers[-1].close()

    def named(self, name: str) -> list[Headers]:
        return [action for action in self.actions if action["Action"] == name]

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for something that arriving actions or connections make true."""
        async with self._changed:
            await self._changed.wait_for(true)

    async def has(self, name: str, count: int = 1) -> None:
        await self.until(lambda: len(self.named(name)) >= count)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while True:
                text = (await reader.readuntil(b"\r\n\r\n")).decode()
                action = dict(line.split(": ", 1) for line in text.split("\r\n") if line)
                answer = self.answers.get(action["Action"], SUCCESS)
                writer.write(answer.format_map({"ActionID": "", **action}).encode())
                async with self._changed:
                    self.actions.append(action)
                    self._changed.notify_all()
                if answer is REFUSAL:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    @classmethod
    @asynccontextmanager
    async def listening(cls) -> AsyncIterator[ScriptedAmi]:
        ami = cls()
        server = await asyncio.start_server(ami._serve, "127.0.0.1", 0)
        ami.port = server.sockets[0].getsockname()[1]
        try:
            yield ami
        finally:
            server.close()
            for writer in ami._writers:
                writer.close()
