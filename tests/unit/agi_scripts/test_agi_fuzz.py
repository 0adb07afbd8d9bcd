"""Can any bytes crash the codec, hang it, make it grow, or make it say something unsafe? AL_LONG=1: 100,000 lines."""

from __future__ import annotations

import os
import random
import sys

from agi_scripts.errors import AgiUnsafe
from agi_scripts.protocol import (
    MAX_COMMAND_BYTES,
    MAX_HEADER_BYTES,
    MAX_LINE_BYTES,
    AgiCodec,
    Malformed,
    Phase,
    serialize,
)
from tests.unit.agi_scripts.asterisk_words import asterisk_words

LINES = 100_000 if os.environ.get("AL_LONG") else 10_000

KILLERS = [
    b"",
    b"HANGUP",
    b"hangup",
    b"200 result= (timeout)",
    b"200 result=" + b"(" * 4000,
    b"200 result=1 " + b"(a) " * 1500,
    b"200 result=1 (" + b")" * 4000,
    b"200 result=1 endpos=" + b"9" * 4000,
    b"200 result=1 (x)\r",
    b"520-",
    b"520-" * 900,
    b"520 End of proper usage.",
    b"511 Command Not Permitted on a dead channel or intercept routine",
    b"510 Invalid or unknown command",
    b"100 result=0 Trying...",
    b"agi_network: yes",
    b"agi_network_script: ../../etc/passwd",
    b"\x00" * 500,
    b"\xff\xfe" * 500,
    "200 result=1 (Ирина)".encode()[:-3],
    b"a" * (MAX_LINE_BYTES + 10),
    b"agi_a: " + b"b" * MAX_HEADER_BYTES,
]
PIECES = [
    b"200 ",
    b"result=",
    b"1",
    b"-1",
    b" (",
    b")",
    b" endpos=",
    b"520",
    b"-",
    b"HANGUP",
    b"agi_",
    b": ",
    b"\xd0",
    b"\0",
]
LETTERS = ['"', "\\", "\n", "\r", "\0", " ", "\t", "a", "(", ",", "$", "{", "}", "ї", "\u2028", "\ud800", "'", ";", "`"]


def a_line(chance: random.Random) -> bytes:
    kind = chance.random()
    if kind < 0.2:
        return chance.choice(KILLERS)
    if kind < 0.6:
        return b"".join(chance.choices(PIECES, k=chance.randint(0, 12)))
    if kind < 0.8:
        return b"200 result=%d (%s)" % (chance.randint(-2, 200), chance.randbytes(chance.randint(0, 80)))
    return chance.randbytes(chance.randint(0, 300))


def held(codec: AgiCodec) -> int:
    """Bytes that the codec keeps for later."""
    return len(codec._rest) + sum(map(len, codec._usage))


def test_no_line_crashes_the_codec_or_makes_it_grow() -> None:
    chance = random.Random(20_261)
    codec, lived = AgiCodec(), 0
    for _ in range(LINES):
        if codec.phase is Phase.OVER:
            codec = AgiCodec()
            if chance.random() < 0.9:
                codec.receive(b"agi_network: yes\n\n")
        if codec.phase is Phase.READY and chance.random() < 0.9:
            codec.send(serialize("GET VARIABLE", "AL_DIGITS"))
        line = a_line(chance) + b"\n" * (chance.random() < 0.95)
        cut = chance.randint(0, len(line))
        for chunk in (line[:cut], line[cut:]):
            events = codec.receive(chunk) if chunk else []
            assert all(not isinstance(event, Malformed) for event in events[:-1])  # it is the last that is said
            lived += len(events)
        assert held(codec) <= MAX_HEADER_BYTES + MAX_LINE_BYTES
    assert lived > LINES / 10  # the fuzz reaches past the header


def test_no_words_make_an_unsafe_line() -> None:
    chance = random.Random(20_262)
    sent = 0
    for _ in range(LINES):
        count = chance.choice([0, 1, 2, 3, 5, 14, 15, 130])
        length = chance.choice([0, 1, 3, 10, 80, 1100])
        safer = LETTERS if chance.random() < 0.5 else [one for one in LETTERS if one not in "\r\n\0\ud800"]
        words = ["".join(chance.choices(safer, k=chance.randint(0, length))) for _ in range(count)]
        verb = chance.choice(["EXEC", "SET VARIABLE", "GOSUB", "exec", "NOOP\n", "A B C D E"])
        try:
            line = serialize(verb, *words)
        except AgiUnsafe:
            continue
        sent += 1
        assert len(line) <= MAX_COMMAND_BYTES and line.count(b"\n") == 1 and not {0, 13} & set(line)
        assert asterisk_words(line[:-1].decode()) == [*verb.split(), *words]
    assert sent > LINES / 10


def test_a_hostile_megabyte_costs_no_more_than_a_friendly_one() -> None:
    """Counted in events, not in seconds: nothing is kept and nothing is read twice."""
    for hostile in (b"HANGUP\n" * 150_000, b"520-x\n" * 170_000, b"(" * 1_000_000, b"agi_a: b\n" * 110_000):
        codec = AgiCodec()
        codec.receive(b"agi_network: yes\n\n")
        codec.send(serialize("NOOP"))
        codec.receive(hostile)
        assert sys.getsizeof(codec._rest) < MAX_LINE_BYTES
