"""Each command has its actions, and nothing that was typed reaches the dialplan unchecked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from calls import commands
from calls.call import ThirdPartyMode
from calls.commands import (
    AcknowledgeCaller,
    Announce,
    AnswerCode,
    Command,
    DrawIn,
    GoToLastResort,
    LogQueue,
    LookAgain,
    MirrorDuty,
    MoveToQueue,
    NameAgent,
    OfferVoicemail,
    ReturnToWaiting,
    RingAgent,
    SayAlive,
    WakeReserve,
)
from telephony.actions import ACTIONS, actions
from telephony.connection import checked
from telephony.errors import AmiUnsafe

CHANNEL = "PJSIP/trunk-00000007"
AT = datetime.fromtimestamp(1763764262.1239, UTC)


@pytest.mark.parametrize(
    ("command", "sent"),
    [
        (SayAlive(node="n", at=AT), ["Action=Setvar Variable=AL_ALIVE Value=1763764262.124"]),
        (
            AcknowledgeCaller(node="n", call_id="c", channel=CHANNEL),
            [f"Action=Setvar Channel={CHANNEL} Variable=AL_SEEN Value=1"],
        ),
        (
            Announce(node="n", call_id="c", channel=CHANNEL, pieces=("position-is", "num-2")),
            [f"Action=Setvar Channel={CHANNEL} Variable=AL_SAY Value=position-is&num-2"],
        ),
        (
            RingAgent(node="n", call_id="c", channel=CHANNEL, agent_id="agent1", attempt=12),
            [f"Action=Redirect Channel={CHANNEL} Context=al-ring Exten=agent1-12 Priority=1"],
        ),
        (
            RingAgent(node="n", call_id="c", channel=CHANNEL, agent_id="anna", attempt=12, besides=("boris", "clara")),
            [f"Action=Redirect Channel={CHANNEL} Context=al-together Exten=anna.boris.clara-12 Priority=1"],
        ),
        (
            NameAgent(node="n", call_id="c", channel=CHANNEL, agent_id="agent2"),
            [f"Action=Setvar Channel={CHANNEL} Variable=AL_AGENT Value=agent2"],
        ),
        (
            GoToLastResort(node="n", call_id="c", channel=CHANNEL),
            [f"Action=Redirect Channel={CHANNEL} Context=al-last-resort Exten=s Priority=1"],
        ),
        (
            MoveToQueue(node="n", call_id="c", channel=CHANNEL, queue="operator"),
            [f"Action=Redirect Channel={CHANNEL} Context=al-move Exten=operator Priority=1"],
        ),
        (
            OfferVoicemail(node="n", call_id="c", channel=CHANNEL),
            [f"Action=Redirect Channel={CHANNEL} Context=al-last-resort Exten=offer Priority=1"],
        ),
        (
            ReturnToWaiting(node="n", call_id="c", channel=CHANNEL),
            [f"Action=Redirect Channel={CHANNEL} Context=al-stay Exten=s Priority=1"],
        ),
        (
            DrawIn(node="n", call_id="c", channel=CHANNEL, agent_id="agent1", mode=ThirdPartyMode.WHISPER),
            [
                "Action=Originate Channel=Local/agent1@al-draw/n Application=Wait Data=0 Timeout=60000 Async=true"
                f" Variable=['AL_THEIR={CHANNEL}', 'AL_ABOUT=c', 'AL_MODE=whisper']"
            ],
        ),
        (
            WakeReserve(node="n", agent_id="agent1", queue="doctors"),
            [
                "Action=Originate Channel=Local/agent1@al-wake/n Application=Wait Data=0 Timeout=60000 Async=true"
                " Variable=['AL_WAKE_FOR=doctors']"
            ],
        ),
        (
            MirrorDuty(node="n", agent_id="agent1", paused=True, reason="lunch"),
            ["Action=QueuePause Interface=Local/agent1@al-member/n Paused=true Reason=lunch"],
        ),
        (
            MirrorDuty(node="n", agent_id="agent1", paused=False),
            ["Action=QueuePause Interface=Local/agent1@al-member/n Paused=false"],
        ),
        (
            AnswerCode(node="n", channel=CHANNEL, answer="duty-ready"),
            [f"Action=Setvar Channel={CHANNEL} Variable=AL_ANSWER Value=duty-ready"],
        ),
        (
            AnswerCode(node="n", channel=CHANNEL, answer="node1-1763764262.12", number="+380501234567"),
            [
                f"Action=Setvar Channel={CHANNEL} Variable=AL_NUMBER Value=+380501234567",
                f"Action=Setvar Channel={CHANNEL} Variable=AL_ANSWER Value=node1-1763764262.12",
            ],
        ),
        (
            LogQueue(node="n", queue="claims", event="CONNECT", call_id="c1", agent_id="agent1", message="3|c2|2"),
            ["Action=QueueLog Queue=claims Event=CONNECT Uniqueid=c1 Interface=agent1 Message=3|c2|2"],
        ),
    ],
)
def test_a_command_becomes_its_actions(command: Command, sent: list[str]) -> None:
    made = [checked(headers) for headers in actions(command)]
    assert [" ".join(f"{name}={value}" for name, value in headers.items()) for headers in made] == sent


@pytest.mark.parametrize(
    "command",
    [
        RingAgent(node="n", call_id="c", channel=CHANNEL, agent_id="agent1&PJSIP/x", attempt=1),
        RingAgent(node="n", call_id="c", channel=CHANNEL, agent_id="agent1-2", attempt=1),
        RingAgent(node="n", call_id="c", channel=CHANNEL, agent_id="anna", attempt=1, besides=("boris,1",)),
        RingAgent(node="n", call_id="c", channel=CHANNEL, agent_id="a" * 32, attempt=1, besides=("b" * 32, "c" * 14)),
        NameAgent(node="n", call_id="c", channel=CHANNEL, agent_id="${SHELL(id)}"),
        MirrorDuty(node="n", agent_id="agent1@al-in", paused=True),
        AnswerCode(node="n", channel=CHANNEL, answer="ring", number="050&PJSIP/0@trunk"),
        AnswerCode(node="n", channel=CHANNEL, answer="ring", number="050,30,U(al-x)"),
        AnswerCode(node="n", channel=CHANNEL, answer="${SHELL(id)}"),
        AcknowledgeCaller(node="n", call_id="c", channel=""),
        Announce(node="n", call_id="c", channel="", pieces=("num-2",)),
        Announce(node="n", call_id="c", channel=CHANNEL, pieces=("../../beep",)),
        Announce(node="n", call_id="c", channel=CHANNEL, pieces=("num-2",) * 17),
        DrawIn(node="n", call_id="c", channel="", agent_id="agent1", mode=ThirdPartyMode.TALK),
        WakeReserve(node="n", agent_id="0501234567@al-outside", queue="doctors"),
    ],
)
def test_what_could_be_read_as_something_else_is_refused(command: Command) -> None:
    with pytest.raises(AmiUnsafe):
        actions(command)


def test_every_command_has_its_actions() -> None:
    every = {kind for kind in vars(commands).values() if isinstance(kind, type) and issubclass(kind, Command)}
    assert set(ACTIONS) == every - {Command, LookAgain}
