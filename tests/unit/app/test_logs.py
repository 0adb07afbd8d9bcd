"""What does a process notice of a log that cannot be written? Nothing: it goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).parents[3]
LOGS = """
import sys, structlog
from app import logs
logs.to_stdout()
for nth in range(3):
    structlog.get_logger().info("said", action="test", nth=nth)
print("alive", file=sys.stderr)
"""


def run(stdout: int) -> str:
    words = [sys.executable, "-c", LOGS]
    return subprocess.run(words, stdout=stdout, stderr=subprocess.PIPE, text=True, cwd=TREE, check=False).stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="NOT TESTED: this system has no /dev/full")
def test_a_process_whose_log_has_no_room_goes_on() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    assert run(full) == "alive\n"
    os.close(full)


def test_a_process_whose_log_nobody_reads_any_more_goes_on() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    assert run(writer) == "alive\n"
    os.close(writer)


def test_each_line_is_whole_and_out_at_once(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        assert run(log.fileno()) == "alive\n"
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["nth"] for line in lines] == [0, 1, 2]
