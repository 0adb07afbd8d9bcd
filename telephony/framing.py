"""AMI bytes, in any portions, become whole messages; bytes that are none become a fault, never an exception.

No socket here, and no Asterisk: the reader of a connection, the fuzzer and the benchmark feed the same class. The same
bytes give the same items however they are cut into portions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

PLACE = ("AL_QUEUED_AT", "AL_LINE", "AL_LANG", "AL_QUEUE", "AL_NEEDS", "AL_NUMBER", "AL_PREFERRED")
"""The variables that the dialplan joins by `/` in AL_PLACE. The last, a lookup's word, may hold anything."""

MAX_MESSAGE = 65_536
"""Bytes of the longest message taken. The longest that Asterisk 22 was seen to send is under 3 kB."""

_END = b"\r\n\r\n"
_KINDS = ("Event: ", "Response: ")
_BANNER = "Asterisk Call Manager/"


class AmiMessage(NamedTuple):
    """One event or response: its text, in which a header is sought when someone asks for it.

    Most events are looked at two or three times and thrown away, so a dictionary of all their headers (some 20, and a
    channel variable is a header too) would cost more than it saves. `text` has CR LF at both ends of every line. Names
    are spelt as Asterisk spells them. Of a doubled header the first counts: a second `Event:` or `Channel:` came from a
    dialplan, the first is Asterisk's own.
    """

    text: str

    @property
    def event(self) -> str:
        """The event's name, or "" for a response."""
        return self.get("Event")

    @property
    def action_id(self) -> str:
        """Which action this answers, or ""."""
        return self.get("ActionID")

    def get(self, name: str) -> str:
        """The header's first value; "" if it is empty or absent."""
        key = f"\r\n{name}: "
        at = self.text.find(key)
        if at < 0:
            return ""
        at += len(key)
        return self.text[at : self.text.find("\r\n", at)]

    def all(self, name: str) -> list[str]:
        """Every value of a header, in order: `ChanVariable`, and `Output` of a command."""
        return [part.partition("\r\n")[0] for part in self.text.split(f"\r\n{name}: ")[1:]]

    def variables(self, prefix: str = "") -> dict[str, str]:
        """Channel variables that `channelvars` put on the message, those in AL_PLACE too; an unset one is "".

        `prefix` names the channel in a message about two: "Dest" reads `DestChanVariable`.
        """
        pairs = (value.partition("=") for value in self.all(f"{prefix}ChanVariable"))
        found = {name: value for name, _, value in pairs}
        if place := found.pop("AL_PLACE", ""):
            found |= zip(PLACE, place.split("/", len(PLACE) - 1), strict=False)
        return found


@dataclass(frozen=True, slots=True)
class FrameFault:
    """Bytes that were dropped because they are no AMI message: whoever follows the messages has a hole.

    `reason` holds nothing of the bytes themselves: they may be a caller's.
    """

    reason: str


TOO_LONG = FrameFault("message too long")
NAMELESS = FrameFault("neither event nor response")


class AmiFraming:
    """Cuts one connection's bytes into messages. Holds at most `max_message` bytes and one portion."""

    def __init__(self, max_message: int = MAX_MESSAGE) -> None:
        self._max = max_message
        self._rest = bytearray()
        self._searched = 0
        self._skipping = False
        self._greeted = False

    def feed(self, portion: bytes) -> list[AmiMessage | FrameFault]:
        """Items completed by this portion, in order."""
        self._rest += portion
        items: list[AmiMessage | FrameFault] = []
        if self._rest.find(_END, self._searched) >= 0:
            *frames, self._rest = self._rest.split(_END)
            if self._skipping:
                self._skipping = False
                del frames[0]
            items = [item for frame in frames if (item := self._item(frame)) is not None]
        if len(self._rest) >= self._max + len(_END):
            items += self._give_up()
        self._searched = max(0, len(self._rest) - len(_END) + 1)
        return items

    def _give_up(self) -> list[AmiMessage | FrameFault]:
        """No end can bring the unfinished message back under the limit: forget it, and skip to its end."""
        del self._rest[: 1 - len(_END)]  # its last bytes may be the beginning of the end
        already, self._skipping = self._skipping, True
        return [] if already else [TOO_LONG]

    def _item(self, frame: bytearray) -> AmiMessage | FrameFault | None:
        if len(frame) > self._max:
            return TOO_LONG
        text = frame.decode("utf-8", "replace").strip("\r\n")
        if not self._greeted:
            self._greeted = True
            text = _after_banner(text)
        if not text:
            return None
        message = AmiMessage(f"\r\n{text}\r\n")
        if text.startswith(_KINDS) or message.event or message.get("Response"):
            return message
        return NAMELESS


def _after_banner(text: str) -> str:
    """The banner is a line of its own in front of the first message, with no empty line between."""
    line, _, after = text.partition("\r\n")
    return after if line.startswith(_BANNER) else text
