"""How does a caller go through a menu? Hearing what is said, and pressing keys, one after the other."""

from __future__ import annotations

import asyncio

from synthetic.dialog import Dialog
from tests.e2e.centre import prompt

SAID_WITHIN = 20.0


async def walk(caller: Dialog, lang: str, *way: tuple[str, str], since: float | None = None) -> float | None:
    """Each prompt is heard after the keys before it, and then its own keys, if any, are pressed.

    `since`: when the keys before all of these were pressed; returns the same for what follows.
    """
    for words, keys in way:
        await caller.hears(prompt(lang, words), within=SAID_WITHIN, since=since)
        if keys:
            since = asyncio.get_running_loop().time()
            await caller.press(keys)
    return since
