"""The service with one wrong handler: while the file `fault` in AL_HOME says so, it blocks or raises.

    python -m tests.e2e.faulty_service EVENT | decide

`fault` holds "block" (the consumer never comes back), "once" (one event is not handled; the file goes) or "always".
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from app import bootstrap, logs
from app.settings import load_settings


def faulty(right: Callable[..., Iterable[Any]], fault: Path) -> Callable[..., Iterable[Any]]:
    """The same function, which asks the file before it does anything."""

    def handle(*given: Any) -> Iterable[Any]:
        match fault.read_text() if fault.exists() else "":
            case "block":
                time.sleep(3600)
            case "once":
                fault.unlink()
                raise RuntimeError("made to fail once")
            case "always":
                raise RuntimeError("made to fail")
        return right(*given)

    return handle


def main(name: str) -> None:
    logs.to_stdout()
    settings = load_settings()
    fault = settings.home / "fault"
    if name == "decide":
        bootstrap.decide = faulty(bootstrap.decide, fault)
    else:
        event = next(event for event in bootstrap.HANDLERS if event.__name__ == name)
        bootstrap.HANDLERS = {**bootstrap.HANDLERS, event: faulty(bootstrap.HANDLERS[event], fault)}
    asyncio.run(bootstrap.serve(settings))


if __name__ == "__main__":
    main(sys.argv[1])
