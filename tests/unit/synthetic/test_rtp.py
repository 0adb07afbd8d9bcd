"""Are packets what RFC 3550 and RFC 4733 ask for, and is what comes put in its place?"""

from __future__ import annotations

import struct
from itertools import pairwise

import numpy as np
import pytest

from synthetic.alaw import FRAME, RATE, encode, transcoded
from synthetic.rtp import Ear, Speaker
from synthetic.tones import strength, tone


def header(packet: bytes) -> tuple[int, int, int, int]:
    """marker, payload type, sequence, timestamp"""
    _, second, sequence, timestamp, _ = struct.unpack_from("!BBHII", packet)
    return second >> 7, second & 0x7F, sequence, timestamp


def turns(speaker: Speaker, count: int) -> list[list[bytes]]:
    return [speaker.next_packets() for _ in range(count)]


def test_a_voice_is_a_packet_of_160_bytes_each_turn() -> None:
    speaker = Speaker(ssrc=7, sequence=65534)
    speaker.murmur(tone(600, 1))
    packets = [packet for turn in turns(speaker, 4) for packet in turn]
    assert [header(p)[1:3] for p in packets] == [(8, 65534), (8, 65535), (8, 0), (8, 1)]
    assert {header(b)[3] - header(a)[3] for a, b in pairwise(packets)} == {FRAME}
    assert {len(p) for p in packets} == {12 + FRAME}


def test_a_murmur_joins_its_own_beginning() -> None:
    speaker = Speaker(1, 0)
    speaker.murmur(tone(600, 0.5)[:1000])
    said = b"".join(packet[12:] for turn in turns(speaker, 20) for packet in turn)
    assert said == (encode(tone(600, 0.5)[:1000]) * 4)[: len(said)]


def test_a_key_is_events_with_one_timestamp_and_three_ends() -> None:
    speaker = Speaker(1, 100)
    speaker.press("9")
    packets = [packet for turn in turns(speaker, 11) for packet in turn]
    fields = [struct.unpack("!BBH", p[12:]) for p in packets]
    assert [f[0] for f in fields] == [9] * 8
    assert [f[1] >> 7 for f in fields] == [0] * 5 + [1] * 3
    assert [f[2] for f in fields] == [160, 320, 480, 640, 800, 960, 960, 960]
    assert len({header(p)[3] for p in packets}) == 1
    assert [header(p)[0] for p in packets] == [1] + [0] * 7
    assert [header(p)[2] for p in packets] == list(range(100, 108))


def test_the_voice_pauses_for_a_key_and_goes_on_with_the_clock() -> None:
    speaker = Speaker(1, 0)
    speaker.murmur(tone(600, 1))
    speaker.press("1")
    packets = [packet for turn in turns(speaker, 12) for packet in turn]
    kinds = [header(p)[1] for p in packets]
    assert kinds == [101] * 8 + [8] * 6
    assert header(packets[8])[3] - header(packets[0])[3] == 6 * FRAME


def test_two_presses_of_one_key_have_two_timestamps() -> None:
    speaker = Speaker(1, 0)
    speaker.press("55")
    packets = [packet for turn in turns(speaker, 22) for packet in turn]
    assert len({header(p)[3] for p in packets}) == 2


def test_a_key_that_no_telephone_has_is_refused() -> None:
    with pytest.raises(ValueError, match="substring"):
        Speaker(1, 0).press("x")


def packet(timestamp: int, payload: bytes, ssrc: int = 1, kind: int = 8) -> bytes:
    return struct.pack("!BBHII", 0x80, kind, 0, timestamp, ssrc) + payload


def frames(hz: float, seconds: float) -> list[bytes]:
    payload = encode(tone(hz, seconds))
    return [payload[i : i + FRAME] for i in range(0, len(payload), FRAME)]


def test_jitter_and_reordering_leave_no_trace() -> None:
    ear, jitter = Ear(), np.random.default_rng(1)
    order = [1, 0, 3, 2, *range(4, 25)]
    sound = frames(600, 0.5)
    for i in order:
        ear.hear(packet(1000 + i * FRAME, sound[i]), 5.0 + 0.02 * i + jitter.uniform(0, 0.03))
    heard = ear.pcm()
    assert np.array_equal(heard[-24 * FRAME :], transcoded(tone(600, 0.5))[FRAME:])


def test_a_lost_packet_is_20_ms_of_silence_in_its_place() -> None:
    ear, sound = Ear(), frames(600, 0.2)
    for i in [0, 1, 2, 4, 5]:
        ear.hear(packet(i * FRAME, sound[i]), 0.02 * i)
    heard = ear.pcm()
    assert not heard[3 * FRAME : 4 * FRAME].any()
    assert np.array_equal(heard[4 * FRAME :], transcoded(tone(600, 0.2))[4 * FRAME : 6 * FRAME])


def test_a_new_stream_is_placed_by_its_arrival() -> None:
    ear = Ear()
    for i, frame in enumerate(frames(600, 0.2)):
        ear.hear(packet(i * FRAME, frame, ssrc=1), 10.0 + 0.02 * i)
    for i, frame in enumerate(frames(900, 0.2)):
        ear.hear(packet(4_000_000_000 + i * FRAME, frame, ssrc=2), 11.0 + 0.02 * i)
    assert len(ear.pcm()) == round(1.2 * RATE)
    assert strength(ear.pcm(11.0, 11.2), 900) > 0.9
    assert strength(ear.pcm(10.0, 10.2), 600) > 0.9
    assert not ear.pcm(10.3, 10.9).any()


def test_the_last_that_was_heard_is_found_after_timestamps_have_fallen_behind() -> None:
    ear = Ear()
    for i, frame in enumerate(frames(600, 0.4) + frames(900, 0.4)):
        behind = 0 if i < 20 else 1320
        ear.hear(packet(8000 + i * FRAME - behind, frame), 5.0 + 0.02 * i)
    assert ear.heard_until == 5.8 - 1320 / RATE
    assert strength(ear.pcm(ear.heard_until - 0.2, ear.heard_until), 900) > 0.9


def test_a_stretch_between_two_moments_is_cut_exactly() -> None:
    ear = Ear()
    for i, frame in enumerate(frames(600, 0.4)):
        ear.hear(packet(i * FRAME, frame), 3.0 + 0.02 * i)
    assert np.array_equal(ear.pcm(3.05, 3.15), ear.pcm()[400:1200])
    assert len(ear.pcm(3.3, 9.0)) == 800
    assert len(ear.pcm(9.0)) == 0


@pytest.mark.parametrize(
    "noise",
    [b"", b"short", packet(0, b"x" * FRAME, kind=101), b"\x80\xc8" + b"x" * 200, b"\x00\x08" + b"x" * 200],
    ids=["empty", "short", "digit", "rtcp", "version 0"],
)
def test_what_is_not_speech_is_not_heard(noise: bytes) -> None:
    ear = Ear()
    assert not ear.hear(noise, 1.0)
    assert len(ear.pcm()) == 0
