"""What did Asterisk say on an AGI connection, and may we speak now? Bytes in, values out: no socket, no clock.

One line a command, one reply to each, never two commands under way: Asterisk reads a line at a time through a buffered
file, and a second line in the same packet stays unread until more bytes come (measured on 22.10: it hung until the
guard). A hangup may be announced at any moment. What the other side does wrong is a value (`Malformed`); what we would
do wrong raises and moves nothing. The bytes may be cut anywhere: the values stay the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NewType

from agi_scripts.errors import AgiOutOfTurn, AgiUnsafe

MAX_WORDS: Final = 16
"""Words of one command. 130 quoted ones kill Asterisk ("stack smashing", measured)."""
MAX_COMMAND_BYTES: Final = 1024
"""Bytes of one command with its line feed. Past 8,191 Asterisk runs the tail as a second command (measured)."""
MAX_HEADERS: Final = 128
MAX_HEADER_BYTES: Final = 16_384
MAX_LINE_BYTES: Final = 8_192
"""Asterisk cuts a variable's value at 4,096 bytes."""
MAX_USAGE_BYTES: Final = 8_192
MAX_USAGE_LINES: Final = 128


class HeaderLines(Mapping[str, str]):
    """`agi_name: value` lines by name, looked up where they stand: a session asks for two of its twenty.

    Where a name is told twice, the first counts.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """`text`: whole lines."""
        self._text = "\n" + text

    def __getitem__(self, name: str) -> str:
        label = f"\nagi_{name}: "
        at = self._text.find(label)
        if at < 0:
            raise KeyError(name)
        return self._text[at + len(label) : self._text.index("\n", at + 1)]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(_NAME.findall(self._text)))

    def __len__(self) -> int:
        return len(list(iter(self)))


@dataclass(frozen=True, slots=True)
class Header:
    """The session begins; `env` holds what Asterisk told of the call, without the prefix `agi_`."""

    env: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to our command.

    `code` is 200, or 5xx for a refusal; `result` the word after `result=` ("" in a refusal); `value` what stands in
    parentheses, None without them; `endpos` in samples, None if untold; `text` the rest (a refusal's words, a usage).
    """

    code: int
    result: str = ""
    value: str | None = None
    endpos: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Hangup:
    """Asterisk says, unasked, that the call is over."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The other side closed the connection."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """The other side does not speak AGI. `reason` never quotes what was received: it may hold digits or names."""

    reason: str


Event = Header | Reply | Hangup | Closed | Malformed


class Command:
    """Stands in the table for our own speaking."""


class Phase(StrEnum):
    HEADER = "header"
    READY = "ready"
    ASKED = "asked"
    OVER = "over"


TRANSITIONS: Final[Mapping[Phase, Mapping[type, Phase]]] = {
    Phase.HEADER: {Header: Phase.READY, Hangup: Phase.HEADER, Closed: Phase.OVER, Malformed: Phase.OVER},
    Phase.READY: {Command: Phase.ASKED, Hangup: Phase.READY, Closed: Phase.OVER, Malformed: Phase.OVER},
    Phase.ASKED: {Reply: Phase.READY, Hangup: Phase.ASKED, Closed: Phase.OVER, Malformed: Phase.OVER},
    Phase.OVER: {Hangup: Phase.OVER, Closed: Phase.OVER, Malformed: Phase.OVER},
}
"""Phase x what happens -> next phase. What is missing here may not happen."""

SPEAKING: Final = {phase: row[Command] for phase, row in TRANSITIONS.items() if Command in row}
ASKED: Final = Phase.ASKED
ANSWERED: Final = TRANSITIONS[ASKED][Reply]

Line = NewType("Line", bytes)
"""A command ready to be sent; only `serialize` makes one."""

VERBS: Final = frozenset({"ANSWER", "EXEC", "GET VARIABLE", "GOSUB", "NOOP", "SET VARIABLE", "VERBOSE"})
"""The commands that are sent; nothing else is, so a verb is never anyone's text."""

_RESULT = re.compile(rb"result=([^\s()]*)(?: \((.*)\))?(.*)", re.DOTALL)
_VALUE = re.compile(rb"200 result=([^\s()]*) \(([^\n]*)\)\n")
_ENDPOS = re.compile(rb" endpos=(\d{1,18})\b")
_NAME = re.compile(r"\nagi_(\w+): ", re.ASCII)
_REPLY = re.compile(rb"(\d{3})([ -])(.*)", re.DOTALL)


def serialize(verb: str, *arguments: str) -> Line:
    """One command as the line to send: `verb` of `VERBS`, each argument quoted. `AgiUnsafe` for another verb, CR, LF or
    NUL, more than `MAX_WORDS` words or `MAX_COMMAND_BYTES` bytes.
    """
    if verb not in VERBS:
        raise AgiUnsafe("a verb that is not ours")
    if verb.count(" ") + 1 + len(arguments) > MAX_WORDS:
        raise AgiUnsafe(f"{verb}: more than {MAX_WORDS} words")
    told = "\n".join(arguments)  # line feeds stand between the arguments, so one inside would be one too many
    if told.count("\n") >= max(1, len(arguments)) or "\r" in told or "\0" in told:
        raise AgiUnsafe(f"{verb}: CR, LF or NUL in an argument")
    quoted = told.replace("\\", "\\\\").replace('"', '\\"').replace("\n", '" "')
    try:
        line = (f'{verb} "{quoted}"\n' if arguments else f"{verb}\n").encode()
    except UnicodeEncodeError:
        raise AgiUnsafe(f"{verb}: half a character in an argument") from None
    if len(line) > MAX_COMMAND_BYTES:
        raise AgiUnsafe(f"{verb}: {len(line)} bytes, at most {MAX_COMMAND_BYTES}")
    return Line(line)


class AgiCodec:
    """One connection's conversation: `receive` what came, `send` what to write; `phase` is where it stands."""

    __slots__ = ("_header_bytes", "_rest", "_usage", "phase")

    def __init__(self, header_bytes: int = MAX_HEADER_BYTES) -> None:
        self.phase = Phase.HEADER
        self._header_bytes = header_bytes
        self._rest = b""
        self._usage: list[bytes] = []

    def send(self, line: Line) -> None:
        """We say this now; `AgiOutOfTurn`, and nothing has moved, unless it is our turn."""
        if self.phase not in SPEAKING:
            raise AgiOutOfTurn(f"not in phase {self.phase}")
        self.phase = SPEAKING[self.phase]

    def receive(self, received: bytes) -> Sequence[Event]:
        """What these bytes said, in order; no bytes mean that the other side closed. Nothing after it is over."""
        if self.phase is ASKED and not self._rest and not self._usage:
            reply = PLAIN.get(received) or lone_reply(received)
            if reply:
                self.phase = ANSWERED
                return (reply,)
        events: list[Event] = []
        if not received:
            self._happened(Closed(), events)
            return events
        self._rest = self._rest + received if self._rest else received
        if self.phase is Phase.HEADER:
            self._read_header(events)
        if self.phase in (Phase.READY, Phase.ASKED):
            *lines, self._rest = self._rest.split(b"\n")
            for line in lines:
                self._read_line(line, events)
            if len(self._rest) > MAX_LINE_BYTES:
                self._happened(Malformed("line too long"), events)
        return events

    def _happened(self, event: Event, events: list[Event]) -> None:
        if self.phase is Phase.OVER:
            return
        if type(event) not in TRANSITIONS[self.phase]:
            event = Malformed("a reply that nobody asked for")
        self.phase = TRANSITIONS[self.phase][type(event)]
        events.append(event)
        if self.phase is Phase.OVER:
            self._rest, self._usage = b"", []

    def _read_header(self, events: list[Event]) -> None:
        end = 0 if self._rest.startswith(b"\n") else self._rest.find(b"\n\n", 0, self._header_bytes)
        if end < 0:
            if len(self._rest) >= self._header_bytes:
                self._happened(Malformed("header too long"), events)
            return
        text, self._rest = self._rest[: end + 1].decode(errors="replace"), self._rest[end + 2 :]
        if "HANGUP\n" in text:
            lines = text.split("\n")
            text = "\n".join(line for line in lines if line != "HANGUP")
            for _ in range(lines.count("HANGUP")):
                self._happened(Hangup(), events)
        agi = text.startswith("agi_") and text.count("\nagi_") == text.count("\n") - 1 < MAX_HEADERS
        self._happened(Header(HeaderLines(text)) if agi else Malformed("not an AGI header"), events)

    def _read_line(self, line: bytes, events: list[Event]) -> None:
        if self.phase is Phase.OVER:
            return
        if line == b"HANGUP":
            self._happened(Hangup(), events)
        elif len(line) > MAX_LINE_BYTES:
            self._happened(Malformed("line too long"), events)
        elif self._usage:
            self._read_usage(line, events)
        elif not (match := _REPLY.fullmatch(line)):
            self._happened(Malformed("not an AGI reply"), events)
        elif match[2] == b"-":
            self._usage = [match[1], match[3]]
        elif match[1] != b"100":  # 100: trying; the reply is still to come
            self._happened(parse_reply(int(match[1]), match[3]), events)

    def _read_usage(self, line: bytes, events: list[Event]) -> None:
        """A refusal over many lines: `520-…`, the command's usage, `520 End of proper usage.`"""
        code, *told = self._usage
        if line.startswith(code + b" "):
            self._usage = []
            self._happened(Reply(int(code), text=b"\n".join(told).decode(errors="replace").strip()), events)
        elif sum(map(len, told)) + len(line) > MAX_USAGE_BYTES or len(told) > MAX_USAGE_LINES:
            self._happened(Malformed("usage without an end"), events)
        else:
            self._usage.append(line)


def parse_reply(code: int, rest: bytes) -> Reply:
    """A reply from its code and the text behind it, e.g. 200 and `result=1 (value) endpos=800`."""
    match = _RESULT.fullmatch(rest)
    if not match:
        return Reply(code, text=rest.decode(errors="replace"))
    value, tail = match[2], match[3]
    endpos = _ENDPOS.search(tail) if tail else None
    return Reply(
        code,
        match[1].decode(errors="replace"),
        None if value is None else value.decode(errors="replace"),
        int(endpos[1]) if endpos else None,
        tail.decode(errors="replace").strip(),
    )


PLAIN: Final[Mapping[bytes, Reply]] = {
    b"200 " + rest + b"\n": parse_reply(200, rest)
    for rest in (
        *(b"result=0", b"result=1", b"result=0 Gosub complete"),
        *(b"result=1 (%c)" % key for key in b"0123456789*#"),
    )
}
"""The replies that come most, read once: done, and one key pressed."""


def lone_reply(received: bytes) -> Reply | None:
    """The reply, if these bytes are one whole line with a value: what comes nearly always, read on a shorter way."""
    match = _VALUE.fullmatch(received) if len(received) <= MAX_LINE_BYTES else None
    return Reply(200, match[1].decode(errors="replace"), match[2].decode(errors="replace")) if match else None
