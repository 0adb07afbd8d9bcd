"""How are dialogs inside a SIPp process told what to do, and how do they say what happened?

SIPp's "third party call control" does both: `recvCmd` takes a command for one Call-ID from a TCP connection at any
moment, `sendCmd` reports on it. So one process serves any number of telephones on demand, and it ends when the
connection does, even if we are killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from synthetic.errors import SippFailed

SCENARIO = Path(__file__).parent / "scenarios" / "telephone.xml"
_END = b"\x1b"
"""SIPp ends each control message with ESC."""
_START_SECONDS = 10.0
_LAST_WORDS = 600
"""Bytes kept of what SIPp says on stderr."""


@dataclass(frozen=True)
class SipMessage:
    """A SIP message taken apart: first line, headers by lower-case name (the first of each), body."""

    start: str
    headers: dict[str, str]
    body: str

    @classmethod
    def parse(cls, text: str) -> SipMessage:
        head, _, body = text.partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if colon:
                headers.setdefault(name.strip().lower(), value.strip())
        return cls(start, headers, body)

    @property
    def status(self) -> int:
        """The code of a response, 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """The method of a request, or of the request that this response answers."""
        return self.headers.get("cseq", " ").split()[-1] if self.status else self.start.split(" ")[0]


@dataclass(frozen=True)
class Report:
    """What happened in one dialog, and the SIP message that brought it."""

    call_id: str
    happened: str
    message: SipMessage

    @classmethod
    def parse(cls, text: str) -> Report:
        control = SipMessage.parse("\r\n" + text.lstrip("\r\n"))
        happened = control.headers.get("happened", "aborted")
        return cls(control.headers["call-id"], happened, SipMessage.parse(control.body))


def free_port(host: str, kind: socket.SocketKind) -> int:
    """A port that was free a moment ago; whoever takes it may still lose a race for it."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


class Sipp:
    """One SIPp process with our scenario, and its control connection."""

    def __init__(
        self, host: str, port: int, process: asyncio.subprocess.Process, report: Callable[[Report], None]
    ) -> None:
        self.host, self.port = host, port
        self._process, self._report = process, report
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._failed: str | None = None
        self._words = bytearray()
        self._listening = asyncio.get_running_loop().create_task(self._listen())

    @classmethod
    async def start(
        cls,
        program: Sequence[str],
        asterisk: tuple[str, int],
        host: str,
        port: int | None,
        report: Callable[[Report], None],
    ) -> Sipp:
        """Run `program` (argv prefix) towards Asterisk, on `port` of `host` or on any.

        One message is read per turn (-max_recv_loops): a second one would meet a call between two steps and abort it.
        The watchdog is off: it ends a SIPp that a busy machine has kept waiting too often.
        """
        for attempt in range(3):
            control, sip = free_port("127.0.0.1", socket.SOCK_STREAM), port or free_port(host, socket.SOCK_DGRAM)
            keys = free_port("127.0.0.1", socket.SOCK_DGRAM)
            argv = [*program, f"{asterisk[0]}:{asterisk[1]}", "-sf", str(SCENARIO), "-nostdin"]
            argv += ["-i", host, "-bind_local", "-p", str(sip), "-3pcc", f"127.0.0.1:{control}"]
            argv += ["-ci", "127.0.0.1", "-cp", str(keys)]
            argv += ["-base_cseq", "10", "-max_recv_loops", "1", "-deadcall_wait", "5s", "-watchdog_interval", "0"]
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,  # a Ctrl-C is for us to obey: calls are ended before telephones
            )
            sipp = cls(host, sip, process, report)
            try:
                await sipp._connect(control)
                return sipp
            except SippFailed:
                await sipp.close()
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    async def _connect(self, control: int) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _START_SECONDS
        while True:
            if self._process.returncode is not None or loop.time() > deadline:
                raise SippFailed(await self._last_words())
            try:
                reader, self._writer = await asyncio.open_connection("127.0.0.1", control)
                break
            except OSError:
                await asyncio.sleep(0.01)
        self._reading = loop.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                text = await reader.readuntil(_END)
                self._report(Report.parse(text[:-1].decode(errors="replace")))
        self._failed = "the control connection closed"

    def tell(self, call_id: str, do: str, body: str = "", **headers: str) -> None:
        """Give one dialog a command; `_` in a header's name stands for `-`. ValueError for a line break in a value."""
        if self._failed or self._writer is None:
            raise SippFailed(self._failed or "not connected")
        if any(set("\r\n\x1b") & set(value) for value in (call_id, *headers.values())):
            raise ValueError("a line break in a header")
        lines = [f"Call-ID: {call_id}", f"Do: {do}", *(f"{name.replace('_', '-')}: {v}" for name, v in headers.items())]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n" + body + "\r\n\r\n").encode() + _END)

    async def _listen(self) -> None:
        """Keep the end of what SIPp says on stderr; unread, it would block at a full pipe."""
        assert self._process.stderr
        while said := await self._process.stderr.read(4096):
            self._words += said
            del self._words[:-_LAST_WORDS]

    async def _last_words(self) -> str:
        if self._process.returncode is None:
            return "it did not listen on its control port"
        await self._listening
        return self._words.decode(errors="replace").strip()

    async def close(self) -> None:
        """End the process; open dialogs end with it, without a BYE."""
        self._failed = "closed"
        if self._reading:
            self._reading.cancel()
        if self._writer:
            self._writer.close()
        if self._process.returncode is None:
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), 3)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._listening
