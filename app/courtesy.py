"""The law: how long a caller must wait is a courtesy to say, and no fault in it costs a ring or the heartbeat."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger()


@contextmanager
def courtesy(what: str) -> Iterator[None]:
    """Whatever fails within is logged under this name, and the rest goes on."""
    try:
        yield
    except Exception as fault:
        log.error(
            "estimate failed",
            action="courtesy.fault",
            what=what,
            fault=type(fault).__name__,
            where=[f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(fault.__traceback__)],
        )
