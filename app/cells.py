"""How is one value of the live view read, and how does it stand on the board? Absent reads as nothing, long is cut.

A field may be missing or of another type where service and board are of different ages.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rich.text import Text

Row = Mapping[str, Any]


def rows_in(live: Row, key: str) -> list[Row]:
    rows = live.get(key)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def row_in(live: Row, key: str) -> Row:
    row = live.get(key)
    return row if isinstance(row, Mapping) else {}


def word(row: Row, key: str) -> str:
    """A text, without anything that a terminal would obey."""
    value = row.get(key)
    return "".join(letter for letter in value if letter.isprintable()) if isinstance(value, str) else ""


def figure(row: Row, key: str) -> float | None:
    value = row.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def moment(row: Row, key: str) -> datetime | None:
    """A time, aware; one without a zone is UTC."""
    value = row.get(key)
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at if at is None or at.tzinfo else at.replace(tzinfo=UTC)


def count(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def percent(share: float | None) -> str:
    """``92%``; 99.6 % is 99%, since 100% means every one."""
    return "–" if share is None else f"{int(share * 100 + 1e-9)}%"


def span(seconds: float | None) -> str:
    """``7 s``, ``1:12``, ``2 h 05``; begun seconds do not count."""
    if seconds is None:
        return "–"
    whole = int(max(0.0, seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02}"
    return f"{whole // 3600} h {whole % 3600 // 60:02}"


def ago(row: Row, key: str, now: datetime) -> str:
    """The span since a time."""
    at = moment(row, key)
    return span((now - at).total_seconds() if at else None)


def fit(value: str | Text, size: int, style: str = "", right: bool = False) -> Text:
    """Exactly so many columns: padded, or cut by an ellipsis."""
    text = value.copy() if isinstance(value, Text) else Text(value, style)
    text.truncate(max(0, size), overflow="ellipsis")
    gap = max(0, size - text.cell_len)
    if right:
        text.pad_left(gap)
    else:
        text.pad_right(gap)
    return text
