"""How does a phone behave that can be rung, an agent's or a doctor's mobile? It answers as told and keeps a log."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from synthetic.alaw import Pcm
from synthetic.dialog import Dialog
from synthetic.errors import NotRung, RegistrationRefused
from synthetic.sipp import SipMessage


class Refusal(Enum):
    """What a phone that does not answer does; the value is the scenario's command."""

    BUSY = "busy"
    DECLINE = "decline"
    UNAVAILABLE = "unavailable"
    NEVER = "never"


STATUS = {Refusal.BUSY: 486, Refusal.DECLINE: 603, Refusal.UNAVAILABLE: 480}


@dataclass(frozen=True)
class Answer:
    """Pick up after so many seconds of ringing."""

    after: float = 0.0


@dataclass(eq=False)
class Ring(Dialog):
    """One INVITE that a phone received: what its display showed, and the call that came of it."""

    shown: str = ""
    number: str = ""
    alert: str = ""

    def read_invite(self, message: SipMessage) -> None:
        """Take from the INVITE what the display shows and what a transfer needs."""
        sender = message.headers["from"]
        self.shown = re.sub(r'^"?([^"<]*)"?\s*<.*', r"\1", sender).strip()
        self.number = re.sub(r".*<sip:([^@>]*)[@>].*", r"\1", sender)
        self.alert = message.headers.get("alert-info", "")
        self.target = re.sub(r".*<([^>]*)>.*", r"\1", message.headers["contact"])
        self.remote_tag = sender.rpartition("tag=")[2]
        self.media.connect(message.body)

    def pick_up(self, voice: Pcm | None) -> None:
        """Answer now, and speak; nothing if the ring has gone or is answered."""
        if self.ending is None and self.answered_at is None:
            self.sipp.tell(self.call_id, "answer", self.media.sdp(), Contact=self.contact)
            self.media.say(voice)

    def refuse(self, refusal: Refusal) -> None:
        """Answer with 486, 603 or 480; NEVER lets it ring."""
        if refusal is not Refusal.NEVER:
            self.refused_with = STATUS[refusal]
            self.sipp.tell(self.call_id, refusal.value)

    def overlaps(self, other: Ring) -> bool:
        """Whether both rang or talked at the same moment."""
        far = float("inf")
        return self.started_at < (other.ended_at or far) and other.started_at < (self.ended_at or far)


class Exchange(Protocol):
    """What a phone needs of the telephones around it."""

    async def dial(
        self, number: str, user: str, *, voice: Pcm | None, deaf: bool, account: tuple[str, str]
    ) -> Dialog: ...

    async def registered(self, name: str, password: str, expires: int) -> int: ...


@dataclass(eq=False)
class Phone:
    """A desk phone, a softphone or a mobile. `behaviour` and `voice` may be changed at any time."""

    name: str
    password: str
    exchange: Exchange = field(repr=False)
    voice: Pcm | None
    behaviour: Answer | Refusal
    deaf: bool = False
    first_sequence: int | None = None
    rings: list[Ring] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    _timers: set[asyncio.TimerHandle] = field(default_factory=set, repr=False)

    async def register(self, expires: int = 3600) -> None:
        """Tell Asterisk where this phone is; RegistrationRefused if it will not know it."""
        status = await self.exchange.registered(self.name, self.password, expires)
        if status != 200:
            raise RegistrationRefused(f"{self.name}: {status}")

    async def unregister(self) -> None:
        """Tell Asterisk that this phone is gone."""
        await self.register(expires=0)

    async def dial(self, number: str) -> Dialog:
        """Call a number or a phone code from this phone."""
        account = (self.name, self.password)
        return await self.exchange.dial(number, self.name, voice=self.voice, deaf=self.deaf, account=account)

    async def rung(self, within: float | None = 5.0, count: int = 1) -> Ring:
        """Wait (None: for ever) until it has been rung `count` times in all; returns that ring. NotRung when not."""
        try:
            async with asyncio.timeout(within):
                while len(self.rings) < count:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise NotRung(f"{self.name} was rung {len(self.rings)} times, not {count}, in {within} s") from None
        return self.rings[count - 1]

    @property
    def doubled(self) -> list[tuple[Ring, Ring]]:
        """Pairs of calls that this phone had at the same time: an agent must never be rung twice at once."""
        return [(a, b) for i, a in enumerate(self.rings) for b in self.rings[i + 1 :] if a.overlaps(b)]

    def take(self, ring: Ring) -> None:
        """It rings: do as the behaviour says."""
        self.rings.append(ring)
        self._changed.set()
        if isinstance(self.behaviour, Refusal):
            ring.refuse(self.behaviour)
        elif self.behaviour.after:
            loop = asyncio.get_running_loop()
            self._timers = {timer for timer in self._timers if timer.when() > loop.time()}
            self._timers.add(loop.call_later(self.behaviour.after, lambda: self.pick_up(ring)))
        else:
            self.pick_up(ring)

    def pick_up(self, ring: Ring) -> None:
        """Answer this ring with this phone's voice, whatever the behaviour."""
        ring.pick_up(self.voice)

    def close(self) -> None:
        """Forget the calls that were still to be picked up."""
        for timer in self._timers:
            timer.cancel()
