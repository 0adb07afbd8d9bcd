"""What does reading AMI cost? Our framing and stock panoramisk read one recorded stream, taking turns.

The work is the same for both: from bytes, cut as a socket cuts them, to message objects in which the event's name and
`LOOKED_UP` are looked up, as a translation does. CPU time of the thread is measured, so that a busy machine disturbs
both alike; what counts is the ratio.
"""

from __future__ import annotations

import gzip
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from telephony.framing import AmiFraming, AmiMessage

RECORDED = Path(__file__).parent.parent / "tests" / "recorded" / "ami_calls.gz"
CALLS = 10
"""In the recording (`tests/recorded/record_ami.py`)."""
LOOKED_UP = ("Channel", "Uniqueid", "Linkedid", "CallerIDNum", "Exten")
PORTION = 4096
REPEATS = 100
ROUNDS = 3

Seen = list[tuple[str, ...]]


def ours(portions: list[bytes]) -> Seen:
    framing = AmiFraming()
    seen: Seen = []
    for portion in portions:
        for message in framing.feed(portion):
            if isinstance(message, AmiMessage) and message.event:
                seen.append((message.event, *map(message.get, LOOKED_UP)))
    return seen


class Dispatcher:
    """What panoramisk's protocol needs of its Manager, without the Manager's own matching of patterns."""

    save_stream = None

    def __init__(self) -> None:
        self.seen: Seen = []

    def dispatch(self, message: Message) -> None:
        self.seen.append((message["Event"], *(message.get(name, "") for name in LOOKED_UP)))


def stock(portions: list[bytes]) -> Seen:
    protocol = AMIProtocol()
    protocol.connection_made(None)
    protocol.encoding = "utf8"
    protocol.factory = dispatcher = Dispatcher()
    for portion in portions:
        protocol.data_received(portion)
    return dispatcher.seen


def cpu(read: Callable[[list[bytes]], Seen], portions: list[bytes]) -> float:
    """Microseconds an event."""
    events = 0
    began = time.thread_time()
    for _ in range(REPEATS):
        events += len(read(portions))
    return (time.thread_time() - began) / events * 1e6


def main() -> None:
    stream = gzip.decompress(RECORDED.read_bytes())
    portions = [stream[at : at + PORTION] for at in range(0, len(stream), PORTION)]
    seen = ours(portions)
    if stock(portions) != seen:
        raise SystemExit("the two readers do not see the same: the comparison would be of different work")
    rounds = [(cpu(ours, portions), cpu(stock, portions)) for _ in range(ROUNDS)]
    our_time, stock_time = (statistics.median(times) for times in zip(*rounds, strict=True))
    figures = {
        "entry": "ami",
        "events_per_call": round(len(seen) / CALLS, 1),
        "bytes_per_call": round(len(stream) / CALLS),
        "ours_us_per_event": round(our_time, 2),
        "panoramisk_us_per_event": round(stock_time, 2),
        "time_over_panoramisk": round(our_time / stock_time, 3),
    }
    print(f"{'round':>6} {'ours':>10} {'panoramisk':>12}   µs of CPU an event")
    for number, (mine, theirs) in enumerate(rounds, 1):
        print(f"{number:>6} {mine:>10.2f} {theirs:>12.2f}")
    print(f"{'median':>6} {our_time:>10.2f} {stock_time:>12.2f}   ratio {our_time / stock_time:.3f} (aim: at most 0.5)")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
