"""What a session may ask of one call, and the law that it never holds a caller whom it no longer serves.

The law (measured on Asterisk 22.10): while Asterisk waits for our next command, the dialplan's guard
`TIMEOUT(absolute)` stands at `SLACK` seconds or less, so a frozen service loses the caller to the dialplan, not the
caller the line. Therefore

- a quick command is preceded by a renewal, and variables are set by one `MSet` that renews first;
- what takes longer (prompts, digits) runs as a dialplan subroutine, `al-ask` or `al-say`, that sets the guard to its
  own longest duration + `SLACK`, and back to `SLACK` before Asterisk turns to us again. A renewal sent by us after the
  reply cannot replace that: what a prompt leaves over that a digit cut short (13 s, measured) is waited out while we
  are frozen;
- we never set the guard to 0 while the connection is open: the dialplan does, when `AGI()` has returned.

So between two commands a session has `SLACK` seconds: what it looks up elsewhere must give up within 3.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NoReturn, Protocol
from urllib.parse import parse_qsl

from agi_scripts.errors import AgiHangup, AgiRefused, AgiUnsafe
from agi_scripts.protocol import Line, Reply, serialize

SLACK: Final = 4.0
"""Seconds added to a command's longest duration; also what stands while Asterisk waits for us (the law asks <= 5)."""
GUARD: Final = "TIMEOUT(absolute)"
RENEW: Final = serialize("SET VARIABLE", GUARD, f"{SLACK:g}")
GET_DIGITS: Final = serialize("GET VARIABLE", "AL_DIGITS")
FAILED: Final = frozenset({"-1", "-2"})
"""Results of a command that did not do what it was asked."""

_NAME = re.compile(r"_{0,2}[A-Z][A-Z0-9_]{0,63}")
_VALUE = re.compile(r'[^\x00-\x1f\x7f"\\()\[\]]*')
_PROMPT = re.compile(r"[A-Za-z0-9_.-][A-Za-z0-9_./-]{0,199}")


class Wire(Protocol):
    """What a channel needs of its connection."""

    def exchange(self, verb: str, line: Line, longest: float = 0.0) -> Awaitable[Reply]:
        """Send one command and await its one reply; it may take `longest` seconds. `verb` only names it."""


class AgiChannel:
    """One call as its session sees it.

    Every method that speaks raises `AgiHangup` once the caller or Asterisk is gone (let it pass), `AgiLate` without an
    answer in time, `AgiRefused` where Asterisk declines, and `AgiUnsafe`, before anything is sent, for words that it
    could read as something else.
    """

    def __init__(self, env: Mapping[str, str], wire: Wire) -> None:
        """`env`: the header without the `agi_` prefix, e.g. `uniqueid`, `language`, `extension`."""
        self.env = env
        self._wire = wire
        self.script, _, self._query = env.get("network_script", "").partition("?")

    @property
    def call_id(self) -> str:
        """Asterisk's own id of the call, node included: the same as `AL_CALL_ID`."""
        return self.env.get("uniqueid", "")

    @property
    def query(self) -> Mapping[str, str]:
        """What follows `?` in `AGI(agi://host/script?line=hotline)`."""
        return dict(parse_qsl(self._query, keep_blank_values=True, max_num_fields=32))

    async def ask(
        self, prompts: Sequence[str], *, spoken: float, wait: float, digits: int = 1, between: float = 5.0
    ) -> str:
        """Play `prompts`, which take `spoken` seconds and stop at the first digit; then wait `wait` seconds for that
        and `between` seconds for each further one, up to `digits`. What was pressed, without the closing `#`; "#" if
        that is all; "" if nothing.
        """
        longest = spoken + wait + between * (digits - 1)
        await self._exchange("GOSUB", ask_line(tuple(prompts), longest, digits, wait, between), longest)
        # al-ask has just left SLACK on the guard: a renewal before this would only repeat it.
        return (await self._exchange("GET VARIABLE", GET_DIGITS)).value or ""

    async def say(self, prompts: Sequence[str], *, spoken: float) -> None:
        """Play `prompts`, which take `spoken` seconds, to their end; digits pressed meanwhile are lost."""
        await self._exchange("GOSUB", say_line(tuple(prompts), spoken), spoken)

    async def get(self, name: str) -> str:
        """The value of a channel variable, "" where it is not set."""
        return (await self.command("GET VARIABLE", checked_name(name))).value or ""

    async def set(self, variables: Mapping[str, str]) -> None:
        """Set channel variables, all in one command, the guard with them."""
        await self._exchange("EXEC", set_line(tuple(variables.items())))

    async def finish(self, variables: Mapping[str, str]) -> None:
        """The session's last act, done by the server: leave these on the call and say that we are done, at once."""
        await self.set({**variables, "AGI_DONE": "1"})

    async def command(self, verb: str, *arguments: str) -> Reply:
        """Any command that takes less than a second, e.g. `command("ANSWER")`; the guard is renewed before it."""
        line = serialize(verb, *arguments)
        await self._exchange("SET VARIABLE", RENEW)
        return await self._exchange(verb, line)

    async def _exchange(self, verb: str, line: Line, longest: float = 0.0) -> Reply:
        reply = await self._wire.exchange(verb, line, longest)
        if reply.code != 200 or reply.result in FAILED:
            await self._refused(verb, reply)
        return reply

    async def _refused(self, verb: str, reply: Reply) -> NoReturn:
        if reply.code == 511:
            raise AgiHangup(verb)
        if reply.code == 200:
            # Failed, or the caller hung up meanwhile: Asterisk answers the next command by HANGUP if so.
            await self._wire.exchange("NOOP", serialize("NOOP"))
        raise AgiRefused(f"{verb}: {reply.code} {reply.result}")


# Menus say the same to every caller: the lines said last are kept.


@lru_cache(maxsize=1024)
def ask_line(prompts: tuple[str, ...], longest: float, digits: int, wait: float, between: float) -> Line:
    """al-ask with its guard, prompts, digits, and seconds for the first and for each further digit."""
    words = f"{longest + SLACK:g},{spoken_together(prompts)},{digits},{wait:g},{between:g}"
    return serialize("GOSUB", "al-ask", "s", "1", words)


@lru_cache(maxsize=1024)
def say_line(prompts: tuple[str, ...], spoken: float) -> Line:
    """al-say with its guard and prompts."""
    return serialize("GOSUB", "al-say", "s", "1", f"{spoken + SLACK:g},{spoken_together(prompts)}")


@lru_cache(maxsize=1024)
def set_line(variables: tuple[tuple[str, str], ...]) -> Line:
    """MSet of these, the guard first."""
    pairs = [f'{checked_name(name)}="{checked_value(name, value)}"' for name, value in variables]
    return serialize("EXEC", "MSet", ",".join([f"{GUARD}={SLACK:g}", *pairs]))


def spoken_together(prompts: Sequence[str]) -> str:
    """Prompt names as one argument of Read and Playback; `AgiUnsafe` for a name that is more than a file name."""
    for prompt in prompts:
        if not _PROMPT.fullmatch(prompt) or ".." in prompt:
            raise AgiUnsafe("a prompt's name is letters, digits, _ . - and /")
    return "&".join(prompts)


def checked_name(name: str) -> str:
    """A channel variable's name; `AgiUnsafe` for anything else, functions such as SHELL() among it."""
    if not _NAME.fullmatch(name):
        raise AgiUnsafe("a variable's name is capitals, digits and _")
    return name


def checked_value(name: str, value: str) -> str:
    r"""A value that MSet takes as it stands: no control characters, no `"` `\` `(` `)` `[` `]`; else `AgiUnsafe`."""
    if not _VALUE.fullmatch(value):
        raise AgiUnsafe(f"{name}: a value without control characters, quotes, backslashes and brackets is asked")
    return value
