"""Where does each leg belong in a call's recording? Pure: names, lengths and times in, positions out.

Asterisk writes what each party says into a file of its own, ``<call_id>_<party>_<seconds.microseconds>.sln``, named by
the time of its first sample. A talk is one stereo recording: the caller left, whoever answered right, placed by start
times, and beginning when the first of these began: what the caller said while waiting is not kept. A message is a
recording by itself, the caller left.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from recordings.errors import BadLegs

RATE = 8000
"""Samples a second, 16 bits each, one channel: Asterisk's ``.sln``."""

CALLER, MESSAGE = "caller", "voicemail"
LEFT, RIGHT = 0, 1
LONGEST = timedelta(hours=12)

NAME = re.compile(
    r"(?P<call_id>[A-Za-z0-9._-]*?\d+\.\d+)_(?P<party>[a-z][a-z0-9_]*)_(?P<start>\d+)\.(?P<micro>\d{6})\.sln"
)
"""A call id ends in Asterisk's ``<epoch>.<n>`` and a party begins with a letter, so the two cannot be mistaken."""

NAMESPACE = uuid.UUID("0b6f3c0e-6d0b-4c1e-9a53-8d9f5a3f9d11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One file: ``samples`` long, its first sample at ``started_at``, last written to at ``written_at`` (UTC)."""

    name: str
    call_id: str
    party: str
    started_at: datetime
    samples: int
    written_at: datetime

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.samples / RATE

    def lacks(self, ended_at: datetime) -> float:
        """Seconds of the clock that are not in the file, had it been written until then."""
        return max(0.0, (ended_at - self.started_at).total_seconds() - self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """``samples`` of a leg from its ``skip``-th on, put at sample ``at`` of one channel of the recording."""

    name: str
    channel: int
    at: int
    skip: int
    samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One recording to be made, ``samples`` long; ``legs`` are the files that it replaces.

    The id follows from the legs, so that making it again makes the same. The leg that names it stands last in ``legs``:
    as long as that one is there, the recording can be told from its legs.
    """

    recording_id: str
    call_id: str
    started_at: datetime
    samples: int
    parts: tuple[Part, ...]
    legs: tuple[str, ...]
    short_by: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.samples / RATE


def read_name(name: str) -> tuple[str, str, datetime] | None:
    """Call id, party and time of the first sample; None for a file that is no leg."""
    match = NAME.fullmatch(name)
    if match is None:
        return None
    start = datetime.fromtimestamp(int(match["start"]), UTC) + timedelta(microseconds=int(match["micro"]))
    return match["call_id"], match["party"], start


def plan(legs: Sequence[Leg], ended_at: datetime | None) -> list[Placement]:
    """The recordings of one call: the talk, if anybody answered, and its messages.

    ``ended_at`` is when the caller's channel was gone, if that is known. Legs that stand in no placement are of no use.
    Raises BadLegs.
    """
    messages = [leg for leg in legs if leg.party == MESSAGE]
    placements = [_place([leg], [leg], ended_at) for leg in messages if leg.samples]
    talk = [leg for leg in legs if leg.party != MESSAGE]
    answering = sorted((leg for leg in talk if leg.party != CALLER), key=lambda leg: leg.started_at)
    if answering and any(leg.samples for leg in talk):
        placements.insert(0, _place(talk, answering, ended_at))
    return placements


def _place(legs: Sequence[Leg], answering: Sequence[Leg], ended_at: datetime | None) -> Placement:
    """``answering``: the legs of whoever answered, the first of which is where the recording begins."""
    first = answering[0]
    parts = tuple(part for leg in legs if (part := _part(leg, first.started_at)))
    samples = max((part.at + part.samples for part in parts), default=0)
    if samples > LONGEST.total_seconds() * RATE:
        raise BadLegs(f"the legs of {first.call_id} span {samples / RATE / 3600:.0f} hours")
    return Placement(
        recording_id=str(uuid.uuid5(NAMESPACE, first.name)),
        call_id=first.call_id,
        started_at=first.started_at,
        samples=samples,
        parts=parts,
        legs=(*(leg.name for leg in legs if leg is not first), first.name),
        short_by=round(max(leg.lacks(_end(leg, legs, ended_at)) for leg in legs), 3),
    )


def _part(leg: Leg, beginning: datetime) -> Part | None:
    """What of the leg lies after the beginning; None when nothing does."""
    offset = round((leg.started_at - beginning).total_seconds() * RATE)
    skip = max(0, -offset)
    if skip >= leg.samples:
        return None
    channel = LEFT if leg.party in (CALLER, MESSAGE) else RIGHT
    return Part(name=leg.name, channel=channel, at=max(0, offset), skip=skip, samples=leg.samples - skip)


def _end(leg: Leg, legs: Sequence[Leg], ended_at: datetime | None) -> datetime:
    """The caller is recorded, in the last of their legs, until the call ends; all others until the last write."""
    last = all(other.started_at <= leg.started_at for other in legs if other.party == CALLER)
    return ended_at if ended_at and leg.party == CALLER and last else leg.written_at
