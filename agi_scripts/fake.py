"""Asterisk's side of one AGI session without a socket, for tests of sessions; the real one is held to the same tests.

It knows what our sessions send (`al-ask`, `al-say`, MSet, SET/GET VARIABLE, NOOP and anything that succeeds silently)
and keeps the guard as the dialplan's subroutines do, so that a test can see the law of `channel.py` kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from agi_scripts.channel import GUARD, SLACK
from agi_scripts.errors import AgiHangup
from agi_scripts.protocol import Line, Reply

HANGS_UP = "hangs up"
"""Among the answers of a `FakeCall`: the caller hangs up instead of pressing anything."""

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(.)")
_PAIR = re.compile(r'([^=,]+)=(?:"([^"]*)"|([^",]*))')


class FakeCall:
    """A `Wire` to a caller who answers each `ask` by the next of `answers` ("" = nothing; then nothing for ever).

    `variables` as on the channel; `heard`: the prompts of each `ask` and `say`; `guard`: seconds on TIMEOUT(absolute);
    `longest`: of each exchange, what the session said it may take and what the guard stood at meanwhile.
    """

    def __init__(self, answers: Iterable[str] = (), variables: dict[str, str] | None = None) -> None:
        self.answers = iter(answers)
        self.variables = dict(variables or {})
        self.heard: list[tuple[str, ...]] = []
        self.guard = 5.0
        self.longest: list[tuple[float, float]] = []
        self.hungup = False

    async def exchange(self, verb: str, line: Line, longest: float = 0.0) -> Reply:
        """Answer one command; `AgiHangup` once the caller has gone."""
        if self.hungup:
            raise AgiHangup("hung up")
        self.longest.append((longest, self.guard))
        arguments = [_ESCAPE.sub(r"\1", word) for word in _QUOTED.findall(line.decode())]
        if verb == "GOSUB":
            return self._gosub(longest, arguments[0], arguments[3])
        if verb == "EXEC" and arguments[0] == "MSet":
            for name, quoted, bare in _PAIR.findall(arguments[1]):
                self._set(name, quoted or bare)
        elif verb == "SET VARIABLE":
            self._set(arguments[0], arguments[1])
        elif verb == "GET VARIABLE":
            value = self.variables.get(arguments[0])
            return Reply(200, "0") if value is None else Reply(200, "1", value)
        return Reply(200, "0")

    def _set(self, name: str, value: str) -> None:
        if name == GUARD:
            self.guard = float(value)
        else:
            self.variables[name] = value

    def _gosub(self, longest: float, context: str, arguments: str) -> Reply:
        guard, prompts, *_ = arguments.split(",")
        self.longest[-1] = (longest, float(guard))
        self.heard.append(tuple(prompts.split("&")) if prompts else ())
        if context == "al-ask":
            answer = next(self.answers, "")
            self.hungup = answer == HANGS_UP
            self.variables["AL_DIGITS"] = "" if self.hungup else answer
        self.guard = SLACK
        return Reply(200, "0", text="Gosub complete")
