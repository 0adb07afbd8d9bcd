"""What became of a call that the service did not see? Asterisk runs this from the hangup handler; one line is kept.

    same => n,AGI(/path/of/venv/bin/python,-I,-m,agi_scripts.failsafe,/path/of/spool/failsafe.jsonl)

A process for a call is dear (60 ms of CPU), so the dialplan asks for it only where the service is away or the call went
to the fallback. It needs neither Redis nor SQL nor our configuration, and ends with 0 whatever happens: nothing waits
for it but a channel that is gone. pyst2 speaks AGI, with its signal handler, its habit of telling every value to stderr
and its unquoted arguments taken away.

One line of the spool is one call, a JSON object of texts, at most `MAX_LINE` bytes; the reader keeps the last line
where two have the same `call_id`:

    call_id line number queue lang needs caller state agent reason cause dialstatus recorded voicemail    "" where unset
    started_at queued_at answered_at ended_at                                    seconds since 1970, "" where unknown

`caller` is an id of ours (`clinic:17`). `number` is the caller's, a secret: an emergency caller who gave up while we
were away must be rung back. The file has mode 0600 and goes when it has been read; nothing else that was typed is kept.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from typing import Final, TextIO

from asterisk.agi import AGI

from agi_scripts.protocol import serialize

MAX_LINE: Final = 4096
"""Bytes. One `write` of a line to a file opened with O_APPEND is not mixed with another's."""
VALUE_LENGTHS: Final = (300, 60, 20)
"""Characters kept of a value: the first length with which the line is short enough. Our own ids have at most 32."""
SECONDS: Final = 10
"""Then the kernel ends this process: a disk that hangs must not pile up processes."""

VARIABLES: Final[Mapping[str, str]] = {
    "call_id": "AL_CALL_ID",
    "line": "AL_LINE",
    "number": "AL_RING_BACK",
    "queue": "AL_QUEUE",
    "lang": "AL_LANG",
    "needs": "AL_NEEDS",
    "caller": "AL_CALLER",
    "state": "AL_STATE",
    "agent": "AL_AGENT",
    "reason": "AL_REASON",
    "queued_at": "AL_QUEUED_AT",
    "answered_at": "AL_ANSWERED_AT",
    "cause": "HANGUPCAUSE",
    "dialstatus": "DIALSTATUS",
    "recorded": "AL_RECORDED",
    "voicemail": "AL_VOICEMAIL",
}
"""Key of the line -> channel variable."""


class QuietAgi(AGI):
    """pyst2's AGI over these two streams: silent, without a signal handler, every command through our serializer."""

    def __init__(self, said: TextIO, told: TextIO) -> None:
        # Not AGI.__init__: it installs a signal handler and tells its arguments and the environment.
        self.stdin = _UntilEnd(said)
        self.stdout = told
        self.stderr = _Nowhere()
        self._got_sighup = False
        self.env: dict[str, str] = {}
        self._get_agi_env()

    def _quote(self, string: object) -> str:
        return str(string)

    def send_command(self, command: str, *args: object) -> None:
        self.stdout.write(serialize(command, *map(str, args)).decode())
        self.stdout.flush()


class _UntilEnd:
    """pyst2 reads on for ever behind the end of a `520-` usage; here the end is an error."""

    def __init__(self, said: TextIO) -> None:
        self._said = said

    def readline(self) -> str:
        line = self._said.readline()
        if not line:
            raise EOFError("Asterisk closed the pipe")
        return line


class _Nowhere:
    def write(self, text: str) -> None: ...


def one_line(agi: QuietAgi, ended_at: float) -> bytes:
    """The call as one line of the spool. `ended_at`: seconds since 1970."""
    call = {key: str(agi.get_variable(name)) for key, name in VARIABLES.items()}
    unique = agi.env.get("agi_uniqueid", "")
    call["call_id"] = call["call_id"] or unique
    call["started_at"] = unique.rpartition("-")[2].partition(".")[0]
    call["ended_at"] = f"{ended_at:.6f}"
    lines = (json.dumps({key: value[:length] for key, value in call.items()}) for length in VALUE_LENGTHS)
    return next(line for line in lines if len(line) < MAX_LINE).encode() + b"\n"


def keep(line: bytes, spool: str) -> None:
    """Append the line, whole and on disk. `OSError` where the disk does not take it."""
    handle = os.open(spool, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        if os.write(handle, line) < len(line):
            os.write(handle, b"\n")  # a disk that filled up midway: the torn line must not swallow the next
        os.fsync(handle)
    finally:
        os.close(handle)


def main() -> int:
    """Write the call of this AGI session to the spool named by the first argument; always 0."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.alarm(SECONDS)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # a caller's name comes in any bytes
    try:
        keep(one_line(QuietAgi(sys.stdin, sys.stdout), time.time()), sys.argv[1])
    except Exception as error:
        # Asterisk's log is the only one who can still be told.
        print(serialize("VERBOSE", f"assistline failsafe: call not kept: {type(error).__name__}", "1").decode(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
