"""Which AMI actions carry out a command? One table from `calls.commands` to headers.

The only things in a command that a caller may have typed are numbers; they are checked here against what may stand in a
Dial string, and everything again at the choke point (`telephony.connection.checked`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from calls.commands import (
    AcknowledgeCaller,
    Announce,
    AnswerCode,
    Command,
    DrawIn,
    GoToLastResort,
    LogQueue,
    MirrorDuty,
    MoveToQueue,
    NameAgent,
    OfferVoicemail,
    ReturnToWaiting,
    RingAgent,
    SayAlive,
    WakeReserve,
)
from telephony.connection import Headers
from telephony.errors import AmiUnsafe

LONGEST_EXTENSION = 79
"""What Asterisk keeps of an extension (AST_MAX_EXTENSION less its end); it cuts off the rest without a word."""

_AGENT_ID = re.compile(r"[a-z][a-z0-9_]{0,31}")
_NUMBER = re.compile(r"\+?[0-9]{1,32}")
_PIECES = re.compile(r"[a-z0-9-]{1,40}(&[a-z0-9-]{1,40}){0,15}")
_ANSWER = re.compile(r"[A-Za-z0-9._;-]{1,150}")


def actions(command: Command) -> tuple[Headers, ...]:
    """The actions, to be sent in this order. Raises `AmiUnsafe` for what must not reach the dialplan."""
    return ACTIONS[type(command)](command)


def _say_alive(command: SayAlive) -> tuple[Headers, ...]:
    return ({"Action": "Setvar", "Variable": "AL_ALIVE", "Value": f"{command.at.timestamp():.3f}"},)


def _acknowledge_caller(command: AcknowledgeCaller) -> tuple[Headers, ...]:
    return (_setvar(command.channel, "AL_SEEN", "1"),)


def _announce(command: Announce) -> tuple[Headers, ...]:
    return (_setvar(command.channel, "AL_SAY", _matched(_PIECES, "&".join(command.pieces), "announcement")),)


def _ring_agent(command: RingAgent) -> tuple[Headers, ...]:
    """One action: Setvar followed by Redirect is not atomic, and once rang the wrong agent."""
    agents = ".".join(map(_agent, (command.agent_id, *command.besides)))
    extension = f"{agents}-{command.attempt:d}"
    if len(extension) > LONGEST_EXTENSION:
        raise AmiUnsafe("more agents than an extension can name")
    return (_redirect(command.channel, "al-together" if command.besides else "al-ring", extension),)


def _name_agent(command: NameAgent) -> tuple[Headers, ...]:
    return (_setvar(command.channel, "AL_AGENT", _agent(command.agent_id)),)


def _go_to_last_resort(command: GoToLastResort) -> tuple[Headers, ...]:
    return (_redirect(command.channel, "al-last-resort", "s"),)


def _move_to_queue(command: MoveToQueue) -> tuple[Headers, ...]:
    return (_redirect(command.channel, "al-move", command.queue),)


def _offer_voicemail(command: OfferVoicemail) -> tuple[Headers, ...]:
    return (_redirect(command.channel, "al-last-resort", "offer"),)


def _return_to_waiting(command: ReturnToWaiting) -> tuple[Headers, ...]:
    return (_redirect(command.channel, "al-stay", "s"),)


def _draw_in(command: DrawIn) -> tuple[Headers, ...]:
    if not command.channel:
        raise AmiUnsafe("DrawIn without a channel")
    told = {"AL_THEIR": command.channel, "AL_ABOUT": command.call_id, "AL_MODE": command.mode}
    return (_originate(f"Local/{_agent(command.agent_id)}@al-draw/n", told),)


def _wake_reserve(command: WakeReserve) -> tuple[Headers, ...]:
    return (_originate(f"Local/{_agent(command.agent_id)}@al-wake/n", {"AL_WAKE_FOR": command.queue}),)


def _mirror_duty(command: MirrorDuty) -> tuple[Headers, ...]:
    pause = {
        "Action": "QueuePause",
        "Interface": f"Local/{_agent(command.agent_id)}@al-member/n",
        "Paused": "true" if command.paused else "false",
    }
    return (pause | {"Reason": command.reason} if command.reason else pause,)


def _answer_code(command: AnswerCode) -> tuple[Headers, ...]:
    """The number first: the dialplan goes on as soon as it sees the answer."""
    answer = _setvar(command.channel, "AL_ANSWER", _matched(_ANSWER, command.answer, "answer"))
    if not command.number:
        return (answer,)
    return (_setvar(command.channel, "AL_NUMBER", _matched(_NUMBER, command.number, "number")), answer)


def _log_queue(command: LogQueue) -> tuple[Headers, ...]:
    return (
        {
            "Action": "QueueLog",
            "Queue": command.queue,
            "Event": command.event,
            "Uniqueid": command.call_id,
            "Interface": command.agent_id or "NONE",
            "Message": command.message,
        },
    )


def _redirect(channel: str, context: str, extension: str) -> Headers:
    return {"Action": "Redirect", "Channel": channel, "Context": context, "Exten": extension, "Priority": "1"}


def _originate(channel: str, variables: Mapping[str, str]) -> Headers:
    """The dialplan behind a Local channel does all, and tells how it went; the other end of it is never answered."""
    return {
        "Action": "Originate",
        "Channel": channel,
        "Application": "Wait",
        "Data": "0",
        "Timeout": "60000",
        "Async": "true",
        "Variable": [f"{name}={value}" for name, value in variables.items()],
    }


def _setvar(channel: str, name: str, value: str) -> Headers:
    """A channel's variable. Without a channel Asterisk would set a global one for all calls."""
    if not channel:
        raise AmiUnsafe(f"{name} without a channel")
    return {"Action": "Setvar", "Channel": channel, "Variable": name, "Value": value}


def _agent(agent_id: str) -> str:
    return _matched(_AGENT_ID, agent_id, "agent id")


def _matched(form: re.Pattern[str], text: str, what: str) -> str:
    if not form.fullmatch(text):
        raise AmiUnsafe(f"the {what} has characters that must not reach the dialplan")
    return text


# LookAgain is no action but a snapshot: telephony.switch sees to it.
ACTIONS: dict[type[Command], Callable[[Any], tuple[Headers, ...]]] = {
    SayAlive: _say_alive,
    AcknowledgeCaller: _acknowledge_caller,
    Announce: _announce,
    RingAgent: _ring_agent,
    GoToLastResort: _go_to_last_resort,
    MoveToQueue: _move_to_queue,
    OfferVoicemail: _offer_voicemail,
    ReturnToWaiting: _return_to_waiting,
    DrawIn: _draw_in,
    WakeReserve: _wake_reserve,
    MirrorDuty: _mirror_duty,
    NameAgent: _name_agent,
    AnswerCode: _answer_code,
    LogQueue: _log_queue,
}
