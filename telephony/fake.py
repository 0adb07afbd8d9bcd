"""An Asterisk in memory, for tests of what stands above the link: it takes the same actions as the real one, and tells
the same events in the same order.

`tests/integration/test_switch_contract.py` asks the same of it and of a real Asterisk with the rendered dialplan. Where
`telephony.fake_dialplan` stops, the fake stops: app_queue, voicemail and menus are not imitated.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from datetime import datetime

from telephony.connection import Headers, Reply, checked
from telephony.delivery import Connected, Delivery, Disconnected, LinkState, Received, Snapshot
from telephony.errors import AmiDown, AmiRefused
from telephony.fake_dialplan import Channel, FakeDialplan, FakeLine, Phone, epoch
from telephony.framing import AmiMessage


class FakeAsterisk:
    """Tests originate callers into `al-line` through a link, and let people and time act through `dialplan`."""

    def __init__(self, lines: Mapping[str, FakeLine], phones: Mapping[str, Phone], now: datetime) -> None:
        self.dialplan = FakeDialplan(lines, phones, now, self._tell)
        self.devices: dict[str, str] = {}
        self.paused: set[str] = set()
        self.queue_log: list[tuple[str, str, str, str, str]] = []
        self._links: list[FakeLink] = []

    def connect(self, deliver: Callable[[Delivery], None]) -> FakeLink:
        """A link to this Asterisk, for `telephony.switch.Switch`."""
        self._links.append(FakeLink(self, deliver))
        return self._links[-1]

    def cut(self) -> None:
        """The AMI links are lost, and calls go on."""
        for link in self._links:
            link.lose()

    def mend(self) -> None:
        """The links are up again."""
        for link in self._links:
            link.resync()

    def phone_state(self, agent: str, state: str) -> None:
        """The phone's device state changes: NOT_INUSE, RINGING, INUSE, UNAVAILABLE."""
        self.devices[f"PJSIP/{agent}"] = state
        self._tell("DeviceStateChange", [f"Device: PJSIP/{agent}", f"State: {state}"])

    def act(self, headers: Mapping[str, str | list[str]]) -> Reply:
        """Carry out one action. Raises `AmiRefused` with Asterisk's words."""
        asked = {name: value for name, value in headers.items() if isinstance(value, str)}
        if isinstance(variables := headers.get("Variable"), list):
            asked |= dict(variable.split("=", 1) for variable in variables)
        act = ACTIONS.get(asked["Action"])
        if act is None:
            raise AmiRefused(f"{asked['Action']}: Permission denied")
        return Reply(_message(["Response: Success"]), tuple(act(self, asked) or ()))

    def snapshot(self) -> Snapshot:
        states = [[f"Device: {device}", f"State: {state}"] for device, state in self.devices.items()]
        devices = tuple(_message(["Event: DeviceStateChange", *state]) for state in states)
        return Snapshot(tuple(self._core_show_channels({})), devices, self.dialplan.missing_contexts)

    def _setvar(self, asked: Mapping[str, str]) -> None:
        variables = self._named(asked).variables if "Channel" in asked else self.dialplan.globals
        variables[asked["Variable"]] = asked["Value"]

    def _redirect(self, asked: Mapping[str, str]) -> None:
        channel = self._named(asked, "Channel does not exist: {}")
        self.dialplan.redirect(channel, asked["Context"], asked["Exten"])

    def _hangup(self, asked: Mapping[str, str]) -> None:
        self.dialplan.hang_up(self._named(asked))

    def _originate(self, asked: Mapping[str, str]) -> None:
        if local := re.fullmatch(r"Local/(\w+)@(al-draw|al-wake)/n", asked["Channel"]):
            self.dialplan.originate(local[2], local[1], asked)
            return
        number = asked.get("CallerID", "").strip("<>")
        channel = self.dialplan.new_channel(asked["Channel"], number, asked.get("ChannelId", ""))
        self.dialplan.redirect(channel, asked["Context"], asked["Exten"])

    def _user_event(self, asked: Mapping[str, str]) -> None:
        self._tell("UserEvent", [f"{name}: {value}" for name, value in asked.items() if name != "Action"])

    def _queue_pause(self, asked: Mapping[str, str]) -> None:
        change = self.paused.add if asked["Paused"] == "true" else self.paused.discard
        change(asked["Interface"])

    def _queue_log(self, asked: Mapping[str, str]) -> None:
        names = ("Uniqueid", "Queue", "Interface", "Event", "Message")
        uniqueid, queue, interface, event, message = (asked.get(name, "") for name in names)
        self.queue_log.append((uniqueid, queue, interface, event, message))

    def _core_show_channels(self, _: Mapping[str, str]) -> list[AmiMessage]:
        channels = self.dialplan.channels.values()
        return [_message(["Event: CoreShowChannel", *channel.headers(self.dialplan.now)]) for channel in channels]

    def _named(self, asked: Mapping[str, str], otherwise: str = "No such channel") -> Channel:
        for channel in self.dialplan.channels.values():
            if asked["Channel"] in (channel.name, channel.uniqueid):
                return channel
        raise AmiRefused(f"{asked['Action']}: {otherwise.format(asked['Channel'])}")

    def _tell(self, event: str, headers: list[str]) -> None:
        now = self.dialplan.now
        message = _message([f"Event: {event}", f"Timestamp: {epoch(now)}", *headers])
        for link in self._links:
            link.hear(Received(now, message))


class FakeLink:
    """Offers what `telephony.switch.Link` asks for; everything happens at once."""

    def __init__(self, asterisk: FakeAsterisk, deliver: Callable[[Delivery], None]) -> None:
        self.state = LinkState.CONNECTING
        self._asterisk = asterisk
        self._deliver = deliver

    async def start(self) -> None:
        self.resync()

    async def close(self) -> None:
        self.state = LinkState.CLOSED

    def post(self, headers: Headers) -> asyncio.Future[Reply]:
        if self.state is not LinkState.UP:
            raise AmiDown(f"no link to the fake: {self.state.value}")
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        try:
            answer.set_result(self._asterisk.act(checked(headers)))
        except AmiRefused as refused:
            answer.set_exception(refused)
        return answer

    def resync(self) -> None:
        self.state = LinkState.UP
        self._deliver(Connected(self._asterisk.dialplan.now, self._asterisk.snapshot()))

    def lose(self) -> None:
        self.state = LinkState.CONNECTING
        self._deliver(Disconnected(self._asterisk.dialplan.now, "cut"))

    def hear(self, received: Received) -> None:
        if self.state is LinkState.UP:
            self._deliver(received)


def _message(lines: list[str]) -> AmiMessage:
    return AmiMessage("\r\n" + "\r\n".join(lines) + "\r\n")


ACTIONS: dict[str, Callable[[FakeAsterisk, Mapping[str, str]], list[AmiMessage] | None]] = {
    "Setvar": FakeAsterisk._setvar,
    "Redirect": FakeAsterisk._redirect,
    "Hangup": FakeAsterisk._hangup,
    "Originate": FakeAsterisk._originate,
    "UserEvent": FakeAsterisk._user_event,
    "QueuePause": FakeAsterisk._queue_pause,
    "QueueLog": FakeAsterisk._queue_log,
    "CoreShowChannels": FakeAsterisk._core_show_channels,
}
