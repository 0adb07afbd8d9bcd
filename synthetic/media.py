"""Who sends and takes the audio of a call, and keeps its time? One UDP port a call, one task for all of them.

SIPp names this port in its SDP and never sees the audio. One absolute schedule keeps the 20 ms of every speaking call.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import socket
from typing import Any

import numpy as np

from synthetic.alaw import FRAME, RATE, Pcm
from synthetic.errors import NotHeard
from synthetic.rtp import Ear, Speaker
from synthetic.tones import Sound, dominant, level

TICK = FRAME / RATE
_LATE = 0.5
"""A schedule this many seconds behind is begun anew rather than caught up in a burst."""

_STALLED = 0.1
"""When no packet came for so many seconds, the other side says nothing any more."""


class Metronome:
    """Calls every speaking `Media` each 20 ms; sleeps while nobody speaks."""

    def __init__(self) -> None:
        self._speaking: dict[Media, None] = {}
        self._task: asyncio.Task[None] | None = None

    def add(self, media: Media) -> None:
        self._speaking[media] = None
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._beat())

    def remove(self, media: Media) -> None:
        self._speaking.pop(media, None)

    async def close(self) -> None:
        self._speaking.clear()
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while self._speaking:
            due += TICK
            if (wait := due - loop.time()) < -_LATE:
                due = loop.time()
            await asyncio.sleep(max(0.0, wait))
            for media in tuple(self._speaking):
                media.send_next()
        self._task = None


class Media(asyncio.DatagramProtocol):
    """The ear and mouth of one call.

    A deaf one reads nothing from its socket, for crowds whose callers only wait: it costs no processor time. It can
    still press keys.
    """

    def __init__(self, metronome: Metronome, first_sequence: int | None = None) -> None:
        self.ear = Ear()
        self.port = 0
        self._metronome = metronome
        self._speaker = Speaker(
            random.getrandbits(32), random.getrandbits(16) if first_sequence is None else first_sequence
        )
        self._host = ""
        self._peer: tuple[str, int] | None = None
        self._socket: socket.socket | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._arrived = asyncio.Event()
        self._awaited = 0
        self._said = asyncio.Event()

    async def open(self, host: str, deaf: bool = False) -> None:
        """Take a UDP port of the operating system's choice."""
        self._host = host
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.setblocking(False)
        self.port = self._socket.getsockname()[1]
        if not deaf:
            loop = asyncio.get_running_loop()
            self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=self._socket)

    def sdp(self, direction: str = "sendrecv") -> str:
        """The offer or answer: A-law and keys, on our port."""
        return (
            f"v=0\r\no=- 1 1 IN IP4 {self._host}\r\ns=-\r\nc=IN IP4 {self._host}\r\nt=0 0\r\n"
            f"m=audio {self.port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
            f"a=fmtp:101 0-16\r\na=ptime:20\r\na={direction}"
        )

    def connect(self, sdp: str) -> None:
        """Learn from the other side's SDP where to send; an SDP without audio changes nothing."""
        host, port = re.search(r"c=IN IP4 (\S+)", sdp), re.search(r"m=audio (\d+)", sdp)
        if host and port:
            self._peer = (host[1], int(port[1]))

    def say(self, pcm: Pcm | None) -> None:
        """Say this over and over (a tone, silence) until told otherwise; None: send only keys and what is played."""
        self._speaker.murmur(pcm)
        self._wake()

    async def play(self, pcm: Pcm) -> None:
        """Say this once; returns when it is out."""
        self._speaker.play(pcm)
        await self._until_said()

    async def press(self, keys: str) -> None:
        """Press keys, 100 ms each and 100 ms apart, as RFC 4733 events; returns when they are out."""
        self._speaker.press(keys)
        await self._until_said()

    def send_next(self) -> None:
        """Send what the next 20 ms bring (the metronome calls this)."""
        packets = self._speaker.next_packets()
        if self._peer and self._socket:
            for packet in packets:
                with contextlib.suppress(OSError):
                    self._socket.sendto(packet, self._peer)
        if not self._speaker.script_left:
            self._said.set()
        if self._speaker.idle:
            self._metronome.remove(self)

    def _wake(self) -> None:
        if not self._speaker.idle and self._socket:
            self._metronome.add(self)

    async def _until_said(self) -> None:
        self._said.clear()
        self._wake()
        await self._said.wait()

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Hear it, unless it was meant for a call that had this port before."""
        if not self._peer or addr[1] != self._peer[1]:
            return
        if self.ear.hear(data, asyncio.get_running_loop().time()) and self.ear.packets >= self._awaited:
            self._arrived.set()

    async def hears(self, sound: Sound, within: float = 5.0, since: float | None = None) -> float:
        """Wait until `sound` is heard; returns the loop time at which it was recognised.

        A sound with a window must come after `since` (default: now); one without is looked for in all that was heard
        after `since` (default: the whole call). No packets are silence. NotHeard after `within` seconds, saying what
        came instead.
        """
        loop = asyncio.get_running_loop()
        if sound.window is not None and since is None:
            since = loop.time()
        try:
            async with asyncio.timeout(within):
                while not self._found(sound, since):
                    await self._more(0.1 if sound.window else 0.5)
        except TimeoutError:
            last = self.ear.pcm(loop.time() - 1.0)
            raise NotHeard(
                f"no {type(sound).__name__} within {within} s; the last second: {len(last)} samples, "
                f"{level(last):.0f} dBFS, strongest at {dominant(last)} Hz"
            ) from None
        return loop.time()

    def _found(self, sound: Sound, since: float | None) -> bool:
        if sound.window is None or since is None:
            return sound.found_in(self.ear.pcm(since))
        now = asyncio.get_running_loop().time()
        coming = self.ear.until is not None and now - self.ear.until < _STALLED
        end = self.ear.heard_until if coming and self.ear.heard_until else now
        if end - sound.window < since:
            return False
        heard = self.ear.pcm(end - sound.window, end)
        nothing = np.zeros(round(sound.window * RATE) - len(heard), dtype=np.int16)
        return sound.found_in(np.concatenate((heard, nothing)))

    async def _more(self, seconds: float) -> None:
        """Wait for so much more speech, at most so long."""
        self._awaited = self.ear.packets + round(seconds / TICK)
        self._arrived.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._arrived.wait(), seconds + TICK)

    def close(self) -> None:
        """Fall silent and give the port back; what was heard stays."""
        self._metronome.remove(self)
        self._said.set()
        if self._transport:
            self._transport.close()
        elif self._socket:
            self._socket.close()
        self._socket = None
