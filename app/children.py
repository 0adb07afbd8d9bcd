"""Which processes have we started, and are they gone when we leave? Children are ended by their own pid, nothing else.

Each child gets its own session, so that a Ctrl-C in the terminal reaches only us and the order of ending is ours.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.errors import AppFault

END_WITHIN = 8.0
"""Seconds that a child has to end by itself before it is killed."""


@dataclass(slots=True)
class Child:
    """One process that we started; ``log`` holds what it printed."""

    name: str
    argv: Sequence[str]
    process: asyncio.subprocess.Process
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def alive(self) -> bool:
        return self.process.returncode is None

    def kill(self, sign: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to this process alone; a process that is gone already is no fault."""
        if self.alive():
            os.kill(self.process.pid, sign)

    async def end(self) -> None:
        """Ask it to end, and kill it if it does not within END_WITHIN."""
        if not self.alive():
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            async with asyncio.timeout(END_WITHIN):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()

    def ending(self) -> str:
        """How it ended: its exit code, or the signal that ended it."""
        code = self.process.returncode or 0
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def last_words(self, lines: int = 8) -> str:
        """The end of its log, for a message to the operator."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""


async def start(name: str, argv: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> Child:
    """Start a process whose output goes to ``log``; raises AppFault when it cannot be started."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    except OSError as fault:
        raise AppFault(f"{name} cannot be started: {fault.strerror}.") from None
    finally:
        os.close(descriptor)
    return Child(name, argv, process, log)
