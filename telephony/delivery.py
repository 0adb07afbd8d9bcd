"""What does a link to one Asterisk node tell its owner? A state, its changes, and that it is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from telephony.framing import AmiMessage


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that Asterisk holds: one `CoreShowChannel` a channel, one `DeviceStateChange` a device.

    `missing` are the contexts we redirect to and Asterisk does not have: a Redirect there would drop the caller.
    """

    channels: tuple[AmiMessage, ...]
    devices: tuple[AmiMessage, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Connected:
    """A snapshot: after a login, or when one was asked for. Replaces all that was known of the node."""

    at: datetime
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Received:
    """One event, as it came."""

    at: datetime
    message: AmiMessage


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The link is down after having been up; `Connected` will follow."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class AccountRefused:
    """Asterisk refuses our login, or what the account must be allowed: a person must mend `manager.conf` or the secret.

    Told once in a row; the link goes on trying, ever more seldom.
    """

    at: datetime
    reason: str


Delivery = Connected | Received | Disconnected | AccountRefused


class LinkState(Enum):
    CONNECTING = "connecting"
    UP = "up"
    REFUSED = "account refused"
    CLOSED = "closed"
