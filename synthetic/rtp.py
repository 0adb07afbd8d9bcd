"""How does a voice become RTP packets, and packets a voice again (RFC 3550, and RFC 4733 for digits)?

No sockets and no clock: `Speaker` yields the packets of the next 20 ms, `Ear` puts arrivals where they belong in time.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from synthetic.alaw import FRAME, RATE, Pcm, decode, encode

ALAW, DIGITS = 8, 101
"""Payload types: PCMA is fixed by RFC 3551, telephone-event is what our SDP offers."""
EVENTS = "0123456789*#ABCD"
"""A digit's place here is its RFC 4733 event code."""
_REBASE = 0.2
"""Seconds by which arrival and RTP timestamp may disagree before the timestamp is taken for a new stream's."""
_ENDS = 3
"""An event's last packet is sent three times (RFC 4733, 2.5.1.4)."""


@dataclass(frozen=True)
class _Frame:
    """What 20 ms bring: payloads to send, and how many frames ago their timestamp began."""

    payload_type: int
    payloads: tuple[bytes, ...]
    age: int = 0
    marker: bool = False


def digit_frames(digit: str, frames: int = 5, volume: int = 10) -> Iterator[_Frame]:
    """One key held for `frames` * 20 ms, then its three end packets. ValueError for a key no telephone has."""
    code = EVENTS.index(digit)
    for age in range(frames):
        yield _Frame(DIGITS, (struct.pack("!BBH", code, volume, (age + 1) * FRAME),), age, marker=age == 0)
    yield _Frame(DIGITS, (struct.pack("!BBH", code, 0x80 | volume, (frames + 1) * FRAME),) * _ENDS, frames)


class Speaker:
    """One direction of one call: a script of frames, and what is said when the script is empty."""

    def __init__(self, ssrc: int, sequence: int) -> None:
        self._ssrc, self._sequence, self._clock = ssrc, sequence, 0
        self._script: deque[_Frame | None] = deque()
        self._murmur: bytes = b""
        self._at = 0

    @property
    def idle(self) -> bool:
        """Whether the next 20 ms bring no packet."""
        return not self._script and not self._murmur

    @property
    def script_left(self) -> int:
        """Frames until what was played and pressed is out."""
        return len(self._script)

    def murmur(self, pcm: Pcm | None) -> None:
        """Say this over and over whenever nothing else is to be said; None: send nothing then."""
        self._murmur, self._at = b"" if pcm is None else encode(pcm), 0

    def play(self, pcm: Pcm) -> None:
        """Say this once, after what was asked for before; the last frame is filled with silence."""
        payload = encode(np.concatenate((pcm, np.zeros(-len(pcm) % FRAME, dtype=np.int16))))
        self._script.extend(_Frame(ALAW, (payload[i : i + FRAME],)) for i in range(0, len(payload), FRAME))

    def press(self, digits: str, gap: int = 5) -> None:
        """Press these keys in turn, `gap` frames apart."""
        for digit in digits:
            self._script.extend(digit_frames(digit))
            self._script.extend([None] * gap)

    def next_packets(self) -> list[bytes]:
        """The packets of the next 20 ms."""
        frame = (self._script.popleft() if self._script else None) or self._murmured()
        self._clock = (self._clock + FRAME) & 0xFFFFFFFF
        packets: list[bytes] = []
        if frame is None:
            return packets
        for payload in frame.payloads:
            first = (0x80 if frame.marker else 0) | frame.payload_type
            timestamp = (self._clock - frame.age * FRAME) & 0xFFFFFFFF
            packets.append(struct.pack("!BBHII", 0x80, first, self._sequence, timestamp, self._ssrc) + payload)
            self._sequence = (self._sequence + 1) & 0xFFFF
        return packets

    def _murmured(self) -> _Frame | None:
        if not self._murmur:
            return None
        turned = self._murmur[self._at :] + self._murmur[: self._at] if self._at + FRAME > len(self._murmur) else None
        payload = turned[:FRAME] if turned else self._murmur[self._at : self._at + FRAME]
        self._at = (self._at + FRAME) % len(self._murmur)
        return _Frame(ALAW, (payload,))


class Ear:
    """What one call heard, on a time line whose zero is `since` (the first packet's arrival, in the loop's seconds)."""

    def __init__(self) -> None:
        self.since: float | None = None
        self.until: float | None = None
        self.packets = 0
        self._places: list[int] = []
        self._payloads: list[bytes] = []
        self._stream: tuple[int, int, int] | None = None

    def hear(self, packet: bytes, now: float) -> bool:
        """Take one datagram; True if it was speech (RTCP, digits and noise on the port are not)."""
        if len(packet) < 12 + FRAME // 2 or packet[0] >> 6 != 2 or packet[1] & 0x7F != ALAW:
            return False
        timestamp, ssrc = struct.unpack_from("!II", packet, 4)
        start = 12 + 4 * (packet[0] & 0x0F)
        if packet[0] & 0x10:
            start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
        if self.since is None:
            self.since = now
        place = self._place(timestamp, ssrc, round((now - self.since) * RATE))
        at = len(self._places) if not self._places or place >= self._places[-1] else bisect_left(self._places, place)
        self._places.insert(at, place)
        self._payloads.insert(at, packet[start:])
        self.packets += 1
        self.until = now
        return True

    def _place(self, timestamp: int, ssrc: int, arrival: int) -> int:
        """The sample where this packet belongs: by RTP timestamp within a stream, by arrival when a stream begins."""
        if self._stream and self._stream[0] == ssrc:
            place = self._stream[1] + ((timestamp - self._stream[2] + 0x80000000) & 0xFFFFFFFF) - 0x80000000
            if abs(place - arrival) < _REBASE * RATE:
                return place
        self._stream = (ssrc, arrival, timestamp)
        return arrival

    @property
    def heard_until(self) -> float | None:
        """Where the last sample stands (loop time); after a jump of timestamps that may be before `until`."""
        if self.since is None or not self._places:
            return None
        return self.since + (self._places[-1] + len(self._payloads[-1])) / RATE

    def pcm(self, start: float | None = None, end: float | None = None) -> Pcm:
        """What was heard between two moments (loop time; default: all), gaps as silence."""
        if self.since is None or self.until is None:
            return np.zeros(0, dtype=np.int16)
        first = 0 if start is None else max(0, round((start - self.since) * RATE))
        last = self._places[-1] + len(self._payloads[-1])
        last = last if end is None else min(last, round((end - self.since) * RATE))
        heard = np.zeros(max(0, last - first), dtype=np.int16)
        begin, finish = bisect_left(self._places, first - FRAME), bisect_left(self._places, last)
        for place, payload in zip(self._places[begin:finish], self._payloads[begin:finish], strict=True):
            sound, at = decode(payload), place - first
            piece = sound[max(0, -at) : max(0, len(heard) - at)]
            heard[max(0, at) : max(0, at) + len(piece)] = piece
        return heard
