"""The same bytes give the same messages however they are cut, and no bytes raise."""

from __future__ import annotations

import itertools
import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.framing import NAMELESS, TOO_LONG, AmiFraming, AmiMessage, FrameFault

STREAM = (
    "Asterisk Call Manager/11.0.0\r\n"
    "Response: Success\r\nActionID: 1\r\nMessage: Authentication accepted\r\n\r\n"
    "Event: Newchannel\r\nCallerIDName: Олена Щербакова\r\nAccountCode: \r\n"
    "ChanVariable: AL_STATE=waiting\r\nChanVariable: AL_NEEDS=lang:ru=3\r\nChanVariable: AL_AGENT=\r\n\r\n\r\n"
    "Event: UserEvent\r\nChannel: PJSIP/trunk-1\r\nEvent: Forged\r\nChannel: PJSIP/agent1-2\r\n"
    "UserEvent: CallerQueued\r\n\r\n"
).encode()


def read(portions: list[bytes], **options: int) -> list[AmiMessage | FrameFault]:
    framing = AmiFraming(**options)
    return [item for portion in portions for item in framing.feed(portion)]


def cut(stream: bytes, points: list[int]) -> list[bytes]:
    edges = [0, *sorted(point % (len(stream) + 1) for point in points), len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(edges)]


def test_a_stream_becomes_messages_with_their_headers() -> None:
    login, channel, queued = read([STREAM])
    assert isinstance(login, AmiMessage) and login.event == "" and login.get("Message") == "Authentication accepted"
    assert isinstance(channel, AmiMessage) and channel.event == "Newchannel"
    assert channel.get("CallerIDName") == "Олена Щербакова"
    assert (channel.get("AccountCode"), channel.get("Absent")) == ("", "")
    assert channel.variables() == {"AL_STATE": "waiting", "AL_NEEDS": "lang:ru=3", "AL_AGENT": ""}
    assert isinstance(queued, AmiMessage) and queued.get("UserEvent") == "CallerQueued"


def test_of_a_doubled_header_asterisks_own_counts_and_both_are_kept() -> None:
    *_, queued = read([STREAM])
    assert isinstance(queued, AmiMessage)
    assert queued.event == "UserEvent"
    assert queued.all("Channel") == ["PJSIP/trunk-1", "PJSIP/agent1-2"]


@given(st.lists(st.integers(min_value=0, max_value=len(STREAM)), max_size=12))
def test_the_way_a_stream_is_cut_changes_nothing(points: list[int]) -> None:
    assert read(cut(STREAM, points)) == read([STREAM])


def test_cyrillic_split_between_two_bytes_of_a_letter_stays_whole() -> None:
    for at in range(len(STREAM)):
        assert "Щербакова" in str(read([STREAM[:at], STREAM[at:]]))


def test_bytes_that_are_no_utf8_are_replaced_inside_their_own_message() -> None:
    bad, good = read([b"Event: A\r\nName: \xd0\r\n\r\nEvent: B\r\nName: \xd0\x9e\r\n\r\n"])
    assert isinstance(bad, AmiMessage) and bad.get("Name") == "�"
    assert isinstance(good, AmiMessage) and good.get("Name") == "О"


@pytest.mark.parametrize(
    ("stream", "output"),
    [
        (b"Response: Success\r\nOutput: one\r\nOutput: two: 2\r\n\r\n", ["one", "two: 2"]),
        (b"Response: Follows\r\nPrivilege: Command\r\none\ntwo\n--END COMMAND--\r\n\r\n", []),
    ],
)
def test_a_commands_answer_is_one_message_in_both_forms(stream: bytes, output: list[str]) -> None:
    (answer,) = read([stream])
    assert isinstance(answer, AmiMessage) and answer.get("Response") in ("Success", "Follows")
    assert answer.all("Output") == output


@pytest.mark.parametrize("size", [50, 51, 52, 53, 54, 55, 56, 57, 500])
def test_a_message_past_the_limit_is_one_fault_and_the_next_is_read(size: int) -> None:
    long = b"Event: " + b"x" * (size - 7)
    stream = long + b"\r\n\r\nEvent: Next\r\n\r\n"
    whole = read([stream], max_message=53)

    assert [isinstance(item, FrameFault) for item in whole] == [size > 53, False]
    assert not isinstance(whole[0], FrameFault) or whole[0] is TOO_LONG
    assert read([bytes([byte]) for byte in stream], max_message=53) == whole


def test_a_stream_without_an_end_is_held_up_to_the_limit_only() -> None:
    framing = AmiFraming(max_message=1000)
    faults = [item for _ in range(1000) for item in framing.feed(b"x" * 997)]
    assert faults == [TOO_LONG]
    assert len(framing._rest) < 2000


KILLERS = [
    b"",
    b"\r\n\r\n\r\n\r\n",
    b"\0\0\0\r\n\r\n",
    b"Event\r\n\r\n",
    b": \r\n: \r\n\r\n",
    b"Event: \r\n\r\n",
    b"Event: A\r\nEvent: B\r\n\r\n",
    b"Event: UserEvent\r\nChannel: a\r\nChannel: b\r\n\r\n",
    b"Event: A\r\nX: \xd0\r\n\r\n",
    b"Event: A\r\nX: \xff\xfe\xed\xa0\x80\r\n\r\n",
    b"Response: Follows\r\n--END COMMAND--\r\n\r\n",
    b"Response: Follows\r\n\r\n",
    b"Asterisk Call Manager/\r\n\r\n",
    b"ActionID: 1\r\n\r\n",
    b"Event: OriginateResponse\r\nResponse: Failure\r\nActionID: 1\r\nReason: \r\n\r\n",
    b"Event: A\nX: 1\n\nEvent: B\r\n\r\n",
    b"Event: A\r\rX\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"Event: A\r\nChanVariable: \r\nChanVariable: =\r\nChanVariable: AL_STATE\r\n\r\n",
    b"Event: Hangup\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
]


def fuzzed(rng: random.Random) -> bytes:
    """A frame out of killers, pieces of true ones and noise."""
    kind = rng.randrange(4)
    if kind == 0:
        return rng.choice(KILLERS)
    if kind == 1:
        return rng.randbytes(rng.randrange(200)) + b"\r\n\r\n"
    frame = bytearray(rng.choice(STREAM.split(b"\r\n\r\n")) + b"\r\n\r\n")
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(frame))
        frame[at : at + rng.randrange(3)] = rng.choice(
            [b"\r", b"\n", b"\0", b": ", b"\xd0", b"Event: ", rng.randbytes(2)]
        )
    return bytes(frame)


def test_random_frames_and_known_killers_neither_raise_nor_hang_nor_leak_into_each_other() -> None:
    rng = random.Random(20260722)
    count = 100_000 if os.environ.get("AL_LONG") else 5_000
    framing = AmiFraming()
    for number in range(count):
        frame = fuzzed(rng)
        mark = f"Event: Mark\r\nNumber: {number}\r\n\r\n".encode()
        items = [
            item for portion in cut(frame + b"\r\n\r\n" + mark, [rng.randrange(500)]) for item in framing.feed(portion)
        ]
        last = items[-1]
        assert isinstance(last, AmiMessage) and last.get("Number") == str(number)
        for item in items:
            assert item in (TOO_LONG, NAMELESS) or _can_be_asked_anything(item)


def _can_be_asked_anything(item: AmiMessage | FrameFault) -> bool:
    assert isinstance(item, AmiMessage)
    values = [item.event, item.action_id, item.get("Response"), *item.all("ChanVariable"), *item.variables()]
    return all("\r\n" not in value for value in values)
