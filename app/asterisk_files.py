"""Which of Asterisk's files have changed, and how does the running Asterisk read them anew?

On its own host, as its administrator may: our AMI account may not reload. Only what has changed is read, since phones
register anew when theirs is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from app import runtime
from app.errors import AppFault

RELOADS: Final[Mapping[str, tuple[str, ...]]] = {
    "pjsip.conf": ("module reload res_pjsip.so", "module reload res_pjsip_endpoint_identifier_ip.so"),
    "queues.conf": ("queue reload all",),
    "musiconhold.conf": ("moh reload",),
    "extensions.conf": ("dialplan reload",),
}
"""The files that tell of phones, queues, words over the music, lines; the dialplan last, since it names the others."""

RELOADS_WITHIN: Final = 20.0


def contents(folder: Path) -> dict[str, str]:
    """What each file says, without the comments: they name the version."""
    found = {}
    for name in RELOADS:
        file = folder / name
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        found[name] = "\n".join(line for line in lines if not line.startswith(";"))
    return found


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The names of the files that say something else now, in the order in which they are to be read."""
    return [name for name in RELOADS if before[name] != after[name]]


async def reload(folder: Path, names: Iterable[str]) -> None:
    """Let the Asterisk of this folder read these files anew; AppFault when it cannot be asked."""
    program = [*runtime.program("asterisk"), "-C", str(folder / "asterisk.conf")]
    for command in (command for name in names for command in RELOADS[name]):
        process = await asyncio.create_subprocess_exec(
            *program, "-rx", command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(RELOADS_WITHIN):
                code = await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            code = -1
        if code:
            raise AppFault(f"Asterisk did not carry out `{command}`: it reads its new files when it starts")
