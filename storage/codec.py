"""How does a fact become a row, and a row a fact again?

Generic over the dataclasses of calls/events.py: a new event needs nothing here. A row of a type that this version does
not know, or whose fields no longer fit, is still a row; ``decode`` answers None and readers go on.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Callable, Iterable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum

from calls import events
from calls.events import Event

COLUMNS = frozenset({"at", "call_id", "agent_id"})
"""Fields that stand in columns of their own; all others go into the payload."""

_IN_ONE_LINE = json.JSONEncoder(separators=(",", ":"))

EVENT_TYPES = {name: cls for name, cls in vars(events).items() if isinstance(cls, type) and issubclass(cls, Event)}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """One row of ``events``: ``run_id`` names the run that saw it, ``seq`` counts from 1 within it, ``at`` is UTC."""

    run_id: str
    seq: int
    at: datetime
    call_id: str | None
    agent_id: str | None
    type: str
    payload: dict[str, object]
    config_version: str


def encode(event: Event, run_id: str, seq: int, config_version: str) -> StoredEvent:
    """The row of an event; never fails, since a value of an unforeseen kind is stored as its text."""
    return StoredEvent(
        run_id=run_id,
        seq=seq,
        at=event.at.astimezone(UTC),
        call_id=_identity(event, "call_id"),
        agent_id=_identity(event, "agent_id"),
        type=type(event).__name__,
        payload={name: _plain(getattr(event, name)) for name in PAYLOADS[type(event)]},
        config_version=config_version,
    )


def decode(row: StoredEvent) -> Event | None:
    """The event of a row, or None when this version cannot make one of it."""
    cls = EVENT_TYPES.get(row.type)
    if cls is None:
        return None
    stored = {**row.payload, "at": row.at, "call_id": row.call_id, "agent_id": row.agent_id}
    values: dict[str, object] = {}
    try:
        for name, typed, required in SHAPES[row.type]:
            if name in row.payload or name in COLUMNS:
                values[name] = typed(stored[name])
            elif required:
                return None
        return cls(**values)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def to_line(row: StoredEvent) -> bytes:
    """The row as one line of JSON, newline included; ``from_line`` reads it back."""
    return _IN_ONE_LINE.encode({**_columns(row), "at": row.at.isoformat()}).encode() + b"\n"


def from_line(line: bytes) -> StoredEvent:
    """The row of a line; raises ValueError when the line is torn or is none of ours."""
    try:
        stored = json.loads(line)
        return StoredEvent(**{**stored, "at": datetime.fromisoformat(stored["at"])})
    except (TypeError, KeyError) as fault:
        raise ValueError(f"not a row of the history: {type(fault).__name__}") from None


def columns(rows: Iterable[StoredEvent]) -> list[dict[str, object]]:
    """The rows as SQL parameters."""
    return [_columns(row) for row in rows]


def _columns(row: StoredEvent) -> dict[str, object]:
    return {name: getattr(row, name) for name in ROW}


def _identity(event: Event, name: str) -> str | None:
    value = getattr(event, name, None)
    return None if value is None else _storable(value)


def _plain(value: object) -> object:
    """Values of JSON; sets are sorted so that equal events make equal rows."""
    if type(value) is str:  # the most usual
        return _storable(value)
    match value:
        case None | bool() | int() | float():
            return value
        case datetime():
            return value.isoformat()
        case Enum():
            return value.value
        case str():
            return _storable(value)
        case dict():
            return {_storable(str(key)): _plain(item) for key, item in value.items()}
        case tuple() | list():
            return [_plain(item) for item in value]
        case frozenset() | set():
            return sorted((_plain(item) for item in value), key=str)
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    return _storable(str(value))


def _storable(text: str) -> str:
    """PostgreSQL takes neither NUL nor half a surrogate pair, and a caller's phone may send anything."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


Typed = Callable[[typing.Any], object]
"""Makes of a stored value what a field asks for; raises TypeError or ValueError when it cannot."""


def _typed(hint: object) -> Typed:
    """How values of this type are made; worked out once a field, since a type is slow to take apart."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        [inner, *_] = [_typed(part) for part in parts if part is not type(None)]
        return lambda value: None if value is None else inner(value)
    if origin is tuple:
        kinds = [_typed(part) for part in parts if part is not ...]
        if parts[1:] == (...,):
            return lambda value: tuple(kinds[0](item) for item in value)
        return lambda value: tuple(kind(item) for kind, item in zip(kinds, value, strict=True))
    if origin is frozenset:
        one = _typed(parts[0])
        return lambda value: frozenset(one(item) for item in value)
    if isinstance(hint, type) and issubclass(hint, datetime):
        return lambda value: datetime.fromisoformat(value) if isinstance(value, str) else _present(value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if isinstance(hint, type) and is_dataclass(hint):
        shape = _shape(hint)
        return lambda value: hint(**{name: typed(value[name]) for name, typed, _ in shape if name in value})
    return _present


def _present(value: object) -> object:
    if value is None:
        raise TypeError("a value is missing")
    return value


def _shape(cls: type) -> list[tuple[str, Typed, bool]]:
    """Each field's name, how its values are made, and whether it must be given."""
    hints = typing.get_type_hints(cls)
    return [(f.name, _typed(hints[f.name]), f.default is MISSING and f.default_factory is MISSING) for f in fields(cls)]


ROW = [f.name for f in fields(StoredEvent)]
PAYLOADS = {cls: [f.name for f in fields(cls) if f.name not in COLUMNS] for cls in EVENT_TYPES.values()}
SHAPES = {name: _shape(cls) for name, cls in EVENT_TYPES.items()}
