"""What does one call look like from its telephone? It rings, is answered, is heard, and ends: once, by someone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote

from synthetic.alaw import Pcm
from synthetic.errors import NotAnswered, StillUp, SyntheticError
from synthetic.media import Media
from synthetic.sipp import Report, SipMessage, Sipp
from synthetic.tones import Sound


@dataclass(frozen=True)
class Ending:
    """Who ended the call, seen from this telephone, and the SIP status: 200 after a talk, else why there was none."""

    by: Literal["us", "them", "sipp"]
    status: int


@dataclass(eq=False)
class Dialog:
    """One call of one telephone. Times are the event loop's (`asyncio.get_running_loop().time()`), in seconds."""

    call_id: str
    media: Media
    contact: str
    sipp: Sipp = field(repr=False)
    started_at: float = 0.0
    ringing_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    ending: Ending | None = None
    local_tag: str = ""
    remote_tag: str = ""
    target: str = ""
    leaving: bool = False
    refused_with: int | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    _replies: asyncio.Queue[SipMessage] = field(default_factory=asyncio.Queue, repr=False)

    # ---- what the test or the demo does

    async def rings(self, within: float = 5.0) -> None:
        """Wait for 180 or 183, or for the answer itself."""
        await self._until(lambda: bool(self.ringing_at or self.answered_at or self.ended_at), within, NotAnswered)
        if self.ending:
            raise NotAnswered(f"ended with {self.ending}")

    async def answered(self, within: float = 5.0) -> None:
        """Wait for the answer; NotAnswered when the call ended instead, or nothing came in time."""
        await self._until(lambda: bool(self.answered_at or self.ended_at), within, NotAnswered)
        if not self.answered_at:
            raise NotAnswered(f"ended with {self.ending}")

    async def ended(self, within: float = 5.0) -> Ending:
        """Wait for the end, whoever makes it; StillUp if it does not come."""
        await self._until(lambda: self.ending is not None, within, StillUp)
        assert self.ending
        return self.ending

    async def hang_up(self, within: float = 5.0) -> Ending:
        """BYE, or CANCEL while it rings; nothing if it has ended already."""
        if self.ending is None and not self.leaving:
            self.leaving = True
            self.sipp.tell(self.call_id, "hang up")
        return await self.ended(within)

    async def press(self, keys: str) -> None:
        """Press keys (`synthetic.media.Media.press`)."""
        await self.media.press(keys)

    def say(self, pcm: Pcm | None) -> None:
        """Say this over and over (`synthetic.media.Media.say`)."""
        self.media.say(pcm)

    async def play(self, pcm: Pcm) -> None:
        """Say this once (`synthetic.media.Media.play`)."""
        await self.media.play(pcm)

    async def hears(self, sound: Sound, within: float = 5.0, since: float | None = None) -> float:
        """Wait for a sound (`synthetic.media.Media.hears`)."""
        return await self.media.hears(sound, within, since)

    def heard(self, start: float | None = None, end: float | None = None) -> Pcm:
        """Everything heard between two moments of loop time (default: all)."""
        return self.media.ear.pcm(start, end)

    async def hold(self, within: float = 5.0) -> None:
        """Put the other side on hold (re-INVITE, sendonly)."""
        await self._reinvite("sendonly", within)

    async def resume(self, within: float = 5.0) -> None:
        """End the hold."""
        await self._reinvite("sendrecv", within)

    async def transfer(self, to: str, within: float = 5.0) -> int:
        """Blind transfer: REFER the other side to a number, and leave as a phone does once told it worked.

        Returns the last status told: 200 done, else why not (400: the two are not joined yet; hear them first).
        """
        host = self.target.rpartition("@")[2].removeprefix("sip:")
        return await self._refer(f"<sip:{to}@{host}>", within)

    async def transfer_to(self, consulted: Dialog, within: float = 5.0) -> int:
        """Attended transfer: join the other side with the one at the other end of `consulted`."""
        replaces = quote(f"{consulted.call_id};to-tag={consulted.remote_tag};from-tag={consulted.local_tag}", safe="")
        return await self._refer(f"<{consulted.target}?Replaces={replaces}>", within)

    # ---- what SIPp reports

    def take(self, report: Report, now: float) -> None:
        """One report of SIPp's about this dialog."""
        message = report.message
        match report.happened:
            case "ringing":
                self.ringing_at = self.ringing_at or now
                self._learn(message)
            case "answered":
                self.answered_at = now
                self._learn(message)
            case "reinvited" | "refer_replied" | "notified":
                self._replies.put_nowait(message)
            case "cancelled":
                self._end(Ending("them", 487), now)
            case "aborted":
                self._end(Ending("sipp", 0), now)
            case "ended" if self.ending is None:
                self._end(self._ending(message), now)
        self._changed.set()

    def _learn(self, message: SipMessage) -> None:
        if message.status:
            self.media.connect(message.body)
            self.target = re.sub(r".*<([^>]*)>.*", r"\1", message.headers["contact"])
            self.remote_tag = message.headers["to"].rpartition("tag=")[2]

    def _ending(self, message: SipMessage) -> Ending:
        if message.method == "BYE":
            return Ending("us" if message.status else "them", 200)
        if self.refused_with:
            return Ending("us", self.refused_with)
        return Ending("us" if self.leaving else "them", message.status)

    def _end(self, ending: Ending, now: float) -> None:
        self.ending, self.ended_at = ending, now
        self.media.close()

    async def _until(self, true: Callable[[], bool], within: float, failure: type[SyntheticError]) -> None:
        try:
            async with asyncio.timeout(within):
                while not true():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise failure(f"not within {within} s") from None

    async def _reinvite(self, direction: str, within: float) -> None:
        self.sipp.tell(self.call_id, "reinvite", self.media.sdp(direction))
        await asyncio.wait_for(self._replies.get(), within)

    async def _refer(self, refer_to: str, within: float) -> int:
        self.sipp.tell(self.call_id, "refer", self.media.sdp(), Refer_To=refer_to)
        async with asyncio.timeout(within):
            while True:
                message = await self._replies.get()
                if message.status >= 300:
                    return message.status
                told = re.search(r"SIP/2.0 (\d+)", message.body)
                if told and int(told[1]) >= 200:
                    break
        if told[1] == "200":
            await self.hang_up(within)
        return int(told[1])
