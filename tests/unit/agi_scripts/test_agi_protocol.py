"""Does the codec read what Asterisk says, however it is cut, and send only what Asterisk reads as it was meant?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_scripts.errors import AgiOutOfTurn, AgiUnsafe
from agi_scripts.protocol import (
    MAX_COMMAND_BYTES,
    MAX_HEADER_BYTES,
    MAX_HEADERS,
    MAX_LINE_BYTES,
    MAX_WORDS,
    TRANSITIONS,
    AgiCodec,
    Closed,
    Command,
    Event,
    Hangup,
    Header,
    Malformed,
    Phase,
    Reply,
    serialize,
)
from tests.unit.agi_scripts.asterisk_words import asterisk_words

NOOP = serialize("NOOP")
HEADER = b"agi_network: yes\nagi_network_script: menu?line=hotline\nagi_uniqueid: n1-1.1\nagi_accountcode: \n\n"
USAGE = b"520-Invalid command syntax.  Proper usage follows:\n Usage: GET DATA <file>\n\n520 End of proper usage.\n"


def a_codec_in(phase: Phase) -> AgiCodec:
    codec = AgiCodec()
    if phase is not Phase.HEADER:
        codec.receive(HEADER)
    if phase is Phase.ASKED:
        codec.send(NOOP)
    if phase is Phase.OVER:
        codec.receive(b"")
    assert codec.phase is phase
    return codec


def the_answer_to_a_command(said: bytes) -> Event:
    [event] = a_codec_in(Phase.ASKED).receive(said)
    return event


def test_the_header_is_a_mapping_without_the_prefix() -> None:
    [header] = AgiCodec().receive(HEADER)
    assert isinstance(header, Header)
    assert dict(header.env) == {
        "network": "yes",
        "network_script": "menu?line=hotline",
        "uniqueid": "n1-1.1",
        "accountcode": "",
    }


def test_a_callers_name_in_bad_utf8_does_not_end_the_session() -> None:
    [header] = AgiCodec().receive(b"agi_calleridname: \xd0\x98\xd0\xb2\xd0\xb0\xd0 \xff\n\n")
    assert isinstance(header, Header)
    assert header.env["calleridname"] == "Ива\ufffd \ufffd"


def test_a_header_told_twice_counts_as_first_told() -> None:
    [header] = AgiCodec().receive(b"agi_network_script: menu\nagi_network_script: other\n\n")
    assert isinstance(header, Header)
    assert header.env["network_script"] == "menu" and len(header.env) == 1


def test_a_callers_name_cannot_pretend_to_be_another_line() -> None:
    [header] = AgiCodec().receive("agi_calleridname: x agi_network_script: evil\u2028agi_dnid: 9\n\n".encode())
    assert isinstance(header, Header)
    assert dict(header.env) == {"calleridname": "x agi_network_script: evil\u2028agi_dnid: 9"}
    assert "network_script" not in header.env and "dnid" not in header.env


def test_a_hangup_in_the_midst_of_the_header_is_told_before_it() -> None:
    hangup, header = AgiCodec().receive("agi_a: 1\nHANGUP\nagi_b: 2\u2028HANGUP\n\n".encode())
    assert hangup == Hangup() and isinstance(header, Header)
    assert dict(header.env) == {"a": "1", "b": "2\u2028HANGUP"}


@pytest.mark.parametrize(
    "block",
    [
        b"\n",
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"agi_a: 1\nx: 2\n\n",
        b"agi_a: 1\n\xffagi_b: 2\n\n",
        b"agi_x" + b"a" * MAX_HEADER_BYTES,
        b"agi_a: 1\n" * (MAX_HEADERS + 1) + b"\n",
        b"agi_a: " + b"1" * MAX_HEADER_BYTES + b"\n\n",
    ],
)
def test_what_is_no_header_is_refused_whole(block: bytes) -> None:
    codec = AgiCodec()
    [event] = codec.receive(block)
    assert isinstance(event, Malformed)
    assert codec.receive(HEADER) == []


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        (b"200 result=1\n", Reply(200, "1")),
        (b"200 result=0\n", Reply(200, "0")),
        (b"200 result=-1\n", Reply(200, "-1")),
        (b"200 result=1 (hotline)\n", Reply(200, "1", "hotline")),
        (b"200 result=1 ()\n", Reply(200, "1", "")),
        (b"200 result=1 (a (b) c) d)\n", Reply(200, "1", "a (b) c) d")),
        (b"200 result=1 (\xd0\xb4\xd0)\n", Reply(200, "1", "д\ufffd")),
        (b"200 result= (timeout)\n", Reply(200, "", "timeout")),
        (b"200 result=123 (timeout)\n", Reply(200, "123", "timeout")),
        (b"200 result=50 endpos=8000\n", Reply(200, "50", None, 8000, "endpos=8000")),
        (b"200 result=0 (dtmf) endpos=160\n", Reply(200, "0", "dtmf", 160, "endpos=160")),
        (b"200 result=0 Gosub complete\n", Reply(200, "0", text="Gosub complete")),
        (b"200 result=0 Gosub complete (abnormal exit)\n", Reply(200, "0", text="Gosub complete (abnormal exit)")),
        (b"100 result=0 Trying...\n200 result=0 Gosub complete\n", Reply(200, "0", text="Gosub complete")),
        (b"503 result=-2 Memory allocation failure\n", Reply(503, "-2", text="Memory allocation failure")),
        (b"510 Invalid or unknown command\n", Reply(510, text="Invalid or unknown command")),
        (
            b"511 Command Not Permitted on a dead channel or intercept routine\n",
            Reply(511, text="Command Not Permitted on a dead channel or intercept routine"),
        ),
        (
            USAGE,
            Reply(520, text="Invalid command syntax.  Proper usage follows:\n Usage: GET DATA <file>"),
        ),
    ],
)
def test_a_reply_is_read(said: bytes, reply: Reply) -> None:
    assert the_answer_to_a_command(said) == reply


def test_a_hangup_before_the_reply_does_not_take_the_replys_place() -> None:
    codec = a_codec_in(Phase.ASKED)
    assert codec.receive(b"HANGUP\n200 result=1 (7)\n") == [Hangup(), Reply(200, "1", "7")]
    assert codec.phase is Phase.READY


@pytest.mark.parametrize("phase", list(Phase))
def test_a_hangup_and_the_end_are_legal_in_every_phase(phase: Phase) -> None:
    assert {Hangup, Closed} <= TRANSITIONS[phase].keys()
    codec = a_codec_in(phase)
    codec.receive(b"HANGUP\n")
    codec.receive(b"")
    assert codec.phase is Phase.OVER


@pytest.mark.parametrize("phase", [phase for phase in Phase if Command not in TRANSITIONS[phase]])
def test_speaking_out_of_turn_raises_and_nothing_has_moved(phase: Phase) -> None:
    codec = a_codec_in(phase)
    with pytest.raises(AgiOutOfTurn):
        codec.send(NOOP)
    assert codec.phase is phase


@pytest.mark.parametrize("said", [b"200 result=1\n", USAGE, b"Hello\n", b"\n", b"200\n", b"20 result=1\n"])
def test_what_nobody_asked_for_ends_the_session(said: bytes) -> None:
    codec = a_codec_in(Phase.READY)
    [event] = codec.receive(said)
    assert isinstance(event, Malformed)
    assert codec.phase is Phase.OVER


@pytest.mark.parametrize(
    "said", [b"2" * (MAX_LINE_BYTES + 1), b"520-x\n" + b"y" * 4000 + b"\n" + (b"z" * 4000 + b"\n") * 2]
)
def test_an_endless_reply_is_cut_off(said: bytes) -> None:
    assert isinstance(the_answer_to_a_command(said), Malformed)


def test_a_fault_of_the_other_side_is_told_without_its_words() -> None:
    event = the_answer_to_a_command(b"secret 380501234567\n")
    assert "secret" not in repr(event) and "380501234567" not in repr(event)


@pytest.mark.parametrize(
    "words",
    [
        ("set variable", "a"),
        ("DATABASE PUT", "a"),
        ("", "a"),
        ("NOOP\n", "a"),
        ("EXEC", "a\rb"),
        ("EXEC", "a\nb"),
        ("EXEC", "a\0b"),
        ("EXEC", "\ud800"),
        ("EXEC", *["a"] * 130),
        ("EXEC", *["a"] * MAX_WORDS),
        ("EXEC", "a" * 9000),
        ("EXEC", '"' * (MAX_COMMAND_BYTES // 2)),
    ],
)
def test_words_that_asterisk_could_read_otherwise_are_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(AgiUnsafe):
        serialize(*words)


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=60), max_size=14)
)
def test_asterisk_reads_the_words_that_were_meant(arguments: list[str]) -> None:
    try:
        line = serialize("SET VARIABLE", *arguments)
    except AgiUnsafe:
        assert sum(len(one.encode()) for one in arguments) > 300
        return
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert asterisk_words(line[:-1].decode()) == ["SET", "VARIABLE", *arguments]


SAID = [
    b"200 result=1\n",
    b"200 result=1 (a) b)\n",
    b"100 result=0 Trying...\n200 result=0 Gosub complete\n",
    b"HANGUP\n",
    b"200 result= (timeout)\n",
    b"510 Invalid\n",
    b"511 Dead\n",
    USAGE,
    b"nonsense\n",
    b"\n",
    b"200 res",
    b"520-never ended\nHANGUP\n",
    "200 result=1 (Ирина)\n".encode(),
]


def heard(codec: AgiCodec, chunks: list[bytes]) -> list[Event]:
    """What comes out, chunk after chunk."""
    return [event for chunk in chunks for event in codec.receive(chunk)]


@given(
    st.lists(st.sampled_from(SAID), max_size=6), st.lists(st.integers(1, 40), min_size=1, max_size=60), st.booleans()
)
def test_the_values_are_the_same_however_the_bytes_are_cut(said: list[bytes], sizes: list[int], asked: bool) -> None:
    phase = Phase.ASKED if asked else Phase.HEADER
    whole = (b"" if asked else HEADER) + b"".join(said)
    chunks, at = [], 0
    while at < len(whole):
        chunks.append(whole[at : at + sizes[len(chunks) % len(sizes)]])
        at += len(chunks[-1])
    expected = heard(a_codec_in(phase), [whole, b""] if whole else [b""])
    assert heard(a_codec_in(phase), [*chunks, b""]) == expected
