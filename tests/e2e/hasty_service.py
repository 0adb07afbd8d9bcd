"""The service that tells waiting callers their place earlier and more often, so that tests need not wait for it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from app import bootstrap, logs
from app.settings import load_settings
from routing import telling

FIRST_AFTER, EVERY = timedelta(seconds=4), timedelta(seconds=12)


def main() -> None:
    logs.to_stdout()
    telling.FIRST_AFTER, telling.EVERY = FIRST_AFTER, EVERY  # type: ignore[misc]
    asyncio.run(bootstrap.serve(load_settings()))


if __name__ == "__main__":
    main()
