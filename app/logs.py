"""How do logs look? JSON on stdout, one event a line, with stable ids; numbers that slipped in are struck out.

No call depends on its log: what a full disk or a vanished reader refuses is lost without a word.
"""

from __future__ import annotations

import io
import logging
import os
import re
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

_NUMBER = re.compile(r"(?<![\w.:-])\+?\d{7,15}(?![\w.:-])")
"""A run of digits that could be a telephone or policy number; call ids and addresses have dots, colons or dashes."""

_OURS = frozenset({"timestamp", "call_id"})


def strike_out_numbers(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A last net under the rule that nobody logs a number in the first place."""
    for key, value in event.items():
        if isinstance(value, str) and key not in _OURS:
            event[key] = _NUMBER.sub("[number]", value)
    return event


class _Unfailing(io.FileIO):
    """A file that refuses nothing: a line that cannot be written is gone, and whoever logs goes on."""

    def write(self, line: Any) -> int:
        with suppress(OSError):
            super().write(line)
        return len(line)


def to_stdout() -> None:
    """Set structlog up for this process."""
    _configure(_Unfailing(sys.stdout.fileno(), "w", closefd=False))


def to_file(path: Path) -> None:
    """The same for a process whose stdout is for people."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _configure(_Unfailing(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600), "w"))


def _configure(file: _Unfailing) -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            strike_out_numbers,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),  # who only knocks is told at debug
        logger_factory=structlog.WriteLoggerFactory(io.TextIOWrapper(file, encoding="utf-8", write_through=True)),
        cache_logger_on_first_use=True,
    )
