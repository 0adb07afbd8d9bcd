"""The part of our dialplan that the fake Asterisk knows: lines, the waiting room, `al-ring`, talks, and the ways out.

It follows `asterisk_conf/extensions.conf.j2`, and is held against it by `tests/integration/test_switch_contract.py`.
Longer than 300 lines, since it is one dialplan, in the order of the real one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from telephony.framing import PLACE
from telephony.render import CHANNEL_VARIABLES

STALE_AFTER = 3.0
"""Seconds without a heartbeat after which the waiting room gives us up."""


class Phone(Enum):
    """What an agent's phone does when it is rung."""

    ANSWERS = "answers"
    RINGS = "rings"
    BUSY = "BUSY"
    ABSENT = "CHANUNAVAIL"


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeLine:
    """What the dialplan gives to a call of a line; `needs` as in `AL_NEEDS`, `grace` turns of a second."""

    queue: str
    lang: str
    needs: str = ""
    record: bool = False
    grace: int = 3
    ring_seconds: float = 20.0


@dataclass(slots=True)
class Channel:
    """One channel. A caller's has `line`, an agent's leg has `agent` and the `caller` it belongs to.

    A third party's leg has a `mode`, which is told once it has `joined`; that of one who is woken belongs to nobody.
    `absent` are the phones of a ring of several that are not there.
    """

    name: str
    uniqueid: str
    number: str
    since: datetime
    variables: dict[str, str] = field(default_factory=dict)
    line: FakeLine | None = None
    agent: str = ""
    caller: Channel | None = None
    turn_at: datetime | None = None
    mode: str = ""
    joined: bool = False
    absent: list[str] = field(default_factory=list)

    def headers(self, now: datetime) -> list[str]:
        age = int((now - self.since).total_seconds())
        duration = f"Duration: {age // 3600:02}:{age // 60 % 60:02}:{age % 60:02}"
        variables = {**self.variables, "AL_PLACE": "/".join(self.variables.get(name, "") for name in PLACE)}
        shown = [f"ChanVariable: {name}={variables.get(name, '')}" for name in CHANNEL_VARIABLES]
        return [f"Channel: {self.name}", f"CallerIDNum: {self.number}", f"Uniqueid: {self.uniqueid}", duration, *shown]


class FakeDialplan:
    """Channels and what the dialplan does with them; `tell` is given each event, as its name and header lines."""

    def __init__(
        self,
        lines: Mapping[str, FakeLine],
        phones: Mapping[str, Phone],
        now: datetime,
        tell: Callable[[str, list[str]], None],
    ) -> None:
        self.lines, self.phones, self.now = dict(lines), dict(phones), now
        self.channels: dict[str, Channel] = {}
        self.globals: dict[str, str] = {}
        self.missing_contexts: tuple[str, ...] = ()
        self._tell, self._count = tell, 0

    def pass_time(self, seconds: float) -> None:
        """Let the waiting room's turns and the rings' time-outs of so many seconds happen, in steps of one."""
        end = self.now + timedelta(seconds=seconds)
        while self.now < end:
            self.now = min(end, self.now + timedelta(seconds=1))
            for channel in list(self.channels.values()):
                if channel.name not in self.channels:
                    continue
                if channel.agent:
                    self._ring_time_out(channel)
                elif channel.variables.get("AL_STATE") == "waiting":
                    self._turn(channel)

    def agent_answers(self, agent: str) -> None:
        """The agent picks up the phone that rings."""
        (leg,) = [leg for leg in self.channels.values() if leg.agent == agent]
        self._answered(leg)

    def agent_presses(self, agent: str, key: str) -> None:
        """The agent who was woken has picked up and presses a key."""
        [leg] = [leg for leg in self.channels.values() if leg.agent == agent and leg.caller is None]
        if key == "1":
            self._user_event(leg, "ReserveAccepted", f"Agent: {agent}")
        else:
            refusal = "DECLINED" if key == "2" else "UNCONFIRMED"
            self._user_event(leg, "ReserveDeclined", f"Agent: {agent}", f"DialStatus: {refusal}")
        self._gone(leg)

    def originate(self, context: str, agent: str, told: Mapping[str, str]) -> None:
        """Ring an agent who shall join a talk (`al-draw`), or come on duty (`al-wake`)."""
        phone = self.phones.get(agent, Phone.ABSENT)
        taken = any(leg.agent == agent for leg in self.channels.values())
        leg = self.new_channel(f"PJSIP/{agent}", "")
        leg.agent, leg.mode = agent, told.get("AL_MODE", "")
        leg.variables["AL_CALL_ID"] = told.get("AL_ABOUT", "")
        if leg.mode:
            leg.caller = self.channels[told["AL_THEIR"]]
        if taken or phone in (Phone.BUSY, Phone.ABSENT):
            status = "REFUSED" if taken else phone.value
            mode = [f"Mode: {leg.mode}"] if leg.mode else []
            name = "ThirdPartyNotReached" if leg.mode else "ReserveDeclined"
            self._user_event(leg, name, f"Agent: {agent}", *mode, f"DialStatus: {status}")
            self._gone(leg)
        elif leg.mode and phone is Phone.ANSWERS:
            self._joined(leg)

    def _joined(self, leg: Channel) -> None:
        assert leg.caller is not None
        leg.joined = True
        self._user_event(leg, "ThirdPartyJoined", f"Agent: {leg.agent}", f"Mode: {leg.mode}")
        self._record(leg, leg.caller, leg.agent)

    def new_channel(self, name: str, number: str, uniqueid: str = "") -> Channel:
        channel = Channel(f"{name}-{self._next('')}", uniqueid or self._next("node1-1000000000."), number, self.now)
        self.channels[channel.name] = channel
        return channel

    def hang_up(self, channel: Channel) -> None:
        """A caller ends the call with all its legs; an agent who talks ends it too, and the dialplan says so."""
        self._end(channel)
        caller = None if channel.mode else channel.caller
        if caller is not None and caller.variables["AL_STATE"] == "talk":
            self._user_event(caller, "TalkEnded", f"Agent: {channel.agent}", "By: agent")
            caller.variables["AL_STATE"] = "ended"
            self._end(caller)

    def redirect(self, channel: Channel, context: str, extension: str) -> None:
        """Into another context, out of a ring or talk too. A missing one drops the caller, as in Asterisk."""
        for leg in self._legs(channel):
            self._gone(leg)
        ways = {"al-ring": self._ring, "al-together": self._together, "al-stay": self._stay, "al-move": self._move}
        go = {**ways, "al-line": self._line, "al-last-resort": self._last_resort}.get(context)
        if go is None or context in self.missing_contexts:
            self._end(channel)
        else:
            go(channel, extension)

    def _line(self, channel: Channel, line_id: str) -> None:
        line = channel.line = self.lines[line_id]
        channel.variables |= {"AL_CALL_ID": channel.uniqueid, "AL_LINE": line_id, "AL_LANG": line.lang}
        channel.variables |= {"AL_QUEUE": line.queue, "AL_NEEDS": line.needs, "AL_STATE": "menu"}
        self._user_event(channel, "CallStarted")
        self._wait(channel)

    def _wait(self, channel: Channel) -> None:
        channel.variables.setdefault("AL_QUEUED_AT", epoch(self.now))
        channel.variables |= {"AL_STATE": "waiting", "AL_AGENT": ""}
        channel.turn_at = self.now
        self._user_event(channel, "CallerQueued")
        self._pulse(channel)

    def _turn(self, channel: Channel) -> None:
        assert channel.line is not None and channel.turn_at is not None
        waited = (self.now - channel.turn_at).total_seconds()
        if channel.variables.get("AL_SEEN") != "1" and waited >= channel.line.grace:
            self._fallback(channel, "unseen")
        else:
            self._pulse(channel)

    def _pulse(self, channel: Channel) -> None:
        if self.now.timestamp() - float(self.globals.get("AL_ALIVE", "0")) >= STALE_AFTER:
            self._fallback(channel, "stale")

    def _fallback(self, channel: Channel, reason: str) -> None:
        channel.variables |= {"AL_STATE": "fallback", "AL_AGENT": ""}
        self._user_event(channel, "FallbackEntered", f"Reason: {reason}")

    def _stay(self, channel: Channel, _: str) -> None:
        if channel.variables["AL_STATE"] == "fallback":
            self._fallback(channel, "")
        else:
            self._wait(channel)

    def _move(self, channel: Channel, queue: str) -> None:
        asked = next((line.needs for line in self.lines.values() if line.queue == queue), None)
        if channel.variables["AL_STATE"] == "waiting":
            if asked is None:
                self._fallback(channel, "no-queue")
                return
            channel.variables |= {"AL_QUEUE": queue, "AL_NEEDS": asked}
        self._stay(channel, "")

    def _last_resort(self, channel: Channel, extension: str) -> None:
        if extension == "offer" and channel.variables["AL_STATE"] not in ("waiting", "last-resort"):
            self._stay(channel, "")
            return
        if channel.variables["AL_STATE"] in ("talk", "ringing"):
            self._wait(channel)
            return
        if channel.variables["AL_STATE"] != "fallback":
            channel.variables["AL_STATE"] = "last-resort"
        self._user_event(channel, "LastResortEntered")

    def _ring(self, channel: Channel, extension: str) -> None:
        state = channel.variables["AL_STATE"]
        if state not in ("waiting", "last-resort"):
            self._stay(channel, state)
            return
        agent, _, attempt = extension.partition("-")
        channel.variables |= {"AL_STATE": "ringing", "AL_AGENT": agent, "AL_ATTEMPT": attempt}
        channel.absent = []
        self._record(channel, channel, "caller")
        about = [f"Agent: {agent}", f"Attempt: {attempt}"]
        if any(leg.agent == agent for leg in self.channels.values()):
            self._user_event(channel, "AgentNotReached", *about, "DialStatus: REFUSED", "Cause: 17")
            self._wait(channel)
            return
        self._user_event(channel, "AgentRinging", *about)
        phone = self.phones.get(agent, Phone.ABSENT)
        if phone in (Phone.BUSY, Phone.ABSENT):
            self._not_reached(channel, phone.value)
            return
        leg = self.new_channel(f"PJSIP/{agent}", channel.number)
        leg.agent, leg.caller = agent, channel
        leg.variables["AL_CALL_ID"] = channel.variables["AL_CALL_ID"]
        if phone is Phone.ANSWERS:
            self._answered(leg)

    def _together(self, channel: Channel, extension: str) -> None:
        state = channel.variables["AL_STATE"]
        if state not in ("waiting", "last-resort"):
            self._stay(channel, state)
            return
        agents, _, attempt = extension.partition("-")
        channel.variables |= {"AL_STATE": "ringing", "AL_AGENT": agents, "AL_ATTEMPT": attempt}
        self._record(channel, channel, "caller")
        absent = [agent for agent in agents.split(".") if self.phones.get(agent, Phone.ABSENT) is Phone.ABSENT]
        legs = [leg for agent in agents.split(".") if agent not in absent and (leg := self._leg(channel, agent))]
        channel.absent = absent
        for leg in legs:
            if self.phones[leg.agent] is Phone.BUSY:
                self._leg_in_vain(leg, "BUSY")
        answers = next((leg for leg in legs if self.phones[leg.agent] is Phone.ANSWERS), None)
        if answers:
            self._answered(answers)
        elif not self._legs(channel):
            self._nobody_rings(channel)

    def _leg(self, channel: Channel, agent: str) -> Channel | None:
        """A phone begins to ring with others, unless its agent is taken."""
        about = [f"Agent: {agent}", f"Attempt: {channel.variables['AL_ATTEMPT']}"]
        if any(leg.agent == agent for leg in self.channels.values()):
            self._user_event(channel, "AgentNotReached", *about, "DialStatus: REFUSED", "Cause: 17")
            return None
        self._user_event(channel, "AgentRinging", *about)
        leg = self.new_channel(f"PJSIP/{agent}", channel.number)
        leg.agent, leg.caller = agent, channel
        leg.variables["AL_CALL_ID"] = channel.variables["AL_CALL_ID"]
        return leg

    def _leg_in_vain(self, leg: Channel, status: str) -> None:
        """One of several phones rings no more; the caller waits when none does."""
        assert leg.caller is not None
        self._gone(leg)
        self._tell_not_reached(leg.caller, leg.agent, status)

    def _nobody_rings(self, channel: Channel) -> None:
        while channel.absent:
            self._tell_not_reached(channel, channel.absent.pop(0), "CHANUNAVAIL")
        self._wait(channel)

    def _ring_time_out(self, leg: Channel) -> None:
        caller = leg.caller
        if caller is None or caller.line is None or leg.mode:
            return
        rung = (self.now - leg.since).total_seconds()
        if caller.variables["AL_STATE"] == "ringing" and rung >= caller.line.ring_seconds:
            self._leg_in_vain(leg, "NOANSWER")
            if not self._legs(caller):
                self._nobody_rings(caller)

    def _not_reached(self, channel: Channel, status: str) -> None:
        self._tell_not_reached(channel, channel.variables["AL_AGENT"], status)
        self._wait(channel)

    def _tell_not_reached(self, channel: Channel, agent: str, status: str) -> None:
        cause = {"BUSY": 17, "CHANUNAVAIL": 3}.get(status, 0)
        about = [f"Agent: {agent}", f"Attempt: {channel.variables['AL_ATTEMPT']}"]
        self._user_event(channel, "AgentNotReached", *about, f"DialStatus: {status}", f"Cause: {cause}")

    def _answered(self, leg: Channel) -> None:
        assert leg.caller is not None
        for other in [one for one in self._legs(leg.caller) if one is not leg]:
            self._gone(other)
            about = [f"Agent: {other.agent}", f"Attempt: {leg.caller.variables['AL_ATTEMPT']}"]
            self._user_event(leg.caller, "AnsweredElsewhere", *about)
        leg.caller.variables |= {"AL_STATE": "talk", "AL_AGENT": leg.agent}
        self._user_event(leg, "AgentAnswered", f"Agent: {leg.agent}", "Fallback: 0")
        self._record(leg, leg.caller, leg.agent)

    def _record(self, channel: Channel, caller: Channel, party: str) -> None:
        assert caller.line is not None
        if not caller.line.record or "AL_RECORDED" in channel.variables:
            return
        channel.variables["AL_RECORDED"] = "1"
        began = epoch(self.now)
        file = f"{caller.variables['AL_CALL_ID']}_{party}_{began}.sln"
        self._user_event(channel, "LegRecorded", f"Party: {party}", f"File: {file}", f"StartedAt: {began}")

    # --- channels and events -------------------------------------------------------------------------------------

    def _end(self, channel: Channel) -> None:
        """Hang up, with the legs that hang on it."""
        for leg in self._legs(channel):
            self._gone(leg)
        self._gone(channel)

    def _gone(self, channel: Channel) -> None:
        if self.channels.pop(channel.name, None):
            if channel.joined:
                self._user_event(channel, "ThirdPartyLeft", f"Agent: {channel.agent}", f"Mode: {channel.mode}")
            self._tell("Hangup", [*channel.headers(self.now), "Cause: 16", "Cause-txt: Normal Clearing"])

    def _legs(self, caller: Channel) -> list[Channel]:
        return [leg for leg in self.channels.values() if leg.caller is caller]

    def _next(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count:08x}"

    def _user_event(self, channel: Channel, name: str, *headers: str) -> None:
        self.now += timedelta(microseconds=1)  # no two moments are the same
        about = [f"CallId: {channel.variables['AL_CALL_ID']}"] if headers else []
        self._tell("UserEvent", [*channel.headers(self.now), f"UserEvent: {name}", *about, *headers])


def epoch(moment: datetime) -> str:
    return f"{int(moment.timestamp())}.{moment.microsecond:06}"
