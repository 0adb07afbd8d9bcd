"""Where does a fact lie until the database has it? In one file of lines, each on the disk before it counts as kept.

Every event goes through the spool, so the way back after a crash is the way of every day. The file is emptied whenever
the database has all of it; after a crash its lines are stored again, which the database passes over. Functions here
block: they are called from worker threads. They raise OSError when the disk refuses.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

READ_BYTES = 1 << 20


def append_durably(path: Path, lines: Sequence[bytes]) -> None:
    """Add lines to a file that is only for its owner, and wait until they are on the disk."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(path, "ab", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())


class Spool:
    """A file of whole lines, mode 0600. ``append`` at its end, ``read`` from where ``done`` last came to.

    A piece of a last line that a crash has left is cut off when the file is opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._file: int | None = None
        self._size = 0
        self._done = 0

    @property
    def unread(self) -> int:
        """Bytes that the database has not got yet."""
        return self._size - self._done

    def append(self, lines: Sequence[bytes]) -> None:
        """Add lines and wait until they are on the disk; when that fails, none of them is in the file."""
        with self._lock:
            file = self._opened()
            try:
                rest = memoryview(b"".join(lines))
                at = self._size
                while rest:
                    written = os.pwrite(file, rest, at)
                    at, rest = at + written, rest[written:]
                os.fdatasync(file)
            except OSError:
                os.ftruncate(file, self._size)
                raise
            self._size = at

    def read(self, most: int) -> tuple[list[bytes], int]:
        """At most so many lines that are not done, and where they end in the file."""
        with self._lock:
            self._opened()
            if self.unread == 0:
                return [], self._done
            piece = os.pread(self._opened(), READ_BYTES, self._done)
            lines = piece[: piece.rfind(b"\n") + 1].splitlines(keepends=True)[:most] or [piece]
            return lines, self._done + sum(map(len, lines))

    def done(self, end: int) -> None:
        """The database has all up to ``end``; when that is everything, the file is emptied."""
        with self._lock:
            self._done = end
            if self.unread == 0:
                os.ftruncate(self._opened(), 0)
                self._size = self._done = 0

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        if self._file is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
            self._size = self._end_of_lines(self._file, os.fstat(self._file).st_size)
            os.ftruncate(self._file, self._size)
        return self._file

    @staticmethod
    def _end_of_lines(file: int, size: int) -> int:
        """Where the last whole line ends."""
        end = size
        while end:
            start = max(0, end - READ_BYTES)
            newline = os.pread(file, end - start, start).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            end = start
        return 0
