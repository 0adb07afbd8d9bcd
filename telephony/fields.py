"""How is one field of an AMI message read? As what it should be, or as `Unreadable`, which says what is wrong with it.

Nothing here quotes the field itself: it may be what a caller sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from calls.call import CallState, ThirdPartyMode
from telephony.errors import TelephonyError
from telephony.framing import AmiMessage

CALL_ID = re.compile(r"[A-Za-z0-9._;-]{1,150}")
AGENT_ID = re.compile(r"[a-z][a-z0-9_-]{0,63}")
"""Wider than the names of agents: `last_resort_<queue>` rings and answers like one."""
INTERNAL_NUMBER = re.compile(r"\*?[0-9]{1,12}")
FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._;-]{0,199}")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_ATTEMPT = re.compile(r"[0-9]{1,15}")
_CAUSE = re.compile(r"[0-9]{1,4}")
_DURATION = re.compile(r"([0-9]{1,6}):([0-5][0-9]):([0-5][0-9])")
_MOMENT = re.compile(r"([0-9]{9,11})\.([0-9]{1,6})")

Word = TypeVar("Word", bound=StrEnum)


class Unreadable(TelephonyError):
    """A message from Asterisk has a field that does not read as the dialplan's contract says."""


@dataclass(frozen=True, slots=True)
class Told:
    """A message of `node`, with what every reader needs of it; `variables` are the channel's `AL_*`."""

    node: str
    at: datetime
    message: AmiMessage
    variables: dict[str, str]

    def call_id(self) -> str:
        return matched(CALL_ID, self.message.get("CallId") or self.variables.get("AL_CALL_ID", ""), "call id")

    def agent_id(self) -> str:
        return matched(AGENT_ID, self.message.get("Agent"), "Agent")

    def channel(self) -> str:
        return matched(re.compile(r".{1,200}"), self.message.get("Channel"), "Channel")

    def number(self) -> str:
        """The caller's; while app_queue has the call, it is hidden there and carried in AL_NUMBER."""
        number = self.message.get("CallerIDNum")
        return number if number not in ("", "<unknown>") else self.variables.get("AL_NUMBER", "")

    def preferred(self) -> str:
        """An agent whom a lookup outside has named: one who is none is as good as nobody."""
        name = self.variables.get("AL_PREFERRED", "")
        return name if AGENT_ID.fullmatch(name) else ""

    def attempt(self) -> int | None:
        text = self.message.get("Attempt")
        return int(matched(_ATTEMPT, text, "Attempt")) if text else None

    def cause(self) -> int:
        text = self.message.get("Cause")
        return int(matched(_CAUSE, text, "Cause")) if text else 0

    def state(self) -> CallState:
        return word(CallState, self.variables["AL_STATE"], "AL_STATE")

    def mode(self) -> ThirdPartyMode:
        return word(ThirdPartyMode, self.message.get("Mode"), "Mode")

    def queued_at(self) -> datetime | None:
        return moment(self.variables.get("AL_QUEUED_AT", ""))

    def duration(self) -> timedelta:
        found = _DURATION.fullmatch(self.message.get("Duration"))
        return timedelta(hours=int(found[1]), minutes=int(found[2]), seconds=int(found[3])) if found else timedelta()


def matched(form: re.Pattern[str], text: str, what: str) -> str:
    """The text, if it has the form."""
    if not form.fullmatch(text):
        raise Unreadable(f"{what} is not as it should be" if text else f"{what} is missing")
    return text


def word(kind: type[Word], text: str, what: str) -> Word:
    """The member of a vocabulary."""
    try:
        return kind(text)
    except ValueError:
        raise Unreadable(f"{what} is no {kind.__name__}") from None


def moment(text: str) -> datetime | None:
    """A moment as Asterisk writes it, seconds and microseconds of the epoch; None if it is none."""
    found = _MOMENT.fullmatch(text)
    if not found:
        return None
    return EPOCH + timedelta(seconds=int(found[1]), microseconds=int(found[2].ljust(6, "0")))


def phone(device: AmiMessage) -> str:
    """The agent's phone that a device is, or ""."""
    technology, _, name = device.get("Device").partition("/")
    return name if technology == "PJSIP" and AGENT_ID.fullmatch(name) else ""
