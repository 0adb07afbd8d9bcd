"""The spool holds whole lines, in order, through torn writes, a full disk and crashes."""

from __future__ import annotations

import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage.spool import Spool


@contextmanager
def disk_full_beyond(size: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes: a real write that really fails half-way."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool" / "events.jsonl")


def drained(spool: Spool, most: int = 2) -> list[bytes]:
    read: list[bytes] = []
    while True:
        lines, end = spool.read(most)
        if not lines:
            return read
        read += lines
        spool.done(end)


def test_what_is_appended_is_read_in_order_and_then_gone(spool: Spool, tmp_path: Path) -> None:
    spool.append([b"1\n", b"2\n"])
    spool.append([b"3\n"])
    assert drained(spool) == [b"1\n", b"2\n", b"3\n"]
    assert (tmp_path / "spool" / "events.jsonl").stat().st_size == 0


def test_it_is_its_owners_only(spool: Spool, tmp_path: Path) -> None:
    spool.append([b"1\n"])
    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "spool" / "events.jsonl").stat().st_mode) == 0o600


def test_lines_that_were_read_but_not_done_are_read_again_by_the_next_run(spool: Spool, tmp_path: Path) -> None:
    spool.append([b"1\n", b"2\n", b"3\n"])
    _lines, end = spool.read(1)
    spool.done(end)
    spool.read(2)
    assert drained(Spool(tmp_path / "spool" / "events.jsonl")) == [b"1\n", b"2\n", b"3\n"]


def test_lines_that_come_while_others_are_stored_are_kept(spool: Spool) -> None:
    spool.append([b"1\n"])
    _lines, end = spool.read(10)
    spool.append([b"2\n"])
    spool.done(end)
    assert drained(spool) == [b"2\n"]


def test_a_full_disk_leaves_no_half_line_and_the_next_append_is_whole(spool: Spool) -> None:
    spool.append([b"first\n"])
    with disk_full_beyond(12), pytest.raises(OSError):
        spool.append([b"second\n", b"third\n"])
    spool.append([b"fourth\n"])
    assert drained(spool) == [b"first\n", b"fourth\n"]


def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(b"whole\ntor")
    spool = Spool(tmp_path / "events.jsonl")
    spool.append([b"next\n"])
    assert drained(spool) == [b"whole\n", b"next\n"]


def test_a_line_longer_than_one_reading_does_not_hold_up_the_rest(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "events.jsonl")
    spool.append([b"x" * (3 << 20) + b"\n", b"next\n"])
    assert drained(spool)[-1] == b"next\n"


def test_a_folder_that_cannot_be_written_is_an_os_error_and_works_when_mended(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file in its place")
    spool = Spool(tmp_path / "spool" / "events.jsonl")
    with pytest.raises(OSError):
        spool.append([b"1\n"])
    (tmp_path / "spool").unlink()
    spool.append([b"2\n"])
    assert drained(spool) == [b"2\n"]
