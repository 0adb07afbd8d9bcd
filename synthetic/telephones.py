"""Who calls and who is called? Callers in the street and phones on desks, all over one SIPp process on one address.

Callers and outside phones live on one loopback address (Asterisk knows the trunk by it), agents' phones on another.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence

from synthetic.alaw import Pcm
from synthetic.dialog import Dialog
from synthetic.media import Media, Metronome
from synthetic.phone import Answer, Phone, Refusal, Ring
from synthetic.sipp import Report, Sipp
from synthetic.tones import silence

QUIET = silence(1)
"""A voice that says nothing but does send it: a phone lying on the desk."""
AT_ONCE = Answer()


class Telephones:
    """All telephones on one address. Close it, and every process and port it took is gone."""

    def __init__(self, asterisk: tuple[str, int]) -> None:
        self._asterisk = asterisk
        self._metronome = Metronome()
        self._sipp: Sipp | None = None
        self._dialogs: dict[str, Dialog] = {}
        self._registering: dict[str, asyncio.Future[int]] = {}
        self._phones: dict[str, Phone] = {}
        self._opening: set[asyncio.Task[None]] = set()

    @classmethod
    async def start(
        cls, program: Sequence[str], asterisk: tuple[str, int], host: str = "127.0.0.1", port: int | None = None
    ) -> Telephones:
        """`program`: SIPp as an argv prefix; `asterisk`: SIP address; `host`, `port`: where these telephones stand."""
        telephones = cls(asterisk)
        telephones._sipp = await Sipp.start(program, asterisk, host, port, telephones._take)
        return telephones

    async def __aenter__(self) -> Telephones:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def sipp(self) -> Sipp:
        assert self._sipp, "not started"
        return self._sipp

    @property
    def address(self) -> str:
        """host:port where these telephones take calls (a trunk's contact)."""
        return f"{self.sipp.host}:{self.sipp.port}"

    def phone(
        self, name: str, password: str = "", *, voice: Pcm | None = QUIET, behaviour: Answer | Refusal = AT_ONCE,
        deaf: bool = False, first_sequence: int | None = None,
    ) -> Phone:  # fmt: skip
        """A phone that takes the calls for `name`: an agent's account, or a number outside, which never registers."""
        phone = self._phones[name] = Phone(name, password, self, voice, behaviour, deaf, first_sequence)
        return phone

    async def call(
        self, number: str, caller_id: str, *, voice: Pcm | None = None, deaf: bool = False, name: str = "",
        asserted: str = "", first_sequence: int | None = None,
    ) -> Dialog:  # fmt: skip
        """A caller in the street dials `number`; returns when the INVITE is out.

        `voice` None sends nothing but keys. `deaf` hears nothing and costs no processor time. `name` is shown beside
        `caller_id`; `asserted` is the number of a P-Asserted-Identity.
        """
        header = f"P-Asserted-Identity: <sip:{asserted}@{self.sipp.host}>" if asserted else ""
        return await self.dial(
            number, caller_id, voice=voice, deaf=deaf, name=name, header=header, first_sequence=first_sequence
        )

    async def dial(
        self, number: str, user: str, *, voice: Pcm | None, deaf: bool = False, name: str = "", header: str = "",
        first_sequence: int | None = None, account: tuple[str, str] = ("", ""),
    ) -> Dialog:  # fmt: skip
        """INVITE as `user`; challenged, it answers with `account` (user, password)."""
        media = Media(self._metronome, first_sequence)
        await media.open(self.sipp.host, deaf)
        tag, (host, port) = secrets.token_hex(6), self._asterisk
        dialog = Dialog(secrets.token_hex(12), media, f"sip:{user}@{self.address}", self.sipp, local_tag=tag)
        dialog.started_at = asyncio.get_running_loop().time()
        self._dialogs[dialog.call_id] = dialog
        self.sipp.tell(
            dialog.call_id,
            "dial",
            media.sdp(),
            From=f'"{name}" <sip:{user}@{host}>;tag={tag}' if name else f"<sip:{user}@{host}>;tag={tag}",
            To=f"<sip:{number}@{host}>",
            Target=f"sip:{number}@{host}:{port}",
            Contact=dialog.contact,
            Header=header or "Subject: call",
            User=account[0],
            Password=account[1],
        )
        media.say(voice)
        return dialog

    async def registered(self, name: str, password: str, expires: int) -> int:
        """REGISTER `name` here (0 seconds: no longer here); the final status, 408 if nobody replies."""
        call_id, (host, port) = secrets.token_hex(12), self._asterisk
        self._registering[call_id] = status = asyncio.get_running_loop().create_future()
        self.sipp.tell(
            call_id,
            "register",
            From=f"<sip:{name}@{host}>;tag={secrets.token_hex(6)}",
            To=f"<sip:{name}@{host}>",
            Target=f"sip:{host}:{port}",
            Contact=f"sip:{name}@{self.address}",
            Header=f"Expires: {expires}",
            User=name,
            Password=password,
        )
        try:
            return await asyncio.wait_for(status, 5)
        except TimeoutError:
            return 408

    def _take(self, report: Report) -> None:
        if report.happened == "rung":
            task = asyncio.ensure_future(self._ring(report))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)
        elif registering := self._registering.pop(report.call_id, None):
            if not registering.done():
                registering.set_result(report.message.status)
        elif dialog := self._dialogs.get(report.call_id):
            dialog.take(report, asyncio.get_running_loop().time())
            if dialog.ending:
                del self._dialogs[report.call_id]

    async def _ring(self, report: Report) -> None:
        called = report.message.start.split()[1].removeprefix("sip:").partition("@")[0]
        phone = self._phones.get(called)
        if phone is None:
            self.sipp.tell(report.call_id, Refusal.UNAVAILABLE.value)
            return
        media = Media(self._metronome, phone.first_sequence)
        ring = Ring(report.call_id, media, f"sip:{called}@{self.address}", self.sipp)
        ring.read_invite(report.message)
        ring.started_at = ring.ringing_at = asyncio.get_running_loop().time()
        self._dialogs[report.call_id] = ring
        await media.open(self.sipp.host, phone.deaf)
        phone.take(ring)

    async def hang_up(self, within: float) -> None:
        """End every open call; a dialog that has not ended `within` seconds is left as it is."""
        ends = (dialog.hang_up(within) for dialog in list(self._dialogs.values()))
        await asyncio.gather(*ends, return_exceptions=True)

    async def close(self) -> None:
        """End SIPp and give every port back. Open calls end without a BYE: hang up first where that matters."""
        for phone in self._phones.values():
            phone.close()
        for task in self._opening:
            task.cancel()
        if self._sipp:
            await self._sipp.close()
        for dialog in self._dialogs.values():
            dialog.media.close()
        await self._metronome.close()
