"""What does Asterisk itself say? Asked and followed over an AMI connection of the test's own.

Whom a caller talks to is read off the phones' channels, not off the `AL_*` variables that the service goes by.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from app.settings import Settings, secret
from telephony.framing import AmiFraming, AmiMessage
from tests.e2e.centre import LiveCentre

TALKS = frozenset({"talk", "fallback-talk"})
RINGS = frozenset({"ringing", "fallback"})
"""An agent who has picked up and hears the whisper still counts as rung."""


@dataclass(frozen=True)
class Standing:
    """Who is where: the state of each call, callers in the waiting room by their place, agents by call.

    `rung` and `talking` map an agent to a call's id, whether the service or app_queue has rung them.
    """

    states: Mapping[str, str]
    waiting: tuple[str, ...]
    rung: Mapping[str, str]
    talking: Mapping[str, str]


class Witness:
    """Logged in until closed. `numbers` maps a caller's number to the call's id, `happened` counts (call id, fact).

    The dialplan's word for a fact is the history's too; a caller's hang-up is `CallEnded` here as there.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.numbers: dict[str, str] = {}
        self.happened: Counter[tuple[str, str]] = Counter()
        self._reader, self._writer = reader, writer
        self._ids = itertools.count(1)
        self._asked: dict[str, tuple[list[AmiMessage], asyncio.Future[list[AmiMessage]]]] = {}

    @classmethod
    @asynccontextmanager
    async def of(cls, settings: Settings) -> AsyncIterator[Witness]:
        """A witness at this instance's Asterisk."""
        witness = cls(*await asyncio.open_connection(settings.bind, settings.ami_port))
        reading = asyncio.create_task(witness._read())
        try:
            await witness.ask("Login", Username="assistline", Secret=secret(settings.home, "ami"))
            yield witness
        finally:
            reading.cancel()
            witness._writer.close()

    async def ask(self, action: str, **headers: str) -> list[AmiMessage]:
        """What an action is answered: the response, and the events of a list."""
        number = str(next(self._ids))
        self._asked[number] = [], asyncio.get_running_loop().create_future()
        self.say(action, **headers, ActionID=number)
        return await asyncio.wait_for(self._asked[number][1], 10)

    def say(self, action: str, **headers: str) -> None:
        """Send an action and do not wait for what it is answered."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in {"Action": action, **headers}.items())
        self._writer.write(f"{lines}\r\n".encode())

    async def _read(self) -> None:
        framing = AmiFraming()
        while portion := await self._reader.read(65536):
            for message in framing.feed(portion):
                assert isinstance(message, AmiMessage)
                self._take(message)

    def _take(self, message: AmiMessage) -> None:
        if message.action_id in self._asked:
            listed, answer = self._asked[message.action_id]
            listed.append(message)
            if (message.event and message.get("EventList") == "Complete") or (
                not message.event and message.get("EventList") != "start"
            ):
                del self._asked[message.action_id]
                answer.set_result(listed)
        elif message.event == "UserEvent":
            self._count(message, message.get("UserEvent"))
        elif message.event == "Hangup":
            self._count(message, "CallEnded")

    def _count(self, message: AmiMessage, fact: str) -> None:
        call_id = message.get("CallId") or message.variables().get("AL_CALL_ID", "")
        self.happened[call_id, fact] += 1
        if fact == "CallStarted":
            self.numbers[message.get("CallerIDNum")] = call_id

    def times(self, fact: str) -> int:
        """How often this has happened, to whatever call."""
        return sum(count for (_, one), count in self.happened.items() if one == fact)

    async def standing(self) -> Standing:
        """Who is where now."""
        channels = (await self.ask("CoreShowChannels"))[1:-1]
        callers = {one.get("Uniqueid"): one.variables() for one in channels if one.variables().get("AL_STATE")}
        states = {call_id: variables["AL_STATE"] for call_id, variables in callers.items()}
        room = [call_id for call_id, state in states.items() if state == "waiting"]
        rung, talking = dict[str, str](), dict[str, str]()
        for channel in channels:
            phone = re.match(r"PJSIP/([a-z][a-z0-9_]*)-", channel.get("Channel"))
            call_id = channel.get("Linkedid")
            if not phone or channel.get("Uniqueid") in callers or call_id not in callers:
                continue
            if states[call_id] in TALKS and channel.get("ChannelStateDesc") == "Up":
                talking[phone[1]] = call_id
            elif states[call_id] in RINGS:
                rung[phone[1]] = call_id
        place = sorted(room, key=lambda call_id: callers[call_id]["AL_QUEUED_AT"])
        return Standing({c: s for c, s in states.items() if s != "ended"}, tuple(place), rung, talking)


def believed(live: Mapping[str, Any]) -> Standing:
    """The same as the live view has it."""
    states = {call["call_id"]: call["state"] for call in live["calls"]}
    room = [call for call in live["calls"] if call["state"] == "waiting"]
    place = sorted(room, key=lambda call: -call["waited_s"])
    agents = {agent["agent_id"]: agent for agent in live["agents"]}
    return Standing(
        states,
        tuple(call["call_id"] for call in place),
        {name: agent["call_id"] for name, agent in agents.items() if agent["state"] == "ringing"},
        {name: agent["call_id"] for name, agent in agents.items() if agent["state"] == "talking"},
    )


async def figure(centre: LiveCentre, name: str) -> float:
    """A figure of `/metrics`, the sum over its labels; `name` is all before the labels."""
    lines = (line.rpartition(" ") for line in (await centre.get("/metrics")).splitlines())
    return sum(float(value) for series, _, value in lines if series.partition("{")[0] == name)
