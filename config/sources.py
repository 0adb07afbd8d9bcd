"""Whom do menus ask about callers? The section ``lookups`` of the configuration, and its rules.

Addresses of databases and passwords never stand in it: the database is AL_LOOKUP_DATABASE_URL, and a service is shown
the instance's secret ``lookup``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import urlsplit

NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
"""What sources may call a region, an agent, an answer or the field of a number: as it stands in a table or a record."""
BY_NUMBER = "number"
"""What the number that a caller calls from is called, beside the names of the fields that are gathered."""
OF_A_RECORD = ("region", "language", "vip", "doctor")
OF_AN_ANSWER = ("about", "region", "from", "until", "answer", "digits")
TAKEN = frozenset({BY_NUMBER, *OF_A_RECORD, *OF_AN_ANSWER})
"""What no field may be called."""

PARAMETERS = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
"""The parameters of a query, as SQLAlchemy finds them."""
KEEP_SECONDS = (0, 3600)
READS = re.compile(r"\s*(select|with)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvSource:
    """A table in a file; its path is relative to that of the configuration."""

    kind: Literal["csv"] = "csv"
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlSource:
    """A database. ``queries``: by the field that a caller is known by (or ``number``), or by what an answer is about.

    What it said is kept in memory for ``keep_seconds``.
    """

    kind: Literal["sql"] = "sql"
    queries: Mapping[str, str]
    keep_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RestSource:
    """A service over HTTP; what it said is kept in memory for ``keep_seconds``."""

    kind: Literal["rest"] = "rest"
    url: str = field(repr=False)
    keep_seconds: float = 60.0


Source = CsvSource | SqlSource | RestSource
KINDS: dict[str, type] = {"csv": CsvSource, "sql": SqlSource, "rest": RestSource}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Who is asked of callers, and who for the answers of menus; None: nobody, and every such lookup has failed."""

    callers: Source | None = None
    answers: Source | None = None


def faults(sources: Sources) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is wrong with them, as (way, reason)."""
    for name, source in (("callers", sources.callers), ("answers", sources.answers)):
        match source:
            case SqlSource():
                for key, query in source.queries.items():
                    if not READS.match(query):
                        yield ("lookups", name, "queries", key), "must begin with SELECT or WITH: it can only read"
                    elif name == "callers" and ":value" not in query:
                        yield ("lookups", name, "queries", key), "must ask for :value, by which the caller is known"
                if not source.queries:
                    yield ("lookups", name, "queries"), "must name at least one query"
            case RestSource() if not _may_be_told(source.url):
                yield ("lookups", name, "url"), "must be https://, or http:// on this machine, without ? # @ and spaces"
            case CsvSource() if not source.file.isprintable():
                yield ("lookups", name, "file"), "must be the path of a file, on one line"
        low, high = KEEP_SECONDS
        if isinstance(source, SqlSource | RestSource) and not low <= source.keep_seconds <= high:
            yield ("lookups", name, "keep_seconds"), f"must be from {low} to {high} (is {source.keep_seconds:g})"


def _may_be_told(url: str) -> bool:
    """Numbers of callers go there: nobody may listen on the way, and no password stands in a configuration."""
    try:
        parts = urlsplit(url)
        unfit = parts.query or parts.fragment or parts.username or parts.password or parts.port == 0
        if unfit or not parts.hostname or " " in url or not url.isprintable():
            return False
        return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))
    except ValueError:
        return False


def _is_loopback(host: Any) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
